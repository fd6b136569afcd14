package requests_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/requests"
	"satchel/storage"
)

// The whole way of a request, with its history, its events of the audit log and what was given.
func TestWholeWay(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	r := f.at(requests.Closed)
	if r.Number != "2026-0001" || r.Due.String() != "2026-03-31" || r.Late || r.Answered.String() != "2026-03-01" {
		t.Errorf("%s due %s, answered %s, late %v", r.Number, r.Due, r.Answered, r.Late)
	}
	if p := f.packs.last; p.Patient != "p1" || p.Purpose != "access" || p.RequestID != r.Number || p.RequestedBy != "front" || p.ApprovedBy != "doctor" || p.Form != "" {
		t.Errorf("%+v", p)
	}
	history, err := f.History(background, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for i, e := range history {
		steps = append(steps, e.Step+":"+e.After)
		if e.Ord != int64(i+1) || i > 0 && e.Before != history[i-1].After {
			t.Errorf("step %d: %+v", i, e)
		}
	}
	want := "record:received check:verifying approve:approved produce:producing started:producing finish:ready deliver:delivered close:closed"
	if got := strings.Join(steps, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	events := f.events(r.Number)
	if len(events) != len(history) {
		t.Errorf("%d events of %d steps", len(events), len(history))
	}
	for _, e := range events {
		noWord(t, e.Detail, "Mina", "1980-02-29", "555-0101")
		if !slices.Equal(e.Patients, []string{"p1"}) {
			t.Errorf("%s: patients %v", e.Action, e.Patients)
		}
	}
	if e := events[1]; e.Who != (audit.Who{Name: "front", Kind: audit.User}) || e.From != "10.0.0.7" || e.RequestID != "r-1" || e.Detail != "check, id; received to verifying" {
		t.Errorf("%+v", e)
	}
	given, err := f.Disclosures(background, r.ID)
	if err != nil || len(given) != 1 {
		t.Fatalf("%v, %v", given, err)
	}
	g := given[0]
	if g.File != "package0.zip" || g.Package != "package0" || g.Recipient != "Mina Ödegård" || g.Who != "front" || g.Patient != "p1" || g.Verdict != "COMPLETE" || len(g.SHA256) != 32 {
		t.Errorf("%+v", g)
	}
	if e := events[6]; e.Action != audit.Disclosure || !strings.Contains(e.Detail, "sha256") {
		t.Errorf("%+v", e)
	}
}

// Numbers go on through a year and begin anew with the next, by the day of receipt.
func TestNumbers(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	record := func(day requests.Day) string {
		in := wanted()
		in.Received = day
		return must(t)(f.Record(background, by("front"), in)).Number
	}
	last, err := requests.ParseDay("2025-12-31")
	if err != nil {
		t.Fatal(err)
	}
	if got := []string{record(0), record(last), record(0), record(last)}; !slices.Equal(got, []string{"2026-0001", "2025-0001", "2026-0002", "2025-0002"}) {
		t.Error(got)
	}
}

// What cannot be a request is refused with a text that says what to do, and leaves nothing.
func TestIntakeRefuses(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	for name, tt := range map[string]struct {
		change func(in *requests.Intake)
		want   fhir.Code
	}{
		"channel":      {func(in *requests.Intake) { in.Channel = "owl" }, fhir.CodeValue},
		"role":         {func(in *requests.Intake) { in.Requester.Role = "" }, fhir.CodeValue},
		"wish":         {func(in *requests.Intake) { in.Wish = "zip" }, fhir.CodeValue},
		"no name":      {func(in *requests.Intake) { in.Requester.Name = " " }, fhir.CodeRequired},
		"nobody":       {func(in *requests.Intake) { in.Patient, in.Subject = "", requests.Subject{} }, fhir.CodeRequired},
		"narrowed":     {func(in *requests.Intake) { in.Scope = requests.ScopeNarrowed }, fhir.CodeRequired},
		"everybody":    {func(in *requests.Intake) { in.Scope = requests.ScopePopulation }, fhir.CodeValue},
		"unknown":      {func(in *requests.Intake) { in.Patient = "p2" }, fhir.CodeNotFound},
		"no id":        {func(in *requests.Intake) { in.Patient = "p 1" }, fhir.CodeValue},
		"tomorrow":     {func(in *requests.Intake) { in.Received = f.Today() + 1 }, fhir.CodeValue},
		"long":         {func(in *requests.Intake) { in.Asked = strings.Repeat("x", 5000) }, fhir.CodeTooLong},
		"zero":         {func(in *requests.Intake) { in.Purpose = "a\x00b" }, fhir.CodeValue},
		"long note":    {func(in *requests.Intake) { in.Note = strings.Repeat("x", 5000) }, fhir.CodeTooLong},
		"linked no id": {func(in *requests.Intake) { in.Requester.Name = "x"; in.Subject.Name = strings.Repeat("ä", 3000) }, fhir.CodeTooLong},
		"not in UTF-8": {func(in *requests.Intake) { in.Requester.Phone = "\xff" }, fhir.CodeValue},
		"a reference":  {func(in *requests.Intake) { in.Patient = "Patient/p2" }, fhir.CodeValue},
	} {
		in := wanted()
		tt.change(&in)
		if _, err := f.Record(background, by("front"), in); code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.Record(background, requests.By{}, wanted()); code(err) != fhir.CodeLogin {
		t.Errorf("nobody: %v", err)
	}
	if c, err := f.Counts(background); err != nil || c.Open != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

// Two persons, if the practice wants it: nobody who had a hand in the request approves it, however the name is written.
func TestTwoPersons(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		two      bool
		approver string
		may      bool
	}{
		{true, "front", false}, {true, "FRONT", false}, {true, "Nurse", false}, {true, "clerk", false}, {true, "doctor", true},
		{false, "front", true}, {false, "NURSE", true},
	} {
		f := newOffice(t, func(o *requests.Options) { o.TwoPersons = tt.two })
		must := must(t)
		r := must(f.Record(background, by("front"), wanted()))
		r = must(f.Amend(background, by("clerk"), seen(r), func(r *requests.Request) { r.Asked = "and the pictures" }))
		r = must(f.Check(background, by("nurse"), seen(r), "id", ""))
		_, err := f.Approve(background, by(tt.approver), seen(r), requests.Approval{})
		if tt.may && err != nil || !tt.may && code(err) != fhir.CodeForbidden {
			t.Errorf("two persons %v, %s: %v", tt.two, tt.approver, err)
		}
	}
}

// Nothing is approved before it is known who asks and for whom.
func TestApproveNeeds(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	must := must(t)
	in := wanted()
	in.Patient = ""
	r := must(f.Record(background, by("front"), in))
	r = must(f.Verify(background, by("front"), seen(r)))
	if _, err := f.Approve(background, by("doctor"), seen(r), requests.Approval{}); code(err) != fhir.CodeConflict || !strings.Contains(err.Error(), "identity") {
		t.Error(err)
	}
	r = must(f.Check(background, by("front"), seen(r), "id", ""))
	if _, err := f.Approve(background, by("doctor"), seen(r), requests.Approval{}); code(err) != fhir.CodeConflict || !strings.Contains(err.Error(), "patient") {
		t.Error(err)
	}
	// Naming the patient makes the check void: it was made for what stood there before.
	r = must(f.Amend(background, by("front"), seen(r), func(r *requests.Request) { r.Patient = "p1" }))
	if r.Details.Check != nil || r.Patient != "p1" {
		t.Errorf("%+v", r)
	}
	r = must(f.Amend(background, by("front"), seen(r), func(r *requests.Request) { r.State, r.Due, r.Number = requests.Ready, 1, "x" }))
	if r.State != requests.Verifying || r.Number != "2026-0001" || r.Due.String() != "2026-03-31" {
		t.Errorf("%+v", r)
	}
	r = must(f.Check(background, by("front"), seen(r), "id", ""))
	if _, err := f.Approve(background, by("doctor"), seen(r), requests.Approval{Withhold: []handover.Withhold{{Resource: "Observation/1"}}}); code(err) != fhir.CodeRequired {
		t.Error(err)
	}
	for _, w := range [][]handover.Withhold{slices.Repeat([]handover.Withhold{{Resource: "Observation/1", Reason: "x"}}, 1001), {{Resource: "Observation/1", Reason: strings.Repeat("x", 4001)}}} {
		if _, err := f.Approve(background, by("doctor"), seen(r), requests.Approval{Withhold: w}); code(err) != fhir.CodeTooLong {
			t.Errorf("%d rules: %v", len(w), err)
		}
	}
	r = must(f.Approve(background, by("doctor"), seen(r), requests.Approval{Withhold: []handover.Withhold{{Resource: "Observation/1", Reason: "tells of another person"}}}))
	if _, err := f.Amend(background, by("front"), seen(r), func(r *requests.Request) { r.Requester.Name = "Somebody else" }); code(err) != fhir.CodeConflict {
		t.Error(err)
	}
	must(f.Produce(background, by("front"), seen(r), ""))
	if w := f.packs.last.Withhold; len(w) != 1 || w[0].Resource != "Observation/1" {
		t.Errorf("%+v", w)
	}
}

// The clock: warnings, the due date's last hour in the practice's zone, the one extension, and what is late.
func TestClock(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	must := must(t)
	r := must(f.Record(background, by("front"), wanted()))
	var levels []requests.Level
	for range 32 {
		if l := f.Level(r, f.Today()); len(levels) == 0 || levels[len(levels)-1] != l {
			levels = append(levels, l)
			if day, want := int(f.Today()-r.Received), map[requests.Level]int{"calm": 0, "soon": 20, "urgent": 27, "overdue": 31}[l]; day != want {
				t.Errorf("%s from day %d, want %d", l, day, want)
			}
		}
		f.days(1)
	}
	if len(levels) != 4 {
		t.Error(levels)
	}
	if _, err := f.Extend(background, by("front"), seen(r), "late"); code(err) != fhir.CodeConflict {
		t.Errorf("an extension after the due date: %v", err)
	}
	r = must(f.Check(background, by("front"), seen(r), "id", ""))
	r = must(f.Deny(background, by("front"), seen(r), []requests.Ground{"identity"}, ""))
	if !r.Late {
		t.Error("not late")
	}
	r = must(f.Reopen(background, by("front"), seen(r), "it was a mistake"))
	if r.Late || r.Answered != 0 {
		t.Error("still answered")
	}
	if c, err := f.Counts(background); err != nil || c.Levels[requests.LevelOverdue] != 1 || c.Open != 1 {
		t.Errorf("%+v, %v", c, err)
	}

	r = must(f.Record(background, by("front"), wanted()))
	due := r.Due
	r = must(f.Extend(background, by("front"), seen(r), "charts are elsewhere"))
	if r.Due != due+30 || r.Extension.From != due || f.Level(r, due) != requests.LevelCalm || f.Level(r, r.Due) != requests.LevelUrgent {
		t.Errorf("%+v", r)
	}
	if _, err := f.Extend(background, by("front"), seen(r), "again"); code(err) != fhir.CodeConflict {
		t.Errorf("a second extension: %v", err)
	}
	if _, err := f.Extend(background, by("front"), seen(r), " "); code(err) != fhir.CodeRequired {
		t.Errorf("no reason: %v", err)
	}
}

// A day ends at midnight where the practice is.
func TestDays(t *testing.T) {
	t.Parallel()
	last := time.Date(2026, 4, 1, 4, 59, 59, 0, time.UTC) // still the 31st of March in the east
	if got := requests.DayOf(last, eastern).String(); got != "2026-03-31" {
		t.Error(got)
	}
	day := requests.DayOf(last.Add(time.Second), eastern)
	if day.String() != "2026-04-01" || !(day - 1).End(eastern).Equal(last.Add(time.Second)) || day.Long() != "April 1, 2026" {
		t.Error(day, (day - 1).End(eastern))
	}
	new, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip(err)
	}
	spring, _ := requests.ParseDay("2026-03-08") // 23 hours
	if d := spring.End(new).Sub((spring - 1).End(new)); d != 23*time.Hour {
		t.Error(d)
	}
	for _, bad := range []string{"2026-02-29", "1.2.2026", "x", "0001-01-01"} {
		if _, err := requests.ParseDay(bad); code(err) != fhir.CodeValue {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// Of those who saw the same, one may do something with it.
func TestStale(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	r := f.at(requests.Received)
	const many = 8
	errs := make([]error, many)
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() { _, errs[i] = f.AddNote(background, by("front"), seen(r), "note") })
	}
	group.Wait()
	done := 0
	for _, err := range errs {
		if err == nil {
			done++
		} else if code(err) != fhir.CodeConflict || !strings.Contains(err.Error(), "meanwhile") {
			t.Error(err)
		}
	}
	if r = must(t)(f.Request(background, r.Number)); done != 1 || len(r.Notes) != 1 || r.Version != 2 {
		t.Errorf("%d went through, %d notes, version %d", done, len(r.Notes), r.Version)
	}
}

// A package that fails, is cancelled, or cannot be started gives the request back, with the reason; and a restart between any
// two steps loses nothing.
func TestProducing(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	must := must(t)
	r := f.at(requests.Producing)
	f.packs.work(t, "the disk is full; free some space")
	f.Ledger = requests.New(f.store, f.o) // a restart
	f.advance()
	r = must(f.Request(background, r.ID))
	if r.State != requests.Approved || r.Failures != 1 || r.Failure != "the disk is full; free some space" {
		t.Errorf("%+v", r)
	}
	r = must(f.Produce(background, by("front"), seen(r), ""))
	if _, err := f.store.DeleteJob(background, audittest.Event(audit.ExportDelete), r.Job); err != nil {
		t.Fatal(err)
	}
	f.advance()
	if r = must(f.Request(background, r.ID)); r.State != requests.Approved || r.Failures != 2 {
		t.Errorf("%+v", r)
	}
	f.packs.fail = fhir.Errorf(fhir.CodeThrottled, "too many jobs")
	if _, err := f.Produce(background, by("front"), seen(r), ""); code(err) != fhir.CodeThrottled {
		t.Error(err)
	}
	if r = must(f.Request(background, r.ID)); r.State != requests.Approved || r.Failure != "too many jobs" {
		t.Errorf("%+v", r)
	}
	f.packs.fail = nil
	r = must(f.Produce(background, by("front"), seen(r), ""))
	f.advance() // it still runs
	if r = must(f.Request(background, r.ID)); r.State != requests.Producing {
		t.Errorf("%+v", r)
	}
	f.packs.work(t, "")
	f.advance()
	r = must(f.Request(background, r.ID))
	if r.State != requests.Ready || r.Package.Verdict != "COMPLETE" || len(r.Package.Files) != 1 || !f.packs.kept.After(r.Due.End(eastern)) {
		t.Errorf("%+v, kept until %s", r, f.packs.kept)
	}
	if _, err := f.store.DeleteJob(background, audittest.Event(audit.ExportDelete), r.Job); err != nil {
		t.Fatal(err)
	}
	f.advance()
	if r = must(f.Request(background, r.ID)); r.State != requests.Approved {
		t.Errorf("%+v", r)
	}
}

// A crash between the step and the start of the job is found, but not while it may still be under way elsewhere.
func TestLostStart(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	r := f.at(requests.Approved)
	_, err := f.store.ChangeRequest(background, r.ID, 0, func(_ *storage.Tx, row *storage.Request) (storage.RequestStep, error) {
		row.State = string(requests.Producing)
		return storage.RequestStep{Event: storage.RequestEvent{Step: "produce"}, Audit: audit.Event{Who: audit.Who{Kind: audit.System}, Action: audit.RequestStep}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.advance()
	if r = must(t)(f.Request(background, r.ID)); r.State != requests.Producing {
		t.Errorf("%s at once", r.State)
	}
	f.days(1)
	f.advance()
	if r = must(t)(f.Request(background, r.ID)); r.State != requests.Approved || r.Failures != 1 {
		t.Errorf("%s after a day", r.State)
	}
}

// The list by due date, in pages, with words that are found without accents and case.
func TestList(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	must := must(t)
	for i := range 7 {
		in := wanted()
		in.Received = f.Today() - requests.Day(i)
		if i == 3 {
			in.Requester = requests.Requester{Name: "Attorney Łukasz", Role: "lawyer"}
			in.Patient, in.Subject = "", requests.Subject{Name: "Zoë"}
		}
		must(f.Record(background, by("front"), in))
	}
	var numbers []string
	for p := (requests.Page{Count: 3}); ; {
		page, next, err := f.Requests(background, requests.Filter{}, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			numbers = append(numbers, r.Number[5:])
		}
		if p.Cursor = next; next == "" {
			break
		}
	}
	if got := strings.Join(numbers, " "); got != "0007 0006 0005 0004 0003 0002 0001" {
		t.Error(got)
	}
	for text, want := range map[string]int{
		"odegard": 6, "ÖDEGÅRD mina": 6, "zoe": 1, "mina zoe": 0, "2026-0004": 1, "0004": 1, "": 7, "1980-02-29": 6, "555-0101": 6, "p1": 6, "%": 0, "_": 0,
	} {
		found, _, err := f.Requests(background, requests.Filter{Text: text}, requests.Page{})
		if err != nil || len(found) != want {
			t.Errorf("%q: %d, %v; want %d", text, len(found), err, want)
		}
	}
	found, _, err := f.Requests(background, requests.Filter{Patient: "Patient/p1", States: requests.Open(), DueUpto: f.Today() + 25, Since: f.Today() - 5}, requests.Page{By: "number", Down: true})
	if err != nil || len(found) != 1 || found[0].Number != "2026-0006" {
		t.Errorf("%+v, %v", found, err)
	}
	if _, _, err := f.Requests(background, requests.Filter{}, requests.Page{By: "color"}); code(err) != fhir.CodeValue {
		t.Error(err)
	}
}
