package faces_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/testpractice"
)

// The patients of any practice. Each but the last has a number of its own; two share another one.
var anyPatients = []string{"a", "b", "c", "9b1d0c52-6f0e-4d5a-8a77-3d0c6f1e2a01"}

// The bases of its store, and one that is another server's.
const (
	anyBase     = "https://here/fhir"
	formerBase  = "http://FORMER.example:80/old"
	foreignBase = "https://other.example/fhir"
)

// hubs are the types on which others hang, of which a practice has more than of others.
var hubs = []string{"Account", "Appointment", "Binary", "Bundle", "Claim", "Composition", "Coverage", "Device", "DiagnosticReport", "DocumentReference",
	"Encounter", "EpisodeOfCare", "Group", "List", "MessageHeader", "Observation", "Practitioner", "Provenance", "RelatedPerson", "Schedule", "ServiceRequest", "Slot", "Task"}

// chance makes a practice that has all that can be odd in it.
type chance struct {
	*rand.Rand
	t      testing.TB
	types  []string
	places map[string][]place
}

func newChance(t testing.TB, seed uint64) *chance {
	c := &chance{Rand: rand.New(rand.NewPCG(seed, 12)), t: t, places: map[string][]place{}}
	for _, d := range fhir.Dispositions() {
		if d.Kind != fhir.System && d.Kind != fhir.Excluded {
			c.types = append(c.types, d.Type)
		}
	}
	return c
}

// one draws one of many.
func one[T any](c *chance, of []T) T { return of[c.IntN(len(of))] }

// in reports true once in n times.
func (c *chance) in(n int) bool { return c.IntN(n) == 0 }

// key draws a resource that may be there.
func (c *chance) key(typ string) string {
	switch typ {
	case "Patient":
		return "Patient/" + one(c, anyPatients)
	case "Binary", "DocumentReference":
		return fmt.Sprintf("%s/%d", typ, 1+c.IntN(8))
	}
	return fmt.Sprintf("%s/%d", typ, 1+c.IntN(3))
}

// fill puts so many versions and deletions into a store, in an order of their own: resources of any type at ids that repeat, so
// that what was one patient's becomes another one's, is deleted and comes back.
func (c *chance) fill(p *practice, events int) {
	for _, base := range []string{anyBase, formerBase} {
		if err := p.store.AddBase(c.t.Context(), audittest.Event("setting-change"), base); err != nil {
			c.t.Fatal(err)
		}
	}
	var keys []string
	for i := range len(anyPatients) {
		testpractice.Put(c.t, p.store, c.patient(i))
	}
	for range events {
		typ := one(c, hubs)
		if c.in(2) {
			typ = one(c, c.types)
		}
		switch {
		case typ == "Patient":
			testpractice.Put(c.t, p.store, c.patient(c.IntN(len(anyPatients))))
		case c.in(12) && len(keys) > 0:
			testpractice.Delete(c.t, p.store, one(c, keys))
		default:
			key := c.key(typ)
			testpractice.Put(c.t, p.store, c.text(c.resource(key)))
			keys = append(keys, key)
		}
	}
}

