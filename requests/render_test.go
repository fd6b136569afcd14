package requests_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/handover"
	"satchel/requests"
)

// hostile are texts that must do no harm anywhere.
var hostile = []string{"=HYPERLINK(\"http://x\")", "+1", "@SUM(A1)", "<script>alert(1)</script>", "{{.Number}}", "a\nb", "ÖDEGÅRD", "-2", "\ttab"}

// ledgerOf fills a ledger with a request in each state, with texts that mean harm.
func ledgerOf(t *testing.T) *office {
	f := newOffice(t, nil)
	for _, s := range requests.States() {
		if s != requests.Producing {
			f.at(s)
		}
	}
	f.at(requests.Producing) // last, as the next job to end would be its
	for _, text := range hostile {
		in := wanted()
		in.Requester.Name, in.Requester.Address, in.Subject.Name, in.Asked, in.Purpose, in.Note = "x "+text, text, text, text, text, text
		in.Requester.Organization = text
		r := must(t)(f.Record(background, by("front"), in))
		r = must(t)(f.Extend(background, by("front"), seen(r), text))
		r = must(t)(f.Check(background, by("front"), seen(r), "other", text))
		must(t)(f.Deny(background, by("doctor"), seen(r), []requests.Ground{"other", "danger"}, text))
	}
	unknown := wanted()
	unknown.Patient, unknown.Subject = "", requests.Subject{Name: "Nobody Found Yet", BirthDate: "1950-01-02"}
	must(t)(f.Record(background, by("front"), unknown))
	in := wanted()
	in.Scope, in.Patient, in.Subject = requests.ScopePopulation, "", requests.Subject{}
	must(t)(f.Record(background, by("front"), in))
	return f
}

