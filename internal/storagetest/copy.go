package storagetest

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// everything is all versions of some types, by resource, oldest first.
func everything(t *testing.T, s *storage.Store, types ...string) (all [][]fhir.Resource) {
	t.Helper()
	at := snapshot(t, s)
	for _, typ := range types {
		var one []fhir.Resource
		err := s.VersionsOfType(t.Context(), at, typ, func(r storage.Row, last bool) error {
			one = append(one, fhir.Resource{Type: r.Type, ID: r.ID, Version: r.Version, Updated: r.Updated, JSON: bytes.Clone(r.JSON), Deleted: r.JSON == nil})
			if last {
				all, one = append(all, one), nil
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// What is restored keeps ids, numbers, times and bytes; its owners and its index belong to it; writes go on after its times;
// and what is there already is not restored over.
func restores(t *testing.T, e Engine) {
	from, to := e.Open(t, "from"), e.Open(t, "to")
	put(t, from, `{"resourceType":"Patient","id":"a"}`)
	put(t, from, `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/b"}}`)
	put(t, from, `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`)
	put(t, from, `{"resourceType":"Patient","id":"gone"}`)
	remove(t, from, "Patient", "gone")
	want := everything(t, from, "Patient", "Observation")
	if err := to.Restore(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got := everything(t, to, "Patient", "Observation"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if findings, err := to.CheckOwners(t.Context()); err != nil || len(findings) > 0 {
		t.Errorf("owners and index: %v, %v", findings, err)
	}
	same(t, "found", found(t, to, "Observation?patient=a", 10), []string{"o"})
	latest := want[len(want)-1][1].Updated
	if next, _ := put(t, to, `{"resourceType":"Patient","id":"next"}`); !next.Updated.After(latest) {
		t.Errorf("%v is not after %v", next.Updated, latest)
	}
	if err := to.Restore(t.Context(), want[:1]); codeOf(err) != fhir.CodeConflict {
		t.Errorf("restored a second time: %v", err)
	}
	ahead := []fhir.Resource{{Type: "Patient", ID: "ahead", Version: 1, Updated: to.Now().Add(time.Hour).Truncate(time.Millisecond), JSON: []byte(`{"resourceType":"Patient","id":"ahead"}`)}}
	if err := to.Restore(t.Context(), [][]fhir.Resource{ahead}); err != nil {
		t.Fatal(err)
	}
	if next, _ := put(t, to, `{"resourceType":"Patient","id":"after"}`); !next.Updated.After(ahead[0].Updated) {
		t.Errorf("%v is not after %v, which the clock of another computer has given", next.Updated, ahead[0].Updated)
	}
	future := []fhir.Resource{{Type: "Patient", ID: "f", Version: 1, Updated: to.Now().Add(48 * time.Hour), JSON: []byte(`{"resourceType":"Patient","id":"f"}`)}}
	fine := []fhir.Resource{{Type: "Patient", ID: "fine", Version: 1, Updated: latest, JSON: []byte(`{"resourceType":"Patient","id":"fine"}`)}}
	if err := to.Restore(t.Context(), [][]fhir.Resource{fine, future}); codeOf(err) != fhir.CodeValue {
		t.Errorf("from the future: %v", err)
	}
	if _, err := to.Resource(t.Context(), "Patient", "fine"); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("half of a restore is there: %v", err)
	}
}

// A copy that is made while others write has whole transactions alone, a chain that ends where it says, and goes on by itself.
func copies(t *testing.T, e Engine) {
	s := e.Open(t, "a")
	for i := range 5 {
		pair(t, s, i, 0)
	}
	stop := meanwhile(func(n int) { pair(t, s, n%5, 3*n) })
	defer stop()
	contents := e.Copy(t, "a", "b")
	stop()
	c := e.Open(t, "b")
	at := snapshot(t, c)
	got := scan(t, c, at, storage.Selection{})
	for i := 0; i+1 < len(got); i += 2 {
		if got[i][len("Patient/a"):] != got[i+1][len("Patient/b"):] {
			t.Errorf("half a transaction is in the copy: %s and %s", got[i], got[i+1])
		}
	}
	if len(got) != 10 || contents.Resources["Patient"] != 10 || contents.Seq != at.Seq {
		t.Errorf("%d resources; %+v, snapshot %+v", len(got), contents, at)
	}
	head, err := c.AuditHead(t.Context())
	if err != nil || head.Seq != contents.AuditSeq || fmt.Sprintf("%x", head.Hash) != contents.AuditHash {
		t.Errorf("%+v, %v; %+v", head, err, contents)
	}
	if v, err := c.VerifyAudit(t.Context(), head); err != nil || !v.OK() {
		t.Errorf("%v, %v", v, err)
	}
	put(t, c, `{"resourceType":"Patient","id":"only-here"}`)
	if _, err := s.Resource(t.Context(), "Patient", "only-here"); codeOf(err) != fhir.CodeNotFound {
		t.Errorf("the copy is not by itself: %v", err)
	}
}
