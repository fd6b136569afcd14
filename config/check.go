package config

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
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
	for _, check := range []func() error{c.checkPractice, c.checkHTTP, c.checkTLS, c.checkBackup, c.checkSmart, c.checkAuth, c.checkRequests, c.checkExports} {
		if err := check(); err != nil {
			return err
		}
	}
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

// number is a setting from 1 to most.
type number struct {
	key         string
	value, most int64
}

// checkNumbers refuses a number that is out of its bounds.
func checkNumbers(numbers ...number) error {
	for _, n := range numbers {
		if n.value < 1 || n.value > n.most {
			return fmt.Errorf("%s is %d; write 1 to %d", n.key, n.value, n.most)
		}
	}
	return nil
}

// checkBackup checks the settings of backups that come by themselves.
func (c *Config) checkBackup() error {
	if d := time.Duration(c.Backup.Every); d < time.Minute || d > 31*24*time.Hour {
		return fmt.Errorf("backup.every is %q; write a span from \"1m\" to \"744h\"", c.Backup.Every)
	}
	for _, p := range []*string{&c.Backup.Folder, &c.Backup.PassphraseFile} {
		if *p != "" {
			*p = c.path(*p)
		}
	}
	return checkNumbers(number{"backup.keep", c.Backup.Keep, 10_000})
}

// checkExports checks the settings of exports.
func (c *Config) checkExports() error {
	b := &c.BulkExport
	if b.Folder == "" || strings.ContainsFunc(b.Folder, unicode.IsControl) {
		return fmt.Errorf("bulk_export.folder is %q; write a path, on Windows in single quotes such as 'D:\\exports'", b.Folder)
	}
	b.Folder = c.path(b.Folder)
	return checkNumbers(
		number{"bulk_export.file_max_capacity", b.FileMaxCapacity, 10_000_000},
		number{"bulk_export.file_max_size", int64(b.FileMaxSize), 1 << 40},
		number{"bulk_export.file_retention_hours", b.FileRetentionHours, 24 * 366},
		number{"bulk_export.max_jobs", b.MaxJobs, 1000},
	)
}

// checkHTTP checks addresses, and refuses to send health data in clear text to other machines by accident.
func (c *Config) checkHTTP() error {
	host, port, err := net.SplitHostPort(c.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("http.listen is %q; write an address with its port, such as \"127.0.0.1:8080\"", c.HTTP.Listen)
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Errorf("http.listen is %q; %q is not a port", c.HTTP.Listen, port)
	}
	if c.TLS.Mode == TLSOff && !isLoopback(host) && !c.HTTP.InsecureHTTP {
		return fmt.Errorf("http.listen is %q, which other machines can reach, and plain HTTP would show them health data; set tls.mode = %q, "+
			"listen on 127.0.0.1 behind a reverse proxy with TLS, or set http.insecure_http = true in a network that you trust", c.HTTP.Listen, TLSLocalCA)
	}
	if c.HTTP.PublicURL != "" && !strings.Contains(c.HTTP.PublicURL, "://") {
		c.HTTP.PublicURL = "https://" + c.HTTP.PublicURL
	}
	if u, err := url.Parse(c.HTTP.PublicURL); c.HTTP.PublicURL != "" &&
		(err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil) {
		return fmt.Errorf("http.public_url is %q; write a URL such as \"https://records.example.org\"", c.HTTP.PublicURL)
	}
	if err := checkRanges("http.trusted_proxies", c.HTTP.TrustedProxies); err != nil {
		return err
	}
	return checkRanges("metrics.allow", c.Metrics.Allow)
}

// checkRanges checks a list of addresses and ranges.
func checkRanges(key string, list []string) error {
	for _, p := range list {
		_, err1 := netip.ParseAddr(p)
		_, err2 := netip.ParsePrefix(p)
		if err1 != nil && err2 != nil {
			return fmt.Errorf("%s has %q; write an address such as \"10.0.0.5\" or a range such as \"10.0.0.0/24\"", key, p)
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
