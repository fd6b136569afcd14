package view

// plan says how a resource type is shown. Lists are of paths, divided by spaces; the first that is there counts, for
// columns each one is a column, where "|" puts several into it.
type plan struct {
	page    pageName
	title   string
	date    string
	status  string
	columns string
}

// pageName names a page of the record; it is the name of its file without ".html".
type pageName string

// Pages, in the order of the menu.
const (
	summaryPage   pageName = "index"
	timelinePage  pageName = "timeline"
	healthPage    pageName = "health"
	encounterPage pageName = "encounters"
	resultPage    pageName = "results"
	documentPage  pageName = "documents"
	planPage      pageName = "plans"
	messagePage   pageName = "messages"
	questionPage  pageName = "questionnaires"
	familyPage    pageName = "family"
	teamPage      pageName = "careteam"
	billPage      pageName = "bills"
	changePage    pageName = "changes"
	otherPage     pageName = "other"
	aboutPage     pageName = "about"
)

// pageNames are all of them, in order.
var pageNames = []pageName{summaryPage, timelinePage, healthPage, encounterPage, resultPage, documentPage, planPage, messagePage,
	questionPage, familyPage, teamPage, billPage, changePage, otherPage, aboutPage}

// planOf finds the plan of a type.
func planOf(typ string) plan {
	if p, ok := plans[typ]; ok {
		return p
	}
	return plan{otherPage, "title name code type event description identifier url",
		"date created authoredOn authored issued recorded effective occurrence performed start period timestamp", "status active", "description subject patient"}
}

