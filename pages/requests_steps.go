package pages

import (
	"slices"

	"satchel/auth"
	"satchel/handover"
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

// mayEverybody returns nil if the account may do a step that makes or hands out what a request asks for, as far as it is about
// everybody: that takes what a package of everybody takes elsewhere. For a request about one patient the permission for
// requests is enough.
func (d *Site) mayEverybody(p auth.Principal, r requests.Request, step string) error {
	if r.Scope != requests.ScopePopulation {
		return nil
	}
	switch step {
	case "approve", "produce":
		return d.Exports.MayPackage(p, handover.Order{Population: true})
	case "protect", "link", "file":
		return d.Exports.MayHold(p, handover.Order{Population: true})
	}
	return nil
}

// can reports whether the account may do the step, and the request allows it.
func (v *Request) can(s requestStep, l *requests.Ledger, r requests.Request) bool {
	if s.approve && !v.May(auth.Action{Verb: auth.VerbApprove}) {
		return false
	}
	if v.mayEverybody(v.Who, r, s.name) != nil {
		return false
	}
	if s.name == "approve" && l.TwoPersons() && touched(r, v.Who.Name) || s.name == "extend" && l.Today() > r.Due {
		return false
	}
	return requests.Can(r.State, s.step) && (s.fits == nil || s.fits(r))
}

// nextStep is the step that leads on; "" if none does, for this account.
func (v *Request) nextStep(l *requests.Ledger, r requests.Request) string {
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
func (v *Request) nextOf(next string, r requests.Request, linked bool) string {
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
func (v *Request) possible(l *requests.Ledger, p *requestPage) (err error) {
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
