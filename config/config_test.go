package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// config loads a settings file's text in an own data directory.
func config(t *testing.T, text string, environ []string, flags map[string]string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(dir, "", environ, flags)
}

// Later sources win: default, file, environment, flag.
func TestConfigPrecedence(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "level")
	if err := os.WriteFile(secret, []byte("warn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config(t, "[http]\nlisten = '127.0.0.1:1'\n[bulk_export]\nmax_jobs = 2\nfile_max_size = 5\n",
		[]string{"SATCHEL_HTTP__LISTEN=127.0.0.1:2", "SATCHEL_BULK_EXPORT__FILE_MAX_SIZE=1MiB", "SATCHEL_LOG__LEVEL_FILE=" + secret,
			"SATCHEL_BULK_EXPORT__RESTRICT_DOWNLOAD_TO_INITIATING_USER__ENABLED=false", "SATCHEL_PORT=tcp://10.0.0.1:80",
			"SATCHEL_HTTP__TRUSTED_PROXIES=10.0.0.1, 10.1.0.0/16"},
		map[string]string{"http.listen": "127.0.0.1:3"})
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.Listen != "127.0.0.1:3" || c.BulkExport.MaxJobs != 2 || c.BulkExport.FileMaxSize != 1<<20 || c.Log.Level != "warn" ||
		c.BulkExport.Exclusive || len(c.HTTP.TrustedProxies) != 2 {
		t.Errorf("%+v", c)
	}
	want := map[string]string{
		"http.listen": "flag", "bulk_export.max_jobs": "file, line 4", "auth.basic": "",
		"bulk_export.file_max_size": "environment, SATCHEL_BULK_EXPORT__FILE_MAX_SIZE",
	}
	for key, source := range want {
		if c.Source(key) != source {
			t.Errorf("%s comes from %q, want %q", key, c.Source(key), source)
		}
	}
}

// Lines of Smile CDR mean what they mean there, under any module id, as TOML allows to write them.
func TestConfigSmile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"module.persistence.config.bulk_export.file_max_capacity = 7",
		"module.fhir_storage.config.bulk_export.file_max_capacity = 7\n[http]\nlisten = '127.0.0.1:1'",
		"[module.persistence.config]\nbulk_export.file_max_capacity = 7",
		"[module.persistence.config.bulk_export]\nfile_max_capacity = 7",
		"module.persistence.config.bulk_export.file_max_capacity = 7\n[bulk_export]\nfile_max_capacity = 7",
		"module.a.config.bulk_export.file_max_capacity = 7\nmodule.b.config.bulk_export.file_max_capacity = 7",
		"\uFEFFmodule.persistence.config.bulk_export.file_max_capacity = 7\r\n",
	} {
		c, err := config(t, text, nil, nil)
		if err != nil || c.BulkExport.FileMaxCapacity != 7 {
			t.Errorf("%q: %v, %v", text, c.BulkExport.FileMaxCapacity, err)
		}
	}
	c, err := config(t, `module.persistence.config.bulk_export.enabled = true
module.persistence.config.bulk_export.file_max_capacity = 1000
module.persistence.config.bulk_export.restrict_download_to_initiating_user.enabled = false
module.persistence.config.bulk_export.file_retention_hours = 2
`, nil, nil)
	if err != nil || c.BulkExport.Exclusive || c.BulkExport.FileRetentionHours != 2 {
		t.Errorf("%+v, %v", c, err)
	}
}

// Numbers have a least and a most, and what lies just inside is taken and just outside is not. So files are kept for some
// time, and not for ever.
func TestConfigBounds(t *testing.T) {
	t.Parallel()
	for key, most := range map[string]int64{"file_retention_hours": 24 * 366, "file_max_capacity": 10_000_000, "max_jobs": 1000} {
		for value, good := range map[int64]bool{-1: false, 0: false, 1: true, most: true, most + 1: false} {
			c, err := config(t, fmt.Sprintf("[bulk_export]\n%s = %d", key, value), nil, nil)
			if good != (err == nil) {
				t.Errorf("%s = %d: %v", key, value, err)
			}
			if key == "file_retention_hours" && good && c.Retention() != time.Duration(value)*time.Hour {
				t.Errorf("%d hours are %v", value, c.Retention())
			}
		}
	}
}

