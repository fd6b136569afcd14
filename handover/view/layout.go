package view

import (
	"cmp"
	"slices"

	"satchel/handover"
)

// layout gives every fact its home and makes all pages, in the order of the menu.
func (v *View) layout() []*page {
	slices.SortFunc(v.facts, newest)
	v.labels = map[string]string{}
	v.asked = map[string]*fact{}
	of := map[pageName][]*fact{}
	for _, f := range v.facts {
		if !f.live() {
			continue
		}
		of[f.plan.page] = append(of[f.plan.page], f)
		if f.asks != nil && f.asks.url != "" {
			v.asked[f.asks.url] = f
		}
	}
	byName := map[pageName][]*page{}
	for _, name := range pageNames { // homes of the summary come last: only the patient's own
		byName[name] = paginate(name, v.blocks(name, of[name]))
	}
	var pages []*page
	for _, name := range pageNames {
		pages = append(pages, byName[name]...)
	}
	return pages
}

// blocks makes the blocks of a page from the facts that have their home there.
func (v *View) blocks(name pageName, facts []*fact) []block {
	switch name {
	case summaryPage:
		return v.summary(facts)
	case timelinePage:
		return v.timeline()
	case resultPage:
		return v.results(facts)
	case documentPage:
		return append(v.files(), v.typeBlocks(facts)...)
	case questionPage:
		return v.questionnaires(facts)
	case changePage:
		return v.changes(facts)
	case aboutPage:
		return v.about()
	}
	return v.typeBlocks(facts)
}

// typeBlocks makes a block for each type, in the order of what they are called.
func (v *View) typeBlocks(facts []*fact) []block {
	var blocks []block
	for _, group := range byType(facts) {
		typ := group[0].typ
		blocks = append(blocks, block{heading: v.t.many(typ), code: typ, tables: []table{v.factTable(typ, group)}})
	}
	slices.SortStableFunc(blocks, func(a, b block) int { return cmp.Compare(rank(a.code), rank(b.code)) })
	return blocks
}

// first are the types that stand before others on their pages.
var first = []string{"Flag", "AllergyIntolerance", "Condition", "MedicationRequest", "MedicationStatement", "Immunization", "Procedure",
	"Encounter", "Appointment", "DiagnosticReport", "CarePlan", "Goal", "ServiceRequest", "Communication", "FamilyMemberHistory",
	"CareTeam", "Practitioner", "Coverage", "Claim", "ExplanationOfBenefit", "ClaimResponse", "Invoice", "DocumentReference"}

func rank(typ string) int {
	if i := slices.Index(first, typ); i >= 0 {
		return i
	}
	return len(first)
}

// pointers is a table of facts that have their home elsewhere: their date, what they are, and one more column.
func (v *View) pointers(caption, column string, facts []*fact, more func(f *fact) [][]piece) table {
	columns := []string{v.t.columns["when"], v.t.columns["what"]}
	if column != "" {
		columns = append(columns, column)
	}
	return table{caption: caption, columns: columns, rows: len(facts), row: func(i int) row {
		f := facts[i]
		r := v.brief(f)
		r.Cells = []cell{v.dateCell(f), v.titleCell(f)}
		if column != "" {
			r.Cells = append(r.Cells, cell{Label: column, Paras: more(f)})
		}
		return r
	}}
}

// timeline lists everything that has a date, by year.
func (v *View) timeline() []block {
	var blocks []block
	var facts []*fact
	year := ""
	flush := func() {
		if len(facts) > 0 {
			own := facts
			blocks = append(blocks, block{heading: year, tables: []table{v.pointers(v.t.pages[timelinePage].Title+" "+year, v.t.columns["kind"], own, v.kindAndResult)}})
		}
		facts = nil
	}
	for _, f := range v.facts {
		if !f.live() || f.date == "" || f.section == handover.Directory {
			continue
		}
		if y := f.date[:min(4, len(f.date))]; y != year {
			flush()
			year = y
		}
		facts = append(facts, f)
	}
	flush()
	return blocks
}

// kindAndResult is what a fact is, and what was measured.
func (v *View) kindAndResult(f *fact) [][]piece {
	if f.result == nil {
		return v.kindOf(f)
	}
	return append(v.kindOf(f), v.resultParas(f)...)
}

func (v *View) kindOf(f *fact) [][]piece { return [][]piece{{{Text: v.t.one(f.typ)}}} }

