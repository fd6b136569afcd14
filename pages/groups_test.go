package pages_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/demo"
	"satchel/fhir"
)

var groupVersion = regexp.MustCompile(`name="version" value="(\d+)"`)

// versionOf is the version of the group that a page's form is about.
func versionOf(t testing.TB, r reply) string {
	t.Helper()
	m := groupVersion.FindStringSubmatch(r.body)
	if m == nil {
		t.Fatalf("no form that knows its version\n%.3000s", r.body)
	}
	return m[1]
}

// stored is the text of a resource.
func (p *practice) stored(typ, id string) string {
	p.t.Helper()
	r, err := p.store.Resource(context.Background(), typ, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(r.JSON)
}

// noted are the events of an action, the oldest first, as short lines.
func (p *practice) noted(actions ...audit.Action) (lines []string) {
	p.t.Helper()
	for _, e := range p.events(audit.Filter{Actions: actions}) {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %v %s", e.Who.Name, e.Action, e.Target, e.Outcome, e.Patients, e.Detail))
	}
	return lines
}

// A group is made, filled, renamed, emptied and deleted, without a script; the audit log tells who joined and left.
func TestGroups(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.put(berg, hostile)
	v := p.as("ann")
	path := v.makesGroup()
	id := strings.TrimPrefix(path, "/groups/")
	want := `"active":true,"type":"person","actual":true,"name":"Patients of <i>Dr. \"Lee\"</i>"}`
	if got := p.stored("Group", id); !strings.HasSuffix(got, want) {
		t.Errorf("stored %s", got)
	}
	page := v.want(v.get("/groups"), 200, `href="`+path+`"`, "Patients of &lt;i&gt;Dr.")
	if strings.Contains(page.body, "<i>Dr.") {
		t.Error("a name with markup is not inert")
	}
	v.want(v.get(path), 200, "Nobody is in this group yet", "0 members")

	v.want(v.get(path+"/add?q=1960"), 200)
	found := v.want(v.get(path+"/add?q=berg"), 200, "van der Berg", `value="berg"`)
	v.led(v.post(path+"/add", "version", versionOf(t, found), "q", "berg", "patient", "berg", "patient", "evil", "patient", "berg"), path+"/add?done=added")
	if got := p.stored("Group", id); !strings.HasSuffix(got, `,"member":[{"entity":{"reference":"Patient/berg"}},{"entity":{"reference":"Patient/evil"}}]}`) {
		t.Errorf("stored %s", got)
	}
	page = v.want(v.get(path), 200, "2 members", "van der Berg", "March 14, 1960", "MRN 0042", "/exports/new?what=group&amp;group="+id)
	if strings.Contains(page.body, "<script>alert") || strings.Contains(page.body, "<img src=x") {
		t.Error("a patient's name is not inert")
	}
	v.want(v.get(path+"/add?q=berg"), 200, "is a member")

	p.changesGroup(v, path, versionOf(t, page))
	page = v.want(v.get(path), 200, "Lee &amp; sons", "not active")
	now := versionOf(t, page)
	v.want(v.post(path+"/remove", "version", now), 422, "Nobody is ticked")
	v.want(v.post(path+"/remove", "version", now, "member", "7"), 422, "Nobody is ticked")
	ask := v.want(v.post(path+"/remove", "version", now, "member", "0"), 200, "Take these members out?", "van der Berg")
	v.led(v.post(path+"/remove", "version", versionOf(t, ask), "member", "0", "sure", "1"), path+"?done=removed")
	if got := p.stored("Group", id); !strings.HasSuffix(got, `,"member":[{"entity":{"reference":"Patient/evil"}}]}`) {
		t.Errorf("stored %s", got)
	}
	v.want(v.get(path+"/delete"), 200, "Delete this group?", "one member")
	v.led(v.post(path+"/delete"), "/groups?done=deleted")
	v.want(v.get(path), 404, "may have been deleted")
	v.want(v.post(path+"/delete"), 404)
	got := strings.Join(p.noted(audit.GroupMembers), "\n")
	if want := "ann group-members-changed Group/" + id + " success [berg evil] 2 joined, 0 left\n" +
		"ann group-members-changed Group/" + id + " success [berg] 0 joined, 1 left\n" +
		"ann group-members-changed Group/" + id + " success [evil] 0 joined, 1 left"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := p.noted(audit.Create); len(got) != 4 || !strings.HasPrefix(got[3], "ann create Group/"+id+"/_history/1 success") {
		t.Errorf("noted %q", got)
	}
}

// makesGroup makes a group with markup in its name, after names that are refused, and returns its address.
func (v *visitor) makesGroup() string {
	v.want(v.post("/groups/new", "name", " "), 422, "This is needed.")
	v.want(v.post("/groups/new", "name", strings.Repeat("ä", 121)), 422, "too long")
	v.want(v.post("/groups/new", "name", "a\x01b"), 422, "cannot be shown")
	made := v.post("/groups/new", "name", `Patients of <i>Dr. "Lee"</i>`)
	v.want(made, 303)
	path, _, _ := strings.Cut(made.header.Get("Location"), "/add?done=made")
	return path
}

// changesGroup renames a group that had a version before; what is then done about that version is refused.
func (p *practice) changesGroup(v *visitor, path, before string) {
	t, id := p.t, strings.TrimPrefix(path, "/groups/")
	v.led(v.post(path+"/edit", "version", before, "name", "Lee & sons", "inactive", "1"), path+"?done=saved")
	if got := p.stored("Group", id); !strings.Contains(got, `"active":false,"type":"person","actual":true,"name":"Lee & sons","member"`) {
		t.Errorf("stored %s", got)
	}
	for form, r := range map[string]reply{
		"edit":   v.post(path+"/edit", "version", before, "name", "Other"),
		"add":    v.post(path+"/add", "version", before, "q", "berg", "patient", demo.PatientID(1)),
		"remove": v.post(path+"/remove", "version", before, "member", "0", "sure", "1"),
	} {
		if v.want(r, 422, "Somebody else has changed this group"); versionOf(t, r) == before {
			t.Errorf("%s: the form stays about the old version", form)
		}
	}
}

// What the pages do not know of a Group stays as it is; groups in it and members that do not count are shown as such.
func TestGroupMembersShown(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	rest := `"quantity":7,"characteristic":[{"code":{"text":"\u00e9"},"valueBoolean":true,"exclude":false}],"zzz":1.50,"member":[` +
		`{"entity":{"reference":"Patient/berg"},"period":{"end":"2020-01-31"}},{"entity":{"reference":"Patient/berg"},"inactive":true},` +
		`{"entity":{"reference":"Group/inner"}},{"entity":{"reference":"Patient/nobody"}},{"entity":{"display":"x"}},{"entity":{"reference":"Device/<b>d"}},` +
		`{"entity":{"reference":"Patient/berg"},"period":{"start":"2090-05-01"}}`
	p.put(berg, `{"resourceType":"Group","id":"inner","type":"person","actual":true,"name":"The inner","member":[{"entity":{"reference":"Patient/`+demo.PatientID(0)+`"}}]}`,
		`{"resourceType":"Group","id":"outer","type":"person","actual":true,`+rest+`]}`,
		`{"resourceType":"Group","id":"said","type":"person","actual":false,"characteristic":[{"code":{"text":"x"},"valueBoolean":true,"exclude":false}]}`)
	v := p.as("ann")
	page := v.want(v.get("/groups/outer"), 200, "7 members", "2 patients count now", "ended January 31, 2020", "not active", `href="/groups/inner"`, "The inner",
		"Not stored here any more (nobody)", "Device/&lt;b&gt;d", "from May 1, 2090", "Group without a name")
	v.led(v.post("/groups/outer/add", "version", versionOf(t, page), "patient", "berg"), "/groups/outer/add?done=added")
	if got := p.stored("Group", "outer"); !strings.HasSuffix(got, strings.Replace(rest, `"quantity":7`, `"quantity":8`, 1)+`,{"entity":{"reference":"Patient/berg"}}]}`) {
		t.Errorf("stored %s", got)
	}
	v.want(v.get("/groups/said"), 200, "description only", "lists nobody")
	v.want(v.post("/groups/said/add", "version", "1", "patient", "berg"), 422, "lists nobody")
	v.want(v.post("/groups/outer/add", "version", "1", "patient", "nobody"), 422, "not stored here any more")
	v.want(v.post("/groups/outer/add", "version", "1", "patient", "../x"), 422)
	for _, bad := range []string{"/groups/no%2Fid", "/groups/nope", "/groups/nope/add", "/groups/a%20b/edit"} {
		v.want(v.get(bad), 404)
	}
	v.want(v.post("/groups/nope/edit", "version", "1", "name", "x"), 404)
}

// Who may not change groups sees no button for it and reaches none; who may not read them sees none at all.
func TestGroupPermissions(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.put(berg, `{"resourceType":"Group","id":"g","type":"person","actual":true,"name":"Some","member":[{"entity":{"reference":"Patient/berg"}},{"entity":{"reference":"Patient/`+demo.PatientID(0)+`"}}]}`)
	p.account("gail", "ACCESS_ADMIN_WEB", "FHIR_ALL_READ", "FHIR_WRITE_ALL_OF_TYPE:Group")
	v := p.as("fred")
	page := v.want(v.get("/groups/g"), 200, "van der Berg")
	for _, hidden := range []string{"/add", "/edit", "/delete", "/remove", "/exports/new", "checkbox"} {
		if strings.Contains(page.body, hidden) {
			t.Errorf("fred sees %q", hidden)
		}
	}
	if strings.Contains(v.want(v.get("/groups"), 200, "Some").body, "/groups/new") {
		t.Error("fred is offered a new group")
	}
	for who, status := range map[string]int{"nora": 403, "ike": 403, "rita": 403} {
		other := p.as(who)
		if r := other.want(other.get("/groups"), status); strings.Contains(r.body, `href="/groups"`) {
			t.Errorf("%s is led to the groups", who)
		}
	}
	for _, who := range []string{"fred", "nora", "rita", "ike"} {
		other := p.as(who)
		for _, path := range []string{"/groups/new", "/groups/g/edit", "/groups/g/add", "/groups/g/remove", "/groups/g/delete", "/groups/nope/delete"} {
			r := other.post(path, "name", "x", "version", "1", "patient", "berg", "member", "0", "sure", "1")
			if r.status != 403 && !(who == "fred" && strings.Contains(path, "nope") && r.status == 404) {
				t.Errorf("%s at %s: %d", who, path, r.status)
			}
		}
	}
	// One patient's helper may read the group that the patient is in, as the API allows, but learns no other name.
	rita := p.as("rita")
	if r := rita.want(rita.get("/groups/g"), 200, "may not see"); strings.Contains(r.body, "Berg") {
		t.Error("rita sees another patient's name")
	}
	gail := p.as("gail")
	page = gail.want(gail.get("/groups/g"), 200, "/groups/g/add", "/groups/g/edit")
	if strings.Contains(page.body, "/groups/g/delete") || strings.Contains(page.body, "/exports/new") {
		t.Error("gail sees what she may not do")
	}
	gail.led(gail.post("/groups/g/edit", "version", "1", "name", "Other"), "/groups/g?done=saved")
	gail.want(gail.post("/groups/g/delete"), 403)
	if r, err := p.store.Resource(t.Context(), "Group", "g"); err != nil || r.Version != 2 {
		t.Errorf("version %d (%v)", r.Version, err)
	}
}

// A large group and many groups come by pages, and quickly.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	p := openOn(t, made[130], func(s *settings) { s.Still = true })
	var members []string
	for i := range 130 {
		members = append(members, `{"entity":{"reference":"Patient/`+demo.PatientID(i)+`"}}`)
	}
	p.put(`{"resourceType":"Group","id":"big","type":"person","actual":true,"name":"Big","member":[` + strings.Join(members, ",") + `]}`)
	for i := range 55 {
		p.put(fmt.Sprintf(`{"resourceType":"Group","id":"g%02d","type":"person","actual":true,"name":"Group %02d"}`, i, i))
	}
	v := p.as("ann")
	r := v.want(v.get("/groups/big?page=2"), 200, "51 to 100 of 130 members", "page=1", "page=3", `value="50"`)
	if n := strings.Count(r.body, `name="member"`); n != 50 {
		t.Errorf("%d members on a page", n)
	}
	v.want(v.get("/groups/big?page=99"), 200, "101 to 130 of 130 members")
	first := v.want(v.get("/groups"), 200, "/groups?from=")
	next := regexp.MustCompile(`href="(/groups\?from=[^"]+)"`).FindStringSubmatch(first.body)
	if n := strings.Count(first.body, "<tr>") - 1; n != 50 || next == nil {
		t.Fatalf("%d groups on a page, next %v", n, next)
	}
	v.want(v.get(next[1]), 200, "Back to the first")
	if _, err := fhir.Parse([]byte(p.stored("Group", "big"))); err != nil {
		t.Error(err)
	}
}

