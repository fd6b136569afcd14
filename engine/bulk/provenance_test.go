package bulk

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/storage"
)

// provenanceText is a Provenance of some targets.
func provenanceText(id, recorded string, targets ...string) string {
	for i, target := range targets {
		targets[i] = `{"reference":"` + target + `"}`
	}
	return `{"resourceType":"Provenance","id":"` + id + `","target":[` + strings.Join(targets, ",") + `],"recorded":"` + recorded + `","agent":[{"who":{"display":"x"}}]}`
}

// traced is the practice with Provenance: a… of p1, b… of p2, c of p3, o of an organization and of a Provenance of p1.
func traced(t testing.TB) *storage.Store {
	s := practice(t)
	put(t, s, provenanceText("a-patient", "2024-01-01T00:00:00Z", "Patient/p1"), provenanceText("a-new", "2024-03-01T00:00:00Z", "Observation/o-p1"),
		provenanceText("a-old", "2024-02-01T00:00:00Z", "Observation/o-p1/_history/1", "Organization/org"),
		provenanceText("b", "2024-01-01T00:00:00Z", "https://here/fhir/Observation/o-p2"), provenanceText("c", "2024-01-01T00:00:00Z", "List/l-p3"),
		provenanceText("o", "2024-01-01T00:00:00Z", "Organization/org", "Observation/none", "Provenance/a-new"),
		provenanceText("two", "2024-01-01T00:00:00Z", "Patient/p3", "Observation/o-p1"))
	return s
}

// provenanceIn are the ids of the Provenance that an export holds; deleted ones with a hyphen.
func provenanceIn(t testing.TB, s *storage.Store, r Request) string {
	t.Helper()
	var ids []string
	for _, key := range write(t, s, Options{}, r).keysOf(t) {
		if id, ok := strings.CutPrefix(key, "Provenance/"); ok {
			ids = append(ids, id)
		} else if id, ok := strings.CutPrefix(key, "-Provenance/"); ok {
			ids = append(ids, "-"+id)
		}
	}
	return strings.Join(ids, " ")
}

func TestProvenanceGoesWithItsTargets(t *testing.T) {
	t.Parallel()
	s := traced(t)
	one := []string{"p1"}
	for _, tt := range []struct {
		name    string
		request Request
		want    string
	}{
		{"system", Request{Level: LevelSystem}, "a-new a-old a-patient b c o two"},
		{"all patients", Request{Level: LevelPatient}, "a-new a-old a-patient b c o two"},
		{"all patients, with it", Request{Level: LevelPatient, Types: []string{"Provenance"}}, "a-new a-old a-patient b c o two"},
		{"without it", Request{Level: LevelPatient, Types: []string{"Observation"}}, ""},
		{"one patient", Request{Level: LevelPatient, Patients: one}, "a-new a-old a-patient o"},
		{"one patient, with it", Request{Level: LevelPatient, Patients: one, Types: []string{"Patient", "Provenance"}}, "a-new a-old a-patient o"},
		{"one patient, without", Request{Level: LevelPatient, Patients: one, Types: []string{"Patient", "Observation"}}, ""},
		{"group", Request{Level: LevelGroup, Group: "g"}, "a-new a-old a-patient b o"},
		{"filters count", Request{Level: LevelPatient, TypeFilters: []string{"Provenance?recorded=ge2024-03"}}, "a-new"},
		{"newest of each", Request{Level: LevelPatient, Patients: one, Associated: AssociatedLatest}, "a-new a-patient"},
		{"newest of each, unasked", Request{Level: LevelPatient, Patients: one, Types: []string{"Observation"}, Associated: AssociatedLatest}, "a-new"},
		{"newest of all patients", Request{Level: LevelPatient, Associated: AssociatedLatest}, "a-new a-patient b two"},
		{"all of each", Request{Level: LevelPatient, Types: []string{"Observation"}, Associated: AssociatedRelevant}, "a-new a-old b two"},
		{"all of one", Request{Level: LevelPatient, Patients: one, Types: []string{"Patient"}, Associated: AssociatedRelevant}, "a-patient"},
		{"newest, system", Request{Level: LevelSystem, Types: []string{"Organization"}, Associated: AssociatedLatest}, "a-old"},
		{"organised", Request{Level: LevelGroup, Group: "g", OrganizeBy: "Patient"}, "a-new a-old a-patient b o"},
		{"all versions", Request{Level: LevelPatient, Patients: one, History: true}, "a-new a-old a-patient o"},
	} {
		if got := provenanceIn(t, s, tt.request); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestProvenanceSince(t *testing.T) {
	t.Parallel()
	s := traced(t)
	e := New(s, Options{})
	first, _ := export(t, e, Request{Level: LevelPatient})
	put(t, s, provenanceText("a-late", "2024-05-01T00:00:00Z", "Observation/o-p1"))
	remove(t, s, "Provenance/a-old", "Provenance/b", "Provenance/o")
	for _, tt := range []struct {
		request Request
		want    string
	}{
		{Request{Level: LevelPatient}, "-a-old -b -o a-late"},
		{Request{Level: LevelPatient, Patients: []string{"p1"}}, "-a-old -o a-late"},
		{Request{Level: LevelGroup, Group: "g"}, "-a-old -b -o a-late"},
		{Request{Level: LevelPatient, Types: []string{"Observation"}}, ""},
		{Request{Level: LevelSystem}, "-a-old -b -o a-late"},
	} {
		tt.request.Since = first.Snapshot.Time
		if got := provenanceIn(t, s, tt.request); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt.request, got, tt.want)
		}
	}
	// A job that starts late still sees what was there at its snapshot, whatever the index says now.
	for _, patients := range [][]string{nil, {"p1", "p2"}} {
		r := Request{Level: LevelPatient, Patients: patients, Types: []string{"Provenance"}}
		root := rootDir(t)
		made, err := e.Write(t.Context(), r, first.Snapshot, root, func(int64, int64) {})
		if err != nil {
			t.Fatal(err)
		}
		w := written{files: made.Files, lines: map[string][]string{}}
		for _, f := range made.Files {
			data, _ := root.ReadFile(f.Name)
			w.lines[f.Name] = strings.Split(strings.TrimSpace(string(data)), "\n")
		}
		got := strings.ReplaceAll(strings.Join(w.keysOf(t), " "), "Provenance/", "")
		if want := map[bool]string{true: "a-new a-old a-patient b c o two", false: "a-new a-old a-patient b o"}[patients == nil]; got != want {
			t.Errorf("%v: got %q, want %q", patients, got, want)
		}
	}
}

