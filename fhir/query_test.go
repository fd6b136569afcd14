package fhir

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// mustParse reads a document that the test wrote itself.
func mustParse(tb testing.TB, text string) *Document {
	tb.Helper()
	d, err := Parse([]byte(text))
	if err != nil {
		tb.Fatalf("%v in %s", err, text)
	}
	return d
}

// mustQuery reads "name=value&name=value" for a type. Nothing is URL-decoded.
// here is the server that searches in these tests.
var here = NewBases("http://here/fhir")

func mustQuery(tb failer, typ, search string) Query {
	tb.Helper()
	q, unknown, err := ParseQuery(typ, paramsOf(search), here)
	if err != nil || unknown != nil {
		tb.Fatalf("%s?%s: unknown %q, error %v", typ, search, unknown, err)
	}
	return q
}

func paramsOf(search string) []Param {
	var params []Param
	for pair := range strings.SplitSeq(search, "&") {
		name, value, _ := strings.Cut(pair, "=")
		params = append(params, Param{name, value})
	}
	return params
}

// matchCase says of one document which searches find it and which do not.
type matchCase struct {
	name, doc string
	yes, no   []string
}

// checkMatches runs the searches, and holds each that matches against the index.
func checkMatches(t *testing.T, cases []matchCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := mustParse(t, c.doc)
			for _, search := range c.yes {
				q := mustQuery(t, d.Type(), search)
				if !q.Match(d) {
					t.Errorf("%q does not match", search)
				} else if miss := uncovered(q, d); miss != "" {
					t.Errorf("%q matches, but no entry is in %s", search, miss)
				}
			}
			for _, search := range c.no {
				if mustQuery(t, d.Type(), search).Match(d) {
					t.Errorf("%q matches", search)
				}
			}
		})
	}
}

const tokenDoc = `{"resourceType":"Observation","id":"o1","status":"final",
	"meta":{"profile":["http://x/StructureDefinition/p|2.0"],"tag":[{"system":"http://t","code":"A"}],"security":[{"code":"R"}],"source":"http://src#1","lastUpdated":"2020-05-05T10:00:00.000Z"},
	"identifier":[{"system":"http://ids","value":"A|1","type":{"coding":[{"system":"http://types","code":"MR"}],"text":"Record number"}},{"value":"b,2"}],
	"category":[{"coding":[{"system":"http://cat","code":"vital-signs","display":"Vital Signs"}]}],
	"code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body height"},{"code":"local"}],"text":"Größe"}}`

func TestMatchToken(t *testing.T) {
	checkMatches(t, []matchCase{{
		name: "codes", doc: tokenDoc,
		yes: []string{
			"code=8302-2", "code=http://loinc.org|8302-2", "code=http://loinc.org|", "code=|local", "code=local", "code=x,local", "code=8302-2&code=local",
			"status=final", "status=http://hl7.org/fhir/observation-status|final", "status=|final",
			"code:not=x", "code:not=x,y", "status:not=preliminary", "method:not=x",
			"code:text=body", "code:text=GROSSE", "code:text=größe", "category:text=vital", "identifier:text=record",
			"code:missing=false", "method:missing=true", "_tag=http://t|A", "_tag=A", "_security=|R", "_id=o1", "_id=x,o1",
			`identifier=http://ids|A\|1`, `identifier=A\|1`, "identifier=http://ids|", `identifier=b\,2`, `identifier=|b\,2`,
			`identifier:of-type=http://types|MR|A\|1`,
		},
		no: []string{
			"code=8302", "code=http://other|8302-2", "code=|8302-2", "code=http://loinc.org|local", "code=8302-2&code=x", "code=LOCAL",
			"status=Final", "status:not=final", "code:not=x,local", "code:not=local", "code:text=height", "code:missing=true", "method:missing=false",
			"_tag=http://u|A", "_id=O1", "_id:not=o1", `identifier=http://ids|b\,2`, "method=x",
			`identifier:of-type=http://types|DL|A\|1`, `identifier:of-type=http://types|MR|b\,2`,
		},
	}, {
		name: "patient", doc: `{"resourceType":"Patient","active":true,"gender":"female","telecom":[{"system":"phone","value":"555"},{"system":"email","value":"a@b"}],"deceasedBoolean":false}`,
		yes: []string{"active=true", "active=http://hl7.org/fhir/special-values|true", "phone=555", "email=a@b", "telecom=555", "telecom=phone|555", "deceased=false", "deceased:not=true", "deceased:missing=false", "gender=female"},
		no:  []string{"active=false", "phone=a@b", "email=555", "deceased=true", "deceased:not=false"},
	}, {
		name: "dead patient", doc: `{"resourceType":"Patient","deceasedDateTime":"2020"}`,
		yes: []string{"deceased=true", "deceased:not=false", "death-date=2020", "phone:missing=true"},
		no:  []string{"deceased=false", "phone:missing=false"},
	}, {
		name: "no word on death", doc: `{"resourceType":"Patient","telecom":[{"system":"phone"}]}`,
		yes: []string{"deceased=false", "deceased:missing=true", "deceased=true,false"},
		no:  []string{"deceased=true", "deceased:not=false", "phone=555"},
	}, {
		name: "other types of value", doc: `{"resourceType":"Encounter","status":"finished","class":{"system":"http://c","code":"AMB","display":"ambulatory"},"participant":[{"type":[{"coding":[{"code":"p1"}]}]},{"type":[{"coding":[{"code":"p2"}]}]}]}`,
		yes: []string{"class=AMB", "class=http://c|AMB", "class:text=amb", "participant-type=p2", "participant-type=p1"},
		no:  []string{"class=http://d|AMB", "participant-type=p3"},
	}})
}

