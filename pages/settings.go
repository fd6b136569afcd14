package pages

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"satchel/audit"
	"satchel/auth"
)

const (
	settingsPath = "/settings"
	practicePath = "/settings/practice"
)

// settingRoutes are the pages of settings, and where each value comes from.
func settingRoutes() []Route {
	see := needs(auth.VerbUsers)
	return []Route{
		{Method: "GET", Pattern: "settings", Kind: Staff, Action: audit.NoEvent, Needs: see, Nav: "nav.settings", Summary: "Settings, where each value comes from, and how the server is", Run: showSettings},
		{Method: "GET", Pattern: "settings/practice", Kind: Staff, Action: audit.NoEvent, Needs: see, Summary: "The form for the practice", Run: showPractice},
		{Method: "POST", Pattern: "settings/practice", Kind: Staff, Action: audit.SettingChange, Needs: see, Summary: "Change name, time zone and contact of the practice", Run: changePractice},
	}
}

// settingPart are the settings of one section.
type settingPart struct {
	Name     string
	Title    string
	Changed  bool // one of them is not left at its default
	Settings []Setting
}

func showSettings(v *Request) error {
	var parts []settingPart
	changed := 0
	for _, s := range v.Installation.Settings() {
		name, _, _ := strings.Cut(s.Key, ".")
		if len(parts) == 0 || parts[len(parts)-1].Name != name {
			parts = append(parts, settingPart{Name: name, Title: v.sectionTitle(name)})
		}
		parts[len(parts)-1].Settings = append(parts[len(parts)-1].Settings, s)
		if s.Value != s.Default {
			changed++
			parts[len(parts)-1].Changed = true
		}
	}
	m := v.Installation.Machine(v.Context())
	data := map[string]any{"Parts": parts, "Changed": changed, "Machine": m, "Version": v.Version, "Practice": v.Practice.Text(),
		"Tight": m.Floor > 0 && m.Free < m.Floor, "CertificateSoon": !m.Certificate.IsZero() && time.Until(m.Certificate) < 14*24*time.Hour,
		"BackupLate": len(m.Backups) > 0 && m.BackupEvery > 0 && time.Since(m.Backups[0].Made) > 2*m.BackupEvery}
	return v.Render("settings", data)
}

// sectionTitle is what people call a section of the settings file; one without a text is called as in the file.
func (v *Request) sectionTitle(name string) string {
	if key := "settings.section." + name; v.T(key) != key {
		return v.T(key)
	}
	return name
}

// practiceForm is the data of the form for the practice.
type practiceForm struct {
	Form  *Form
	Zones []string
	Fixed []Setting // that the environment or a flag sets, so that the form cannot
}

// practiceFields are the fields of the form, by the key of their setting.
var practiceFields = map[string]string{"practice.name": "name", "practice.time_zone": "zone", "practice.contact": "contact", "practice.phone": "phone",
	"practice.email": "email", "practice.address": "address"}

func (v *Request) practiceForm(f *Form) practiceForm {
	page := practiceForm{Form: f, Zones: zones()}
	for _, s := range v.Installation.Settings() {
		if s.Fixed && practiceFields[s.Key] != "" {
			page.Fixed = append(page.Fixed, s)
		}
	}
	return page
}

func showPractice(v *Request) error {
	p := v.Practice.Text()
	return v.Render("settings-practice", v.practiceForm(NewForm("name", p.Name, "zone", p.Zone, "contact", p.Contact, "phone", p.Phone, "email", p.Email, "address", p.Address)))
}

// changePractice writes what the form says into the settings file. What the environment or a flag sets stays.
func changePractice(v *Request) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	page, now := v.practiceForm(f), v.Practice.Text()
	want := now
	for key, field := range map[string]*string{"practice.name": &want.Name, "practice.time_zone": &want.Zone, "practice.contact": &want.Contact,
		"practice.phone": &want.Phone, "practice.email": &want.Email, "practice.address": &want.Address} {
		if !slices.ContainsFunc(page.Fixed, func(s Setting) bool { return s.Key == key }) {
			*field = f.practice(practiceFields[key])
		}
	}
	if want.Name == "" {
		f.Fail("name", "needed")
	}
	if _, err := time.LoadLocation(want.Zone); err != nil || want.Zone == "Local" {
		f.Fail("zone", "zone.unknown")
	}
	if f.Bad() {
		return v.Invalid("settings-practice", page)
	}
	if want == now {
		return v.Done(settingsPath, "same")
	}
	v.Target("practice")
	if err := v.Practice.Save(v.Context(), want); err != nil {
		if err := f.Refuse("", err); err != nil {
			return err
		}
		return v.Invalid("settings-practice", page)
	}
	return v.Done(settingsPath, "practice")
}

// practice reads one field: lines of visible text, one line but for the address.
func (f *Form) practice(field string) string {
	text := strings.ReplaceAll(f.Get(field), "\r\n", "\n")
	most := 100
	if field == "address" {
		most = 300
	}
	bad := func(r rune) bool { return unicode.IsControl(r) && (field != "address" || r != '\n') }
	if utf8.RuneCountInString(text) > most || !utf8.ValidString(text) || strings.ContainsFunc(text, bad) {
		f.Fail(field, "text.long", "most", most)
	}
	return text
}
