package pages

import (
	"slices"
	"strings"

	"satchel/auth"
	"satchel/exports"
	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// requestPage is one request with all that is known of it.
type requestPage struct {
	Row       requestRow
	Person    person   // the patient, as far as the account may read it; ID "": none
	Differs   bool     // the patient is said to ask, under a name that is not the patient's
	Steps     []string // that are possible beside the next one
	Approvers []string // who may approve, if that must be somebody else
	Second    bool     // the account may approve, but has worked on this request itself
	Check     *requests.Check
	Decision  *requests.Decision
	Files     []requestFile
	Job       *jobState
	Links     []linkRow
	Given     []requests.Disclosure
	Reissue   bool // what was given can be given again
	Events    []requests.Event
	Letters   []string
	Link      bool   // one of the links works
	Trouble   string // what somebody else did meanwhile
}

// linkRow is a link as staff see it.
type linkRow struct {
	requests.Link
	Until string // last day on which it works
}

// lastDay is the last day on which a link works: its end is the first moment that is not in it.
func lastDay(l *requests.Ledger, k requests.Link) string {
	return (requests.DayOf(k.Expires, l.Zone()) - 1).Long()
}

// requestFile is a file of the package that can be handed over.
type requestFile struct {
	requests.MadeFile
	Href string
}

// showRequest answers one request.
func showRequest(v *Request) error {
	p, err := v.requestPage()
	if err != nil {
		return err
	}
	return v.Render("requests-one", p)
}

// request is the request in the address; the audit log learns of it.
func (v *Request) request() (*requests.Ledger, requests.Request, error) {
	l, err := v.ledger()
	if err != nil {
		return nil, requests.Request{}, err
	}
	r, err := l.Request(v.Context(), v.Value("id"))
	if isCode(err, fhir.CodeNotFound) {
		err = fhir.Errorf(fhir.CodeNotFound, "there is no such request; look for it in the list")
	}
	if err != nil {
		return nil, r, err
	}
	v.Target(r.Number)
	if r.Patient != "" {
		v.Saw(r.Patient)
	}
	return l, r, nil
}

// requestPage gathers all of the request in the address.
func (v *Request) requestPage() (*requestPage, error) {
	l, r, err := v.request()
	if err != nil {
		return nil, err
	}
	e, err := l.Entry(v.Context(), r.ID)
	if err != nil {
		return nil, err
	}
	p := &requestPage{Row: v.rowOf(l, e.Request), Check: e.Request.Check, Given: e.Given, Events: e.Events, Reissue: requests.Can(e.State, requests.StepReissue)}
	if d, ok := e.Decided(); ok {
		p.Decision = &d
	}
	if err := v.person(p); err != nil {
		return nil, err
	}
	links, err := l.Links(v.Context(), e.ID)
	if err != nil {
		return nil, err
	}
	for _, k := range links {
		p.Links = append(p.Links, linkRow{k, lastDay(l, k)})
		p.Link = p.Link || k.Ended == ""
	}
	p.Row.Next = v.nextOf(p.Row.Next, p.Row.Request, p.Link)
	v.files(p)
	p.letters()
	if err := v.possible(l, p); err != nil {
		return nil, err
	}
	return p, v.requestJob(l, p)
}

// person reads the patient, if the account may.
func (v *Request) person(p *requestPage) error {
	id := p.Row.Patient
	if id == "" || !v.May(readPatient(id)) {
		return nil
	}
	r, err := v.Store.Resource(v.Context(), "Patient", id)
	if isCode(err, fhir.CodeNotFound) || err == nil && r.Deleted {
		return nil
	} else if err != nil {
		return err
	}
	all, err := v.personsOf([]fhir.Resource{r})
	if err != nil {
		return err
	}
	p.Person = all[0]
	p.Differs = p.Row.Requester.Role == requests.RolePatient && !samePerson(p.Row.Requester.Name, p.Person)
	return nil
}

// samePerson reports whether a name has a word in common with those of a patient.
func samePerson(name string, who person) bool {
	known := strings.Fields(fhir.Fold(who.Name + " " + strings.Join(who.Others, " ")))
	return slices.ContainsFunc(strings.Fields(fhir.Fold(name)), func(word string) bool { return slices.Contains(known, word) })
}

// given reports whether the package of a request may be handed out.
func given(r requests.Request) bool {
	return r.Package != nil && slices.Contains([]requests.State{requests.Ready, requests.Delivered, requests.Closed}, r.State)
}

// files are what can be handed over; the account may not download all of it.
func (v *Request) files(p *requestPage) {
	if !given(p.Row.Request) {
		return
	}
	may := v.mayEverybody(v.Who, p.Row.Request, "file") == nil
	for _, f := range p.Row.Package.Files {
		file := requestFile{MadeFile: f}
		if f.Form != requests.FormFolder && may {
			file.Href = requestsPath + "/" + p.Row.ID + "/file/" + f.Name
		}
		p.Files = append(p.Files, file)
	}
}

// letters are those that have something to tell.
func (p *requestPage) letters() {
	for _, kind := range requests.LetterKinds() {
		denied := p.Decision != nil && p.Decision.Kind == requests.StepDeny || len(p.Row.Withhold) > 0
		if kind == requests.LetterExtension && p.Row.Extension == nil || kind == requests.LetterDenial && !denied || kind == requests.LetterReceipt && len(p.Given) == 0 {
			continue
		}
		p.Letters = append(p.Letters, string(kind))
	}
}

// requestJob tells how far the package is that is being made.
func (v *Request) requestJob(l *requests.Ledger, p *requestPage) error {
	if p.Row.State != requests.Producing {
		return nil
	}
	s, err := v.requestProgress(l, p.Row.Request)
	p.Job = &s
	return err
}

// requestProgress is how far the package of a request is. The ledger looks after a job that has ended a moment later.
func (v *Request) requestProgress(l *requests.Ledger, r requests.Request) (jobState, error) {
	s := jobState{State: storage.Queued, Percent: -1}
	if r.Job == "" {
		return s, nil
	}
	job, _, err := v.Exports.Job(v.Context(), auth.Granted(v.by().Who, v.by().From, v.ID), r.Job, exports.Packages)
	if isCode(err, fhir.CodeNotFound) {
		return s, nil
	} else if err != nil {
		return s, err
	}
	if s = stateOf(job); s.Over {
		l.Wake()
		s = jobState{State: storage.Running, Percent: 99, Sealing: true}
	}
	return s, nil
}

// showRequestProgress is the bar alone.
func showRequestProgress(v *Request) error {
	l, r, err := v.request()
	if err != nil {
		return err
	}
	s := jobState{State: storage.Complete, Over: true}
	if r.State == requests.Producing {
		if s, err = v.requestProgress(l, r); err != nil {
			return err
		}
	} else {
		v.W.Header().Set("Satchel-Go", requestsPath+"/"+r.ID)
	}
	return v.Fragment("requests-one", "job-progress", s, !s.Over)
}

// downloadRequest hands out a file of a package that was approved and made.
func downloadRequest(v *Request) error {
	_, r, err := v.request()
	if err != nil {
		return err
	}
	name := v.Value("file")
	if !given(r) || !slices.ContainsFunc(r.Package.Files, func(f requests.MadeFile) bool { return f.Name == name && f.Form != requests.FormFolder }) {
		return fhir.Errorf(fhir.CodeNotFound, "request %s has no such file; open the request to see what it has", r.Number)
	}
	if err := v.mayEverybody(v.Who, r, "file"); err != nil {
		return err
	}
	v.Detail("for %s", r.Number)
	return v.sendJobFile(auth.Granted(v.by().Who, v.by().From, v.ID), r.Job, name)
}

// approvers are the accounts that may approve a request and have not worked on it.
func (v *Request) approvers(r requests.Request) ([]string, error) {
	all, err := v.Store.Accounts(v.Context())
	if err != nil {
		return nil, err
	}
	var names []string
	for _, a := range all {
		p := auth.PrincipalOf(a)
		if a.Service || touched(r, a.Name) {
			continue
		}
		if v.mayEverybody(p, r, "approve") != nil {
			continue
		}
		if needs(auth.VerbAdminWeb, auth.VerbRequest, auth.VerbApprove)(p) == nil {
			names = append(names, a.Name)
		}
	}
	return names, nil
}

// touched reports whether an account worked on a request.
func touched(r requests.Request, account string) bool {
	return slices.ContainsFunc(r.Hands, func(h string) bool { return strings.EqualFold(h, account) })
}