func TestMatchReference(t *testing.T) {
	const uuid = "urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d"
	checkMatches(t, []matchCase{{
		name: "relative", doc: `{"resourceType":"Observation","subject":{"reference":"Patient/1"},"encounter":{"reference":"Encounter/e/_history/2"},"performer":[{"reference":"Practitioner/1"},{"identifier":{"system":"s","value":"v"}}]}`,
		yes: []string{"subject=1", "subject=Patient/1", "subject:Patient=1", "subject:Patient=Patient/1", "patient=1", "patient=Patient/1", "patient:Patient=1",
			"encounter=e", "encounter=Encounter/e", "encounter=Encounter/e/_history/2", "performer=Practitioner/1", "performer=1", "performer:identifier=s|v", "performer:identifier=v",
			"subject=http://here/fhir/Patient/1", "subject=Group/1,Patient/1", "device:missing=true", "subject:missing=false"},
		no: []string{"subject=2", "subject=Group/1", "subject:Group=1", "subject=Patient/1/_history/1", "encounter=Encounter/e/_history/3", "performer=Patient/1", "performer:identifier=t|v", "device=1", "device:missing=false"},
	}, {
		name: "absolute", doc: `{"resourceType":"Observation","subject":{"reference":"http://a/fhir/Patient/1"},"performer":[{"reference":"https://b/Practitioner/7/_history/3"}],"encounter":{"reference":"` + uuid + `"}}`,
		yes: []string{"subject=http://a/fhir/Patient/1", "performer=https://b/Practitioner/7", "encounter=" + uuid, "encounter=" + strings.ToUpper(uuid)},
		no:  []string{"subject=Patient/1", "subject=1", "patient=1", "subject=http://b/fhir/Patient/1", "performer=Practitioner/7", "encounter=urn:uuid:0", "subject=a"},
	}, {
		name: "absolute on this server", doc: `{"resourceType":"Observation","subject":{"reference":"http://here/fhir/Patient/1"},"performer":[{"reference":"https://here/fhir/Practitioner/7/_history/3"}]}`,
		yes: []string{"subject=http://here/fhir/Patient/1", "subject=Patient/1", "subject=1", "patient=1", "performer=http://here/fhir/Practitioner/7", "performer=Practitioner/7"},
		no:  []string{"subject=http://b/fhir/Patient/1", "performer=http://b/Practitioner/7", "subject=a"},
	}, {
		name: "not a patient", doc: `{"resourceType":"Observation","subject":{"reference":"Group/1"},"focus":[{"type":"Patient","reference":"` + uuid + `"}]}`,
		yes: []string{"subject=1", "subject=Group/1", "focus=" + uuid},
		no:  []string{"patient=1", "patient:missing=false", "subject=Patient/1"},
	}, {
		name: "typed by name", doc: `{"resourceType":"Observation","subject":{"type":"Patient","reference":"` + uuid + `"}}`,
		yes: []string{"patient=" + uuid, "subject=" + uuid, "patient:missing=false"},
		no:  []string{"patient=1"},
	}, {
		name: "canonical", doc: `{"resourceType":"QuestionnaireResponse","questionnaire":"http://x/Questionnaire/q|1.1"}`,
		yes: []string{"questionnaire=http://x/Questionnaire/q", "questionnaire=http://x/Questionnaire/q|1.1", "questionnaire=Questionnaire/q", "questionnaire=q"},
		no:  []string{"questionnaire=http://x/Questionnaire/q|1.2", "questionnaire=http://y/Questionnaire/q"},
	}, {
		name: "canonical of another shape", doc: `{"resourceType":"QuestionnaireResponse","questionnaire":"http://x/forms/intake"}`,
		yes: []string{"questionnaire=http://x/forms/intake"},
		no:  []string{"questionnaire=http://x/forms/other", "questionnaire=intake"},
	}, {
		name: "contained", doc: `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"p"}],"subject":{"reference":"#p"}}`,
		yes: []string{"subject:missing=false", "patient:missing=true"},
		no:  []string{"subject=p", "patient=p"},
	}, {
		name: "conditions", doc: `{"resourceType":"Library","relatedArtifact":[{"type":"depends-on","resource":"http://x/a"},{"type":"successor","resource":"http://x/b"}]}`,
		yes: []string{"depends-on=http://x/a", "successor=http://x/b"},
		no:  []string{"depends-on=http://x/b", "predecessor=http://x/b"},
	}})
}

