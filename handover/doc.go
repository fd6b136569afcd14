// Package handover is the format in which records leave the practice: it writes, seals, verifies and reads packages.
// It knows no database and no network; what it needs is handed in.
//
// Nouns:
//
//   - A package is what somebody is given: a record of one person, or everything the practice holds. It is one [bag],
//     or several that name each other, as a folder or as a ZIP file.
//   - A bag is a folder after BagIt 1.0 (RFC 8493): a payload below data/, and tag files around it with the SHA-256 of
//     every file. Its last file is a signature over the tag manifest, which thus covers every byte.
//   - A section is a kind of FHIR content: current versions, directory, history, deletions, provenance.
//   - The [Manifest], data/ehi-manifest.json, says what the package is, what is in it, and what is not and why.
//   - A [Reconciliation] compares what was written, read back from the disk, with what the store says it holds. Its
//     [Verdict] is on the first page.
//   - Sealing makes a package whole: lists, signature, everything synced to the disk, and only then its name. What has no
//     seal is not a package, whatever it looks like.
//
// A [Writer] makes a package, [Verify] judges one, a [Package] reads one that was judged good. The same content, times
// and key give the same bytes.
package handover