// plans are the types that are not shown generically.
var plans = map[string]plan{
	"Patient": {summaryPage, "name", "", "", "birthDate gender address telecom identifier generalPractitioner"},

	"Flag":                       {healthPage, "code", "period", "status", "category author"},
	"AllergyIntolerance":         {healthPage, "code", "onset recordedDate lastOccurrence", "clinicalStatus verificationStatus", "criticality reaction.manifestation|reaction.severity|reaction.description note|reaction.note"},
	"Condition":                  {healthPage, "code", "onset recordedDate", "clinicalStatus verificationStatus", "abatement severity recorder|asserter note"},
	"MedicationRequest":          {healthPage, "medication", "authoredOn", "status", "dosageInstruction.text|dosageInstruction.patientInstruction requester reasonCode|reasonReference note"},
	"MedicationStatement":        {healthPage, "medication", "effective dateAsserted", "status", "dosage.text|dosage.patientInstruction informationSource reasonCode|reasonReference note"},
	"MedicationDispense":         {healthPage, "medication", "whenHandedOver whenPrepared", "status", "quantity dosageInstruction.text performer.actor|receiver note"},
	"MedicationAdministration":   {healthPage, "medication", "effective", "status", "dosage.dose|dosage.text performer.actor note"},
	"Immunization":               {healthPage, "vaccineCode", "occurrence recorded", "status", "lotNumber site|route performer.actor note"},
	"ImmunizationEvaluation":     {healthPage, "targetDisease", "date", "status", "doseStatus immunizationEvent"},
	"ImmunizationRecommendation": {healthPage, "recommendation.vaccineCode", "date", "", "recommendation.forecastStatus recommendation.dateCriterion.value"},
	"Procedure":                  {healthPage, "code category", "performed", "status", "performer.actor|asserter bodySite outcome note"},
	"DeviceUseStatement":         {healthPage, "device", "timing recordedOn", "status", "bodySite note"},
	"Device":                     {healthPage, "deviceName.name type distinctIdentifier", "manufactureDate", "status", "manufacturer serialNumber udiCarrier.deviceIdentifier|udiCarrier.carrierHRF note"},
	"AdverseEvent":               {healthPage, "event category", "date detected recordedDate", "actuality", "seriousness|severity recorder"},
	"DetectedIssue":              {healthPage, "code detail", "identified", "status", "severity implicated detail"},
	"RiskAssessment":             {healthPage, "code prediction.outcome method", "occurrence", "status", "prediction.outcome|prediction.probability|prediction.qualitativeRisk performer note"},
	"ClinicalImpression":         {healthPage, "summary description code", "date effective", "status", "assessor finding.itemCodeableConcept|finding.itemReference note"},
	"BodyStructure":              {healthPage, "location morphology description", "", "active", "morphology description image"},

	"Encounter":           {encounterPage, "type serviceType class", "period", "status", "reasonCode|reasonReference participant.individual location.location serviceProvider"},
	"EpisodeOfCare":       {encounterPage, "type", "period", "status", "careManager managingOrganization diagnosis.condition"},
	"Appointment":         {encounterPage, "description serviceType appointmentType", "start requestedPeriod created", "status", "participant.actor reasonCode comment|patientInstruction"},
	"AppointmentResponse": {encounterPage, "appointment", "start", "participantStatus", "actor comment"},
	"Schedule":            {encounterPage, "serviceType comment actor", "planningHorizon", "active", "actor comment"},
	"Slot":                {encounterPage, "serviceType appointmentType schedule", "start", "status", "schedule comment"},

	"DiagnosticReport":  {resultPage, "code", "effective issued", "status", "conclusion|conclusionCode performer|resultsInterpreter presentedForm"},
	"Observation":       {resultPage, "code", "effective issued", "status", ""},
	"ImagingStudy":      {resultPage, "description procedureCode modality", "started", "status", "modality numberOfSeries|numberOfInstances endpoint note"},
	"Specimen":          {resultPage, "type", "collection.collected receivedTime", "status", "collection.collector collection.bodySite note"},
	"MolecularSequence": {resultPage, "type", "", "", "observedSeq referenceSeq.referenceSeqId"},

	"DocumentReference": {documentPage, "description type content.attachment", "date context.period", "status docStatus", "type|category author content.attachment"},
	"DocumentManifest":  {documentPage, "description type", "created", "status", "content author|recipient"},
	"Composition":       {documentPage, "title type", "date", "status", "type author section.title|section.text"},
	"Media":             {documentPage, "content type modality", "created issued", "status", "content operator note"},
	"Binary":            {documentPage, "contentType", "", "", "data securityContext"},
	"Bundle":            {documentPage, "type", "timestamp", "", "type"},
	"Consent":           {documentPage, "scope category", "dateTime", "status", "category policy.uri|policyRule source provision.type"},
	"Contract":          {documentPage, "title name type", "issued applies", "status", "term.offer.text signer.party"},

	"CarePlan":             {planPage, "title category description", "period created", "status", "description activity.detail.description|activity.detail.code author note"},
	"Goal":                 {planPage, "description", "start statusDate", "lifecycleStatus achievementStatus", "target.measure|target.detail target.due expressedBy note"},
	"ServiceRequest":       {planPage, "code", "authoredOn occurrence", "status", "requester performer reasonCode|reasonReference note"},
	"RequestGroup":         {planPage, "code action.title", "authoredOn", "status", "action.title|action.description author note"},
	"Task":                 {planPage, "description code", "authoredOn executionPeriod lastModified", "status businessStatus", "requester owner focus note"},
	"NutritionOrder":       {planPage, "oralDiet.type enteralFormula.baseFormulaType supplement.type", "dateTime", "status", "orderer oralDiet.instruction|enteralFormula.administrationInstruction note"},
	"VisionPrescription":   {planPage, "lensSpecification.product", "dateWritten created", "status", "prescriber lensSpecification.eye|lensSpecification.sphere|lensSpecification.cylinder"},
	"DeviceRequest":        {planPage, "code", "authoredOn occurrence", "status", "requester reasonCode note"},
	"SupplyRequest":        {planPage, "item category", "authoredOn occurrence", "status", "quantity requester"},
	"SupplyDelivery":       {planPage, "suppliedItem.item type", "occurrence", "status", "suppliedItem.quantity supplier receiver"},
	"GuidanceResponse":     {planPage, "module", "occurrenceDateTime", "status", "result evaluationMessage note"},
	"EnrollmentRequest":    {billPage, "insurer provider", "created", "status", "coverage"},
	"EnrollmentResponse":   {billPage, "organization request", "created", "status outcome", "disposition"},
	"ResearchSubject":      {otherPage, "study", "period", "status", "assignedArm|actualArm consent"},
	"List":                 {planPage, "title code", "date", "status", "entry.item source note"},
	"CommunicationRequest": {messagePage, "category reasonCode", "authoredOn occurrence", "status", "requester|sender recipient payload.content note"},
	"Communication":        {messagePage, "topic category reasonCode", "sent received", "status", "sender recipient payload.content note"},
	"MessageHeader":        {messagePage, "event", "", "", "sender|source.name destination.name focus"},

	"QuestionnaireResponse": {questionPage, "questionnaire", "authored", "status", "author source"},
	"Questionnaire":         {questionPage, "title name url", "date approvalDate", "status", "description publisher"},

	"FamilyMemberHistory": {familyPage, "relationship name", "date", "status", "name condition.code|condition.onset|condition.note deceased note"},
	"RelatedPerson":       {familyPage, "name", "period", "active", "relationship telecom address"},
	"Person":              {familyPage, "name", "", "active", "birthDate link.target telecom"},

	"CareTeam":          {teamPage, "name category", "period", "status", "participant.member|participant.role managingOrganization note"},
	"Practitioner":      {teamPage, "name", "", "active", "qualification.code telecom address"},
	"PractitionerRole":  {teamPage, "practitioner", "period", "active", "code|specialty organization telecom"},
	"Organization":      {teamPage, "name", "", "active", "type telecom address"},
	"Location":          {teamPage, "name description", "", "status", "type telecom address managingOrganization"},
	"HealthcareService": {teamPage, "name", "", "active", "type|category providedBy telecom"},
	"Endpoint":          {teamPage, "name connectionType", "", "status", "address managingOrganization"},

	"Coverage":                    {billPage, "type class.name payor", "period", "status", "payor subscriberId|identifier relationship|subscriber|policyHolder order"},
	"Account":                     {billPage, "name type", "servicePeriod", "status", "description coverage.coverage owner"},
	"Claim":                       {billPage, "type", "created billablePeriod", "status", "use provider|insurer item.productOrService total"},
	"ClaimResponse":               {billPage, "type", "created", "status", "outcome insurer disposition total.amount|payment.amount"},
	"ExplanationOfBenefit":        {billPage, "type", "created billablePeriod", "status", "outcome insurer|provider total.category|total.amount payment.amount|payment.date"},
	"Invoice":                     {billPage, "type", "date", "status", "issuer lineItem.chargeItem totalNet totalGross"},
	"ChargeItem":                  {billPage, "code", "occurrence enteredDate", "status", "quantity priceOverride performer.actor note"},
	"PaymentNotice":               {billPage, "paymentStatus", "paymentDate created", "status", "amount request payee"},
	"PaymentReconciliation":       {billPage, "paymentIssuer", "paymentDate created", "status", "outcome paymentAmount detail.amount"},
	"CoverageEligibilityRequest":  {billPage, "insurer", "created", "status", "purpose provider"},
	"CoverageEligibilityResponse": {billPage, "insurer", "created", "status", "outcome disposition insurance.coverage|insurance.inforce"},
	"InsurancePlan":               {billPage, "name", "period", "status", "ownedBy type"},

	"Provenance": {changePage, "activity reason", "recorded", "", "target agent.who agent.type|agent.role reason"},
	"AuditEvent": {changePage, "subtype type", "recorded", "outcome", "action agent.who|agent.name entity.what"},

	"Medication": {otherPage, "code", "", "status", "form ingredient.item amount batch.lotNumber"},
	"Substance":  {otherPage, "code", "", "status", "description"},
}
