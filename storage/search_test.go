package storage

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"testing"
	"time"

	"satchel/fhir"
	"satchel/internal/audittest"
)

func search(t tester, text string) fhir.Query {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var params []fhir.Param
	for name, values := range u.Query() {
		for _, v := range values {
			params = append(params, fhir.Param{Name: name, Value: v})
		}
	}
	q, unknown, err := fhir.ParseQuery(u.Path, params, fhir.Bases{})
	if err != nil || unknown != nil {
		t.Fatalf("%s: unknown %v, %v", text, unknown, err)
	}
	return q
}

// practice fills a store with 40 patients and 400 observations.
func practice(t *testing.T) (*Store, []*fhir.Document) {
	s := openNew(t)
	random := rand.New(rand.NewPCG(1, 2))
	var docs []*fhir.Document
	for i := range 40 {
		docs = append(docs, parse(t, `{"resourceType":"Patient","id":"p%d","gender":"%s","birthDate":"19%02d-01-02","name":[{"family":"F%d"}]}`,
			i, []string{"male", "female"}[i%2], 30+i, i%7))
	}
	for i := range 400 {
		docs = append(docs, parse(t, `{"resourceType":"Observation","id":"o%d","status":"%s","code":{"coding":[{"system":"http://x","code":"c%d"}]},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"20%02d-05-%02d"}`,
			i, []string{"final", "amended"}[random.IntN(2)], random.IntN(9), random.IntN(40), 10+random.IntN(10), 1+random.IntN(28)))
	}
	if _, err := s.Import(t.Context(), audittest.Who, docs); err != nil {
		t.Fatal(err)
	}
	return s, docs
}

var searches = []string{
	"Patient", "Patient?gender=male", "Patient?gender=male,female", "Patient?birthdate=lt1940", "Patient?family=f3", "Patient?_id=p3,p4,none",
	"Patient?_id=p4&gender=male", "Patient?gender=unknown", "Observation", "Observation?code=c1", "Observation?code=http://x%7Cc1,http://x%7Cc2",
	"Observation?subject=Patient/p7", "Observation?subject=Patient/p7&code=c3", "Observation?patient=p7,p8&status=amended",
	"Observation?date=ge2015-01-01&date=lt2016-01-01", "Observation?code=c1&date=2012", "Observation?status=final&code=c2&subject=Patient/p1,Patient/p2",
	"Observation?code:not=c1", "Observation?subject=Patient/none", "Condition?code=c1",
}

