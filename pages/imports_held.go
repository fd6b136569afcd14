package pages

import (
	"strings"

	"satchel/auth"
	"satchel/engine/imports"
)

// heldShown is how many persons who are held back the page of an import asks about at once.
const heldShown = mostChoices - 5

// heldRow is a person who was held back by an import.
type heldRow struct {
	imports.Held
	Kind string // of resource
	ID   string
	May  bool // the account may read who has the id here
}

// heldRows are the persons whom the page of an import shows.
func (v *Request) heldRows(held []imports.Held) (rows []heldRow) {
	for _, h := range held[:min(len(held), heldShown)] {
		r := heldRow{Held: h}
		r.Kind, r.ID, _ = strings.Cut(h.Key, "/")
		action := auth.Action{Verb: auth.VerbRead, Type: r.Kind, ID: r.ID}
		if r.Kind == "Patient" {
			action.Owners = []string{r.ID}
		}
		if r.May = v.May(action); r.May && r.Kind == "Patient" && !h.InFiles {
			v.Saw(r.ID)
		}
		rows = append(rows, r)
	}
	return rows
}

// heldField is the start of the names of fields that say of a person who was held back: "held-Patient/1" is same, another or
// nothing.
const heldField = "held-"

// choices are what the form of an import says.
func (f *Form) choices() imports.Choices {
	c := imports.Choices{Strict: f.Get("strict") != "", Overwrite: f.Get("overwrite") != "", Deletions: f.Get("deletions") != "", Source: strings.TrimSpace(f.Get("source"))}
	for name := range f.Values {
		key, is := strings.CutPrefix(name, heldField)
		switch {
		case is && f.Get(name) == "same":
			c.Same = append(c.Same, key)
		case is && f.Get(name) == "another":
			c.Another = append(c.Another, key)
		}
	}
	return c
}
