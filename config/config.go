// Package config has the settings: one table of keys, their defaults, where values come from, and how they are checked, shown and
// changed in the file.
package config

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/crypto/acme"

	"satchel/auth"
	"satchel/requests"
)

// Example is what `satchel init` writes: every key with its default.
//
//go:embed config.toml.example
var Example string

// Config is every setting in force. See config.toml.example for what they mean.
type Config struct {
	Data string // absolute path of the data directory
	File string // absolute path of the settings file, which need not exist

	HTTP struct {
		Listen         string
		PublicURL      string
		InsecureHTTP   bool
		TrustedProxies []string
		CORSOrigins    []string
	}
	TLS struct {
		Mode              string // off, files, local-ca, acme
		CertFile, KeyFile string // absolute after loadConfig
		Names             []string
		ACMEDirectory     string
		ACMEEmail         string
	}
	BulkExport struct {
		Enabled             bool
		FileMaxCapacity     int64
		FileMaxSize         Size
		InlineAttachmentMax Size
		FileRetentionHours  int64
		MaxJobs             int64
		Folder              string // absolute after loadConfig
		Exclusive           bool   // restrict_download_to_initiating_user.enabled
	}
	Practice struct {
		Name, Contact, Phone, Email string
		TimeZone                    string // "": the machine's
		Address                     string // lines
	}
	Package struct {
		BagSize          Size   // 0: one bag
		DocumentationURL string // "": see describe
	}
	Auth struct {
		Basic                   string
		SessionIdle, SessionMax Duration
		TwoFactorRoles          []string
		PasswordMaxAgeDays      int64 // 0: never
	}
	Smart struct {
		TokenLifetime     Duration
		ClientSecretBasic bool
	}
	Log  struct{ Level, Format string }
	Disk struct{ MinFree Size } // 0: see diskFloor

	Metrics struct {
		Enabled bool
		Allow   []string // addresses and ranges, besides loopback
	}
	Backup struct {
		Folder         string // absolute after loadConfig; "": no backups by themselves
		Every          Duration
		Keep           int64
		PassphraseFile string // absolute after loadConfig; "": not encrypted
	}

	Requests struct {
		DueDays, ExtensionDays             int64
		WarnDays, UrgentDays               int64 // after receipt
		TwoPersons                         bool
		LinkDays, LinkTries, LinkDownloads int64
	}

	source map[string]string // key → where its value comes from, if not the default
}

// Defaults is the configuration of an empty settings file.
func Defaults() *Config {
	c := &Config{source: map[string]string{}}
	c.HTTP.Listen = "127.0.0.1:8080"
	c.TLS.Mode = TLSOff
	c.TLS.ACMEDirectory = acme.LetsEncryptURL
	c.BulkExport.Enabled = true
	c.BulkExport.FileMaxCapacity = 1000
	c.BulkExport.FileMaxSize = 100_000_000
	c.BulkExport.FileRetentionHours = 168
	c.BulkExport.MaxJobs = 4
	c.BulkExport.Folder = "exports"
	c.BulkExport.Exclusive = true
	c.Package.BagSize = 3_500_000_000
	c.Auth.Basic = "loopback"
	c.Auth.SessionIdle = Duration(auth.DefaultSessionIdle)
	c.Auth.SessionMax = Duration(auth.DefaultSessionMax)
	c.Auth.TwoFactorRoles = auth.TwoFactorRoles()
	c.Smart.TokenLifetime = 300 * Duration(time.Second)
	c.Log.Level = "info"
	c.Log.Format = "auto"
	c.Backup.Every = 24 * Duration(time.Hour)
	c.Backup.Keep = 14
	c.Requests.DueDays = requests.DefaultDays
	c.Requests.ExtensionDays = requests.DefaultExtensionDays
	c.Requests.WarnDays = requests.DefaultWarnSoon
	c.Requests.UrgentDays = requests.DefaultWarnUrgent
	c.Requests.LinkDays = requests.DefaultLinkDays
	c.Requests.LinkTries = requests.DefaultLinkTries
	c.Requests.LinkDownloads = requests.DefaultLinkDownloads
	return c
}

// Setting is one key of the settings file and the field that it fills.
type Setting struct {
	Key   string
	Field any // *string, *bool, *int64, *Size, *Duration or *[]string
}

