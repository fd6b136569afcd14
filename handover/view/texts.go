package view

import (
	"strings"
	"unicode"
)

// texts are all words of the pages in one language. Another language is another value of this type.
type texts struct {
	lang                                string
	monthLayout, dayLayout, timeLayout  string // of time.Format
	yes, no, from, to, upTo             string
	bytes, cut, curve, inside           string
	belowRange, aboveRange              string
	extension, unnamed, born            string
	badgeWrong, badgeOld, badgeDeleted  string
	badgeNot, badgeAltered              string
	SkipLink, Menu, RecordOf, AsOf, Sep string
	Contents, Continued, Part           string
	Details, Of, Source, Line, Version  string
	FullEntry, NotHere                  string
	Nothing, Footer, FooterPrint        string
	File, Careful                       string
	Elsewhere, InData, Missing          string
	TableBelow                          string

	pages    map[pageName]pageText
	columns  map[string]string    // headings that do not follow from an element's name
	types    map[string][2]string // one, many
	words    map[string]string    // codes that need other words than their own
	flags    map[string]string    // of interpretation
	units    map[string]string    // codes of UCUM that are no words
	headings map[string]string
	captions map[string]string
	verdicts map[string]string
	reasons  map[string]string
}

// pageText is what a page says about itself.
type pageText struct{ Menu, Title, Intro string }

// word is a code in words.
func (t *texts) word(code string) string {
	if w, ok := t.words[code]; ok {
		return w
	}
	return strings.ReplaceAll(code, "-", " ")
}

// one is what one resource of a type is called.
func (t *texts) one(typ string) string {
	if n, ok := t.types[typ]; ok {
		return n[0]
	}
	return spaced(typ)
}

// many is what several are called.
func (t *texts) many(typ string) string {
	if n, ok := t.types[typ]; ok {
		return n[1]
	}
	return spaced(typ)
}

// what is the heading of the column with the titles of a type.
func (t *texts) what(typ string) string {
	if h, ok := t.columns[typ+" what"]; ok {
		return h
	}
	return t.columns["what"]
}

// column is the heading of a column of a plan.
func (t *texts) column(typ, paths string) string {
	if h, ok := t.columns[typ+" "+paths]; ok {
		return h
	}
	if h, ok := t.columns[paths]; ok {
		return h
	}
	first, _, _ := strings.Cut(paths, "|")
	return t.label(first[strings.LastIndexByte(first, '.')+1:])
}

// label is the name of a field in words: "participant#2.actor" is "Participant 2 › Actor".
func (t *texts) label(label string) string {
	var parts []string
	for part := range strings.SplitSeq(label, ".") {
		name, number, _ := strings.Cut(part, "#")
		if ext, ok := strings.CutPrefix(name, "+"); ok {
			name = spaced(strings.ReplaceAll(ext, "·", ".")) + " " + t.extension
		} else if h, ok := t.columns[name]; ok {
			name = h
		} else {
			name = spaced(name)
		}
		parts = append(parts, join(" ", name, number))
	}
	return strings.Join(parts, " › ")
}

