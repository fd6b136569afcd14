package storage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/fhir"
)

// linkedText is what a test compares of linked patients.
func linkedText(all []LinkedPatient) string {
	var parts []string
	for _, p := range all {
		text := fmt.Sprintf("%s %s %s %d", p.ID, strings.Join(p.Links, "+")+"<"+strings.Join(p.Back, "+"), p.Near, p.Steps)
		if p.Deleted {
			text += " deleted"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// Links are found from either side, over several steps, in circles, of deleted patients, and as of a snapshot.
func TestLinkedPatients(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for _, text := range []string{
		`{"resourceType":"Patient","id":"a","birthDate":"1960","link":[{"other":{"reference":"Patient/b"},"type":"seealso"},{"other":{"reference":"Patient/nowhere"},"type":"refer"},{"other":{"reference":"http://x/Patient/e"},"type":"refer"}]}`,
		`{"resourceType":"Patient","id":"b","birthDate":"1960-01-01"}`,
		`{"resourceType":"Patient","id":"c","birthDate":"1961","link":[{"other":{"reference":"Patient/a"},"type":"replaces"}]}`,
		`{"resourceType":"Patient","id":"d","link":[{"other":{"reference":"Patient/b"},"type":"replaced-by"},{"other":{"reference":"Patient/c"},"type":"refer"}]}`,
		`{"resourceType":"Patient","id":"e"}`,
	} {
		put(t, s, parse(t, "%s", text))
	}
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	remove(t, s, "Patient", "d")
	put(t, s, parse(t, "%s", `{"resourceType":"Patient","id":"c","birthDate":"1961"}`))
	for _, c := range []struct {
		at       Snapshot
		id, want string
	}{
		{at, "a", "b seealso< a 1; c <replaces a 1; d <replaced-by b 2"},
		{at, "d", "b replaced-by< d 1; c refer< d 1; a <seealso b 2"},
		{at, "e", ""},
		{Latest, "a", "b seealso< a 1; d <replaced-by b 2 deleted; c refer< d 3"},
		{Latest, "d", "b replaced-by< d 1; c refer< d 1; a <seealso b 2"},
	} {
		all, err := s.LinkedPatients(t.Context(), c.at, c.id)
		if got := linkedText(all); err != nil || got != c.want {
			t.Errorf("linked with %s: %s, %v\nwant %s", c.id, got, err, c.want)
		}
		for _, p := range all {
			if agrees := c.id == "a" && p.ID == "b"; agrees != (p.Differs == nil) {
				t.Errorf("%s and %s differ in %q", c.id, p.ID, p.Differs)
			}
		}
	}
	all, err := s.LinkedPatients(t.Context(), Latest, "e", "b", "e", "a", "b")
	if got := linkedText(all); err != nil || got != "b < e 0; a <seealso b 1; d <replaced-by b 1 deleted; c refer< d 2" || !all[0].Named || !all[1].Named || all[2].Named {
		t.Errorf("with some that are named: %s, %v", got, err)
	}
	for _, named := range [][]string{{"nowhere"}, {"nowhere", "a"}, {"a", "nowhere"}} {
		if _, err := s.LinkedPatients(t.Context(), Latest, named[0], named[1:]...); !fhir.IsCode(err, fhir.CodeNotFound) {
			t.Errorf("%v: %v", named, err)
		}
	}
}

// Whatever links there are, those linked with a patient are those that can be reached from it in either direction, each once, as
// near as can be; and whoever is linked with somebody is so from the other side, too.
func TestLinkedPatientsAreAllThatCanBeReached(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	rapid.Check(t, func(rt *rapid.T) {
		empty(rt, s)
		n := rapid.IntRange(1, 7).Draw(rt, "patients")
		near := make([][]int, n)
		for i := range n {
			var links []string
			for _, to := range rapid.SliceOfN(rapid.IntRange(0, n+1), 0, 3).Draw(rt, "links") {
				links = append(links, fmt.Sprintf(`{"other":{"reference":"Patient/p%d"},"type":"%s"}`, to, rapid.SampledFrom([]string{"seealso", "refer", "replaces", "replaced-by"}).Draw(rt, "type")))
				if to < n {
					near[i], near[to] = append(near[i], to), append(near[to], i)
				}
			}
			body := ""
			if links != nil {
				body = `,"link":[` + strings.Join(links, ",") + `]`
			}
			put(rt, s, parse(rt, `{"resourceType":"Patient","id":"p%d"%s}`, i, body))
		}
		for i := range n {
			all, err := s.LinkedPatients(background, Latest, fmt.Sprintf("p%d", i))
			if err != nil {
				rt.Fatal(err)
			}
			got := map[string]int{}
			for _, p := range all {
				got[p.ID] = p.Steps
			}
			if want := distances(near, i); len(all) != len(got) || fmt.Sprint(got) != fmt.Sprint(want) {
				rt.Fatalf("from p%d: %v, want %v", i, got, want)
			}
		}
	})
}

// distances are the steps from one point to all others that can be reached.
func distances(near [][]int, from int) map[string]int {
	seen := []int{from}
	steps := map[int]int{from: 0}
	for k := 0; k < len(seen); k++ {
		for _, to := range near[seen[k]] {
			if !slices.Contains(seen, to) {
				seen, steps[to] = append(seen, to), steps[seen[k]]+1
			}
		}
	}
	all := map[string]int{}
	for _, k := range seen[1:] {
		all[fmt.Sprintf("p%d", k)] = steps[k]
	}
	return all
}
