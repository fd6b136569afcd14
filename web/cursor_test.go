package web

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/auth"
	"satchel/fhir"
	_ "satchel/internal/property"
)

// A cursor gives back its position for its own question, whatever the order of the parameters; changed by one letter, cut, or put
// to any other question, account or server, it is refused with the same words.
func TestCursor(t *testing.T) {
	t.Parallel()
	s := &Server{cursorKey: []byte("the key of the server under test")}
	rapid.Check(t, func(t *rapid.T) {
		q, position := drawQuestion(t, "question"), rapid.String().Draw(t, "position")
		cursor := s.seal(q, position)
		turned := question{q.who, q.path, slices.Clone(q.params)}
		slices.Reverse(turned.params)
		for _, same := range []question{q, turned} {
			if got, err := s.unseal(same, cursor); err != nil || got != position {
				t.Fatalf("%q %v", got, err)
			}
		}
		refused := func(s *Server, q question, cursor string) {
			t.Helper()
			if got, err := s.unseal(q, cursor); err == nil || got != "" || err.Error() != badCursor().Error() {
				t.Fatalf("%q is taken for %+v: %q %v", cursor, q, got, err)
			}
		}
		at := rapid.IntRange(0, len(cursor)-1).Draw(t, "at")
		other := rapid.SampledFrom([]string{"A", "z", "-", ".", "=", "%", "\n", ""}).Draw(t, "other")
		if edited := cursor[:at] + other + cursor[at+1:]; edited != cursor {
			refused(s, q, edited)
		}
		refused(s, q, cursor[:at])
		refused(s, q, cursor+other+".")
		refused(&Server{cursorKey: []byte("another key")}, q, cursor)
		for _, change := range []func(q *question){
			func(q *question) { q.who.Name += "x" },
			func(q *question) { q.who.Service = !q.who.Service },
			func(q *question) { q.path += "/" },
			func(q *question) { q.params = append(q.params, fhir.Param{Name: "_count"}) },
			func(q *question) { q.params = append(q.params, fhir.Param{Name: "_id", Value: "1"}) },
		} {
			moved := question{q.who, q.path, slices.Clone(q.params)}
			change(&moved)
			refused(s, moved, cursor)
		}
		if b := drawQuestion(t, "another question"); s.mac(b, "x") == s.mac(q, "x") && !alike(q, b) {
			t.Fatalf("%+v and %+v have one MAC", q, b)
		}
	})
}

// drawQuestion is a question whose parts are such that they could run into each other.
func drawQuestion(t *rapid.T, label string) question {
	part := rapid.StringMatching(`[ab=&/]{0,3}`)
	q := question{who: auth.Principal{Name: part.Draw(t, label), Service: rapid.Bool().Draw(t, label)}, path: part.Draw(t, label)}
	for range rapid.IntRange(0, 3).Draw(t, label) {
		q.params = append(q.params, fhir.Param{Name: part.Draw(t, label), Value: part.Draw(t, label)})
	}
	return q
}

// alike reports whether two questions are one, but for the order of their parameters.
func alike(a, b question) bool {
	sorted := func(q question) []fhir.Param {
		return slices.SortedFunc(slices.Values(q.params), func(a, b fhir.Param) int { return strings.Compare(a.Name+"\x00"+a.Value, b.Name+"\x00"+b.Value) })
	}
	return a.who.Name == b.who.Name && a.who.Service == b.who.Service && a.path == b.path && slices.Equal(sorted(a), sorted(b))
}
