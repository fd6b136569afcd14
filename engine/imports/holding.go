package imports

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"satchel/fhir"
)

// holding is what an import holds back, and what it stores under other ids. A nil one does neither.
type holding struct {
	persons map[string]Held // those who are held back, by key
	marks   map[string]mark // by key
	source  string
}

// mark is what becomes of a person whose id is taken, or of a resource that refers to them.
type mark struct {
	by    string // the key of the person
	moved bool   // it is stored under an id of its own; otherwise it is held back
}

// look goes through the files for persons whose ids are taken, and for what refers to them. It stores and reports nothing, and
// passes over what the import itself will report. Without such persons it is nil.
func (m *Import) look(ctx context.Context, paths []string) (*holding, error) {
	quiet := *m
	quiet.Finding, quiet.Progress, quiet.Strict = nil, nil, false
	r := &reading{Import: &quiet, ctx: ctx, batch: &batch{}, refused: map[string]int64{}, own: m.Store.Bases()}
	p := &persons{reading: r, seen: map[string]seenPerson{}, held: map[string]Held{}}
	r.look = p.person
	r.all(paths)
	if p.err != nil || ctx.Err() != nil || len(p.held) == 0 {
		return nil, p.err
	}
	h := &holding{persons: map[string]Held{}, marks: map[string]mark{}, source: m.Source}
	for key, person := range p.held {
		another, err := m.isAnother(ctx, key)
		if err != nil {
			return nil, err
		}
		if h.marks[key] = (mark{key, another}); !another {
			h.persons[key] = person
		}
	}
	for changed := true; changed && ctx.Err() == nil; {
		changed = false
		r.look = h.follow(r, &changed)
		r.all(paths)
	}
	return h, nil
}

// isAnother reports whether a person whose id is taken gets another one: if it was said, or was said before of the same source.
func (m *Import) isAnother(ctx context.Context, key string) (bool, error) {
	if m.Source == "" {
		return false, nil
	}
	if slices.Contains(m.Another, key) {
		return true, nil
	}
	typ, id, _ := strings.Cut(key, "/")
	r, err := m.Store.Resource(ctx, typ, fhir.AnotherID(m.Source, typ, id))
	if fhir.IsCode(err, fhir.CodeNotFound) || fhir.IsCode(err, fhir.CodeDeleted) || err == nil && r.Deleted {
		return false, nil
	}
	return err == nil, err
}

// follow marks what refers to somebody or something that is marked. What is held back wins over what is moved.
func (h *holding) follow(r *reading, changed *bool) func(at spot, o offered) {
	var d fhir.Document
	return func(at spot, o offered) {
		if _, err := r.parse(&d, o); err != nil {
			return
		}
		key := d.Type() + "/" + at.idOf(&d, o.fallback)
		d.ReferenceTexts(func(text string) {
			ref := fhir.ParseReference(text)
			by, marked := h.marks[ref.Key()]
			if now, is := h.marks[key]; marked && r.own.Owns(ref) && (!is || now.moved && !by.moved) {
				h.marks[key], *changed = by, true
			}
		})
	}
}

// tell tells who is held back, in order of their keys.
func (h *holding) tell(f func(Held)) {
	if h == nil || f == nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(h.persons)) {
		f(h.persons[key])
	}
}

// to is the id under which a resource is stored that is moved; "" for any other.
func (h *holding) to(typ, id string) string {
	if h == nil || !h.marks[typ+"/"+id].moved {
		return ""
	}
	return fhir.AnotherID(h.source, typ, id)
}

// why says why a resource is held back; "" if it is not.
func (h *holding) why(key string) string {
	if h == nil {
		return ""
	}
	m, ok := h.marks[key]
	if !ok || m.moved {
		return ""
	}
	p, where := h.persons[m.by], "here"
	if p.InFiles {
		where = "elsewhere in the files"
	}
	if m.by == key {
		return fmt.Sprintf("held back: this id is another person's %s (by %s)", where, strings.Join(p.Differs, " and "))
	}
	return fmt.Sprintf("held back with %s, whose id is another person's %s", m.by, where)
}
