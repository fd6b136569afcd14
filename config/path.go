package config

import (
	"path/filepath"
)

// Anchors is the file with the anchors of the audit log, beside the database. Copies of it elsewhere show what a change of
// both would hide.
func (c *Config) Anchors() string { return filepath.Join(c.Data, "audit-anchors.txt") }

// path makes a path of the settings absolute; a relative one starts at the data directory.
func (c *Config) path(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(c.Data, p)
}

// LogFolder is where a Windows service keeps its log, in the data directory.
const LogFolder = "logs"

// LogFile is the log of a Windows service.
func (c *Config) LogFile() string { return filepath.Join(c.Data, LogFolder, "satchel.log") }

// Database is the path of the store.
func (c *Config) Database() string { return filepath.Join(c.Data, "satchel.db") }

// VersionFile is where a data directory notes the first program version that brought its database's schema: the oldest
// one that can be used. It lies beside the database because an older program cannot read what a newer one wrote there.
func (c *Config) VersionFile() string { return c.Database() + ".version" }

// TlsFolder holds what the server makes itself for TLS: keys, certificates and what ACME keeps.
func (c *Config) TlsFolder() string { return filepath.Join(c.Data, "tls") }
