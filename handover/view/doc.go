// Package view renders one patient's record as pages that open from a stick in any browser with the network off: plain
// HTML, no script, nothing loaded from elsewhere.
//
// Nouns:
//
//   - An [Item] is one version of a resource, with the place in the package where its bytes stand.
//   - A fact is what is kept of an item: its fields as short texts, not its body.
//   - A field is one element of a resource with the path that leads to it and its values as people read them.
//   - A plan says for a resource type on which page it stands, what its title and date are, and which fields get columns.
//   - A page is a list of blocks, a block a heading with tables; long pages are split. Every resource has its row, "home",
//     on exactly one page; other pages point to it.
//
// Everything stored is hostile until shown otherwise: it is written as text by html/template, narrative too; of links only
// those to rows and files of the package itself are made; pictures are shown only of raster types. A content security
// policy in each page forbids what is left.
//
// The same items in any order give the same bytes.
package view
