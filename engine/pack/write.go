package pack

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"satchel/engine/record"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// handed is what a package is filled from: a [Record] or a [Population].
type handed interface {
	Items(ctx context.Context) iter.Seq2[record.Item, error]
}

// versionSet holds versions by resource.
type versionSet map[key]struct{}

// key names a resource.
type key struct{ typ, id string }

// batch is how many resources are asked of the store at once.
const batch = 128

// write writes every item. A deletion waits for the item behind it, which reports whether the resource was made again.
func (h *maker) write() error {
	var waiting *record.Item
	var done int64
	d := &fhir.Document{}
	settle := func(next record.Item) error {
		if waiting == nil {
			return nil
		}
		section := handover.Deleted
		if next.Type == waiting.Type && next.ID == waiting.ID {
			section = handover.History
		}
		_, err := h.w.Put(section, resourceOf(*waiting))
		waiting = nil
		return err
	}
	for it, err := range h.content.Items(h.ctx) {
		if err == nil {
			err = h.ctx.Err()
		}
		if err == nil {
			err = settle(it)
		}
		if err != nil {
			return err
		}
		if it.JSON == nil {
			waiting = &it
		} else if err := h.put(it, d); err != nil {
			return err
		}
		if h.written != nil {
			h.written[key{it.Type, it.ID}] = struct{}{}
		}
		if done++; h.progress != nil && (done%64 == 0 || done == h.total) {
			h.progress(done, h.total)
		}
	}
	return settle(record.Item{})
}

var dataMember = []byte(`"data":"`)

// put writes one living or earlier version, and the bytes of its attachments.
func (h *maker) put(it record.Item, d *fhir.Document) error {
	r := resourceOf(it)
	place, err := h.w.Put(it.Section, r)
	if err != nil {
		return err
	}
	if it.Section != handover.History {
		h.stands(it, place)
	}
	if !bytes.Contains(it.JSON, dataMember) {
		return nil
	}
	if err := d.Reset(it.JSON); err != nil {
		return err
	}
	return h.w.AttachData(r, d)
}

// othersReasons are the reasons for which what is left out is, or may be, about other people.
var othersReasons = []string{record.ReasonOtherIndividual, record.ReasonNotApproved, record.ReasonMoved, record.ReasonUnassigned}

// exclude states what is left out of one patient's record. Of what is about other people the number is told and no id.
func (h *maker) exclude() error {
	var err error
	if h.parts, err = h.partsOf(h.record.Exclusions); err != nil {
		return err
	}
	sums := map[handover.Exclusion]int64{}
	for i, x := range h.record.Exclusions {
		e := handover.Exclusion{Type: x.Type, ID: x.ID, Part: h.parts[i], Reason: x.Reason, Authority: x.Authority, Statutory: x.Authority != ""}
		if slices.Contains(othersReasons, x.Reason) {
			e.ID = ""
		}
		sums[e]++
	}
	for _, x := range sortedExclusions(sums) {
		if err := h.w.Exclude(x); err != nil {
			return err
		}
	}
	return nil
}

func sortedExclusions(sums map[handover.Exclusion]int64) []handover.Exclusion {
	var list []handover.Exclusion
	for e, n := range sums {
		e.Count = n
		list = append(list, e)
	}
	text := func(e handover.Exclusion) string {
		return e.Type + "/" + e.ID + "/" + string(e.Part) + "/" + e.Reason + "/" + e.Authority
	}
	slices.SortFunc(list, func(a, b handover.Exclusion) int { return bytes.Compare([]byte(text(a)), []byte(text(b))) })
	return list
}

// partsOf says of each excluded version what it is in the snapshot, by reading the rows again. They come in order of type.
func (h *maker) partsOf(list []record.Exclusion) ([]handover.Part, error) {
	type version struct {
		key
		n int64
	}
	found := map[version]handover.Part{}
	for rest := list; len(rest) > 0; {
		typ, ids := rest[0].Type, []string{}
		for len(rest) > 0 && rest[0].Type == typ && len(ids) < batch {
			ids, rest = append(ids, rest[0].ID), rest[1:]
		}
		rids, err := h.store.RIDs(h.ctx, typ, ids)
		if err != nil {
			return nil, err
		}
		var last version
		err = h.store.Versions(h.ctx, h.at, rids, func(row storage.Row) error {
			v := version{key{row.Type, row.ID}, row.Version}
			if v.key == last.key && found[last] == handover.PartCurrent {
				found[last] = handover.PartEarlier
			}
			found[v] = handover.PartCurrent
			if row.JSON == nil {
				found[v] = handover.PartDeleted
			}
			last = v
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	parts := make([]handover.Part, len(list))
	for i, x := range list {
		parts[i] = found[version{key{x.Type, x.ID}, x.Version}]
	}
	return parts, nil
}