func TestMatchDate(t *testing.T) {
	period := func(p string) string {
		return `{"resourceType":"Encounter","period":{` + p + `}}`
	}
	checkMatches(t, []matchCase{{
		name: "day", doc: `{"resourceType":"Patient","birthDate":"1974-12-25"}`,
		yes: []string{"birthdate=1974-12-25", "birthdate=eq1974-12", "birthdate=1974", "birthdate=ge1974-12-25", "birthdate=le1974-12-25", "birthdate=gt1974-12-24", "birthdate=lt1974-12-26",
			"birthdate=sa1974-12-24", "birthdate=eb1974-12-26", "birthdate=ne1974-12-24", "birthdate=ap1974-12-24", "birthdate=ap1975", "birthdate=gt1974-12-25T12:00", "birthdate=lt1974-12-25T12:00Z",
			"birthdate=ne1974-12-25T12:00", "birthdate=ge1974&birthdate=le1974", "birthdate=1980,1974"},
		no: []string{"birthdate=1974-12-24", "birthdate=gt1974-12-25", "birthdate=lt1974-12-25", "birthdate=sa1974-12-25", "birthdate=eb1974-12-25", "birthdate=ne1974", "birthdate=ap1974-12-23",
			"birthdate=1974-12-25T00:00", "birthdate=gt1974", "birthdate=lt1974-12", "birthdate=sa1974-12-25T12:00", "death-date=1974"},
	}, {
		name: "year only", doc: `{"resourceType":"Patient","birthDate":"1974"}`,
		yes: []string{"birthdate=1974", "birthdate=ge1974-06", "birthdate=le1974-06", "birthdate=gt1974-06", "birthdate=lt1974-06", "birthdate=ap1974-06-06", "birthdate=ne1974-06"},
		no:  []string{"birthdate=1974-06", "birthdate=sa1974-06", "birthdate=eb1974-06", "birthdate=gt1974"},
	}, {
		name: "instant with zone", doc: `{"resourceType":"Observation","effectiveDateTime":"2015-03-14T23:30:00-05:00"}`,
		yes: []string{"date=2015-03-15", "date=2015-03-15T04:30:00Z", "date=2015-03-14T23:30:00-05:00", "date=2015-03-14T23:30-05:00", "date=2015-03-15T05:30:00 01:00", "date=ge2015-03-15", "date=lt2015-03-15T04:30:01Z", "date=eq2015"},
		no:  []string{"date=2015-03-14", "date=2015-03-15T04:30:01Z", "date=2015-03-14T23:30:00Z", "date=lt2015-03-15", "date=eb2015-03-15T04:30:00Z"},
	}, {
		name: "parts of a second", doc: `{"resourceType":"Observation","effectiveInstant":"2015-03-15T04:30:00.123Z"}`,
		yes: []string{"date=2015-03-15T04:30:00Z", "date=2015-03-15T04:30:00.123Z", "date=gt2015-03-15T04:30:00.122Z", "date=2015-03-15T04:30:00.12Z"},
		no:  []string{"date=2015-03-15T04:30:00.1234Z", "date=2015-03-15T04:30:00.124Z", "date=gt2015-03-15T04:30:00Z", "date=2015-03-15T04:30:00.0Z"},
	}, {
		name: "period", doc: period(`"start":"2015-01-10","end":"2015-02-20"`),
		yes: []string{"date=2015", "date=ge2015-01-10", "date=gt2015-02-19", "date=lt2015-01-11", "date=le2015-02-20", "date=ge2015-02-20", "date=le2015-01-10", "date=sa2015-01-09", "date=eb2015-02-21", "date=ap2015-01-20", "date=gt2015-01-20", "date=lt2015-02-01"},
		no:  []string{"date=2015-01", "date=gt2015-02-20", "date=lt2015-01-10", "date=sa2015-01-10", "date=eb2015-02-20", "date=ap2014-01-20", "date=ge2015-02-21", "date=le2015-01-09"},
	}, {
		name: "begun", doc: period(`"start":"2015-01-10"`),
		yes: []string{"date=ge2030", "date=gt2030", "date=ge2015-01-10", "date=le2015-02", "date=sa2015-01-09", "date=ne2015", "date=ap2020"},
		no:  []string{"date=2015", "date=eb2030", "date=lt2015-01-10", "date=ap2013"},
	}, {
		name: "ended", doc: period(`"end":"2015-01-10"`),
		yes: []string{"date=le1900", "date=lt1900", "date=eb2015-01-11", "date=ge2015-01-10", "date=ap1900"},
		no:  []string{"date=2015", "date=gt2015-01-10", "date=sa1900"},
	}, {
		name: "backwards", doc: period(`"start":"2016","end":"2014"`),
		yes: []string{"date=ge2014", "date=ap2015"},
		no:  []string{"date=2015", "date=2016"},
	}, {
		name: "nothing in it", doc: period(``), no: []string{"date=ge1900", "date=lt2100", "date=ne2000"},
	}, {
		name: "timing", doc: `{"resourceType":"ServiceRequest","occurrenceTiming":{"event":["2015-05-01","2015-01-01"],"repeat":{"boundsPeriod":{"start":"2015-03","end":"2015-06-30"}}}}`,
		yes: []string{"occurrence=2015", "occurrence=ge2015-06-30", "occurrence=lt2015-01-02", "occurrence=eb2015-07"},
		no:  []string{"occurrence=2015-05-01", "occurrence=gt2015-06-30", "occurrence=lt2015"},
	}, {
		name: "stamped", doc: tokenDoc,
		yes: []string{"_lastUpdated=2020-05-05", "_lastUpdated=gt2020-05-05T09:59:59Z", "_lastUpdated=lt2020-05-05T10:00:01Z"},
		no:  []string{"_lastUpdated=gt2020-05-05T10:00:00.000Z", "_lastUpdated=2021"},
	}, {
		name: "before 1970", doc: `{"resourceType":"Patient","birthDate":"1969-12-31"}`,
		yes: []string{"birthdate=1969-12-31", "birthdate=lt1970", "birthdate=sa1969-12-30"}, no: []string{"birthdate=1970", "birthdate=1969-12-30"},
	}})
}

