package desk

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"satchel/auth"
	"satchel/engine"
	"satchel/fhir"
	"satchel/permit"
	"satchel/requests"
)

// requestStep is one thing that people do with a request, on a page of its own.
type requestStep struct {
	name    string // in the address and of the texts "do.…"
	step    requests.Step
	approve bool                                               // takes the permission to approve
	fits    func(r requests.Request) bool                      // beside what the state allows; nil: always
	run     func(w *stepping) (requests.Request, error)        // does it
	shows   func(w *stepping, r requests.Request) (any, error) // what it answers instead of the request's page; nil: that page
}

// requestSteps are all of them, in the order in which they are offered.
func requestSteps() []requestStep {
	return []requestStep{
		{name: "patient", step: requests.StepAmend, fits: undecided, run: choosePatient},
		{name: "check", step: requests.StepCheck, run: checkIdentity},
		{name: "approve", step: requests.StepApprove, approve: true, fits: canApprove, run: approveRequest},
		{name: "produce", step: requests.StepProduce, run: produceRequest},
		{name: "deliver", step: requests.StepDeliver, fits: byHand, run: deliverRequest},
		{name: "protect", step: requests.StepProtect, fits: byHand, run: protectRequest, shows: showSecret},
		{name: "link", step: requests.StepLink, fits: oneZip, run: linkRequest, shows: showSecret},
		{name: "close", step: requests.StepClose, run: closeRequest},
		{name: "note", step: requests.StepNote, run: noteRequest},
		{name: "amend", step: requests.StepAmend, run: amendRequest},
		{name: "extend", step: requests.StepExtend, fits: notExtended, run: extendRequest},
		{name: "verify", step: requests.StepVerify, run: verifyRequest},
		{name: "deny", step: requests.StepDeny, approve: true, run: denyRequest},
		{name: "remake", step: requests.StepRemake, run: remakeRequest},
		{name: "reopen", step: requests.StepReopen, approve: true, run: reopenRequest},
		{name: "withdraw", step: requests.StepWithdraw, run: withdrawRequest},
		{name: "reissue", step: requests.StepReissue, run: reissueRequest},
		{name: "revoke", step: requests.StepRevoke, run: revokeLink},
	}
}

func undecided(r requests.Request) bool {
	return r.Scope != requests.ScopePopulation && (r.State == requests.Received || r.State == requests.Verifying)
}

func canApprove(r requests.Request) bool {
	return r.Check != nil && (r.Patient != "" || r.Scope == requests.ScopePopulation)
}

func notExtended(r requests.Request) bool { return r.Extension == nil }

// byHand holds unless an app loads the files by itself.
func byHand(r requests.Request) bool { return r.App == nil }

func oneZip(r requests.Request) bool { return len(filesOf(r, requests.FormZip)) == 1 }

// filesOf are the files of a package in a form.
func filesOf(r requests.Request, form requests.Form) (all []requests.MadeFile) {
	if given(r) {
		for _, f := range r.Package.Files {
			if f.Form == form {
				all = append(all, f)
			}
		}
	}
	return all
}

// everything is what auth has to know of a step that makes or hands out what a request asks for: the handover of all records
// takes what it takes elsewhere. False: the request is about one patient, and the permission for requests is enough.
func everything(r requests.Request, step string) (auth.Action, bool) {
	gives := slices.Contains([]string{"approve", "produce", "protect", "link", "file"}, step)
	return permit.Package(engine.PackageRequest{Population: true}), gives && r.Scope == requests.ScopePopulation
}

// can reports whether the account may do the step, and the request allows it.
func (v *Visit) can(s requestStep, l *requests.Ledger, r requests.Request) bool {
	if s.approve && !v.May(auth.Action{Verb: auth.VerbApprove}) {
		return false
	}
	if do, all := everything(r, s.name); all && !v.May(do) {
		return false
	}
	if s.name == "approve" && l.TwoPersons() && touched(r, v.Who.Name) || s.name == "extend" && l.Today() > r.Due {
		return false
	}
	return requests.Can(r.State, s.step) && (s.fits == nil || s.fits(r))
}

// nextStep is the step that leads on; "" if none does, for this account.
func (v *Visit) nextStep(l *requests.Ledger, r requests.Request) string {
	next := ""
	switch r.State {
	case requests.Received, requests.Verifying:
		switch {
		case r.Patient == "" && r.Scope != requests.ScopePopulation:
			next = "patient"
		case r.Check == nil:
			next = "check"
		default:
			next = "approve"
		}
	case requests.Approved:
		next = "produce"
	case requests.Ready:
		next = "deliver"
	case requests.Denied, requests.Delivered:
		next = "close"
	}
	s, ok := stepNamed(next)
	if !ok || !v.can(s, l, r) {
		return ""
	}
	return next
}

