package handover

import (
	"fmt"
	"strings"

	"satchel/fhir"
	"satchel/internal/texts"
)

// Meaning says a verdict in plain words.
func (m Manifest) Meaning() string {
	switch {
	case m.Verdict == Complete && m.Kind == Single:
		return "Everything that the practice holds about this person is in the package."
	case m.Verdict == Complete:
		return "Everything that the practice holds is in the package."
	case m.Verdict == CompleteWithExclusions:
		return "Everything is in the package except what data/report/exclusions.json names, with the reason."
	}
	return "SOMETHING IS MISSING. data/report/reconciliation.html says what. Ask the practice for a complete package."
}

// readme is README.txt: for people who know nothing about formats, and for those who check them.
func (w *Writer) readme(b *bag, m Manifest, resources int64) string {
	var t strings.Builder
	what := "everything that a practice holds"
	if m.Kind == Single {
		what = "the record of one person"
	}
	fmt.Fprintf(&t, "%s\n%s\n\n", b.name, strings.Repeat("=", len(b.name)))
	fmt.Fprintf(&t, "This folder is a copy of health records: %s.\n", what)
	if o := w.options.Sender.Name; o != "" {
		fmt.Fprintf(&t, "It comes from %s.\n", strings.Join(strings.Fields(o), " "))
	}
	fmt.Fprintf(&t, "It shows the records as they were at %s.\n", fhir.FormatInstant(m.TransactionTime.Time))
	if m.Group != nil {
		fmt.Fprintf(&t, "It is part %d of %d; keep the parts in one folder.\n", m.Group.Number, m.Group.Count)
	}
	fmt.Fprintf(&t, "\n%s\n%s\n", m.Verdict, m.Meaning())
	for _, l := range m.Scope.LinkedLeftOut {
		fmt.Fprintf(&t, "%s\n", l)
	}
	fmt.Fprintf(&t, "%s resources; attachments: %s files.\n", texts.Number(resources), texts.Number(m.Attachments.Files))
	t.WriteString(readmeParts)
	fmt.Fprintf(&t, "The format is documented at\n\n    %s\n\nand in data/docs/format-%s.html, the same page.\n", m.DocumentationURL, FormatVersion)
	t.WriteString(readmeChecks)
	if w.options.Key == nil {
		t.WriteString("\nThis package is not signed: the checks show damage, not forgery.\n")
	} else {
		fmt.Fprintf(&t, "\nThe package is signed; signature/HOW-TO-VERIFY.txt says how to check that. Fingerprint:\n\n    %s\n", m.Signer)
	}
	return t.String()
}

const readmeParts = `
What to open
------------

Double-click OPEN-ME-FIRST.html. It needs no internet and no program but a
browser. Keep the folder as it is: a changed or missing file can be noticed,
and a new doctor or program can then rely on the rest.

The records themselves are below data/fhir, in the form FHIR R4 (one record
per line), for programs to read. Documents and pictures are in data/attachments.

`

const readmeChecks = `
How to check that nothing is missing or changed
-----------------------------------------------

With the program that made it, on any computer:

    satchel verify FOLDER

It says in one sentence how the package stands. For programs, its exit code is
0 good, 1 altered, 2 incomplete, 3 no package that it reads, 4 not judged.

Without it, in a terminal, in this folder.
Linux:

    sha256sum -c manifest-sha256.txt
    sha256sum -c tagmanifest-sha256.txt

macOS:

    shasum -a 256 -c manifest-sha256.txt
    shasum -a 256 -c tagmanifest-sha256.txt

Windows, in PowerShell; it prints only what is wrong:

    Get-Content manifest-sha256.txt, tagmanifest-sha256.txt | ForEach-Object { $sum, $file = $_ -split '  ', 2; if ((Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash -ne $sum) { "WRONG: $file" } }

These find files that were changed or are missing; satchel verify also finds
files that were added.
`
