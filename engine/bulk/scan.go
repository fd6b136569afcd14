package bulk

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"satchel/engine/progress"
	"satchel/storage"
)

// A scan of many rows costs more than the writing of them, so two goroutines read ahead, each a part of the rows, and
// the parts are handed on in their order: the files are the same as with one.

// Sizes of a scan with several readers. What is read ahead is at most partsAhead × pagesAhead pages, and one row larger
// than a page per reader.
const (
	readers    = 2
	partRows   = 4096
	partsAhead = 3
	pagesAhead = 12
	pageSize   = 256 << 10
)

// scan calls f with each row of a selection, in order, until f or the output fails; a nil selection has none. The text
// is valid only during the call.
func (e *Exporter) scan(out *output, sel *storage.Selection, at storage.Snapshot, m *progress.Meter, f func(typ, id string, text []byte) error) error {
	if sel == nil {
		return nil
	}
	parts, err := e.parts(out.ctx, *sel, at)
	if err != nil {
		return err
	}
	if len(parts) > partsAhead {
		return e.scanAhead(out, parts, at, m, f)
	}
	err = e.store.Scan(out.ctx, at, *sel, func(row storage.Row) error {
		m.Done.Add(1)
		return f(row.Type, row.ID, row.JSON)
	})
	return out.cause(err)
}

// parts divides a selection of the whole store. Others are left whole: for them the store finds the rows by an index,
// and would do so again for each part.
func (e *Exporter) parts(ctx context.Context, sel storage.Selection, at storage.Snapshot) ([]storage.Selection, error) {
	if sel.Types != nil || sel.Patients != nil || !sel.Since.IsZero() {
		return []storage.Selection{sel}, nil
	}
	rows, err := e.store.Count(ctx, at, sel)
	if err != nil {
		return nil, fmt.Errorf("count resources: %w", err)
	}
	return e.store.Split(ctx, at, sel, int(rows/partRows)+1)
}

// scanAhead is scan with several readers.
func (e *Exporter) scanAhead(out *output, parts []storage.Selection, at storage.Snapshot, m *progress.Meter, f func(typ, id string, text []byte) error) error {
	a := ahead{out: out, room: make(chan struct{}, partsAhead), parts: make(chan part)}
	var reading sync.WaitGroup
	defer reading.Wait()
	ordered := make([]part, len(parts))
	for i, sel := range parts {
		ordered[i] = part{sel, make(chan *page, pagesAhead)}
	}
	reading.Go(func() { a.give(ordered) })
	for range readers {
		reading.Go(func() { a.read(e.store, at) })
	}
	err := a.take(ordered, m, f)
	if err != nil {
		out.fail(err) // the readers stop
	}
	return err
}

// ahead is a scan with several readers under way.
type ahead struct {
	out   *output
	room  chan struct{} // a token per part that is being read or not yet taken
	parts chan part     // to the readers
}

// part is a part of the rows and the pages read from it.
type part struct {
	sel   storage.Selection
	pages chan *page
}

// page is a number of rows.
type page struct {
	text []byte
	rows []pageRow
	lent *loan // set if text is the store's, and must be given back
}

// loan is the text of one row that is used where it is. Either the reader or the taker claims it: the reader before it
// gives up, the taker before it uses the text.
type loan struct {
	claimed atomic.Bool
	back    chan struct{} // closed by the taker when it has used the text
}

// claim reports whether the caller is the first to claim it.
func (l *loan) claim() bool { return !l.claimed.Swap(true) }

// pageRow is a row of a page; its text ends at end.
type pageRow struct {
	typ, id string
	end     int
}

// pagePool are free pages.
var pagePool = sync.Pool{New: func() any { return &page{text: make([]byte, 0, pageSize)} }}

// give hands the parts to the readers, no more than partsAhead before they are taken.
func (a *ahead) give(parts []part) {
	defer close(a.parts)
	for _, p := range parts {
		select {
		case a.room <- struct{}{}:
		case <-a.out.ctx.Done():
			return
		}
		select {
		case a.parts <- p:
		case <-a.out.ctx.Done():
			return
		}
	}
}

// read reads parts until there are no more. A failure fails the output.
func (a *ahead) read(s *storage.Store, at storage.Snapshot) {
	for p := range a.parts {
		a.out.guard(func() error {
			pg := pagePool.Get().(*page)
			err := s.Scan(a.out.ctx, at, p.sel, func(row storage.Row) error { return a.add(p, &pg, row) })
			if err == nil {
				err = a.send(p, pg)
			}
			return err
		})
		close(p.pages)
	}
}

// add puts a row on the page, after sending the page off if it is full. A row larger than a page is not copied, but
// waited for.
func (a *ahead) add(p part, pg **page, row storage.Row) error {
	if len((*pg).text)+len(row.JSON) > pageSize {
		if err := a.send(p, *pg); err != nil {
			return err
		}
		*pg = pagePool.Get().(*page)
	}
	if len(row.JSON) > pageSize {
		return a.lend(p, row)
	}
	(*pg).text = append((*pg).text, row.JSON...)
	(*pg).rows = append((*pg).rows, pageRow{row.Type, row.ID, len((*pg).text)})
	return nil
}

// lend sends a row on as it is, and waits until it is written.
func (a *ahead) lend(p part, row storage.Row) error {
	l := &loan{back: make(chan struct{})}
	if err := a.send(p, &page{text: row.JSON, rows: []pageRow{{row.Type, row.ID, len(row.JSON)}}, lent: l}); err != nil {
		return err
	}
	select {
	case <-l.back:
	case <-a.out.ctx.Done():
		if !l.claim() {
			<-l.back // the text must not go while it is being written
		}
	}
	return a.out.cause(nil)
}

// send hands a page on.
func (a *ahead) send(p part, pg *page) error {
	select {
	case p.pages <- pg:
		return nil
	case <-a.out.ctx.Done():
		return context.Cause(a.out.ctx)
	}
}

// take calls f with the rows of all parts, in order.
func (a *ahead) take(parts []part, m *progress.Meter, f func(typ, id string, text []byte) error) error {
	for _, p := range parts {
		for open := true; open; {
			var pg *page
			select {
			case pg, open = <-p.pages:
			case <-a.out.ctx.Done():
				return context.Cause(a.out.ctx)
			}
			if !open {
				break
			}
			if err := pg.each(m, f); err != nil {
				return err
			}
		}
		<-a.room
	}
	return a.out.cause(nil)
}

// each calls f with the rows of a page and frees it.
func (pg *page) each(m *progress.Meter, f func(typ, id string, text []byte) error) error {
	if pg.lent != nil {
		if !pg.lent.claim() {
			return nil // the output has failed
		}
		defer close(pg.lent.back)
	}
	from := 0
	for _, row := range pg.rows {
		if err := f(row.typ, row.id, pg.text[from:row.end]); err != nil {
			return err
		}
		from = row.end
	}
	m.Done.Add(int64(len(pg.rows)))
	if pg.lent == nil {
		pg.text, pg.rows = pg.text[:0], pg.rows[:0]
		pagePool.Put(pg)
	}
	return nil
}
