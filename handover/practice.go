package handover

import (
	"cmp"
	"strings"
	"time"
)

// Practice is for whom the server works, as its packages, letters and pages say. Empty fields are left out.
type Practice struct {
	Name      string
	Zone      *time.Location // in which its people read times, and days begin and end; nil: see [Practice.In]
	Contact   string         // who handles requests and complaints: name or title
	Phone     string
	Email     string
	Address   string // lines
	Complaint string // where else to complain; "": the Office for Civil Rights (45 CFR 164.524(d)(2)(iii))
}

// In is the practice's time zone: that of the machine if none is known.
func (p Practice) In() *time.Location { return cmp.Or(p.Zone, time.Local) }

// Ask says in one sentence whom to ask at the practice.
func (p Practice) Ask() string {
	var ways []string
	for _, way := range []string{p.Phone, p.Email} {
		if way != "" {
			ways = append(ways, way)
		}
	}
	text := "Ask " + cmp.Or(p.Contact, p.Name, "the practice")
	if len(ways) > 0 {
		text += ": " + strings.Join(ways, ", ")
	}
	return text + "."
}
