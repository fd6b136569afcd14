package imports

import (
	"slices"
	"strings"

	"satchel/fhir"
)

// Choices is what whoever imports may say about how.
type Choices struct {
	Strict bool `json:"strict,omitempty"` // refuse resources with structural findings instead of reporting them

	// Overwrite takes what the files say also where it is older than what is here, or where that was changed here since.
	Overwrite bool `json:"overwrite,omitempty"`
	// Deletions carries out the deletions that the files ask for; otherwise they are listed.
	Deletions bool `json:"deletions,omitempty"`

	// Of persons whose id is another person's here ([Held]), as "Patient/1": those of whom it was said that they are the same person,
	// and those who are not and get another id, made of Source, a name for where the files come from. The same name gives the same
	// ids again, and needs Another only once.
	Same    []string `json:"same,omitempty"`
	Another []string `json:"another,omitempty"`
	Source  string   `json:"source,omitempty"`
}

// maxSource is the most bytes of the name of a source.
const maxSource = 100

// Check returns what is wrong with the choices, as value.
func (c Choices) Check() error {
	for _, key := range slices.Concat(c.Same, c.Another) {
		if typ, id, _ := strings.Cut(key, "/"); !fhir.IsPerson(typ) || !fhir.IsID(id) {
			return fhir.Errorf(fhir.CodeValue, "%.100q is no person; name who was held back as Patient/ID, as the import did", key)
		}
		if slices.Contains(c.Same, key) && slices.Contains(c.Another, key) {
			return fhir.Errorf(fhir.CodeValue, "%s is either the same person or another one", key)
		}
	}
	if c.Source != strings.TrimSpace(c.Source) || len(c.Source) > maxSource {
		return fhir.Errorf(fhir.CodeValue, "the name of the source has white space around it or more than %d bytes", maxSource)
	}
	if len(c.Another) > 0 && c.Source == "" {
		return fhir.Errorf(fhir.CodeValue, "a person who gets another id needs a name for where the files come from, so that their next import gives the same ids")
	}
	return nil
}
