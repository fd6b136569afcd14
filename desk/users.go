package desk

// userRoutes are the pages of accounts and what they may do.
func userRoutes() []Route { return nil }
