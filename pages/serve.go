package pages

import (
	"net/http"
	"net/url"

	"satchel/auth"
	"satchel/fhir"
)

// Guarded reports whether a success of the page needs a decision.
func (k Kind) Guarded() bool { return k == Staff || k == Own || k == Duty }

// serve looks who may come in, and runs the page.
func serve(v *Request) error {
	rt := v.Route
	if rt.Kind == FirstRun && !v.firstRun() {
		return nothingHere()
	}
	if !rt.Kind.Guarded() {
		return rt.Run(v)
	}
	if !v.SignedIn() {
		return v.askToSignIn()
	}
	if rt.Kind != Duty && v.Session.Must != auth.MustNothing {
		v.Refused()
		return v.lead(dutyPath(v.Session.Must))
	}
	if rt.Kind != Staff {
		v.Decided()
		return rt.Run(v)
	}
	if err := v.Who.Decide(auth.Action{Verb: auth.VerbAdminWeb}); err != nil {
		return err
	}
	if rt.Needs != nil {
		if err := rt.Needs(v.Who); err != nil {
			return err
		}
		v.Decided()
	}
	return rt.Run(v)
}

// nothingHere is the error for an address without a page.
func nothingHere() error { return fhir.Errorf(fhir.CodeNotFound, "there is no page at this address") }

// askToSignIn leads to the sign-in, and from there back to where the visitor wanted to go. A script gets an error.
func (v *Request) askToSignIn() error {
	v.Refused()
	if v.Route.Quiet {
		return fhir.Errorf(fhir.CodeLogin, "the session has ended; sign in again")
	}
	back := v.URL.RequestURI()
	if v.Method != http.MethodGet && v.Method != http.MethodHead {
		back = "/"
		if from, err := url.Parse(v.Referer()); err == nil && from.Path != "" {
			back = (&url.URL{Path: from.Path, RawQuery: from.RawQuery}).String()
		}
	}
	return v.lead(signInAddress(back))
}

// lead is a redirect that tells nothing, so that nothing needs to be decided.
func (v *Request) lead(path string) error {
	v.Decided()
	return v.Redirect(path)
}

// signInAddress is the address of the sign-in that leads to a page afterwards.
func signInAddress(back string) string {
	if back = SamePath(back); back == "/" {
		return signInPath
	}
	return signInPath + "?" + url.Values{"then": {back}}.Encode()
}

// dutyPath is the page on which a duty is done.
func dutyPath(m auth.Must) string {
	if m == auth.MustPassword {
		return passwordPath
	}
	return secondFactorPath
}
