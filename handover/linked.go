package handover

import (
	"fmt"
	"strings"
)

// LinkedRecord is a Patient resource that is linked with the record by Patient.link, from either side, and is not in the package.
// The link may be wrong, and the other record somebody else's: nothing of it is told beside its id.
type LinkedRecord struct {
	Patient string   `json:"patient" doc:"Reference of the other Patient resource."`
	With    string   `json:"with" doc:"Reference of the Patient resource that it is linked with: that of the package, or another linked one."`
	Links   []string `json:"links,omitempty" doc:"Types of the links that stand in the resource of with, as written: replaced-by, replaces, refer, seealso."`
	Back    []string `json:"back,omitempty" doc:"Types of the links that stand in the other Patient resource."`
}

// String says that the record is left out.
func (l LinkedRecord) String() string {
	var how []string
	if len(l.Links) > 0 {
		how = append(how, strings.Join(l.Links, ", "))
	}
	if len(l.Back) > 0 {
		how = append(how, strings.Join(l.Back, ", ")+" by "+l.Patient)
	}
	return fmt.Sprintf("Another record, %s, is linked with %s (%s) and is not in the package.", l.Patient, l.With, strings.Join(how, "; "))
}
