package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	keepDefault  = 5 * time.Minute // how long a key set is kept if its server does not say
	keepMost     = time.Hour       // and at most
	keepFailure  = 5 * time.Second // a failed fetch is not repeated so long
	refetchGap   = 10 * time.Second
	burstFetches = 30 // fetches of one address per minute
	fetchedMost  = 1000
)

// fetched keeps key sets that clients publish, each no longer than its server allows. Nobody can make it fetch often:
// one address is fetched by one request at a time, a failure is remembered for a while, an unknown kid leads to one new
// fetch per refetchGap, and there is a limit per minute for servers that forbid keeping.
type fetched struct {
	mu   sync.Mutex
	sets map[address]*published
}

// address is where a key set is, and whether that may be in the local network.
type address struct {
	url     string
	private bool
}

// published is the key set of one address as it was last fetched.
type published struct {
	turn    chan struct{} // one token: who has it may use the rest
	keys    []key
	err     error
	until   time.Time // keys or err hold so long
	forced  time.Time // the last fetch for an unknown kid
	minute  time.Time // when the count began
	fetches int
}

// find returns the published keys with the kid and kind. If there are none, it looks whether new ones were published.
func (f *fetched) find(ctx context.Context, at address, id, kind string, now time.Time) ([]key, error) {
	p := f.at(at)
	select {
	case <-p.turn:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { p.turn <- struct{}{} }()
	fresh := false
	if !now.Before(p.until) {
		p.fetch(ctx, at, now)
		fresh = true
	}
	if p.err != nil {
		return nil, p.err
	}
	found := matching(p.keys, id, kind)
	if len(found) == 0 && !fresh && now.Sub(p.forced) >= refetchGap {
		p.refetch(ctx, at, now)
		found = matching(p.keys, id, kind)
	}
	return found, nil
}

// refetch looks for new keys early. If that fails, the old ones stay good: nobody may switch them off by a made-up kid.
func (p *published) refetch(ctx context.Context, at address, now time.Time) {
	keys, until := p.keys, p.until
	p.forced = now
	if p.fetch(ctx, at, now); p.err != nil {
		p.keys, p.err, p.until = keys, nil, until
	}
}

// at is the entry of an address.
func (f *fetched) at(at address) *published {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.sets[at]
	if p == nil {
		if f.sets == nil || len(f.sets) >= fetchedMost { // addresses of clients that are gone
			f.sets = map[address]*published{}
		}
		p = &published{turn: make(chan struct{}, 1)}
		p.turn <- struct{}{}
		f.sets[at] = p
	}
	return p
}

// fetch replaces what is kept.
func (p *published) fetch(ctx context.Context, at address, now time.Time) {
	if now.Sub(p.minute) >= time.Minute {
		p.minute, p.fetches = now, 0
	}
	if p.fetches++; p.fetches > burstFetches {
		p.keys, p.err, p.until = nil, errors.New("the key set was fetched too often in the last minute"), now.Add(keepFailure)
		return
	}
	var keep time.Duration
	// Others wait for this answer, so it does not end with the request that happened to ask first.
	p.keys, keep, p.err = fetchKeySet(context.WithoutCancel(ctx), at)
	if p.err != nil {
		keep = keepFailure
	}
	p.until = now.Add(keep)
}

// fetchKeySet gets and parses a key set, and says how long it may be kept. The errors name no address or body.
func fetchKeySet(ctx context.Context, at address) ([]key, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.url, nil)
	if err != nil {
		return nil, 0, errors.New("the address of the key set is not a URL")
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := fetcher(at.private).Do(req)
	if errors.Is(err, errPrivateAddress) {
		return nil, 0, errPrivateAddress
	} else if err != nil {
		return nil, 0, errors.New("the key set could not be fetched: its server did not answer in time, or not by the rules of HTTP and TLS")
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("the key set could not be fetched: its server answered with status %d, and only 200 will do", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, keySetBytes+1))
	if err != nil {
		return nil, 0, errors.New("the key set could not be fetched: its server stopped answering")
	}
	keys, err := parseKeySet(body)
	return keys, keepFor(res.Header), err
}

// keepFor reads for how long Cache-Control lets an answer be kept.
func keepFor(h http.Header) time.Duration {
	keep := keepDefault
	for part := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "=")
		switch strings.TrimSpace(name) {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
			if err != nil {
				return 0
			}
			keep = min(time.Duration(seconds)*time.Second, keepMost)
		}
	}
	if age, err := strconv.ParseUint(h.Get("Age"), 10, 31); err == nil { // time spent in a cache on the way
		keep -= time.Duration(age) * time.Second
	}
	return max(keep, 0)
}

// fetcher is an HTTP client that follows no redirect, uses no proxy, which would hide whom it talks to, and unless
// private connects to public addresses only. That is checked on the address that is dialled, after the name is
// resolved, so that a name cannot change between a check and the connection.
func fetcher(private bool) *http.Client {
	d := &net.Dialer{Timeout: fetchTimeout, Control: func(_, target string, _ syscall.RawConn) error {
		if a, err := netip.ParseAddrPort(target); !private && (err != nil || !isPublic(a.Addr())) {
			return errPrivateAddress
		}
		return nil
	}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            d.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    fetchTimeout,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: keySetBytes,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var errPrivateAddress = errors.New("the key set's host is in the local network; if that is right, register the client with private addresses allowed")

// isPublic reports whether an address is one of the open internet.
func isPublic(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// special are ranges that IsGlobalUnicast lets pass though they lead to the local network, to nowhere, or by way of
// an embedded IPv4 address to either (IANA's special-purpose registries).
var special = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}
