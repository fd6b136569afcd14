package pages_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"satchel/audit"
)

// note adds events to the log.
func (p *practice) note(events ...audit.Event) {
	p.t.Helper()
	for _, e := range events {
		if err := p.store.Audit(context.Background(), e); err != nil {
			p.t.Fatal(err)
		}
	}
}

// The log is searched by each field, the newest first, by pages; every order that is offered works.
func TestAuditSearch(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.put(berg)
	for i := range 120 {
		p.note(audit.Event{Who: audit.Who{Name: "zoe", Kind: audit.User}, Action: audit.Read, Target: fmt.Sprintf("Patient/p%d", i), Patients: []string{fmt.Sprintf("p%d", i)}, Status: 200, From: "192.0.2.7"})
	}
	p.note(audit.Event{Who: audit.Who{Name: "lab", Kind: audit.Client}, Action: audit.ExportFile, Target: "job1/x", Patients: []string{"*"}, Detail: "17 bytes ZIP", Status: 200},
		audit.Event{Who: audit.Who{Name: "zoe", Kind: audit.User}, Action: audit.Delete, Target: "Patient/berg", Patients: []string{"berg"}, Outcome: audit.Refused, Status: 403})
	v := p.as("ann")
	first := v.want(v.get("/audit"), 200, "Looked at a record", "Signed in", "zoe")
	if n := strings.Count(first.body, `<td data-label="When">`); n != 50 || strings.Index(first.body, "Signed in</td>") > strings.Index(first.body, "Looked at a record</td>") {
		t.Errorf("%d rows, or not the newest first", n)
	}
	next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(first.body)
	if next == nil {
		t.Fatal("there is no way to the next page")
	}
	v.want(v.get(strings.ReplaceAll(next[1], "&amp;", "&")), 200, "Back to the first", "Patient/p60")
	if r := v.want(v.get("/audit?patient=berg"), 200, "Who used the record of"); strings.Count(r.body, `<td data-label="When">`) != 2 { // also that about everybody
		t.Error("not what is about the patient")
	}
	for query, want := range map[string]struct {
		rows int
		text string
	}{
		"who=ZOE&action=delete":             {1, "refused"},
		"patient=Patient/berg&who=zoe":      {1, "Deleted something"},
		"action=export-file":                {1, "everybody"},
		"outcome=refused&who=zoe":           {1, "Patient/berg"},
		"text=zip":                          {1, "17 bytes ZIP"},
		"from=192.0.2.7&target=Patient/p3":  {1, "p3"},
		"since=2020-01-01&until=2020-01-02": {0, "Nothing was found"},
		"since=2020-01-01&who=lab":          {1, "program"},
		"who=nobody-like-this":              {0, "Take a longer time"},
	} {
		r := v.want(v.get("/audit?"+query), 200, want.text)
		if n := strings.Count(r.body, `<td data-label="When">`); n != want.rows {
			t.Errorf("%s: %d rows, want %d", query, n, want.rows)
		}
	}
	for _, field := range audit.Fields() {
		v.want(v.get("/audit?who=zoe&sort="+string(field)), 200, "zoe")
		v.want(v.get("/audit?who=zoe&sort=-"+string(field)), 200, "zoe")
	}
	for query, said := range map[string]string{"since=yesterday": "year, month and day", "until=2020-01-01&since=2020-01-02": "before the first", "patient=a%20b": "no number of a patient",
		"action=bake": "is no action", "outcome=fine": "is no outcome", "from-row=!!": "start again"} {
		v.want(v.get("/audit?"+query), 422, said)
	}
	// Looking at it is noted, with the patient whom it was about.
	if e := p.events(audit.Filter{Actions: []audit.Action{audit.AuditView}, Patient: "berg"}); len(e) != 2 {
		t.Errorf("%d events tell of the search for a patient", len(e))
	}
	// Who may not read the patient sees the number alone.
	ike := p.as("ike")
	if r := ike.want(ike.get("/audit?patient=berg"), 200, "berg"); strings.Contains(r.body, "van der Berg") {
		t.Error("ike reads the name of a patient")
	}
}

// The download holds all that was found, in the order of the page, and nothing that a spreadsheet would run.
func TestAuditDownload(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	for i := range 60 {
		p.note(audit.Event{Who: audit.Who{Name: "zoe", Kind: audit.User}, Action: audit.Search, Target: "Patient", Status: 200, Detail: fmt.Sprintf("n%d", i)})
	}
	p.note(audit.Event{Who: audit.Who{Name: "=cmd|' /C calc'!A0", Kind: audit.CLI}, Action: audit.Start, Target: "@SUM(1)", Detail: "+1<script>alert(1)</script>"})
	v := p.as("ann")
	if r := v.want(v.get("/audit?action=start"), 200, "&lt;script&gt;"); strings.Contains(r.body, "<script>alert") {
		t.Error("a detail is not inert")
	}
	r := v.want(v.get("/audit/download?as=csv"), 200)
	if got := r.header.Get("Content-Disposition"); !regexp.MustCompile(`^attachment; filename=audit-\d{4}-\d\d-\d\d\.csv$`).MatchString(got) || !strings.HasPrefix(r.header.Get("Content-Type"), "text/csv") {
		t.Errorf("%v", r.header)
	}
	rows, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
	if err != nil || len(rows) < 62 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.ContainsAny(cell[:min(1, len(cell))], "=+-@") {
				t.Errorf("a cell that runs: %q", cell)
			}
		}
	}
	r = v.want(v.get("/audit/download?as=ndjson&who=zoe&sort=time"), 200)
	lines := strings.Split(strings.TrimSpace(r.body), "\n")
	var one struct{ Who, Detail string }
	if err := json.Unmarshal([]byte(lines[0]), &one); err != nil || len(lines) != 60 || one.Who != "zoe" || one.Detail != "n0" {
		t.Errorf("%d lines, first %+v, %v", len(lines), one, err)
	}
	v.want(v.get("/audit/download?as=exe"), 404)
	v.want(v.get("/audit/download?as=csv&since=x"), 422)
	if e := p.events(audit.Filter{Actions: []audit.Action{audit.AuditExport}, Outcome: audit.Success}); len(e) != 2 || !strings.Contains(e[0].Detail, "text/csv") {
		t.Errorf("%+v", e)
	}
	head, err := p.store.AuditHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.want(v.get("/audit/check"), 200, "satchel audit verify", fmt.Sprintf("%x", head.Hash))
}
