package fhir

// dispositionTable has a line per type: kind, type, reason. The reasons are read by patients and by the people who
// receive a package, so they say in plain words what the type is and when it is in the record of one patient.
const dispositionTable = `
direct Account A billing account. In the record of each patient whose charges it collects; other patients on it become placeholders.
forward ActivityDefinition The template of an order. In the record when one of its orders was made from it, since the order cannot be read in full without.
direct AdverseEvent Harm or near harm during care. In the record of the patient it happened to.
direct AllergyIntolerance An allergy or intolerance. In the record of the patient who has it, not of the relative who told of it.
role Appointment An appointment, kept or missed. In the record of every patient who takes part; in group visits other patients become placeholders.
role AppointmentResponse An answer to an invitation. In the record of the patient who answers.
excluded AuditEvent The log of who used the software. It protects the patient but is not part of the record that decisions are made from; ask the practice for an accounting of disclosures. The population export has it.
direct Basic What the practice keeps that has no type of its own. In the record of the patient it is about, or who wrote it if it is about nobody.
reverse Binary A stored file. In the record when something in the record shows it, or when its securityContext names the patient or something in the record.
reverse BiologicallyDerivedProduct Blood, tissue or cells. In the record of the patient they were taken from, and of the order they were taken for.
direct BodyStructure A place on or in the body. In the record of the patient whose body it is.
reverse Bundle A stored document or message. In the record when what it holds is about the patient and about no other patient.
system CapabilityStatement What a piece of software can do. Says nothing about a patient.
direct CarePlan A plan of care. In the record of the patient it is for.
direct CareTeam The people who look after somebody. In the record of the patient they look after, or who is a member of a team without a patient.
forward CatalogEntry An article of a catalogue. In the record when something in the record points to it.
direct ChargeItem A charge. In the record of the patient it was made for.
forward ChargeItemDefinition The rule for a price. In the record when a charge in the record was made by it.
direct Claim A bill to an insurer, or a request for prior approval. In the record of the patient who was treated, not of the relative who is paid.
direct ClaimResponse The answer of an insurer. In the record of the patient who was treated.
direct ClinicalImpression An assessment by a clinician. In the record of the patient assessed.
forward CodeSystem A list of codes that the practice made itself. In the record when a code of it is used there, since the code means nothing without.
direct Communication A message that was sent: portal, letter, telephone note. In the record of the patient it is about; if about nobody, of the patient who sent or received it.
direct CommunicationRequest A request to send a message. In the record of the patient it is about; if about nobody, of the patient who asked or is to be told.
system CompartmentDefinition A rule of the software for grouping data. Says nothing about a patient.
direct Composition A clinical document. In the record of the patient it is about; if about nobody, of its author, or when it lists parts of the record.
system ConceptMap A translation between code lists. Says nothing about a patient.
direct Condition A problem or diagnosis. In the record of the patient who has it.
direct Consent A permission, refusal or advance directive. In the record of the patient who gave it.
reverse Contract An agreement. In the record of the patient it is about; if about nobody, of the patient who signed it.
direct Coverage An insurance. In the record of the patient who is covered, not of the relative who holds or pays it.
direct CoverageEligibilityRequest A question to an insurer. In the record of the patient it asks about.
direct CoverageEligibilityResponse The answer of an insurer about cover. In the record of the patient it is about.
direct DetectedIssue A warning, such as two drugs that do not go together. In the record of the patient it is about.
reverse Device A device or implant. In the record of the patient it belongs to; a device of the practice is in the record when something in the record points to it.
forward DeviceDefinition The description of a kind of device. In the record when a device or order in the record points to it.
reverse DeviceMetric What a device measures. In the record when the device is.
direct DeviceRequest An order for a device. In the record of the patient who is to get it.
direct DeviceUseStatement The use of a device. In the record of the patient who uses it.
direct DiagnosticReport A report of laboratory, imaging or other diagnostics. In the record of the patient examined.
direct DocumentManifest A set of documents. In the record of the patient they are about; if about nobody, of author and recipient, or when it lists parts of the record.
direct DocumentReference A note, letter, scan or other document. In the record of the patient it is about; if about nobody, of the patient who wrote it.
forward EffectEvidenceSynthesis Research evidence. In the record when something in the record points to it.
direct Encounter A visit or stay. In the record of the patient seen.
forward Endpoint The address of a technical service, such as an image archive. In the record when something in the record is kept there.
direct EnrollmentRequest An application to an insurer. In the record of the patient who is to be insured.
reverse EnrollmentResponse The answer to an application. In the record when the application is.
direct EpisodeOfCare A span of care. In the record of the patient cared for.
forward EventDefinition The description of an event. In the record when something in the record was started by it.
forward Evidence Research evidence. In the record when something in the record points to it.
forward EvidenceVariable A variable of research evidence. In the record when something in the record points to it.
system ExampleScenario An example for people who write software. Says nothing about a patient.
direct ExplanationOfBenefit How an insurer settled a bill. In the record of the patient who was treated, not of the relative who is paid.
direct FamilyMemberHistory Illnesses in the family. In the record of the patient whose family it is.
direct Flag A warning on the chart. In the record of the patient it warns about.
direct Goal A goal of care. In the record of the patient who is to reach it.
system GraphDefinition A rule of the software for walking through data. Says nothing about a patient.
role Group A list of people or things. In the record of each member as an excerpt: the other members are left out.
reverse GuidanceResponse The result of a decision rule. In the record of the patient the rule was asked about.
forward HealthcareService A service that is offered. In the record when something in the record points to it.
direct ImagingStudy A set of images. In the record of the patient in them.
direct Immunization A vaccination. In the record of the patient vaccinated.
direct ImmunizationEvaluation Whether a vaccination counts. In the record of the patient vaccinated.
direct ImmunizationRecommendation Vaccinations that are due. In the record of the patient they are due for.
system ImplementationGuide A set of rules for software. Says nothing about a patient.
forward InsurancePlan A product of an insurer. In the record when something in the record points to it.
direct Invoice An invoice. In the record of the patient it is for; if for nobody, of the patient who receives it.
forward Library Rules or knowledge in a file. In the record when something in the record was computed with it.
reverse Linkage A statement that records are about the same thing. In the record when it names something of it; other patients are left out.
direct List A list, such as problems or drugs. In the record of the patient it is about; if about nobody, of its source, or when it lists parts of the record.
forward Location A place. In the record when something in the record happened there.
forward Measure The definition of a quality measure. In the record when a report in the record was made by it.
direct MeasureReport A quality report. In the record of the patient it is about.
direct Media A picture, film or sound. In the record of the patient in it.
forward Medication A drug. In the record when an order, dispense or dose in the record names it.
direct MedicationAdministration A dose that was given. In the record of the patient who got it.
direct MedicationDispense A drug that was handed out. In the record of the patient it is for; if for nobody, of the patient who collected it.
forward MedicationKnowledge Knowledge about a drug. In the record when something in the record points to it.
direct MedicationRequest A prescription. In the record of the patient it is for.
direct MedicationStatement A drug that somebody says is taken. In the record of the patient who takes it.
forward MedicinalProduct A product of the drug register. In the record when something in the record points to it.
forward MedicinalProductAuthorization The licence of a drug. In the record when something in the record points to it.
forward MedicinalProductContraindication When a drug must not be used. In the record when something in the record points to it.
forward MedicinalProductIndication What a drug is for. In the record when something in the record points to it.
forward MedicinalProductIngredient What is in a drug. In the record when something in the record points to it.
forward MedicinalProductInteraction What a drug does not go together with. In the record when something in the record points to it.
forward MedicinalProductManufactured A drug as it is made. In the record when something in the record points to it.
forward MedicinalProductPackaged A drug as it is packed. In the record when something in the record points to it.
forward MedicinalProductPharmaceutical A drug as it is taken. In the record when something in the record points to it.
forward MedicinalProductUndesirableEffect A side effect of a drug. In the record when something in the record points to it.
system MessageDefinition The definition of a kind of message. Says nothing about a patient.
reverse MessageHeader The envelope of a message. In the record when its content is; other patients' content is left out.
direct MolecularSequence A gene sequence. In the record of the patient it was read from.
system NamingSystem The name of a system of numbers. Says nothing about a patient.
direct NutritionOrder A diet. In the record of the patient it is for.
direct Observation A measurement, finding or answer. In the record of the patient measured, not of the relative who measured; if it is about nobody, of the patient who made it.
forward ObservationDefinition The definition of a measurement. In the record when something in the record points to it.
system OperationDefinition The definition of a function of the software. Says nothing about a patient.
forward OperationOutcome Messages of the software. In the record when something in the record points to it.
forward Organization A practice, hospital, insurer or other organization. In the record when something in the record points to it.
forward OrganizationAffiliation How organizations work together. In the record when something in the record points to it.
direct Patient The patient. Duplicates that were merged with it belong to the same record; other linked patients when staff have approved it.
reverse PaymentNotice A notice of payment. In the record when the bill is.
reverse PaymentReconciliation A payment for many bills. In the record as an excerpt: the lines for bills of other patients are left out.
direct Person A human across several records. In the record of each patient it links; other patients are left out.
forward PlanDefinition The template of a plan. In the record when a plan in the record was made from it.
forward Practitioner A clinician or other member of staff. In the record when something in the record names them.
forward PractitionerRole The position of a clinician. In the record when something in the record names it.
direct Procedure Something that was done to a patient. In the record of that patient.
direct Provenance Who made or signed a resource, and when. In the record when one of its targets is; other patients' targets are left out.
forward Questionnaire A form. In the record when answers in the record were given on it, since they cannot be read without the questions.
direct QuestionnaireResponse The answers on a form. In the record of the patient they are about; if about nobody, of the patient who gave them.
direct RelatedPerson A relative or helper. In the record of the patient they are related to.
direct RequestGroup A group of orders. In the record of the patient they are for; if for nobody, of the patient who takes part.
forward ResearchDefinition The definition of a research question. In the record when something in the record points to it.
forward ResearchElementDefinition An element of a research question. In the record when something in the record points to it.
forward ResearchStudy A study. In the record when the patient takes part in it.
direct ResearchSubject The part of a patient in a study. In the record of that patient.
direct RiskAssessment A risk that was estimated. In the record of the patient at risk.
forward RiskEvidenceSynthesis Research evidence. In the record when something in the record points to it.
role Schedule A calendar. In the record of the patient whose time it is; a calendar of the practice when an appointment in the record is in it.
system SearchParameter A way to search in the software. Says nothing about a patient.
direct ServiceRequest An order or referral. In the record of the patient it is for.
reverse Slot A time in a calendar. In the record when an appointment in the record is in it, or the calendar is the patient's.
direct Specimen A sample. In the record of the patient it was taken from.
forward SpecimenDefinition The definition of a kind of sample. In the record when something in the record points to it.
forward StructureDefinition The definition of a form of data, such as an extension that the practice made itself. In the record when it is used there.
system StructureMap A rule for converting data. Says nothing about a patient.
system Subscription A standing order to the software to tell of news. Says nothing about a patient that the record does not.
forward Substance A substance. In the record when something in the record points to it.
forward SubstanceNucleicAcid A substance in detail. In the record when something in the record points to it.
forward SubstancePolymer A substance in detail. In the record when something in the record points to it.
forward SubstanceProtein A substance in detail. In the record when something in the record points to it.
forward SubstanceReferenceInformation A substance in detail. In the record when something in the record points to it.
forward SubstanceSourceMaterial A substance in detail. In the record when something in the record points to it.
forward SubstanceSpecification A substance in detail. In the record when something in the record points to it.
direct SupplyDelivery Goods that were delivered. In the record of the patient they are for.
direct SupplyRequest An order for goods. In the record of the patient they are to be delivered to.
direct Task Work to be done, such as a request to amend the record. In the record of the patient it is for; if for nobody, when it is about something in the record.
system TerminologyCapabilities What a terminology service can do. Says nothing about a patient.
system TestReport The result of a test of software. Says nothing about a patient.
system TestScript A test of software. Says nothing about a patient.
forward ValueSet A choice of codes that the practice made itself. In the record when something in the record uses it.
reverse VerificationResult A check of facts. In the record when it checked something of it.
direct VisionPrescription A prescription for glasses. In the record of the patient who is to wear them.
`
