package desk

// exportRoutes are the pages of exports and handovers that run or have ended.
func exportRoutes() []Route { return nil }