// text is the JSON of a resource.
func (c *chance) text(r map[string]any) string {
	text, err := json.Marshal(r)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// patient is a version of a patient.
func (c *chance) patient(i int) string {
	id := anyPatients[i]
	r := map[string]any{"resourceType": "Patient", "id": id, "name": []any{map[string]any{"family": "Family-" + id}}, "multipleBirthInteger": c.IntN(3)}
	numbers := []any{map[string]any{"system": "urn:mrn", "value": "MRN-" + id}}
	if i > 1 {
		numbers = append(numbers, map[string]any{"system": "urn:shared", "value": "S"})
	}
	r["identifier"] = numbers
	if c.in(3) {
		set(r, []string{"generalPractitioner*"}, c.reference(r, "Practitioner"), false)
	}
	if c.in(4) {
		r["link"] = []any{map[string]any{"type": one(c, []string{"seealso", "refer"}), "other": map[string]any{"reference": c.key("Patient")}}}
	}
	return c.text(r)
}

// resource is a version of a resource, with a few references wherever its type may have them.
func (c *chance) resource(key string) map[string]any {
	to := fhir.ParseReference(key)
	r := map[string]any{"resourceType": to.Type, "id": to.ID, "language": fmt.Sprint("x-", c.IntN(1000))}
	switch to.Type {
	case "Binary":
		r["contentType"], r["data"] = "text/plain", "SGVsbG8="
		if c.in(3) {
			r["securityContext"] = c.reference(r, one(c, []string{"Patient", "Patient", one(c, hubs), "DocumentReference"}))
		}
		return r
	case "Bundle":
		c.bundle(r)
		return r
	}
	if c.places[to.Type] == nil {
		c.places[to.Type] = placesOf(c.t, to.Type)
	}
	for range c.IntN(4) {
		c.refer(r, one(c, c.places[to.Type]))
	}
	if files := c.files(to.Type); len(files) > 0 && c.in(2) {
		c.refer(r, one(c, files))
	}
	if who := c.subjects(to.Type); len(who) > 0 && !c.in(3) {
		c.refer(r, one(c, who))
	}
	return r
}

// subjects are the places of a type that name whom it is about.
func (c *chance) subjects(typ string) (places []place) {
	for _, p := range c.places[typ] {
		if slices.Contains([]string{"subject", "patient", "beneficiary", "individual", "candidate", "encounter", "context", "member.entity", "entry.item", "participant.actor", "target"}, p.name()) {
			places = append(places, p)
		}
	}
	return places
}

// files are the places of a type for documents and pictures.
func (c *chance) files(typ string) []place {
	return slices.DeleteFunc(slices.Clone(c.places[typ]), func(p place) bool { return !p.file })
}

// refer lets a resource name something at a place.
func (c *chance) refer(r map[string]any, at place) {
	if at.file {
		file := map[string]any{"contentType": "text/plain", "url": c.address(c.key("Binary"))}
		if c.in(3) {
			file = map[string]any{"contentType": "text/plain", "data": "SGVsbG8="}
		}
		set(r, at.path, file, c.in(2))
		return
	}
	typ := one(c, hubs)
	if len(at.targets) > 0 {
		typ = one(c, at.targets)
	}
	if (len(at.targets) == 0 || slices.Contains(at.targets, "Patient")) && !c.in(3) {
		typ = "Patient"
	}
	set(r, at.path, c.reference(r, typ), c.in(2))
}

// address is a way to write the key of a resource of this server, or of another one.
func (c *chance) address(key string) string {
	switch c.IntN(16) {
	case 0:
		return anyBase + "/" + key
	case 1:
		return formerBase + "/" + key
	case 2:
		return "http://HERE:80/fhir/" + key + "/_history/1"
	case 3:
		return foreignBase + "/" + key
	case 4:
		return key + "/_history/2"
	case 5:
		return key + one(c, []string{"/", "?_format=json", "#x"})
	case 6:
		return anyBase + "/" + key + one(c, []string{"/", "?_format=json", "#x"})
	case 7:
		return one(c, []string{"./", "/", anyBase + "/x/"}) + key
	}
	return key
}

// reference is a Reference to something of a type. What it names inside is put into r.
func (c *chance) reference(r map[string]any, typ string) map[string]any {
	number := map[string]any{"system": "urn:mrn", "value": "MRN-" + one(c, anyPatients)}
	if c.in(4) {
		number = map[string]any{"system": "urn:shared", "value": "S"}
	}
	switch c.IntN(20) {
	case 0:
		return map[string]any{"identifier": number, "type": typ}
	case 1:
		return map[string]any{"reference": fmt.Sprintf("Patient?identifier=%s|%s", number["system"], number["value"])}
	case 2:
		return map[string]any{"reference": one(c, []string{"urn:uuid:", "URN:UUID:"}) + anyPatients[3]}
	case 3:
		return map[string]any{"reference": one(c, []string{"urn:uuid:0a51f6a3-3c57-4f0e-9d3b-6f8d1a52c001", "urn:oid:1.2.3", "#gone", "a", "patient/a", " Patient/a ", "http://x/Questionnaire/q|2"})}
	case 4:
		return map[string]any{"display": "Family-" + one(c, anyPatients)}
	case 5:
		inner := map[string]any{"resourceType": "Patient", "id": "p", "identifier": []any{number}}
		if c.in(2) {
			inner = map[string]any{"resourceType": "Observation", "id": "o", "subject": map[string]any{"reference": c.key("Patient")}}
		}
		r["contained"] = []any{inner}
		return map[string]any{"reference": "#" + inner["id"].(string)}
	}
	return map[string]any{"reference": c.address(c.key(typ))}
}

// bundle fills a document, a message or a collection with resources.
func (c *chance) bundle(r map[string]any) {
	r["type"] = one(c, []string{"document", "message", "collection"})
	first := map[string]string{"document": "Composition", "message": "MessageHeader", "collection": "Observation"}[r["type"].(string)]
	var entries []any
	for _, typ := range []string{first, one(c, []string{"Observation", "Patient", "Encounter", "DocumentReference"})} {
		var inner map[string]any
		if typ == "Patient" {
			if err := json.Unmarshal([]byte(c.patient(c.IntN(len(anyPatients)))), &inner); err != nil {
				c.t.Fatal(err)
			}
		} else {
			inner = c.resource(c.key(typ))
		}
		entries = append(entries, map[string]any{"fullUrl": c.address(fmt.Sprint(inner["resourceType"], "/", inner["id"])), "resource": inner})
	}
	r["entry"] = entries
}

// The practices have what can be odd: everything of a list of texts occurs in some of them.
func TestAnyPractice(t *testing.T) {
	t.Parallel()
	c := newChance(t, 1)
	seen := map[string]bool{}
	for _, typ := range c.types {
		for range 40 {
			if typ != "Patient" {
				r := c.resource(c.key(typ))
				if _, err := fhir.Parse([]byte(c.text(r))); err != nil {
					t.Fatalf("%s: %v", c.text(r), err)
				}
				maps.Copy(seen, map[string]bool{typ: true})
			}
		}
	}
	if len(seen) != len(c.types)-1 {
		t.Errorf("%d of %d types", len(seen), len(c.types))
	}
}
