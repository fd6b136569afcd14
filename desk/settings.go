package desk

// settingRoutes are the pages of settings, and where each value comes from.
func settingRoutes() []Route { return nil }
