package pages

import (
	"slices"

	"satchel/audit"
	"satchel/auth"
)

// Kind says who may come to a page.
type Kind int

// The kinds, from the strictest on.
const (
	Staff    Kind = iota // who is signed in and holds ACCESS_ADMIN_WEB; the page decides what else it needs
	Own                  // who is signed in, for the own account
	Duty                 // like Own, also while something must be done before anything else
	Public               // everybody
	FirstRun             // whoever sits at the server's machine while there is no account yet
)

// Route is one row of the table of pages.
type Route struct {
	Method  string // GET serves HEAD, too
	Pattern string // segments: "patients/{id}"
	Kind    Kind
	Action  audit.Action // what it is in the audit log; audit.NoEvent: nothing is noted. A row without one is refused
	Summary string       // one plain sentence
	Run     func(*Request) error

	Needs  func(auth.Principal) error // of a Staff page: what the account must hold; nil: Run asks with [Request.Decide]. Of others: for Nav
	Nav    string                     // text key in common.json of its place in the navigation; "": it has none
	Quiet  bool                       // asked by a script and not by the person: does not keep the session alive
	Guests bool                       // for people who are not of the practice: nothing on it leads to the staff's pages
	Long   bool                       // takes as long as it takes: an upload or a download
	Most   int64                      // bytes of the body; 0: 1 MB
}

// Routes is every page. The navigation has their order.
func Routes() []Route {
	return slices.Concat(
		assetRoutes(),
		setupRoutes(),
		signInRoutes(),
		todayRoutes(),
		patientRoutes(),
		requestRoutes(),
		exportRoutes(),
		groupRoutes(),
		importRoutes(),
		unassignedRoutes(),
		userRoutes(),
		clientRoutes(),
		auditRoutes(),
		settingRoutes(),
		letterRoutes(),
		linkRoutes(),
		helpRoutes(),
		accountRoutes(),
		ehiRoutes(),
	)
}

// needs is for [Route.Needs]: all of the verbs, for which nothing but a permission counts.
func needs(verbs ...auth.Verb) func(auth.Principal) error {
	return func(p auth.Principal) error {
		for _, verb := range verbs {
			if err := p.Decide(auth.Action{Verb: verb}); err != nil {
				return err
			}
		}
		return nil
	}
}

// nothingElse is for [Route.Needs] of pages that all staff may see.
func nothingElse(auth.Principal) error { return nil }
