package view

import "strings"

// systemNames are the names by which people know code systems.
var systemNames = map[string]string{
	"http://loinc.org":                                         "LOINC",
	"http://snomed.info/sct":                                   "SNOMED CT",
	"http://www.nlm.nih.gov/research/umls/rxnorm":              "RxNorm",
	"http://hl7.org/fhir/sid/cvx":                              "CVX",
	"http://hl7.org/fhir/sid/icd-10":                           "ICD-10",
	"http://hl7.org/fhir/sid/icd-10-cm":                        "ICD-10-CM",
	"http://www.cms.gov/Medicare/Coding/ICD10":                 "ICD-10-PCS",
	"http://hl7.org/fhir/sid/icd-9-cm":                         "ICD-9-CM",
	"http://hl7.org/fhir/sid/ndc":                              "NDC",
	"http://www.ama-assn.org/go/cpt":                           "CPT",
	"http://hl7.org/fhir/sid/us-npi":                           "NPI",
	"http://hl7.org/fhir/sid/us-ssn":                           "SSN",
	"http://unitsofmeasure.org":                                "UCUM",
	"http://dicom.nema.org/resources/ontology/DCM":             "DICOM",
	"http://nucc.org/provider-taxonomy":                        "NUCC",
	"https://www.nubc.org/CodeSystem/RevenueCodes":             "NUBC",
	"urn:ietf:bcp:47":                                          "BCP 47",
	"urn:ietf:rfc:3986":                                        "URI",
	"urn:dicom:uid":                                            "DICOM UID",
	"http://terminology.hl7.org/CodeSystem/data-absent-reason": "HL7",
}

// systemName is a short name of a code system or a namespace of identifiers.
func systemName(system string) string {
	if name, ok := systemNames[system]; ok {
		return name
	}
	s := strings.TrimSuffix(system, "/")
	if rest, ok := strings.CutPrefix(s, "http://terminology.hl7.org/CodeSystem/"); ok {
		return "HL7 " + rest
	}
	if i := strings.LastIndexAny(s, "/:"); i >= 0 {
		s = s[i+1:]
	}
	return s
}