func TestMatchString(t *testing.T) {
	checkMatches(t, []matchCase{{
		name: "names", doc: `{"resourceType":"Patient","name":[{"use":"official","family":"Müller-Strauß","given":["Ann  Mary","Q"],"prefix":["Dr."],"text":"Dr. Ann Müller"}],
			"address":[{"line":["1 Main St"],"city":"Zürich","postalCode":"8001","country":"CH","use":"home"}]}`,
		yes: []string{"family=mull", "family=MÜLLER", "family=müller-strauss", "family:exact=Müller-Strauß", "family:contains=STRAUß", "name=ann", "name=ann mary", "name=Q", "name=dr.", "name=muller", "given=q",
			"address=zurich", "address=8001", "address=1 main", "address-city=Zur", "address-country=ch", "family=x,m", "family=Mu&given=Ann", "name:contains=Mary", "family:missing=false"},
		no: []string{"family=strauss", "family:exact=Müller", "family:exact=müller-strauß", "family:contains=x", "name=mary", "name=official", "address=home", "given=ann&family=x", "address-state=z", "family:missing=true"},
	}, {
		name: "plain", doc: `{"resourceType":"Organization","name":"Praxis, \"Nord\" & Süd","alias":["PN"]}`,
		yes: []string{`name=praxis\,`, "name=pn", `name:exact=PN`, `name:contains="nord" & sud`[:len(`name:contains="nord"`)]},
		no:  []string{"name=nord", "name:exact=pn"},
	}, {
		name: "letters apart from their accents", doc: "{\"resourceType\":\"Patient\",\"name\":[{\"family\":\"Mu\u0308ller\"},{\"family\":\"\u00a0Łukasz ﬁn\"}]}",
		yes: []string{"family=müller", "family=muller", "family=Łukasz fin", "family=łuk"}, no: []string{"family=lukasz"},
	}, {
		name: "text of a concept", doc: `{"resourceType":"Observation","valueCodeableConcept":{"text":"Positive"}}`,
		yes: []string{"value-string=pos"}, no: []string{"value-string=neg"},
	}})
}

