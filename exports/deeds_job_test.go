package exports_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/requests"
)

// window is a face through which a job is looked at, downloaded and ended.
type window struct {
	name  string
	order string
	start func(p *practice, who string, o order) started
	look  func(p *practice, who, id string) reply
	file  func(p *practice, who, id, name string) reply
	end   func(p *practice, who, id string) reply
}

var windows = []window{
	{"fhir", "all patients", startFHIR,
		func(p *practice, who, id string) reply {
			return p.call(who, "GET", "/fhir/$export-poll-status?_jobId="+id, "")
		},
		func(p *practice, who, id, name string) reply {
			return p.call(who, "GET", "/fhir/$export-file/"+id+"/"+name, "")
		},
		func(p *practice, who, id string) reply {
			return p.call(who, "DELETE", "/fhir/$export-poll-status?_jobId="+id, "")
		}},
	{"page", "all patients", startPage,
		func(p *practice, who, id string) reply { return p.browse(who, "/exports/"+id) },
		func(p *practice, who, id, name string) reply { return p.browse(who, "/exports/"+id+"/files/"+name) },
		func(p *practice, who, id string) reply { return p.browse(who, "/exports/"+id+"/delete", "a", "b") }},
	{"json", "a patient's package", startJSON,
		func(p *practice, who, id string) reply { return p.call(who, "GET", "/api/packages/"+id, "") },
		func(p *practice, who, id, name string) reply {
			return p.call(who, "GET", "/api/packages/"+id+"/"+name, "")
		},
		func(p *practice, who, id string) reply { return p.call(who, "DELETE", "/api/packages/"+id, "") }},
	{"page", "a patient's package", startPage,
		func(p *practice, who, id string) reply { return p.browse(who, "/copies/"+id) },
		func(p *practice, who, id, name string) reply { return p.browse(who, "/copies/"+id+"/file/"+name) },
		func(p *practice, who, id string) reply { return p.browse(who, "/copies/"+id+"/delete", "a", "b") }},
}

// begun starts the window's job as peer and waits for its end. It returns the job's id and the name of a file of it.
func (w window) begun(p *practice) (id, file string) {
	p.t.Helper()
	o := orders[slices.IndexFunc(orders, func(o order) bool { return o.name == w.order })]
	s := w.start(p, "peer", o)
	if s.refused != "" {
		p.t.Fatal(s.refused)
	}
	<-p.ended
	job, err := p.Store.Job(p.t.Context(), s.job)
	if err != nil || len(job.Files) == 0 {
		p.t.Fatal(job.State, job.Error, err)
	}
	return s.job, job.Files[0].Name
}

// decision is an answer without what differs by face.
func decision(r reply) string {
	switch {
	case r.status < 400:
		return "ok"
	case r.status == 404:
		return "gone"
	case r.status == 403:
		return "forbidden"
	}
	return fmt.Sprint(r.status, r.body)
}

// Every face decides the same on a job that is there: who may see it, load its files, and end it.
func TestDeedsOnJobs(t *testing.T) {
	want := map[bool]map[string][3]string{ // look, file and end, by whether jobs are exclusive and by account
		true:  {"peer": {"ok", "ok", "ok"}, "chief": {"gone", "gone", "ok"}, "ops": {"gone", "gone", "ok"}, "none": {"gone", "gone", "gone"}},
		false: {"peer": {"ok", "ok", "ok"}, "chief": {"ok", "ok", "ok"}, "ops": {"forbidden", "forbidden", "ok"}, "none": {"forbidden", "forbidden", "forbidden"}},
	}
	for _, w := range windows {
		for exclusive, accounts := range want {
			t.Run(fmt.Sprintf("%s/%s/exclusive %v", w.name, w.order, exclusive), func(t *testing.T) {
				t.Parallel()
				p := open(t, settings{everybody: !exclusive})
				for who, want := range accounts {
					id, file := w.begun(p)
					got := [3]string{decision(w.look(p, who, id)), decision(w.file(p, who, id, file)), decision(w.end(p, who, id))}
					if got != want {
						t.Errorf("%s: got %q, want %q", who, got, want)
					}
					w.ended(p, who, id, want[2] == "ok")
				}
			})
		}
	}
}

