package desk

// clientRoutes are the pages of backend clients.
func clientRoutes() []Route { return nil }
