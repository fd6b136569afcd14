package main

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"satchel/auth"
)

func unknownEnv(name string, known map[string]string) error {
	if near := auth.Nearest(name, slices.Sorted(maps.Keys(known))); near != "" {
		return fmt.Errorf("unknown environment variable %s; did you mean %s?", name, near)
	}
	return fmt.Errorf("unknown environment variable %s; `satchel config show` lists all keys", name)
}

// finish checks all values together, whatever they come from, and makes paths absolute.
func (c *Config) finish() error {
	if err := c.checkHTTP(); err != nil {
		return err
	}
	if c.TLS.Mode != "off" {
		return fmt.Errorf("tls.mode is %q; this version offers only \"off\": leave it so and put a reverse proxy with TLS before Satchel", c.TLS.Mode)
	}
	b := &c.BulkExport
	for _, n := range []struct {
		key   string
		value int64
		max   int64
	}{
		{"file_max_capacity", b.FileMaxCapacity, 10_000_000},
		{"file_max_size", int64(b.FileMaxSize), 1 << 40},
		{"file_retention_hours", b.FileRetentionHours, 24 * 366},
		{"max_jobs", b.MaxJobs, 1000},
	} {
		if n.value < 1 || n.value > n.max {
			return fmt.Errorf("bulk_export.%s is %d; write 1 to %d", n.key, n.value, n.max)
		}
	}
	if b.Folder == "" || strings.ContainsFunc(b.Folder, unicode.IsControl) {
		return fmt.Errorf("bulk_export.folder is %q; write a path, on Windows in single quotes such as 'D:\\exports'", b.Folder)
	}
	b.Folder = c.path(b.Folder)
	for _, e := range []struct {
		key, value string
		legal      []string
	}{
		{"auth.basic", c.Auth.Basic, []string{"loopback", "on", "off"}},
		{"log.level", c.Log.Level, []string{"debug", "info", "warn", "error"}},
		{"log.format", c.Log.Format, []string{"auto", "text", "json"}},
	} {
		if !slices.Contains(e.legal, e.value) {
			return fmt.Errorf("%s is %q; write one of \"%s\"", e.key, e.value, strings.Join(e.legal, `", "`))
		}
	}
	return nil
}

// path makes a path of the settings absolute; a relative one starts at the data directory.
func (c *Config) path(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(c.Data, p)
}

// database is the path of the store.
func (c *Config) database() string { return filepath.Join(c.Data, "satchel.db") }

// checkHTTP checks addresses, and refuses to send health data in clear text to other machines by accident.
func (c *Config) checkHTTP() error {
	host, port, err := net.SplitHostPort(c.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("http.listen is %q; write an address with its port, such as \"127.0.0.1:8080\"", c.HTTP.Listen)
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Errorf("http.listen is %q; %q is not a port", c.HTTP.Listen, port)
	}
	if !isLoopback(host) && !c.HTTP.InsecureHTTP {
		return fmt.Errorf("http.listen is %q, which other machines can reach, and this version serves plain HTTP; "+
			"listen on 127.0.0.1 behind a reverse proxy with TLS, or set http.insecure_http = true in a network that you trust", c.HTTP.Listen)
	}
	if u, err := url.Parse(c.HTTP.PublicURL); c.HTTP.PublicURL != "" &&
		(err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		return fmt.Errorf("http.public_url is %q; write a URL such as \"https://records.example.org\"", c.HTTP.PublicURL)
	}
	for _, p := range c.HTTP.TrustedProxies {
		_, err1 := netip.ParseAddr(p)
		_, err2 := netip.ParsePrefix(p)
		if err1 != nil && err2 != nil {
			return fmt.Errorf("http.trusted_proxies has %q; write an address such as \"10.0.0.5\" or a range such as \"10.0.0.0/24\"", p)
		}
	}
	return nil
}

// isLoopback reports whether only this machine can reach the host.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
