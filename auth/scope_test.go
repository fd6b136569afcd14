package auth

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseScopes(t *testing.T) {
	for _, c := range []struct{ in, out, unknown string }{
		{"", "", ""},
		{"system/*.read", "system/*.read", ""},
		{"system/*.write system/*.*", "system/*.write system/*.*", ""},
		{"system/Patient.rs\tsystem/Observation.r\nsystem/Group.s", "system/Patient.rs system/Observation.r system/Group.s", ""},
		{"system/*.cruds system/*.d system/*.cu", "system/*.cruds system/*.d system/*.cu", ""},
		{"system/Patient.rs system/Patient.rs", "system/Patient.rs", ""},
		{"system/$ehi-export", "system/$ehi-export", ""},
		{"system/*.sr", "", "system/*.sr"},
		{"system/*.dus", "", "system/*.dus"},
		{"system/*.rr", "", "system/*.rr"},
		{"system/*.rx", "", "system/*.rx"},
		{"system/*.", "", "system/*."},
		{"system/*", "", "system/*"},
		{"system/.rs", "", "system/.rs"},
		{"system/*.READ", "", "system/*.READ"},
		{"System/*.read", "", "System/*.read"},
		{"system/patient.rs", "", "system/patient.rs"},
		{"system/Foo.rs", "", "system/Foo.rs"},
		{"system/Parameters.rs", "", "system/Parameters.rs"},
		{"system/Pat*.rs", "", "system/Pat*.rs"},
		{"system/**.rs", "", "system/**.rs"},
		{"system/*.rs.rs", "", "system/*.rs.rs"},
		{"system/$ehi-export.rs", "", "system/$ehi-export.rs"},
		{"system/$export", "", "system/$export"},
		{"system/Observation.rs?category=laboratory", "", "system/Observation.rs?category=laboratory"},
		{"system/Observation.rs?", "", "system/Observation.rs?"},
		{"system/Observation.read?x", "", "system/Observation.read?x"},
		{"patient/*.rs user/*.read launch openid fhirUser offline_access", "", "patient/*.rs user/*.read launch openid fhirUser offline_access"},
		{"x system/*.rs y", "system/*.rs", "x y"},
	} {
		s, unknown := parseScopes(c.in)
		if s.String() != c.out || strings.Join(unknown, " ") != c.unknown || s.Empty() != (c.out == "") {
			t.Errorf("%q: %q, unknown %q", c.in, s, unknown)
		}
	}
}

func TestNarrow(t *testing.T) {
	for _, c := range []struct{ registered, requested, granted string }{
		{"system/*.rs", "", "system/*.rs"},
		{"system/*.read", " \t", "system/*.read"},
		{"system/Patient.rs system/Group.read", "", "system/Patient.rs system/Group.read"},
		{"system/*.rs", "system/*.rs", "system/*.rs"},
		{"system/*.rs", "system/*.read", "system/*.read"},
		{"system/*.read", "system/*.rs", "system/*.rs"},
		{"system/*.rs", "system/*.r", "system/*.r"},
		{"system/*.rs", "system/*.*", "system/*.read"},
		{"system/*.rs", "system/*.cruds", "system/*.rs"},
		{"system/*.rs", "system/*.write", ""},
		{"system/*.*", "system/*.write", "system/*.write"},
		{"system/*.r", "system/*.read", "system/*.r"},
		{"system/*.cu", "system/Patient.write", "system/Patient.cu"},
		{"system/*.rs", "system/Patient.read", "system/Patient.read"},
		{"system/*.rs", "system/Patient.read system/Observation.rs", "system/Patient.read system/Observation.rs"},
		{"system/*.rs", "system/Foo.read system/Patient.read", "system/Patient.read"},
		{"system/*.rs", "system/Observation.rs?category=x", ""},
		{"system/*.rs", "system/Observation.rs?category=x system/Patient.rs", "system/Patient.rs"},
		{"system/*.rs", "patient/*.rs openid", ""},
		{"system/Patient.rs system/Observation.rs", "system/*.read", "system/Patient.read system/Observation.read"},
		{"system/Patient.rs", "system/*.*", "system/Patient.read"},
		{"system/Patient.rs", "system/Observation.rs", ""},
		{"system/Patient.rs", "system/Observation.rs system/Patient.cruds", "system/Patient.rs"},
		{"system/Patient.r system/Patient.s", "system/Patient.rs", "system/Patient.rs"},
		{"system/*.r system/Patient.s", "system/*.rs", "system/*.r system/Patient.rs"},
		{"system/*.r system/Patient.s", "system/*.r", "system/*.r"},
		{"system/*.rs", "system/$ehi-export", ""},
		{"system/*.rs system/$ehi-export", "system/$ehi-export", "system/$ehi-export"},
		{"system/*.rs system/$ehi-export", "system/*.read system/$ehi-export", "system/*.read system/$ehi-export"},
		{"system/$ehi-export", "system/*.cruds", ""},
		{"system/*.rs", "system/*.read system/*.read", "system/*.read"},
	} {
		registered, _ := parseScopes(c.registered)
		if got := registered.Narrow(c.requested).String(); got != c.granted {
			t.Errorf("%q of %q: %q, not %q", c.requested, c.registered, got, c.granted)
		}
	}
}

