package bulk

import (
	"slices"
	"strconv"

	"satchel/fhir"
)

// shape decides on the resources of an export by what is in them, and changes how they are written. Rows that no option
// concerns go by unread. It is used by one goroutine.
type shape struct {
	filters  map[string][]fhir.Query // of _typeFilter, by type; a resource meets one of those of its type
	fetched  map[string][]fhir.Query // of _typePostFetchFilterUrl, likewise
	elements []string                // nil: all
	base     string                  // "": addresses stay
	inline   int                     // bytes of data that stay in an attachment; 0: all

	doc                    fhir.Document
	outside, absolute, cut []byte // scratch
}

// newShape makes the shape of a request.
func newShape(r Request, own fhir.Bases) (*shape, error) {
	filters, err := byType(r.TypeFilters, own)
	if err != nil {
		return nil, err
	}
	fetched, err := byType(r.FetchedFilters, own)
	if err != nil {
		return nil, err
	}
	s := &shape{filters: filters, fetched: fetched, elements: r.Elements, base: r.Base}
	if r.Base != "" {
		s.inline = int(r.InlineMost)
	}
	return s, nil
}

// byType parses filters; nil for none.
func byType(values []string, own fhir.Bases) (map[string][]fhir.Query, error) {
	queries, err := fhir.ParseTypeFilter(values, own)
	if err != nil || len(queries) == 0 {
		return nil, err
	}
	all := map[string][]fhir.Query{}
	for _, q := range queries {
		all[q.Type] = append(all[q.Type], q)
	}
	return all, nil
}

// apply returns what is to be written of a resource, nil if nothing. The result is valid until the next call. An error
// says that the resource cannot be read.
func (s *shape) apply(typ string, text []byte) ([]byte, error) {
	filters, fetched := s.filters[typ], s.fetched[typ]
	if filters == nil && fetched == nil {
		return s.reshape(text)
	}
	if err := s.doc.Reset(text); err != nil {
		return nil, err
	}
	if !s.meets(filters) || !s.meets(fetched) {
		return nil, nil
	}
	return s.reshape(text)
}

// meets reports whether the document matches one of the queries; without any it does.
func (s *shape) meets(queries []fhir.Query) bool {
	return queries == nil || slices.ContainsFunc(queries, func(q fhir.Query) bool { return q.Match(&s.doc) })
}

// reshape is apply without filters.
func (s *shape) reshape(text []byte) ([]byte, error) {
	if s.inline > 0 && len(text) > s.inline {
		if err := s.doc.Reset(text); err != nil {
			return nil, err
		}
		s.outside = s.doc.AppendByURL(s.outside[:0], s.inline, s.address)
		text = s.outside
	}
	if s.base != "" && fhir.MayHaveRelative(text) {
		if err := s.doc.Reset(text); err != nil {
			return nil, err
		}
		s.absolute = s.doc.AppendAbsolute(s.absolute[:0], s.base)
		text = s.absolute
	}
	if s.elements == nil {
		return text, nil
	}
	if err := s.doc.Reset(text); err != nil {
		return nil, err
	}
	s.cut = s.doc.Subset(s.cut[:0], s.elements)
	return s.cut, nil
}

// address is where the data of an attachment of the document is served.
func (s *shape) address(n int) string {
	return s.base + "/" + s.doc.Type() + "/" + s.doc.ID() + "/_history/" + s.doc.Version() + "/$attachment?n=" + strconv.Itoa(n)
}
