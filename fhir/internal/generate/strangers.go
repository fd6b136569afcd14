package main

// strangers are the additions of the package's publisher inside HL7's own entries that carry an HL7 address,
// found by comparison with an independent copy of R4 4.0.1. The others carry a foreign address or version and fall out by that.
var strangers = map[string][]string{
	"AuditEvent.source.observer": {"Subscription"},
}

// stranger reports whether R4 does not know the target of the reference element at path.
func stranger(path, target string) bool {
	for _, t := range strangers[path] {
		if t == target {
			return true
		}
	}
	return false
}