func TestMatchNumberAndQuantity(t *testing.T) {
	checkMatches(t, []matchCase{{
		name: "number", doc: `{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.25}]}`,
		yes: []string{"probability=0.25", "probability=0.250", "probability=eq0.3", "probability=gt0.24", "probability=ge0.25", "probability=le0.250", "probability=lt0.251", "probability=sa0.2", "probability=eb0.3", "probability=ap0.27", "probability=ne0.26", "probability=2.5e-1", "probability=ap0.3", "probability:missing=false"},
		no:  []string{"probability=0.2", "probability=gt0.25", "probability=lt0.25", "probability=ap0.4", "probability=ne0.3", "probability=eb0.25"},
	}, {
		name: "edges of precision", doc: `{"resourceType":"ChargeItem","factorOverride":99.5}`,
		yes: []string{"factor-override=100", "factor-override=1e2", "factor-override=ap105"}, no: []string{"factor-override=99", "factor-override=100.0", "factor-override=101"},
	}, {
		name: "upper edge", doc: `{"resourceType":"ChargeItem","factorOverride":-100.5}`,
		yes: []string{"factor-override=-100.5", "factor-override=-100", "factor-override=lt0", "factor-override=ap-100"}, no: []string{"factor-override=-101", "factor-override=100"},
	}, {
		name: "range of numbers", doc: `{"resourceType":"RiskAssessment","prediction":[{"probabilityRange":{"low":{"value":10},"high":{"value":20}}}]}`,
		yes: []string{"probability=gt15", "probability=lt15", "probability=ge20", "probability=ap15", "probability=sa9"}, no: []string{"probability=15", "probability=gt20", "probability=sa10", "probability=eb20"},
	}, {
		name: "quantity", doc: `{"resourceType":"Observation","valueQuantity":{"value":5.40,"unit":"mmol per litre","system":"http://unitsofmeasure.org","code":"mmol/L"}}`,
		yes: []string{"value-quantity=5.4", "value-quantity=5.40|http://unitsofmeasure.org|mmol/L", "value-quantity=5.4||mmol/L", "value-quantity=5.4||mmol per litre", "value-quantity=gt5||mmol/L", "value-quantity=le5.4", "value-quantity=5"},
		no:  []string{"value-quantity=5.41", "value-quantity=5.4||mg", "value-quantity=5.4|http://other|mmol/L", "value-quantity=5.4|http://unitsofmeasure.org|mmol per litre", "value-quantity=lt5||mmol/L"},
	}, {
		name: "comparator", doc: `{"resourceType":"Observation","valueQuantity":{"value":5,"comparator":"<"}}`,
		yes: []string{"value-quantity=lt5", "value-quantity=lt2", "value-quantity=le3"}, no: []string{"value-quantity=gt5", "value-quantity=5", "value-quantity=4"},
	}, {
		name: "money", doc: `{"resourceType":"Invoice","totalNet":{"value":12.50,"currency":"EUR"}}`,
		yes: []string{"totalnet=12.5", "totalnet=12.5||EUR", "totalnet=12.5|urn:iso:std:iso:4217|EUR"}, no: []string{"totalnet=12.5||USD", "totalnet=12.5|x|EUR"},
	}, {
		name: "age range", doc: `{"resourceType":"Condition","onsetRange":{"low":{"value":10,"code":"a"},"high":{"value":12,"code":"a"}}}`,
		yes: []string{"onset-age=gt11||a", "onset-age=ge10", "onset-age=ap11"}, no: []string{"onset-age=gt12", "onset-age=gt11||mo"},
	}, {
		name: "not a number anybody means", doc: `{"resourceType":"ChargeItem","factorOverride":1e999999999}`, no: []string{"factor-override=gt1", "factor-override=lt1", "factor-override=ne1"},
	}})
}

