package fhir

import (
	"testing"
	"time"
)

// benchObservation is a made-up blood pressure of usual size.
const benchObservation = `{"resourceType":"Observation","id":"5fbd1f2e-77c1-4e5a-9a55-6d0c1d6ad001","meta":{"versionId":"1","lastUpdated":"2024-05-31T10:20:30.123Z","profile":["http://hl7.org/fhir/StructureDefinition/bp"]},
 "status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],
 "code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"Blood pressure panel with all children optional"}],"text":"Blood pressure"},
 "subject":{"reference":"Patient/3c6ad1f0-2e4a-4a55-8f1b-0d9a1c7de101","display":"Test, Testa"},"encounter":{"reference":"Encounter/9b7cd1f0-2e4a-4a55-8f1b-0d9a1c7de202"},
 "effectiveDateTime":"2024-05-31T10:15:00+02:00","issued":"2024-05-31T10:20:30.123+02:00","performer":[{"reference":"Practitioner/12"}],
 "component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systolic blood pressure"}]},"valueQuantity":{"value":127.0,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
 {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4","display":"Diastolic blood pressure"}]},"valueQuantity":{"value":81.00,"unit":"mm[Hg]","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`

func BenchmarkReset(b *testing.B) {
	data := []byte(benchObservation)
	var d Document
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Reset(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResetValidate(b *testing.B) {
	data := []byte(benchObservation)
	var d Document
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := d.Reset(data); err != nil || len(d.Validate()) > 0 {
			b.Fatal(err, d.Validate())
		}
	}
}

func BenchmarkStamped(b *testing.B) {
	d, err := Parse([]byte(benchObservation))
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	now := time.Now()
	b.SetBytes(int64(len(benchObservation)))
	b.ReportAllocs()
	for b.Loop() {
		text = d.Stamped(text[:0], "5fbd1f2e-77c1-4e5a-9a55-6d0c1d6ad001", 2, now)
	}
}

// BenchmarkTables is what the first use of the tables costs a process.
func BenchmarkTables(b *testing.B) {
	for b.Loop() {
		all := readTables(elementsFile)
		for _, t := range all {
			t.inherit(all)
		}
		for _, t := range all {
			t.index(all)
		}
	}
}