// A search finds what trying every document finds, in order, in pages of any size.
func TestSearch(t *testing.T) {
	t.Parallel()
	sequential(t)
	s, docs := practice(t)
	for _, text := range searches {
		q := search(t, text)
		want := []string{}
		for _, d := range docs {
			if d.Type() == q.Type && q.Match(d) {
				want = append(want, d.ID())
			}
		}
		for _, count := range []int{1, 13, 5000} {
			if count == 1 && len(want) > 20 {
				continue
			}
			got := []string{}
			p := Page{Count: count, Total: count != 1}
			for {
				found, err := s.Search(t.Context(), q, p)
				if err != nil {
					t.Fatalf("%s: %v", text, err)
				}
				for _, r := range found.Resources {
					got = append(got, r.ID)
				}
				if p.Total && found.Total != len(want) || !p.Total && found.Total != -1 {
					t.Errorf("%s: total %d, want %d", text, found.Total, len(want))
				}
				if p.Cursor = found.Next; p.Cursor == "" {
					break
				}
				if len(found.Resources) != count {
					t.Errorf("%s: a page of %d", text, len(found.Resources))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s by %d: %d found, want %d: %v", text, count, len(got), len(want), got)
			}
		}
	}
}

// Searches must have matches to tell anything.
func TestSearchesFind(t *testing.T) {
	t.Parallel()
	s, _ := practice(t)
	empty := 0
	for _, text := range searches {
		if found, _ := s.Search(t.Context(), search(t, text), Page{Count: 1}); len(found.Resources) == 0 {
			t.Logf("%s finds nothing", text)
			empty++
		}
	}
	if empty != 3 {
		t.Errorf("%d searches of %d find nothing", empty, len(searches))
	}
}

// A page holds what stands behind the one before it, whatever is written in between.
func TestPagesDoNotShift(t *testing.T) {
	t.Parallel()
	s, _ := practice(t)
	q := search(t, "Observation?code=c1")
	whole, err := s.Search(t.Context(), q, Page{Count: 5000})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	gone := map[string]bool{}
	p := Page{Count: 10}
	for i := 0; ; i++ {
		found, err := s.Search(t.Context(), q, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found.Resources {
			got = append(got, r.ID)
		}
		if p.Cursor = found.Next; p.Cursor == "" {
			break
		}
		for k := range 3 { // delete behind and ahead, add
			id := whole.Resources[(i*3+k*40)%len(whole.Resources)].ID
			remove(t, s, "Observation", id)
			gone[id] = true
		}
		put(t, s, parse(t, `{"resourceType":"Observation","id":"new%d","status":"final","code":{"coding":[{"code":"c2"}]}}`, i))
	}
	for _, r := range whole.Resources {
		if n := count(got, r.ID); n > 1 || n == 0 && !gone[r.ID] {
			t.Errorf("%s came %d times", r.ID, n)
		}
	}
}

func count(all []string, one string) (n int) {
	for _, s := range all {
		if s == one {
			n++
		}
	}
	return n
}

func TestSearchInTransaction(t *testing.T) {
	t.Parallel()
	s, _ := practice(t)
	q := search(t, "Patient?family=Own")
	err := s.write(t.Context(), func(tx *Tx) error {
		for i := range 3 {
			found, err := tx.Search(q, Page{Count: 2})
			if err != nil || len(found.Resources) != min(i, 2) {
				t.Errorf("%d: %d found (%v)", i, len(found.Resources), err)
			}
			if _, _, err := tx.Put(parse(t, `{"resourceType":"Patient","id":"own%d","name":[{"family":"Own"}]}`, i), ""); err != nil {
				return err
			}
		}
		if found, err := s.Search(t.Context(), q, Page{Count: 2}); err != nil || len(found.Resources) != 0 {
			t.Errorf("outside: %d found (%v)", len(found.Resources), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSearchEnds(t *testing.T) {
	t.Parallel()
	s, _ := practice(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := s.Search(ctx, search(t, "Observation"), Page{Count: 1}); err == nil {
		t.Error("a search outlived its context")
	}
	if _, err := s.Search(t.Context(), search(t, "Patient"), Page{Count: 1, Cursor: "-"}); codeOf(err) != fhir.CodeValue {
		t.Errorf("bad cursor: %v", err)
	}
	found, err := s.Search(t.Context(), search(t, "Patient"), Page{Total: true})
	if err != nil || found.Total != 40 || found.Resources != nil || found.Next != "" {
		t.Errorf("only counting: %+v (%v)", found, err)
	}
}

// The narrowest criterion drives, so that a patient's search does not read the type.
func TestNarrowest(t *testing.T) {
	t.Parallel()
	s, _ := practice(t)
	for text, most := range map[string]int{"Observation?status=final&subject=Patient/p7": 100, "Observation?date=ge2000&_id=o1": 1, "Observation?code=nothing&status=final": 0} {
		sr := searcher{s: s, until: t.Context(), ctx: t.Context(), db: s.reads, query: search(t, text)}
		sr.typ, _ = s.types.code("Observation")
		c, err := sr.candidates()
		if err != nil {
			t.Fatal(err)
		}
		n, after := 0, int64(0)
		for {
			rids, err := c.next(after)
			if err != nil {
				t.Fatal(err)
			}
			if len(rids) == 0 {
				break
			}
			n, after = n+len(rids), rids[len(rids)-1]
		}
		if n > most {
			t.Errorf("%s: %d candidates (probes %s)", text, n, fmt.Sprint(c.probes))
		}
	}
}