func TestMatchURIAndComposite(t *testing.T) {
	checkMatches(t, []matchCase{{
		name: "uri", doc: `{"resourceType":"ValueSet","url":"http://acme.org/fhir/ValueSet/123"}`,
		yes: []string{"url=http://acme.org/fhir/ValueSet/123", "url:below=http://acme.org/fhir", "url:below=http://acme.org/fhir/", "url:above=http://acme.org/fhir/ValueSet/123/_history/5", "url:above=http://acme.org/fhir/ValueSet/123", "url:missing=false"},
		no:  []string{"url=http://acme.org/fhir/ValueSet/12", "url=http://ACME.org/fhir/ValueSet/123", "url:below=http://acme.org/fh", "url:above=http://acme.org/fhir", "url:missing=true"},
	}, {
		name: "canonical as uri", doc: tokenDoc,
		yes: []string{"_profile=http://x/StructureDefinition/p", "_profile=http://x/StructureDefinition/p|2.0", "_source=http://src#1"}, no: []string{"_profile=http://x/StructureDefinition/p|1.0", "_source=http://src"},
	}, {
		name: "code and value", doc: `{"resourceType":"Observation","code":{"coding":[{"system":"l","code":"bp"}]},"valueQuantity":{"value":3,"code":"x"},
			"component":[{"code":{"coding":[{"code":"sys"}]},"valueQuantity":{"value":120,"code":"mm"}},{"code":{"coding":[{"code":"dia"}]},"valueQuantity":{"value":80,"code":"mm"}}]}`,
		yes: []string{"code-value-quantity=bp$3", "code-value-quantity=l|bp$gt2||x", "component-code-value-quantity=sys$gt100", "component-code-value-quantity=dia$lt100||mm", "combo-code-value-quantity=bp$3", "combo-code-value-quantity=dia$80", "combo-code=dia", "component-code=sys",
			"component-value-quantity=gt100", "combo-value-quantity=3", "code-value-quantity=x$1,bp$3", "component-code-value-quantity:missing=false", "code-value-string:missing=true"},
		no: []string{"component-code-value-quantity=dia$gt100", "code-value-quantity=sys$120", "code-value-quantity=bp$4", "combo-code-value-quantity=bp$80", "code-value-string=bp$x", "code=sys"},
	}, {
		name: "use context", doc: `{"resourceType":"ValueSet","useContext":[{"code":{"code":"age"},"valueRange":{"low":{"value":10},"high":{"value":20}}},{"code":{"code":"gender"},"valueCodeableConcept":{"coding":[{"code":"f"}]}}]}`,
		yes: []string{"context-type-quantity=age$gt15", "context-type-value=gender$f", "context=f", "context-type=age"}, no: []string{"context-type-value=age$f", "context-type-quantity=gender$gt15"},
	}, {
		name: "from the resource", doc: `{"resourceType":"MolecularSequence","coordinateSystem":0,"referenceSeq":{"chromosome":{"coding":[{"code":"1"}]},"windowStart":5,"windowEnd":9},"variant":[{"start":10,"end":20},{"start":30,"end":40}]}`,
		yes: []string{"chromosome-variant-coordinate=1$ge30$le40", "chromosome-window-coordinate=1$5$9", "variant-start=10"}, no: []string{"chromosome-variant-coordinate=1$30$20", "chromosome-variant-coordinate=2$10$20"},
	}, {
		name: "dollar in a value", doc: `{"resourceType":"Observation","code":{"coding":[{"code":"a$b"}]},"valueString":"c|d$e"}`,
		yes: []string{`code-value-string=a\$b$c\|d\$e`}, no: []string{`code-value-string=a\$b$d`},
	}})
}