// Each mistake is said with its line and what to do.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"typo", "[http]\nlisten = '127.0.0.1:1'\nlsten = 'x'", `line 3: unknown key "http.lsten"; did you mean "http.listen"`},
		{"case", "[http]\nListen = '127.0.0.1:1'", `line 2: unknown key "http.Listen"; did you mean "http.listen"`},
		{"section", "[htp]\nlisten = '127.0.0.1:1'", `line 1: unknown section "htp"; did you mean [http]`},
		{"empty section", "[http]\n[htpp]", `line 2: unknown section "htpp"; did you mean [http]`},
		{"syntax", "[http]\nlisten = 127.0.0.1:8080", "line 2"},
		{"backslash", "[bulk_export]\nfolder = \"C:\\Users\"", "line 2"},
		{"control", "[bulk_export]\nfolder = \"C:\\new\\test\"", "single quotes"},
		{"type", "[bulk_export]\nenabled = 'yes'", "line 2: bulk_export.enabled is \"yes\"; write true or false"},
		{"number", "[bulk_export]\nmax_jobs = '4'", "write a whole number"},
		{"zero", "[bulk_export]\nmax_jobs = 0", "bulk_export.max_jobs is 0; write 1 to 1000"},
		{"size", "[bulk_export]\nfile_max_size = '100 sheets'", "line 2: bulk_export.file_max_size is \"100 sheets\"; write a size"},
		{"list", "[http]\ntrusted_proxies = '10.0.0.1'", "write a list"},
		{"proxy", "[http]\ntrusted_proxies = ['proxy']", "http.trusted_proxies has \"proxy\""},
		{"origin", "[http]\ncors_origins = ['*']", `http.cors_origins has "*": write an origin`},
		{"origin with a path", "[http]\ncors_origins = ['https://app.example/']", "without a path"},
		{"span", "[smart]\ntoken_lifetime = 300", "line 2: smart.token_lifetime is 300; write a span such as \"300s\""},
		{"long span", "[smart]\ntoken_lifetime = '48h'", `smart.token_lifetime is "48h"; write whole seconds from "10s" to "24h"`},
		{"choice", "[auth]\nbasic = 'yes'", `auth.basic is "yes"; write one of "loopback", "on", "off"`},
		{"tls", "[tls]\nmode = 'acme'", "the internet knows"},
		{"open", "[http]\nlisten = '0.0.0.0:8080'", "http.insecure_http = true"},
		{"all", "[http]\nlisten = ':8080'", "http.insecure_http = true"},
		{"port", "[http]\nlisten = '127.0.0.1'", "with its port"},
		{"url", "[http]\npublic_url = 'ftp://records.example.org'", "http.public_url"},
		{"place", "[http]\nlisten = '127.0.0.1:1'\nmodule.persistence.config.bulk_export.enabled = true", "before the first [section]"},
		{"place, line", "[auth]\nbulk_export.enabled = true", `line 2: unknown key "auth.bulk_export.enabled"; a line that begins with "bulk_export.enabled" must stand before the first [section]`},
		{"both ways", "module.p.config.bulk_export.file_max_capacity = 7\n[bulk_export]\nfile_max_capacity = 8",
			"line 1 says module.p.config.bulk_export.file_max_capacity = 7 and line 3 says bulk_export.file_max_capacity = 8; keep one"},
		{"two modules", "module.a.config.bulk_export.max_jobs = 1\nmodule.b.config.bulk_export.max_jobs = 2", "keep one"},
		{"other Smile key", "module.persistence.config.db.url = 'x'", "only module.<id>.config.bulk_export"},
		{"Smile typo", "module.p.config.bulk_export.file_max_capcity = 7", `line 1: unknown key "module.p.config.bulk_export.file_max_capcity"; did you mean "bulk_export.file_max_capacity"`},
		{"top level", "listen = '127.0.0.1:1'", `line 1: unknown key "listen"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config(t, tt.text, nil, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	for env, want := range map[string]string{
		"SATCHEL_HTTP__LISTN=x":          "did you mean SATCHEL_HTTP__LISTEN?",
		"SATCHEL_HTTP_LISTEN=x":          "did you mean SATCHEL_HTTP__LISTEN?",
		"SATCHEL_AUTH__BASIC=yes":        "auth.basic is \"yes\"",
		"SATCHEL_HTTP__INSECURE_HTTP=si": "http.insecure_http (environment, SATCHEL_HTTP__INSECURE_HTTP)",
	} {
		if _, err := config(t, "", []string{env}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", env, err, want)
		}
	}
	if _, err := config(t, "[http]\nlisten='0.0.0.0:80'\ninsecure_http=true", nil, nil); err != nil {
		t.Error(err)
	}
	if _, err := Load(t.TempDir(), "nowhere.toml", nil, nil); err == nil {
		t.Error("a named settings file that is missing is no error")
	}
}

// A size is read from what people write, and written back so that it reads the same.
func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Size{
		"100MB": 100e6, "1GiB": 1 << 30, "1.5 kB": 1500, "17": 17, "8 B": 8, " 2KiB ": 2048, "0": 0,
	} {
		got, err := ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
		if again, err := ParseSize(got.String()); err != nil || again != got {
			t.Errorf("%q is written %q, which reads %d, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "MB", "-1", "1e3", "0x10", "1_000", "100mb", "1PB", "NaN", "Inf", "9999999TB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q reads %d", text, got)
		}
	}
}
