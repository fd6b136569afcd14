package pages

import (
	"errors"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// maxEHIForm bounds the form of an app's request.
const maxEHIForm = 64 << 10

// ehiRoutes are the form of an app's request for a record ($ehi-export). Whoever has its address may send it, once. It shows
// nothing of any record; the ledger notes who sent it, so that the page itself leaves no further event.
func ehiRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "ehi/{token}", Kind: Public, Action: audit.NoEvent, Guests: true, Summary: "For people whose app asks for their record: the form", Run: showEHIForm},
		{Method: "POST", Pattern: "ehi/{token}", Kind: Public, Action: audit.NoEvent, Guests: true, Summary: "Send the form of an app's request for a record", Run: sendEHIForm, Most: maxEHIForm},
	}
}

// ehiPage is the data of the form.
type ehiPage struct {
	Form       *Form
	Part       string // what the app asks for; "": the whole record
	App        string
	Roles      []option
	Sensitive  []string // keys of texts
	Practice   string
	Number     string       // of the request, once it is sent
	Back       template.URL // where the app wants its people, as an administrator registered it; "": nowhere
	InPractice bool         // staff opened it, and no app
}

// option is one row of a list to choose from.
type option struct{ Value, Label string }

// ehiSensitive are the kinds of information that people should know to be in a whole record.
var ehiSensitive = []string{"mental", "substance", "infection", "genetic", "reproductive", "violence", "children"}

// showEHIForm answers the form, or, when it was sent, what happens next.
func showEHIForm(v *Request) error {
	e, err := v.ehi()
	if err != nil {
		return err
	}
	page, err := v.ehiPage(e, NewForm("role", "patient"))
	if err != nil {
		return err
	}
	if e.Request != "" {
		return v.Render("ehi-sent", page)
	}
	return v.Render("ehi", page)
}

// ehi is the export whose form has the address.
func (v *Request) ehi() (storage.EHIExport, error) {
	if v.Requests == nil {
		return storage.EHIExport{}, nothingHere()
	}
	return v.Requests.AppByForm(v.Context(), v.Value("token"))
}

// ehiPage gathers what the form shows, and lets it lead to where the app wants its people.
func (v *Request) ehiPage(e storage.EHIExport, f *Form) (ehiPage, error) {
	p := ehiPage{Form: f, Part: e.Part, App: e.Owner, Sensitive: ehiSensitive, Practice: v.Practice.Now().Name, InPractice: !e.Client}
	for _, role := range requests.Roles() {
		if slices.Contains([]string{"patient", "parent", "representative"}, role.Code) {
			p.Roles = append(p.Roles, option{role.Code, role.Text})
		}
	}
	if e.Request != "" {
		r, err := v.Requests.Request(v.Context(), e.Request)
		if err != nil {
			return p, err
		}
		p.Number = r.Number
	}
	if !e.Client {
		return p, nil
	}
	c, err := v.Store.Client(v.Context(), e.Owner)
	if err != nil {
		return p, err
	}
	p.Back = template.URL(c.RedirectURI)
	v.leadTo(c.RedirectURI)
	return p, nil
}

// leadTo lets the form of this page end at an address that an administrator registered: browsers hold the policy for forms
// against redirects, too.
func (v *Request) leadTo(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return
	}
	source := u.Scheme + ":"
	if u.Host != "" {
		source += "//" + u.Host
	}
	h := v.W.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'", "form-action 'self' "+source, 1))
}

// sendEHIForm files the request, and leads back to the app.
func sendEHIForm(v *Request) error {
	e, err := v.ehi()
	if err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	page, err := v.ehiPage(e, f)
	if err != nil {
		return err
	}
	if e.Request == "" {
		if f.checkEHI(); f.Bad() {
			return v.Invalid("ehi", page)
		}
		_, err = v.Requests.FileApp(v.Context(), v.appBy(e), e, f.app())
	}
	known, ok := errors.AsType[*fhir.Error](err)
	switch {
	case ok && known.Code == fhir.CodeConflict: // sent already, by another tab
	case ok && (known.Code == fhir.CodeValue || known.Code == fhir.CodeRequired || known.Code == fhir.CodeTooLong):
		if err := f.Refuse("", err); err != nil {
			return err
		}
		return v.Invalid("ehi", page)
	case err != nil:
		return err
	}
	if page.Back != "" {
		return v.Redirect(string(page.Back))
	}
	return v.Redirect(v.URL.Path)
}

// checkEHI says what is missing.
func (f *Form) checkEHI() {
	f.Need("name", "patient", "born")
	if f.Get("phone") == "" && f.Get("email") == "" {
		f.Fail("phone", "reach")
	}
	if role := f.Get("role"); role != "patient" && role != "" && f.Get("authority") == "" {
		f.Fail("authority", "authority.needed")
	}
	if f.Get("agree") != "yes" {
		f.Fail("agree", "agree.needed")
	}
}

// app is what the ledger takes in.
func (f *Form) app() requests.AppForm {
	return requests.AppForm{
		Requester: requests.Requester{Name: f.Get("name"), Role: requests.Role(f.Get("role")), Authority: f.Get("authority"), Phone: f.Get("phone"), Email: f.Get("email")},
		Subject:   requests.Subject{Name: f.Get("patient"), BirthDate: f.Get("born")},
		LeaveOut:  f.Get("without"),
		Note:      f.Get("note"),
	}
}

// appBy is who files the request: the app that gave out the address, from where the form was sent.
func (v *Request) appBy(e storage.EHIExport) requests.By {
	kind := audit.User
	if e.Client {
		kind = audit.Client
	}
	return requests.By{Who: audit.Who{Name: e.Owner, Kind: kind}, From: v.Address.String(), RequestID: v.ID}
}