// Settings is the table of all keys, in the order of the example.
func (c *Config) Settings() []Setting {
	return []Setting{
		{"http.listen", &c.HTTP.Listen},
		{"http.public_url", &c.HTTP.PublicURL},
		{"http.insecure_http", &c.HTTP.InsecureHTTP},
		{"http.trusted_proxies", &c.HTTP.TrustedProxies},
		{"http.cors_origins", &c.HTTP.CORSOrigins},
		{"tls.mode", &c.TLS.Mode},
		{"tls.cert_file", &c.TLS.CertFile},
		{"tls.key_file", &c.TLS.KeyFile},
		{"tls.names", &c.TLS.Names},
		{"tls.acme_directory", &c.TLS.ACMEDirectory},
		{"tls.acme_email", &c.TLS.ACMEEmail},
		{"bulk_export.enabled", &c.BulkExport.Enabled},
		{"bulk_export.file_max_capacity", &c.BulkExport.FileMaxCapacity},
		{"bulk_export.file_max_size", &c.BulkExport.FileMaxSize},
		{"bulk_export.inline_attachment_max", &c.BulkExport.InlineAttachmentMax},
		{"bulk_export.file_retention_hours", &c.BulkExport.FileRetentionHours},
		{"bulk_export.max_jobs", &c.BulkExport.MaxJobs},
		{"bulk_export.folder", &c.BulkExport.Folder},
		{"bulk_export.restrict_download_to_initiating_user.enabled", &c.BulkExport.Exclusive},
		{"practice.name", &c.Practice.Name},
		{"practice.time_zone", &c.Practice.TimeZone},
		{"practice.contact", &c.Practice.Contact},
		{"practice.phone", &c.Practice.Phone},
		{"practice.email", &c.Practice.Email},
		{"practice.address", &c.Practice.Address},
		{"package.bag_size", &c.Package.BagSize},
		{"package.documentation_url", &c.Package.DocumentationURL},
		{"auth.basic", &c.Auth.Basic},
		{"auth.session_idle", &c.Auth.SessionIdle},
		{"auth.session_max", &c.Auth.SessionMax},
		{"auth.two_factor_roles", &c.Auth.TwoFactorRoles},
		{"auth.password_max_age_days", &c.Auth.PasswordMaxAgeDays},
		{"smart.token_lifetime", &c.Smart.TokenLifetime},
		{"smart.client_secret_basic", &c.Smart.ClientSecretBasic},
		{"log.level", &c.Log.Level},
		{"log.format", &c.Log.Format},
		{"disk.min_free", &c.Disk.MinFree},
		{"metrics.enabled", &c.Metrics.Enabled},
		{"metrics.allow", &c.Metrics.Allow},
		{"backup.folder", &c.Backup.Folder},
		{"backup.every", &c.Backup.Every},
		{"backup.keep", &c.Backup.Keep},
		{"backup.passphrase_file", &c.Backup.PassphraseFile},
		{"requests.due_days", &c.Requests.DueDays},
		{"requests.extension_days", &c.Requests.ExtensionDays},
		{"requests.warn_days", &c.Requests.WarnDays},
		{"requests.urgent_days", &c.Requests.UrgentDays},
		{"requests.two_persons", &c.Requests.TwoPersons},
		{"requests.link_days", &c.Requests.LinkDays},
		{"requests.link_tries", &c.Requests.LinkTries},
		{"requests.link_downloads", &c.Requests.LinkDownloads},
	}
}

// Source says where the value of a key comes from; "" if it is the default.
func (c *Config) Source(key string) string { return c.source[key] }

// Find is the setting of a key.
func (c *Config) Find(key string) (Setting, bool) {
	for _, s := range c.Settings() {
		if s.Key == key {
			return s, true
		}
	}
	return Setting{}, false
}

// Keys lists all keys.
func (c *Config) Keys() []string {
	var keys []string
	for _, s := range c.Settings() {
		keys = append(keys, s.Key)
	}
	return keys
}

// Load reads the settings for a data directory: defaults, then the file, then environ, then flags (key → text).
// file "" means config.toml in the data directory, which then may be missing.
func Load(data, file string, environ []string, flags map[string]string) (*Config, error) {
	c := Defaults()
	var err error
	if c.Data, err = filepath.Abs(data); err != nil {
		return nil, err
	}
	named := file != ""
	if !named {
		file = filepath.Join(c.Data, "config.toml")
	}
	if c.File, err = filepath.Abs(file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(c.File)
	if err != nil && (named || !errors.Is(err, fs.ErrNotExist)) {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	if err := c.readFile(string(text)); err != nil {
		return nil, err
	}
	if err := c.readEnv(environ); err != nil {
		return nil, err
	}
	for key, text := range flags {
		if err := c.setText(key, text, "flag"); err != nil {
			return nil, err
		}
	}
	return c, c.finish()
}

// readFile sets what a settings file says.
func (c *Config) readFile(text string) error {
	tree := map[string]any{}
	md, err := toml.Decode(text, &tree)
	if pe := (toml.ParseError{}); errors.As(err, &pe) {
		return fmt.Errorf("%s: %s", c.File, strings.TrimSpace(pe.ErrorWithPosition()))
	} else if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	lines := findKeys(text)
	given := map[string]string{} // key → the key as the file writes it
	for _, path := range md.Keys() {
		written := strings.Join(path, ".")
		value := lookup(tree, path)
		if _, table := value.(map[string]any); table {
			if err := c.checkTable(written, lines.of(written)); err != nil {
				return err
			}
			continue
		}
		key := smileKey(path)
		if _, known := c.Find(key); !known {
			return c.unknownKey(written, key, lines.of(written))
		}
		if err := c.setFromFile(key, written, given, value, lines); err != nil {
			return err
		}
		given[key] = written
	}
	return nil
}

// setFromFile sets one key, and refuses a second, different value that was given by the key's other name.
func (c *Config) setFromFile(key, written string, given map[string]string, value any, lines keyLine) error {
	s, _ := c.Find(key)
	before := Show(s.Field)
	if err := assign(s.Field, value); err != nil {
		return fmt.Errorf("%s, line %d: %s %w", c.File, lines.of(written), written, err)
	}
	c.source[key] = fmt.Sprintf("file, line %d", lines.of(written))
	if earlier, twice := given[key]; twice && before != Show(s.Field) {
		return fmt.Errorf("%s: line %d says %s = %s and line %d says %s = %s; keep one of them",
			c.File, lines.of(earlier), earlier, before, lines.of(written), written, Show(s.Field))
	}
	return nil
}

// smileKey is the key that a path of the file means: module.<any id>.config.bulk_export.x is bulk_export.x.
func smileKey(path []string) string {
	if len(path) > 4 && path[0] == "module" && path[2] == "config" && path[3] == "bulk_export" {
		path = path[3:]
	}
	return strings.Join(path, ".")
}

// lookup is the value at a path of nested tables.
func lookup(tree map[string]any, path []string) any {
	var v any = tree
	for _, name := range path {
		t, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = t[name]
	}
	return v
}
