package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// Who has not signed in can be refused as often as they like, and each refusal is an event. So that strangers do not fill
// the disk, the log takes so many of one address in a window, and so many of all together; the next one says that others
// are counted from then on, and at the window's end one event per address tells how many there were, of what kind, and
// against which accounts. The fact is thus on the disk before the count begins; a crash costs the number alone.
const (
	strangerWindow = time.Hour
	strangerMost   = 200  // refusals of one address in a window that are events of their own
	strangersMost  = 2000 // of all addresses together
	strangerNames  = 20   // accounts that a sum names; others are counted
)

// strangers counts the refusals of one window.
type strangers struct {
	sync.Mutex
	until time.Time            // the window's end; zero: none is open
	each  map[string]*stranger // by address; "" stands for all that come once strangersMost is reached
	noted int                  // refusals that are events of their own
	sums  []audit.Event        // of earlier windows, that could not be stored
	timer *time.Timer
}

// stranger is what came from one address.
type stranger struct {
	noted, counted int
	first, last    time.Time // of those counted
	kinds, names   map[string]int
}

// isStranger reports whether an event is the refusal of somebody who has not signed in.
func isStranger(e audit.Event) bool {
	return e.Who.Kind == audit.Anonymous && e.Outcome == audit.Refused
}

// take reports whether the refusal is to be an event of its own. If not, it has been counted. The first that is over a
// limit is an event, and is told so.
func (w *strangers) take(s *Store, e *audit.Event, now time.Time) bool {
	w.Lock()
	defer w.Unlock()
	if w.until.IsZero() {
		w.until, w.each, w.noted = now.Add(strangerWindow), map[string]*stranger{}, 0
		w.timer = time.AfterFunc(strangerWindow, func() { _ = s.SettleAudit(context.Background()) })
	}
	from, most := networkOf(e.From), strangerMost
	if w.each[from] == nil && w.noted >= strangersMost {
		from, most = "", 0
	}
	g := w.each[from]
	if g == nil {
		g = &stranger{kinds: map[string]int{}, names: map[string]int{}}
		w.each[from] = g
	}
	if g.noted < most && w.noted < strangersMost {
		g.noted, w.noted = g.noted+1, w.noted+1
		return true
	}
	if g.counted++; g.counted == 1 {
		g.first, g.last = now, now
		e.Detail = strings.TrimPrefix(e.Detail+"; further refusals from "+cmp.Or(from, "anywhere else")+" are counted until "+fhir.FormatInstant(w.until), "; ")
		return true
	}
	g.last = now
	g.kinds[fmt.Sprintf("%s %d", e.Action, e.Status)]++
	if _, known := g.names[e.Target]; e.Target != "" && (known || len(g.names) < strangerNames) {
		g.names[e.Target]++
	}
	return false
}

// over reports whether a window is open that has come to its end.
func (w *strangers) over(now time.Time) bool {
	w.Lock()
	defer w.Unlock()
	return !w.until.IsZero() && !now.Before(w.until)
}

// close ends the window and answers the sums that are still to be stored.
func (w *strangers) close() []audit.Event {
	w.Lock()
	defer w.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
	sums := w.sums
	for _, from := range slices.Sorted(maps.Keys(w.each)) {
		if g := w.each[from]; g.counted > 1 { // the first was an event
			sums = append(sums, g.sum(from))
		}
	}
	w.until, w.each, w.sums = time.Time{}, nil, nil
	return sums
}

// sum is the event that stands for all that were only counted.
func (g *stranger) sum(from string) audit.Event {
	text := fmt.Sprintf("%d more refusals, from %s to %s: %s", g.counted-1, fhir.FormatInstant(g.first), fhir.FormatInstant(g.last), tally(g.kinds))
	if len(g.names) > 0 {
		text += "; accounts: " + tally(g.names)
	}
	return audit.Event{Who: audit.Who{Kind: audit.Anonymous}, From: from, Action: audit.AccessRefused, Outcome: audit.Refused, Detail: text}
}

// tally lists counts, the greatest first: "12 of anna, 3 of ben".
func tally(counts map[string]int) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, key := range keys {
		keys[i] = fmt.Sprintf("%d of %s", counts[key], key)
	}
	return strings.Join(keys, ", ")
}

// networkOf is an address, or for IPv6 the network of it: whoever has one address there has them all.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
}

// SettleAudit stores how many refusals of strangers were only counted, before the server stops or when a window ends. What
// cannot be stored is kept for the next time.
func (s *Store) SettleAudit(ctx context.Context) error {
	sums := s.strangers.close()
	if len(sums) == 0 {
		return nil
	}
	err := s.write(ctx, func(tx *Tx) error {
		return tx.record(sums...)
	})
	if err != nil {
		s.strangers.Lock()
		s.strangers.sums = append(sums, s.strangers.sums...)
		s.strangers.Unlock()
		return errors.Join(errors.New("the count of refused strangers is not in the audit log yet"), err)
	}
	return nil
}
