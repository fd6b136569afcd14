package app

import (
	"path/filepath"
	"strings"

	"satchel/config"
	"satchel/pages"
)

// Settings are the settings as the pages tell them. Those of the practice are as they were last saved there; all
// others hold since the start.
func (i *installation) Settings() []pages.Setting {
	cfg, standard := i.cfg, config.Defaults()
	var all []pages.Setting
	for _, s := range cfg.Settings() {
		from := cfg
		if strings.HasPrefix(s.Key, "practice.") {
			from = i.practice.Load().from
		}
		now, _ := from.Find(s.Key)
		before, _ := standard.Find(s.Key)
		one := pages.Setting{Key: s.Key, Value: worded(now.Field), Source: from.Source(s.Key), Fixed: config.Fixed(from.Source(s.Key)), Meaning: s.Meaning(), Default: worded(before.Field)}
		if one.Default != "" && one.Value == filepath.Join(cfg.Data, one.Default) { // relative paths start there
			one.Default = one.Value
		}
		if text, ok := now.Field.(*string); ok && *text != "" && config.IsSecret(s.Key) {
			one.Value = "***"
		}
		all = append(all, one)
	}
	return all
}

// worded writes a field without the quotes of the settings file.
func worded(field any) string {
	switch f := field.(type) {
	case *string:
		return *f
	case *[]string:
		return strings.Join(*f, ", ")
	}
	return strings.Trim(config.Show(field), `"`)
}