// Blocks: each begins with its header and its Patient, is whole in one file unless larger than a file, and together they
// hold what files by type hold.
func TestBlocks(t *testing.T) {
	t.Parallel()
	s := traced(t)
	for i := range 7 {
		put(t, s, fmt.Sprintf(`{"resourceType":"Observation","id":"m%d","status":"final","code":{},"subject":{"reference":"Patient/p2"},"performer":[{"reference":"Patient/p1"}]}`, i),
			fmt.Sprintf(`{"resourceType":"Account","id":"both%d","status":"active","subject":[{"reference":"Patient/p1"},{"reference":"Patient/p3"},{"reference":"Patient/gone"}]}`, i))
	}
	for _, limit := range []Options{{}, {FileCount: 1}, {FileCount: 5}, {FileCount: 16}, {FileSize: 1000}, {FileSize: 4000}} {
		for _, r := range []Request{{Level: LevelPatient}, {Level: LevelGroup, Group: "g"}, {Level: LevelPatient, Patients: []string{"p2", "p1"}}, {Level: LevelPatient, Types: []string{"Account"}}} {
			plain := write(t, s, Options{}, r).keysOf(t)
			r.OrganizeBy = "Patient"
			checkBlocks(t, write(t, s, limit, r), plain, limit.withDefaults())
		}
	}
	if w := write(t, s, Options{}, Request{Level: LevelGroup, Group: "empty", OrganizeBy: "Patient"}); len(w.files) != 0 {
		t.Errorf("an empty group has %+v", w.files)
	}
}

