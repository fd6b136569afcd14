package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/await"
)

// auditStore opens a new store; path is where its file lies.
func auditStore(t testing.TB) (s *Store, path string) {
	t.Helper()
	path = newFile(t)
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}

// someEvent is the i-th of a row of different events.
func someEvent(i int) audit.Event {
	actions := audit.Actions()
	return audit.Event{
		Who: audit.Who{Name: fmt.Sprintf("user%d", i%3), Kind: audit.Kinds()[i%5]}, From: fmt.Sprintf("10.0.0.%d", i%4),
		Action: actions[i%len(actions)], Target: fmt.Sprintf("Patient/p%d", i%7), Outcome: audit.Outcomes()[i%3], Status: 200 + i%5,
		Patients: []string{fmt.Sprintf("p%d", i%7), fmt.Sprintf("q%d", i)}, More: i % 2, Detail: fmt.Sprintf("count=%d", i), RequestID: fmt.Sprintf("r%d", i),
	}
}

// fill adds n events, a few in each transaction.
func fillAudit(t testing.TB, s *Store, n int) {
	t.Helper()
	for i := 0; i < n; {
		err := s.write(context.Background(), func(tx *Tx) error {
			for k := 0; k < 10 && i < n; k++ {
				if err := tx.record(someEvent(i)); err != nil {
					return err
				}
				i++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func allEvents(t testing.TB, s *Store, f audit.Filter, order audit.Sort) []audit.Event {
	t.Helper()
	var all []audit.Event
	for e, err := range s.AuditStream(context.Background(), f, order) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func mustHead(t testing.TB, s *Store) audit.Anchor {
	t.Helper()
	a, err := s.AuditHead(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustVerify(t testing.TB, s *Store, anchors ...audit.Anchor) audit.Verdict {
	t.Helper()
	v, err := s.VerifyAudit(context.Background(), anchors...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAuditRoundTrip(t *testing.T) {
	t.Parallel()
	s, path := auditStore(t)
	if v := mustVerify(t, s, mustHead(t, s)); !v.OK() || v.Rows != 0 {
		t.Fatalf("empty log: %s", v)
	}
	fillAudit(t, s, 25)
	head := mustHead(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := allEvents(t, s, audit.Filter{}, audit.Sort{})
	if len(all) != 25 {
		t.Fatalf("%d events", len(all))
	}
	var prev [32]byte
	for i, got := range all {
		want, _ := someEvent(i).Clean()
		want.Seq, want.Time = int64(i+1), got.Time
		prev = audit.Sum(prev, want)
		want.Hash = fmt.Sprintf("%x", prev)
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
		if i > 0 && got.Time.Before(all[i-1].Time) {
			t.Fatalf("event %d is earlier than the one before", i)
		}
	}
	if got := mustHead(t, s); got.Hash != prev || got.Hash != head.Hash || got.Seq != 25 {
		t.Errorf("head %s, before %s", got, head)
	}
	if v := mustVerify(t, s, head); !v.OK() || v.Rows != 25 || v.Anchors != 1 {
		t.Error(v)
	}
}

// An event and what it tells of are stored both or not at all.
func TestAuditIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	s, _ := auditStore(t)
	d, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"a"}`))
	if err != nil {
		t.Fatal(err)
	}
	refusal := errors.New("no")
	err = s.write(t.Context(), func(tx *Tx) error {
		if _, _, err := tx.Put(d, ""); err != nil {
			return err
		}
		return errors.Join(tx.record(someEvent(1)), refusal)
	})
	if !errors.Is(err, refusal) || mustHead(t, s).Seq != 0 {
		t.Fatalf("rolled back: %v, head %s", err, mustHead(t, s))
	}
	var at time.Time
	err = s.write(t.Context(), func(tx *Tx) error {
		r, _, err := tx.Put(d, "")
		at = r.Updated
		return errors.Join(err, tx.record(someEvent(1)))
	})
	if all := allEvents(t, s, audit.Filter{}, audit.Sort{}); err != nil || len(all) != 1 || !all[0].Time.Equal(at) {
		t.Fatalf("%v, %+v, want time %s", err, all, at)
	}
	err = s.write(t.Context(), func(tx *Tx) error { return tx.record(audit.Event{Action: "dance", Who: audit.Who{Kind: audit.User}}) })
	if err == nil || mustHead(t, s).Seq != 1 {
		t.Errorf("an unknown action: %v", err)
	}
}

// Without the audit log nothing is done: a write whose event cannot be stored leaves nothing behind, even if the caller
// drops the error.
func TestAuditOrRefuse(t *testing.T) {
	t.Parallel()
	for name, sabotage := range map[string]string{
		"no head":  `DROP TRIGGER audit_head_no_delete; DELETE FROM clock`,
		"no table": `DROP TABLE audit`,
		"refusing": `CREATE TRIGGER x BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'x'); END`,
	} {
		s, path := auditStore(t)
		attack(t, path, sabotage)
		d, _ := fhir.Parse([]byte(`{"resourceType":"Patient","id":"a"}`))
		err := s.write(t.Context(), func(tx *Tx) error {
			if _, _, err := tx.Put(d, ""); err != nil {
				return err
			}
			if tx.record(someEvent(1)) == nil {
				t.Errorf("%s: Tx.Audit took it", name)
			}
			return nil
		})
		if err == nil {
			t.Errorf("%s: the write was acknowledged", name)
		}
		if _, err := s.Resource(t.Context(), "Patient", "a"); codeOf(err) != fhir.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
		if s.Audit(t.Context(), someEvent(1)) == nil {
			t.Errorf("%s: Store.Audit took it", name)
		}
	}
}

func TestAuditTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	s, _ := auditStore(t)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.Now = func() time.Time { return now }
	for _, step := range []time.Duration{0, -time.Hour, time.Millisecond, time.Hour} {
		now = now.Add(step)
		if err := s.Audit(t.Context(), someEvent(1)); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, e := range allEvents(t, s, audit.Filter{}, audit.Sort{}) {
		got = append(got, e.Time.Format("15:04:05.000"))
	}
	if want := "[03:04:05.000 03:04:05.000 03:04:05.000 03:04:05.001]"; fmt.Sprint(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Many callers at once, some of which give up, in two stores on one file: each acknowledged event is there, once.
func TestAuditTogether(t *testing.T) {
	t.Parallel()
	s, path := auditStore(t)
	other, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var mu sync.Mutex
	acknowledged, givenUp := map[string]bool{}, map[string]bool{}
	var wg sync.WaitGroup
	for c := range 24 {
		wg.Go(func() {
			for i := range 20 {
				e := someEvent(i)
				e.RequestID = fmt.Sprintf("%d-%d", c, i)
				ctx, cancel := context.WithCancel(context.Background())
				if c%4 == 3 {
					time.AfterFunc(time.Duration(i*50)*time.Microsecond, cancel)
				}
				err := []*Store{s, s, s, other}[i%4].Audit(ctx, e)
				cancel()
				mu.Lock()
				if err == nil {
					acknowledged[e.RequestID] = true
				} else if errors.Is(err, context.Canceled) {
					givenUp[e.RequestID] = true
				} else {
					t.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	seen := map[string]int{}
	for _, e := range allEvents(t, s, audit.Filter{}, audit.Sort{}) {
		seen[e.RequestID]++
		if seen[e.RequestID] > 1 || !acknowledged[e.RequestID] && !givenUp[e.RequestID] {
			t.Errorf("event %s is there %d times", e.RequestID, seen[e.RequestID])
		}
	}
	for id := range acknowledged {
		if seen[id] != 1 {
			t.Errorf("event %s was acknowledged and is not there", id)
		}
	}
	if v := mustVerify(t, s); !v.OK() {
		t.Error(v)
	}
	if s.audits.open != nil {
		t.Error("a gathering stayed open")
	}
}

// Callers that wait for the writer share a transaction: they do not each take a turn.
func TestAuditGathers(t *testing.T) {
	t.Parallel()
	s, _ := auditStore(t)
	if err := s.w.lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if err := s.Audit(t.Context(), someEvent(i)); err != nil {
				t.Error(err)
			}
		})
	}
	await.Until(t, "all are gathered", func() bool {
		s.audits.Lock()
		defer s.audits.Unlock()
		return s.audits.open != nil && len(s.audits.open.events) == 10
	})
	s.w.unlock()
	wg.Wait()
	times := map[time.Time]bool{}
	for _, e := range allEvents(t, s, audit.Filter{}, audit.Sort{}) {
		times[e.Time] = true
	}
	if head := mustHead(t, s); head.Seq != 10 || len(times) != 1 {
		t.Errorf("head %s, %d transactions", head, len(times))
	}
}

// Each filter selects what a plain loop over all events selects, and each sort orders like a sort of those.
func TestAuditReport(t *testing.T) {
	t.Parallel()
	sequential(t)
	s, _ := auditStore(t)
	base := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	now := base
	s.Now = func() time.Time { now = now.Add(time.Second); return now }
	fillAudit(t, s, 230)
	all := allEvents(t, s, audit.Filter{}, audit.Sort{})
	a, b := all[40].Time, all[150].Time
	for name, c := range map[string]struct {
		f    audit.Filter
		keep func(e audit.Event) bool
	}{
		"all":      {audit.Filter{}, func(e audit.Event) bool { return true }},
		"since":    {audit.Filter{Since: a}, func(e audit.Event) bool { return !e.Time.Before(a) }},
		"until":    {audit.Filter{Until: b}, func(e audit.Event) bool { return e.Time.Before(b) }},
		"period":   {audit.Filter{Since: a, Until: b}, func(e audit.Event) bool { return !e.Time.Before(a) && e.Time.Before(b) }},
		"between":  {audit.Filter{Since: a.Add(time.Microsecond)}, func(e audit.Event) bool { return e.Time.After(a) }},
		"future":   {audit.Filter{Since: base.AddDate(1, 0, 0)}, func(e audit.Event) bool { return false }},
		"who":      {audit.Filter{Who: "USER1"}, func(e audit.Event) bool { return e.Who.Name == "user1" }},
		"kind":     {audit.Filter{Kind: audit.CLI}, func(e audit.Event) bool { return e.Who.Kind == audit.CLI }},
		"from":     {audit.Filter{From: "10.0.0.2"}, func(e audit.Event) bool { return e.From == "10.0.0.2" }},
		"actions":  {audit.Filter{Actions: []audit.Action{audit.Read, audit.Backup}}, func(e audit.Event) bool { return e.Action == audit.Read || e.Action == audit.Backup }},
		"rare":     {audit.Filter{Actions: []audit.Action{audit.Backup, audit.Restore}}, func(e audit.Event) bool { return e.Action == audit.Backup || e.Action == audit.Restore }},
		"common":   {audit.Filter{Actions: commonActions}, func(e audit.Event) bool { return slices.Contains(commonActions, e.Action) }},
		"target":   {audit.Filter{Target: "Patient/p3"}, func(e audit.Event) bool { return e.Target == "Patient/p3" }},
		"below":    {audit.Filter{Target: "Patient/"}, func(e audit.Event) bool { return true }},
		"below no": {audit.Filter{Target: "Pat/"}, func(e audit.Event) bool { return false }},
		"patient":  {audit.Filter{Patient: "q17"}, func(e audit.Event) bool { return slices.Contains(e.Patients, "q17") }},
		"outcome":  {audit.Filter{Outcome: audit.Refused}, func(e audit.Event) bool { return e.Outcome == audit.Refused }},
		"status":   {audit.Filter{Status: 203}, func(e audit.Event) bool { return e.Status == 203 }},
		"detail":   {audit.Filter{Detail: "NT=1"}, func(e audit.Event) bool { return strings.Contains(e.Detail, "nt=1") }},
		"percent":  {audit.Filter{Detail: "%"}, func(e audit.Event) bool { return false }},
		"request":  {audit.Filter{RequestID: "r5"}, func(e audit.Event) bool { return e.RequestID == "r5" }},
		"both": {audit.Filter{Who: "user2", Patient: "p2", Since: a}, func(e audit.Event) bool {
			return e.Who.Name == "user2" && slices.Contains(e.Patients, "p2") && !e.Time.Before(a)
		}},
	} {
		for _, by := range append(audit.Fields(), "") {
			for _, down := range []bool{false, true} {
				order := audit.Sort{By: by, Down: down}
				want := seqs(sorted(slices.DeleteFunc(slices.Clone(all), func(e audit.Event) bool { return !c.keep(e) }), order))
				if got := seqs(paged(t, s, c.f, order)); !slices.Equal(got, want) {
					t.Errorf("%s by %q down %v:\ngot  %v\nwant %v", name, by, down, got, want)
				}
				if got := seqs(allEvents(t, s, c.f, order)); !slices.Equal(got, want) {
					t.Errorf("%s by %q down %v, stream: got %v\nwant %v", name, by, down, got, want)
				}
			}
		}
	}
}

func seqs(events []audit.Event) (n []int64) {
	for _, e := range events {
		n = append(n, e.Seq)
	}
	return n
}

// sorted orders events as a report should.
func sorted(events []audit.Event, order audit.Sort) []audit.Event {
	key := func(e audit.Event) string {
		return map[audit.Field]string{
			audit.FieldWho: strings.ToLower(e.Who.Name), audit.FieldKind: string(e.Who.Kind), audit.FieldFrom: e.From, audit.FieldAction: string(e.Action),
			audit.FieldTarget: e.Target, audit.FieldPatients: strings.Join(e.Patients, " "), audit.FieldOutcome: string(e.Outcome),
			audit.FieldStatus: fmt.Sprintf("%09d", e.Status), audit.FieldDetail: e.Detail, audit.FieldRequest: e.RequestID,
		}[order.By]
	}
	slices.SortStableFunc(events, func(a, b audit.Event) int { return strings.Compare(key(a), key(b)) })
	if order.Down {
		slices.Reverse(events)
	}
	return events
}

// paged reads a report in pages of 23.
func paged(t *testing.T, s *Store, f audit.Filter, order audit.Sort) (all []audit.Event) {
	t.Helper()
	for p := (audit.Page{Sort: order, Count: 23}); ; {
		page, next, err := s.AuditEvents(t.Context(), f, p)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > 23 || next != "" && len(page) < 23 {
			t.Fatalf("a page of %d", len(page))
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		p.Cursor = next
	}
}

// The usual questions go by an index.
func TestAuditReportPlans(t *testing.T) {
	t.Parallel()
	sequential(t)
	s, _ := auditStore(t)
	for _, c := range []struct {
		f    audit.Filter
		by   audit.Field
		want string
	}{
		{audit.Filter{}, audit.FieldTime, "SCAN audit"},
		{audit.Filter{Patient: "p1"}, audit.FieldTime, "SEARCH audit USING INTEGER PRIMARY KEY (rowid=?)"},
		{audit.Filter{Actions: []audit.Action{audit.Backup}}, audit.FieldTime, "SEARCH audit USING INDEX audit_action (action=?)"},
		{audit.Filter{Actions: []audit.Action{audit.Read}}, audit.FieldTime, "SCAN audit"},
	} {
		q, err := auditQueryOf(c.f, audit.Page{Sort: audit.Sort{By: c.by, Down: true}})
		if err != nil {
			t.Fatal(err)
		}
		var got string
		text := ` FROM audit`
		if len(q.where) > 0 {
			text += ` WHERE ` + strings.Join(q.where, ` AND `)
		}
		row := s.reads.db.QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN SELECT `+auditColumns+text+` ORDER BY `+q.order+` LIMIT 10`, q.args...)
		if err := row.Scan(new(int), new(int), new(int), &got); err != nil || got != c.want {
			t.Errorf("%+v by %s: got %q, %v, want %q", c.f, c.by, got, err, c.want)
		}
	}
}

func TestAuditReportRefuses(t *testing.T) {
	t.Parallel()
	sequential(t)
	s, _ := auditStore(t)
	for name, c := range map[string]struct {
		f audit.Filter
		p audit.Page
	}{
		"action":  {f: audit.Filter{Actions: []audit.Action{"dance"}}},
		"kind":    {f: audit.Filter{Kind: "robot"}},
		"outcome": {f: audit.Filter{Outcome: "fine"}},
		"patient": {f: audit.Filter{Patient: "Patient/1"}},
		"sort":    {p: audit.Page{Sort: audit.Sort{By: "hash; DROP TABLE audit"}}},
		"cursor":  {p: audit.Page{Cursor: "x y"}},
	} {
		if _, _, err := s.AuditEvents(t.Context(), c.f, c.p); codeOf(err) != fhir.CodeValue {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAuditAnchorFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.head")
	if got, err := ReadAuditAnchors(path); err != nil || got != nil {
		t.Fatalf("no file: %v, %v", got, err)
	}
	s, _ := auditStore(t)
	var want []audit.Anchor
	for i := range 3 {
		fillAudit(t, s, i)
		a := mustHead(t, s)
		a.Time = a.Time.Truncate(time.Millisecond)
		want = append(want, a)
		if err := AppendAuditAnchor(path, a); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadAuditAnchors(path)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %v, %v; want %v", got, err, want)
	}
	tear(t, path, 10)
	if err := AppendAuditAnchor(path, want[0]); err != nil {
		t.Fatal(err)
	}
	got, err = ReadAuditAnchors(path)
	if err == nil || !strings.Contains(err.Error(), ":3: ") || !slices.Equal(got, []audit.Anchor{want[0], want[1], want[0]}) {
		t.Errorf("after a torn line: %v, %v", got, err)
	}
}

// attack runs statements like somebody who has the file and another program for it.
func attack(t testing.TB, path string, statements string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(statements, args...); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// Who asks about a patient finds the exports of everybody, and how each export that concerns the patient went on.
func TestAuditOfPatientHoldsExports(t *testing.T) {
	t.Parallel()
	s, _ := auditStore(t)
	who := audit.Who{Name: "ann", Kind: audit.User}
	for _, e := range []audit.Event{
		{Who: who, Action: audit.Read, Target: "Patient/p1", Patients: []string{"p1"}},
		{Who: who, Action: audit.Read, Target: "Patient/p2", Patients: []string{"p2"}},
		{Who: who, Action: audit.ExportStart, Target: "j1"}, // names nobody
		{Who: who, Action: audit.ExportStart, Target: "j2", Patients: []string{"p2"}},
		{Who: who, Action: audit.ExportStart, Target: "j3", Outcome: audit.Refused, Status: 403},
		{Who: who, Action: audit.ExportStatus, Target: "j1"}, // tells nothing of anybody
		{Who: who, Action: audit.ExportComplete, Target: "j1"},
		{Who: who, Action: audit.ExportComplete, Target: "j2"},
		{Who: who, Action: audit.ExportFile, Target: "j1/Patient.0001.ndjson"},
		{Who: who, Action: audit.ExportFile, Target: "j2/Patient.0001.ndjson"},
		{Who: who, Action: audit.ExportFile, Target: "j3/Patient.0001.ndjson"},
		{Who: who, Action: audit.ExportFile, Target: "j9/Patient.0001.ndjson"}, // no such export
		{Who: who, Action: audit.ExportExpire, Target: "j1"},
	} {
		mustAudit(t, s, e)
	}
	for patient, want := range map[string]string{
		"p1":            "Patient/p1 j1 j1 j1/Patient.0001.ndjson j1",
		"p2":            "Patient/p2 j1 j2 j1 j2 j1/Patient.0001.ndjson j2/Patient.0001.ndjson j1",
		"p3":            "j1 j1 j1/Patient.0001.ndjson j1",
		audit.Everybody: "j1 j1 j1/Patient.0001.ndjson j1",
	} {
		var got []string
		for _, e := range allEvents(t, s, audit.Filter{Patient: patient}, audit.Sort{}) {
			got = append(got, e.Target)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %q, want %q", patient, got, want)
		}
	}
	if v := mustVerify(t, s); !v.OK() {
		t.Error(v)
	}
}
