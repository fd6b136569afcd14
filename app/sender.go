package app

import (
	"cmp"
	"encoding/json"
	"strings"

	"satchel/config"
	"satchel/engine"
	"satchel/engine/pack"
	"satchel/handover"
	"satchel/internal/about"
	"satchel/pages"
)

// DescribePackage adds what the settings and the program say about a package; what the request says itself stays.
func DescribePackage(cfg *config.Config, r *pack.Run) {
	p := sender(cfg)
	r.Product = p.Product
	r.DocumentationURL = cmp.Or(r.DocumentationURL, p.DocumentationURL)
	r.Sender.Organization = cmp.Or(r.Sender.Organization, p.Sender.Organization)
	r.Sender.ContactName = cmp.Or(r.Sender.ContactName, p.Sender.ContactName)
	r.Sender.ContactPhone, r.Sender.ContactEmail = p.Sender.ContactPhone, p.Sender.ContactEmail
	if r.Patient == "" {
		r.Settings = p.Settings()
	}
}

// sender is what the settings and the program say about every package, but for the key.
func sender(cfg *config.Config) engine.Practice {
	a := about.Me()
	p := engine.Practice{
		Product: handover.Product{Name: "Satchel", Version: a.Version, Build: a.Commit, CHPL: "not certified"},
		Sender: handover.Sender{
			Organization: cfg.Practice.Name, ContactName: cfg.Practice.Contact, ContactPhone: cfg.Practice.Phone, ContactEmail: cfg.Practice.Email,
		},
		DocumentationURL: cfg.Package.DocumentationURL, BagSize: int64(cfg.Package.BagSize),
		Settings: func() []byte { return settingsJSON(cfg) },
	}
	if cfg.HTTP.PublicURL != "" {
		base := strings.TrimSuffix(cfg.HTTP.PublicURL, "/")
		p.DocumentationURL = cmp.Or(p.DocumentationURL, base+"/docs/format/"+handover.FormatVersion)
	}
	p.DocumentationURL = cmp.Or(p.DocumentationURL, "data/docs/format-"+handover.FormatVersion+".html")
	return p
}

// settingsJSON is every setting in force as JSON. Secrets are in files of their own, which settings only name; a value
// whose key says that it is a secret is masked all the same.
func settingsJSON(cfg *config.Config) []byte {
	all := []handover.Setting{}
	for _, s := range cfg.Settings() {
		value := s.Field
		if text, ok := value.(*string); ok && *text != "" && config.IsSecret(s.Key) {
			value = "***"
		}
		source, _, _ := strings.Cut(cfg.Source(s.Key), " ")
		all = append(all, handover.Setting{Key: s.Key, Value: value, Source: source})
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil
	}
	return append(text, '\n')
}

// senderNow is who sends packages, with what the pages may have changed since the start.
func senderNow(p func() pages.Practice) func() handover.Sender {
	return func() handover.Sender {
		now := p()
		return handover.Sender{Organization: now.Name, ContactName: now.Contact, ContactPhone: now.Phone, ContactEmail: now.Email}
	}
}
