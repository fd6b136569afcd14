package config

import (
	"net"
	"net/netip"
	"strings"
)

// Bases are the FHIR base URLs that the settings give the server: its public one, or where it listens if it has none.
func (c *Config) Bases() []string {
	if c.HTTP.PublicURL != "" {
		return []string{strings.TrimSuffix(c.HTTP.PublicURL, "/") + "/fhir"}
	}
	host, port, err := net.SplitHostPort(c.HTTP.Listen)
	if err != nil || port == "0" {
		return nil
	}
	addr, err := netip.ParseAddr(host)
	if host == "" || host == "localhost" || err == nil && (addr.IsUnspecified() || addr.IsLoopback()) {
		return []string{"http://127.0.0.1:" + port + "/fhir", "http://localhost:" + port + "/fhir"}
	}
	return []string{"http://" + c.HTTP.Listen + "/fhir"}
}