// In a browser a group is made, filled by searching, and emptied again.
func TestGroupsInBrowser(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.put(berg, hostile, `{"resourceType":"Group","id":"inner","type":"person","actual":true,"name":"Patients with diabetes"}`,
		`{"resourceType":"Group","id":"outer","type":"person","actual":true,"name":"Recall for spring","member":[{"entity":{"reference":"Patient/berg"},"period":{"end":"2020-01-31"}},
		{"entity":{"reference":"Group/inner"}},{"entity":{"reference":"Patient/`+demo.PatientID(1)+`"}},{"entity":{"reference":"Patient/nobody"}}]}`)
	b := p.signed(t, "ann")
	b.Click("Groups")
	b.Wait("A group is a list of patients")
	p.looks(b, "groups")
	b.Click("New group")
	b.Fill("Name of the group", "Patients of Dr. Lee")
	p.looks(b, "groups-new")
	b.Click("Make the group")
	b.Wait("The group is made")
	b.Fill("#f-q", "berg")
	b.Click("Find")
	b.Wait("van der Berg")
	b.Click(`input[name="patient"]`)
	p.looks(b, "groups-add")
	b.Click("Add the ticked patients")
	b.Wait("Added. Find the next one")
	b.Click("Show the group")
	b.Wait("one member")
	b.Click("#m-0")
	b.Click("Take the ticked members out")
	b.Wait("Take these members out?")
	p.looks(b, "groups-remove")
	b.Click("Take out")
	b.Wait("Taken out of the group.")
	b.Open(p.url + "/groups/outer")
	b.Wait("Patients with diabetes")
	p.looks(b, "groups-one")
	b.Click("Change the name")
	b.Wait("not used any more")
	p.looks(b, "groups-edit")
	b.Open(p.url + "/groups/outer/delete")
	p.looks(b, "groups-delete")
	b.Click("No, keep it")
	b.Wait("Recall for spring")
}