// refusedQueries are searches that are wrong, or that are not supported.
var refusedQueries = []struct {
	typ, search string
	code        Code
	says        string // part of the message, beside the parameter's name
}{
	{"Nothing", "x=1", CodeNotSupported, `"Nothing"`},
	{"Parameters", "x=1", CodeNotSupported, `"Parameters"`},
	{"Patient", "name=", CodeInvalid, "has no value"},
	{"Patient", "name=a,,b", CodeInvalid, "empty value"},
	{"Patient", "name:=a", CodeInvalid, "modifier"},
	{"Patient", "name:exakt=a", CodeNotSupported, `":exakt"`},
	{"Patient", "name=\u0301", CodeInvalid, "letter"},
	{"Patient", "birthdate=12.3.1974", CodeInvalid, `"12.3.1974"`},
	{"Patient", "birthdate=1974-13", CodeInvalid, `"1974-13"`},
	{"Patient", "birthdate=1974-02-30", CodeInvalid, `"1974-02-30"`},
	{"Patient", "birthdate=1974-2-3", CodeInvalid, "write a date"},
	{"Patient", "birthdate=1974-02-03T10", CodeInvalid, "write a date"},
	{"Patient", "birthdate=1974-02-03T10:00+25:00", CodeInvalid, "write a date"},
	{"Patient", "birthdate=xx1974", CodeInvalid, "prefixes"},
	{"Patient", "birthdate=ge", CodeInvalid, `"ge"`},
	{"Patient", "birthdate:exact=1974", CodeNotSupported, ":missing"},
	{"Patient", "gender:in=http://x", CodeNotSupported, `":in"`},
	{"Patient", "gender=|", CodeInvalid, "system|code"},
	{"Patient", "gender=a|b|c", CodeInvalid, "system|code"},
	{"Patient", "gender:missing=maybe", CodeInvalid, `"maybe"`},
	{"Patient", "gender:of-type=a|b|c", CodeNotSupported, `":of-type"`},
	{"Patient", "identifier:of-type=a|b", CodeInvalid, "system|code|value"},
	{"Patient", "general-practitioner.name=x", CodeNotSupported, "chained"},
	{"Patient", "general-practitioner:Practitioner.name=x", CodeNotSupported, "chained"},
	{"Patient", "name.given=x", CodeInvalid, "no reference"},
	{"Patient", "general-practitioner:Group=x", CodeInvalid, "Practitioner"},
	{"Patient", "general-practitioner=a/b", CodeInvalid, `"a/b"`},
	{"Patient", "general-practitioner=#x", CodeInvalid, `"#x"`},
	{"Patient", "general-practitioner:Practitioner=Organization/1", CodeInvalid, "id of a Practitioner"},
	{"Patient", "_has:Observation:patient:code=x", CodeNotSupported, "_id"},
	{"Patient", "_text=x", CodeNotSupported, "narrative"},
	{"Patient", "_content=x", CodeNotSupported, "elements"},
	{"Patient", "_filter=x", CodeNotSupported, "ordinary"},
	{"Patient", "_query=x", CodeNotSupported, "named"},
	{"Patient", "_list=x", CodeNotSupported, "List"},
	{"Patient", "phonetic=x", CodeNotSupported, "name"},
	{"Location", "near=1|2|3", CodeNotSupported, "address-city"},
	{"RiskAssessment", "probability=a", CodeInvalid, `"a"`},
	{"RiskAssessment", "probability=1,5x", CodeInvalid, `"5x"`},
	{"RiskAssessment", "probability=1e999999999", CodeInvalid, "number"},
	{"RiskAssessment", "probability=1e", CodeInvalid, "number"},
	{"RiskAssessment", "probability=.5", CodeInvalid, "number"},
	{"RiskAssessment", "probability=1_0", CodeInvalid, "number"},
	{"RiskAssessment", "probability=0x10", CodeInvalid, "number"},
	{"RiskAssessment", "probability=1/2", CodeInvalid, "number"},
	{"Observation", "value-quantity=5|mg", CodeInvalid, "number||code"},
	{"Observation", "value-quantity=5||", CodeInvalid, "number||code"},
	{"Observation", "value-quantity=x||mg", CodeInvalid, "number"},
	{"Observation", "code-value-quantity=a", CodeInvalid, "2 values"},
	{"Observation", "code-value-quantity=a$", CodeInvalid, "empty"},
	{"Observation", "code-value-quantity=a$b", CodeInvalid, `"b"`},
	{"Observation", "_lastUpdated=yesterday", CodeInvalid, "_lastUpdated"},
}

