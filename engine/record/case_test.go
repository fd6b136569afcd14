package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// of writes a resource of a type with an id; rest are further members, with ' for ".
func of(key, rest string) string {
	typ, id, _ := strings.Cut(key, "/")
	if rest != "" {
		rest = "," + strings.ReplaceAll(rest, `'`, `"`)
	}
	return `{"resourceType":"` + typ + `","id":"` + id + `"` + rest + `}`
}

// to writes a member that is a reference.
func to(name, key string) string { return `'` + name + `':{'reference':'` + key + `'}` }

// recordCases: what is stored, besides patients a and b, and what the record of a then has.
var recordCases = []struct {
	name     string
	stored   []string // in order; "-Type/id" deletes
	options  Options
	in       []string          // in the record, as stored
	excerpts map[string]string // in the record as excerpts, which end so (meta aside, ' for ")
	excluded map[string]string // "Type/id" or "Type/id/_history/1": reason
	out      []string          // not in the record, and nothing said about it
}{
	{
		name:     "a relative measures",
		stored:   []string{of("Observation/o", to("subject", "Patient/b")+`,'performer':[{'reference':'Patient/a'}]`)},
		excluded: map[string]string{"Observation/o": ReasonOtherIndividual},
	},
	{
		name: "moved to another patient",
		stored: []string{of("Observation/o", to("subject", "Patient/a")), of("Observation/o", to("subject", "Patient/b")),
			of("Observation/p", to("subject", "Patient/b")), of("Observation/p", to("subject", "Patient/a")),
			of("Observation/q", to("subject", "Patient/b")+`,'performer':[{'reference':'Patient/a'}]`), of("Observation/q", to("subject", "Patient/a"))},
		in:       []string{"Observation/p/_history/2", "Observation/q/_history/2"},
		excluded: map[string]string{"Observation/o/_history/1": ReasonMoved, "Observation/p/_history/1": ReasonOtherIndividual, "Observation/q/_history/1": ReasonOtherIndividual},
	},
	{
		name: "a device moved to another patient, and its successor came",
		stored: []string{of("Device/d", to("patient", "Patient/a")), of("Device/d", to("patient", "Patient/b")), "-Device/d",
			of("Device/e", to("patient", "Patient/b")), of("Device/e", to("patient", "Patient/a"))},
		in:       []string{"Device/e/_history/2"},
		excluded: map[string]string{"Device/d/_history/1": ReasonMoved, "Device/e/_history/1": ReasonOtherIndividual},
	},
	{
		name:   "the subject was taken out later",
		stored: []string{of("Observation/o", to("subject", "Patient/a")), of("Observation/o", `'status':'entered-in-error'`)},
		in:     []string{"Observation/o/_history/1", "Observation/o/_history/2"},
	},
	{
		name: "deleted, then stored again",
		stored: []string{of("Device/d", to("patient", "Patient/a")), "-Device/d", of("Observation/o", to("subject", "Patient/a")), "-Observation/o",
			of("Observation/o", to("subject", "Patient/a")+`,'status':'final'`)},
		in: []string{"Device/d/_history/1", "Device/d/_history/2", "Observation/o/_history/1", "Observation/o/_history/2", "Observation/o/_history/3"},
	},
	{
		name: "equipment comes in by reference, and its Provenance; what ought to be somebody's does not",
		stored: []string{of("DiagnosticReport/r", to("subject", "Patient/a")+`,'result':[{'reference':'Observation/o'},{'reference':'Observation/of-b'}]`),
			of("Observation/o", to("device", "Device/d")), of("Observation/of-b", to("subject", "Patient/b")), of("Device/d", to("parent", "Device/e")),
			of("Device/e", ""), of("Device/of-b", to("patient", "Patient/b")), of("DeviceMetric/m", to("source", "Device/of-b")),
			of("Provenance/p", `'target':[{'reference':'Observation/o'}]`), of("Provenance/of-d", `'target':[{'reference':'Device/e'}]`),
			of("Task/of-o", to("focus", "Observation/o")), of("Task/gone", to("focus", "Observation/o")), "-Task/gone", of("Observation/p", to("subject", "Patient/a")+`,`+to("device", "DeviceMetric/m")),
			of("Observation/q", to("subject", "Patient/a")+`,`+to("device", "Device/d"))},
		in:       []string{"Device/d/_history/1", "Device/e/_history/1", "Provenance/of-d/_history/1", "Observation/p/_history/1", "Observation/q/_history/1"},
		excluded: map[string]string{"Observation/o": ReasonUnassigned},
		out:      []string{"Observation/of-b", "Device/of-b", "DeviceMetric/m", "Task/of-o", "Task/gone", "Provenance/p"},
	},
	{
		name: "a time in the doctor's calendar brings the calendar, and no other time",
		stored: []string{of("Schedule/s", `'actor':[{'reference':'Practitioner/p'}]`), of("Practitioner/p", ""), of("Slot/mine", to("schedule", "Schedule/s")),
			of("Slot/other", to("schedule", "Schedule/s")), of("Appointment/x", `'slot':[{'reference':'Slot/mine'}],'participant':[{`+to("actor", "Patient/a")+`}]`),
			of("Schedule/own", `'actor':[{'reference':'Patient/a'}]`), of("Slot/own", to("schedule", "Schedule/own"))},
		in:  []string{"Schedule/s/_history/1", "Practitioner/p/_history/1", "Slot/mine/_history/1", "Schedule/own/_history/1", "Slot/own/_history/1"},
		out: []string{"Slot/other"},
	},
	{
		name: "a group visit",
		stored: []string{of("Appointment/x", `'text':{'div':'Bob'},'contained':[{'resourceType':'Basic','id':'n'}],'participant':[{`+to("actor", "Patient/a")+`},{'actor':{'reference':'Patient/b','display':'Bob'}}],'comment':'#n'`),
			of("AppointmentResponse/y", to("appointment", "Appointment/x")+`,`+to("actor", "Patient/b"))},
		excerpts: map[string]string{"Appointment/x": `'contained':[{'resourceType':'Basic','id':'n'}],'participant':[{'actor':{'reference':'Patient/a'}},{'actor':{'display':'another patient'}}],'comment':'#n'}`},
		out:      []string{"AppointmentResponse/y"},
	},
	{
		name:     "a family account",
		stored:   []string{of("Account/x", `'status':'active','subject':[{'reference':'Patient/b'},{'reference':'Patient/a'}],'guarantor':[{`+to("party", "Patient/b")+`}]`)},
		excerpts: map[string]string{"Account/x": `'status':'active','subject':[{'display':'another patient'},{'reference':'Patient/a'}],'guarantor':[{'party':{'display':'another patient'}}]}`},
	},
	{
		name:     "a group of people",
		stored:   []string{of("Group/g", `'type':'person','member':[{`+to("entity", "Patient/b")+`},{`+to("entity", "Patient/a")+`}]`), of("Group/h", `'member':[{`+to("entity", "Patient/b")+`}]`)},
		excerpts: map[string]string{"Group/g": `'type':'person','member':[{'entity':{'reference':'Patient/a'}}]}`},
		out:      []string{"Group/h"},
	},
	{
		name: "another server's things are not another patient's, although their ids are equal",
		stored: []string{of("Claim/a", to("patient", "Patient/a")), of("Claim/b", to("patient", "Patient/b")),
			of("PaymentReconciliation/mine", `'detail':[{`+to("request", "Claim/a")+`},{`+to("request", "https://other.example/fhir/Claim/b")+`}]`)},
		in:  []string{"PaymentReconciliation/mine/_history/1"},
		out: []string{"Claim/b"},
	},
	{
		name: "a payment for several bills",
		stored: []string{of("Claim/a", to("patient", "Patient/a")), of("Claim/b", to("patient", "Patient/b")),
			of("PaymentReconciliation/both", `'contained':[{'resourceType':'Organization','id':'o','name':'of b'}],'detail':[{`+to("request", "Claim/a")+`},{`+to("request", "Claim/b")+`,'submitter':{'reference':'#o'}},{'amount':{'value':1}}]`),
			of("PaymentReconciliation/mine", `'detail':[{`+to("request", "Claim/a")+`},{'amount':{'value':1}}]`),
			of("PaymentReconciliation/other", `'detail':[{`+to("request", "Claim/b")+`}]`),
			of("PaymentNotice/a", to("request", "Claim/a")), of("PaymentNotice/b", to("request", "Claim/b")+`,`+to("payment", "PaymentReconciliation/both"))},
		in:       []string{"PaymentReconciliation/mine/_history/1", "PaymentNotice/a/_history/1"},
		excerpts: map[string]string{"PaymentReconciliation/both": `'detail':[{'request':{'reference':'Claim/a'}}]}`},
		out:      []string{"PaymentReconciliation/other", "PaymentNotice/b", "Claim/b"},
	},
	{
		name: "lists of several people's things",
		stored: []string{of("Observation/a", to("subject", "Patient/a")), of("Observation/b", to("subject", "Patient/b")), of("Media/loose", ""),
			of("List/l", `'status':'current','entry':[{`+to("item", "Observation/b")+`},{`+to("item", "Observation/a")+`},{`+to("item", "Media/loose")+`}]`),
			of("Provenance/p", `'recorded':'2020-01-01T00:00:00Z','target':[{'reference':'Patient/a'},{'reference':'Observation/b'}]`),
			of("MessageHeader/m", `'focus':[{'reference':'Observation/b'},{'reference':'Patient/a'}]`),
			of("List/of-b", to("subject", "Patient/b")+`,'entry':[{`+to("item", "Observation/a")+`}]`)},
		in: []string{"Observation/a/_history/1"},
		excerpts: map[string]string{
			"List/l":          `'status':'current','entry':[{'item':{'reference':'Observation/a'}}]}`,
			"Provenance/p":    `'recorded':'2020-01-01T00:00:00Z','target':[{'reference':'Patient/a'}]}`,
			"MessageHeader/m": `'focus':[{'reference':'Patient/a'}]}`,
		},
		excluded: map[string]string{"List/of-b": ReasonOtherIndividual},
		out:      []string{"Observation/b", "Media/loose"},
	},
	{
		name: "documents and messages as bundles",
		stored: []string{of("Bundle/doc", `'type':'document','entry':[{'resource':{'resourceType':'Composition','subject':{'reference':'Patient/a'},'author':[{'reference':'Practitioner/p'}]}}]`), of("Practitioner/p", ""),
			of("Bundle/both", `'type':'collection','entry':[{'resource':{'resourceType':'Patient','id':'a'}},{'resource':{'resourceType':'Patient','id':'b'}}]`),
			of("Bundle/none", `'type':'collection'`), of("Bundle/b", `'entry':[{'resource':{'resourceType':'Patient','id':'b'}}]`),
			of("Provenance/p", `'target':[{'reference':'Bundle/doc'}]`)},
		in:       []string{"Bundle/doc/_history/1", "Practitioner/p/_history/1", "Provenance/p/_history/1"},
		excluded: map[string]string{"Bundle/both": ReasonOtherIndividual},
		out:      []string{"Bundle/none", "Bundle/b"},
	},
	{
		name: "contracts",
		stored: []string{of("Contract/mine", `'subject':[{'reference':'Patient/a'}],'signer':[{`+to("party", "Patient/b")+`}]`),
			of("Contract/signed", `'signer':[{`+to("party", "Patient/a")+`}]`), of("Contract/for-b", `'subject':[{'reference':'Patient/b'}],'signer':[{`+to("party", "Patient/a")+`}]`)},
		in:       []string{"Contract/mine/_history/1", "Contract/signed/_history/1"},
		excluded: map[string]string{"Contract/for-b": ReasonOtherIndividual},
	},
	{
		name: "files",
		stored: []string{of("DocumentReference/d", to("subject", "Patient/a")+`,'content':[{'attachment':{'url':'Binary/shown'}},{'attachment':{'url':'Binary/of-b'}},{'attachment':{'url':'https://here/fhir/Binary/own'}},{'attachment':{'url':'https://there/fhir/Binary/shown'}},{'attachment':{'url':'Binary/gone'}}]`),
			of("Binary/shown", ""), of("Binary/own", ""), of("Binary/of-b", to("securityContext", "Patient/b")), of("Binary/secured", `'data':'AA==','securityContext':{'display':'Ann','reference':'DocumentReference\/d'}`), of("Binary/loose", ""),
			of("Binary/was", to("securityContext", "Patient/a")), "-Binary/was"},
		in:  []string{"Binary/shown/_history/1", "Binary/own/_history/1", "Binary/secured/_history/1", "Binary/was/_history/2"},
		out: []string{"Binary/of-b", "Binary/loose", "Binary/gone"},
	},
	{
		name: "files that a reference does not give away",
		stored: []string{of("DocumentReference/d", to("subject", "Patient/a")+`,'content':[{'attachment':{'url':'Binary/of-b'}},{'attachment':{'url':'Binary/nobodys'}},{'attachment':{'url':'Binary/dangling'}},{'attachment':{'url':'Binary/mine'}}]`),
			of("Binary/of-b", ""), of("DocumentReference/b", to("subject", "Patient/b")+`,'content':[{'attachment':{'url':'Binary/of-b'}}]`),
			of("Binary/nobodys", ""), of("DocumentReference/n", `'content':[{'attachment':{'url':'Binary/nobodys'}}]`),
			of("Binary/dangling", to("securityContext", "DocumentReference/never")),
			of("Binary/mine", ""), of("Media/m", to("subject", "Patient/a")+`,'content':{'url':'Binary/mine'}`), of("Practitioner/p", `'photo':[{'url':'Binary/face'}]`), of("Binary/face", ""),
			of("Observation/o", to("subject", "Patient/a")+`,'performer':[{'reference':'Practitioner/p'}]`)},
		in:       []string{"Binary/mine/_history/1", "Binary/face/_history/1"},
		excluded: map[string]string{"Binary/of-b": ReasonOtherIndividual, "Binary/nobodys": ReasonUnassigned, "Binary/dangling": ReasonUnassigned},
	},
	{
		name: "psychotherapy notes",
		stored: []string{of("DocumentReference/d", to("subject", "Patient/a")+`,'securityLabel':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'PSYTHPN'}]}],'content':[{'attachment':{'url':'Binary/note'}}]`),
			of("Binary/note", ""), of("Observation/o", `'meta':{'security':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'ETH'}]},`+to("subject", "Patient/a"))},
		options:  Options{Withhold: []handover.Withhold{PsychotherapyNotes}},
		in:       []string{"Observation/o/_history/1"},
		excluded: map[string]string{"DocumentReference/d": "psychotherapy-notes", "Binary/note": "psychotherapy-notes"},
	},
	{
		name:   "without a policy nothing is withheld",
		stored: []string{of("DocumentReference/d", to("subject", "Patient/a")+`,'securityLabel':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'PSYTHPN'}]}]`)},
		in:     []string{"DocumentReference/d/_history/1"},
	},
	{
		name: "linked patients: those that staff include, and no others",
		stored: []string{of("Patient/m", `'link':[{'type':'replaced-by','other':{'reference':'Patient/n'}}]`), of("Patient/n", `'link':[{'type':'replaced-by','other':{'reference':'Patient/a'}}]`),
			of("Patient/see", `'link':[{'type':'seealso','other':{'reference':'Patient/a'}}]`), of("Patient/yes", `'link':[{'type':'refer','other':{'reference':'Patient/m'}}]`),
			of("Observation/m", to("subject", "Patient/m")), of("Observation/see", to("subject", "Patient/see")), of("Observation/yes", to("subject", "Patient/yes"))},
		options:  Options{Linked: []string{"yes"}},
		in:       []string{"Patient/yes/_history/1", "Observation/yes/_history/1"},
		excluded: map[string]string{"Patient/see": ReasonNotApproved, "Patient/n": ReasonNotApproved, "Patient/m": ReasonNotApproved},
		out:      []string{"Observation/see", "Observation/m"},
	},
	{
		name: "circles end, and the directory leads to the directory alone",
		stored: []string{of("Task/1", to("for", "Patient/a")+`,'partOf':[{'reference':'Task/2'}]`), of("Task/2", `'partOf':[{'reference':'Task/3'}]`), of("Task/3", `'partOf':[{'reference':'Task/1'}]`),
			of("Task/b", to("for", "Patient/b")+`,'partOf':[{'reference':'Task/1'}]`), of("Organization/1", to("partOf", "Organization/2")), of("Organization/2", to("partOf", "Organization/1")+`,'extension':[{'url':'http://x','valueReference':{'reference':'Basic/house-rules'}}]`), of("Basic/house-rules", ""),
			of("Encounter/e", to("subject", "Patient/a")+`,`+to("serviceProvider", "Organization/1"))},
		in:       []string{"Task/2/_history/1", "Task/3/_history/1", "Organization/1/_history/1", "Organization/2/_history/1"},
		excluded: map[string]string{"Task/b": ReasonOtherIndividual},
		out:      []string{"Basic/house-rules"},
	},
	{
		name: "definitions by url, configuration not",
		stored: []string{of("QuestionnaireResponse/r", to("subject", "Patient/a")+`,'questionnaire':'http://q/1|2'`), of("Questionnaire/q", `'url':'http://q/1'`), of("Questionnaire/other", `'url':'http://q/2'`),
			of("Observation/o", to("subject", "Patient/a")+`,'code':{'coding':[{'system':'urn:local'}]},'extension':[{'url':'http://x/e','valueReference':{'reference':'NamingSystem/n'}}]`),
			of("CodeSystem/c", `'url':'urn:local'`), of("StructureDefinition/e", `'url':'http://x/e'`), of("NamingSystem/n", "")},
		in:  []string{"Questionnaire/q/_history/1", "CodeSystem/c/_history/1", "StructureDefinition/e/_history/1"},
		out: []string{"Questionnaire/other", "NamingSystem/n"},
	},
}

