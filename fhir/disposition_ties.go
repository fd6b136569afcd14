package fhir

import "strings"

// tieTable has a line per type: the elements that say to what a resource belongs when it names no patient itself, by FHIR
// R4's definitions of these elements. What it hangs on may hang on something else in turn. Elements that name what a
// resource merely used or mentions (performer, location, medication …) are not here.
const tieTable = `
Account partOf coverage.coverage
AdverseEvent encounter resultingCondition subjectMedicalHistory referenceDocument
AllergyIntolerance encounter
Appointment basedOn reasonReference supportingInformation participant.actor
AppointmentResponse appointment actor
BiologicallyDerivedProduct parent
CarePlan encounter basedOn replaces partOf addresses goal
CareTeam encounter reasonReference
ChargeItem context partOf account service supportingInformation
Claim related.claim prescription originalPrescription referral item.encounter insurance.coverage diagnosis.diagnosisReference procedure.procedureReference
ClaimResponse request insurance.coverage
ClinicalImpression encounter previous problem investigation.item finding.itemReference
Communication encounter basedOn partOf inResponseTo about reasonReference payload.contentReference sender recipient
CommunicationRequest encounter basedOn replaces about reasonReference payload.contentReference sender recipient
Composition encounter relatesTo.targetReference event.detail
Condition encounter stage.assessment evidence.detail
Consent sourceReference provision.data.reference
CoverageEligibilityRequest insurance.coverage
CoverageEligibilityResponse request insurance.coverage
DetectedIssue implicated evidence.detail
Device parent
DeviceRequest encounter basedOn priorRequest reasonReference insurance
DeviceUseStatement basedOn derivedFrom reasonReference device
DiagnosticReport encounter basedOn specimen result imagingStudy media.link
DocumentReference context.encounter context.related relatesTo.target
Encounter episodeOfCare basedOn appointment account partOf reasonReference diagnosis.condition
EnrollmentRequest coverage
EpisodeOfCare referralRequest account diagnosis.condition
ExplanationOfBenefit claim claimResponse prescription originalPrescription referral related.claim item.encounter insurance.coverage
FamilyMemberHistory reasonReference
Flag encounter
Goal addresses outcomeReference
GuidanceResponse encounter reasonReference
ImagingStudy encounter basedOn procedureReference reasonReference
Immunization encounter reasonReference reaction.detail
ImmunizationEvaluation immunizationEvent
ImmunizationRecommendation recommendation.supportingImmunization recommendation.supportingPatientInformation
Invoice account lineItem.chargeItemReference
List encounter
Media encounter basedOn partOf
MedicationAdministration context partOf request reasonReference supportingInformation
MedicationDispense context partOf authorizingPrescription supportingInformation
MedicationRequest encounter basedOn priorPrescription reasonReference supportingInformation insurance
MedicationStatement context basedOn partOf derivedFrom reasonReference
MolecularSequence specimen
NutritionOrder encounter
Observation encounter basedOn partOf specimen derivedFrom hasMember
Procedure encounter basedOn partOf report complicationDetail reasonReference
QuestionnaireResponse encounter basedOn partOf source
RequestGroup encounter basedOn replaces reasonReference
ResearchSubject consent
RiskAssessment encounter basedOn parent condition basis
ServiceRequest encounter basedOn replaces specimen reasonReference supportingInfo insurance
Specimen parent request
SupplyDelivery basedOn partOf
SupplyRequest reasonReference
Task encounter reasonReference insurance input.valueReference output.valueReference
VisionPrescription encounter
`

// aboutPatient are further elements that say whom a resource is about; R4's compartment does not know them.
var aboutPatient = map[string][]string{
	"DocumentReference": {"context.sourcePatientInfo"},
	"Observation":       {"focus"},
}

// tiesOf reads tieTable: the links by type.
func tiesOf() map[string][]Link {
	all := map[string][]Link{}
	for line := range strings.Lines(tieTable) {
		paths := strings.Fields(line)
		for i := 1; i < len(paths); i++ {
			all[paths[0]] = append(all[paths[0]], Link{Path: paths[i], Hangs: true})
		}
	}
	for typ, paths := range aboutPatient {
		for _, path := range paths {
			all[typ] = append(all[typ], Link{Path: path})
		}
	}
	return all
}

// authorityOf names the rule behind a disposition.
func (d *Disposition) authorityOf() string {
	const set = "45 CFR 164.501 (designated record set)"
	switch d.Kind {
	case Direct, Role:
		if d.Type == "Patient" {
			return "FHIR R4 CompartmentDefinition/patient: the patient, and Patient.link; " + set
		}
		params := append(append([]string{}, d.Subject...), d.Roles...)
		return "FHIR R4 CompartmentDefinition/patient: " + strings.Join(params, ", ") + d.linkAuthority("; ") + "; " + set
	case Reverse:
		if d.Type == "Bundle" {
			return "FHIR R4 bundle.html: whatever its entries are about; " + set
		}
		return "FHIR R4" + d.linkAuthority(" ") + "; " + set
	case Forward:
		return "170.315(b)(10) and 45 CFR 164.524(c)(2): what a record refers to is needed to read it"
	case Excluded:
		return "45 CFR 164.528 (accounting of disclosures) and 164.316(b): a log of the software, not in the designated record set of 164.501"
	}
	return "45 CFR 164.501: not about an individual"
}

// linkAuthority names the elements of the links.
func (d *Disposition) linkAuthority(before string) string {
	if len(d.Links) == 0 {
		return ""
	}
	names := make([]string, len(d.Links))
	for i, l := range d.Links {
		names[i] = d.Type + "." + l.Path
	}
	return before + strings.Join(names, ", ")
}
