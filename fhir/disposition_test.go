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
	for typ, links := range linksOf {
		for _, l := range links {
			ways, err := compileExpression(typ, typ+"."+l.Path)
			if err != nil || len(ways) == 0 || ways[0].typ != "Reference" {
				t.Errorf("%s.%s leads to %v, %v", typ, l.Path, ways, err)
				continue
			}
			if l.Item != "" && l.Path != l.Item && !strings.HasPrefix(l.Path, l.Item+".") {
				t.Errorf("%s.%s is not below %s", typ, l.Path, l.Item)
			}
			if isOwnIndex(l.Param) {
				if l.Param != ownIndex+l.Path {
					t.Errorf("%s.%s has an index of our own by the name of %q", typ, l.Path, l.Param)
				}
				continue
			}
			if l.Param == "" {
				if !slices.Contains([]string{"Group", "Person"}, typ) { // members of the compartment: the owner index
					t.Errorf("%s.%s is in no index", typ, l.Path)
				}
				continue
			}
			p := searchOf(typ).param(l.Param)
			if p == nil || !p.indexed || !strings.HasPrefix(p.Expression, typ+"."+l.Path) {
				t.Errorf("%s.%s is not what the parameter %q indexes", typ, l.Path, l.Param)
			}
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
