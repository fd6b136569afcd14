package storage

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"satchel/audit"
	"satchel/fhir"
)

// step is what a step of a request leaves in these tests.
func step(name string) RequestStep {
	who := audit.Who{Name: "ann", Kind: audit.User}
	return RequestStep{Event: RequestEvent{Who: who, Step: name}, Audit: audit.Event{Who: who, Action: audit.RequestStep, Detail: name}}
}

func addRequest(t *testing.T, s *Store) Request {
	t.Helper()
	r, err := s.AddRequest(background, 2026, Request{State: "received", Received: 20000, Due: 20030, Find: "ann", Body: []byte("{}")}, step("record"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A step is stored whole or not at all: request, history, disclosures and audit log.
func TestRequestStepIsWhole(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	r := addRequest(t, s)
	refused := errors.New("refused")
	bad := map[string]func(tx *Tx, row *Request) (RequestStep, error){
		"by the caller": func(_ *Tx, row *Request) (RequestStep, error) {
			row.State = "ready"
			return step("x"), refused
		},
		"by the audit log": func(_ *Tx, row *Request) (RequestStep, error) {
			row.State = "ready"
			st := step("x")
			st.Given = []Disclosure{{Recipient: "b"}}
			st.Audit.Action = "dance"
			return st, nil
		},
		"at the end": func(_ *Tx, row *Request) (RequestStep, error) {
			st := step("x")
			st.Then = func(*Tx, string) error { return refused }
			return st, nil
		},
	}
	for name, f := range bad {
		if _, err := s.ChangeRequest(background, r.ID, 0, f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	now, err := s.Request(background, r.Number)
	if err != nil || now.Version != 1 || now.State != "received" {
		t.Errorf("%+v, %v", now, err)
	}
	events, err1 := s.RequestEvents(background, r.ID)
	given, err2 := s.Disclosures(background, r.ID)
	log, _, err3 := s.AuditEvents(background, audit.Filter{}, audit.Page{})
	if err := errors.Join(err1, err2, err3); err != nil || len(events) != 1 || len(given) != 0 || len(log) != 1 {
		t.Errorf("%d steps, %d given, %d events, %v", len(events), len(given), len(log), err)
	}
	after, err := s.ChangeRequest(background, r.ID, 1, func(_ *Tx, row *Request) (RequestStep, error) {
		*row = Request{State: "verifying", Due: 20031, Patient: "p1", Body: []byte("{}")} // whatever else it holds stays
		st := step("verify")
		st.Given = []Disclosure{{Recipient: "b", SHA256: []byte{1}}}
		return st, nil
	})
	if err != nil || after.ID != r.ID || after.Number != r.Number || after.Received != 20000 || after.Version != 2 || !after.Created.Equal(r.Created) {
		t.Errorf("%+v, %v", after, err)
	}
	given, err = s.DisclosuresOf(background, "p1")
	if err != nil || len(given) != 1 || given[0].Request != r.ID || given[0].Time.IsZero() {
		t.Errorf("%+v, %v", given, err)
	}
	if _, err := s.ChangeRequest(background, r.ID, 1, nil); codeOf(err) != fhir.CodeConflict {
		t.Errorf("a stale one: %v", err)
	}
	if _, err := s.ChangeRequest(background, "2026-0009", 0, nil); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("none: %v", err)
	}
}

// History and disclosures are only ever added to, whoever asks the database.
func TestRequestHistoryStays(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	r := addRequest(t, s)
	_, err := s.ChangeRequest(background, r.ID, 0, func(*Tx, *Request) (RequestStep, error) {
		st := step("x")
		st.Given = []Disclosure{{Recipient: "b"}}
		return st, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{
		`UPDATE request_event SET note = 'x'`, `DELETE FROM request_event`, `UPDATE disclosure SET recipient = 'x'`, `DELETE FROM disclosure`,
		fmt.Sprintf(`INSERT INTO request_event (request, ord, time, who, kind, step, before, after, note) VALUES ('%s', 9, 0, '', '', '', '', '', '')`, r.ID),
		fmt.Sprintf(`INSERT OR REPLACE INTO request_event (request, ord, time, who, kind, step, before, after, note) VALUES ('%s', 1, 0, '', '', '', '', '', '')`, r.ID),
		`DELETE FROM request`,
	} {
		if err := s.write(background, func(tx *Tx) error { return tx.exec(q) }); err == nil {
			t.Errorf("done: %s", q)
		}
	}
	if events, err := s.RequestEvents(background, r.ID); err != nil || len(events) != 2 || events[1].Note != "" {
		t.Errorf("%+v, %v", events, err)
	}
}

// Numbers are given once, also to many at once.
func TestRequestNumbers(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]bool{}
	for range 8 {
		group.Go(func() {
			for range 5 {
				r, err := s.AddRequest(background, 2026, Request{State: "received", Body: []byte("{}")}, step("record"))
				mu.Lock()
				if err != nil || seen[r.Number] || !strings.HasPrefix(r.Number, "2026-00") {
					t.Errorf("%s, %v", r.Number, err)
				}
				seen[r.Number] = true
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if !seen["2026-0001"] || !seen["2026-0040"] {
		t.Errorf("%d numbers, with gaps", len(seen))
	}
}

// The board's list is found by its index.
func TestRequestListUsesIndex(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for q, want := range map[string]string{
		`SELECT id FROM request WHERE state IN ('received','ready') ORDER BY due, rid`: "request_state",
		`SELECT id FROM request ORDER BY due, rid LIMIT 100`:                           "request_due",
		`SELECT id FROM request WHERE patient = 'p1' AND patient <> ''`:                "request_patient",
		`SELECT id FROM disclosure WHERE patient = 'p1' ORDER BY id`:                   "disclosure_patient",
	} {
		if got := planOf(t, s, q); !strings.Contains(got, want) {
			t.Errorf("%s: %s", q, got)
		}
	}
}

func planOf(t *testing.T, s *Store, q string) string {
	t.Helper()
	rows, err := s.reads.db.QueryContext(background, `EXPLAIN QUERY PLAN `+q)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var text string
		if err := rows.Scan(&id, &parent, &unused, &text); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, text)
	}
	return strings.Join(plan, "; ")
}

// Each part of a filter narrows the list.
func TestRequestFilter(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	add := func(r Request) {
		t.Helper()
		r.Body = []byte("{}")
		if _, err := s.AddRequest(background, 2026, r, step("record")); err != nil {
			t.Fatal(err)
		}
	}
	add(Request{State: "received", Received: 100, Due: 130, Find: "ann", Patient: "p1"})
	add(Request{State: "ready", Received: 110, Due: 140, Find: "bea", Patient: "p2"})
	add(Request{State: "closed", Received: 120, Due: 150, Find: "ann bea"})
	for name, tt := range map[string]struct {
		filter RequestFilter
		want   int
	}{
		"all": {RequestFilter{}, 3}, "states": {RequestFilter{States: []string{"ready", "closed"}}, 2}, "patient": {RequestFilter{Patient: "p1"}, 1},
		"words": {RequestFilter{Words: []string{"ann"}}, 2}, "two words": {RequestFilter{Words: []string{"ann", "bea"}}, 1}, "number": {RequestFilter{Words: []string{"2026-0002"}}, 1},
		"due": {RequestFilter{DueUpto: 140}, 2}, "since": {RequestFilter{Since: 110}, 2}, "until": {RequestFilter{Until: 110}, 1},
	} {
		list, _, err := s.Requests(background, tt.filter, RequestPage{Count: 10})
		if err != nil || len(list) != tt.want {
			t.Errorf("%s: %d requests, want %d, %v", name, len(list), tt.want, err)
		}
	}
}
