package bulk

import (
	"fmt"
	"slices"

	"satchel/storage"
)

// Output organised by patient is files of blocks: a header that names the patient, the Patient, and what is in the
// compartment. What belongs to several of the patients is in the block of each, as far as it is that patient's; the exported Group, which belongs to
// all, is in none.

// blockBuffer is how much of a block is held back, at most, to see whether the file has room for it.
const blockBuffer = 4 << 20

// blocks packs blocks into files. Only a block larger than a file is split.
type blocks struct {
	stream *stream
	header []byte
	text   []byte // lines held back
	ends   []int  // of the lines in text
	large  bool   // the block began a file of its own and is held back no longer
}

// blocks writes what a plan selects as blocks.
func (w *writing) blocks(p plan) error {
	if p.living == nil {
		return w.deleted(p)
	}
	patients := slices.Clone(p.living.Patients)
	if patients == nil {
		var err error
		if patients, err = w.e.store.Patients(w.out.ctx, w.at); err != nil {
			return w.out.cause(err)
		}
	}
	b := &blocks{stream: w.out.stream(ListOutput, "", "blocks")}
	w.put = func(typ, id string, text []byte) error {
		if !whole(text) {
			return w.out.damaged(typ, id)
		}
		return b.write(text)
	}
	for _, id := range patients {
		sel := *p.living
		sel.Owned, sel.Patients = false, []string{id}
		b.begin(id)
		w.lead = id
		if err := w.cutTo(sel.Patients); err != nil {
			return err
		}
		if err := w.living(p, &sel); err != nil {
			return err
		}
		if err := b.end(); err != nil {
			return err
		}
	}
	return w.deleted(p)
}

// leader writes the Patient that a block is about.
func (w *writing) leader(sel storage.Selection) error {
	if sel.Types != nil && !slices.Contains(sel.Types, "Patient") {
		return nil
	}
	rids, err := w.e.store.RIDs(w.out.ctx, "Patient", []string{w.lead})
	if err != nil {
		return w.out.cause(err)
	}
	return w.rows(sel, rids)
}

// begin starts a block; nothing is written before its first line.
func (b *blocks) begin(patient string) {
	b.header = fmt.Appendf(b.header[:0], `{"resourceType":"Parameters","parameter":[{"name":"header","valueReference":{"reference":"Patient/%s"}}]}`, patient)
	b.text, b.ends, b.large = b.text[:0], b.ends[:0], false
}

// write adds a line to the block.
func (b *blocks) write(line []byte) error {
	if b.large {
		return b.line(line)
	}
	limits, size := b.stream.out.limits, int64(len(b.header)+len(b.text)+len(line)+2)
	if int64(len(b.ends)) < limits.count && size <= min(limits.bytes, blockBuffer) {
		b.text = append(append(b.text, line...), '\n')
		b.ends = append(b.ends, len(b.text))
		return nil
	}
	// The block may be larger than a file: it begins one of its own.
	b.large = true
	if err := b.flush(true); err != nil {
		return err
	}
	if b.stream.file == nil {
		if err := b.stream.add(b.header, 0); err != nil {
			return err
		}
	}
	return b.line(line)
}

// end writes what is held back.
func (b *blocks) end() error {
	if b.large || len(b.ends) == 0 {
		return nil
	}
	return b.flush(b.stream.full(int64(len(b.ends)), int64(len(b.header)+len(b.text)+1)))
}

// flush writes the header and the lines held back, in a new file if fresh.
func (b *blocks) flush(fresh bool) error {
	if fresh {
		if err := b.stream.roll(); err != nil {
			return err
		}
	}
	if len(b.ends) == 0 {
		return nil
	}
	if err := b.stream.add(b.header, 0); err != nil {
		return err
	}
	from := 0
	for _, end := range b.ends {
		if err := b.stream.add(b.text[from:end-1], 1); err != nil {
			return err
		}
		from = end
	}
	return nil
}

// line writes a line of a large block, which goes on in another file if this one is full.
func (b *blocks) line(line []byte) error {
	s := b.stream
	if s.file.info.Count > 0 && s.full(1, int64(len(line))+1) {
		s.file.info.ContinuesIn = s.name(s.begun + 1)
		if err := s.roll(); err != nil {
			return err
		}
		if err := s.add(b.header, 0); err != nil {
			return err
		}
	}
	return s.add(line, 1)
}
