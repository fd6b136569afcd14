package audit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"satchel/fhir"
)

var someTime = time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)

func event(a Action) Event {
	return Event{Seq: 7, Time: someTime, Who: Who{"ann", User}, From: "10.0.0.1", Action: a, Target: "Patient/p1", Outcome: Success, Status: 200,
		Patients: []string{"p1", "p2"}, Detail: "count=2", RequestID: "r1", Hash: strings.Repeat("ab", 32)}
}

func TestClean(t *testing.T) {
	got, err := Event{Action: Read, Who: Who{"a\x00b\u202Ec\r\nd\xff ", User}, Detail: strings.Repeat("ä", 800), Time: someTime.Add(time.Microsecond),
		Patients: []string{"b", "a", "b", "a b", ""}, More: 2}.Clean()
	if err != nil {
		t.Fatal(err)
	}
	want := Event{Action: Read, Who: Who{"a b c  d\uFFFD", User}, Detail: strings.Repeat("ä", 500), Time: someTime, Outcome: Success,
		Patients: []string{"a", "b"}, More: 4}
	if fmt.Sprintf("%+q", fmt.Sprint(got)) != fmt.Sprintf("%+q", fmt.Sprint(want)) {
		t.Errorf("got  %+q\nwant %+q", fmt.Sprint(got), fmt.Sprint(want))
	}
}

func TestCleanCapsPatients(t *testing.T) {
	var ids []string
	for i := range 3 * MaxPatients {
		ids = append(ids, fmt.Sprintf("p%03d", i%(2*MaxPatients)))
	}
	slices.Reverse(ids)
	before := slices.Clone(ids)
	e, err := Event{Action: Search, Who: Who{Kind: System}, Patients: ids, More: 5}.Clean()
	if err != nil || len(e.Patients) != 1+MaxPatients || e.Patients[0] != Everybody || e.Patients[1] != "p000" || e.More != MaxPatients+5 {
		t.Errorf("%d patients from %q, %d more, %v", len(e.Patients), e.Patients[0], e.More, err)
	}
	if !slices.Equal(ids, before) {
		t.Error("the caller's list was changed")
	}
}

// Everybody stays at the front, is no legal id and is not counted.
func TestCleanEverybody(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{Everybody}, []string{Everybody}}, {[]string{"b", Everybody, "a", Everybody, "!"}, []string{Everybody, "a", "b"}},
	} {
		e, err := Event{Action: ExportStart, Who: Who{Kind: User}, Patients: c.in}.Clean()
		if more := strings.Count(strings.Join(c.in, " "), "!"); err != nil || !slices.Equal(e.Patients, c.want) || e.More != more {
			t.Errorf("%q: %+v, %v", c.in, e, err)
		}
	}
	if fhir.IsID(Everybody) {
		t.Error("a patient may have that id")
	}
}

func TestID(t *testing.T) {
	e := event(Read)
	if seq, ok := SeqOf(ID(e)); !ok || seq != e.Seq || !fhir.IsID(ID(e)) {
		t.Errorf("%s: %d %v", ID(e), seq, ok)
	}
	for _, id := range []string{"", "log-", "log-7", "log-7-", "7-abababababababab", "log-0-abababababababab", "log--7-abababababababab",
		"log-7-ababababababaBab", "log-7-ababababababab", "log-99999999999999999999-abababababababab", "log-x-abababababababab"} {
		if seq, ok := SeqOf(id); ok {
			t.Errorf("%s: %d", id, seq)
		}
	}
	e.Seq = 1<<63 - 1
	if id := ID(e); !fhir.IsID(id) {
		t.Errorf("%s is too long", id)
	}
	if ID(Event{}) != "" {
		t.Error("an event that is not stored has an id")
	}
}

func TestCleanRefuses(t *testing.T) {
	for _, e := range []Event{
		{}, {Action: "dance", Who: Who{Kind: User}}, {Action: Read}, {Action: Read, Who: Who{Kind: "robot"}},
		{Action: Read, Who: Who{Kind: User}, Outcome: "fine"},
	} {
		if _, err := e.Clean(); err == nil {
			t.Errorf("took %+v", e)
		}
	}
}

