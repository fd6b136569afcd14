package exports_test

import (
	"testing"
)

// Every face starts an order by the same rules, and leaves the same: decision, narrowing, and the events of start and end.
func TestDeedsStart(t *testing.T) {
	want := map[string]map[string]trace{ // by account and order; what is not here is refused
		"chief": {
			"everything":          {start: "export-start success [*] level system", end: "export-complete success [*] 5 files, 8 resources"},
			"all patients":        {start: "export-start success [*] level patient", end: "export-complete success [*] 4 files, 7 resources"},
			"a group":             {start: "export-start success [p1 p2] level group; Group/g", end: "export-complete success [p1 p2] 5 files, 6 resources"},
			"one patient":         {start: "export-start success [p1] level patient", end: "export-complete success [p1] 3 files, 3 resources"},
			"a patient's package": {start: "export-start success [p1] package of a patient, 0 linked, 0 withheld", end: "package success [p1] access, COMPLETE"},
			"everybody's package": {start: "export-start success [*] package of everything", end: "package success [*] handover, COMPLETE"},
		},
		"types": {
			"everything":   {types: "Observation Patient", start: "export-start success [*] level system", end: "export-complete success [*] 2 files, 5 resources"},
			"all patients": {types: "Observation Patient", start: "export-start success [*] level patient", end: "export-complete success [*] 2 files, 5 resources"},
			"a group":      {types: "Observation Patient", start: "export-start success [p1 p2] level group; Group/g", end: "export-complete success [p1 p2] 2 files, 3 resources"},
			"one patient":  {types: "Observation Patient", start: "export-start success [p1] level patient", end: "export-complete success [p1] 2 files, 2 resources"},
		},
		"one": {
			"one patient":         {types: "", start: "export-start success [p1] level patient", end: "export-complete success [p1] 3 files, 3 resources"},
			"a patient's package": {start: "export-start success [p1] package of a patient, 0 linked, 0 withheld", end: "package success [p1] access, COMPLETE"},
		},
		"none": {},
	}
	for who, orderWant := range want {
		for _, o := range orders {
			eachFace(t, who, o, settings{}, func(t *testing.T, f face, got trace) {
				w, allowed := orderWant[o.name]
				if got.refused == allowed {
					t.Fatalf("refused: %v, want %v", got.refused, !allowed)
				}
				if allowed && got != w {
					t.Errorf("got  %+v\nwant %+v", got, w)
				}
				if !allowed && got.start != refusal(o) {
					t.Errorf("got  %q\nwant %q", got.start, refusal(o))
				}
			})
		}
	}
}

// eachFace starts an order on each face that can, on a practice of its own. Faces without accounts are tried as chief alone.
func eachFace(t *testing.T, who string, o order, set settings, check func(t *testing.T, f face, got trace)) {
	for _, f := range faces {
		if !f.can(o) || f.trusted && who != "chief" {
			continue
		}
		t.Run(who+"/"+o.name+"/"+f.name, func(t *testing.T) {
			t.Parallel()
			check(t, f, f.do(open(t, set), who, o))
		})
	}
}

// refusal is the event of an order that was refused.
func refusal(o order) string {
	switch {
	case o.isPackage && o.patient != "":
		return "export-start refused Patient/p1 [p1] package of a patient, 0 linked, 0 withheld"
	case o.isPackage:
		return "export-start refused  [*] package of everything"
	case o.group != "":
		return "export-start refused Group/g [p1 p2] level group; Group/g"
	case o.patient != "":
		return "export-start refused Patient/p1 [p1] level patient"
	case o.system:
		return "export-start refused  [*] level system"
	}
	return "export-start refused  [*] level patient"
}

// bulk_export.enabled = false refuses on every face what is of many, and on none what is of one patient's record.
func TestDeedsSwitchedOff(t *testing.T) {
	for _, o := range orders {
		eachFace(t, "chief", o, settings{off: true}, func(t *testing.T, f face, got trace) {
			one := o.isPackage && o.patient != ""
			if got.refused == one {
				t.Fatalf("refused: %v", got.refused)
			}
			if got.refused && got.start != refusal(o) {
				t.Errorf("got  %q\nwant %q", got.start, refusal(o))
			}
		})
	}
}

// bulk_export.inline_attachment_max counts for exports on every face.
func TestDeedsInline(t *testing.T) {
	for _, o := range orders[:4] {
		eachFace(t, "chief", o, settings{inline: 10}, func(t *testing.T, f face, got trace) {
			if got.refused || !got.address {
				t.Errorf("%+v", got)
			}
		})
	}
}