// writeLines stores the lines of a case.
func writeLines(t *testing.T, s *storage.Store, lines []string) {
	t.Helper()
	for _, line := range lines {
		if key, gone := strings.CutPrefix(line, "-"); gone {
			remove(t, s, key)
		} else {
			put(t, s, line)
		}
	}
}

func TestRecordCases(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	for _, c := range recordCases {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			writeLines(t, s, []string{of("Patient/a", ""), of("Patient/b", "")})
			writeLines(t, s, c.stored)
			g := gather(t, s, "a", c.options)
			for _, k := range c.in {
				if it, ok := g.items[k]; !ok || it.Excerpt {
					t.Errorf("%s: in the record %t, excerpt %t", k, ok, it.Excerpt)
				}
			}
			for key, want := range c.excerpts {
				it, ok := g.items[key+"/_history/1"]
				want = strings.ReplaceAll(want, `'`, `"`)
				_, rest, _ := strings.Cut(string(it.JSON), `is left out"}]},`)
				if !ok || !it.Excerpt || rest != want || !slices.Contains(g.Excerpts, key+"/_history/1") {
					t.Errorf("%s: in the record %t, excerpt %t:\n%s\nwant the end\n%s", key, ok, it.Excerpt, it.JSON, want)
				}
			}
			for key, why := range c.excluded {
				versioned := strings.Contains(key, "/_history/")
				got := ""
				for _, x := range g.Exclusions {
					if k := versionKey(x.Type, x.ID, x.Version); k == key || !versioned && strings.HasPrefix(k, key+"/") {
						got = x.Reason
					}
				}
				if _, in := g.items[key]; got != why || in || !versioned && g.has(key) {
					t.Errorf("%s: excluded as %q, in the record %t", key, got, in || g.has(key))
				}
			}
			for _, key := range c.out {
				if g.has(key) || g.excluded(key) != "" {
					t.Errorf("%s: in the record %t, excluded as %q", key, g.has(key), g.excluded(key))
				}
			}
		})
	}
}

