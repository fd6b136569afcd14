package pages

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"satchel/auth"
	"satchel/fhir"
	"satchel/internal/texts"
	"satchel/requests"
)

// stepping is a step on its way: the page with its form, and what it made.
type stepping struct {
	*requestPage
	request *Request
	ledger  *requests.Ledger
	def     requestStep

	Step     string
	Form     *Form
	Version  int64 // of the request as the visitor saw it
	Choices  []option
	Forms    []option
	Grounds  []groundBox
	Intake   *intakePage
	Finder   finder
	Whole    bool // the request asks for a part only, and the package would hold everything
	Linked   linkedPart
	Chart    bool                 // the account may look at the chart
	Again    *requests.Disclosure // to be given again
	Revoked  *linkRow             // to be ended
	Large    bool                 // too large for a page that opens itself
	NewDue   string
	Secret   string // passphrase, shown once
	Address  string // of a link, likewise
	Until    string // last day of a link
	NewFiles []requestFile
	Made     string // form of the protected copy
}

// groundBox is one ground of a denial on the form.
type groundBox struct {
	option
	Chosen bool
}

// stepping reads the request and the step in the address, and decides.
func (v *Request) stepping(f *Form) (*stepping, error) {
	def, ok := stepNamed(v.Value("step"))
	if !ok {
		return nil, nothingHere()
	}
	if def.approve {
		if err := v.Decide(auth.Action{Verb: auth.VerbApprove}); err != nil {
			return nil, err
		}
	}
	l, err := v.ledger()
	if err != nil {
		return nil, err
	}
	p, err := v.requestPage()
	if err != nil {
		return nil, err
	}
	if err := v.mayEverybody(v.Who, p.Row.Request, def.name); err != nil {
		return nil, err
	}
	return &stepping{requestPage: p, request: v, ledger: l, def: def, Step: def.name, Form: f, Version: p.Row.Version}, nil
}

// showStep answers the form of a step.
func showStep(v *Request) error {
	w, err := v.stepping(NewForm())
	if err != nil {
		return err
	}
	if !v.can(w.def, w.ledger, w.Row.Request) {
		return w.overtaken("")
	}
	if err := w.prepare(true); err != nil {
		return err
	}
	return v.Render("requests-step", w)
}

// overtaken answers the request's page as it is now: the step that was wanted is not possible any more.
func (w *stepping) overtaken(text string) error {
	w.Trouble = texts.Sentence(text)
	if text == "" {
		w.Trouble = w.request.T("requests.overtaken")
	}
	w.request.Refused()
	return w.request.RenderStatus(http.StatusConflict, "requests-one", w.requestPage)
}

// doStep does a step, and leads to the request's page.
func doStep(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	w, err := v.stepping(f)
	if err != nil {
		return err
	}
	r, err := w.def.run(w)
	if err != nil || f.Bad() {
		return w.refused(err)
	}
	v.Noted()
	if w.def.shows == nil {
		return v.Done(requestsPath+"/"+r.ID, w.Step)
	}
	page, err := w.def.shows(w, r)
	if err != nil {
		return err
	}
	return v.Render("requests-secret", page)
}

// refused answers why a step was not done: on its form, if it is still possible.
func (w *stepping) refused(err error) error {
	v, status := w.request, http.StatusUnprocessableEntity
	known, ok := errors.AsType[*fhir.Error](err)
	if err != nil && !ok {
		return err
	}
	if ok && known.Code == fhir.CodeConflict {
		seen := w.seen()
		if w.requestPage, err = v.requestPage(); err != nil {
			return err
		}
		if !v.can(w.def, w.ledger, w.Row.Request) || seen.Version == w.Row.Version {
			return w.overtaken(known.Diagnostics)
		}
		w.Version, w.Trouble, status = w.Row.Version, v.T("requests.meanwhile"), http.StatusConflict
	} else if ok {
		if known.Code == fhir.CodeForbidden {
			status = http.StatusForbidden
		}
		if err := w.Form.Refuse("", err); err != nil {
			return err
		}
	}
	if err := w.prepare(false); err != nil {
		return err
	}
	v.Refused()
	return v.RenderStatus(status, "requests-step", w)
}

