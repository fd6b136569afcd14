package storage

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"satchel/fhir"
	"satchel/internal/audittest"
)

func TestVersions(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	a := parse(t, `{"resourceType":"Patient","id":"p","active":true}`)
	b := parse(t, `{"resourceType":"Patient","id":"p","active":false}`)
	steps := []struct {
		do      func() (fhir.Resource, Change)
		version int64
		change  Change
		deleted bool
	}{
		{func() (fhir.Resource, Change) { return remove(t, s, "Patient", "p") }, 0, Unchanged, false},
		{func() (fhir.Resource, Change) { return put(t, s, a) }, 1, Created, false},
		{func() (fhir.Resource, Change) { return put(t, s, a) }, 1, Unchanged, false},
		{func() (fhir.Resource, Change) { return put(t, s, b) }, 2, Updated, false},
		{func() (fhir.Resource, Change) { return remove(t, s, "Patient", "p") }, 3, Deleted, true},
		{func() (fhir.Resource, Change) { return remove(t, s, "Patient", "p") }, 3, Unchanged, true},
		{func() (fhir.Resource, Change) { return put(t, s, b) }, 4, Created, false},
		{func() (fhir.Resource, Change) { return put(t, s, b) }, 4, Unchanged, false},
	}
	var last time.Time
	for i, step := range steps {
		r, c := step.do()
		if r.Version != step.version || c != step.change || r.Deleted != step.deleted {
			t.Fatalf("step %d: version %d, change %d, deleted %v; want %+v", i, r.Version, c, r.Deleted, step)
		}
		if c == Unchanged {
			if r.Version > 0 && !r.Updated.Equal(last) {
				t.Errorf("step %d: an unchanged version has time %v, not %v", i, r.Updated, last)
			}
			continue
		}
		if !r.Updated.After(last) {
			t.Errorf("step %d: time %v is not after %v", i, r.Updated, last)
		}
		last = r.Updated
		for _, read := range []func() (fhir.Resource, error){
			func() (fhir.Resource, error) { return s.Resource(t.Context(), "Patient", "p") },
			func() (fhir.Resource, error) { return s.Version(t.Context(), "Patient", "p", r.Version) },
		} {
			got, err := read()
			if diff := cmp.Diff(r, got); err != nil || diff != "" {
				t.Errorf("step %d: read back: %v %s", i, err, diff)
			}
		}
	}
	first, err := s.Version(t.Context(), "Patient", "p", 1)
	if want := fmt.Sprintf(`{"resourceType":"Patient","id":"p","meta":{"versionId":"1","lastUpdated":"%s"},"active":true}`,
		fhir.FormatInstant(first.Updated)); err != nil || string(first.JSON) != want {
		t.Errorf("version 1 is %s (%v), want %s", first.JSON, err, want)
	}
	if n := snapshot(t, s).Seq; n != 4 {
		t.Errorf("4 versions took %d seqs", n)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	put(t, s, parse(t, `{"resourceType":"Patient","id":"p"}`))
	_, a := s.Resource(t.Context(), "Patient", "q")
	_, b := s.Version(t.Context(), "Patient", "p", 2)
	_, c := s.Job(t.Context(), "j")
	_, _, d := s.History(t.Context(), HistoryQuery{Type: "Patient", ID: "q"})
	for i, err := range []error{a, b, c, d} {
		if codeOf(err) != fhir.CodeNotFound {
			t.Errorf("%d: %v", i, err)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	write := func(d *fhir.Document, id string) (r fhir.Resource, err error) {
		err = s.write(t.Context(), func(tx *Tx) error { r, _, err = tx.Put(d, id); return err })
		return r, err
	}
	none := parse(t, `{"resourceType":"Patient"}`)
	one, err := write(none, "")
	if err != nil || !fhir.IsID(one.ID) || len(one.ID) != 36 {
		t.Errorf("random id %q (%v)", one.ID, err)
	}
	other, err := write(parse(t, `{"resourceType":"Patient","id":"client"}`), "server")
	if err != nil || other.ID != "server" {
		t.Errorf("id %q (%v)", other.ID, err)
	}
	if _, err := write(none, "a/b"); codeOf(err) != fhir.CodeValue {
		t.Errorf("illegal id: %v", err)
	}
	// Each Patient must own itself by the id that it got, not by the one it came with.
	at := snapshot(t, s)
	if got := keys(t, s, at, Selection{Patients: []string{one.ID, "server", "client"}}); len(got) != 2 {
		t.Errorf("patients own %v", got)
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	d := parse(t, `{"resourceType":"Patient","id":"p"}`)
	no := errors.New("no")
	err := s.write(t.Context(), func(tx *Tx) error {
		tx.Put(d, "")
		return no
	})
	if !errors.Is(err, no) {
		t.Errorf("error %v", err)
	}
	func() {
		defer func() { recover() }()
		s.write(t.Context(), func(tx *Tx) error {
			tx.Put(d, "")
			panic("no")
		})
	}()
	err = s.write(t.Context(), func(tx *Tx) error { // SQLite may have rolled back by itself: nothing may follow
		tx.Put(d, "")
		tx.exec(`INSERT INTO nowhere VALUES (1)`)
		tx.Put(d, "q")
		return nil
	})
	if err == nil {
		t.Error("a transaction with a failed statement was committed")
	}
	if _, err := s.Resource(t.Context(), "Patient", "p"); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("something stayed: %v", err)
	}
	if _, c := put(t, s, d); c != Created {
		t.Errorf("afterwards: change %d", c)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for i := range 3 {
		put(t, s, parse(t, `{"resourceType":"Patient","id":"p%d"}`, i))
	}
	remove(t, s, "Patient", "p2")
	var docs []*fhir.Document
	var want []Change
	add := func(c Change, format string, args ...any) {
		docs, want = append(docs, parse(t, format, args...)), append(want, c)
	}
	for i := range 500 { // more than one statement of each kind
		add(Created, `{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"%d"},"subject":{"reference":"Patient/p%d"}}`, i, i, i%3)
	}
	add(Unchanged, `{"resourceType":"Patient","id":"p0"}`)
	add(Updated, `{"resourceType":"Patient","id":"p1","active":true}`)
	add(Updated, `{"resourceType":"Patient","id":"p1"}`)
	add(Unchanged, `{"resourceType":"Patient","id":"p1"}`)
	add(Created, `{"resourceType":"Patient","id":"p2"}`)
	add(Created, `{"resourceType":"Patient","id":"p3"}`)
	add(Updated, `{"resourceType":"Patient","id":"p3","active":true}`)
	got, err := s.Import(t.Context(), audittest.Who, docs)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%v %s", err, diff)
	}
	got, err = s.Import(t.Context(), audittest.Who, docs[:500])
	if err != nil || slices.ContainsFunc(got, func(c Change) bool { return c != Unchanged }) {
		t.Errorf("a second time: %v %v", err, got)
	}
	if types, err := s.Types(t.Context()); err != nil || types["Observation"] != 500 || types["Patient"] != 4 || len(types) != 2 {
		t.Errorf("types %v (%v)", types, err)
	}
	sound(t, s)
}

func TestHistory(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for i := range 30 {
		put(t, s, parse(t, `{"resourceType":"Patient","id":"p%d","multipleBirthInteger":%d}`, i%3, i))
		put(t, s, parse(t, `{"resourceType":"Organization","id":"o","name":"%d"}`, i))
	}
	remove(t, s, "Patient", "p1")
	middle, err := s.Version(t.Context(), "Patient", "p0", 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		q    HistoryQuery
		want int
	}{
		{HistoryQuery{}, 61}, {HistoryQuery{Type: "Patient"}, 31}, {HistoryQuery{Type: "Patient", ID: "p1"}, 11},
		{HistoryQuery{Type: "Organization", ID: "o"}, 30}, {HistoryQuery{Type: "Patient", ID: "p0", Since: middle.Updated}, 6},
		{HistoryQuery{Type: "Observation"}, 0},
	} {
		var all []fhir.Resource
		for c.q.Count = 7; ; {
			page, next, err := s.History(t.Context(), c.q)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if c.q.Cursor = next; next == "" {
				break
			}
			if len(page) != 7 {
				t.Errorf("%+v: a page of %d", c.q, len(page))
			}
		}
		if len(all) != c.want {
			t.Errorf("%+v: %d versions, want %d", c.q, len(all), c.want)
		}
		for i := 1; i < len(all); i++ {
			if !all[i].Updated.Before(all[i-1].Updated) {
				t.Errorf("%+v: %v after %v", c.q, all[i], all[i-1])
			}
		}
	}
	if _, _, err := s.History(t.Context(), HistoryQuery{Cursor: "x"}); codeOf(err) != fhir.CodeValue {
		t.Errorf("bad cursor: %v", err)
	}
}

// A batch that was prepared before another write is stamped after it.
func TestBatchOvertaken(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	b, err := s.Prepare([]*fhir.Document{parse(t, `{"resourceType":"Patient","id":"p"}`)})
	if err != nil {
		t.Fatal(err)
	}
	var at Snapshot
	for range 3 { // beyond the millisecond of the batch
		at = snapshot(t, s)
	}
	if _, err := s.ImportBatch(t.Context(), audittest.Who, b); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resource(t.Context(), "Patient", "p")
	if err != nil || !r.Updated.After(at.Time) {
		t.Errorf("stamped %v, after a snapshot of %v (%v)", r.Updated, at.Time, err)
	}
	if d := parse(t, "%s", r.JSON); string(d.Stamped(nil, "p", 1, r.Updated)) != string(r.JSON) {
		t.Errorf("the text %s does not carry the time %v", r.JSON, r.Updated)
	}
	sound(t, s)
}
