package audit

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/fhir"
)

func these(events ...Event) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestCSV(t *testing.T) {
	var b strings.Builder
	if err := WriteCSV(&b, these(event(Read))); err != nil {
		t.Fatal(err)
	}
	want := "seq,time,who,kind,from,action,target,patients,more_patients,outcome,status,detail,request,hash\r\n" +
		"7,2026-03-04T05:06:07.089Z,ann,user,10.0.0.1,read,Patient/p1,p1 p2,0,success,200,'=2\",r1," + strings.Repeat("ab", 32) + "\r\n"
	want = strings.Replace(want, "'=2\"", "count=2", 1)
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

func TestHarmless(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "ann": "ann", "a=b": "a=b", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'\rx", "\n=x": "'\n=x",
		" =1": "' =1", "＝1": "'＝1", "'=1": "'=1", "   ": "   ",
	} {
		if got := Harmless(cell); got != want {
			t.Errorf("%q: got %q, want %q", cell, got, want)
		}
	}
}

// Whatever an event holds, its row is one row, no cell is a formula, and every field can be read back.
func TestCSVOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent().Draw(t, "event")
		var b bytes.Buffer
		if err := WriteCSV(&b, these(e, e)); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) != 3 || !slices.Equal(rows[0], header) || !slices.Equal(rows[1], rows[2]) {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, cell := range rows[1] {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Fatalf("cell %d is a formula: %q", i, cell)
			}
		}
		if got := strings.TrimPrefix(rows[1][2], "'"); got != strings.TrimPrefix(e.Who.Name, "'") {
			t.Fatalf("who: %q, want %q", got, e.Who.Name)
		}
	})
}

// A line of NDJSON holds all that the chain covers.
func TestNDJSONOfAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent().Draw(t, "event")
		var b bytes.Buffer
		if err := WriteNDJSON(&b, these(e, e)); err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(b.String(), "\n")
		if len(lines) != 3 || lines[0] != lines[1] || lines[2] != "" {
			t.Fatalf("lines: %q", lines)
		}
		var r record
		if err := json.Unmarshal([]byte(lines[0]), &r); err != nil {
			t.Fatal(err)
		}
		at, err := fhir.ParseInstant(r.Time)
		if err != nil {
			t.Fatal(err)
		}
		back := Event{Seq: r.Seq, Time: at, Who: Who{r.Who, r.Kind}, From: r.From, Action: r.Action, Target: r.Target, Outcome: r.Outcome, Status: r.Status,
			Patients: r.Patients, More: r.More, Detail: r.Detail, RequestID: r.Request}
		if Sum([32]byte{}, back) != Sum([32]byte{}, e) {
			t.Fatalf("read back: %+v", back)
		}
	})
}

// Every event is a valid R4 AuditEvent.
func TestFHIRIsValid(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, e Event) {
		text := FHIR(e)
		d, err := fhir.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, i := range d.Validate() {
			t.Fatalf("%+v in %s", i, text)
		}
	}
	for _, a := range Actions() {
		for _, target := range []string{"", "Patient/p1", "Patient/p1/_history/2", "Observation/o", "Observation", "6f1e", "file name.ndjson"} {
			e := event(a)
			e.Target = target
			check(t, e)
		}
	}
	check(t, Event{Time: someTime, Who: Who{Kind: Anonymous}, Action: AccessRefused, Outcome: Refused})
	rapid.Check(t, func(t *rapid.T) { check(t, anyEvent().Draw(t, "event")) })
}

func TestFHIR(t *testing.T) {
	e := event(VRead)
	e.Target, e.Outcome, e.Status, e.More = "Observation/o1/_history/2", Refused, 403, 3
	const want = `{"resourceType":"AuditEvent","id":"log-7-abababababababab","meta":{"versionId":"1","lastUpdated":"2026-03-04T05:06:07.089Z","source":"urn:satchel:audit-log"},` +
		`"type":{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest"},` +
		`"subtype":[{"system":"http://hl7.org/fhir/restful-interaction","code":"vread"},{"system":"urn:satchel:audit-action","code":"vread"}],` +
		`"action":"R","recorded":"2026-03-04T05:06:07.089Z","outcome":"4","outcomeDesc":"403",` +
		`"agent":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/extra-security-role-type","code":"humanuser"}]},` +
		`"who":{"identifier":{"value":"ann"},"display":"ann"},"altId":"ann","name":"ann","requestor":true,"network":{"address":"10.0.0.1","type":"2"}}],` +
		`"source":{"observer":{"display":"Satchel"},"type":[{"system":"http://terminology.hl7.org/CodeSystem/security-source-type","code":"4"}]},` +
		`"entity":[{"what":{"reference":"Observation/o1/_history/2"},"type":{"system":"http://terminology.hl7.org/CodeSystem/audit-entity-type","code":"2"},` +
		`"role":{"system":"http://terminology.hl7.org/CodeSystem/object-role","code":"4"},` +
		`"detail":[{"type":"detail","valueString":"count=2"},{"type":"request-id","valueString":"r1"},{"type":"hash","valueString":"%s"},{"type":"more-patients","valueString":"3"}]},` +
		`{"what":{"reference":"Patient/p1"},"type":{"system":"http://terminology.hl7.org/CodeSystem/audit-entity-type","code":"1"},"role":{"system":"http://terminology.hl7.org/CodeSystem/object-role","code":"1"}},` +
		`{"what":{"reference":"Patient/p2"},"type":{"system":"http://terminology.hl7.org/CodeSystem/audit-entity-type","code":"1"},"role":{"system":"http://terminology.hl7.org/CodeSystem/object-role","code":"1"}}]}`
	if got := string(FHIR(e)); got != fmt.Sprintf(want, e.Hash) {
		t.Errorf("got  %s\nwant %s", got, fmt.Sprintf(want, e.Hash))
	}
}

// Writers end with the first error, of the events or of the disk.
func TestWritersFail(t *testing.T) {
	broken := errors.New("broken")
	for name, write := range map[string]func(w *limited, events iter.Seq2[Event, error]) error{
		"csv":    func(w *limited, events iter.Seq2[Event, error]) error { return WriteCSV(w, events) },
		"ndjson": func(w *limited, events iter.Seq2[Event, error]) error { return WriteNDJSON(w, events) },
		"fhir":   func(w *limited, events iter.Seq2[Event, error]) error { return WriteFHIR(w, events) },
	} {
		failing := func(yield func(Event, error) bool) { _ = yield(event(Read), nil) && yield(Event{}, broken) }
		if err := write(&limited{left: 1 << 20}, failing); !errors.Is(err, broken) {
			t.Errorf("%s: events: %v", name, err)
		}
		for _, n := range []int{1, 1000} {
			if err := write(&limited{left: 20}, these(slices.Repeat([]Event{event(Read)}, n)...)); err == nil {
				t.Errorf("%s: %d events went to a full disk", name, n)
			}
		}
	}
}

// limited is a disk that gets full.
type limited struct{ left int }

func (l *limited) Write(b []byte) (int, error) {
	if len(b) > l.left {
		return 0, errors.New("full")
	}
	l.left -= len(b)
	return len(b), nil
}
