package faces_test

import (
	"fmt"
	"strings"
	"testing"
)

// filled is a practice with n patients, each with an observation.
func filled(b *testing.B, n int) *practice {
	p := open(b, nil)
	for start := 0; start < n; start += 500 {
		var entries []string
		for i := start; i < min(start+500, n); i++ {
			entries = append(entries,
				fmt.Sprintf(`{"request":{"method":"PUT","url":"Patient/p%[1]d"},"resource":{"resourceType":"Patient","id":"p%[1]d","name":[{"family":"Moor%[1]d","given":["Ann"]}],"gender":"female","birthDate":"1980-02-03"}}`, i),
				fmt.Sprintf(`{"request":{"method":"PUT","url":"Observation/o%[1]d"},"resource":{"resourceType":"Observation","id":"o%[1]d","status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/p%[1]d"}}}`, i))
		}
		p.want(p.do("POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`), 200)
	}
	return p
}

func BenchmarkRead(b *testing.B) {
	p := filled(b, 1000)
	for b.Loop() {
		p.want(p.do("GET", "/fhir/Patient/p500", ""), 200)
	}
}

func BenchmarkSearchPatient(b *testing.B) {
	p := filled(b, 1000)
	for b.Loop() {
		p.want(p.do("GET", "/fhir/Observation?patient=p500", ""), 200)
	}
}

func BenchmarkSearchPage50(b *testing.B) {
	p := filled(b, 1000)
	for b.Loop() {
		p.want(p.do("GET", "/fhir/Patient?gender=female", ""), 200)
	}
}

func BenchmarkSearchPage50RevInclude(b *testing.B) {
	p := filled(b, 1000)
	for b.Loop() {
		p.want(p.do("GET", "/fhir/Patient?gender=female&_revinclude=Observation:subject", ""), 200)
	}
}

func BenchmarkSearchPage50Include(b *testing.B) {
	p := filled(b, 1000)
	for b.Loop() {
		p.want(p.do("GET", "/fhir/Observation?_include=Observation:subject", ""), 200)
	}
}

func BenchmarkUpdate(b *testing.B) {
	p := filled(b, 1)
	for i := 0; b.Loop(); i++ {
		p.want(p.do("PUT", "/fhir/Patient/p0", fmt.Sprintf(`{"resourceType":"Patient","id":"p0","multipleBirthInteger":%d}`, i+1)), 200)
	}
}

// BenchmarkTransaction stores 1,000 resources per operation.
func BenchmarkTransaction(b *testing.B) {
	p := open(b, nil)
	entry := `{"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":72,"unit":"/min"}}}`
	body := `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Repeat(entry+",", 999) + entry + `]}`
	for b.Loop() {
		p.want(p.do("POST", "/fhir", body), 200)
	}
}

func BenchmarkMetadata(b *testing.B) {
	p := open(b, nil)
	for b.Loop() {
		p.want(p.do("GET", "/fhir/metadata", ""), 200)
	}
}
