package pages_test

import (
	"testing"

	"satchel/audit"
	"satchel/auth"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/browser"
	"satchel/pages"
	"satchel/storage"
)

// An owner makes an account, gives it one more patient, registers a program, reads the log, the settings and the help.
func TestAdministrationBrowser(t *testing.T) {
	t.Parallel()
	is := &told{settings: someSettings(), machine: machine(), practice: handover.Practice{Name: "Elm Street Family Practice", Zone: newYork(t)}, text: pages.PracticeText{Name: "Elm Street Family Practice", Zone: "America/New_York", Contact: "Dr. Elm", Phone: "555-0142", Address: "1 Elm Street\nSpringfield"}}
	p := open(t, func(s *settings) {
		s.Still = true
		s.Pages.Practice, s.Pages.Installation = is, is
	})
	p.administered(t)
	b := p.signed(t, "ann")
	p.administerAccount(b)
	b.Click("Programs")
	p.looks(b, "clients")
	b.Click("lab-export")
	p.looks(b, "clients-one")
	b.Open(p.url + "/clients/new")
	p.looks(b, "clients-new")
	b.Fill("Name of the program (client ID)", "registry")
	b.Click("It reads and exports everything")
	b.Click("With a secret that is made now")
	b.Click("Register it")
	b.Wait("shown only now")
	p.looks(b, "clients-made")

	b.Click("Audit log")
	p.looks(b, "audit")
	b.Open(p.url + "/patients/berg")
	b.Click("Who looked at this record?")
	b.Wait("Who used the record of")
	p.looks(b, "audit-patient")
	b.Click("Check the log")
	p.looks(b, "audit-check")

	b.Click("Settings")
	p.looks(b, "settings")
	b.Click("Change")
	p.looks(b, "settings-practice")
	b.Click("Help")
	p.looks(b, "help")
}

// administerAccount makes an account, gives it one more patient, and takes it out of use.
func (p *practice) administerAccount(b *browser.Browser) {
	b.Click("Accounts")
	p.looks(b, "users")
	b.Click("New account")
	p.looks(b, "users-new")
	b.Fill("Given name", "Bea")
	b.Fill("Name to sign in with", "bea")
	b.Click("Make the account")
	b.Wait("bea can sign in now")
	p.looks(b, "users-made")
	b.Click("I have noted it")
	b.Wait("Front desk")
	p.looks(b, "users-one")
	b.Click("Change what it may do")
	p.looks(b, "users-permissions")
	b.Click("Add something for one patient")
	b.Wait("What is to be allowed?")
	b.Click("Read everything that belongs to one patient.")
	b.Fill("Find the patient", "van der berg")
	b.Click("Find")
	b.Click("Zoë Anna van der Berg")
	p.looks(b, "users-grant")
	b.Click("Add it")
	b.Wait("The permission is added.")
	b.Click("Somebody left: take it out of use")
	b.Wait("Take the account bea out of use?")
	p.looks(b, "users-ask")
	b.Click("Take it out of use")
	b.Wait("The account is out of use.")
}

// administered adds a locked account, a program, and what both have left in the log.
func (p *practice) administered(t *testing.T) {
	t.Helper()
	p.put(berg, hostile)
	err := p.store.UpdateAccount(t.Context(), audittest.Event(audit.AccountChange), "nora", func(a *storage.Account, _ []storage.Account) error {
		a.GivenName, a.FamilyName, a.Locked = "Nora", `<script>alert("x")</script>`, true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := auth.NewClient(auth.Registration{Name: "lab-export", Keys: []byte(publicKey(t)), Scopes: "system/Patient.rs system/Observation.rs", Authorities: []storage.Authority{{Permission: "FHIR_ALL_READ"}}})
	if err == nil {
		err = p.store.AddClient(t.Context(), audittest.Event(audit.ClientCreate), c)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.note(audit.Event{Who: audit.Who{Name: "fred", Kind: audit.User}, Action: audit.Read, Target: "Patient/berg", Patients: []string{"berg"}, Status: 200, From: "192.0.2.7"},
		audit.Event{Who: audit.Who{Kind: audit.Anonymous}, Action: audit.SignInFailed, Target: "fred", Outcome: audit.Refused, Status: 401, From: "2001:db8::aaaa:bbbb:cccc:dddd", Detail: "name or password"},
		audit.Event{Who: audit.Who{Name: "lab-export", Kind: audit.Client}, Action: audit.ExportFile, Target: "0198c9d2-6c1f-7a07-9d7f-2d7b6a9a3c11/Observation.0001.ndjson", Patients: []string{"*"}, Status: 200, From: "198.51.100.3", Detail: "4711 bytes, sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})
}
