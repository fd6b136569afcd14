// Package demo makes up a small medical practice: a stream of FHIR R4 resources about people who do not exist.
//
//   - The practice is a directory (organizations, practitioners, locations, schedules, medications, questionnaires), a
//     library (one sound instance of every remaining type that R4 knows), patients with their records, and two groups.
//   - A household is four patients with one surname: mother, father and twins. They occur in each other's records as people
//     do: the mother measures the twins' temperature, holds the father's insurance and writes to the practice about him.
//   - The patient [EverythingPatientID] has a record with every type of the R4 patient compartment, every type that belongs
//     to a patient only through other links (Task, Device, Binary, PaymentReconciliation …), and every place where R4 keeps
//     an attachment. Around it stand a child, a merged duplicate and, until the end of the stream, a patient who is deleted.
//   - A canary is a text that occurs in one patient's record and nowhere else ([Canary]): as nickname and record number of
//     the Patient, and as note, identifier or attachment text (there in base64) of resources whose subject, patient,
//     beneficiary, owner ("for", securityContext) or individual is that patient. No resource has two patients' canaries, and
//     resources with several patients (group appointments, payment reconciliations, groups) have none. A test that finds
//     the canary of one patient in what was handed out for another has found a leak.
//   - Every resource is tagged urn:satchel:demo|synthetic, so that it can be told from a real one.
//
// The same options give the same bytes, and patient number i is the same however many patients there are.
//
// Texts of resources stand in templates/*.txt, in FHIR's own JSON with holes; see template.go. The programs here choose who,
// when and how much. Names, addresses and numbers are invented; codes of LOINC, SNOMED CT, RxNorm, CVX and ICD-10-CM
// are a few common ones.
package demo
