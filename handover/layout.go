package handover

// placeDoc is a row of the documentation's table of files.
type placeDoc struct{ Path, Text string }

// layout is what a package holds, for the documentation.
var layout = []placeDoc{
	{"bagit.txt", "Says that the folder is a bag after BagIt 1.0 (RFC 8493)."},
	{"bag-info.txt", "Sender, job, date, size; names no patient."},
	{"manifest-sha256.txt", "SHA-256 of every file below data/, as sha256sum writes it."},
	{"tagmanifest-sha256.txt", "SHA-256 of every other file, but for itself and the signature."},
	{"signature/tagmanifest-sha256.txt.sig", "Signature of the practice over tagmanifest-sha256.txt, in OpenSSH's format, namespace satchel-ehi. With it stand signer.pub, allowed_signers and HOW-TO-VERIFY.txt. Absent in packages that are not signed."},
	{"OPEN-ME-FIRST.html, README.txt", "What the package is and how to check it, in plain words."},
	{"data/ehi-manifest.json", "What is in the package, what is not and why; see below."},
	{"data/fhir/bulk-manifest.json", "The same files for programs that know FHIR Bulk Data. Addresses are relative to it."},
	{"data/fhir/current/<Type>-<nnnn>.ndjson", "Newest version of each resource of the record: FHIR R4 (4.0.1) JSON, one resource per line, as the store holds it, with id, meta.versionId and meta.lastUpdated."},
	{"data/fhir/directory/<Type>-<nnnn>.ndjson", "Likewise: practitioners, organizations, places, medications and whatever else the record refers to."},
	{"data/fhir/provenance/Provenance-<nnnn>.ndjson", "Likewise: who made what."},
	{"data/fhir/history/<Type>-<nnnn>.ndjson", "Earlier versions, one per line. deleted-<nnnn>.ndjson: deletions of resources that were made again."},
	{"data/fhir/deleted/deleted-<nnnn>.ndjson", "What was deleted and still is: one transaction Bundle per line with one entry, whose request is DELETE Type/id. The versionId and lastUpdated of the Bundle's meta are those of the deletion."},
	{"data/attachments/<ab>/<sha256>.<ext>", "Documents and pictures as bytes, each once, named by their own SHA-256 (ab are its first two digits). What a browser would run ends with .txt."},
	{"data/attachments/index.ndjson", "One DocumentReference (Argonaut EHI export) for each file of the bag that is neither FHIR, report nor page. Addresses are relative to it."},
	{"data/attachments/sources-<nnnn>.ndjson", "Which place in which version of which resource has which bytes; see below."},
	{"data/index/patients-<nnnn>.ndjson", "Packages of everybody only: one line per patient, in order of ids, with the places of the current resources that are about the patient, or in which the patient takes part and nobody else is the subject; see below. What these refer to is found by their references, their earlier versions and deletions by their ids."},
	{"data/native/, data/summary/", "Tables that are not FHIR; an additional summary. Absent if there are none."},
	{"data/view/index.html", "The record as pages to read, without scripts or network. The data is in fhir/; the pages are a reading of it."},
	{"data/report/", "reconciliation.json and .html: what was written, read back, beside what the store holds. exclusions.json: what was left out, one by one. In the last bag, if there are several."},
	{"data/practice/", "Handovers of a whole practice only: audit/AuditEvent-<nnnn>.ndjson (the audit log, as FHIR); users.ndjson (accounts), clients.ndjson (programs that sign in) and settings.json, all without secrets, see below; requests.ndjson (requests for records: a FHIR Task for each, a Provenance for each decision and for whatever was given). Absent where there is none."},
	{"data/docs/", "This page, its history, the JSON Schemas, and bagit-profile.json: the rules that every bag keeps, for programs that check bags by a BagIt profile. bag-info.txt names it where the documentation has a public address."},
}

// rules of the format, for the documentation.
var rules = []string{
	"Text is UTF-8 without byte order mark, lines end with a line feed, also the last one of an NDJSON file.",
	"Paths have at most 149 ASCII characters (letters, digits, '.', '_', '-'), the name of the package included, and differ in more than upper and lower case. There are no links, and no fetch.txt.",
	"A ZIP holds one folder of the name of the package. Its entries have the time of the snapshot.",
	"A package of several bags has Bag-Group-Identifier and Bag-Count in bag-info.txt. Counts, attachments and references in ehi-manifest.json are of the whole; files are of the bag. The last bag names the others with the SHA-256 of their tag manifests.",
	"stored = exported + excluded holds for current resources, for versions and for deletions of every type, unless the verdict is INCOMPLETE. \"Exported\" was counted by reading the finished files back; \"stored\" by the store, on another way.",
	"attachments/ holds the bytes of current and of earlier versions; the text of each version has them too, as stored. Bytes of an earlier version that are no base64 stand in its text alone.",
	"A file with its final name is not yet a package: a package has bagit.txt and tagmanifest-sha256.txt, and no file INCOMPLETE.",
	"A package is brought back by satchel import into an empty store: ids, versions, times, deletions and attachments are what they were. A package that was changed is never taken; one that is unchanged and was sealed as INCOMPLETE only with --accept-incomplete.",
	"Readers refuse a format of another major version; new fields may come with a new minor version.",
}

// change is a version of the format.
type change struct{ Version, Date, Text string }

// changes lists every version, newest first.
var changes = []change{
	{"1.0.0", "2026-11-23", "First version."},
}
