package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"satchel/fhir"
)

// Likely is a Patient whom a resource may be about, and by what it is told.
type Likely struct {
	Patient fhir.Resource
	Mention fhir.Mention
}

const (
	mostAsked     = 8  // searches of each kind for likely patients
	mostPerSearch = 50 // of whom each search may find
)

// Likely lists Patients whom a document mentions by identifier, name and birth date, the surest first: at most so many. It is a
// help for whoever decides. A name or a birth date that very many share finds only some of them.
func (s *Store) Likely(ctx context.Context, d *fhir.Document, most int) ([]Likely, error) {
	m := d.Mentions()
	found := map[string]Likely{}
	var p fhir.Document
	for _, q := range m.Queries(mostAsked) {
		page, err := s.Search(ctx, q, Page{Count: mostPerSearch})
		if err != nil {
			return nil, fmt.Errorf("find likely patients of %s/%s: %w", d.Type(), d.ID(), err)
		}
		for _, r := range page.Resources {
			if err := p.Reset(r.JSON); err != nil {
				return nil, fmt.Errorf("stored %s: %w", r.Key(), err)
			}
			if by := m.Of(p.Person()); by != "" {
				found[r.ID] = Likely{r, by}
			}
		}
	}
	all := make([]Likely, 0, len(found))
	for _, l := range found {
		all = append(all, l)
	}
	rank := []fhir.Mention{fhir.MentionIdentifier, fhir.MentionNameBirth, fhir.MentionName}
	slices.SortFunc(all, func(a, b Likely) int {
		return cmp.Or(cmp.Compare(slices.Index(rank, a.Mention), slices.Index(rank, b.Mention)), strings.Compare(a.Patient.ID, b.Patient.ID))
	})
	return all[:min(len(all), most)], nil
}
