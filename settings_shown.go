package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"satchel/desk"
	"satchel/handover"
)

var (
	sectionLine = regexp.MustCompile(`^\[([a-z_]+)\]`)
	keyLineText = regexp.MustCompile(`^([a-z_.]+) *= .*?(?:  #|\s#) ?(.*)$`)
	plainKey    = regexp.MustCompile(`^([a-z_.]+) *=`)
	choice      = regexp.MustCompile(`^[a-z-]+: `)
	moreText    = regexp.MustCompile(`^\s+# ?(.*)$`)
	aheadText   = regexp.MustCompile(`^# ?(.*)$`)
)

// settingTexts reads what a settings file says about its keys: behind the value, in the lines below, or in lines of
// their own before the key.
func settingTexts(file string) map[string]string {
	texts := map[string]string{}
	var section, last, ahead string
	for line := range strings.Lines(file) {
		line = strings.TrimRight(line, "\n")
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			section, last, ahead = m[1], "", ""
		} else if m := aheadText.FindStringSubmatch(line); m != nil {
			ahead = strings.TrimSpace(ahead + " " + m[1])
		} else if m := moreText.FindStringSubmatch(line); m != nil && last != "" {
			texts[last] += map[bool]string{true: "; ", false: " "}[choice.MatchString(m[1])] + m[1]
		} else if m := plainKey.FindStringSubmatch(line); m != nil {
			last = section + "." + m[1]
			text := ahead
			if m := keyLineText.FindStringSubmatch(line); m != nil {
				text = strings.TrimSpace(ahead + " " + m[2])
			}
			texts[last], ahead = text, ""
		}
	}
	return texts
}

// fixed reports whether a value comes from where the settings file does not count.
func fixed(source string) bool {
	return strings.HasPrefix(source, "environment") || strings.HasPrefix(source, "flag")
}

// settingsShown are the settings as the pages tell them. Those of the practice are as they were last saved there; all
// others hold since the start.
func settingsShown(cfg *Config, practice *practiceNow) func() []desk.Setting {
	texts, standard := settingTexts(exampleConfig), defaults()
	return func() []desk.Setting {
		var all []desk.Setting
		for _, s := range cfg.settings() {
			from := cfg
			if strings.HasPrefix(s.key, "practice.") {
				from = practice.Load().from
			}
			now, _ := from.find(s.key)
			before, _ := standard.find(s.key)
			one := desk.Setting{Key: s.key, Value: worded(now.field), Source: from.source[s.key], Fixed: fixed(from.source[s.key]), Meaning: texts[s.key], Default: worded(before.field)}
			if one.Default != "" && one.Value == filepath.Join(cfg.Data, one.Default) { // relative paths start there
				one.Default = one.Value
			}
			if text, ok := now.field.(*string); ok && *text != "" && isSecret(s.key) {
				one.Value = "***"
			}
			all = append(all, one)
		}
		return all
	}
}

// worded writes a field without the quotes of the settings file.
func worded(field any) string {
	switch f := field.(type) {
	case *string:
		return *f
	case *[]string:
		return strings.Join(*f, ", ")
	}
	return strings.Trim(show(field), `"`)
}

// machineNow is what the pages tell of the server's machine and data. It looks at some files, not into the database.
func machineNow(cfg *Config) func(context.Context) desk.Machine {
	return func(ctx context.Context) desk.Machine {
		m := desk.Machine{Data: cfg.Data, File: cfg.File, TLS: cfg.TLS.Mode, BackupFolder: cfg.Backup.Folder, BackupEvery: time.Duration(cfg.Backup.Every),
			BackupsCrypted: cfg.Backup.PassphraseFile != ""}
		m.Free, m.Floor = cfg.freeDisk()
		for _, file := range []string{cfg.database(), cfg.database() + "-wal"} {
			if info, err := os.Stat(file); err == nil {
				m.Database += info.Size()
			}
		}
		if key, err := handover.LoadKey(filepath.Join(cfg.Data, signingKeyFile), ""); err == nil {
			m.Key = key.Fingerprint()
		}
		if leaf, err := leafOnDisk(ctx, cfg); err == nil && leaf != nil {
			m.Certificate = leaf.NotAfter
		}
		if cfg.Backup.Folder != "" {
			m.Backups = backupList(cfg.Backup.Folder)
		}
		return m
	}
}

// backupList are the backups of a folder, the newest first.
func backupList(folder string) []desk.BackupFile {
	names, err := scheduled(folder)
	if err != nil {
		return nil
	}
	var all []desk.BackupFile
	for _, name := range slices.Backward(names) {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil {
			all = append(all, desk.BackupFile{Name: name, Made: madeAt(name), Bytes: info.Size()})
		}
	}
	return all
}

// practiceText is what the settings tell of the practice, for the page that changes it.
func (p *practiceNow) text() desk.PracticeText {
	c := p.Load().from.Practice
	return desk.PracticeText{Name: c.Name, Zone: c.TimeZone, Contact: c.Contact, Phone: c.Phone, Email: c.Email, Address: c.Address}
}

// saveText writes what is new about the practice into the settings file and takes it over.
func (p *practiceNow) saveText(c *Config, want desk.PracticeText) error {
	now := p.text()
	var changes []string
	for _, f := range []struct{ key, now, want string }{
		{"name", now.Name, want.Name}, {"time_zone", now.Zone, want.Zone}, {"contact", now.Contact, want.Contact},
		{"phone", now.Phone, want.Phone}, {"email", now.Email, want.Email}, {"address", now.Address, want.Address},
	} {
		if f.now != f.want {
			changes = append(changes, f.key, f.want)
		}
	}
	return p.write(c, changes...)
}

// senderNow is who sends packages, with what the pages may have changed since the start.
func senderNow(p func() desk.Practice) func() handover.Sender {
	return func() handover.Sender {
		now := p()
		return handover.Sender{Organization: now.Name, ContactName: now.Contact, ContactPhone: now.Phone, ContactEmail: now.Email}
	}
}
