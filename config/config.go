// Package config has the settings: one table of keys, their defaults, where values come from, and how they are checked, shown and
// changed in the file.
package config

import (
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
	"satchel/engine"
	"satchel/requests"
)

// Config is every setting in force. See [Config.Settings] for what they mean.
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
		CertFile, KeyFile string // absolute after Load
		Names             []string
		ACMEDirectory     string
		ACMEEmail         string
	}
	BulkExport struct {
		Enabled             bool
		FileMaxCapacity     int64
		FileMaxSize         Size
		InlineAttachmentMax Size
		Supporting          bool // supporting_resources
		FileRetentionHours  int64
		MaxJobs             int64
		Folder              string // absolute after Load
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
		Folder         string // absolute after Load; "": no backups by themselves
		Every          Duration
		Keep           int64
		PassphraseFile string // absolute after Load; "": not encrypted
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
	c.BulkExport.FileMaxCapacity = engine.DefaultFileCount
	c.BulkExport.FileMaxSize = engine.DefaultFileSize
	c.BulkExport.FileRetentionHours = int64(engine.DefaultRetention / time.Hour)
	c.BulkExport.MaxJobs = engine.DefaultMaxJobs
	c.BulkExport.Folder = "exports"
	c.BulkExport.Exclusive = true
	c.BulkExport.Supporting = true
	c.Package.BagSize = 3_500_000_000
	c.Auth.Basic = "loopback"
	c.Auth.SessionIdle = Duration(auth.DefaultSessionIdle)
	c.Auth.SessionMax = Duration(auth.DefaultSessionMax)
	c.Auth.TwoFactorRoles = auth.TwoFactorRoles()
	c.Smart.TokenLifetime = Duration(auth.DefaultTokenLife)
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
	lines, err := layoutOf(text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	given := map[string]string{} // key → the key as the file writes it
	for _, path := range md.Keys() {
		written := strings.Join(path, ".")
		value := lookup(tree, path)
		if _, table := value.(map[string]any); table {
			if err := c.checkTable(written, lines.line(written)); err != nil {
				return err
			}
			continue
		}
		key := smileKey(path)
		if _, known := c.Find(key); !known {
			return c.unknownKey(written, key, lines.line(written))
		}
		if err := c.setFromFile(key, written, given, value, &lines); err != nil {
			return err
		}
		given[key] = written
	}
	return nil
}

// setFromFile sets one key, and refuses a second, different value that was given by the key's other name.
func (c *Config) setFromFile(key, written string, given map[string]string, value any, lines *layout) error {
	s, _ := c.Find(key)
	before := Show(s.Field)
	if err := assign(s.Field, value); err != nil {
		return fmt.Errorf("%s, line %d: %s %w", c.File, lines.line(written), written, err)
	}
	c.source[key] = fmt.Sprintf("file, line %d", lines.line(written))
	if earlier, twice := given[key]; twice && before != Show(s.Field) {
		return fmt.Errorf("%s: line %d says %s = %s and line %d says %s = %s; keep one of them",
			c.File, lines.line(earlier), earlier, before, lines.line(written), written, Show(s.Field))
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