// Every line is a valid R4 resource, and so is the whole as a Bundle; Provenance points to the Task.
func TestFHIR(t *testing.T) {
	t.Parallel()
	f := ledgerOf(t)
	var out, bundle bytes.Buffer
	if err := requests.WriteFHIR(&out, f.Entries(background, requests.Filter{})); err != nil {
		t.Fatal(err)
	}
	if err := requests.WriteBundle(&bundle, f.Entries(background, requests.Filter{})); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	types := map[string]int{}
	for _, line := range append(lines, bundle.String()) {
		d, err := fhir.Parse([]byte(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		types[d.Type()]++
		for _, i := range d.Validate() {
			t.Errorf("%+v in %.300s", i, line)
		}
	}
	// 5 approved, 1 denied, all denied with harm; 2 given
	if n := len(requests.States()) + len(hostile) + 2; types["Task"] != n || types["Provenance"] != 5+1+len(hostile)+2 || types["Bundle"] != 1 {
		t.Errorf("%v, want %d tasks", types, n)
	}
	var task struct {
		Status         string
		BusinessStatus struct{ Coding []struct{ Code string } }
		StatusReason   struct{ Coding []struct{ Code string } }
		For            struct{ Reference string }
		Restriction    struct{ Period struct{ End string } }
	}
	for _, line := range lines {
		if strings.Contains(line, `"value":"2026-0004"`) { // the denied one
			if err := json.Unmarshal([]byte(line), &task); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !strings.Contains(out.String(), `"for":{"display":"Nobody Found Yet, 1950-01-02"`) {
		t.Error("nobody is named for whose record no patient was found yet")
	}
	if task.Status != "rejected" || task.BusinessStatus.Coding[0].Code != "denied" || task.StatusReason.Coding[0].Code != "danger" ||
		task.For.Reference != "Patient/p1" || task.Restriction.Period.End != "2026-03-31" {
		t.Errorf("%+v", task)
	}
}

// An empty ledger is a valid Bundle, too.
func TestEmptyBundle(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := requests.WriteBundle(&b, newOffice(t, nil).Entries(background, requests.Filter{})); err != nil {
		t.Fatal(err)
	}
	d, err := fhir.Parse(b.Bytes())
	if err != nil || len(d.Validate()) > 0 {
		t.Error(b.String(), err, d.Validate())
	}
}

// No cell begins a formula, and every row has all columns.
func TestCSV(t *testing.T) {
	t.Parallel()
	f := ledgerOf(t)
	var b bytes.Buffer
	if err := requests.WriteCSV(&b, f.Entries(background, requests.Filter{})); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 1+len(requests.States())+len(hostile)+2 {
		t.Fatal(len(rows), err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, row := range rows[1:] {
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				t.Errorf("%s is %q", rows[0][i], cell)
			}
		}
	}
	closed := rows[7]
	for name, want := range map[string]string{"number": "2026-0007", "state": "closed", "due": "2026-03-31", "late": "false", "requester": "Mina Ödegård", "decision": "approve",
		"decided_by": "doctor", "recipients": "Mina Ödegård", "ways": "stick", "disclosures": "1", "checked_by": "front", "patient": "p1", "extended": ""} {
		if got := closed[column[name]]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(closed[column["sha256"]]) != 64 {
		t.Error(closed[column["sha256"]])
	}
}

// Writers end with the first error of either side.
func TestWritersFail(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	bad := func() iter.Seq2[requests.Entry, error] {
		return func(yield func(requests.Entry, error) bool) { yield(requests.Entry{}, broken) }
	}
	f := newOffice(t, nil)
	f.at(requests.Received)
	for name, write := range map[string]func(w *full, e iter.Seq2[requests.Entry, error]) error{
		"csv":    func(w *full, e iter.Seq2[requests.Entry, error]) error { return requests.WriteCSV(w, e) },
		"fhir":   func(w *full, e iter.Seq2[requests.Entry, error]) error { return requests.WriteFHIR(w, e) },
		"bundle": func(w *full, e iter.Seq2[requests.Entry, error]) error { return requests.WriteBundle(w, e) },
	} {
		if err := write(&full{room: 1 << 20}, bad()); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if err := write(&full{}, f.Entries(background, requests.Filter{})); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// full is a disk with little room.
type full struct{ room int }

var errFull = errors.New("full")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// textOf is a letter as one text.
func textOf(l requests.Letter) string {
	parts := append(append(append([]string{l.Subject}, l.From...), l.To...), l.Signatures...)
	for _, p := range l.Paragraphs {
		parts = append(append(parts, p.Head, p.Text), p.Items...)
	}
	return strings.Join(parts, "\n")
}

// Each letter holds what the law and the reader need, and is refused while there is nothing to tell.
func TestLetters(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	must := must(t)
	closed := f.at(requests.Closed)
	extended := f.at(requests.Received)
	extended = must(f.Extend(background, by("front"), seen(extended), "The charts are in another building."))
	reviewed := f.at(requests.Denied)
	plain := f.at(requests.Verifying)
	plain = must(f.Deny(background, by("doctor"), seen(plain), []requests.Ground{"identity", "other"}, "The signature is another one."))
	partly := f.at(requests.Verifying)
	partly = must(f.Approve(background, by("doctor"), seen(partly), requests.Approval{Withhold: []handover.Withhold{{Resource: "Observation/1", Reason: "tells of another person", Authority: "45 CFR 164.524(a)(3)(ii)"}}}))
	in := wanted()
	in.Requester, in.Patient = requests.Requester{Name: "Attorney Ong", Role: "lawyer", Organization: "Ong & Sons", Address: "2 Court Street\nSeatown"}, "p1"
	other := must(f.Record(background, by("front"), in))
	wantLetters(t, f, []wantLetter{
		{"own", closed, requests.LetterAcknowledgement, []string{"Mina Ödegård", "March 1, 2026", "March 31, 2026", "your record", closed.Number, "the privacy officer", "555-0100", "1 Harbor Road"}, []string{"<no value>"}},
		{"lawyer", other, requests.LetterAcknowledgement, []string{"Ong & Sons", "2 Court Street", "the record of Mina Ödegård"}, []string{"your record"}},
		{"extended", extended, requests.LetterExtension, []string{"March 31, 2026", "April 30, 2026", "The charts are in another building.", "only once"}, nil},
		{"review", reviewed, requests.LetterDenial, []string{"right to have this decision reviewed", "licensed health care professional", "endanger", "Office for Civil Rights", "complain to us", "180 days", "555-0100"}, []string{"ask again at any time", "no right to a review"}},
		{"no review", plain, requests.LetterDenial, []string{"We could not confirm who is asking.", "The signature is another one.", "no right to a review", "Office for Civil Rights", "ask again at any time"}, []string{"right to have this decision reviewed"}},
		{"partly", partly, requests.LetterDenial, []string{"leave out a part", "Tells of another person, 45 CFR 164.524(a)(3)(ii).", "right to have this decision reviewed"}, []string{"cannot give it to you"}},
		{"receipt", closed, requests.LetterReceipt, []string{"package0.zip", "SHA-256 ", "on a stick or disk", "COMPLETE", "OPEN-ME-FIRST.html", "Received by, date", "Practice by the Sea"}, nil},
	})
}

// wantLetter is a letter about a request, with what it holds and what it does not.
type wantLetter struct {
	name  string
	r     requests.Request
	kind  requests.LetterKind
	holds []string
	not   []string
}

func wantLetters(t *testing.T, f *office, letters []wantLetter) {
	t.Helper()
	for _, tt := range letters {
		letter, err := f.Letter(background, tt.r.ID, tt.kind)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		text := textOf(letter)
		for _, want := range tt.holds {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", tt.name, want, text)
			}
		}
		noWord(t, text, append(tt.not, "<no value>", "{{", "  ")...)
	}
}

// Letters are refused while there is nothing to write of, and facts never run as texts.
func TestLettersRefuse(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	must := must(t)
	closed, in := f.at(requests.Closed), wanted()
	in.Requester, in.Patient = requests.Requester{Name: "Attorney Ong", Role: "lawyer", Organization: "Ong & Sons"}, "p1"
	other := must(f.Record(background, by("front"), in))
	for _, tt := range []struct {
		r    requests.Request
		kind requests.LetterKind
		want fhir.Code
	}{
		{closed, requests.LetterExtension, fhir.CodeConflict}, {closed, requests.LetterDenial, fhir.CodeConflict}, {other, requests.LetterReceipt, fhir.CodeConflict},
		{other, "love", fhir.CodeValue},
	} {
		if _, err := f.Letter(background, tt.r.ID, tt.kind); code(err) != tt.want {
			t.Errorf("%s: %v", tt.kind, err)
		}
	}
	in.Requester.Name, in.Asked = "{{.Number}}", "{{.Contact}}"
	r := must(f.Record(background, by("front"), in))
	letter, err := f.Letter(background, r.ID, requests.LetterAcknowledgement)
	if text := textOf(letter); err != nil || !strings.Contains(text, "Dear {{.Number}},") || !strings.Contains(text, "{{.Contact}}") {
		t.Errorf("%s, %v", text, err)
	}
}

// Every code of every list has its text, and every ground its sentence for the letter.
func TestLists(t *testing.T) {
	t.Parallel()
	lists := map[string][]requests.Choice{"channels": requests.Channels(), "roles": requests.Roles(), "scopes": requests.Scopes(), "wishes": requests.Wishes(),
		"proofs": requests.Proofs(), "grounds": requests.Grounds(), "ways": requests.Ways(), "forms": requests.Forms()}
	for name, list := range lists {
		seen := map[string]bool{}
		for _, c := range list {
			if c.Code == "" || c.Text == "" || seen[c.Code] {
				t.Errorf("%s: %+v", name, c)
			}
			seen[c.Code] = true
		}
	}
	if requests.RolePatient.Text() != "the patient" || requests.Ground("danger").Reviewable() == requests.Ground("identity").Reviewable() {
		t.Error("texts")
	}
	for _, g := range requests.Grounds() {
		if requests.Ground(g.Code) != requests.GroundOther && requests.GroundText(requests.Ground(g.Code)) == "" {
			t.Errorf("the letter has no sentence for %s", g.Code)
		}
	}
}