// The population has everything, whosever it is, in order.
func TestPopulation(t *testing.T) {
	t.Parallel()
	s := open(t)
	writeLines(t, s, []string{of("Patient/a", ""), of("Observation/o", to("subject", "Patient/a")), of("Observation/o", to("subject", "Patient/b")), "-Observation/o",
		of("DocumentReference/unmatched", ""), of("AuditEvent/e", ""), of("Subscription/s", ""), of("Practitioner/p", ""), of("Binary/b", ""), of("Provenance/p", "")})
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, of("Patient/later", ""))
	var got []string
	all, p := wholePopulation(t, s, at)
	for k, it := range all {
		got = append(got, k+" "+string(it.Section))
	}
	slices.Sort(got)
	want := []string{"AuditEvent/e/_history/1 current", "Binary/b/_history/1 current", "DocumentReference/unmatched/_history/1 current", "Observation/o/_history/1 history",
		"Observation/o/_history/2 history", "Observation/o/_history/3 deleted", "Patient/a/_history/1 current", "Practitioner/p/_history/1 directory",
		"Provenance/p/_history/1 provenance", "Subscription/s/_history/1 directory"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if c := p.Counts["Observation"]; c.StoredVersions != 3 || c.ExportedVersions != 3 || c.Deleted != 1 || c.StoredCurrent != 0 {
		t.Errorf("counts %+v", c)
	}
}

