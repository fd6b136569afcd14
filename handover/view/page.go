package view

import (
	"cmp"
	"slices"
	"strconv"
)

// page is one file.
type page struct {
	name   pageName
	file   string
	part   int // from 1
	parts  int
	blocks []block
	jumps  []jump
}

// jump leads to a block.
type jump struct{ Text, Href string }

// block is a heading with what belongs under it.
type block struct {
	id      string
	heading string
	code    string // beside the heading
	notes   []string
	chart   *chart
	tables  []table
	more    bool // continued from the file before
}

// table is a table whose rows are made when they are written.
type table struct {
	caption string
	columns []string
	rows    int
	row     func(i int) row
	home    func(i int) *fact // whose row this is; nil where rows only point
}

// row is one row of a table: the fact, and below it where it comes from.
type row struct {
	ID      string
	Cells   []cell
	Badges  []string
	Key     string
	Version int64
	Stored  string // ISO time of the last change
	Source  string // path of the file
	Href    string // of the file
	Line    int64
	Full    string // link to its home
	Details []detail
	Depth   int
}

// cell is one cell; its paragraphs are lists of pieces.
type cell struct {
	Label string
	Head  bool
	Paras [][]piece
}

// detail is a field that has no column.
type detail struct {
	Label  string
	Pieces []piece
}

// piece is a value ready to be written.
type piece struct {
	Text string
	Code string // beside the text
	Say  string // of what is missing: that it is
	Href string // of a link
	ISO  string // of a date
	File *attachedView
}

// maxRows is how many rows a file has; more make further files.
const maxRows = 400

// paginate divides a page into files of at most maxRows rows, and tells each fact where its home is.
func paginate(name pageName, blocks []block) []*page {
	var pages []*page
	rows := 0
	begin := func() *page {
		p := &page{name: name, part: len(pages) + 1, file: string(name) + ".html"}
		if p.part > 1 {
			p.file = string(name) + "-" + strconv.Itoa(p.part) + ".html"
		}
		pages, rows = append(pages, p), 0
		return p
	}
	p := begin()
	var jumps []jump
	for n, b := range blocks {
		if rows >= maxRows {
			p = begin()
		}
		b.id = "b" + strconv.Itoa(n+1)
		jumps = append(jumps, jump{b.heading, p.file + "#" + b.id})
		tables := b.tables
		b.tables = nil
		p.blocks = append(p.blocks, b)
		for _, t := range tables {
			for from := 0; from == 0 || from < t.rows; {
				if rows >= maxRows {
					p = begin()
					p.blocks = append(p.blocks, block{id: b.id, heading: b.heading, code: b.code, more: true})
				}
				to := min(t.rows, from+maxRows-rows)
				last := &p.blocks[len(p.blocks)-1]
				last.tables = append(last.tables, t.slice(from, to, p.file))
				rows += max(to-from, 1)
				from = max(to, 1)
			}
		}
	}
	for _, p := range pages {
		p.parts, p.jumps = len(pages), jumps
	}
	return pages
}

// slice are some rows of a table, which stand in a file.
func (t table) slice(from, to int, file string) table {
	all := t
	t.rows = to - from
	t.row = func(i int) row { return all.row(from + i) }
	if t.home != nil {
		for i := from; i < to; i++ {
			t.home(i).page = file
		}
	}
	return t
}

// factTable is the table of facts of one type, which is their home.
func (v *View) factTable(typ string, facts []*fact) table {
	plan := planOf(typ)
	columns := []string{v.t.columns["when"], v.t.what(typ)}
	var paths []string
	for _, c := range fieldsOf(plan.columns) {
		if slices.ContainsFunc(facts, func(f *fact) bool { return f.any(c) }) {
			columns, paths = append(columns, v.t.column(typ, c)), append(paths, c)
		}
	}
	dates := slices.ContainsFunc(facts, func(f *fact) bool { return f.date != "" })
	if !dates {
		columns = columns[1:]
	}
	states := slices.ContainsFunc(facts, func(f *fact) bool { return len(f.status) > 0 })
	if states {
		columns = append(columns, v.t.columns["status"])
	}
	return table{
		caption: v.t.many(typ), columns: columns, rows: len(facts),
		home: func(i int) *fact { return facts[i] },
		row: func(i int) row {
			f := facts[i]
			r := v.full(f, paths)
			if dates {
				r.Cells = append(r.Cells, v.dateCell(f))
			}
			r.Cells = append(r.Cells, v.titleCell(f))
			for _, p := range paths {
				r.Cells = append(r.Cells, v.pathCell(f, v.t.column(typ, p), p))
			}
			if states {
				r.Cells = append(r.Cells, v.statusCell(f))
			}
			return r
		},
	}
}

// any reports whether a fact has a field with one of the paths.
func (f *fact) any(paths string) bool {
	return slices.ContainsFunc(f.fields, func(x field) bool { return matches(x.path, paths) })
}

// byType puts facts of the same type together, in the order of names, newest first.
func byType(facts []*fact) [][]*fact {
	sorted := slices.Clone(facts)
	slices.SortFunc(sorted, func(a, b *fact) int { return cmp.Or(cmp.Compare(a.typ, b.typ), newest(a, b)) })
	var groups [][]*fact
	for i, f := range sorted {
		if i == 0 || sorted[i-1].typ != f.typ {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], f)
	}
	return groups
}
