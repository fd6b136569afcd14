package exports_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/engine/pack"
)

// trace is all that a start leaves, as far as every face must leave the same.
type trace struct {
	refused bool
	types   string // that the job was narrowed to; "": none were asked for. Not of a command
	start   string // event of the audit log
	end     string
	address bool // of an attachment that was too large to be in the files
}

// do starts an order, waits until it is done, and tells what it left.
func (f face) do(p *practice, who string, o order) trace {
	p.t.Helper()
	s := f.start(p, who, o)
	t := trace{refused: s.refused != ""}
	if !t.refused && s.job != "" {
		<-p.ended
		t.look(p, s.job)
		s.dir = filepath.Join(p.Server.Exports, s.job)
	}
	if !t.refused && !o.isPackage {
		files, err := filepath.Glob(filepath.Join(s.dir, "DocumentReference*.ndjson"))
		if err != nil {
			p.t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				p.t.Fatal(err)
			}
			t.address = strings.Contains(string(text), "/fhir/DocumentReference/d1/_history/1/$attachment?n=")
		}
	}
	events := p.events(audit.ExportStart, audit.ExportComplete, audit.Package, audit.ExportFailed)
	want := 2
	if t.refused {
		want = 1
	}
	if len(events) != want {
		p.t.Fatalf("%s, %s: %d events, want %d: %+v\n%s", f.name, o.name, len(events), want, events, s.refused)
	}
	t.start = plain(events[0])
	if !t.refused {
		t.end = plain(events[1])
		if target := events[0].Target; target == "" || target != events[1].Target || s.job != "" && target != s.job {
			p.t.Errorf("%s, %s: start and end are about %q and %q, the job is %q", f.name, o.name, events[0].Target, events[1].Target, s.job)
		}
	}
	if want := map[string]string{"command": "cli"}[f.name]; want != "" && string(events[0].Who.Kind) != want || want == "" && events[0].Who.Kind != audit.User {
		p.t.Errorf("%s, %s: started by %+v", f.name, o.name, events[0].Who)
	}
	return t
}

// look reads what the job was narrowed to.
func (t *trace) look(p *practice, id string) {
	p.t.Helper()
	job, err := p.Store.Job(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	if job.Kind == pack.Kind {
		return
	}
	r, err := bulk.RequestOf(job)
	if err != nil {
		p.t.Fatal(err)
	}
	t.types = strings.Join(r.Types, " ")
}

// events are those of some actions, oldest first.
func (p *practice) events(actions ...audit.Action) (all []audit.Event) {
	p.t.Helper()
	for e, err := range p.Store.AuditStream(p.t.Context(), audit.Filter{Actions: actions}, audit.Sort{}) {
		if err != nil {
			p.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

var (
	payload    = regexp.MustCompile(`, [0-9]+ payload files$`)
	forRequest = regexp.MustCompile(`(; )?for [0-9]{4}-[0-9]+(, )?`)
	afterCount = regexp.MustCompile(`(, [0-9]+ payload files|resources).*`)
)

// plain is an event without what two faces need not have in common: who, from where, the status, the number of a request,
// and hashes and sizes of files.
func plain(e audit.Event) string {
	target := ""
	if e.Outcome == audit.Refused {
		target = " " + e.Target
	}
	detail := afterCount.ReplaceAllString(forRequest.ReplaceAllString(e.Detail, ""), "$1")
	detail = payload.ReplaceAllString(detail, "")
	return fmt.Sprintf("%s %s%s %v %s", e.Action, e.Outcome, target, e.Patients, detail)
}