// A record that hands out less than it found says so.
func TestRecordReconciles(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, of("Patient/a", ""), of("Observation/o", to("subject", "Patient/a")))
	at, _ := s.Snapshot(t.Context())
	r, err := Gather(t.Context(), s, at, "a", Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.rows = r.rows[1:]
	for _, err = range r.Items(t.Context()) {
	}
	if err == nil || !strings.Contains(err.Error(), "Observation: 1 versions are stored, 0 were handed out") {
		t.Errorf("error %v", err)
	}
}

// A record says of every linked patient whether it is in, whichever side has the link.
func TestRecordSaysWhoIsLinked(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, of("Patient/a", `'link':[{'type':'refer','other':{'reference':'Patient/b'}}]`), of("Patient/b", ""), of("Patient/c", `'link':[{'type':'replaces','other':{'reference':'Patient/a'}}]`))
	for _, c := range []struct {
		of, linked, patients, said, out string
	}{
		{"a", "b", "a b", "b true, c false", "Patient/c"},
		{"a", "", "a", "b false, c false", "Patient/b Patient/c"},
		{"b", "", "b", "a false, c false", "Patient/a Patient/c"},
		{"c", "a b", "a b c", "a true, b true", ""},
	} {
		g := gather(t, s, c.of, Options{Linked: strings.Fields(c.linked)})
		var said, out []string
		for _, p := range g.Linked {
			said = append(said, fmt.Sprint(p.ID, " ", p.Named))
		}
		for _, x := range g.Exclusions {
			out = append(out, x.Type+"/"+x.ID)
		}
		if strings.Join(g.Patients, " ") != c.patients || strings.Join(said, ", ") != c.said || strings.Join(out, " ") != c.out {
			t.Errorf("%s with %q: patients %q, linked %q, excluded %q", c.of, c.linked, g.Patients, said, out)
		}
	}
}

