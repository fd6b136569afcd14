package handover

import (
	"encoding/json"
	"time"

	"satchel/fhir"
)

// FormatVersion is the version of the format that this package writes. Packages of the same major version can be read.
const FormatVersion = "1.0.0"

// Kind is whose records a package holds.
type Kind string

// Kinds of packages.
const (
	Single     Kind = "single"     // the record of one person
	Population Kind = "population" // everything
)

// Verdict is what a reconciliation comes to.
type Verdict string

// Verdicts.
const (
	Complete               Verdict = "COMPLETE"
	CompleteWithExclusions Verdict = "COMPLETE WITH STATED EXCLUSIONS"
	Incomplete             Verdict = "INCOMPLETE"
)

// Instant is a time with milliseconds, written in UTC as FHIR does.
type Instant struct{ time.Time }

// MarshalJSON writes the instant.
func (i Instant) MarshalJSON() ([]byte, error) { return json.Marshal(fhir.FormatInstant(i.Time)) }

// UnmarshalJSON reads the instant.
func (i *Instant) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	t, err := fhir.ParseInstant(s)
	i.Time = t
	return err
}

// Manifest is data/ehi-manifest.json. The doc tags are the text of the format's documentation and of its schema.
type Manifest struct {
	FormatVersion string             `json:"formatVersion" doc:"Version of this format: major.minor.patch. A reader of 1.x reads every 1.y."`
	Head                             // who, what, when
	Files         []File             `json:"files" doc:"Every file below data/ of this bag except this one, in the order of their paths."`
	Counts        map[string]Count   `json:"counts" doc:"Per resource type: what the store held in scope and what was written. Of the whole package, also where it has several bags."`
	Attachments   AttachmentSummary  `json:"attachments" doc:"Documents and pictures that belong to resources."`
	References    ReferenceSummary   `json:"references" doc:"Where the references between resources lead."`
	Exclusions    []ExclusionSummary `json:"exclusions" doc:"What was left out on purpose, summed up by type, reason and authority; report/exclusions.json names each."`
	Patients      *PatientIndex      `json:"patientIndex,omitempty" doc:"The index of patients, in a package of everybody."`
	Verdict       Verdict            `json:"verdict" enum:"COMPLETE,COMPLETE WITH STATED EXCLUSIONS,INCOMPLETE" doc:"Outcome of the reconciliation."`
	Complete      bool               `json:"complete" doc:"True only if nothing was filtered and every exclusion is required by law."`
	Group         *Group             `json:"group,omitempty" doc:"Present where the package has several bags."`
	Signer        string             `json:"signer,omitempty" doc:"Fingerprint of the key that signed the package, as ssh-keygen -l prints it. Compare it with one that you got on another way."`
	VerifyHint    string             `json:"verifyHint" doc:"How to check this package."`
}

// Head is what the caller says about a package.
type Head struct {
	DocumentationURL string     `json:"ehiDocumentationUrl" doc:"Public page that documents this version of the format; docs/ holds a copy."`
	Product          Product    `json:"product" doc:"The program that wrote the package."`
	Kind             Kind       `json:"kind" enum:"single,population" doc:"single: the record of one person; population: everything the practice holds."`
	JobID            string     `json:"jobId" doc:"Number of the job in the practice's own system."`
	RequestID        string     `json:"requestId,omitempty" doc:"The request that led to the package."`
	RequestedBy      string     `json:"requestedBy,omitempty" doc:"Account that asked for it."`
	ApprovedBy       string     `json:"approvedBy,omitempty" doc:"Account that approved it."`
	Purpose          string     `json:"purpose" enum:"access,handover,backup" doc:"access: for the person themselves or whom they name; handover: for another system; backup."`
	TransactionTime  Instant    `json:"transactionTime" doc:"The instant that the package shows: everything stored until then, nothing later."`
	Started          Instant    `json:"started" doc:"When the work began."`
	Finished         Instant    `json:"finished" doc:"When the package was sealed."`
	DBSchemaVersion  string     `json:"dbSchemaVersion" doc:"Version of the store that the content was read from."`
	Scope            Scope      `json:"scope" doc:"Whose records, and what was filtered."`
	Policy           Policy     `json:"policy" doc:"The rules by which content was chosen."`
	AuditHead        *AuditHead `json:"auditHead,omitempty" doc:"Newest entry of the audit log, which chains all before it."`
}

// Product names the writing program.
type Product struct {
	Name    string `json:"name" doc:"Name of the program."`
	Version string `json:"version" doc:"Its version."`
	Build   string `json:"build" doc:"Commit or hash it was built from."`
	CHPL    string `json:"chpl" doc:"Number in the Certified Health IT Product List, or \"not certified\"."`
}

// Scope is whose records a package holds.
type Scope struct {
	Patients       []string       `json:"patients,omitempty" doc:"References of the patients; absent for everybody."`
	LinkedPatients []string       `json:"linkedPatients,omitempty" doc:"Patient resources of the same person that were taken in."`
	LinkedLeftOut  []LinkedRecord `json:"linkedLeftOut,omitempty" doc:"Patient resources that are linked with these by Patient.link, from either side and over several links, and were left out: a link may be wrong. Each is an exclusion, too."`
	Filters        []string       `json:"filters,omitempty" doc:"What was filtered, in words; absent if nothing was."`
}

