package pages

import (
	"strings"

	"satchel/auth"
	"satchel/fhir"
	"satchel/internal/texts"
	"satchel/requests"
)

// intakePage is the data of the form that takes a request in or corrects one.
type intakePage struct {
	Form     *Form
	Channels []option
	Roles    []option
	Scopes   []option
	Wishes   []option
	Finder   finder
	Today    string
	More     bool        // the part that is seldom needed is open
	Row      *requestRow // that is corrected; nil: a new one
	App      bool        // it came by an app, which does not change
}

// finder finds whose record is asked for.
type finder struct {
	Found  []person
	Many   bool
	Asked  bool   // something was looked for
	Chosen string // id
	May    bool   // the account may look for patients
	Bad    string // what is no date
}

// mostOffered is how many patients a form offers to choose from.
const mostOffered = 10

// optionsOf are the rows of a list of the ledger.
func optionsOf(list []requests.Choice) []option {
	var all []option
	for _, c := range list {
		all = append(all, option{c.Code, sentenceStart(c.Text)})
	}
	return all
}

// sentenceStart begins with a capital.
func sentenceStart(s string) string { return strings.TrimSuffix(texts.Sentence(s), ".") }

func (v *Request) intakePage(l *requests.Ledger, f *Form) *intakePage {
	p := &intakePage{Form: f, Roles: optionsOf(requests.Roles()), Scopes: optionsOf(requests.Scopes()), Wishes: optionsOf(requests.Wishes()),
		Today: l.Today().String(), Finder: finder{May: seesPatients(v.Who) == nil, Chosen: f.Get("patient-id")}}
	for _, c := range optionsOf(requests.Channels()) {
		if c.Value != string(requests.ChannelApp) { // those come by themselves
			p.Channels = append(p.Channels, c)
		}
	}
	for _, name := range []string{"organization", "authority", "purpose", "note", "number"} {
		p.More = p.More || f.Get(name) != ""
	}
	return p
}

// showIntake answers the form, filled in for ?patient=ID.
func showIntake(v *Request) error {
	l, err := v.ledger()
	if err != nil {
		return err
	}
	f := NewForm("channel", "paper", "role", string(requests.RolePatient), "scope", string(requests.ScopeRecord), "wish", "stick", "received", l.Today().String())
	page := v.intakePage(l, f)
	if id := v.URL.Query().Get("patient"); id != "" {
		who, err := v.patient(id)
		if err != nil {
			return err
		}
		page.choose(who)
		f.Values.Set("name", who.Name)
	}
	return v.Render("requests-new", page)
}

// choose fills a patient in.
func (p *intakePage) choose(who person) {
	p.Finder.Found, p.Finder.Chosen = []person{who}, who.ID
	p.Form.Values.Set("patient-id", who.ID)
	p.Form.Values.Set("patient", who.Name)
	p.Form.Values.Set("born", who.Birth)
}

// find looks for the patient whose name, birth date or number was written down.
func (v *Request) find(f *finder, text string) error {
	text = strings.TrimSpace(text)
	if !f.May || text == "" || len(text) > 200 {
		return nil
	}
	p := &patientsPage{Form: NewForm("q", text), Only: !v.May(auth.Action{Verb: auth.VerbSearch, Type: "Patient"})}
	if err := v.searchPatients(p, text); err != nil && !isCode(err, fhir.CodeValue) {
		return err
	}
	f.Asked, f.Bad = true, p.Bad
	f.Many = p.Many || p.Count > mostOffered
	f.Found = p.Found[:min(len(p.Found), mostOffered)]
	for _, who := range f.Found {
		v.Saw(who.ID)
	}
	return nil
}

// takeIn takes a request in; the button "find" only looks for the patient.
func takeIn(v *Request) error {
	l, err := v.ledger()
	if err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	page := v.intakePage(l, f)
	if f.Get("find") != "" {
		return v.offerPatients(page)
	}
	in := v.intake(f)
	if f.Bad() {
		return v.refuseIntake(page)
	}
	if in.Patient != "" { // as where a patient is chosen later
		if err := v.Decide(readPatient(in.Patient)); err != nil {
			return err
		}
	}
	r, err := l.Record(v.Context(), v.by(), in)
	if err != nil {
		if err := f.Refuse("", err); err != nil {
			return err
		}
		return v.refuseIntake(page)
	}
	v.Noted()
	return v.Done(requestsPath+"/"+r.ID, "record")
}

// offerPatients answers the form once more with the patients that were found.
func (v *Request) offerPatients(page *intakePage) error {
	f := page.Form
	text := strings.TrimSpace(f.Get("patient") + " " + f.Get("born"))
	if f.Get("patient") == "" && f.Get("born") == "" {
		text = f.Get("number")
	}
	if text == "" {
		f.Fail("patient", "find.empty")
		return v.Invalid("requests-new", page)
	}
	page.Finder.Chosen = ""
	if err := v.find(&page.Finder, text); err != nil {
		return err
	}
	if len(page.Finder.Found) == 1 {
		page.Finder.Chosen = page.Finder.Found[0].ID
	}
	v.Refused() // nothing was taken in
	return v.Render("requests-new", page)
}

// refuseIntake answers the form with what is wrong; a patient who was chosen stays so.
func (v *Request) refuseIntake(page *intakePage) error {
	if id := page.Finder.Chosen; id != "" && fhir.IsID(id) && v.May(readPatient(id)) {
		r, err := v.Store.Resource(v.Context(), "Patient", id)
		if err == nil && !r.Deleted {
			if page.Finder.Found, err = v.personsOf([]fhir.Resource{r}); err != nil {
				return err
			}
			v.Saw(id)
		}
	}
	return v.Invalid("requests-new", page)
}

// intake reads the form.
func (v *Request) intake(f *Form) requests.Intake {
	in := requests.Intake{Details: requests.Details{
		Channel: requests.Channel(f.Get("channel")), Scope: requests.Scope(f.Get("scope")), Wish: requests.Wish(f.Get("wish")), Asked: f.Get("asked"), Purpose: f.Get("purpose"),
		Requester: requests.Requester{Name: f.Get("name"), Role: requests.Role(f.Get("role")), Organization: f.Get("organization"), Authority: f.Get("authority"),
			Phone: f.Get("phone"), Email: f.Get("email"), Address: f.Get("address")},
		Subject: requests.Subject{Name: f.Get("patient"), BirthDate: f.Get("born"), Number: f.Get("number")},
	}, Note: f.Get("note"), Patient: f.Get("patient-id")}
	f.Need("name")
	day, err := requests.ParseDay(f.Get("received"))
	if err != nil {
		_ = f.Refuse("received", err) // it answers nothing else
	}
	in.Received = day
	switch {
	case in.Scope == requests.ScopePopulation:
		in.Patient, in.Subject = "", requests.Subject{}
	case in.Subject.Name == "" && in.Requester.Role == requests.RolePatient:
		in.Subject.Name = in.Requester.Name
	case in.Subject.Name == "" && in.Patient == "":
		f.Fail("patient", "patient.needed")
	}
	if in.Scope == requests.ScopeNarrowed && in.Asked == "" {
		f.Fail("asked", "asked.needed")
	}
	return in
}