// The record is that of the snapshot, whatever was written since.
func TestRecordAsOfASnapshot(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, of("Patient/a", ""), of("Patient/b", ""), of("Device/d", to("patient", "Patient/a")), of("Device/e", to("patient", "Patient/b")),
		of("Observation/o", to("subject", "Patient/a")), of("Provenance/p", `'target':[{'reference':'Observation/o'}]`),
		of("Binary/x", to("securityContext", "Observation/o")), of("Practitioner/p", ""), of("Encounter/e", to("subject", "Patient/a")+`,'participant':[{`+to("individual", "Practitioner/p")+`}]`))
	before := gather(t, s, "a", Options{})
	put(t, s, of("Device/d", to("patient", "Patient/b")), of("Device/e", to("patient", "Patient/a")), of("Binary/x", to("securityContext", "Patient/b")),
		of("Patient/c", `'link':[{'type':'replaces','other':{'reference':'Patient/a'}}]`), of("Observation/new", to("subject", "Patient/a")),
		of("Observation/o", to("subject", "Patient/b")))
	remove(t, s, "Provenance/p", "Practitioner/p")
	after := gatherAt(t, s, before.Snapshot, "a", Options{})
	if !slices.Equal(before.order, after.order) || len(before.order) != 7 {
		t.Errorf("before %q\nafter %q", before.order, after.order)
	}
	for k, it := range before.items {
		if got := after.items[k]; string(got.JSON) != string(it.JSON) || got.Section != it.Section {
			t.Errorf("%s was %s %s, is %s %s", k, it.Section, it.JSON, got.Section, got.JSON)
		}
	}
}

