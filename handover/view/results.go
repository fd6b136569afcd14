package view

import (
	"cmp"
	"slices"
	"strings"
)

// results shows reports and the like first, then each test with its results.
func (v *View) results(facts []*fact) []block {
	var rest []*fact
	tests := map[string][]*fact{}
	for _, f := range facts {
		if f.result == nil {
			rest = append(rest, f)
			continue
		}
		tests[f.result.test] = append(tests[f.result.test], f)
	}
	blocks := v.typeBlocks(rest)
	for _, group := range v.ordered(tests) {
		head := v.titlePiece(group[0])
		blocks = append(blocks, block{heading: head.Text, code: head.Code, chart: v.chart(head.Text, group), tables: []table{v.resultTable(head.Text, group)}})
	}
	return blocks
}

// ordered sorts tests by category and name.
func (v *View) ordered(tests map[string][]*fact) [][]*fact {
	var groups [][]*fact
	for _, g := range tests {
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b []*fact) int {
		return cmp.Or(cmp.Compare(a[0].result.category, b[0].result.category), cmp.Compare(v.titleOf(a[0]), v.titleOf(b[0])),
			cmp.Compare(a[0].result.test, b[0].result.test))
	})
	return groups
}

// resultTable lists the results of one test, newest first.
func (v *View) resultTable(name string, facts []*fact) table {
	columns := []string{v.t.columns["when"], v.t.columns["result"]}
	spans := slices.ContainsFunc(facts, func(f *fact) bool {
		return slices.ContainsFunc(f.result.lines, func(r reading) bool { return r.span != "" })
	})
	flags := slices.ContainsFunc(facts, func(f *fact) bool {
		return slices.ContainsFunc(f.result.lines, func(r reading) bool { return len(r.flags) > 0 })
	})
	if spans {
		columns = append(columns, v.t.columns["range"])
	}
	if flags {
		columns = append(columns, v.t.columns["meaning"])
	}
	paths := slices.DeleteFunc([]string{"performer", "note"}, func(p string) bool { return !slices.ContainsFunc(facts, func(f *fact) bool { return f.any(p) }) })
	for _, p := range paths {
		columns = append(columns, v.t.column("Observation", p))
	}
	columns = append(columns, v.t.columns["status"])
	return table{caption: name, columns: columns, rows: len(facts), home: func(i int) *fact { return facts[i] }, row: func(i int) row {
		f := facts[i]
		r := v.full(f, f.result.shown(f, facts[0]))
		r.Cells = []cell{v.dateCell(f), {Label: columns[1], Head: true, Paras: v.resultParas(f)}}
		if spans {
			r.Cells = append(r.Cells, cell{Label: v.t.columns["range"], Paras: perLine(f, func(x reading) []piece { return textPieces(x.span) })})
		}
		if flags {
			r.Cells = append(r.Cells, cell{Label: v.t.columns["meaning"], Paras: perLine(f, func(x reading) []piece { return v.pieces(f, x.flags) })})
		}
		for _, p := range paths {
			r.Cells = append(r.Cells, v.pathCell(f, v.t.column("Observation", p), p))
		}
		r.Cells = append(r.Cells, v.statusCell(f))
		return r
	}}
}

// resultPaths are what the table of results shows.
var resultPaths = []string{"value", "component.value", "component.code", "performer", "note", "status", "interpretation",
	"component.interpretation", "effective", "referenceRange.low", "referenceRange.high"}

// shown are the paths that need no details: what has a cell, and the name of the test where it is that of the heading.
func (r *result) shown(f, head *fact) []string {
	paths := resultPaths
	if f.title == head.title {
		paths = append(slices.Clip(paths), "code")
	}
	if !r.inOneLine {
		paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return strings.HasSuffix(p, "value") })
	}
	return paths
}

// resultParas are the values with their units, one line each.
func (v *View) resultParas(f *fact) [][]piece {
	return perLine(f, func(x reading) []piece {
		text := x.text
		if text == "" {
			text = "—"
		}
		if x.name != "" {
			text = x.name + ": " + text
		}
		return textPieces(text)
	})
}

// perLine makes a paragraph of each reading.
func perLine(f *fact, say func(x reading) []piece) [][]piece {
	var all [][]piece
	for _, x := range f.result.lines {
		all = append(all, say(x))
	}
	return all
}

func textPieces(s string) []piece {
	if s == "" {
		return nil
	}
	return []piece{{Text: s}}
}
