package fhir

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// An outline says of whatever is stored what a document says.
func TestOutlineIsAsDocument(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		typ := rapid.SampledFrom(Types()).Draw(t, "type")
		params := slices.DeleteFunc(slices.Clone(searchOf(typ).params), func(*param) bool { return rapid.IntRange(0, 2).Draw(t, "drop") == 0 })
		d, err := Parse(drawDocument(t, typ, params).Stamped(nil, "x.1", 7, at))
		if err != nil {
			t.Fatal(err)
		}
		var s Outline
		about := typ == "Patient"
		searchOf(typ).owners.walk(d.root(), func(e *end, v node) bool {
			to := referenceOf(v, "Reference")
			about = about || e.tier == tierSubject && to.Type == "Patient" && to.Form == FormRelative
			return true
		})
		if conditional(&searchOf(typ).owners) || typ == "Bundle" || typ == "Subscription" || searchOf(typ).kind.belongs() && !about {
			t.Skip("left to documents")
		}
		if !s.Reset(d.JSON(), typ, Bases{}) {
			t.Fatalf("gave up at byte %d of %s", s.cursor.i, d.JSON())
		}
		if s.Type != d.Type() || s.ID != d.ID() || s.Version != d.Version() || s.LastUpdated != d.LastUpdated() {
			t.Errorf("read %s %s %s %s of %s", s.Type, s.ID, s.Version, s.LastUpdated, d.JSON())
		}
		var references []string
		d.ReferenceTexts(func(text string) { references = append(references, text) })
		if !slices.Equal(s.References, references) {
			t.Errorf("references %q, want %q", s.References, references)
		}
		if !slices.Equal(s.Owners(), d.Owners(Bases{})) {
			t.Errorf("owners %v, want %v: %s", s.Owners(), d.Owners(Bases{}), d.JSON())
		}
		d.Attachments(func(path, _, _ string, _ bool) {
			if !s.Attachments {
				t.Errorf("there is an attachment at %s", path)
			}
		})
	})
}

// Few types have trees that an outline leaves to documents.
func TestOutlineTakesMostTypes(t *testing.T) {
	for _, typ := range Types() {
		if conditional(&searchOf(typ).owners) {
			t.Errorf("%s is left to documents", typ)
		}
	}
}

const outlined = `{"resourceType":"Observation","id":"o-1","meta":{"versionId":"2","lastUpdated":"2026-11-23T08:00:00Z"},` +
	`"contained":[{"resourceType":"Patient","id":"c","generalPractitioner":[{"reference":"Practitioner/\u00fc"}]}],` +
	`"subject":{"reference":"Patient/1","display":"\"Ä\" 日本 \\ \n"},"performer":[{"reference":"https://practice.example/fhir/Patient/2/_history/3"}],` +
	`"valueQuantity":{"value":-1.50e+3},"active":[true,false,null,"x",0],"empty":{},"none":[]}`

func TestOutlineOwners(t *testing.T) {
	var s Outline
	if !s.Reset([]byte(outlined), "Observation", own) {
		t.Fatalf("gave up at byte %d", s.cursor.i)
	}
	if got, want := fmt.Sprint(s.Owners(), s.References), fmt.Sprint([]Owner{{"1", WhySubject}, {"2", WhyOther}})+" [Practitioner/ü Patient/1 https://practice.example/fhir/Patient/2/_history/3]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whatever byte is changed, cut off or put in: what an outline takes is sound JSON, and never a resource of another type.
func TestOutlineTakesOnlySoundJSON(t *testing.T) {
	var s Outline
	refused := 0
	for i := range len(outlined) {
		for _, b := range []byte("\x00\x1f\x7f\x80\xff\"\\{}[],:0-.eu \n") {
			changed := []byte(outlined)
			changed[i] = b
			put := slices.Insert([]byte(outlined), i, b)
			for _, text := range [][]byte{changed, put, slices.Delete([]byte(outlined), i, i+1), []byte(outlined[:i])} {
				if !s.Reset(text, "Observation", Bases{}) {
					refused++
				} else if !json.Valid(text) || !utf8.Valid(text) {
					t.Fatalf("took %q", text)
				}
			}
		}
	}
	if refused < len(outlined)*20 {
		t.Errorf("refused %d only", refused)
	}
	for _, text := range []string{
		outlined + " ", " " + outlined, outlined + outlined, `{"id":"1",` + outlined[1:], "[]", "", "null",
		`{"resourceType":"Observation","id":"1"}`, `{"resourceType":"Observation","id":"1","meta":{"versionId":"1"}}`,
	} {
		if s.Reset([]byte(text), "Observation", Bases{}) {
			t.Errorf("took %q", text)
		}
	}
	if s.Reset([]byte(outlined), "Patient", Bases{}) {
		t.Error("took an Observation for a Patient")
	}
}

func BenchmarkOutline(b *testing.B) {
	d, err := Parse([]byte(benchObservation))
	if err != nil {
		b.Fatal(err)
	}
	var s Outline
	b.SetBytes(int64(len(d.JSON())))
	b.ReportAllocs()
	for b.Loop() {
		if !s.Reset(d.JSON(), "Observation", Bases{}) {
			b.Fatal(s.cursor.i)
		}
	}
}