func TestRecordOfADeletedPatient(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, of("Patient/a", ""), of("Observation/o", to("subject", "Patient/a")))
	remove(t, s, "Patient/a")
	g := gather(t, s, "a", Options{})
	if want := []string{"Observation/o/_history/1", "Patient/a/_history/1", "Patient/a/_history/2"}; !slices.Equal(g.order, want) {
		t.Errorf("got %q", g.order)
	}
	at, _ := s.Snapshot(t.Context())
	if _, err := Gather(t.Context(), s, at, "never", Options{}); err == nil || !strings.Contains(err.Error(), "Patient/never") {
		t.Errorf("error %v", err)
	}
}

func TestAttachmentSources(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, of("Patient/a", ""), of("Binary/there", ""), of("Binary/there", `'contentType':'x/y'`), of("Binary/of-b", to("securityContext", "Patient/b")), of("Binary/gone", ""),
		of("Binary/secured", to("securityContext", "Patient/a")))
	remove(t, s, "Binary/gone")
	want := map[string]AttachmentSource{
		"Binary/there": SourceBinary, "Binary/there/_history/1": SourceBinary, "Binary/there/_history/9": SourceMissing, "Binary/of-b": SourceWithheld,
		"Binary/gone": SourceMissing, "Binary/never": SourceMissing, "https://x/y.pdf": SourceExternal, "https://x/fhir/Binary/there": SourceExternal,
		"#inside": SourceInside, "scan.pdf": SourceMissing, "": SourceNone,
	}
	var content []string
	for url := range want {
		content = append(content, `{'attachment':{'url':'`+url+`'}}`)
	}
	put(t, s, of("DocumentReference/d", to("subject", "Patient/a")+`,'content':[`+strings.Join(content, ",")+`,{'attachment':{'data':'AA=='}}]`))
	g := gather(t, s, "a", Options{})
	if len(g.Attachments) != len(want)+2 {
		t.Errorf("%d attachments", len(g.Attachments))
	}
	for _, a := range g.Attachments {
		switch {
		case a.Type == "Binary":
			if a.Source != "Binary/secured" || a.Path != "Binary" {
				t.Errorf("%+v", a)
			}
		case a.From == SourceInline:
			if a.Path != "DocumentReference.content[11].attachment" {
				t.Errorf("%+v", a)
			}
		case a.From != want[a.URL] || (a.Source != "") != (a.From == SourceBinary):
			t.Errorf("%+v, want %s", a, want[a.URL])
		}
	}
}