// seen is the request as whoever filled the form in saw it.
func (w *stepping) seen() requests.Seen {
	n := digitsOf(w.Form.Get("version"))
	return requests.Seen{ID: w.Row.ID, Version: int64(n)}
}

// prepare gathers what the form of the step offers. fresh says that nobody has filled it in yet.
func (w *stepping) prepare(fresh bool) error {
	r, v, f := w.Row.Request, w.request, w.Form
	switch w.Step {
	case "patient":
		return w.preparePatient(fresh)
	case "check":
		w.Choices = optionsOf(requests.Proofs())
	case "approve":
		w.Chart = r.Patient != "" && v.May(readPatient(r.Patient))
		w.Whole = r.Scope == requests.ScopeNarrowed
		return w.prepareLinked()
	case "deny":
		for _, o := range optionsOf(requests.Grounds()) {
			w.Grounds = append(w.Grounds, groundBox{o, contains(f.Values["ground"], o.Value)})
		}
	case "extend":
		w.NewDue = r.Due.Long()
	case "deliver", "reissue":
		w.prepareDelivery(fresh)
	case "protect", "link":
		w.Large = tooLarge(r)
		if fresh {
			f.Values.Set("form", string(requests.FormHTML))
			if w.Large || r.Wish == requests.Wish(requests.FormAge) {
				f.Values.Set("form", string(requests.FormAge))
			}
		}
	case "amend":
		if fresh {
			w.fillIntake()
		}
		w.Intake = v.intakePage(w.ledger, f)
		w.Intake.Row, w.Intake.App = &w.Row, r.App != nil
	}
	if w.Step == "reissue" && w.Again == nil || w.Step == "revoke" && w.which() == nil {
		return nothingHere()
	}
	return nil
}

// preparePatient offers the patients that fit what the requester said.
func (w *stepping) preparePatient(fresh bool) error {
	v, f, s := w.request, w.Form, w.Row.Details.Subject
	w.Finder = finder{May: seesPatients(v.Who) == nil, Chosen: f.Get("patient-id")}
	if fresh {
		f.Values.Set("q", v.URL.Query().Get("q"))
		w.Finder.Chosen = w.Row.Patient
	}
	text := f.Get("q")
	guess := text == ""
	if guess {
		text = s.Name + " " + s.BirthDate
	}
	if err := v.find(&w.Finder, text); err != nil {
		return err
	}
	if guess && (len(w.Finder.Found) == 0 || w.Finder.Bad != "") && s.Name != "" {
		w.Finder.Bad = ""
		if err := v.find(&w.Finder, s.Name); err != nil {
			return err
		}
	}
	if id := w.Person.ID; fresh && id != "" && !slices.ContainsFunc(w.Finder.Found, func(p person) bool { return p.ID == id }) {
		w.Finder.Found = append([]person{w.Person}, w.Finder.Found...)
	}
	if len(w.Finder.Found) == 1 && w.Finder.Chosen == "" {
		w.Finder.Chosen = w.Finder.Found[0].ID
	}
	f.Values.Set("q", strings.TrimSpace(text))
	return nil
}

// prepareLinked offers the records that are linked with that of the patient who was chosen before.
func (w *stepping) prepareLinked() (err error) {
	if w.Person.ID == "" {
		return nil
	}
	bad := w.Linked.Bad
	if w.request.Method != http.MethodPost {
		w.Form.Values["linked"], w.Form.Values["confirmed"] = w.Row.Linked, w.Row.Confirmed
	}
	if w.Linked, err = w.request.linkedWith(w.Person.ID, seen, w.Row.Linked...); err != nil {
		return err
	}
	w.Linked.take(w.Form)
	w.Linked.Bad = bad
	return nil
}
