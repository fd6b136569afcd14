package pages

import (
	"maps"
	"slices"

	"satchel/auth"
	"satchel/fhir"
	"satchel/handover"
	"satchel/handover/view"
)

const (
	chartRead  = 2000 // resources of a type that are looked at, those stored last
	chartShort = 8    // facts of a part on the chart itself
	chartLong  = 200  // facts of a part on its own page
	chartNames = 200  // practitioners, places and medicines that are looked up for their names
)

// chartKind is one part of a chart.
type chartKind struct {
	name  string
	types []string
	stand bool                          // what stands now comes before what is over
	pick  func([]view.Fact) []view.Fact // nil: all
}

// chartKinds are the parts of a chart, in their order.
var chartKinds = []chartKind{
	{name: "allergies", types: []string{"AllergyIntolerance"}, stand: true},
	{name: "problems", types: []string{"Condition"}, stand: true},
	{name: "medicines", types: []string{"MedicationRequest", "MedicationStatement"}, stand: true},
	{name: "vaccines", types: []string{"Immunization"}},
	{name: "results", types: []string{"Observation"}},
	{name: "visits", types: []string{"Encounter"}},
	{name: "documents", types: []string{"DocumentReference", "DiagnosticReport", "Media"}, pick: withFiles},
	{name: "team", types: []string{"CareTeam"}, stand: true},
}

// chartPage is the data of a chart and of one part of it.
type chartPage struct {
	Person  person
	Parts   []chartPart
	Counts  []typeCount // of everything that is stored
	Total   int
	Hidden  bool // the account may not read some of it
	Linked  linkedPart
	Copy    bool // the account may make a copy
	Request bool // it may record a request
	Log     bool // it may read the audit log
}

// chartPart is one part of a chart.
type chartPart struct {
	Name   string
	Facts  []chartFact
	Count  int  // of all
	More   int  // that are not shown
	Cut    bool // there are more stored than were looked at
	Long   bool // it has a page of its own
	Latest bool // only the last of each test is shown
}

// chartFact is one row of a part.
type chartFact struct {
	view.Fact
	Kind  string // of what it is, where a part has several
	Over  bool   // it does not stand any more, among others that do
	Files []chartFile
}

// chartFile is a document of a row.
type chartFile struct {
	view.File
	Href string // "": it is not here
	Open bool   // a browser shows it, and nothing in it can run
}

// typeCount is how many of a kind are stored.
type typeCount struct {
	Name string
	N    int
}

// showChart answers the chart of a patient.
func showChart(v *Request) error {
	p, err := v.chart(v.Value("id"), "")
	if err != nil {
		return err
	}
	return v.Render("patients-chart", p)
}

// showChartPart answers one part of it at length.
func showChartPart(v *Request) error {
	known := slices.ContainsFunc(chartKinds, func(k chartKind) bool { return k.name == v.Value("part") })
	if !known {
		return nothingHere()
	}
	p, err := v.chart(v.Value("id"), v.Value("part"))
	if err != nil {
		return err
	}
	if len(p.Parts) == 0 {
		return fhir.Errorf(fhir.CodeForbidden, "your account may not read this part of the chart")
	}
	return v.Render("patients-part", p)
}

// patient reads a Patient that whoever is signed in may read; the audit log learns of it.
func (v *Request) patient(id string) (person, error) {
	if !fhir.IsID(id) {
		return person{}, nothingHere()
	}
	if err := v.Decide(readPatient(id)); err != nil {
		return person{}, err
	}
	v.Target("Patient/" + id)
	v.Saw(id)
	p, found, err := v.living(id)
	if err == nil && !found {
		err = fhir.Errorf(fhir.CodeNotFound, "there is no patient with this number here; the record may have been deleted")
	}
	return p, err
}

// chart gathers a chart, or one part of it.
func (v *Request) chart(id, only string) (*chartPage, error) {
	who, err := v.patient(id)
	if err != nil {
		return nil, err
	}
	p := &chartPage{Person: who, Copy: v.Exports.MayPackage(v.Who, handover.Order{Patient: id}) == nil, Request: v.Requests != nil && v.May(auth.Action{Verb: auth.VerbRequest}),
		Log: v.May(auth.Action{Verb: auth.VerbAudit})}
	counts, err := v.Store.OwnedTypes(v.Context(), id)
	if err != nil {
		return nil, err
	}
	if only == "" {
		if p.Linked, err = v.linkedWith(id, seen); err != nil {
			return nil, err
		}
	}
	for _, c := range chartKinds {
		if only != "" && only != c.name {
			continue
		}
		readable := slices.DeleteFunc(slices.Clone(c.types), func(typ string) bool { return !v.mayReadOf(typ, id) })
		p.Hidden = p.Hidden || len(readable) < len(c.types)
		if len(readable) == 0 {
			continue
		}
		facts, err := v.factsOf(id, readable)
		if err != nil {
			return nil, err
		}
		if c.pick != nil {
			facts = c.pick(facts)
		}
		if c.stand {
			activeFirst(facts)
		}
		p.Parts = append(p.Parts, v.chartPart(c, id, facts, counts, only != ""))
	}
	p.count(counts, func(typ string) bool { return v.mayReadOf(typ, id) })
	return p, nil
}