// ended looks whether a job is gone, and whether the log tells of that once, with its patients.
func (w window) ended(p *practice, who, id string, gone bool) {
	p.t.Helper()
	if _, err := p.Store.Job(p.t.Context(), id); (err != nil) != gone {
		p.t.Errorf("%s: the job is gone: %v, want %v", who, err, gone)
	}
	patients := map[string]string{"all patients": "[*]", "a patient's package": "[p1]"}[w.order]
	outcome := map[bool]string{true: "success", false: "refused"}[gone]
	var told []string
	for _, e := range p.events(audit.ExportDelete) {
		if e.Target == id {
			told = append(told, fmt.Sprint(e.Who.Name, " ", e.Outcome, " ", e.Patients))
		}
	}
	if want := who + " " + outcome + " " + patients; len(told) != 1 || told[0] != want {
		p.t.Errorf("%s: told %q, want %q", who, told, want)
	}
}

// A face that knows one kind of jobs finds none of another: an export is no package.
func TestDeedsOfOtherKinds(t *testing.T) {
	t.Parallel()
	p := open(t, settings{})
	for i, w := range []window{windows[0], windows[2]} {
		id, file := w.begun(p)
		other := windows[2-2*i]
		for what, r := range map[string]reply{"look": other.look(p, "peer", id), "file": other.file(p, "peer", id, file), "end": other.end(p, "peer", id)} {
			if got := decision(r); got != "gone" {
				t.Errorf("%s of %s as %s: %s", what, w.order, other.name, got)
			}
		}
	}
}

// Lists hold the own jobs, and those of all for who may see all jobs; whose record it is they tell to who may have it.
func TestDeedsList(t *testing.T) {
	t.Parallel()
	for _, exclusive := range []bool{true, false} {
		p := open(t, settings{everybody: !exclusive})
		id, _ := windows[2].begun(p)
		for who, want := range map[string][2]bool{"peer": {true, true}, "none": {}, "ops": {true, false}, "chief": {true, !exclusive}} {
			list := p.call(who, "GET", "/api/packages", "").body
			pages := p.browse(who, "/exports").body
			got := [2]bool{strings.Contains(list, id), strings.Contains(list, `"patient":"p1"`)}
			shown := [2]bool{strings.Contains(pages, `class="tag good"`), strings.Contains(pages, `href="/copies/`+id+`"`)} // whose it is stands on its page
			if got != want || shown != want {
				t.Errorf("exclusive %v, %s: JSON %v, page %v, want %v", exclusive, who, got, shown, want)
			}
		}
	}
}

// A protected copy is decided on and noted once, the same on every face.
func TestDeedsProtect(t *testing.T) {
	for name, protect := range map[string]func(p *practice, who, id string) string{
		"json": func(p *practice, who, id string) string {
			r := p.call(who, "POST", "/api/packages/"+id+"/protected", `{"form":"age"}`)
			var made struct{ Passphrase string }
			if err := json.Unmarshal([]byte(r.body), &made); r.status == 201 && (err != nil || made.Passphrase == "") {
				p.t.Error(r.body)
			}
			return decision(r)
		},
		"page": func(p *practice, who, id string) string {
			return decision(p.browse(who, "/copies/"+id+"/protect", "form", "age"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, settings{everybody: true})
			id, _ := windows[2].begun(p)
			for who, want := range map[string]string{"none": "forbidden", "peer": "ok"} {
				if got := protect(p, who, id); got != want {
					t.Errorf("%s: %s, want %s", who, got, want)
				}
			}
			protectedOnce(p, id, "peer")
		})
	}
	t.Run("ledger", func(t *testing.T) {
		t.Parallel()
		p := open(t, settings{})
		s := startLedger(p, "", orders[4])
		<-p.ended
		by := requests.By{Who: audit.Who{Name: "chief", Kind: audit.User}}
		r, _, err := p.ledger.Requests(t.Context(), requests.Filter{}, requests.Page{})
		if err = errors.Join(err, p.ledger.Advance(t.Context())); err != nil || len(r) != 1 {
			t.Fatal(r, err)
		}
		if _, _, _, err := p.ledger.Protect(t.Context(), by, requests.Seen{ID: r[0].ID}, requests.FormAge); err != nil {
			t.Fatal(err)
		}
		protectedOnce(p, s.job, "chief")
	})
}

// protectedOnce looks for the one event of a protected copy.
func protectedOnce(p *practice, id, who string) {
	p.t.Helper()
	var told []string
	for _, e := range p.events(audit.Package) {
		if e.Target == id && e.Outcome == audit.Success && e.Who.Kind == audit.User {
			told = append(told, e.Who.Name+" "+plain(e))
		}
	}
	if want := who + " package success [p1] protected by a passphrase, 1 files, 4 resources"; len(told) != 1 || told[0] != want {
		p.t.Errorf("told %q, want %q", told, want)
	}
}
