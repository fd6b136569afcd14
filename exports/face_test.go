package exports_test

import (
	"path"
	"path/filepath"
	"strings"

	"satchel/audit"
	"satchel/requests"
)

// order is what somebody wants started.
type order struct {
	name       string
	group      string // of its members
	patient    string // of one
	system     bool   // of everything; else, without the others, of all patients
	isPackage  bool   // a package: of the patient, or of everybody
	page, fhir bool   // that face can start it
}

var orders = []order{
	{name: "everything", system: true, page: true, fhir: true},
	{name: "all patients", page: true, fhir: true},
	{name: "a group", group: "g", page: true, fhir: true},
	{name: "one patient", patient: "p1", fhir: true},
	{name: "a patient's package", patient: "p1", isPackage: true, page: true},
	{name: "everybody's package", isPackage: true, page: true},
}

// started is what a face said: the job's id, which a command has not, or that it was refused.
type started struct {
	job     string
	dir     string // where its files are
	refused string // what was said
}

// face is one way to ask. trusted ones have no account: whoever can use them may do everything.
type face struct {
	name    string
	trusted bool
	can     func(o order) bool
	start   func(p *practice, who string, o order) started
}

var faces = []face{
	{"fhir", false, func(o order) bool { return o.fhir }, startFHIR},
	{"json", false, func(o order) bool { return o.isPackage }, startJSON},
	{"page", false, func(o order) bool { return o.page }, startPage},
	{"command", true, func(order) bool { return true }, startCommand},
	{"ledger", true, func(o order) bool { return o.isPackage }, startLedger},
}

// of reads where a job can be looked at, or why there is none.
func (r reply) of(header string, ok int) started {
	if r.status != ok {
		return started{refused: r.body}
	}
	at := r.header.Get(header)
	if _, id, found := strings.Cut(at, "_jobId="); found {
		return started{job: id}
	}
	return started{job: path.Base(at)}
}

func startFHIR(p *practice, who string, o order) started {
	at := "/fhir/Patient/$export"
	switch {
	case o.system:
		at = "/fhir/$export"
	case o.group != "":
		at = "/fhir/Group/" + o.group + "/$export"
	case o.patient != "":
		at = "/fhir/Patient/" + o.patient + "/$export"
	}
	return p.call(who, "GET", at, "").of("Content-Location", 202)
}

func startJSON(p *practice, who string, o order) started {
	body := `{"population":true}`
	if o.patient != "" {
		body = `{"patient":"` + o.patient + `","purpose":"access"}`
	}
	return p.call(who, "POST", "/api/packages", body).of("Content-Location", 202)
}

func startPage(p *practice, who string, o order) started {
	if o.patient != "" {
		return p.browse(who, "/patients/"+o.patient+"/copy", "purpose", "access").of("Location", 303)
	}
	what := "patients"
	switch {
	case o.isPackage:
		what = "package"
	case o.system:
		what = "system"
	case o.group != "":
		what = "group"
	}
	return p.browse(who, "/exports/new", "what", what, "group", o.group).of("Location", 303)
}

func startCommand(p *practice, _ string, o order) started {
	args := []string{"export", "patients"}
	switch {
	case o.isPackage && o.patient != "":
		args = []string{"handover", "patient", o.patient, "--zip"}
	case o.isPackage:
		args = []string{"handover", "population", "--zip"}
	case o.system:
		args = []string{"export", "system"}
	case o.group != "":
		args = []string{"export", "group", o.group}
	case o.patient != "":
		args = []string{"export", "patient", o.patient}
	}
	out := filepath.Join(p.t.TempDir(), "out")
	return started{dir: out, refused: p.command(append(args, "--out", out)...)}
}

// startLedger lets people record, check, approve and produce a request.
func startLedger(p *practice, _ string, o order) started {
	by := requests.By{Who: audit.Who{Name: "chief", Kind: audit.User}, From: "127.0.0.1"}
	in := requests.Intake{Patient: o.patient, Details: requests.Details{
		Channel: "paper", Requester: requests.Requester{Name: "Mina", Role: "patient"}, Scope: requests.ScopeRecord, Wish: "stick"}}
	if o.patient == "" {
		in.Scope, in.Requester.Role = requests.ScopePopulation, "owner"
	}
	r, err := p.ledger.Record(p.t.Context(), by, in)
	for _, step := range []func(requests.Seen) (requests.Request, error){
		func(s requests.Seen) (requests.Request, error) { return p.ledger.Check(p.t.Context(), by, s, "id", "") },
		func(s requests.Seen) (requests.Request, error) {
			return p.ledger.Approve(p.t.Context(), by, s, requests.Approval{})
		},
	} {
		if err == nil {
			r, err = step(requests.Seen{ID: r.ID})
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
	if r, err = p.ledger.Produce(p.t.Context(), by, requests.Seen{ID: r.ID}, ""); err != nil {
		return started{refused: err.Error()}
	}
	return started{job: r.Job}
}
