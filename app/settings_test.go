package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/config"
	"satchel/internal/testsatchel"
	"satchel/pages"
)

// Every setting is told with its meaning and its source, and no secret is.
func TestSettingsShown(t *testing.T) {
	t.Parallel()
	cfg, err := loaded(t, "[practice]\nname = \"Elm\" # ours\n[log]\nlevel = 'warn'\n[smart]\nclient_secret_basic = true\n", []string{"SATCHEL_PRACTICE__PHONE=555-0100"}, map[string]string{"http.listen": "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPracticeNow(cfg)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]pages.Setting{}
	for _, s := range (&installation{cfg: cfg, practice: p}).Settings() {
		if s.Meaning == "" {
			t.Errorf("%s has no meaning", s.Key)
		}
		shown[s.Key] = s
	}
	if len(shown) != len(cfg.Keys()) {
		t.Errorf("%d settings, want %d", len(shown), len(cfg.Keys()))
	}
	for key, want := range map[string]pages.Setting{
		"http.listen":               {Value: "127.0.0.1:0", Source: "flag", Fixed: true, Default: "127.0.0.1:8080"},
		"log.level":                 {Value: "warn", Source: "file, line 4", Default: "info"},
		"practice.phone":            {Value: "555-0100", Source: "environment, SATCHEL_PRACTICE__PHONE", Fixed: true},
		"practice.name":             {Value: "Elm", Source: "file, line 2"},
		"smart.client_secret_basic": {Value: "true", Source: "file, line 6", Default: "false"}, // the page of programs asks for it
		"backup.every":              {Value: "24h", Default: "24h"},
	} {
		want.Key, want.Meaning = key, shown[key].Meaning
		if shown[key] != want {
			t.Errorf("%+v, want %+v", shown[key], want)
		}
	}
	if s := shown["bulk_export.folder"]; s.Value != s.Default {
		t.Errorf("%+v", s)
	}
	m := (&installation{cfg: cfg}).Machine(t.Context())
	if m.Data != cfg.Data || m.File != cfg.File || m.Key != "" || m.Floor == 0 || m.BackupFolder != "" {
		t.Errorf("%+v", m)
	}
}

// What a page changes of the practice stands in the file and is in force at once; what the environment sets stays.
func TestPracticeSaved(t *testing.T) {
	t.Parallel()
	cfg, err := loaded(t, "[practice]\nname = \"Elm\" # ours\n\n[log]\nlevel = 'warn'\n", []string{"SATCHEL_PRACTICE__PHONE=555-0100"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPracticeNow(cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := p.Text()
	want.Name, want.Zone, want.Contact, want.Address = `Oak "&" Elm \ 'x'`, "America/Chicago", "Dr. Ñandú", "1 Harbor Road\nSeatown"
	if err := p.Save(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if now := p.Now(); now.Name != want.Name || now.Zone.String() != want.Zone || now.Phone != "555-0100" || now.Address != want.Address {
		t.Errorf("%+v", now)
	}
	if s := p.Now(); s.Name != want.Name || s.Contact != want.Contact || s.Phone != "555-0100" {
		t.Errorf("%+v", s)
	}
	again, err := config.Load(cfg.Data, "", nil, nil)
	if err != nil || again.Practice.Name != want.Name || again.Practice.Address != want.Address || again.Practice.Contact != want.Contact || again.Practice.Phone != "" || again.Log.Level != "warn" {
		t.Errorf("%+v, %v", again, err)
	}
	text, err := os.ReadFile(cfg.File)
	if err != nil || !strings.Contains(string(text), "# ours") {
		t.Errorf("a remark is gone: %s", text)
	}
}

// A file that cannot be changed from here, such as one with an inline table, is left alone.
func TestPracticeNotSaved(t *testing.T) {
	t.Parallel()
	const text = "practice = {phone = '555-0100'}\n"
	cfg, err := loaded(t, text, nil, nil)
	testsatchel.Must(t, err)
	p, err := newPracticeNow(cfg)
	testsatchel.Must(t, err)
	want := p.Text()
	want.Name = "Third"
	if err := p.Save(t.Context(), want); err == nil || !strings.Contains(err.Error(), "change it by hand") {
		t.Error(err)
	}
	if now, _ := os.ReadFile(cfg.File); string(now) != text || p.Now().Name != "" {
		t.Errorf("the file was changed: %s", now)
	}
}

// loaded are the settings of a file with this text, the environment and flags.
func loaded(t *testing.T, text string, environ []string, flags map[string]string) (*config.Config, error) {
	t.Helper()
	dir := t.TempDir()
	testsatchel.Must(t, os.WriteFile(filepath.Join(dir, "config.toml"), []byte(text), 0o600))
	return config.Load(dir, "", environ, flags)
}
