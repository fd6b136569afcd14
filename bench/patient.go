package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
)

// The patient with a long record, who is in every practice that is measured.
const (
	longPatientID    = "bench-long"
	longVisits       = 480
	longAttachments  = 200
	attachmentLeast  = 20_000  // bytes
	attachmentSpread = 160_000 // bytes; a scanned page or a short letter as PDF
)

// longRecord writes a patient of 5,000 resources: visits with measurements, reports, bills and their Provenance, and 200
// letters with their bytes inside. It returns the number of resources and of bytes.
func longRecord(w *bufio.Writer) (resources int, bytes int64) {
	line := func(format string, args ...any) {
		n, _ := fmt.Fprintf(w, format+"\n", args...)
		resources, bytes = resources+1, bytes+int64(n)
	}
	const patient = "Patient/" + longPatientID
	line(`{"resourceType":"Patient","id":%q,"active":true,"name":[{"family":"Long","given":["Record"]}],"birthDate":"1941-05-06",%s}`, longPatientID, narrative)
	for i := range longVisits {
		visit := fmt.Sprintf("Encounter/%s-%d", longPatientID, i)
		common := fmt.Sprintf(`"subject":{"reference":%q},"encounter":{"reference":%q},%s`, patient, visit, narrative)
		day := fmt.Sprintf("%d-%02d-%02d", 1985+i/12, 1+i%12, 1+i%28)
		line(`{"resourceType":"Encounter","id":"%s-%d","status":"finished","class":{"code":"AMB"},"period":{"start":%q},"subject":{"reference":%q},%s}`,
			longPatientID, i, day, patient, narrative)
		for j := range 6 {
			line(`{"resourceType":"Observation","id":"%s-%d-%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}]},`+
				`"effectiveDateTime":%q,"valueQuantity":{"value":%d,"unit":"/min"},%s}`, longPatientID, i, j, day, 60+i%40, common)
		}
		line(`{"resourceType":"DiagnosticReport","id":"%s-%d","status":"final","code":{"text":"Report"},"result":[{"reference":"Observation/%s-%d-1"}],%s}`,
			longPatientID, i, longPatientID, i, common)
		line(`{"resourceType":"Claim","id":"%s-%d","status":"active","type":{"text":"professional"},"use":"claim","created":%q,"patient":{"reference":%q},`+
			`"provider":{"display":"Practice"},"priority":{"text":"normal"},"insurance":[{"sequence":1,"focal":true,"coverage":{"display":"Insurer"}}],%s}`,
			longPatientID, i, day, patient, narrative)
		line(`{"resourceType":"Provenance","id":"%s-%d","recorded":"%sT08:00:00Z","target":[{"reference":"Claim/%s-%d"}],"agent":[{"who":{"display":"Doctor"}}]}`,
			longPatientID, i, day, longPatientID, i)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range longAttachments {
		data := make([]byte, attachmentLeast+random.IntN(attachmentSpread))
		for k := range data {
			data[k] = byte(random.Uint32())
		}
		line(`{"resourceType":"DocumentReference","id":"%s-%d","status":"current","subject":{"reference":%q},`+
			`"content":[{"attachment":{"contentType":"application/pdf","title":"Letter %d","data":%q}}]}`,
			longPatientID, i, patient, i, base64.StdEncoding.EncodeToString(data))
	}
	return resources, bytes
}

// narrative makes resources about as large as real ones.
const narrative = `"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">A visit in the morning for a cough that had lasted ` +
	`for a week and was getting better by itself; nothing was found on auscultation and nothing was prescribed. The patient was told to ` +
	`come back if it got worse, and to drink plenty.</div>"}`
