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
)

// DescribePackage adds what the settings and the program say about a package; what the request says itself stays.
func DescribePackage(cfg *config.Config, r *pack.Run) {
	p := packageOptions(cfg)
	r.Product = p.Product
	r.DocumentationURL = cmp.Or(r.DocumentationURL, p.DocumentationURL)
	sender := p.Practice()
	sender.Name, sender.Contact = cmp.Or(r.Sender.Name, sender.Name), cmp.Or(r.Sender.Contact, sender.Contact)
	r.Sender = sender
	if r.Patient == "" {
		r.Settings = p.Settings()
	}
}

// packageOptions are what the settings and the program say about every package, but for the key.
func packageOptions(cfg *config.Config) engine.PackageOptions {
	a := about.Me()
	p := engine.PackageOptions{
		Product:          handover.Product{Name: "Satchel", Version: a.Version, Build: a.Commit, CHPL: "not certified"},
		Practice:         func() handover.Practice { return PracticeOf(cfg) },
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
