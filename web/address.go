package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// parseProxy reads an address or a CIDR range.
func parseProxy(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(addr, addr.BitLen()), nil
}

// BaseURL is the FHIR base as the client sees it, without a slash at its end. Forwarded headers count only from a
// trusted proxy; with a public URL set, nothing that a request says changes a link.
func (s *Server) BaseURL(r *http.Request) string {
	if s.PublicURL != "" {
		return s.PublicURL + FHIRPath
	}
	scheme, host := "http", r.Host
	if r.TLS != nil {
		scheme = "https"
	}
	if s.trusted(peer(r)) {
		if proto := strings.ToLower(last(r.Header.Get("X-Forwarded-Proto"))); proto == "http" || proto == "https" {
			scheme = proto
		}
		if forwarded := last(r.Header.Get("X-Forwarded-Host")); forwarded != "" {
			host = forwarded
		}
	}
	return scheme + "://" + hostText(host) + FHIRPath
}

// hostText keeps a host only if it consists of what a host may consist of.
func hostText(host string) string {
	for _, c := range host {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(".-_:[]", c) {
			return "localhost"
		}
	}
	return host
}

// local reports whether the client sits on this machine. A forwarding header from a proxy that is not trusted says that
// it may not, whatever the connection says.
func (s *Server) local(r *http.Request) bool {
	forwarded := len(r.Header.Values("X-Forwarded-For")) > 0
	if !s.trusted(peer(r)) && (forwarded || r.Header.Get("Forwarded") != "") {
		return false
	}
	return s.Client(r).IsLoopback() && (forwarded || r.Header.Get("Forwarded") == "")
}

// Client is the address of the client: the other end of the connection, or if that is a trusted proxy, the first address
// before it that is none. What cannot be read is the zero address.
func (s *Server) Client(r *http.Request) netip.Addr {
	addr := peer(r)
	forwarded := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	if forwarded == "" {
		return addr
	}
	hops := strings.Split(forwarded, ",")
	for i := len(hops) - 1; i >= 0 && s.trusted(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return netip.Addr{}
		}
		addr = hop.Unmap().WithZone("")
	}
	return addr
}

// trusted reports whether addr is a proxy that is believed.
func (s *Server) trusted(addr netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// peer is the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, _ := netip.ParseAddr(host)
	return addr.Unmap().WithZone("")
}

// last is the last member of a comma list: what the nearest proxy added.
func last(list string) string {
	return strings.TrimSpace(list[strings.LastIndex(list, ",")+1:])
}
