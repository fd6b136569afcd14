package pages

import (
	"satchel/audit"
	"satchel/auth"
)

func helpRoutes() []Route {
	return []Route{{Method: "GET", Pattern: "help", Kind: Public, Action: audit.NoEvent, Summary: "Help in plain words", Run: showHelp, Nav: "nav.help"}}
}

// showHelp answers the help. Links lead only to where whoever is signed in may go.
func showHelp(v *Request) error {
	staff := v.May(auth.Action{Verb: auth.VerbAdminWeb})
	may := func(verb auth.Verb) bool { return staff && v.May(auth.Action{Verb: verb}) }
	links := map[string]bool{"patients": staff && seesPatients(v.Who) == nil, "requests": v.Requests != nil && may(auth.VerbRequest), "users": may(auth.VerbUserView),
		"audit": may(auth.VerbAudit), "settings": may(auth.VerbUsers), "exports": staff, "account": v.SignedIn()}
	return v.Render("help", map[string]any{"Base": v.Base, "Version": v.Version, "Go": links})
}
