package storage

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/fhir"
	"satchel/internal/audittest"
)

// ownedNow lists what belongs to a patient now, with the reason.
func ownedNow(t tester, s *Store, patient string) []string {
	t.Helper()
	rows, err := s.reads.db.Query(`SELECT r.type, r.id, o.why FROM owner o JOIN resource r ON r.rid = o.rid WHERE o.patient = ? AND o.until IS NULL`, patient)
	if err != nil {
		t.Fatalf("owned: %v", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var code, why int64
		var id string
		if err := rows.Scan(&code, &id, &why); err != nil {
			t.Fatalf("owned: %v", err)
		}
		all = append(all, fmt.Sprintf("%s/%s:%d", s.types.name(code), id, why))
	}
	slices.Sort(all)
	return all
}

// Numbers of [fhir.Why] stand in statements.
func TestWhysInStatements(t *testing.T) {
	t.Parallel()
	got := fmt.Sprint(fhir.WhyRole, fhir.WhyTied, fhir.WhyAssigned, fhir.WhyTiedShared, fhir.WhyShared, fhir.WhyOther)
	if want := "2 3 4 5 6 7"; got != want || whyNamed != `why <= 2` || whyWhole != `why <= 4` || whyTied != `why IN (3, 4, 5)` || whyShared != `why IN (5, 6)` || whyOther != `why = 7` {
		t.Errorf("%s, and statements have %s %s %s %s", got, whyNamed, whyWhole, whyTied, whyOther)
	}
}

// hangingTexts are resources that hang on others, in a chain, in a circle, and on nothing that is there.
var hangingTexts = []string{
	`{"resourceType":"Patient","id":"a","identifier":[{"system":"urn:mrn","value":"A,1|x"}]}`,
	`{"resourceType":"Patient","id":"b","identifier":[{"system":"urn:mrn","value":"B"}]}`,
	`{"resourceType":"Patient","id":"c757873d-ec9a-4326-a141-556f43239520"}`,
	`{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/a"}}`,
	`{"resourceType":"Observation","id":"on-e","encounter":{"reference":"Encounter/e"}}`,
	`{"resourceType":"DiagnosticReport","id":"on-on-e","result":[{"reference":"Observation/on-e"}]}`,
	`{"resourceType":"Provenance","id":"p","target":[{"reference":"DiagnosticReport/on-on-e"}]}`,
	`{"resourceType":"Task","id":"t1","partOf":[{"reference":"Task/t2"}]}`,
	`{"resourceType":"Task","id":"t2","partOf":[{"reference":"Task/t1"}],"focus":{"reference":"Observation/on-e"}}`,
	`{"resourceType":"Observation","id":"nowhere","encounter":{"reference":"Encounter/never"}}`,
	`{"resourceType":"Observation","id":"by-number","subject":{"identifier":{"system":"urn:mrn","value":"A,1|x"}}}`,
	`{"resourceType":"Observation","id":"by-nobodys-number","subject":{"identifier":{"system":"urn:mrn","value":"C"}},"encounter":{"reference":"Encounter/e"}}`,
	`{"resourceType":"Observation","id":"by-uuid","subject":{"reference":"URN:UUID:C757873D-EC9A-4326-A141-556F43239520"}}`,
	`{"resourceType":"List","id":"both","entry":[{"item":{"reference":"Observation/on-e"}},{"item":{"reference":"Patient/b"}}]}`,
	`{"resourceType":"List","id":"one","entry":[{"item":{"reference":"Observation/on-e"}},{"item":{"reference":"Practitioner/x"}}]}`,
	`{"resourceType":"Provenance","id":"of-both","target":[{"reference":"List/both"}]}`,
	`{"resourceType":"Basic","id":"aside","extension":[{"url":"x","valueReference":{"reference":"Patient/b"}}]}`,
}

// What hangs on others belongs to their patients, in whatever order they come, one by one or many at once.
func TestOrderOfArrival(t *testing.T) {
	t.Parallel()
	sequential(t)
	want := map[string]string{
		"a": "DiagnosticReport/on-on-e:3 Encounter/e:1 List/both:5 List/one:3 Observation/by-nobodys-number:3 Observation/by-number:3 Observation/on-e:3 Patient/a:1 " +
			"Provenance/of-both:5 Provenance/p:3 Task/t1:3 Task/t2:3",
		"b":                                    "Basic/aside:2 List/both:6 Patient/b:1 Provenance/of-both:5",
		"c757873d-ec9a-4326-a141-556f43239520": "Observation/by-uuid:3 Patient/c757873d-ec9a-4326-a141-556f43239520:1",
	}
	for seed := range uint64(12) {
		s := openNew(t)
		texts := slices.Clone(hangingTexts)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		for some := range slices.Chunk(texts, 1+int(seed)) {
			if seed%2 == 0 {
				for _, text := range some {
					put(t, s, parse(t, "%s", text))
				}
				continue
			}
			var docs []*fhir.Document
			for _, text := range some {
				docs = append(docs, parse(t, "%s", text))
			}
			if _, err := s.Import(t.Context(), audittest.Who, docs); err != nil {
				t.Fatal(err)
			}
		}
		for patient, owned := range want {
			if got := strings.Join(ownedNow(t, s, patient), " "); got != owned {
				t.Errorf("seed %d: %s has\n%s, want\n%s", seed, patient, got, owned)
			}
		}
		sound(t, s)
	}
}

// A correction of what others hang on moves them, and a snapshot from before still shows them where they were.
func TestTiesMove(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for _, text := range hangingTexts {
		put(t, s, parse(t, "%s", text))
	}
	before := snapshot(t, s)
	put(t, s, parse(t, `{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/b"}}`))
	after := snapshot(t, s)
	if got := keys(t, s, before, Selection{Patients: []string{"a"}, Types: []string{"Observation"}}); !slices.Equal(got, []string{"Observation/on-e#1", "Observation/by-number#1", "Observation/by-nobodys-number#1"}) {
		t.Errorf("before: %v", got)
	}
	if got := keys(t, s, after, Selection{Patients: []string{"b"}, Types: []string{"Observation", "Task"}}); len(got) != 4 {
		t.Errorf("after: %v", got)
	}
	remove(t, s, "Encounter", "e")
	if got := keys(t, s, snapshot(t, s), Selection{Patients: []string{"b"}, Types: []string{"Observation"}}); len(got) != 2 {
		t.Errorf("what hung on a deleted encounter: %v", got)
	}
	remove(t, s, "Observation", "on-e")
	if got := keys(t, s, snapshot(t, s), Selection{Patients: []string{"b"}, Types: []string{"Observation"}, Deleted: true}); len(got) != 1 {
		t.Errorf("deleted: %v", got)
	}
	put(t, s, parse(t, `{"resourceType":"Patient","id":"b","identifier":[{"system":"urn:mrn","value":"A,1|x"}]}`))
	if got := ownedNow(t, s, "a"); slices.Contains(got, "Observation/by-number:3") {
		t.Errorf("a number of two patients names one: %v", got)
	}
	sound(t, s)
}

// What comes to belong to a patient later is new to an export since then, and to no other.
func TestLateTies(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	put(t, s, parse(t, `{"resourceType":"Observation","id":"o","encounter":{"reference":"Encounter/e"}}`))
	put(t, s, parse(t, `{"resourceType":"Patient","id":"a"}`))
	first := snapshot(t, s)
	put(t, s, parse(t, `{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/a"}}`))
	second := snapshot(t, s)
	put(t, s, parse(t, `{"resourceType":"Patient","id":"b"}`))
	third := snapshot(t, s)
	for _, c := range []struct {
		at   Snapshot
		sel  Selection
		want []string
	}{
		{first, Selection{Patients: []string{"a"}}, []string{"Patient/a#1"}},
		{second, Selection{Patients: []string{"a"}, Since: first.Time}, []string{"Observation/o#1", "Encounter/e#1"}},
		{second, Selection{Owned: true, Since: first.Time}, []string{"Observation/o#1", "Encounter/e#1"}},
		{second, Selection{Owned: true, Since: first.Time, Types: []string{"Observation"}}, []string{"Observation/o#1"}},
		{third, Selection{Patients: []string{"a"}, Since: second.Time}, []string{}},
		{third, Selection{Owned: true, Since: second.Time}, []string{"Patient/b#1"}},
		{third, Selection{Owned: true, Since: third.Time}, []string{}},
		{third, Selection{Since: first.Time}, []string{"Encounter/e#1", "Patient/b#1"}},
	} {
		if got := keys(t, s, c.at, c.sel); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// anyHanger draws a document that hangs on others, or that others hang on.
func anyHanger(t *rapid.T) *fhir.Document {
	number := func(name string) int { return rapid.IntRange(0, 3).Draw(t, name) }
	switch rapid.IntRange(0, 5).Draw(t, "kind of hanger") {
	case 0:
		return parse(t, `{"resourceType":"Patient","id":"%d","identifier":[{"system":"s","value":"%d"}]}`, number("id"), number("number"))
	case 1:
		return parse(t, `{"resourceType":"Encounter","id":"%d","subject":{"reference":"Patient/%d"}}`, number("id"), number("subject"))
	case 2:
		return parse(t, `{"resourceType":"Encounter","id":"%d","partOf":{"reference":"Encounter/%d"}}`, number("id"), number("part"))
	case 3:
		return parse(t, `{"resourceType":"Observation","id":"%d","subject":{"identifier":{"system":"s","value":"%d"}},"encounter":{"reference":"Encounter/%d"}}`,
			number("id"), number("number"), number("encounter"))
	case 4:
		return parse(t, `{"resourceType":"List","id":"%d","entry":[{"item":{"reference":"Observation/%d"}},{"item":{"reference":"List/%d"}},{"item":{"reference":"Patient/%d"}}]}`,
			number("id"), number("first"), number("list"), number("patient"))
	}
	return parse(t, `{"resourceType":"Task","id":"%d","basedOn":[{"reference":"Task/%d"}],"focus":{"reference":"List/%d"}}`, number("id"), number("order"), number("focus"))
}

// Whatever is written in whatever way, owners by ties are those that follow from all documents.
func TestTiesKeepUp(t *testing.T) {
	t.Parallel()
	sequential(t)
	s := openNew(t)
	rapid.Check(t, func(t *rapid.T) {
		anyWrites(t, s, anyHanger)
		before := map[string][]string{}
		for _, id := range []string{"0", "1", "2", "3"} {
			before[id] = living(t, s, id)
		}
		if err := s.RebuildOwners(background); err != nil {
			t.Fatalf("rebuild: %v", err)
		}
		sound(t, s)
		for id, want := range before {
			if got := living(t, s, id); !slices.Equal(got, want) {
				t.Fatalf("a rebuild gave %v to %s, before it had %v", got, id, want)
			}
		}
	})
}

// living is what a patient's exports hold.
func living(t tester, s *Store, patient string) []string {
	t.Helper()
	return keys(t, s, snapshot(t, s), Selection{Patients: []string{patient}})
}

// The doctor sees what is wrong about ties, and heals it.
func TestDoctorOfTies(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for _, text := range hangingTexts {
		put(t, s, parse(t, "%s", text))
	}
	put(t, s, parse(t, `{"resourceType":"Task","id":"t1","status":"draft"}`))
	sound(t, s)
	for _, damage := range []string{
		`DELETE FROM owner WHERE why = 3`,
		`DELETE FROM tie`,
		`INSERT INTO tie VALUES (1, 1)`,
		`INSERT INTO owner VALUES ('b', 4, 99, NULL, 3)`,
		`UPDATE owner SET why = 5 WHERE why = 3`,
		`UPDATE owner SET patient = 'b' WHERE why = 3`,
		`UPDATE resource SET owned = 0 WHERE id = 'on-e'`,
	} {
		if err := s.write(t.Context(), func(tx *Tx) error { return tx.exec(damage) }); err != nil {
			t.Fatal(err)
		}
		if lines, err := s.CheckOwners(t.Context()); err != nil || lines == nil {
			t.Errorf("%s: not seen (%v)", damage, err)
		}
		if err := s.RebuildOwners(t.Context()); err != nil {
			t.Fatal(err)
		}
		sound(t, s)
	}
}

// Whose a document is before it is stored is what the index says afterwards.
func TestBelonging(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for _, text := range hangingTexts {
		put(t, s, parse(t, "%s", text))
	}
	for text, want := range map[string]string{
		`{"resourceType":"Observation","id":"new","encounter":{"reference":"Encounter/e"}}`:                                                                      "[{a 3}]",
		`{"resourceType":"Observation","id":"new","encounter":{"reference":"Encounter/e"},"extension":[{"url":"x","valueReference":{"reference":"Patient/b"}}]}`: "[{a 3} {b 7}]",
		`{"resourceType":"List","id":"new","entry":[{"item":{"reference":"Patient/b"}},{"item":{"reference":"Task/t1"}}]}`:                                       "[{a 5} {b 6}]",
		`{"resourceType":"Observation","id":"new","subject":{"reference":"Patient/b"}}`:                                                                          "[{b 1}]",
	} {
		d := parse(t, "%s", text)
		got, err := s.Belonging(t.Context(), d)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v %v, want %s", text, got, err, want)
		}
	}
}
