package desk

// patientRoutes are the pages of patients: finding one, the chart, and the copy of a record.
func patientRoutes() []Route { return nil }