// nextOf is what is next with a package that is ready: as the requester wishes it.
func (v *Visit) nextOf(next string, r requests.Request, linked bool) string {
	if next != "deliver" {
		return next
	}
	switch {
	case r.Wish == requests.Wish(requests.WayLink) && oneZip(r):
		if linked {
			return "" // it is for the patient now
		}
		return "link"
	case r.Wish == requests.Wish(requests.FormAge) && len(filesOf(r, requests.FormAge)) == 0,
		r.Wish == requests.Wish(requests.FormHTML) && len(filesOf(r, requests.FormHTML)) == 0:
		return "protect"
	}
	return next
}

func stepNamed(name string) (requestStep, bool) {
	all := requestSteps()
	if i := slices.IndexFunc(all, func(s requestStep) bool { return s.name == name }); i >= 0 {
		return all[i], true
	}
	return requestStep{}, false
}

// possible says what can be done beside the next step, and who approves if this account cannot.
func (v *Visit) possible(l *requests.Ledger, p *requestPage) (err error) {
	r := p.Row.Request
	for _, s := range requestSteps() {
		if s.name != p.Row.Next && s.name != "reissue" && s.name != "revoke" && v.can(s, l, r) {
			p.Steps = append(p.Steps, s.name)
		}
	}
	if requests.Can(r.State, requests.StepApprove) && canApprove(r) && p.Row.Next != "approve" {
		p.Second = l.TwoPersons() && v.May(auth.Action{Verb: auth.VerbApprove}) && touched(r, v.Who.Name)
		if !l.TwoPersons() {
			r.Hands = nil
		}
		p.Approvers, err = v.approvers(r)
	}
	return err
}

