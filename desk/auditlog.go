package desk

// auditRoutes are the pages of the audit log.
func auditRoutes() []Route { return nil }
