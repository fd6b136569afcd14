package storage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/fhir"
)

// Versions come in order, whole and as of the snapshot, however large they are and wherever a page ends.
func TestRecordVersions(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	large := strings.Repeat("x", pageBytes/3)
	for v := range 5 {
		for i := range 3 {
			put(t, s, parse(t, `{"resourceType":"Basic","id":"%d","code":{"text":"%d %s"}}`, i, v, large))
		}
	}
	remove(t, s, "Basic", "1")
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "2", "new"} {
		put(t, s, parse(t, `{"resourceType":"Basic","id":"%s"}`, id))
	}
	var got []string
	err = s.Versions(t.Context(), at, []int64{3, 1, 2, 4, 2, 99}, func(r Row) error {
		text := "gone"
		if r.JSON != nil {
			_, after, _ := strings.Cut(string(r.JSON), `"text":"`)
			if text = after[:1]; !strings.HasSuffix(after, large+`"}}`) {
				t.Errorf("%s version %d is cut", r.ID, r.Version)
			}
		}
		got = append(got, fmt.Sprintf("%d %s %d %s", r.RID, r.ID, r.Version, text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 3 {
		for v := range 5 {
			want = append(want, fmt.Sprintf("%d %d %d %d", i+1, i, v+1, v))
		}
		if i == 1 {
			want = append(want, "2 1 6 gone")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	counts, err := s.VersionCounts(t.Context(), at)
	if want := (VersionCount{Living: 2, Earlier: 13, Deleted: 1, Gone: 1}); err != nil || counts["Basic"] != want {
		t.Errorf("counts %+v, %v, want %+v", counts["Basic"], err, want)
	}
}

// The statement of a page merges its two sides instead of sorting bodies.
func TestRecordVersionsAreNotSorted(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	args := make([]any, 3+pageList)
	for i := range args {
		args[i] = int64(i)
	}
	rows, err := s.scans.QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+versionsText(Snapshot{Seq: 7}), args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	steps := 0
	for rows.Next() {
		var id, parent, unused int64
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps++
		if strings.Contains(detail, "TEMP B-TREE") {
			t.Errorf("sorts: %s", detail)
		}
	}
	if steps == 0 {
		t.Error("no plan")
	}
}

// The queries of a record find what they should.
func TestRecordQueries(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	ctx := t.Context()
	for _, text := range []string{
		`{"resourceType":"Patient","id":"a"}`,
		`{"resourceType":"Patient","id":"b","link":[{"other":{"reference":"Patient/a"},"type":"seealso"}]}`,
		`{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/a"}}`,
		`{"resourceType":"Binary","id":"x","securityContext":{"reference":"Patient/a"},"data":"AAAA"}`,
		`{"resourceType":"Binary","id":"y","data":"AAAA"}`,
	} {
		put(t, s, parse(t, "%s", text))
	}
	at, err := s.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/b"}}`,
		`{"resourceType":"Observation","id":"p","subject":{"reference":"Patient/a"}}`,
		`{"resourceType":"Device","id":"d","patient":{"reference":"Patient/a"}}`,
	} {
		put(t, s, parse(t, "%s", text))
	}
	remove(t, s, "Binary", "y")
	check := func(name string, got []int64, err error, want ...int64) {
		t.Helper()
		if slices.Sort(got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
	}
	rids, err := s.OwnerRIDs(ctx, at, "a")
	check("owners", rids, err, 1, 2, 3, 4)
	rids, err = s.LinkedRIDs(ctx, at, "a")
	check("linked", rids, err, 2)
	rids, err = s.RIDs(ctx, "Binary", []string{"y", "never", "x"})
	check("by id", rids, err, 4, 5)
	rids, err = s.ChangedRIDs(ctx, at, []string{"Observation", "Binary"})
	check("changed", rids, err, 3, 5, 5, 6)
}

// rowText is all of a row.
func rowText(r Row) string {
	return fmt.Sprint(r.RID, r.Type, r.ID, r.Version, r.Updated, string(r.JSON))
}

// versionsOfType reads the versions of a type as texts; last has the last version by row, count how many there are.
func versionsOfType(t *rapid.T, s *Store, at Snapshot, typ string, last map[int64]int64, count VersionCount) (got []string) {
	n, ids := VersionCount{}, []string{}
	err := s.VersionsOfType(background, at, typ, func(r Row, isLast bool) error {
		if isLast != (last[r.RID] == r.Version) {
			t.Errorf("%s is the last version: %v", rowText(r), isLast)
		}
		n.add(isLast, r.JSON == nil, 1)
		ids = append(ids, fmt.Sprintf("%s %03d", r.ID, r.Version))
		got = append(got, rowText(r))
		return nil
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	if !slices.IsSorted(ids) {
		t.Errorf("not in order of id and version: %q", ids)
	}
	if n != count {
		t.Errorf("%s: %+v were read and %+v counted", typ, n, count)
	}
	return got
}

// What is read type by type is what is read row by row: every version as of the snapshot, whatever was written since.
func TestVersionsOfType(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	rapid.Check(t, func(t *rapid.T) {
		empty(t, s)
		write := func() {
			for range rapid.IntRange(0, 12).Draw(t, "writes") {
				d := anyDocument(t)
				if rapid.Bool().Draw(t, "delete") {
					remove(t, s, d.Type(), d.ID())
				} else {
					put(t, s, d)
				}
			}
		}
		write()
		at := snapshot(t, s)
		write()
		rids, err := s.rids(background, `SELECT rid FROM resource`)
		if err != nil {
			t.Fatalf("%v", err)
		}
		want, last := []string{}, map[int64]int64{}
		err = s.Versions(background, at, rids, func(r Row) error {
			want, last[r.RID] = append(want, rowText(r)), r.Version
			return nil
		})
		if err != nil {
			t.Fatalf("%v", err)
		}
		var got []string
		counts, err := s.VersionCounts(background, at)
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, typ := range []string{"Organization", "Observation", "Patient"} {
			got = append(got, versionsOfType(t, s, at, typ, last, counts[typ])...)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// Few values among many entries are looked up, many values among few entries are read: both find the same.
func TestEntryRIDs(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	var want []int64
	for i := range 600 {
		put(t, s, parse(t, `{"resourceType":"Device","id":"%d","patient":{"reference":"Patient/p%d"}}`, i, i%3))
		if i%3 == 1 {
			want = append(want, int64(i+1))
		}
	}
	e := fhir.ReferenceEntry("Device", "patient", "p1")
	for _, more := range []int{0, 500} {
		values := map[int64]bool{e.Value: true}
		for i := range more {
			values[-int64(i)-1] = true
		}
		got, err := s.EntryRIDs(t.Context(), e.Key, values)
		if slices.Sort(got); err != nil || !slices.Equal(got, want) {
			t.Errorf("with %d values: %d rows, %v, want %d", len(values), len(got), err, len(want))
		}
	}
}
