package demo

import "strings"

// functions are what a template may call as $name(argument); the argument has single spaces and may have holes.
var functions = map[string]func(argument string) string{
	"concept":  concept,    // $concept(loinc 29463-7 Body weight): a CodeableConcept with coding and, unless the code is HL7's own, text
	"coding":   coding,     // $coding(loinc 29463-7 Body weight)
	"ref":      reference,  // $ref(Patient/$patient) or $ref(Patient/$patient Ann Example): a Reference
	"quantity": quantity,   // $quantity($value kg) or $quantity($value degF [degF]): value, unit and UCUM code
	"money":    money,      // $money(12.00): US dollars
	"period":   period,     // $period($start $end) or $period($start)
	"text":     narrative,  // $text(Seen for a cold.) or $text(<p>…</p>): a Narrative
	"id":       identifier, // $id(mrn $canary): an Identifier in the demo's own system
}

// systems are the short names of code systems. "hl7/x" and "fhir/x" stand for HL7's own, "demo" for made-up codes.
var systems = map[string]string{
	"loinc":  "http://loinc.org",
	"snomed": "http://snomed.info/sct",
	"rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
	"cvx":    "http://hl7.org/fhir/sid/cvx",
	"icd10":  "http://hl7.org/fhir/sid/icd-10-cm",
	"dicom":  "http://dicom.nema.org/resources/ontology/DCM",
	"demo":   "urn:satchel:demo:codes",
}

// system resolves a short name.
func system(short string) string {
	if full, ok := systems[short]; ok {
		return full
	}
	if name, ok := strings.CutPrefix(short, "hl7/"); ok {
		return "http://terminology.hl7.org/CodeSystem/" + name
	}
	if name, ok := strings.CutPrefix(short, "fhir/"); ok {
		return "http://hl7.org/fhir/" + name
	}
	panic("unknown code system " + short)
}

func coding(argument string) string {
	short, rest, _ := strings.Cut(argument, " ")
	code, display, named := strings.Cut(rest, " ")
	text := `{"system":"` + system(short) + `","code":"` + code + `"`
	if named {
		text += `,"display":"` + display + `"`
	}
	return text + `}`
}

func concept(argument string) string {
	text := `{"coding":[` + coding(argument) + `]`
	if words := strings.SplitN(argument, " ", 3); len(words) == 3 && !strings.HasPrefix(argument, "hl7/") {
		text += `,"text":"` + words[2] + `"`
	}
	return text + `}`
}

func reference(argument string) string {
	to, display, named := strings.Cut(argument, " ")
	if named {
		return `{"reference":"` + to + `","display":"` + display + `"}`
	}
	return `{"reference":"` + to + `"}`
}

func quantity(argument string) string {
	value, unit, _ := strings.Cut(argument, " ")
	unit, code, coded := strings.Cut(unit, " ")
	if !coded {
		code = unit
	}
	return `{"value":` + value + `,"unit":"` + unit + `","system":"http://unitsofmeasure.org","code":"` + code + `"}`
}

func money(argument string) string { return `{"value":` + argument + `,"currency":"USD"}` }

func period(argument string) string {
	start, end, ended := strings.Cut(argument, " ")
	if ended {
		return `{"start":"` + start + `","end":"` + end + `"}`
	}
	return `{"start":"` + start + `"}`
}

func narrative(argument string) string {
	if !strings.HasPrefix(argument, "<") {
		argument = "<p>" + argument + "</p>"
	}
	div := `<div xmlns="http://www.w3.org/1999/xhtml">` + argument + `</div>`
	return `{"status":"generated","div":"` + strings.ReplaceAll(div, `"`, `\"`) + `"}`
}

func identifier(argument string) string {
	name, value, _ := strings.Cut(argument, " ")
	return `{"system":"urn:satchel:demo:` + name + `","value":"` + value + `"}`
}
