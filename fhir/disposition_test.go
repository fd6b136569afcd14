package fhir

import (
	"slices"
	"strings"
	"testing"
)

// Every type that can be stored has a disposition, and no line of the table is about anything else.
func TestEveryTypeHasADisposition(t *testing.T) {
	kinds := []Kind{Direct, Role, Forward, Reverse, System, Excluded}
	for _, typ := range Types() {
		d, ok := DispositionOf(typ)
		if !ok {
			t.Errorf("%s has no disposition", typ)
			continue
		}
		if !slices.Contains(kinds, d.Kind) {
			t.Errorf("%s has the kind %q", typ, d.Kind)
		}
		if strings.HasSuffix(d.Reason, ".") == false || len(d.Reason) < 40 || strings.Count(d.Reason, ". ") == 0 {
			t.Errorf("%s: a reason says in whole sentences what the type is and when it is in the record, not %q", typ, d.Reason)
		}
	}
	lines := strings.Count(strings.TrimSpace(dispositionTable), "\n") + 1
	if all := Dispositions(); len(all) != len(Types()) || lines != len(all) {
		t.Errorf("%d dispositions in %d lines, want one for each of %d types", len(all), lines, len(Types()))
	}
}

// The kind agrees with what R4's patient compartment says.
func TestDispositionsAgreeWithTheCompartment(t *testing.T) {
	for _, d := range Dispositions() {
		switch {
		case d.Type == "AuditEvent" || d.Type == "Patient":
		case len(d.Subject) > 0 && d.Kind != Direct, len(d.Subject) == 0 && d.Kind == Direct:
			t.Errorf("%s is %s and has the subject parameters %q", d.Type, d.Kind, d.Subject)
		case len(d.Subject) == 0 && len(d.Roles) > 0 && d.Kind != Role, len(d.Roles) == 0 && d.Kind == Role:
			t.Errorf("%s is %s and has the roles %q", d.Type, d.Kind, d.Roles)
		case d.Kind == Reverse && d.Type != "Bundle" && len(d.Links) == 0, d.Kind == Forward && len(d.Links) > 0:
			t.Errorf("%s is %s with %d links", d.Type, d.Kind, len(d.Links))
		}
	}
}

// Each link is an element of its type that holds references, its item a list above it, and its parameter leads there.
func TestLinksExist(t *testing.T) {
	for _, d := range Dispositions() {
		seen := map[string]bool{}
		for _, l := range d.Links {
			ways, err := compileExpression(d.Type, d.Type+"."+l.Path)
			if err != nil || len(ways) == 0 || slices.ContainsFunc(ways, func(w way) bool { return w.typ != "Reference" }) || seen[l.Path] {
				t.Errorf("%s.%s leads to %v, %v", d.Type, l.Path, ways, err)
				continue
			}
			seen[l.Path] = true
			if l.Item != "" && l.Path != l.Item && !strings.HasPrefix(l.Path, l.Item+".") {
				t.Errorf("%s.%s is not below %s", d.Type, l.Path, l.Item)
			}
			if l.Param == "" {
				continue
			}
			p := searchOf(d.Type).param(l.Param)
			if p == nil || !p.indexed || !strings.HasPrefix(p.Expression, d.Type+"."+l.Path) {
				t.Errorf("%s.%s is not what the parameter %q indexes", d.Type, l.Path, l.Param)
			}
		}
	}
}

// Every type says by what authority it is where it is, and no line of the table of ties is for nothing.
func TestAuthorities(t *testing.T) {
	for _, d := range Dispositions() {
		if len(d.Authority) < 20 {
			t.Errorf("%s has the authority %q", d.Type, d.Authority)
		}
		for _, l := range d.Links {
			if d.Kind != Forward && !strings.Contains(d.Authority, d.Type+"."+l.Path) {
				t.Errorf("%s: the authority does not name %s: %s", d.Type, l.Path, d.Authority)
			}
		}
	}
	for typ := range tiesOf() {
		if d, ok := DispositionOf(typ); !ok || !d.Kind.belongs() {
			t.Errorf("%s has ties, and its kind is %q", typ, d.Kind)
		}
	}
}

func TestReverseLinks(t *testing.T) {
	for _, l := range ReverseLinks() {
		for _, target := range l.Targets {
			if !IsType(target) {
				t.Errorf("%s.%s leads to %q, which is no type", l.Type, l.Param, target)
			}
		}
		if l.Type == "Device" && !slices.Equal(l.Targets, []string{"Patient"}) || l.Type == "Provenance" && l.Targets != nil {
			t.Errorf("%s.%s leads to %q", l.Type, l.Param, l.Targets)
		}
	}
}
