// Package pages is the staff pages: what somebody with a browser sees of the server. It knows pages, forms and words; who is
// signed in, cookies, limits and the audit log are web's, which serves each row of [Routes] through its own machinery.
//
// Nouns:
//
//   - A [Route] is one row of the table of pages: a method, an address, who may come, and who answers.
//   - A [Request] is one request for a page: who asks, what was sent, and all that a page may do about it.
//   - A [Form] is what somebody typed, with what is wrong about it.
//   - A text is a sentence that people read. It has a key and stands in texts/en; see internal/texts, also for another language.
//   - A card is a box of the page for today.
//   - A [Notice] is something about the server that somebody should know or put right.
//
// # How to add a page
//
// A noun has four files: exports.go, templates/exports.html (and exports-one.html …), texts/en/exports.json, exports_test.go.
//
//  1. Add rows to the noun's table, such as exportRoutes; [Routes] joins the tables, and has a line for each noun already.
//     {Method: "GET", Pattern: "exports/{id}", Kind: Staff, Action: audit.ExportStatus, Summary: "One export", Run: showExport}
//     Kind says who gets in, Needs what else the account must hold, Nav the text key "nav.…" of a place in the navigation.
//  2. Write Run: func(v *Request) error. Read v.Value("id") and v.Form(); ask v.Decide(auth.Action{…}) unless Needs has decided:
//     a staff page that answers without a decision panics. Say what the audit log must know: v.Saw("patient id"),
//     v.Target("Group/1"), v.Detail("%d rows", n). What changes something is a deed of exports, auth or requests that takes
//     v.Actor(status) and returns a note for v.Did(note, err), or a write of resources, v.Write(func(tx *storage.Tx) error
//     { … }); both store their event with the change. End with v.Render("exports", data), v.Done("/exports", "deleted") (redirects, and the text
//     "done.deleted" is shown there), v.Redirect(path), or write to v.W. Any error becomes a page: a fhir.Error is shown.
//  3. The template defines "main"; its dot is data. Texts: {{t "key"}}, {{t "key" "name" .Value}} for "… {name} …",
//     {{tn "files" .N}} for files.one and files.other, {{tk "state." .State}} for keys that depend on a value. Text "title" is the
//     page's title ("one.title" for exports-one.html). A key is looked up in the noun's file, then in common.json; a card
//     on another noun's page writes {{t "exports:key"}}.
//     Times: {{when .Time}}, {{day .Time}}, {{ago .Time}}; numbers: {{number .N}}, {{bytes .N}}. Parts that all pages may use are in
//     templates/part: {{template "field" (dict "form" .Form "name" "family" "label" (t "family"))}}, "errors", "area",
//     "choice", "check", "progress", "note".
//     No style attribute and no script in a page; the classes are listed at the head of assets/pages.css.
//  4. A form posts to its own address; without errors it ends in v.Done, with errors in v.Invalid("exports", data).
//  5. What runs shows itself in <div data-poll="/address" aria-live="polite">, by a Quiet route that answers v.Fragment(…): that
//     does not keep the session alive. The part "again" is for those without script.
//  6. A card for today: add a func to cards in today.go and a part "card-NAME" in templates/part/card-NAME.html.
//  7. Test with open(t) in practice_test.go: a real server over a made practice, with accounts of several kinds.
package pages