// mayReadOf reports whether the account may read what belongs to the patient of a type.
func (v *Request) mayReadOf(typ, patient string) bool {
	return v.May(auth.Action{Verb: auth.VerbRead, Type: typ, Owners: []string{patient}})
}

// count tells how much is stored, as far as the account may know.
func (p *chartPage) count(counts map[string]int, may func(typ string) bool) {
	for _, typ := range slices.Sorted(maps.Keys(counts)) {
		if typ == "Patient" {
			continue
		}
		if !may(typ) {
			p.Hidden = true
			continue
		}
		p.Total += counts[typ]
		p.Counts = append(p.Counts, typeCount{view.TypeName(typ, int64(counts[typ])), counts[typ]})
	}
	slices.SortStableFunc(p.Counts, func(a, b typeCount) int { return b.N - a.N })
}

// factsOf tells what of some types belongs to a patient, newest first.
func (v *Request) factsOf(patient string, types []string) ([]view.Fact, error) {
	w := view.New(view.Options{Patient: patient})
	for _, typ := range types {
		err := v.Store.OwnedNewest(v.Context(), patient, typ, chartRead, func(r fhir.Resource) error {
			return w.Add(view.Item{Section: handover.Current, Type: r.Type, ID: r.ID, Version: r.Version, Updated: r.Updated, JSON: r.JSON})
		})
		if err != nil {
			return nil, err
		}
	}
	names := w.Names()
	for _, key := range names[:min(len(names), chartNames)] {
		of := fhir.ParseReference(key)
		typ, id := of.Type, of.ID
		if fhir.CanBelong(typ) || v.Who.Decide(auth.Action{Verb: auth.VerbRead, Type: typ, ID: id}) != nil {
			continue
		}
		r, found, err := v.stored(typ, id)
		if err != nil {
			return nil, err
		} else if !found {
			continue
		}
		if err := w.Add(view.Item{Section: handover.Directory, Type: typ, ID: id, Version: r.Version, Updated: r.Updated, JSON: r.JSON}); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(w.Facts(), func(f view.Fact) bool { return !slices.Contains(types, f.Type) }), nil
}

// chartPart cuts a part to what is shown.
func (v *Request) chartPart(k chartKind, patient string, facts []view.Fact, counts map[string]int, long bool) chartPart {
	part := chartPart{Name: k.name, Count: len(facts), Long: long}
	for _, typ := range k.types {
		part.Cut = part.Cut || counts[typ] > chartRead
	}
	most := chartShort
	if long {
		most = chartLong
	} else if k.name == "results" {
		part.Latest = true
		facts = latest(facts)
	}
	for _, f := range facts[:min(len(facts), most)] {
		row := chartFact{Fact: f, Files: v.chartFiles(patient, f), Over: k.stand && !f.Active}
		if k.name == "documents" {
			row.Kind = view.TypeName(f.Type, 1)
		}
		part.Facts = append(part.Facts, row)
	}
	part.More = part.Count - len(part.Facts)
	return part
}

// latest is the last result of each test.
func latest(facts []view.Fact) (last []view.Fact) {
	seen := map[string]bool{}
	for _, f := range facts {
		if f.Done && !seen[f.Test] {
			seen[f.Test] = true
			last = append(last, f)
		}
	}
	return last
}

// activeFirst puts what stands now before what is over.
func activeFirst(facts []view.Fact) {
	slices.SortStableFunc(facts, func(a, b view.Fact) int {
		if a.Active == b.Active {
			return 0
		} else if a.Active {
			return -1
		}
		return 1
	})
}

// withFiles keeps documents, and of others those that have a file.
func withFiles(facts []view.Fact) []view.Fact {
	return slices.DeleteFunc(facts, func(f view.Fact) bool { return f.Type != "DocumentReference" && len(f.Files) == 0 })
}