// stepping is a step on its way: the page with its form, and what it made.
type stepping struct {
	*requestPage
	visit  *Visit
	ledger *requests.Ledger
	def    requestStep

	Step     string
	Form     *Form
	Version  int64 // of the request as the visitor saw it
	Choices  []option
	Forms    []option
	Grounds  []groundBox
	Intake   *intakePage
	Finder   finder
	Whole    bool                 // the request asks for a part only, and the package would hold everything
	Linked   []otherRecord        // of the same person
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
func (v *Visit) stepping(f *Form) (*stepping, error) {
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
	if do, all := everything(p.Row.Request, def.name); all {
		if err := v.Decide(do); err != nil {
			return nil, err
		}
	}
	return &stepping{requestPage: p, visit: v, ledger: l, def: def, Step: def.name, Form: f, Version: p.Row.Version}, nil
}

// showStep answers the form of a step.
func showStep(v *Visit) error {
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
	w.Trouble = sentence(text)
	if text == "" {
		w.Trouble = w.visit.T("requests.overtaken")
	}
	w.visit.House.Refused()
	return w.visit.RenderStatus(http.StatusConflict, "requests-one", w.requestPage)
}

// doStep does a step, and leads to the request's page.
func doStep(v *Visit) error {
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
	v.House.Noted()
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
	v, status := w.visit, http.StatusUnprocessableEntity
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
	v.House.Refused()
	return v.RenderStatus(status, "requests-step", w)
}

// seen is the request as whoever filled the form in saw it.
func (w *stepping) seen() requests.Seen {
	n := digitsOf(w.Form.Get("version"))
	return requests.Seen{ID: w.Row.ID, Version: int64(n)}
}

// prepare gathers what the form of the step offers. fresh says that nobody has filled it in yet.
func (w *stepping) prepare(fresh bool) error {
	r, v, f := w.Row.Request, w.visit, w.Form
	switch w.Step {
	case "patient":
		return w.preparePatient(fresh)
	case "check":
		w.Choices = optionsOf(requests.Proofs())
	case "approve":
		w.Chart = r.Patient != "" && v.May(readPatient(r.Patient))
		w.Whole = r.Scope == requests.ScopeNarrowed
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
	v, f, s := w.visit, w.Form, w.Row.Details.Subject
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
	return w.prepareLinked()
}

// prepareLinked offers other records of the patient who was chosen before.
func (w *stepping) prepareLinked() error {
	if w.Person.ID == "" {
		return nil
	}
	chosen := w.Row.Linked
	if w.visit.Method == http.MethodPost {
		chosen = w.Form.Values["linked"]
	}
	c := &chartPage{Person: w.Person}
	if err := w.visit.otherRecords(c); err != nil {
		return err
	}
	for _, other := range c.Others {
		w.Linked = append(w.Linked, otherRecord{other, slices.Contains(chosen, other.ID)})
	}
	return nil
}

// choosePatient links the request to a patient of the practice.
func choosePatient(w *stepping) (requests.Request, error) {
	id := w.Form.Get("patient-id")
	if id == "" {
		w.Form.Fail("patient-id", "choose")
		return requests.Request{}, nil
	}
	if fhir.IsID(id) {
		if err := w.visit.Decide(readPatient(id)); err != nil {
			return requests.Request{}, err
		}
	}
	if err := w.prepareLinked(); err != nil {
		return requests.Request{}, err
	}
	var linked []string
	for _, other := range w.Linked {
		if other.Chosen && id == w.Row.Patient {
			linked = append(linked, other.ID)
		}
	}
	return w.ledger.Amend(w.visit.Context(), w.visit.by(), w.seen(), func(r *requests.Request) { r.Patient, r.Linked = id, linked })
}

func checkIdentity(w *stepping) (requests.Request, error) {
	if w.Form.Need("how"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Check(w.visit.Context(), w.visit.by(), w.seen(), requests.Proof(w.Form.Get("how")), w.Form.Get("note"))
}

// approveRequest allows the copy, but for what is named to be left out.
func approveRequest(w *stepping) (requests.Request, error) {
	f := w.Form
	a := requests.Approval{Note: f.Get("note")}
	for _, key := range strings.FieldsFunc(f.Get("without"), func(c rune) bool { return c <= ' ' || c == ',' || c == ';' }) {
		a.Withhold = append(a.Withhold, requests.Withhold{Resource: key, Reason: f.Get("reason"), Authority: f.Get("authority")})
	}
	if len(a.Withhold) > 0 {
		if f.Need("reason"); f.Bad() {
			return requests.Request{}, nil
		}
		q := engine.PackageRequest{Patient: w.Row.Patient, Population: w.Row.Patient == ""}
		for _, x := range a.Withhold {
			q.Withhold = append(q.Withhold, engine.Withhold(x))
		}
		if err := q.Check(); err != nil {
			return requests.Request{}, f.Refuse("without", err)
		}
	}
	return w.ledger.Approve(w.visit.Context(), w.visit.by(), w.seen(), a)
}

func denyRequest(w *stepping) (requests.Request, error) {
	var why []requests.Ground
	for _, g := range w.Form.Values["ground"] {
		why = append(why, requests.Ground(g))
	}
	return w.ledger.Deny(w.visit.Context(), w.visit.by(), w.seen(), why, w.Form.Get("text"))
}

func extendRequest(w *stepping) (requests.Request, error) {
	if w.Form.Need("reason"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Extend(w.visit.Context(), w.visit.by(), w.seen(), w.Form.Get("reason"))
}

func produceRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Produce(w.visit.Context(), w.visit.by(), w.seen(), w.visit.Base+requestsPath+"/"+w.Row.ID)
}

func verifyRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Verify(w.visit.Context(), w.visit.by(), w.seen())
}

func closeRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Close(w.visit.Context(), w.visit.by(), w.seen(), w.Form.Get("note"))
}

func noteRequest(w *stepping) (requests.Request, error) {
	if w.Form.Need("note"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.AddNote(w.visit.Context(), w.visit.by(), w.seen(), w.Form.Get("note"))
}

func remakeRequest(w *stepping) (requests.Request, error) {
	if w.Form.Need("reason"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Remake(w.visit.Context(), w.visit.by(), w.seen(), w.Form.Get("reason"))
}

func reopenRequest(w *stepping) (requests.Request, error) {
	if w.Form.Need("reason"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Reopen(w.visit.Context(), w.visit.by(), w.seen(), w.Form.Get("reason"))
}

func withdrawRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Withdraw(w.visit.Context(), w.visit.by(), w.seen(), w.Form.Get("note"))
}

// amendRequest corrects what was written down. Whose record it is has a step of its own.
func amendRequest(w *stepping) (requests.Request, error) {
	w.Form.Values.Set("received", w.Row.Received.String()) // the day of receipt does not change
	w.Form.Values.Set("patient-id", w.Row.Patient)
	in := w.visit.intake(w.Form)
	if w.Row.App != nil {
		in.Channel, in.Wish = w.Row.Channel, w.Row.Wish
	}
	if w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Amend(w.visit.Context(), w.visit.by(), w.seen(), func(r *requests.Request) {
		r.Patient, r.Channel, r.Requester, r.Subject, r.Scope, r.Asked, r.Purpose, r.Wish =
			in.Patient, in.Channel, in.Requester, in.Subject, in.Scope, in.Asked, in.Purpose, in.Wish
	})
}

// fillIntake fills the form in with what was written down.
func (w *stepping) fillIntake() {
	r := w.Row.Request
	q, s := r.Requester, r.Subject
	for name, value := range map[string]string{
		"channel": string(r.Channel), "scope": string(r.Scope), "wish": string(r.Wish), "asked": r.Asked, "purpose": r.Purpose, "received": r.Received.String(),
		"name": q.Name, "role": string(q.Role), "organization": q.Organization, "authority": q.Authority, "phone": q.Phone, "email": q.Email, "address": q.Address,
		"patient": s.Name, "born": s.BirthDate, "number": s.Number, "patient-id": r.Patient,
	} {
		w.Form.Values.Set(name, value)
	}
}
