package api

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"satchel/fhir"
	"satchel/storage"
	"satchel/web"
)

// A package is of one patient or of everybody, and an id may be written with its type before it.
func TestPackageOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text packageText
		want string // patient and linked ones
		bad  bool
	}{
		"a patient":  {text: packageText{Patient: "1"}, want: "1 []"},
		"with type":  {text: packageText{Patient: "Patient/1", Linked: []string{"Patient/2", "3"}}, want: "1 [2 3]"},
		"everybody":  {text: packageText{Population: true}, want: " []"},
		"both":       {text: packageText{Patient: "1", Population: true}, bad: true},
		"neither":    {bad: true},
		"other type": {text: packageText{Patient: "Group/1"}, bad: true},
	} {
		r, err := c.text.order()
		if got := fmt.Sprint(r.Patient, " ", r.Linked); c.bad != (err != nil) || err == nil && got != c.want {
			t.Errorf("%s: got %q, want %q, %v", name, got, c.want, err)
		}
	}
}

// What a browser would run is sent as bytes.
func TestPackageMedia(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"a.zip": "application/zip", "a.ndjson": web.MediaNDJSON, "a.json": web.MediaJSON, "a.html": "application/octet-stream", "zip": "application/zip", "": "application/octet-stream"} {
		if got := packageMedia(name); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}

// What is left out of an account's text stays, and what only the server sets can be repeated and not changed.
func TestUserText(t *testing.T) {
	t.Parallel()
	name, yes, off, on := "Mina", true, twoFactorOff, twoFactorOn
	before := storage.Account{Name: "a", GivenName: "M", FamilyName: "F", TOTP: []byte("x"), Authorities: []storage.Authority{{Permission: "FHIR_ALL_READ"}}}
	a := before
	userText{}.put(&a)
	if fmt.Sprint(a) != fmt.Sprint(before) {
		t.Errorf("nothing was said, and it became %+v", a)
	}
	twice := []storage.Authority{{Permission: "VIEW_USERS"}, {Permission: "VIEW_USERS"}}
	userText{GivenName: &name, Locked: &yes, TwoFactor: &off, Authorities: &twice}.put(&a)
	if a.GivenName != name || a.FamilyName != "F" || !a.Locked || a.Disabled || a.TOTP != nil || len(a.Authorities) != 1 {
		t.Errorf("%+v", a)
	}
	early, late, pid, other := time.Unix(1, 0), time.Unix(2, 0), int64(1), int64(2)
	now := userText{PID: &pid, Created: &early, TwoFactor: &off}
	for text, c := range map[string]struct {
		set  userText
		fine bool
	}{
		"nothing": {fine: true}, "as it is": {set: now, fine: true}, "later": {set: userText{Created: &late}}, "a login": {set: userText{LastConnected: &early}},
		"another pid": {set: userText{PID: &other}}, "a factor": {set: userText{TwoFactor: &on}},
	} {
		if err := c.set.checkFixed(now); c.fine != (err == nil) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Keys come in one of two ways, and an authority is a permission with an argument behind a colon, each once.
func TestClientText(t *testing.T) {
	t.Parallel()
	if _, err := (clientText{KeySet: []byte(`{}`), PEM: "x"}).keys(); !fhir.IsCode(err, fhir.CodeInvalid) {
		t.Error(err)
	}
	for want, text := range map[string]clientText{"{}": {KeySet: []byte(`{}`)}, "pem": {PEM: "pem"}, "": {}} {
		if got, err := text.keys(); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", want, got, err)
		}
	}
	got := clientText{Authorities: []string{"A", "B:Patient/1", "A", "B:urn:x"}}.authorities()
	if fmt.Sprint(got) != "[{A } {B Patient/1} {B urn:x}]" {
		t.Error(got)
	}
	c := storage.Client{Name: "n", Secret: []byte("hash"), Authorities: []storage.Authority{{Permission: "B", Argument: "Patient/1"}}}
	text := textOf(c, "")
	if body, err := web.EncodeJSON(text); err != nil || strings.Contains(string(body), "hash") || !strings.Contains(string(body), `"hasSecret":true`) || text.Authorities[0] != "B:Patient/1" {
		t.Errorf("%s %v", body, err)
	}
}

// The audit log is asked by parameters that are known, each once, and in the form that the answer is to have.
func TestAuditQuery(t *testing.T) {
	t.Parallel()
	for query, c := range map[string]struct {
		want string
		bad  fhir.Code
	}{
		"":                                  {want: `  [] 0 "" true`},
		"who=ann&action=read,search":        {want: `ann  [read search] 0 "" true`},
		"patient=p1&action=read":            {want: ` p1 [read] 0 "" true`},
		"_count=5&_sort=who":                {want: `  [] 5 "who" false`},
		"_count=0":                          {want: `  [] 1 "" true`},
		"since=2026-01-31":                  {want: `  [] 0 "" true`},
		"who=a&who=b":                       {bad: fhir.CodeInvalid},
		"since=yesterday":                   {bad: fhir.CodeValue},
		"_sort=colour":                      {bad: fhir.CodeValue},
		"status=many":                       {bad: fhir.CodeValue},
		"dance=1":                           {bad: fhir.CodeNotSupported},
		"_count=" + strings.Repeat("9", 30): {bad: fhir.CodeValue},
	} {
		params, err := web.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		f, p, err := auditQuery(&web.Call{Params: params})
		if c.bad != "" {
			if !fhir.IsCode(err, c.bad) {
				t.Errorf("%q: %v, want %q", query, err, c.bad)
			}
			continue
		}
		if got := fmt.Sprintf("%s %s %v %d %q %v", f.Who, f.Patient, f.Actions, p.Count, string(p.Sort.By), p.Sort.Down); err != nil || got != c.want {
			t.Errorf("%q: got %s, want %s, %v", query, got, c.want, err)
		}
	}
	for _, c := range [][3]string{{"", "text/csv, application/json", "text/csv"}, {"csv", "application/json", "text/csv"}, {"ndjson", "", "application/x-ndjson"}, {"", "", ""}} {
		r := httptest.NewRequest("GET", "/api/audit", nil)
		r.Header.Set("Accept", c[1])
		if got := auditMedia(&web.Call{Request: r, Format: c[0]}); got != c[2] {
			t.Errorf("%q: %s", c, got)
		}
	}
}
