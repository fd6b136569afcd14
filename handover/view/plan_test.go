package view

import (
	"os"
	"slices"
	"strings"
	"testing"

	"satchel/fhir"
)

// elements are the names that R4 has below each type, with the types of their values, as fhir's definitions list them.
func elements(t *testing.T) map[string]map[string]string {
	t.Helper()
	file, err := os.ReadFile("../../fhir/definitions/elements.txt")
	if err != nil {
		t.Fatal(err)
	}
	all, typ := map[string]map[string]string{}, ""
	for line := range strings.Lines(string(file)) {
		words := strings.Fields(line)
		if line[0] != ' ' {
			typ = words[1]
			all[typ] = map[string]string{}
			continue
		}
		of := words[2]
		if below, ok := strings.CutPrefix(of, "@"); ok {
			of = below
		}
		all[typ][strings.TrimSuffix(words[0], "[x]")] = of
	}
	return all
}

// Every path of a plan is one of R4, and every type has a name for people.
func TestPlansFitR4(t *testing.T) {
	t.Parallel()
	all := elements(t)
	for typ, p := range plans {
		for _, list := range []string{p.title, p.date, p.status, p.columns} {
			for path := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ' ' || r == '|' }) {
				at := typ
				for step := range strings.SplitSeq(path, ".") {
					next, ok := all[at][step]
					if !ok && !slices.Contains([]string{"Age", "Quantity"}, at) {
						t.Errorf("%s has no %s", typ, path)
						break
					}
					at = next
				}
			}
		}
		if !fhir.IsType(typ) || !slices.Contains(pageNames, p.page) {
			t.Errorf("%s is no type or has no page", typ)
		}
		if _, ok := language.types[typ+".one"]; !ok {
			t.Errorf("%s has no name in English", typ)
		}
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{
		"lastOccurrence": "Last occurrence", "participant#2.actor": "Participant 2 › Actor",
		"+prefers-window-seat": "Prefers window seat (addition)", "performer.+a·b": "Performer › A.b (addition)",
	} {
		if got := language.label(label); got != want {
			t.Errorf("%q is %q, want %q", label, got, want)
		}
	}
}

func TestPeopleReadDates(t *testing.T) {
	t.Parallel()
	for iso, want := range map[string]string{
		"2021": "2021", "2021-03": "March 2021", "2021-03-04": "March 4, 2021", "2021-03-04T15:06:07-05:00": "March 4, 2021, 3:06\u00a0PM",
		"2021-03-04T15:06:07.123Z": "March 4, 2021, 3:06\u00a0PM UTC",
	} {
		if got, ok := language.people(iso); got != want || !ok {
			t.Errorf("%q is %q", iso, got)
		}
	}
	for _, bad := range []string{"", "yesterday", "0000", "2021-13", "2021-02-30", `2021" x="`, "2021-03-04T25:00:00Z"} {
		if _, ok := language.people(bad); ok {
			t.Errorf("%q was read as a date", bad)
		}
	}
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for xhtml, want := range map[string]string{
		`<div xmlns="x"><p>a &amp; b</p><p>c</p></div>`: "a & b c", `<script>x</script`: "x", `a &lt;b&gt;`: "a <b>", ``: "", `<`: "",
	} {
		if got := plainText(xhtml); got != want {
			t.Errorf("%q is %q, want %q", xhtml, got, want)
		}
	}
}