func TestAllows(t *testing.T) {
	for _, c := range []struct {
		scopes, typ string
		verbs       []Verb
	}{
		{"system/*.rs", "Patient", []Verb{VerbRead, VerbSearch, VerbExport, VerbEverything, VerbJob}},
		{"system/*.read", "", []Verb{VerbRead, VerbSearch, VerbExport, VerbEverything, VerbJob}},
		{"system/*.r", "Patient", []Verb{VerbRead, VerbExport, VerbEverything, VerbJob}},
		{"system/*.s", "Patient", []Verb{VerbSearch}},
		{"system/Patient.rs", "Patient", []Verb{VerbRead, VerbSearch, VerbExport, VerbEverything, VerbJob}},
		{"system/Patient.rs", "Observation", nil},
		{"system/Patient.rs", "", nil},
		{"system/*.c", "Patient", nil},
		{"system/*.u", "Patient", nil},
		{"system/*.c system/Patient.u", "Patient", []Verb{VerbWrite}},
		{"system/*.write", "Patient", []Verb{VerbWrite, VerbDelete}},
		{"system/*.cruds", "", []Verb{VerbRead, VerbSearch, VerbWrite, VerbDelete, VerbExport, VerbEverything, VerbJob}},
		{"system/$ehi-export", "Patient", nil},
		{"system/$ehi-export", "", nil},
		{"", "Patient", nil},
		{"", "", nil},
	} {
		s, _ := parseScopes(c.scopes)
		for _, v := range []Verb{VerbRead, VerbSearch, VerbWrite, VerbDelete, VerbExport, VerbEverything, VerbJob, VerbUsers, VerbAudit, "", "x"} {
			if got := s.Allows(c.typ, v); got != slices.Contains(c.verbs, v) {
				t.Errorf("%q allows %s of %q: %v", c.scopes, v, c.typ, got)
			}
		}
	}
	s, _ := parseScopes("system/$ehi-export")
	if !s.Has(ScopeEHI) || s.Has("system/*.rs") {
		t.Error("Has")
	}
}

// drawScopes draws a text of scopes over few types, so that they meet.
func drawScopes(t *rapid.T, label string) string {
	one := rapid.Custom(func(t *rapid.T) string {
		typ := rapid.SampledFrom([]string{"*", "Patient", "Observation", "Group"}).Draw(t, "type")
		suffix := rapid.SampledFrom([]string{"read", "write", "*", "r", "s", "rs", "c", "cu", "cruds", "d", "rd"}).Draw(t, "suffix")
		return "system/" + typ + "." + suffix
	})
	return strings.Join(rapid.SliceOfN(one, 1, 6).Draw(t, label), " ")
}

// What is granted is exactly what both the request and the registration allow.
func TestNarrowIsTheIntersection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		registered, _ := parseScopes(drawScopes(t, "registered"))
		text := drawScopes(t, "requested")
		requested, _ := parseScopes(text)
		granted := registered.Narrow(text)
		again, unknown := parseScopes(granted.String())
		if len(unknown) > 0 {
			t.Fatalf("%q is granted but cannot be read", unknown)
		}
		for _, typ := range []string{"*", "Patient", "Observation", "Group", "Device"} {
			want := registered.of(typ) & requested.of(typ)
			if granted.of(typ) != want || again.of(typ) != want {
				t.Fatalf("registered %q, requested %q: granted %q, which for %s is %s and not %s",
					registered, requested, granted, typ, granted.of(typ), want)
			}
		}
	})
}

func TestScopesSupportedAreSupported(t *testing.T) {
	for _, s := range ScopesSupported() {
		if _, unknown := parseScopes(s); len(unknown) > 0 {
			t.Errorf("%s is not", s)
		}
	}
}
