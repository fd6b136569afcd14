package view

import (
	"maps"
	"slices"
	"strings"
)

// about says how complete the copy is, what is left out, what is in it, and how to read it.
func (v *View) about() []block {
	h := v.t.headings
	var blocks []block
	if v.o.Verdict != "" {
		say := v.o.Verdict
		if words, ok := v.t.verdicts[say]; ok {
			say += ". " + words
		}
		blocks = append(blocks, block{heading: h["verdict"], notes: []string{say}})
	}
	blocks = append(blocks, v.exclusions(), v.counts())
	return append(blocks, block{heading: h["how"], notes: []string{v.t.headings["how1"], v.t.headings["how2"], v.t.headings["how3"], v.t.headings["how4"]}})
}

// exclusions lists what was left out.
func (v *View) exclusions() block {
	b := block{heading: v.t.headings["exclusions"]}
	list := v.o.Exclusions
	if len(list) == 0 {
		b.notes = []string{v.t.headings["noneLeft"]}
		return b
	}
	c := v.t.columns
	columns := []string{c["type"], c["part"], c["count"], c["reason"], c["authority"]}
	b.tables = []table{{caption: b.heading, columns: columns, rows: len(list), row: func(i int) row {
		e := list[i]
		reason := e.Reason
		if words, ok := v.t.reasons[reason]; ok {
			reason = words
		}
		rule := v.t.headings["choice"]
		if e.Statutory {
			rule = v.t.headings["statutory"]
		}
		return cells(columns, piece{Text: v.t.many(e.Type), Code: e.Type}, text(string(e.Part)), text(itoa(max(e.Count, 1))),
			piece{Text: reason, Code: e.Reason}, piece{Text: rule, Code: e.Authority})
	}}}
	return b
}

// counts lists how many entries of each type there are, and where.
func (v *View) counts() block {
	type count struct {
		now, old, gone int64
		page           pageName
	}
	all := map[string]*count{}
	for _, f := range v.facts {
		n := all[f.typ]
		if n == nil {
			n = &count{page: planOf(f.typ).page}
			all[f.typ] = n
		}
		switch {
		case f.deleted:
			n.gone++
		case f.live():
			n.now++
		default:
			n.old++
		}
	}
	types := slices.Sorted(maps.Keys(all))
	slices.SortStableFunc(types, func(a, b string) int { return strings.Compare(v.t.many(a), v.t.many(b)) })
	c := v.t.columns
	columns := []string{c["type"], c["current"], c["earlier"], c["deleted"], c["page"]}
	h := v.t.headings["counts"]
	return block{heading: h, tables: []table{{caption: h, columns: columns, rows: len(types), row: func(i int) row {
		typ, n := types[i], all[types[i]]
		return cells(columns, piece{Text: v.t.many(typ), Code: typ}, text(itoa(n.now)), text(itoa(n.old)), text(itoa(n.gone)),
			piece{Text: v.t.pages[n.page].Menu, Href: string(n.page) + ".html"})
	}}}}
}

func text(s string) piece { return piece{Text: s} }

// cells makes a row of single pieces; the first is its head.
func cells(columns []string, pieces ...piece) row {
	var r row
	for i, p := range pieces {
		r.Cells = append(r.Cells, cell{Label: columns[i], Head: i == 0, Paras: [][]piece{{p}}})
	}
	return r
}
