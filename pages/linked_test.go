package pages_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/handover"
)

// twins are two records that are linked, and a third that is linked with the second; the second differs.
var twins = []string{
	`{"resourceType":"Patient","id":"zoe","name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1960-03-14","link":[{"other":{"reference":"Patient/twin"},"type":"seealso"}]}`,
	`{"resourceType":"Patient","id":"twin","name":[{"family":"Berg","given":["Chloe"]}],"birthDate":"1960-03-14"}`,
	`{"resourceType":"Patient","id":"zoe-old","name":[{"family":"Berg","given":["Zoe"]}],"birthDate":"1960","link":[{"other":{"reference":"Patient/twin"},"type":"replaced-by"}]}`,
	`{"resourceType":"Observation","id":"of-twin","status":"final","subject":{"reference":"Patient/twin"},"code":{"text":"x"}}`,
	`{"resourceType":"Observation","id":"of-old","status":"final","subject":{"reference":"Patient/zoe-old"},"code":{"text":"x"}}`,
}

// checked checks a package that was downloaded.
func (p *practice) checked(zip string) *handover.Result {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "package.zip")
	if err := os.WriteFile(file, []byte(zip), 0o600); err != nil {
		p.t.Fatal(err)
	}
	r, err := handover.Verify(p.t.Context(), file, handover.VerifyOptions{})
	if err != nil || r.Outcome != handover.Good {
		p.t.Fatalf("%+v %v", r, err)
	}
	return r
}

// The form for a copy shows who is linked, with name, birth date and in what they differ. Only who is chosen comes along, and one
// who differs only with a second confirmation.
func TestCopyOfLinkedRecords(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.put(twins...)
	v := p.as("fred")
	shown := []string{"Chloe Berg, born March 14, 1960", "Zoe Berg, born 1960", "about the same person", "linked with a linked record", "It may be somebody else", "<li>name</li>"}
	page := v.want(v.get("/patients/zoe/copy"), 200, shown...)
	if n := strings.Count(page.body, `name="confirmed"`); n != 1 || strings.Contains(page.body, " checked aria-describedby=\"h-linked") {
		t.Errorf("%d confirmations, or a record that is chosen already\n%s", n, page.body)
	}
	v.want(v.post("/patients/zoe/copy", "purpose", "access", "linked", "twin"), 422, append(shown, "differs from this one. Look whether")...)
	v.want(v.post("/patients/zoe/copy", "purpose", "access", "linked", "zoe-old", "confirmed", "twin"), 303)
	for _, c := range []struct {
		fields []string
		in     int
		left   string
	}{
		{nil, 0, "2 linked records are not in this copy"},
		{[]string{"linked", "zoe-old"}, 1, "A linked record is not in this copy"},
		{[]string{"linked", "zoe-old", "linked", "twin", "confirmed", "twin"}, 2, ""},
	} {
		path := v.copyOf("zoe", c.fields...)
		page := v.want(v.get(path), 200, c.left)
		if c.left == "" && strings.Contains(page.body, "not in this copy") {
			t.Errorf("%v: something is left out", c.fields)
		}
		m := copyLink.FindStringSubmatch(page.body)
		r := p.checked(v.want(v.get(m[1]), 200).body)
		if got := int(r.Manifests[0].Counts["Observation"].ExportedCurrent); got != c.in || len(r.Notes) < 2-c.in {
			t.Errorf("%v: %d results of others are in it, want %d; notes %q", c.fields, got, c.in, r.Notes)
		}
	}
}

// Before a request is approved, the page shows who is linked. The approver includes or leaves out; one who differs takes a second
// confirmation.
func TestRequestOfLinkedRecords(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	d.put(twins...)
	v := d.as("apollo")
	path := v.record("patient-id", "zoe")
	v.done(path, "check", "how", "id")
	page := v.want(v.get(path+"/do/approve"), 200, "Chloe Berg, born March 14, 1960", "Zoe Berg, born 1960", "linked with a linked record", "It may be somebody else")
	if strings.Contains(page.body, ` checked aria-describedby="h-linked`) {
		t.Error("a linked record is chosen already")
	}
	v.want(v.step(path, "approve", "linked", "twin"), 422, "differs from this one. Look whether", `value="twin" checked`)
	v.done(path, "approve", "linked", "twin", "confirmed", "twin")
	v.want(v.get(path), 200, "and another linked record")
	v.done(path, "reopen", "reason", "somebody else")
	v.want(v.get(path+"/do/approve"), 200, `value="twin" checked`)
	v.done(path, "approve")
	v.done(path, "produce")
	r := d.checked(v.want(v.get(requestFile.FindStringSubmatch(v.ready(path).body)[1]), 200).body)
	if m := r.Manifests[0]; m.Counts["Observation"].ExportedCurrent != 0 || len(m.Scope.LinkedLeftOut) != 2 || m.Verdict != handover.CompleteWithExclusions {
		t.Errorf("%s, left out %v, %+v", m.Verdict, m.Scope.LinkedLeftOut, m.Counts["Observation"])
	}
}
