package fhir

import (
	"slices"
	"sync"
)

// storable is the list behind Types.
var storable = sync.OnceValue(func() []string {
	var names []string
	for name, t := range tables() {
		if t.kind == "resource" && name != "Parameters" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
})

// Types lists every R4 resource type that can be stored, sorted: all concrete types but Parameters.
func Types() []string { return slices.Clone(storable()) }

// IsType reports whether name is a type of [Types].
func IsType(name string) bool { return name != "Parameters" && isResourceType(name) }

// isResourceType is IsType with Parameters, which can be nested in a Bundle though it cannot be stored.
func isResourceType(name string) bool {
	t := tables()[name]
	return t != nil && t.kind == "resource"
}

// IsID reports whether s is a legal logical id: [A-Za-z0-9\-.]{1,64}, and not "." or "..",
// which would change the path of a URL or file.
func IsID(s string) bool { return isIDText(s) && s != "." && s != ".." }