// files lists every file of newest versions, with what it belongs to.
func (v *View) files() []block {
	type owned struct {
		f *fact
		a *attached
	}
	var all []owned
	for _, f := range v.facts {
		for i := range f.files {
			if f.live() {
				all = append(all, owned{f, &f.files[i]})
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	h, columns := v.t.headings["files"], []string{v.t.columns["when"], v.t.columns["file"], v.t.columns["belongs"]}
	return []block{{heading: h, tables: []table{{caption: h, columns: columns, rows: len(all), row: func(i int) row {
		o := all[i]
		r := v.brief(o.f)
		r.Full = ""
		file := cell{Label: columns[1], Head: true, Paras: [][]piece{{{File: v.fileView(o.f, o.a)}}}}
		belongs := []piece{{Text: v.described(o.f), Href: o.f.href()}}
		r.Cells = []cell{v.dateCell(o.f), file, {Label: columns[2], Paras: [][]piece{belongs}}}
		return r
	}}}}}
}

// questionnaires shows each response with its questions and answers.
func (v *View) questionnaires(facts []*fact) []block {
	var blocks []block
	var rest []*fact
	for _, f := range facts {
		if f.typ != "QuestionnaireResponse" {
			rest = append(rest, f)
			continue
		}
		name := v.responseTitle(f)
		b := block{heading: name, tables: []table{v.factTable(f.typ, []*fact{f})}}
		if len(f.answers) > 0 {
			b.tables = append(b.tables, v.answerTable(f, name))
		}
		blocks = append(blocks, b)
	}
	return append(blocks, v.typeBlocks(rest)...)
}

// responseTitle is the title of the questionnaire that was answered, and when.
func (v *View) responseTitle(f *fact) string {
	name := v.questionnaire(f)
	if day, ok := v.t.people(f.date[:min(10, len(f.date))]); ok {
		name += ", " + day
	}
	return name
}

func (v *View) answerTable(f *fact, name string) table {
	columns := []string{v.t.columns["question"], v.t.columns["answer"]}
	return table{caption: name, columns: columns, rows: len(f.answers), row: func(i int) row {
		a := f.answers[i]
		c := cell{Label: columns[1]}
		for _, x := range a.values {
			c.Paras = append(c.Paras, []piece{v.piece(f, x)})
		}
		question := []piece{{Text: v.question(f, a), Code: a.link}}
		return row{Depth: min(a.depth, 3), Cells: []cell{{Label: columns[0], Head: true, Paras: [][]piece{question}}, c}}
	}}
}

// changes shows statements of origin, earlier versions, deletions, and what was entered in error.
func (v *View) changes(facts []*fact) []block {
	blocks := v.typeBlocks(facts)
	var earlier, deleted, wrong []*fact
	for _, f := range v.facts {
		switch {
		case f.deleted:
			deleted = append(deleted, f)
		case !f.live():
			earlier = append(earlier, f)
		case f.wrong():
			wrong = append(wrong, f)
		}
	}
	if len(wrong) > 0 {
		h := v.t.headings["wrong"]
		blocks = append(blocks, block{heading: h, notes: []string{v.t.headings["wrongNote"]},
			tables: []table{v.pointers(h, v.t.columns["kind"], wrong, v.kindOf)}})
	}
	for _, part := range []struct {
		heading string
		facts   []*fact
	}{{v.t.headings["earlier"], earlier}, {v.t.headings["deleted"], deleted}} {
		if len(part.facts) > 0 {
			slices.SortFunc(part.facts, byKey)
			blocks = append(blocks, block{heading: part.heading, tables: []table{v.oldTable(part.heading, part.facts)}})
		}
	}
	return blocks
}

// oldTable is the home of earlier versions and deletions, with a link to the newest version.
func (v *View) oldTable(caption string, facts []*fact) table {
	last := map[string]*fact{} // what a deleted resource was when it last was something
	for _, f := range v.facts {
		if before := last[f.key()]; !f.deleted && (before == nil || before.version < f.version) {
			last[f.key()] = f
		}
	}
	columns := []string{v.t.columns["what"], v.t.columns["kind"], v.t.columns["version"], v.t.columns["stored"]}
	return table{caption: caption, columns: columns, rows: len(facts), home: func(i int) *fact { return facts[i] }, row: func(i int) row {
		f := facts[i]
		r := v.full(f, nil)
		if now := v.current[f.key()]; now != nil {
			r.Full = now.href()
		}
		stored := []piece{}
		if r.Stored != "" {
			stored = append(stored, v.datePiece(r.Stored))
		}
		head := v.titleCell(f)
		if before := last[f.key()]; f.deleted && before != nil {
			head = v.titleCell(before)
		}
		r.Cells = []cell{head, {Label: columns[1], Paras: v.kindOf(f)},
			{Label: columns[2], Paras: [][]piece{{{Text: itoa(f.version)}}}}, {Label: columns[3], Paras: [][]piece{stored}}}
		return r
	}}
}