func TestParseQueryRefuses(t *testing.T) {
	for _, c := range refusedQueries {
		_, _, err := ParseQuery(c.typ, paramsOf(c.search), Bases{})
		name, _, _ := strings.Cut(c.search, "=")
		var e *Error
		if !errors.As(err, &e) || e.Code != c.code || !strings.Contains(e.Diagnostics, c.says) || c.typ == "Patient" && !strings.Contains(e.Diagnostics, name) {
			t.Errorf("%s?%s: %v", c.typ, c.search, err)
		}
	}
}

func TestParseQueryUnknown(t *testing.T) {
	_, unknown, err := ParseQuery("Patient", paramsOf("_count=3&name=x&foo:exact=1&subject.name=x&_sort=name&_has2=x"), Bases{})
	if want := []string{"_count", "foo:exact", "subject.name", "_sort", "_has2"}; err != nil || !slices.Equal(unknown, want) {
		t.Errorf("unknown %q, error %v", unknown, err)
	}
}

func TestIDs(t *testing.T) {
	for search, want := range map[string][]string{
		"name=x":            nil,
		"_id=a":             {"a"},
		"_id=a,b,a":         {"a", "b"},
		"_id=a,b&_id=b,c":   {"b"},
		"_id=a&_id=b":       {},
		"_id:not=a":         nil,
		"_id:missing=false": nil,
		"name=x&_id=a":      {"a"},
	} {
		got := mustQuery(t, "Patient", search).IDs()
		if !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("%s: %#v, want %#v", search, got, want)
		}
	}
}

func TestRanges(t *testing.T) {
	key := func(code string) int64 { return keyOf("Observation", code) }
	day := func(s string) int64 {
		d, _ := time.Parse(time.DateOnly, s)
		return d.Unix() / 86400
	}
	for search, want := range map[string][][]Range{
		"code=a":                   {{{Key: key("code"), From: hash("a"), To: hash("a")}}},
		"code=s|a,b":               {{{Key: key("code"), From: hash("a"), To: hash("a")}, {Key: key("code"), From: hash("b"), To: hash("b")}}},
		"code=a,s|":                nil,
		"code:not=a":               nil,
		"code:missing=true":        nil,
		"code:text=a":              nil,
		"subject=Patient/1":        {{{Patient: "1"}}},
		"patient=1":                {{{Patient: "1"}}},
		"subject=1":                {{{Patient: "1"}, {Key: key("subject"), From: hash("1"), To: hash("1")}}},
		"subject=Group/1":          {{{Key: key("subject"), From: hash("1"), To: hash("1")}}},
		"performer=Patient/1":      {{{Patient: "1"}}},
		"focus=Patient/1":          {{{Key: key("focus"), From: hash("1"), To: hash("1")}}},
		"subject:identifier=1":     nil,
		"date=2015-01-01":          {{{Key: key("date"), From: day("2015-01-01"), To: day("2015-01-01")}}},
		"date=ge2015-01-01":        {{{Key: key("date"), From: day("2015-01-01"), To: most}}},
		"date=ne2015":              nil,
		"value-string=abcdefgh":    {{{Key: key("value-string"), From: 'a'<<48 | 'b'<<40 | 'c'<<32 | 'd'<<24 | 'e'<<16 | 'f'<<8 | 'g', To: 'a'<<48 | 'b'<<40 | 'c'<<32 | 'd'<<24 | 'e'<<16 | 'f'<<8 | 'g'}}},
		"value-string=a":           {{{Key: key("value-string"), From: 'a' << 48, To: 'a'<<48 | (1<<48 - 1)}}},
		"value-string:contains=a":  nil,
		"value-quantity=1":         nil,
		"combo-code=1":             nil,
		"_tag=x":                   nil,
		"code-value-quantity=a$1":  nil,
		"code=a&date=lt1970&_id=5": {{{Key: key("code"), From: hash("a"), To: hash("a")}}, {{Key: key("date"), From: least, To: 0}}},
	} {
		got := mustQuery(t, "Observation", search).Ranges()
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%s: %v, want %v", search, got, want)
		}
	}
}
