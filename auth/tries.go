package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// Wrong passwords are counted three times, in the database, whether the name exists or not:
//
//   - by name and address together: after a few, this address is locked out of this account for a while, and the right
//     password is refused there, too;
//   - by name alone, and by address alone: after more, each further try must wait, twice as long each time up to a bound.
//     An address from which the account signed in before does not wait: so nobody elsewhere can lock a practice out.
//
// Wrong codes of a second factor are counted by name; one needs the password to make them.
const (
	kindPair    = "pair"
	kindName    = "name"
	kindAddress = "address"
	kindCode    = "code"
)

const (
	pairMost = 5                // wrong passwords
	pairLock = 15 * time.Minute // since the last one
	tryLife  = 24 * time.Hour   // after which counts are forgotten
	knowLife = 90 * 24 * time.Hour
	knowNote = 24 * time.Hour // how often the time of a known address is noted anew
)

// delays is a growing delay: free tries, then first, twice first and so on up to most. After life without a wrong try the
// count begins anew.
type delays struct {
	free        int
	first, most time.Duration
	life        time.Duration
}

var (
	nameDelays    = delays{10, time.Second, time.Minute, tryLife}
	addressDelays = delays{30, time.Second, time.Minute, time.Hour}
	codeDelays    = delays{4, time.Minute, time.Hour, tryLife}
)

// wait is how long from now until the next try is taken; 0: none.
func (d delays) wait(c storage.Count, now time.Time) time.Duration {
	if c.Wrong < d.free || now.Sub(c.Last) >= d.life {
		return 0
	}
	pause := d.most
	if over := c.Wrong - d.free; over < 16 {
		pause = min(d.most, d.first<<over)
	}
	return max(0, c.Last.Add(pause).Sub(now))
}

// tries lets checks of one name from one address go one after the other, so that parallel guesses cannot outrun the count.
type tries struct {
	mu   sync.Mutex
	turn map[storage.TryKey]*turn
}

// turn holds one token.
type turn struct {
	token chan struct{}
	users int
}

// take waits for the key's turn. The caller must call give once.
func (t *tries) take(ctx context.Context, k storage.TryKey) (give func(), err error) {
	t.mu.Lock()
	if t.turn == nil {
		t.turn = map[storage.TryKey]*turn{}
	}
	f := t.turn[k]
	if f == nil {
		f = &turn{token: make(chan struct{}, 1)}
		t.turn[k] = f
	}
	f.users++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if f.users--; f.users == 0 {
			delete(t.turn, k)
		}
	}
	select {
	case f.token <- struct{}{}:
		return func() { <-f.token; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// guess is one check of a password under way.
type guess struct {
	s                   *Service
	name                string // "" if it has no legal form
	pair, byName, byAdr storage.TryKey
	counts              []storage.Count // of pair, name and address
	known               time.Time       // when the account last signed in from the address
	now                 time.Time
}

// newGuess reads what counts against a name and an address.
func (s *Service) newGuess(ctx context.Context, name, address string, now time.Time) (*guess, error) {
	g := &guess{s: s, name: name, now: now, pair: keyOf(kindPair, name, address), byName: keyOf(kindName, name, ""), byAdr: keyOf(kindAddress, "", address)}
	var err error
	if g.counts, err = s.Store.Tries(ctx, g.pair, g.byName, g.byAdr); err != nil {
		return nil, err
	}
	g.known, err = s.Store.KnownAddress(ctx, name, g.pair.Key)
	return g, err
}

// allowed refuses, by a fhir.Error throttled, a guess that must wait.
func (g *guess) allowed(ctx context.Context) error {
	pair, byName, byAdr := g.counts[0], g.counts[1], g.counts[2]
	if wait := pair.Last.Add(pairLock).Sub(g.now); pair.Wrong >= pairMost && wait > 0 {
		return fhir.Errorf(fhir.CodeThrottled,
			"too many wrong passwords for this name; try again in %d minutes", int(wait/time.Minute)+1)
	}
	if g.now.Sub(g.known) < knowLife {
		return nil
	}
	if err := g.s.queue(ctx, nameDelays, g.byName, byName, g.now); err != nil {
		return err
	}
	return g.s.queue(ctx, addressDelays, g.byAdr, byAdr, g.now)
}

// queue lets one try through each time a delay is over, and refuses the others.
func (s *Service) queue(ctx context.Context, d delays, k storage.TryKey, c storage.Count, now time.Time) error {
	wait := d.wait(c, now)
	if wait == 0 && (c.Wrong < d.free || now.Sub(c.Last) >= d.life) {
		return nil
	}
	if wait == 0 {
		taken, err := s.Store.TakeTurn(ctx, k, c, now)
		if err != nil || taken {
			return err
		}
		wait = time.Second
	}
	if wait > time.Minute {
		return fhir.Errorf(fhir.CodeThrottled, "too many wrong tries; try again in %d minutes", int(wait/time.Minute)+1)
	}
	return fhir.Errorf(fhir.CodeThrottled, "too many wrong tries; try again in %d seconds", int(wait/time.Second)+1)
}

// counted counts the try if it was wrong.
func (g *guess) counted(ctx context.Context, err error) error {
	if !errors.Is(err, errLogin) {
		return nil
	}
	return g.wrong(ctx)
}

// wrong counts a wrong password.
func (g *guess) wrong(ctx context.Context) error {
	fresh := map[storage.TryKey]time.Time{g.pair: g.now.Add(-pairLock), g.byName: g.now.Add(-nameDelays.life)}
	if g.name == "" {
		fresh = map[storage.TryKey]time.Time{}
	}
	if g.byAdr.Key != keyOf(kindAddress, "", "").Key {
		fresh[g.byAdr] = g.now.Add(-addressDelays.life)
	}
	return g.s.Store.AddTries(context.WithoutCancel(ctx), g.now, g.now.Add(-tryLife), fresh)
}

// right forgets what the person who has just signed in mistyped, and remembers the address. Best effort: a full disk must
// not keep the administrator out who comes to make room.
func (g *guess) right(ctx context.Context) {
	if g.counts[0].Wrong > 0 {
		_ = g.s.Store.ForgetTries(ctx, g.pair)
	}
	if g.now.Sub(g.known) >= knowNote {
		_ = g.s.Store.KnowAddress(ctx, g.name, g.pair.Key, g.now, g.now.Add(-knowLife))
	}
}

// Unlock makes the update of an account forget all wrong passwords and codes that were counted against its name.
func Unlock(a *storage.Account) {
	a.ForgetTries = storage.TriesOf{Name: prefixOf(a.Name), Kinds: []string{kindPair, kindName, kindCode}}
}

// keyOf is the key for a name and an address, of which either may be "". All spellings of a name are one key; an IPv6
// address stands for its network, since whoever has one address of it has them all.
func keyOf(kind, name, address string) storage.TryKey {
	if ip, err := netip.ParseAddr(address); err == nil {
		ip = ip.Unmap().WithZone("")
		if ip.Is6() {
			ip = netip.PrefixFrom(ip, 64).Masked().Addr()
		}
		address = ip.String()
	}
	k := storage.TryKey{Kind: kind}
	sum := sha256.Sum256([]byte(address))
	prefix := prefixOf(name)
	copy(k.Key[:], prefix[:])
	copy(k.Key[storage.TryPrefix:], sum[:])
	return k
}

func prefixOf(name string) [storage.TryPrefix]byte {
	sum := sha256.Sum256([]byte(strings.ToLower(name)))
	return [storage.TryPrefix]byte(sum[:storage.TryPrefix])
}
