package handover

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// manifestPath is where the manifest stands in a bag.
const manifestPath = "data/ehi-manifest.json"

// reconciliationPath is where the reconciliation stands in the last bag.
const reconciliationPath = "data/report/reconciliation.json"

// putReports writes what only the last bag has: the reconciliation and the exclusions.
func (w *Writer) putReports() error {
	b := w.bag()
	recon, err := indented(w.recon)
	if err != nil {
		return err
	}
	page, err := reconciliationPage(w.recon)
	if err != nil {
		return err
	}
	list := Exclusions{Exclusions: w.exclusions}
	if list.Exclusions == nil {
		list.Exclusions = []Exclusion{}
	}
	exclusions, err := indented(list)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		path    string
		content []byte
	}{{"reconciliation.json", recon}, {"reconciliation.html", page}, {"exclusions.json", exclusions}} {
		if err := b.put("data/report/"+f.path, bytes.NewReader(f.content)); err != nil {
			return err
		}
	}
	return nil
}

// sealBag writes what every bag has, and seals it.
func (w *Writer) sealBag(n int) error {
	b := w.bags[n]
	if err := w.putIndex(n); err != nil {
		return err
	}
	if err := putDocs(b, w.head.DocumentationURL); err != nil {
		return err
	}
	bulk, err := bulkManifestOf(w.head, b.sorted())
	if err != nil {
		return err
	}
	if err := b.put("data/fhir/bulk-manifest.json", bytes.NewReader(bulk)); err != nil {
		return err
	}
	m := w.manifest(n)
	if err := putManifest(b, m); err != nil {
		return err
	}
	if err := w.putWelcome(b, m); err != nil {
		return err
	}
	if w.options.Key != nil {
		for _, f := range w.options.Key.papers() {
			if err := b.putText(f.path, f.text); err != nil {
				return err
			}
		}
	}
	return b.finish(w.bagInfo(n), w.options.Key)
}

// putManifest writes the manifest, with each file in a line of its own: there may be many, and so they are not all in
// memory as text.
func putManifest(b *bag, m Manifest) error {
	files := m.Files
	m.Files = []File{}
	text, err := indented(m)
	if err != nil {
		return err
	}
	before, after, _ := bytes.Cut(text, []byte("\n  \"files\": []"))
	out, err := b.create(false)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n  \"files\": [", before)
	for i, f := range files {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		separator := ","
		if i == 0 {
			separator = ""
		}
		if _, err := fmt.Fprintf(out, "%s\n    %s", separator, line); err != nil {
			out.blob.discard()
			return err
		}
	}
	if _, err := fmt.Fprintf(out, "\n  ]%s", after); err != nil {
		out.blob.discard()
		return err
	}
	return out.commit(manifestPath)
}

// sorted lists the payload in the order of its paths.
func (b *bag) sorted() []File {
	return slices.SortedFunc(slices.Values(b.payload), func(x, y File) int { return cmp.Compare(x.Path, y.Path) })
}

// manifest is that of bag n, from 0.
func (w *Writer) manifest(n int) Manifest {
	r := w.recon
	m := Manifest{
		FormatVersion: FormatVersion, Head: w.head, Files: w.bags[n].sorted(), Counts: r.Counts, Attachments: r.Attachments,
		References: r.References, Exclusions: r.Exclusions, Patients: r.Patients, Verdict: r.Verdict, Complete: w.isComplete(),
		Signer: w.options.Key.fingerprint(), VerifyHint: "satchel verify " + w.bags[n].name + ", or see README.txt",
	}
	if w.options.BagSize > 0 {
		m.Group = &Group{Identifier: w.groupID(), Number: n + 1, Count: len(w.bags)}
		if n == len(w.bags)-1 {
			for i, b := range w.bags[:n] {
				m.Group.Bags = append(m.Group.Bags, GroupBag{i + 1, b.name, b.tagsHash})
			}
		}
	}
	return m
}

// isComplete reports whether nothing is missing but what the law puts outside.
func (w *Writer) isComplete() bool {
	beyond := func(e ExclusionSummary) bool { return !e.Statutory }
	return w.recon.Verdict != Incomplete && len(w.head.Scope.Filters) == 0 && !slices.ContainsFunc(w.recon.Exclusions, beyond)
}

// groupID is the same in every bag of the package and in no other.
func (w *Writer) groupID() string { return w.options.Name }

// bagInfo is bag-info.txt, without the Payload-Oxum. It can be read by everybody who carries the package, so it names
// the practice and no patient.
func (w *Writer) bagInfo(n int) []string {
	s := w.options.Sender
	var lines []string
	add := func(label, value string) {
		if value != "" {
			lines = append(lines, label+": "+strings.Join(strings.Fields(value), " "))
		}
	}
	add("Source-Organization", s.Name)
	add("Contact-Name", s.Contact)
	add("Contact-Phone", s.Phone)
	add("Contact-Email", s.Email)
	add("External-Description", "Electronic health information, format "+FormatVersion+": "+w.head.DocumentationURL+
		" ; to check it: satchel verify, or sha256sum -c "+payloadManifest)
	add("External-Identifier", w.head.JobID)
	add("Bagging-Date", w.head.TransactionTime.UTC().Format("2006-01-02"))
	add("Bag-Software-Agent", w.head.Product.Name+" "+w.head.Product.Version)
	add("BagIt-Profile-Identifier", ProfileURL(w.head.DocumentationURL))
	if w.options.BagSize > 0 {
		add("Bag-Group-Identifier", w.groupID())
	}
	add("Bag-Count", fmt.Sprintf("%d of %d", n+1, len(w.bags)))
	return lines
}