// Policy is by which rules content was chosen.
type Policy struct {
	ScopeRules string   `json:"scopeRules" doc:"Version of the rules that say what belongs to a record."`
	History    bool     `json:"history" doc:"Earlier versions are included."`
	Deleted    bool     `json:"deleted" doc:"Deletions are listed."`
	Audit      bool     `json:"audit" doc:"The audit log is included."`
	Sensitive  []string `json:"sensitive,omitempty" doc:"Sensitive categories that are included, where that was decided on."`
}

// AuditHead is the newest entry of the audit log.
type AuditHead struct {
	Seq    int64  `json:"seq" doc:"Its number."`
	SHA256 string `json:"sha256" doc:"Its hash."`
}

// File is one file of the payload.
type File struct {
	Path    string  `json:"path" doc:"Path in the bag, from data/ on."`
	Bytes   int64   `json:"bytes" doc:"Size."`
	SHA256  string  `json:"sha256" doc:"SHA-256 in lower-case hexadecimal."`
	Lines   int64   `json:"lines,omitempty" doc:"Lines, for NDJSON: one resource each."`
	Section Section `json:"section,omitempty" enum:"current,directory,history,deleted,provenance" doc:"What the resources are."`
	Type    string  `json:"type,omitempty" doc:"Resource type of the lines; Bundle for deletions."`
	FirstID string  `json:"firstId,omitempty" doc:"Id of the first resource."`
	LastID  string  `json:"lastId,omitempty" doc:"Id of the last resource."`
}

// Count is the balance of one resource type. stored = exported + sum of excluded, three times.
type Count struct {
	StoredCurrent    int64            `json:"storedCurrent" doc:"Resources in scope in the store, as it says itself."`
	ExportedCurrent  int64            `json:"exportedCurrent" doc:"Resources in the package, counted by reading it back."`
	Excluded         map[string]int64 `json:"excluded,omitempty" doc:"Resources left out, by reason."`
	StoredVersions   int64            `json:"storedVersions" doc:"Versions with content in scope in the store, the current ones included."`
	ExportedVersions int64            `json:"exportedVersions" doc:"Versions with content in the package, the current ones included."`
	ExcludedVersions map[string]int64 `json:"excludedVersions,omitempty" doc:"Versions left out, by reason, those of excluded resources included."`
	StoredDeleted    int64            `json:"deleted" doc:"Deletions in scope in the store; those of resources that were made again are among them."`
	ExportedDeleted  int64            `json:"exportedDeleted" doc:"Deletions in the package."`
	ExcludedDeleted  map[string]int64 `json:"excludedDeleted,omitempty" doc:"Deletions left out, by reason."`
}

// AttachmentSummary is the balance of attachments.
type AttachmentSummary struct {
	Referenced       int64               `json:"referenced" doc:"Places in resources with a document or picture, its bytes or its address, and places in earlier versions with its bytes."`
	Exported         int64               `json:"exported" doc:"Places whose bytes are in the package."`
	Files            int64               `json:"files" doc:"Different files below attachments/."`
	Deduplicated     int64               `json:"deduplicated" doc:"Copies saved because the same bytes occur more than once."`
	ExternalLinkOnly int64               `json:"externalLinkOnly" doc:"Places that only hold an address elsewhere; the practice does not store these bytes."`
	Missing          []MissingAttachment `json:"missing" doc:"Places whose bytes should be here and are not (at most 1000); any makes the package INCOMPLETE."`
	MissingCount     int64               `json:"missingCount" doc:"How many there are of these."`
}

// MissingAttachment is a place whose bytes are not in the package.
type MissingAttachment struct {
	Resource string `json:"resource" doc:"Reference of the resource."`
	Path     string `json:"path" doc:"Place in the resource."`
}

// ReferenceSummary is where references lead.
type ReferenceSummary struct {
	Internal          int64                 `json:"internal" doc:"References to resources of this store, contained ones included."`
	ResolvedInPackage int64                 `json:"resolvedInPackage" doc:"Those of them whose target is in the package."`
	ExternalURL       int64                 `json:"externalUrl" doc:"References to addresses elsewhere."`
	Unresolved        []UnresolvedReference `json:"unresolved" doc:"References whose target is not in the package (at most 1000): another person, or nothing stored."`
	UnresolvedCount   int64                 `json:"unresolvedCount" doc:"How many there are of these."`
}

// UnresolvedReference is a reference whose target is not in the package.
type UnresolvedReference struct {
	Resource  string `json:"resource" doc:"Reference of the resource it stands in."`
	Path      string `json:"path" doc:"Place in the resource."`
	Reference string `json:"reference" doc:"The reference as written."`
}

// Group places a bag among those of its package.
type Group struct {
	Identifier string     `json:"identifier" doc:"The same in every bag of the package."`
	Number     int        `json:"number" doc:"Number of this bag, from 1."`
	Count      int        `json:"count" doc:"How many bags there are."`
	Bags       []GroupBag `json:"bags,omitempty" doc:"In the last bag: the others, so that its signature covers them too."`
}

// GroupBag is an earlier bag of the same package.
type GroupBag struct {
	Number    int    `json:"number" doc:"Its number."`
	Name      string `json:"name" doc:"Its folder name."`
	TagSHA256 string `json:"tagManifestSha256" doc:"SHA-256 of its tagmanifest-sha256.txt."`
}