func checkBlocks(t *testing.T, w written, plain []string, limit Options) {
	t.Helper()
	found, blocks := map[string]bool{}, map[string]int{}
	block, first := "", false
	for i, f := range w.files {
		count := int64(0)
		for n, line := range w.lines[f.Name] {
			var r map[string]any
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if r["resourceType"] == "Parameters" {
				header := fmt.Sprint(at(r, "parameter.valueReference.reference")[0])
				if continues := n == 0 && i > 0 && w.files[i-1].ContinuesIn != ""; continues != (header == block) {
					t.Errorf("%s: block of %s after %s, continued: %v", f.Name, header, block, continues)
				} else if !continues {
					blocks[header]++
					first = true
				}
				block = header
				continue
			}
			key := fmt.Sprint(r["resourceType"], "/", r["id"])
			if n == 0 || first && r["resourceType"] != "Patient" && slices.Contains(plain, block) || key == block && !first {
				t.Errorf("%s: %s at line %d of the block of %s", f.Name, key, n, block)
			}
			first, found[key] = false, true
			count++
		}
		if count != f.Count || f.Type != "" || f.Count > limit.FileCount || f.Count > 1 && f.Bytes > limit.FileSize {
			t.Errorf("%+v with %d resources", f, count)
		}
		if f.ContinuesIn != "" && (i+1 == len(w.files) || w.files[i+1].Name != f.ContinuesIn) {
			t.Errorf("%s goes on in %q", f.Name, f.ContinuesIn)
		}
	}
	for header, n := range blocks {
		if n != 1 {
			t.Errorf("%d blocks of %s", n, header)
		}
	}
	got := []string{}
	for key := range found {
		got = append(got, key)
	}
	slices.Sort(got)
	plain = slices.DeleteFunc(slices.Clone(plain), func(key string) bool { return strings.HasPrefix(key, "Group/") })
	if !slices.Equal(got, plain) {
		t.Errorf("blocks hold %v\nfiles by type %v", got, plain)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	s := open(t)
	observation := func(subject, status string) string {
		return `{"resourceType":"Observation","id":"o","status":"` + status + `","code":{},"subject":{"reference":"Patient/` + subject + `"}}`
	}
	put(t, s, `{"resourceType":"Patient","id":"p"}`, `{"resourceType":"Patient","id":"q"}`, observation("q", "registered"), observation("p", "preliminary"))
	middle, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, observation("p", "final"), `{"resourceType":"Patient","id":"gone"}`, `{"resourceType":"Patient","id":"p","active":true}`)
	remove(t, s, "Patient/gone")
	for _, tt := range []struct {
		request Request
		want    string
	}{
		{Request{Level: LevelSystem, Types: []string{"Observation"}}, "registered preliminary final"},
		{Request{Level: LevelPatient, Types: []string{"Observation"}}, "registered preliminary final"},
		{Request{Level: LevelPatient, Types: []string{"Observation"}, Patients: []string{"p"}}, "preliminary final"},
		{Request{Level: LevelSystem, Types: []string{"Observation"}, Since: middle.Time}, "final"},
		{Request{Level: LevelSystem, Types: []string{"Observation"}, Until: middle.Time}, "registered preliminary"},
		{Request{Level: LevelSystem, Types: []string{"Observation"}, TypeFilters: []string{"Observation?status=preliminary,Observation?status=final"}}, "preliminary final"},
		{Request{Level: LevelPatient, Types: []string{"Observation"}, Patients: []string{"p"}, OrganizeBy: "Patient"}, "preliminary final"},
	} {
		tt.request.History = true
		var got []string
		for _, r := range write(t, s, Options{}, tt.request).list(t, ListOutput) {
			if r["resourceType"] == "Observation" {
				got = append(got, r["status"].(string))
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%+v: got %v, want %s", tt.request, got, tt.want)
		}
	}
	if got := write(t, s, Options{}, Request{Level: LevelSystem, Types: []string{"Patient"}, History: true, Since: middle.Time}).keysOf(t); strings.Join(got, " ") != "-Patient/gone Patient/p" {
		t.Errorf("deleted: %v", got)
	}
}

// The recipe of the specification for patients who join a group: learn the members, export the new ones whole, and of
// all what changed. Together that is the group's export.
func TestNewMembersRecipe(t *testing.T) {
	t.Parallel()
	s := traced(t)
	kept := map[string]bool{}
	group := Request{Level: LevelGroup, Group: "g"}
	first := write(t, s, Options{}, group)
	for _, key := range first.keysOf(t) {
		kept[key] = true
	}
	put(t, s, groupText("g", `{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p3"}},{"entity":{"reference":"Group/h"}}`),
		`{"resourceType":"Observation","id":"new","status":"final","code":{},"subject":{"reference":"Patient/p1"}}`)
	remove(t, s, "List/l-p2")

	learn := group
	learn.Types, learn.Elements = []string{"Patient"}, []string{"id"}
	var joined []string
	for _, r := range write(t, s, Options{}, learn).list(t, ListOutput) {
		if len(r) != 3 { // resourceType, id, meta
			t.Errorf("more than the id: %v", r)
		}
		if id := r["id"].(string); !kept["Patient/"+id] {
			joined = append(joined, id)
		}
	}
	if strings.Join(joined, " ") != "p3" {
		t.Fatalf("joined: %v", joined)
	}
	whole, changed := group, group
	whole.Patients, changed.Since = joined, first.Time
	for _, r := range []Request{whole, changed} {
		for _, key := range write(t, s, Options{}, r).keysOf(t) {
			if gone, ok := strings.CutPrefix(key, "-"); ok {
				delete(kept, gone)
			} else {
				kept[key] = true
			}
		}
	}
	if got, want := keysSorted(kept), write(t, s, Options{}, group).keysOf(t); !slices.Equal(got, want) {
		t.Errorf("put together %v\nthe group is %v", got, want)
	}
}

func keysSorted(set map[string]bool) []string {
	keys := []string{}
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// writeAtRandom changes and removes observations of four patients, and what says who wrote them.
func writeAtRandom(t *testing.T, s *storage.Store, random *rand.Rand) {
	for step := range 300 {
		i, j := random.IntN(4), random.IntN(6)
		switch random.IntN(6) {
		case 0:
			remove(t, s, fmt.Sprintf("Observation/%d-%d", i, j))
		case 1:
			remove(t, s, fmt.Sprintf("Provenance/%d-%d", i, j))
		case 2, 3:
			put(t, s, provenanceText(fmt.Sprintf("%d-%d", i, j), fmt.Sprintf("2024-01-01T00:00:%02dZ", step%60), fmt.Sprintf("Observation/%d-%d", i, j)))
		default:
			put(t, s, fmt.Sprintf(`{"resourceType":"Observation","id":"%d-%d","status":"final","code":{"text":"%d"},"subject":{"reference":"Patient/%d"}}`, i, j, step, i))
		}
	}
}

// sinceByAndBy exports again and again what is new, the last time when all is quiet, and compares what came together with an
// export of everything.
func sinceByAndBy(t *testing.T, s *storage.Store, r Request, quiet <-chan struct{}) {
	copied := map[string]string{}
	for n := range 12 {
		if n == 11 {
			<-quiet
		}
		w := write(t, s, Options{FileCount: 7}, r)
		r.Since = w.Time
		for _, one := range w.list(t, ListDeleted) {
			delete(copied, fmt.Sprint(at(one, "entry.request.url")[0]))
		}
		for _, one := range w.list(t, ListOutput) {
			copied[fmt.Sprint(one["resourceType"], "/", one["id"])] = fmt.Sprint(at(one, "meta.versionId"))
		}
	}
	r.Since = time.Time{}
	whole := map[string]string{}
	for _, one := range write(t, s, Options{}, r).list(t, ListOutput) {
		whole[fmt.Sprint(one["resourceType"], "/", one["id"])] = fmt.Sprint(at(one, "meta.versionId"))
	}
	delete(copied, "Parameters/<nil>")
	delete(whole, "Parameters/<nil>")
	if fmt.Sprint(copied) != fmt.Sprint(whole) || len(whole) < 8 {
		t.Errorf("%+v\ncopied %v\nthere  %v", r, copied, whole)
	}
}

// While others write, exports that each begin where the last one ended give together what is there at the end.
func TestSinceUnionUnderWrites(t *testing.T) {
	t.Parallel()
	s := open(t)
	requests := []Request{{Level: LevelSystem}, {Level: LevelPatient}, {Level: LevelPatient, Patients: []string{"0", "2"}}, {Level: LevelPatient, OrganizeBy: "Patient"}}
	for i := range 4 {
		put(t, s, fmt.Sprintf(`{"resourceType":"Patient","id":"%d"}`, i))
		for j := range 6 {
			put(t, s, fmt.Sprintf(`{"resourceType":"Observation","id":"%d-%d","status":"final","code":{},"subject":{"reference":"Patient/%d"}}`, i, j, i))
		}
	}
	var writing sync.WaitGroup
	quiet := make(chan struct{})
	for n := range 2 {
		random := rand.New(rand.NewPCG(7, uint64(n)))
		writing.Go(func() { writeAtRandom(t, s, random) })
	}
	var exporting sync.WaitGroup
	for _, r := range requests {
		exporting.Go(func() { sinceByAndBy(t, s, r, quiet) })
	}
	writing.Wait()
	close(quiet)
	exporting.Wait()
}
