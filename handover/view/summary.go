package view

import (
	"slices"
	"strconv"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// summaryLimit is how many entries a part of the summary shows.
const summaryLimit = 20

// summary makes the first page. facts are the Patient resources.
func (v *View) summary(facts []*fact) []block {
	var self, others []*fact
	for _, f := range facts {
		if f.typ == "Patient" && f.id == v.o.Patient {
			self = append(self, f)
		} else {
			others = append(others, f)
		}
	}
	var blocks []block
	if len(self) > 0 {
		blocks = append(blocks, block{heading: v.t.one("Patient"), tables: []table{v.factTable("Patient", self)}})
	}
	if warnings := v.choose(active, "Flag"); len(warnings) > 0 {
		blocks = append(blocks, v.part("warnings", "", healthPage, warnings))
	}
	allergies := v.part("allergies", "reaction.manifestation|reaction.severity|reaction.description", healthPage, v.choose(active, "AllergyIntolerance"))
	if len(allergies.tables) == 0 {
		allergies.notes = []string{v.t.headings["noAllergies"]}
	}
	blocks = append(blocks, allergies,
		v.part("problems", "note", healthPage, v.choose(active, "Condition")),
		v.part("medicines", "dosageInstruction.text|dosage.text", healthPage, v.choose(active, "MedicationRequest", "MedicationStatement")),
		v.part("vaccines", "lotNumber", healthPage, v.choose(given, "Immunization")),
		v.latest(),
		v.part("team", "participant.member|participant.role", teamPage, v.choose(active, "CareTeam")),
		v.part("coverage", "payor", billPage, v.choose(active, "Coverage")))
	if len(others) > 0 {
		blocks = append(blocks, block{heading: v.t.headings["others"], tables: []table{v.factTable("Patient", others)}})
	}
	return blocks
}

// ended are the states of what is over or was never so.
var ended = []string{"entered-in-error", "inactive", "resolved", "remission", "refuted", "completed", "stopped", "cancelled", "rejected",
	"draft", "not-taken", "proposed", "suspended", "abandoned", "declined", "ended"}

// active reports whether something stands now, as far as its status says.
func active(f *fact) bool { return !f.has(ended...) }

// given reports whether something was done.
func given(f *fact) bool { return !f.has("entered-in-error", "not-done") }

// choose picks live facts of some types, newest first.
func (v *View) choose(keep func(f *fact) bool, types ...string) (all []*fact) {
	for _, f := range v.facts {
		if f.live() && slices.Contains(types, f.typ) && keep(f) {
			all = append(all, f)
		}
	}
	return all
}

// part is a part of the summary, with the fields under some paths as third column.
func (v *View) part(name, paths string, from pageName, facts []*fact) block {
	b := block{heading: v.t.headings[name]}
	if len(facts) == 0 {
		b.notes = []string{v.t.say("nothing")}
		return b
	}
	if len(facts) > summaryLimit {
		b.notes = []string{v.t.headings["noMore"] + " “" + v.t.pages[from].Menu + "”: " + strconv.Itoa(len(facts)-summaryLimit)}
		facts = facts[:summaryLimit]
	}
	column := ""
	if slices.ContainsFunc(facts, func(f *fact) bool { return f.any(paths) }) {
		column = v.t.column("", paths)
	}
	b.tables = []table{v.pointers(b.heading, column, facts, func(f *fact) [][]piece { return v.pathCell(f, "", paths).Paras })}
	return b
}

// latest is the newest result of each test, newest first.
func (v *View) latest() block {
	seen := map[string]bool{}
	var facts []*fact
	for _, f := range v.choose(given, "Observation") {
		if f.result != nil && !seen[f.result.test] {
			seen[f.result.test] = true
			facts = append(facts, f)
		}
	}
	b := v.part("lastResults", "", resultPage, facts)
	if len(b.tables) > 0 {
		facts = facts[:min(len(facts), summaryLimit)]
		b.tables = []table{v.pointers(b.heading, v.t.columns["result"], facts, v.resultParas)}
	}
	return b
}
