package storage

import (
	"database/sql/driver"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
)

// page gathers the rows of one statement. The statement calls the SQL function satchel_row with each row, which puts it
// here straight from SQLite's page: fetching column by column through the driver takes twice as long and leaves
// every body to the garbage collector.
type page struct {
	handle int64 // names the page in SQL
	types  *types
	rows   []Row
	bodies []byte // of all rows, one behind the other
}

// pages are the open pages by handle.
var (
	pages      sync.Map
	lastHandle atomic.Int64
)

func newPage(t *types) *page {
	p := &page{handle: lastHandle.Add(1), types: t}
	pages.Store(p.handle, p)
	return p
}

func (p *page) close() { pages.Delete(p.handle) }

// clear makes room for the next page; the memory of a single huge row is not kept.
func (p *page) clear() {
	p.rows, p.bodies = p.rows[:0], p.bodies[:0]
	if cap(p.bodies) > 4*pageBytes {
		p.bodies = nil
	}
}

func (p *page) full() bool { return len(p.bodies) >= pageBytes }

func init() {
	sqlite.MustRegisterFunction("satchel_row", &sqlite.FunctionImpl{NArgs: 7, VolatileArgs: true, Scalar: addRow})
}

// addRow is the SQL function satchel_row(handle, rid, type, id, version, updated, body). Text and blob are SQLite's own
// memory and valid during the call alone, hence the copies.
func addRow(_ *sqlite.FunctionContext, v []driver.Value) (driver.Value, error) {
	found, _ := pages.Load(v[0])
	p := found.(*page)
	r := Row{RID: v[1].(int64), Type: p.types.name(v[2].(int64)), ID: string([]byte(v[3].(string))),
		Version: v[4].(int64), Updated: instant(v[5].(int64))}
	if body, living := v[6].([]byte); living {
		start := len(p.bodies)
		p.bodies = append(p.bodies, body...)
		r.JSON = p.bodies[start:len(p.bodies):len(p.bodies)]
	}
	p.rows = append(p.rows, r)
	return nil, nil
}
