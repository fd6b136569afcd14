package desk

func helpRoutes() []Route {
	return []Route{{Method: "GET", Pattern: "help", Kind: Public, Summary: "Help in plain words", Run: showHelp, Nav: "nav.help"}}
}

func showHelp(v *Visit) error {
	return v.Render("help", map[string]any{"Base": v.Base, "Version": v.Version})
}
