package view

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/handover"
)

// results is a record with an Observation for each text of members.
func observations(members ...string) bundle {
	b := bundle{o: Options{Patient: "p"}}
	for i, m := range members {
		b.items = append(b.items, Item{Section: handover.Current, Version: 1, Path: "data/fhir/current/Observation-0001.ndjson", Line: int64(i + 1), JSON: fmt.Appendf(nil,
			`{"resourceType":"Observation","id":"o%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2345-7","display":"Glucose"}]},"effectiveDateTime":"2021-01-%02d",%s}`, i, i+1, m)})
	}
	return b
}

func glucose(value, rest string) string {
	return `"valueQuantity":{"value":` + value + `,"unit":"mg/dL"}` + rest
}

func TestMeaningInWords(t *testing.T) {
	t.Parallel()
	span := `,"referenceRange":[{"low":{"value":70,"unit":"mg/dL"},"high":{"value":99,"unit":"mg/dL"}}]`
	other := `,"referenceRange":[{"high":{"value":5.5,"unit":"mmol/L"}}]`
	flag := `,"interpretation":[{"coding":[{"code":"HH"}]}]`
	rows := rowsOf(t, observations(glucose("80", span), glucose("120", span), glucose("60", span), glucose("120", other),
		glucose("300", span+flag), `"valueQuantity":{"value":5,"comparator":"<","unit":"mg/dL"}`+span,
		`"dataAbsentReason":{"text":"Clotted"}`, `"valueString":"turbid"`).pages(t))
	for i, want := range []string{"80 mg/dL 70 mg/dL to 99 mg/dL final", "120 mg/dL 70 mg/dL to 99 mg/dL Above the range given", "60 mg/dL 70 mg/dL to 99 mg/dL Below the range given",
		"120 mg/dL until 5.5 mmol/L final", "300 mg/dL 70 mg/dL to 99 mg/dL Critically high HH", "<5 mg/dL 70 mg/dL to 99 mg/dL final", "Clotted final", "turbid final"} {
		if text := readable(t, rows[fmt.Sprintf("Observation-o%d", i)].html); !strings.Contains(text, want) {
			t.Errorf("%d: %q, want %q", i, text, want)
		}
	}
}

// What was entered in error, has no date or another unit is in the table and not in the graph.
func TestGraph(t *testing.T) {
	t.Parallel()
	b := observations(glucose("80", ""), glucose("90.5", ""), glucose("100", ""), glucose("1", `,"note":[{"text":"x"}]`), `"valueQuantity":{"value":5,"unit":"mmol/L"}`, glucose("85", ""))
	b.items[3].JSON = []byte(strings.Replace(string(b.items[3].JSON), `"final"`, `"entered-in-error"`, 1))
	page := b.pages(t)["results.html"]
	for _, want := range []string{"4 results from January 1, 2021 to January 6, 2021. Lowest 80 mg/dL, highest 100 mg/dL, latest 85 mg/dL.", `role="img"`, "Entered in error"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if n := strings.Count(page, "<circle"); n != 4 {
		t.Errorf("%d marks", n)
	}
	if strings.Contains(observations(glucose("1", ""), glucose("2", "")).pages(t)["results.html"], "<svg") {
		t.Error("a graph of two results")
	}
}

// Whatever the numbers, what is drawn lies within the drawing.
func TestGraphStaysInside(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var facts []*fact
		for i := range rapid.IntRange(3, 12).Draw(r, "n") {
			value := rapid.Float64Range(-1e12, 1e12).Draw(r, "value") * math.Pow(10, float64(rapid.IntRange(-9, 0).Draw(r, "scale")))
			facts = append(facts, &fact{date: "2021", at: -int64(i * rapid.IntRange(0, 1e6).Draw(r, "gap")),
				result: &result{lines: []reading{{ok: true, number: value, low: rapid.Float64().Draw(r, "low"), high: math.NaN()}}}})
		}
		c := New(Options{}).chart("x", facts)
		if c == nil {
			return
		}
		inside := func(s string, low, high float64) {
			var x float64
			if _, err := fmt.Sscan(s, &x); err != nil || !(x >= low-0.06 && x <= high+0.06) {
				r.Fatalf("%q is not within %g and %g", s, low, high)
			}
		}
		if len(c.Ticks) < 2 || len(c.Ticks) > 13 {
			r.Fatalf("%d ticks", len(c.Ticks))
		}
		for _, k := range c.Ticks {
			inside(k.Y, top, bottom)
		}
		for _, p := range c.Lines[0].Points {
			inside(p.X, left, right)
			inside(p.Y, top, bottom)
		}
		if c.Band {
			inside(c.BandY, top, bottom)
			inside(c.BandH, 0, bottom-top)
		}
	})
}
