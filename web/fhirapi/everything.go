package fhirapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"satchel/web"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// everythingQuery is one page of Patient/[id]/$everything. All pages show the store as of one snapshot.
type everythingQuery struct {
	at        storage.Snapshot
	after     int64 // rid of the last row of the page before
	ReadCount int
	choice    storage.Selection
	kept      []fhir.Param
}

// everything answers a patient's compartment and, beside each page, what its resources refer to outside of it
// (practitioners, organizations, medications …).
func everything(w http.ResponseWriter, c *web.Call) error {
	if err := c.Decide(auth.Action{Verb: auth.VerbEverything, Type: "Patient", ID: c.ID}); err != nil {
		return err
	}
	if patient, err := current(c, "Patient", c.ID); err != nil {
		return err
	} else if patient.Deleted {
		return deleted(patient)
	}
	if err := addParameters(c); err != nil {
		return err
	}
	path := "/Patient/" + c.ID + "/$everything"
	q, err := readEverything(c, path)
	if err != nil {
		return err
	}
	page, next, err := everythingPage(c, q)
	if err != nil {
		return err
	}
	b := newBundle("searchset")
	b.link("self", link(c, path, q.kept))
	if next != "" {
		b.link("next", nextLink(c, path, q.kept, next))
	} else if q.after == 0 {
		n := len(page)
		b.Total = &n
	}
	b.add(c, "match", page...)
	if err := addSupporting(c, b, page, q.choice.Types); err != nil {
		return err
	}
	return b.send(w, c)
}

// readEverything reads _count, _since, _type and _cursor; without a cursor it takes a new snapshot.
func readEverything(c *web.Call, path string) (q everythingQuery, err error) {
	q = everythingQuery{ReadCount: web.MaxCount, choice: storage.Selection{Patients: []string{c.ID}, Shared: true}, kept: web.Without(c.Params, web.CursorParam)}
	for _, p := range c.Params {
		switch p.Name {
		case "_count":
			q.ReadCount, err = web.ReadCount(p.Value)
			q.ReadCount = max(q.ReadCount, 1)
		case "_since":
			q.choice.Since, err = since(p.Value)
		case "_type":
			for typ := range strings.SplitSeq(p.Value, ",") {
				err = errors.Join(err, web.CheckType(typ))
				q.choice.Types = append(q.choice.Types, typ)
			}
		case web.CursorParam: // read once it is known what it continues
		default:
			err = fhir.Errorf(fhir.CodeNotSupported, "%s is not offered for $everything; _count, _since and _type are", web.Printable(p.Name))
		}
		if err != nil {
			return q, err
		}
	}
	position, err := c.Position(web.CursorParam, path, q.kept)
	switch {
	case err != nil:
		return q, err
	case position != "":
		return q, q.follow(position)
	}
	q.at, err = c.Server.Store.Snapshot(c.Context())
	return q, err
}

// follow reads a position: the snapshot, and the row after which the page begins.
func (q *everythingQuery) follow(position string) error {
	var ms int64
	if _, err := fmt.Sscanf(position, "%d %d %d", &q.at.Seq, &ms, &q.after); err != nil {
		return fmt.Errorf("position %q of $everything: %w", position, err)
	}
	q.choice.After = q.after
	q.at.Time = time.UnixMilli(ms).UTC()
	return nil
}

// errPageFull ends a scan.
var errPageFull = errors.New("page full")

// everythingPage scans to the end of the page; the row that does not fit any more is what makes a next page.
func everythingPage(c *web.Call, q everythingQuery) (page []fhir.Resource, next string, err error) {
	var last int64
	err = c.Server.Store.Scan(c.Context(), q.at, q.choice, func(row storage.Row) error {
		r := fhir.Resource{Type: row.Type, ID: row.ID, Version: row.Version, Updated: row.Updated, JSON: row.JSON}
		r, err := view(c, r)
		if err != nil {
			return nil
		}
		if len(page) == q.ReadCount {
			next = fmt.Sprintf("%d %d %d", q.at.Seq, q.at.Time.UnixMilli(), last)
			return errPageFull
		}
		r.JSON = slices.Clone(r.JSON) // the row's bytes end with this step
		page, last = append(page, r), row.RID
		return nil
	})
	if errors.Is(err, errPageFull) {
		err = nil
	}
	return page, next, err
}

// addSupporting adds what the page refers to outside the patient compartment, each resource once per page.
func addSupporting(c *web.Call, b *answerBundle, page []fhir.Resource, types []string) error {
	seen := map[string]bool{}
	for _, r := range page {
		d, err := fhir.Parse(r.JSON)
		if err != nil {
			return err
		}
		for _, key := range targets(d, inclusion{param: "*"}, c.Server.Store.Bases()) {
			typ := fhir.ParseReference(key).Type
			if seen[key] || fhir.CanBelong(typ) || types != nil && !slices.Contains(types, typ) {
				continue
			}
			seen[key] = true
			if found, ok, err := mayInclude(c, key); err != nil {
				return err
			} else if ok {
				b.add(c, "include", found)
			}
		}
	}
	return nil
}