// What cannot be told fails by name instead of being left out.
func TestRecordFailsByName(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{`'subject':'Patient/a'`, `'subject':{'reference':7}`, `'performer':['Patient/a']`, to("subject", "Patient/a") + `,'contained':[{'resourceType':'Media','content':'x'}]`} {
		s := open(t)
		put(t, s, of("Patient/a", ""), of("DiagnosticReport/r", to("subject", "Patient/a")+`,'result':[{'reference':'Observation/broken'}]`), of("Observation/broken", broken))
		at, _ := s.Snapshot(t.Context())
		_, err := Gather(t.Context(), s, at, "a", Options{})
		if err == nil || !strings.Contains(err.Error(), "Observation/broken") {
			t.Errorf("%s: error %v", broken, err)
		}
	}
}

func TestTypeWithoutDispositionFails(t *testing.T) {
	s := open(t)
	put(t, s, of("Patient/a", ""), of("Flag/f", to("subject", "Patient/a")))
	at, _ := s.Snapshot(t.Context())
	defer func() { dispositionOf = fhir.DispositionOf }()
	dispositionOf = func(typ string) (fhir.Disposition, bool) {
		d, ok := fhir.DispositionOf(typ)
		return d, ok && typ != "Flag"
	}
	if _, err := Gather(t.Context(), s, at, "a", Options{}); err == nil || !strings.Contains(err.Error(), `"Flag" has no disposition`) {
		t.Errorf("record: %v", err)
	}
	if _, err := CountPopulation(t.Context(), s, at); err == nil || !strings.Contains(err.Error(), `"Flag" has no disposition`) {
		t.Errorf("population: %v", err)
	}
}
