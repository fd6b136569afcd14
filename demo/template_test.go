package demo

import (
	"bytes"
	"strconv"
	"testing"
)

func TestFunctions(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"$ref(Patient/1)", `{"reference":"Patient/1"}`},
		{"$ref(Patient/$x Ann $y)", `{"reference":"Patient/$x","display":"Ann $y"}`},
		{"$quantity(1.00 kg)", `{"value":1.00,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}`},
		{"$quantity(98.60 degF [degF])", `{"value":98.60,"unit":"degF","system":"http://unitsofmeasure.org","code":"[degF]"}`},
		{"$period(2020 2021)", `{"start":"2020","end":"2021"}`},
		{"$period(2020)", `{"start":"2020"}`},
		{"$money(1.50)", `{"value":1.50,"currency":"USD"}`},
		{"$coding(hl7/v3-ActCode AMB)", `{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}`},
		{"$concept(loinc 1-8 A (b) c)", `{"coding":[{"system":"http://loinc.org","code":"1-8","display":"A (b) c"}],"text":"A (b) c"}`},
		{"$text(Hello,\n   you)", `{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Hello, you</p></div>"}`},
		{"$id(mrn 7)", `{"system":"urn:satchel:demo:mrn","value":"7"}`},
		{"$hole and ${other}", "${hole} and ${other}"},
	} {
		if got := expand(c.in); got != c.want {
			t.Errorf("expand(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestCompactKeepsStrings(t *testing.T) {
	if got := compact("{ \"a b\" : \" \\\" c\" ,\n\t\"d\": 1.00 }"); got != `{"a b":" \" c","d":1.00}` {
		t.Error(got)
	}
}

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		n, places int
		want      string
	}{{9860, 2, "98.60"}, {100, 2, "1.00"}, {7, 2, "0.07"}, {41, 0, "41"}, {50, 1, "5.0"}} {
		if got := decimal(c.n, c.places); got != c.want {
			t.Errorf("decimal(%d, %d) = %s, want %s", c.n, c.places, got, c.want)
		}
	}
}

// A reader of a PDF finds objects by the byte offsets in its table.
func TestPDFOffsets(t *testing.T) {
	file := pdf("Letter about José (x)")
	table := file[bytes.Index(file, []byte("xref\n")):]
	lines := bytes.Split(table, []byte("\n"))
	for i, line := range lines[3:8] {
		offset, err := strconv.Atoi(string(line[:10]))
		if err != nil {
			t.Fatal(err)
		}
		if want := strconv.Itoa(i+1) + " 0 obj"; !bytes.HasPrefix(file[offset:], []byte(want)) {
			t.Errorf("offset %d does not lead to %q", offset, want)
		}
	}
	start := bytes.LastIndex(file, []byte("startxref\n")) + len("startxref\n")
	if offset, _ := strconv.Atoi(string(bytes.Fields(file[start:])[0])); !bytes.HasPrefix(file[offset:], []byte("xref")) {
		t.Errorf("startxref %d does not lead to the table", offset)
	}
}

func TestPatientIDs(t *testing.T) {
	if PatientID(0) != "p0000000" || PatientID(1234567) != "p1234567" || PatientID(MaxPatients-1) != "p9999998" {
		t.Error(PatientID(0), PatientID(1234567), PatientID(MaxPatients-1))
	}
}
