package config

import "strings"

// Setting is one key of the settings file and the field that it fills.
type Setting struct {
	Key   string
	Field any    // *string, *bool, *int64, *Size, *Duration or *[]string
	Text  string // what it does, for the settings file, the pages and the reference
}

// Settings is the table of all keys, in the order of the settings file. All of a section stand together.
func (c *Config) Settings() []Setting {
	return append(append(c.serverSettings(), c.exportSettings()...), c.operationSettings()...)
}

// serverSettings say how clients reach the server.
func (c *Config) serverSettings() []Setting {
	return []Setting{
		{"http.listen", &c.HTTP.Listen, "address and port; port 0 takes a free one"},
		{"http.public_url", &c.HTTP.PublicURL, `what clients see, such as "https://records.example.org"; "" takes it from each request`},
		{"http.insecure_http", &c.HTTP.InsecureHTTP, "true allows plain HTTP on an address that other machines can reach"},
		{"http.trusted_proxies", &c.HTTP.TrustedProxies, "addresses or ranges of reverse proxies whose X-Forwarded-* headers are believed"},
		{"http.cors_origins", &c.HTTP.CORSOrigins, `origins such as "https://app.example.org" whose web pages may call /fhir with a token`},

		{"tls.mode", &c.TLS.Mode, "off: plain HTTP, for this machine or behind a reverse proxy with TLS\n" +
			"files: the certificate below; a new one is taken without a restart\n" +
			"local-ca: an own certificate authority; give it to clients by `satchel tls export-ca`\n" +
			"acme: from an authority on the internet, which must reach this server on port 443: needs a public name and a connection to the internet; without those take local-ca"},
		{"tls.cert_file", &c.TLS.CertFile, "files: certificate and chain, PEM"},
		{"tls.key_file", &c.TLS.KeyFile, "files: its key, PEM"},
		{"tls.names", &c.TLS.Names, "local-ca: further host names and addresses of this server; acme: its names"},
		{"tls.acme_directory", &c.TLS.ACMEDirectory, "acme: whom to ask"},
		{"tls.acme_email", &c.TLS.ACMEEmail, "acme: where the authority writes to if something is wrong"},
	}
}

// exportSettings say what leaves the server, and in whose name.
func (c *Config) exportSettings() []Setting {
	return []Setting{
		{"bulk_export.enabled", &c.BulkExport.Enabled, "false refuses exports and packages of everybody, however they are asked for; packages of one patient stay possible"},
		{"bulk_export.file_max_capacity", &c.BulkExport.FileMaxCapacity, "resources per file"},
		{"bulk_export.file_max_size", &c.BulkExport.FileMaxSize, `bytes per file, also as "95MiB"; a file exceeds it only if one resource does`},
		{"bulk_export.inline_attachment_max", &c.BulkExport.InlineAttachmentMax, "bytes of an attachment (base64) that stay inside a resource; larger ones go out by address. 0: all stay"},
		{"bulk_export.supporting_resources", &c.BulkExport.Supporting, "exports of patients and groups hold what their resources point to: practitioners, organizations, locations, devices, medications. false: only if _type names them"},
		{"bulk_export.file_retention_hours", &c.BulkExport.FileRetentionHours, "how long the files of an ended export stay"},
		{"bulk_export.max_jobs", &c.BulkExport.MaxJobs, "exports queued and running at once; more are refused for the moment"},
		{"bulk_export.folder", &c.BulkExport.Folder, "where the files lie"},
		{"bulk_export.restrict_download_to_initiating_user.enabled", &c.BulkExport.Exclusive, "only the account that started an export may load its files"},

		{"practice.name", &c.Practice.Name, "of the practice, on the first page of what is handed over and in its file names"},
		{"practice.time_zone", &c.Practice.TimeZone, `in which days begin and end and times are told, such as "America/New_York"; "" is that of this machine`},
		{"practice.contact", &c.Practice.Contact, "whom a receiver may ask"},
		{"practice.phone", &c.Practice.Phone, "of the contact"},
		{"practice.email", &c.Practice.Email, "of the contact"},
		{"practice.address", &c.Practice.Address, `for letters, \n between its lines: "1 Harbor Road\nSeatown"`},

		{"package.bag_size", &c.Package.BagSize, "bytes after which a package of everybody goes on in a further file; 0 makes one of all"},
		{"package.documentation_url", &c.Package.DocumentationURL, `public page that documents the format; "": /docs/format of http.public_url, or the copy in the package`},
	}
}