// spaced divides the words of a name in camel case: "lastOccurrence" is "Last occurrence".
func spaced(name string) string {
	var b strings.Builder
	for i, r := range strings.ReplaceAll(name, "-", " ") {
		switch {
		case i == 0:
			r = unicode.ToUpper(r)
		case unicode.IsUpper(r):
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// english are the words of the pages in English.
var english = texts{
	units:       map[string]string{"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes", "s": "seconds"},
	lang:        "en",
	monthLayout: "January 2006", dayLayout: "January 2, 2006", timeLayout: "January 2, 2006, 3:04\u00a0PM",
	yes: "Yes", no: "No", from: "from", to: "to", upTo: "until",
	bytes: "%d bytes of data, see the source", cut: " … (the rest is in the source)", curve: "Recorded curve, see the source", inside: "kept inside this entry",
	belowRange: "Below the range given", aboveRange: "Above the range given",
	extension: "(addition)", unnamed: "No title", born: "born ",
	badgeWrong: "Entered in error: do not rely on this", badgeOld: "Earlier version", badgeDeleted: "Deleted",
	badgeNot: "Not to be done", badgeAltered: "An addition changes the meaning: see the details",
	SkipLink: "Skip to the content", Menu: "Pages of this record", RecordOf: "Health record of", AsOf: "As stored on", Sep: " · ",
	Contents: "On this page", Continued: "(continued)", Part: "part",
	Details: "More details", Of: "of", Source: "source:", Line: "line", Version: "version",
	FullEntry: "Full entry", NotHere: "not in this copy",
	Nothing:     "Nothing is recorded here.",
	Footer:      "This page is made from the data files in this package; the source under each entry names the file and the line. It contains no programs and loads nothing from the Internet.",
	FooterPrint: "To print more details, open them first. If a page and a data file differ, the data file counts.",
	File:        "File", Careful: "May contain active content. Open it only if you trust where it came from.",
	Elsewhere: "Kept elsewhere, not in this copy:", InData: "The content is inside the data file.", Missing: "The content is not in this copy:",
	TableBelow: "All values are in the table below.",

	pages: map[pageName]pageText{
		summaryPage:   {"Summary", "Summary", "The most important facts at a glance. Everything else is on the other pages."},
		timelinePage:  {"Timeline", "Timeline", "Everything with a date, newest first."},
		healthPage:    {"Problems and medicines", "Problems, allergies, medicines and vaccines", "What the practice knows about health problems, allergies, medicines, vaccines, procedures and devices, past entries included."},
		encounterPage: {"Visits", "Visits and appointments", "Visits, stays and appointments."},
		resultPage:    {"Results", "Test results and measurements", "Reports, and each test with all its results. A graph stands above tests with several results; the table has the same values."},
		documentPage:  {"Documents", "Documents and images", "Letters, scans, pictures and other files. A link opens the original file from this package."},
		planPage:      {"Plans and orders", "Plans, goals and orders", "What was planned, agreed or ordered."},
		messagePage:   {"Messages", "Messages", "Messages between the patient, the practice and others."},
		questionPage:  {"Questionnaires", "Questionnaires", "Questionnaires with their answers."},
		familyPage:    {"Family", "Family history and related people", "Illnesses in the family, and people who are close to the patient."},
		teamPage:      {"Care team", "Care team and places", "People and places that take part in the care."},
		billPage:      {"Bills and insurance", "Bills and insurance", "Claims, decisions of the insurer, invoices, accounts and coverage."},
		changePage:    {"Changes", "Who wrote what when", "Statements about who made an entry, earlier versions of entries, and what was deleted."},
		otherPage:     {"Everything else", "Everything else", "All other entries of the record."},
		aboutPage:     {"About this copy", "About this copy, and what is left out", "What this copy contains, what it does not contain, and why."},
	},
	columns: map[string]string{
		"Patient what": "Name", "Practitioner what": "Name", "Person what": "Name", "RelatedPerson what": "Name", "Organization what": "Name", "Location what": "Name",
		"dosageInstruction.text|dosage.text": "How to take it",
		"when":                               "Date", "what": "What", "status": "Status", "kind": "Kind", "result": "Result", "range": "Reference range",
		"meaning": "Meaning", "who": "By", "file": "File", "belongs": "Belongs to", "question": "Question", "answer": "Answer",
		"reason": "Reason", "authority": "Rule", "Observation performer": "By", "version": "Version", "stored": "Stored", "count": "Number", "type": "Type", "part": "Versions", "page": "Page",
		"current": "Current", "earlier": "Earlier versions", "deleted": "Deleted",
		"birthDate": "Date of birth", "gender": "Sex", "telecom": "Phone and e-mail", "identifier": "Numbers",
		"generalPractitioner": "Doctor", "note": "Notes", "criticality": "How serious",
		"reaction.manifestation|reaction.severity|reaction.description": "Reaction", "note|reaction.note": "Notes",
		"abatement": "Ended", "recorder|asserter": "Recorded by", "recorder": "Recorded by", "requester": "Ordered by",
		"dosageInstruction.text|dosageInstruction.patientInstruction": "How to take it", "dosage.text|dosage.patientInstruction": "How to take it",
		"dosageInstruction.text": "How to take it", "dosage.dose|dosage.text": "Dose", "reasonCode|reasonReference": "Reason", "reasonCode": "Reason",
		"informationSource": "Told by", "performer.actor": "By", "performer.actor|receiver": "By, to", "performer.actor|asserter": "By",
		"site|route": "Where on the body", "bodySite": "Where on the body", "dateAsserted": "Told on", "effective": "Date", "issued": "Issued",
		"udiCarrier.deviceIdentifier|udiCarrier.carrierHRF": "Device number", "participant.individual": "With", "participant.actor": "With",
		"location.location": "Where", "serviceProvider": "Provider", "payload.content": "Text", "sender": "From", "recipient": "To", "requester|sender": "From",
		"sender|source.name": "From", "destination.name": "To", "content.attachment": "Files", "content": "Files", "presentedForm": "Files",
		"Media content": "File", "Binary data": "Content", "data": "Content", "securityContext": "Belongs to", "DocumentManifest content": "Documents",
		"author|recipient": "From, to", "section.title|section.text": "Chapters", "policy.uri|policyRule": "Rule", "provision.type": "Decision",
		"term.offer.text": "Terms", "signer.party": "Signed by", "performer|resultsInterpreter": "By", "conclusion|conclusionCode": "Conclusion",
		"activity.detail.description|activity.detail.code": "Activities", "target.measure|target.detail": "Target", "target.due": "Until",
		"participant.member|participant.role": "Members", "qualification.code": "Qualification", "code|specialty": "Role",
		"condition.code|condition.onset|condition.note": "Illnesses", "deceased": "Died", "relationship": "Relationship",
		"payor": "Insurer", "subscriberId|identifier": "Member number", "relationship|subscriber|policyHolder": "Insured through", "insurer": "Insurer",
		"provider|insurer": "Provider, insurer", "insurer|provider": "Insurer, provider", "item.productOrService": "Services", "total": "Total", "totalNet": "Net", "totalGross": "Total",
		"total.amount|payment.amount": "Amounts", "total.category|total.amount": "Amounts", "payment.amount|payment.date": "Paid",
		"amount": "Amount", "detail.amount": "Parts", "coverage.coverage": "Coverage", "lineItem.chargeItem": "Items", "priceOverride": "Price",
		"agent.who": "Who", "agent.type|agent.role": "In the role of", "target": "About", "agent.who|agent.name": "Who", "entity.what": "What",
		"order": "Order of coverage", "link.target": "Same person as", "subject": "About", "patient": "Patient", "beneficiary": "Insured person", "entry.item": "Entries",
		"recommendation.forecastStatus": "Status", "recommendation.dateCriterion.value": "Due", "numberOfSeries|numberOfInstances": "Series, images",
		"finding.itemCodeableConcept|finding.itemReference": "Findings", "action.title|action.description": "Steps", "text": "Text as stored", "text.div": "Text",
		"productOrService": "Service", "use": "Use", "lensSpecification.eye|lensSpecification.sphere|lensSpecification.cylinder": "Lenses",
		"insurance.coverage|insurance.inforce": "Coverage", "seriousness|severity": "How serious", "severity": "How serious",
		"prediction.outcome|prediction.probability|prediction.qualitativeRisk": "Expected", "entered": "Entered", "photo": "Picture", "ingredient.item": "Ingredients",
	},
	types: map[string][2]string{
		"Account": {"Account", "Accounts"}, "ActivityDefinition": {"Activity template", "Activity templates"}, "AdverseEvent": {"Adverse event", "Adverse events"},
		"AllergyIntolerance": {"Allergy or intolerance", "Allergies and intolerances"}, "Appointment": {"Appointment", "Appointments"},
		"AppointmentResponse": {"Answer to an appointment", "Answers to appointments"}, "AuditEvent": {"Access log entry", "Access log"}, "Basic": {"Other entry", "Other entries"},
		"Binary": {"File", "Files kept by themselves"}, "BodyStructure": {"Body site", "Body sites"}, "Bundle": {"Collection of entries", "Collections of entries"},
		"CarePlan": {"Care plan", "Care plans"}, "CareTeam": {"Care team", "Care teams"}, "ChargeItem": {"Charge", "Charges"}, "Claim": {"Claim", "Claims"},
		"ClaimResponse": {"Answer to a claim", "Answers to claims"}, "ClinicalImpression": {"Clinical assessment", "Clinical assessments"},
		"Communication": {"Message", "Messages"}, "CommunicationRequest": {"Request for a message", "Requests for messages"}, "Composition": {"Compiled document", "Compiled documents"},
		"Condition": {"Problem", "Problems and diagnoses"}, "Consent": {"Consent or directive", "Consents and directives"}, "Contract": {"Agreement", "Agreements"},
		"Coverage": {"Insurance coverage", "Insurance coverage"}, "CoverageEligibilityRequest": {"Coverage inquiry", "Coverage inquiries"},
		"CoverageEligibilityResponse": {"Answer to a coverage inquiry", "Answers to coverage inquiries"}, "DetectedIssue": {"Detected issue", "Detected issues"},
		"Device": {"Device", "Devices and implants"}, "DeviceRequest": {"Order for a device", "Orders for devices"}, "DeviceUseStatement": {"Use of a device", "Use of devices"},
		"DeviceMetric": {"Device setting", "Device settings"}, "DiagnosticReport": {"Report", "Reports"}, "DocumentManifest": {"Folder of documents", "Folders of documents"},
		"DocumentReference": {"Document", "Documents"}, "Encounter": {"Visit", "Visits"}, "Endpoint": {"Technical address", "Technical addresses"},
		"EnrollmentRequest": {"Request for enrollment", "Requests for enrollment"}, "EnrollmentResponse": {"Answer about enrollment", "Answers about enrollment"},
		"EpisodeOfCare": {"Episode of care", "Episodes of care"}, "ExplanationOfBenefit": {"Explanation of benefits", "Explanations of benefits"},
		"FamilyMemberHistory": {"Illness in the family", "Family history"}, "Flag": {"Warning", "Warnings"}, "Goal": {"Goal", "Goals"}, "Group": {"Group", "Groups"},
		"GuidanceResponse": {"Advice by a rule", "Advice by rules"}, "HealthcareService": {"Service", "Services"}, "ImagingStudy": {"Imaging study", "Imaging studies"},
		"Immunization": {"Vaccine", "Vaccines"}, "ImmunizationEvaluation": {"Check of a vaccine", "Checks of vaccines"},
		"ImmunizationRecommendation": {"Recommended vaccine", "Recommended vaccines"}, "InsurancePlan": {"Insurance plan", "Insurance plans"}, "Invoice": {"Invoice", "Invoices"},
		"Linkage": {"Link between records", "Links between records"}, "List": {"List", "Lists"}, "Location": {"Place", "Places"}, "Measure": {"Quality measure", "Quality measures"},
		"MeasureReport": {"Quality report", "Quality reports"}, "Media": {"Picture or recording", "Pictures and recordings"}, "Medication": {"Medicine", "Medicines in detail"},
		"MedicationAdministration": {"Medicine given", "Medicines given"}, "MedicationDispense": {"Medicine handed out", "Medicines handed out"},
		"MedicationRequest": {"Prescription", "Prescriptions"}, "MedicationStatement": {"Medicine as told", "Medicines as told"}, "MessageHeader": {"Technical message", "Technical messages"},
		"MolecularSequence": {"Genetic sequence", "Genetic sequences"}, "NutritionOrder": {"Diet order", "Diet orders"}, "Observation": {"Result", "Results"},
		"Organization": {"Organization", "Organizations"}, "Patient": {"Patient", "Patient"}, "PaymentNotice": {"Notice of payment", "Notices of payment"},
		"PaymentReconciliation": {"Payment", "Payments"}, "Person": {"Person", "Persons"}, "PlanDefinition": {"Plan template", "Plan templates"},
		"Practitioner": {"Practitioner", "Practitioners"}, "PractitionerRole": {"Role of a practitioner", "Roles of practitioners"}, "Procedure": {"Procedure", "Procedures"},
		"Provenance": {"Statement of origin", "Statements of origin"}, "Questionnaire": {"Questionnaire", "Questionnaires used"},
		"QuestionnaireResponse": {"Answered questionnaire", "Answered questionnaires"}, "RelatedPerson": {"Related person", "Related people"},
		"RequestGroup": {"Group of requests", "Groups of requests"}, "ResearchStudy": {"Research study", "Research studies"}, "ResearchSubject": {"Part in research", "Part in research"},
		"RiskAssessment": {"Risk assessment", "Risk assessments"}, "Schedule": {"Calendar", "Calendars"}, "ServiceRequest": {"Order or referral", "Orders and referrals"},
		"Slot": {"Time slot", "Time slots"}, "Specimen": {"Specimen", "Specimens"}, "Substance": {"Substance", "Substances"}, "SupplyDelivery": {"Delivery", "Deliveries"},
		"SupplyRequest": {"Order of supplies", "Orders of supplies"}, "Task": {"Task", "Tasks"}, "VerificationResult": {"Verification", "Verifications"},
		"VisionPrescription": {"Prescription for glasses", "Prescriptions for glasses"},
	},
	words: map[string]string{
		"entered-in-error": "entered in error", "true": "active", "false": "not active", "4": "minor failure", "8": "serious failure", "0": "success",
		"home": "home", "mobile": "mobile", "old": "no longer used", "temp": "temporary", "AMB": "ambulatory",
	},
	flags: map[string]string{
		"H": "High", "L": "Low", "HH": "Critically high", "LL": "Critically low", "HU": "Significantly high", "LU": "Significantly low",
		"A": "Abnormal", "AA": "Critically abnormal", "N": "Normal", "U": "Significantly up", "D": "Significantly down", "B": "Better", "W": "Worse",
		"POS": "Positive", "NEG": "Negative", "IND": "Indeterminate", "S": "Susceptible", "R": "Resistant", "I": "Intermediate", "DET": "Detected", "ND": "Not detected",
		"<": "Below the scale", ">": "Above the scale", "E": "Equivocal",
	},
	headings: map[string]string{
		"warnings": "Warnings", "allergies": "Allergies", "problems": "Current problems", "medicines": "Current medicines", "vaccines": "Vaccines",
		"lastResults": "Latest results", "team": "Care team", "coverage": "Insurance", "undated": "Without a date", "files": "All files and pictures",
		"earlier": "Earlier versions", "deleted": "Deleted entries", "wrong": "Entered in error", "exclusions": "What is left out", "counts": "What this copy contains",
		"how": "How to read these pages", "others": "Other patient entries",
		"noAllergies": "No allergies are recorded. This does not mean that there are none.",
		"noMore":      "More on the page", "graph": "Trend of", "verdict": "Completeness",
		"wrongNote": "These entries were marked as mistakes. They stand in their places with the same mark.",
		"noneLeft":  "Nothing was left out on purpose.",
		"graphText": "%d results from %s to %s. Lowest %s, highest %s, latest %s.",
		"statutory": "required by law", "choice": "decided by the practice",
	},
	captions: map[string]string{
		"how1": "The small words beside a fact are its code, such as LOINC 8480-6. A computer or another doctor can look it up.",
		"how2": "Each entry names its source: the data file and the line in it. The data files are the record; these pages only show it.",
		"how3": "“Entered in error” marks what somebody wrote and later took back. It stays in the record so that nothing disappears.",
		"how4": "Text that was stored with formatting is shown as plain text. Addresses on the Internet are shown but cannot be clicked, so that reading does not tell anybody that you read.",
	},
	verdicts: map[string]string{
		"COMPLETE":                        "This copy is complete: the number of entries in it is the number that the practice stores.",
		"COMPLETE WITH STATED EXCLUSIONS": "This copy is complete except for what is stated below.",
		"INCOMPLETE":                      "This copy is not complete. Ask the practice for a new one.",
	},
	reasons: map[string]string{
		"other-individual":    "belongs to the record of another person",
		"unassigned":          "is mentioned in the record, and does not say whose it is; ask the practice to assign it",
		"psychotherapy-notes": "psychotherapy notes, which are kept apart from the record",
		"litigation":          "prepared for legal proceedings",
		"filtered":            "was not asked for",
		"linked-not-approved": "another record of the same person, which nobody chose to include",
		"credentials":         "secret credentials of a practitioner",
	},
}
