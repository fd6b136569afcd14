package pages_test

import (
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/pages"
)

// machine is what a test tells of a server's machine.
func machine() pages.Machine {
	return pages.Machine{Data: "/var/lib/satchel", File: "/var/lib/satchel/config.toml", Database: 1_234_567_890, Free: 50e9, Floor: 1e9, Key: "SHA256:abcdef", TLS: "files",
		Certificate: time.Now().Add(5 * 24 * time.Hour), BackupFolder: "/mnt/backup", BackupEvery: 24 * time.Hour,
		Backups: []pages.BackupFile{{Name: "satchel-20261122T010000Z.zip", Made: time.Now().Add(-20 * time.Hour), Bytes: 5e8}}}
}

// someSettings are what a test tells of the settings.
func someSettings() []pages.Setting {
	return []pages.Setting{
		{Key: "http.listen", Value: "127.0.0.1:8080", Default: "127.0.0.1:8080", Meaning: "address and port"},
		{Key: "http.public_url", Value: `https://x.example/"><script>alert(1)</script>`, Source: "file, line 3", Meaning: "what clients see"},
		{Key: "practice.phone", Value: "555-0100", Source: "environment, SATCHEL_PRACTICE__PHONE", Fixed: true, Meaning: "of the contact"},
		{Key: "other.thing", Value: "", Meaning: "a section without a title"},
	}
}

// Each setting is told with its value, its source and its meaning; what may be changed is changed, and refused if wrong.
func TestSettings(t *testing.T) {
	t.Parallel()
	var refuse error
	is := &told{settings: someSettings(), machine: machine(), text: pages.PracticeText{Name: "Elm Street", Zone: "America/New_York", Phone: "555-0100"}}
	is.save = func(want pages.PracticeText) error {
		if refuse == nil {
			is.text = want
		}
		return refuse
	}
	p := open(t, func(s *settings) {
		s.Still = true
		s.Pages.Practice, s.Pages.Installation = is, is
	})
	v := p.as("ike")
	r := v.want(v.get("/settings"), 200, "http.listen", "127.0.0.1:8080", "file, line 3", "SATCHEL_PRACTICE__PHONE", "address and port", "SHA256:abcdef", "1.2 GB",
		"50.0 GB free", "satchel-20261122T010000Z.zip", "not encrypted", "2 settings are not left", "&lt;script&gt;", "/var/lib/satchel/config.toml")
	if strings.Contains(r.body, "<script>alert") {
		t.Error("a value is not inert")
	}
	v.want(v.get("/settings/practice"), 200, "Not to be changed here", `value="Elm Street"`)
	v.led(v.post("/settings/practice", "name", "Oak & Elm", "zone", "America/Chicago", "contact", "Dr. Oak", "phone", "999", "email", "x@y.example", "address", "1 Harbor Road\r\nSeatown"), "/settings?done=practice")
	if want := (pages.PracticeText{Name: "Oak & Elm", Zone: "America/Chicago", Contact: "Dr. Oak", Phone: "555-0100", Email: "x@y.example", Address: "1 Harbor Road\nSeatown"}); is.text != want {
		t.Errorf("%+v", is.text)
	}
	if e := p.events(audit.Filter{Actions: []audit.Action{audit.SettingChange}, Outcome: audit.Success}); len(e) != 1 || e[0].Who.Name != "ike" {
		t.Errorf("%+v", e)
	}
	v.want(v.post("/settings/practice", "name", "", "zone", "Mars/Olympus"), 422, "This is needed.", "not a time zone")
	v.want(v.post("/settings/practice", "name", "A\x07", "zone", "UTC"), 422, "without special characters")
	refuse = fhir.Errorf(fhir.CodeConflict, "the settings file cannot be changed from here")
	v.want(v.post("/settings/practice", "name", "B", "zone", "UTC"), 422, "The settings file cannot be changed from here.")
}

// The help is there for everybody, and leads only to where the reader may go.
func TestHelp(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	v := p.visitor()
	for _, link := range []string{`href="/users"`, `href="/audit"`, `href="/settings"`, `href="/patients"`} {
		if strings.Contains(v.want(v.get("/help"), 200, "A colleague leaves", "asks for a copy", "Leaving Satchel", "When something is red").body, link) {
			t.Errorf("a stranger is led to %s", link)
		}
	}
	v = p.as("ann")
	v.want(v.get("/help"), 200, `<a href="/users">`, `<a href="/audit">`, `<a href="/settings">`, `<a href="/patients">`)
}