// operationSettings say who gets in, and how the server and the ledger of requests are run.
func (c *Config) operationSettings() []Setting {
	return []Setting{
		{"auth.basic", &c.Auth.Basic, `HTTP Basic on /fhir: "loopback" (this machine only), "on" or "off"`},
		{"auth.session_idle", &c.Auth.SessionIdle, "a session that is not used for so long ends"},
		{"auth.session_max", &c.Auth.SessionMax, "every session ends after so long"},
		{"auth.two_factor_roles", &c.Auth.TwoFactorRoles, "who holds one of these needs a second factor for a session; a permission for a single patient does not count"},
		{"auth.password_max_age_days", &c.Auth.PasswordMaxAgeDays, "after so many days a person must choose a new password; 0 means never"},

		{"smart.token_lifetime", &c.Smart.TokenLifetime, "how long an access token of a backend client is good; SMART advises at most 5 minutes"},
		{"smart.client_secret_basic", &c.Smart.ClientSecretBasic, "true lets clients sign in by a secret; otherwise only by assertions that they sign"},

		{"log.level", &c.Log.Level, "debug, info, warn or error"},
		{"log.format", &c.Log.Format, "text, json, or auto: text on a terminal and json elsewhere"},

		{"disk.min_free", &c.Disk.MinFree, "below so many free bytes no export begins; 0 means 1 GB or 5 % of the disk, whichever is more"},

		{"metrics.enabled", &c.Metrics.Enabled, "true answers /metrics, in the text format of Prometheus"},
		{"metrics.allow", &c.Metrics.Allow, "addresses or ranges that may ask for them, besides this machine"},

		{"backup.folder", &c.Backup.Folder, `where backups are made regularly, best on another disk; "" makes none`},
		{"backup.every", &c.Backup.Every, "from one to the next"},
		{"backup.keep", &c.Backup.Keep, "how many of them stay"},
		{"backup.passphrase_file", &c.Backup.PassphraseFile, "a file with a passphrase, to encrypt backups; without it they cannot be opened again"},

		{"requests.due_days", &c.Requests.DueDays, "from receipt to the due date; the law allows at most 30 (45 CFR 164.524), some states less"},
		{"requests.extension_days", &c.Requests.ExtensionDays, "of the one extension, which a letter must tell before the due date"},
		{"requests.warn_days", &c.Requests.WarnDays, "from so many days after receipt on a request is due soon"},
		{"requests.urgent_days", &c.Requests.UrgentDays, "from so many days after receipt on it is urgent"},
		{"requests.two_persons", &c.Requests.TwoPersons, "true: who approves must not be who recorded or checked the request"},
		{"requests.link_days", &c.Requests.LinkDays, "how long a link for a patient works"},
		{"requests.link_tries", &c.Requests.LinkTries, "so many wrong passphrases lock it for good"},
		{"requests.link_downloads", &c.Requests.LinkDownloads, "how often a link can be used"},
	}
}

// Meaning is what a setting does, as one line.
func (s Setting) Meaning() string { return strings.ReplaceAll(s.Text, "\n", "; ") }

// sections says what a section of the settings file is about, where its name does not.
var sections = map[string]string{
	"requests": "The ledger of people who ask for records. Days are those of the calendar in practice.time_zone; the day of receipt is day 0.",
}

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

// Source says where the value of a key comes from; "" if it is the default.
func (c *Config) Source(key string) string { return c.source[key] }

// Fixed reports whether a value comes from where the settings file does not count.
func Fixed(source string) bool {
	return strings.HasPrefix(source, "environment") || strings.HasPrefix(source, "flag")
}

// IsSecret reports whether the value of a key must not be shown. Settings only name files with secrets in them; this is for a key
// that would hold one itself.
func IsSecret(key string) bool {
	for _, word := range []string{"secret", "password", "passphrase", "token"} {
		if strings.Contains(key, word) && !strings.HasSuffix(key, "_file") {
			return true
		}
	}
	return false
}
