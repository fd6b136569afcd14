package fhirapi

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"satchel/web"

	"satchel/fhir"
	"satchel/storage"
)

// match is what sorting needs to know of a match. Its text is the sort key with the id behind it: unique, so that a
// page can begin after it whatever was written meanwhile.
type match struct{ id, key string }

// gatheredPage serves the searches that the store cannot page by itself: sorted ones, and those of an account that may
// read only a part. It walks all matches, keeps their keys and reads the page's resources again.
func gatheredPage(c *web.Call, s *searching) (storage.Found, error) {
	matches, err := gather(c, s)
	if err != nil {
		return storage.Found{}, err
	}
	found := storage.Found{Total: -1}
	if s.total {
		found.Total = len(matches)
	}
	if s.only {
		return found, nil
	}
	start := startOf(matches, s)
	end := min(start+s.ReadCount, len(matches))
	for _, m := range matches[start:end] {
		r, err := resource(c, s.query.Type, m.id)
		if err != nil {
			return storage.Found{}, err
		}
		if r, ok := s.seen(c, r); ok && !r.Deleted { // changed since it was gathered
			found.Resources = append(found.Resources, r)
		}
	}
	if end < len(matches) {
		found.Next = matches[end-1].key
	}
	return found, nil
}

// gather walks all matches that the account may read, in the order asked for.
func gather(c *web.Call, s *searching) ([]match, error) {
	var matches []match
	page := storage.Page{Count: web.MaxCount}
	for {
		found, err := find(c, s.query, page)
		if err != nil {
			return nil, err
		}
		for _, r := range found.Resources {
			if r, ok := s.seen(c, r); ok {
				matches = append(matches, match{r.ID, sortKey(s.sort, r)})
			}
		}
		if len(matches) > mostGathered {
			return nil, fhir.Errorf(fhir.CodeTooCostly, "more than %d resources match; narrow the search, or leave _sort out", mostGathered)
		}
		if found.Next == "" {
			break
		}
		page.Cursor = found.Next
	}
	slices.SortFunc(matches, func(a, b match) int {
		if strings.HasPrefix(s.sort, "-") {
			a, b = b, a
		}
		return cmp.Compare(a.key, b.key)
	})
	return matches, nil
}

// seen is what the account may see of a match, which must match by that alone: a search tells nothing of what it hides.
func (s *searching) seen(c *web.Call, r fhir.Resource) (fhir.Resource, bool) {
	if !s.confined {
		return r, true
	}
	return viewOfMatch(c, s.query, r)
}

// viewOfMatch is what the account may see of a resource that meets a query; false if nothing, or if that does not meet it any more.
func viewOfMatch(c *web.Call, q fhir.Query, r fhir.Resource) (fhir.Resource, bool) {
	part, err := view(c, r)
	if err != nil {
		return r, false
	}
	if bytes.Equal(part.JSON, r.JSON) {
		return r, true
	}
	d, err := fhir.Parse(part.JSON)
	return part, err == nil && q.Match(d)
}

// sortKey is the text by which a resource is sorted; instants in one format sort as text.
func sortKey(sort string, r fhir.Resource) string {
	if strings.HasSuffix(sort, "_lastUpdated") {
		return fhir.FormatInstant(r.Updated) + " " + r.ID
	}
	return r.ID
}

// startOf is the place of the first match after the position, which is a key.
func startOf(matches []match, s *searching) int {
	if s.position == "" {
		return 0
	}
	after := func(m match) bool {
		if strings.HasPrefix(s.sort, "-") {
			return m.key < s.position
		}
		return m.key > s.position
	}
	if i := slices.IndexFunc(matches, after); i >= 0 {
		return i
	}
	return len(matches)
}
