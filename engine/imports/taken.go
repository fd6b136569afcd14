package imports

import (
	"satchel/fhir"
	"satchel/storage"
)

// take stores a batch, and counts and tells what became of it.
func (l *line) take(b *batch) error {
	if len(b.deletions) > 0 {
		return l.delete(b)
	}
	taken, err := l.Store.Take(l.ctx, l.who(), b.ready)
	if err != nil {
		return err
	}
	for i, t := range taken {
		l.took(b.spots[i], b.docs[i].Type(), b.docs[i].ID(), t)
	}
	return nil
}

// delete carries out a batch of deletions, and counts and tells what became of them.
func (l *line) delete(b *batch) error {
	taken, err := l.Store.TakeDeletions(l.ctx, l.who(), b.deletions, l.terms)
	if err != nil {
		return err
	}
	for i, t := range taken {
		d := b.deletions[i]
		if t.Change == storage.Unchanged {
			t.Change = storage.Deleted // it was done before
		}
		l.took(b.spots[i], d.Type, d.ID, t)
	}
	return nil
}

// took counts what became of one resource or deletion, and tells it where it is not what the files say.
func (l *line) took(at spot, typ, id string, t storage.Taken) {
	f := Finding{File: at.src.name, Line: at.line, Key: typ + "/" + id, Issue: informed("")}
	switch t.Change {
	case storage.Created:
		l.add(typ, Counts{Created: 1})
	case storage.Updated:
		l.add(typ, Counts{Updated: 1})
	case storage.Deleted:
		l.add(typ, Counts{Deleted: 1})
	case storage.Older:
		l.add(typ, Counts{Older: 1})
		f.Issue.Diagnostics = "older than what is here, which is " + t.Here.String() + " of the source; not stored"
	case storage.EditKept:
		l.add(typ, Counts{Unchanged: 1})
		f.Issue.Diagnostics = "was here before and was changed or deleted here since; that stays. To have what the files say instead, import with \"overwrite\""
	case storage.ChangedHere:
		l.add(typ, Counts{Refused: 1})
		f.Refused, f.Issue.Severity, f.Issue.Code = true, fhir.SeverityError, fhir.CodeConflict
		f.Issue.Diagnostics = "not taken: it was written, changed or deleted here since, and the files say something else. Look which is right; to have what the files say, import with \"overwrite\""
	default:
		l.add(typ, Counts{Unchanged: 1})
	}
	if f.Issue.Diagnostics != "" && l.Finding != nil {
		l.Finding(f)
	}
}

// add counts for a type.
func (l *line) add(typ string, n Counts) {
	c := l.counts[typ]
	c.Add(n)
	l.counts[typ] = c
}
