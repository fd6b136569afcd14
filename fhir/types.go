package fhir

// Types lists every R4 resource type that can be stored, sorted: all concrete types but Parameters.
func Types() []string { panic("todo") }

// IsType reports whether name is a type of [Types].
func IsType(name string) bool { panic("todo") }

// IsID reports whether s is a legal logical id: [A-Za-z0-9\-.]{1,64}, and not "." or "..".
func IsID(s string) bool { panic("todo") }
