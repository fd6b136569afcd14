package desk

// groupRoutes are the pages of groups of patients.
func groupRoutes() []Route { return nil }
