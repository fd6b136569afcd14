package imports

import (
	"context"
	"fmt"
	"testing"

	"satchel/audit"
	"satchel/internal/testpractice"
)

// An import that changes who is in a Group leaves the same event that a write over REST leaves, in the transaction of the
// change; one that changes nothing of that leaves none.
func TestImportNotesMembers(t *testing.T) {
	s := testpractice.Empty.Bulk(t)
	group := func(rest string) string {
		return `{"resourceType":"Group","id":"g","type":"person","actual":true` + rest + "}\n"
	}
	member := func(ids ...string) string {
		text := ""
		for _, id := range ids {
			text += `,{"entity":{"reference":"Patient/` + id + `"}}`
		}
		return `,"member":[` + text[1:] + `]`
	}
	for _, step := range []struct{ lines, want string }{
		{group(member("p1", "p2")), "Group/g [p1 p2] 2 joined, 0 left\n"},
		{group(member("p1", "p2")), ""},
		{group(member("p1", "p2") + `,"name":"x"`), ""},
		{group(member("p2", "p3") + `,"name":"x"`), "Group/g [p1 p3] 1 joined, 1 left\n"},
		{group(member("p3")) + group(member("p3", "p4")), "Group/g [p2] 0 joined, 1 left\nGroup/g [p4] 1 joined, 0 left\n"},
		{group(""), "Group/g [p3 p4] 0 joined, 2 left\n"},
		{`{"resourceType":"Patient","id":"p1"}` + "\n", ""},
	} {
		head, err := s.AuditHead(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		who := audit.Who{Name: "helper", Kind: audit.CLI}
		if _, findings, err := run(t, Import{Store: s, Who: who}, testpractice.Files(t, map[string]string{"a.ndjson": step.lines}), "a.ndjson"); err != nil || len(findings) > 0 {
			t.Fatal(findings, err)
		}
		got := ""
		for e, err := range s.AuditStream(context.Background(), audit.Filter{Actions: []audit.Action{audit.GroupMembers}}, audit.Sort{}) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Seq <= head.Seq {
				continue
			}
			if e.Who != who {
				t.Errorf("noted of %+v", e.Who)
			}
			got += fmt.Sprintf("%s %v %s\n", e.Target, e.Patients, e.Detail)
		}
		if got != step.want {
			t.Errorf("%s: got %q, want %q", step.lines, got, step.want)
		}
	}
	if v, err := s.VerifyAudit(t.Context()); err != nil || !v.OK() {
		t.Error(v, err)
	}
}
