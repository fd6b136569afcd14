package fhir

import (
	"fmt"
	"strings"
	"testing"
)

// A Group of thousands has the owners that a small one has: each once, in order.
func TestManyOwners(t *testing.T) {
	var members []string
	for i := range 5000 {
		members = append(members, fmt.Sprintf(`{"entity":{"reference":"Patient/p%d"}}`, i%1000))
	}
	owners := parse(t, `{"resourceType":"Group","member":[`+strings.Join(members, ",")+`]}`).Owners(Bases{})
	if len(owners) != 1000 || owners[0] != (Owner{"p0", WhyRole}) || owners[999] != (Owner{"p999", WhyRole}) {
		t.Errorf("%d owners, %v … %v", len(owners), owners[0], owners[len(owners)-1])
	}
}
