package pack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"satchel/fhir"
	"satchel/handover"
	"satchel/handover/view"
)

// pages adds one patient's record as pages to read. They are made from the files of the package, not from the store, so
// that they show what the package holds and name the line where it stands.
func (h *maker) pages() error {
	files, err := h.attachedFiles()
	if err != nil {
		return err
	}
	v := view.New(view.Options{
		Practice: h.request.Sender.Name, Patient: h.request.Patient, TransactionTime: h.at.Time,
		Verdict: string(h.recon.Verdict), Exclusions: h.recon.Exclusions,
	})
	d := &fhir.Document{}
	for n, bag := range h.w.Files() {
		for _, f := range bag {
			if f.Section == "" {
				continue
			}
			err := h.lines(n+1, f.Path, func(number int64, line []byte) error {
				i := view.Item{Section: f.Section, JSON: line, Path: f.Path, Line: number}
				if f.Section != handover.History && f.Section != handover.Deleted {
					if err := d.Reset(line); err != nil {
						return err
					}
					i.Attachments = files.of(d, h.store.Bases())
				}
				return v.Add(i)
			})
			if err != nil {
				return err
			}
		}
	}
	return v.Pages(func(name string, write func(io.Writer) error) error {
		var page bytes.Buffer
		if err := errors.Join(write(&page), h.ctx.Err()); err != nil {
			return err
		}
		return h.w.AddFile("view/"+name, &page)
	})
}

// attachedFiles are the files with bytes of attachments: by version of a resource, such as Binary/1/_history/2, and then by
// place in it. A current Binary stands under its reference, too.
type attachedFiles map[string]map[string]string

// attachedFiles reads which places have which bytes.
func (h *maker) attachedFiles() (attachedFiles, error) {
	files := attachedFiles{}
	for n, bag := range h.w.Files() {
		for _, f := range bag {
			if !strings.HasPrefix(f.Path, "data/attachments/sources-") {
				continue
			}
			err := h.lines(n+1, f.Path, func(_ int64, line []byte) error {
				var s handover.AttachmentSource
				if err := json.Unmarshal(line, &s); err != nil {
					return err
				}
				key := fmt.Sprintf("%s/_history/%d", s.Resource, s.Version)
				if files[key] == nil {
					files[key] = map[string]string{}
				}
				files[key][s.Path] = s.File
				if h.binaries[s.Resource] == s.Version {
					files[s.Resource] = files[key]
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// of are the files of a resource: of its own bytes, by place, and of those of Binaries, by the address that it gives.
func (a attachedFiles) of(d *fhir.Document, own fhir.Bases) map[string]string {
	inline := a[d.Type()+"/"+d.ID()+"/_history/"+d.Version()]
	files := inline
	d.Attachments(func(_, _, url string, _ bool) {
		r := fhir.ParseReference(url)
		key := r.Key()
		if r.Version != "" {
			key += "/_history/" + r.Version
		}
		file := a[key]["Binary.data"]
		if !own.Owns(r) || r.Type != "Binary" || file == "" {
			return
		}
		if len(files) == len(inline) {
			files = map[string]string{}
			for place, f := range inline {
				files[place] = f
			}
		}
		files[url] = file
	})
	return files
}

// lines calls f with every line of a file of the package that is complete; bags count from 1.
func (h *maker) lines(bag int, path string, f func(number int64, line []byte) error) error {
	r, err := h.w.Open(bag, strings.TrimPrefix(path, "data/"))
	if err != nil {
		return err
	}
	defer r.Close()
	in := bufio.NewReaderSize(r, 256<<10)
	for number := int64(1); ; number++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return nil
		}
		if err == nil {
			err = f(number, line[:len(line)-1])
		}
		if err != nil {
			return fmt.Errorf("%s line %d: %w", path, number, err)
		}
	}
}