// texts draws what somebody may put into an event.
func texts(most int) *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.StringN(0, -1, most), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.SampledFrom([]string{"", "=1+1", "p1", "Patient/p1", "-2", "\t=x", "::1", Everybody}))
}

func anyEvent() *rapid.Generator[Event] {
	return rapid.Custom(func(t *rapid.T) Event {
		e := Event{
			Seq: rapid.Int64Range(1, 1<<40).Draw(t, "seq"), Time: time.UnixMilli(rapid.Int64Range(1, 4e12).Draw(t, "time")),
			Who: Who{texts(300).Draw(t, "who"), rapid.SampledFrom(Kinds()).Draw(t, "kind")}, From: texts(80).Draw(t, "from"),
			Action: rapid.SampledFrom(Actions()).Draw(t, "action"), Target: texts(300).Draw(t, "target"),
			Outcome: rapid.SampledFrom(Outcomes()).Draw(t, "outcome"), Status: rapid.IntRange(0, 599).Draw(t, "status"),
			Patients: rapid.SliceOf(texts(70)).Draw(t, "patients"), More: rapid.IntRange(0, 9).Draw(t, "more"),
			Detail: texts(1200).Draw(t, "detail"), RequestID: texts(40).Draw(t, "request"),
		}
		e, err := e.Clean()
		if err != nil {
			t.Fatal(err)
		}
		return e
	})
}

// Cleaning twice is cleaning once, and what is clean is one line of sound text.
func TestCleanIsSettled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent().Draw(t, "event")
		again, err := e.Clean()
		if err != nil || fmt.Sprint(again) != fmt.Sprint(e) {
			t.Fatalf("%v: %+q\n%+q", err, fmt.Sprint(e), fmt.Sprint(again))
		}
		for _, s := range append([]string{e.Who.Name, e.From, e.Target, e.Detail, e.RequestID}, e.Patients...) {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n\r\t\x1b\u2028\u202e") || s != strings.TrimSpace(s) {
				t.Fatalf("%+q is not clean", s)
			}
		}
	})
}

func TestParamNames(t *testing.T) {
	for query, want := range map[string]string{
		"":                                     "",
		"family=Smith&birthdate=ge1970":        "birthdate family",
		"name:exact=A&name%3Aexact=B&_count=5": "_count name:exact",
		"subject:Patient.name=Smith;code=1":    "code subject:Patient.name",
		"Smith":                                "?",
		"Smith&1970-01-02=&a%20b=c":            "?",
		"=x&" + strings.Repeat("a", 65) + "=1": "?",
	} {
		if got := ParamNames(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func TestOutcomeOf(t *testing.T) {
	for status, want := range map[int]Outcome{0: Success, 200: Success, 304: Success, 400: Refused, 403: Refused, 499: Refused, 500: Failed, 507: Failed} {
		if got := OutcomeOf(status); got != want {
			t.Errorf("%d: %s", status, got)
		}
	}
}

func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range Actions() {
		c := a.Code()
		if seen[c] || c == "" || !a.Valid() || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			t.Errorf("%s: code %q", a, c)
		}
		seen[c] = true
	}
	if VRead.Code() != "FHIR_VREAD" || ExportStart.Code() != "EXPORT_START" || Action("x").Valid() {
		t.Error("the codes are not as documented")
	}
}

func TestVerdictText(t *testing.T) {
	var v Verdict
	if !v.OK() || !strings.Contains(v.String(), "is whole: 0 events") {
		t.Error(v)
	}
	v.Add(Edited, 3, 3, "a %s", "b")
	v.Add(Removed, 5, 7, "c")
	v.Add(Head, 0, 0, "d")
	if got := v.String(); v.OK() || !strings.HasSuffix(got, "\n  edited 3: a b\n  removed 5-7: c\n  head: d") {
		t.Error(got)
	}
	for range MaxFaults {
		v.Add(Edited, 1, 1, "")
	}
	if len(v.Faults) != MaxFaults || v.More != 3 || !strings.HasSuffix(v.String(), "and 3 more") {
		t.Errorf("%d faults, %d more", len(v.Faults), v.More)
	}
}
