package storage

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/audit"
)

// refusal is what a stranger leaves.
func refusal(from, target string) audit.Event {
	e := audit.Event{Who: audit.Who{Kind: audit.Anonymous}, From: from, Action: audit.AccessRefused, Outcome: audit.Refused, Status: 401, Target: target}
	if target != "" {
		e.Action = audit.SignInFailed
	}
	return e
}

func mustAudit(t testing.TB, s *Store, e audit.Event) {
	t.Helper()
	if err := s.Audit(context.Background(), e); err != nil {
		t.Fatal(err)
	}
}

// A flood from one address costs a bounded number of rows, and nothing of it is lost: the last row says that others are
// counted, and the sum says how many, of what kind and against whom.
func TestStrangersDoNotFillTheLog(t *testing.T) {
	t.Parallel()
	s, path := auditStore(t)
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return now }
	const flood = 5000
	before, _ := os.Stat(path + "-wal")
	for i := range flood {
		target := ""
		if i%10 == 0 {
			target = "anna"
		}
		mustAudit(t, s, refusal("203.0.113.9", target))
	}
	mustAudit(t, s, refusal("203.0.113.10", "")) // another address has its own count
	mustAudit(t, s, audit.Event{Who: audit.Who{Name: "ann", Kind: audit.User}, From: "203.0.113.9", Action: audit.Read, Outcome: audit.Refused, Status: 403})
	all := allEvents(t, s, audit.Filter{}, audit.Sort{})
	if len(all) != strangerMost+1+2 {
		t.Fatalf("%d events", len(all))
	}
	if e := all[strangerMost]; !strings.Contains(e.Detail, "further refusals from 203.0.113.9 are counted until 2026-03-04T06:00:00.000Z") {
		t.Errorf("%+v", e)
	}
	if after, _ := os.Stat(path + "-wal"); after.Size()-before.Size() > 8<<20 {
		t.Errorf("the log took %d bytes", after.Size()-before.Size())
	}
	now = now.Add(strangerWindow) // the next one, of whomever, ends the window
	mustAudit(t, s, refusal("203.0.113.10", ""))
	all = allEvents(t, s, audit.Filter{}, audit.Sort{})
	sum := all[len(all)-2]
	want := fmt.Sprintf("%d more refusals, from 2026-03-04T05:00:00.000Z to 2026-03-04T05:00:00.000Z: 4320 of access-refused 401, 479 of sign-in-failed 401; accounts: 479 of anna",
		flood-strangerMost-1)
	if sum.Detail != want || sum.From != "203.0.113.9" || sum.Who.Kind != audit.Anonymous || sum.Outcome != audit.Refused {
		t.Errorf("got  %+v\nwant %s", sum, want)
	}
	for range 3 {
		mustAudit(t, s, refusal("203.0.113.9", "")) // a new window begins with rows again
	}
	if got := len(allEvents(t, s, audit.Filter{}, audit.Sort{})); got != len(all)+3 {
		t.Errorf("%d events after %d", got, len(all))
	}
	if v := mustVerify(t, s); !v.OK() {
		t.Error(v)
	}
}

// Many addresses together are bounded, too, and all of an IPv6 network are one.
func TestStrangersFromEverywhere(t *testing.T) {
	t.Parallel()
	s, path := auditStore(t)
	for i := range 2 * strangersMost {
		mustAudit(t, s, refusal(fmt.Sprintf("10.1.%d.%d", i/250, i%250), ""))
	}
	if got := len(allEvents(t, s, audit.Filter{}, audit.Sort{})); got != strangersMost+1 {
		t.Errorf("%d events", got)
	}
	if got := len(s.strangers.each); got != strangersMost+1 {
		t.Errorf("%d addresses in memory", got)
	}
	if err := s.Close(); err != nil { // a store that is closed forgets nothing
		t.Fatal(err)
	}
	s = openFile(t, path, Options{})
	all := allEvents(t, s, audit.Filter{}, audit.Sort{})
	if last := all[len(all)-1]; !strings.HasPrefix(last.Detail, fmt.Sprintf("%d more refusals", strangersMost-1)) || last.From != "" {
		t.Errorf("%+v", last)
	}
	for i := range strangerMost + 50 {
		mustAudit(t, s, refusal(fmt.Sprintf("2001:db8::%x", i+1), ""))
	}
	if got := len(allEvents(t, s, audit.Filter{}, audit.Sort{})); got != len(all)+strangerMost+1 {
		t.Errorf("%d events", got-len(all))
	}
}

// What cannot be stored at the end of a window is stored later.
func TestStrangersWaitForTheDisk(t *testing.T) {
	t.Parallel()
	s, _ := auditStore(t)
	for range strangerMost + 100 {
		mustAudit(t, s, refusal("203.0.113.9", ""))
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.w.lock(t.Context()); err != nil { // the writer is busy, and the caller does not wait
		t.Fatal(err)
	}
	err := s.SettleAudit(gone)
	s.w.unlock()
	if err == nil {
		t.Fatal("no error")
	}
	mustAudit(t, s, refusal("203.0.113.9", ""))
	if err := s.SettleAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := allEvents(t, s, audit.Filter{}, audit.Sort{})
	if last := all[len(all)-1]; !strings.HasPrefix(last.Detail, "99 more refusals") {
		t.Errorf("%+v", last)
	}
	if err := s.SettleAudit(t.Context()); err != nil || len(allEvents(t, s, audit.Filter{}, audit.Sort{})) != len(all) {
		t.Error("settled twice", err)
	}
}

// Strangers at the same time are each noted or counted, once.
func TestStrangersTogether(t *testing.T) {
	t.Parallel()
	s, _ := auditStore(t)
	const each, callers = 100, 8
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				mustAudit(t, s, refusal("203.0.113.9", ""))
			}
		})
	}
	wg.Wait()
	if err := s.SettleAudit(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := allEvents(t, s, audit.Filter{}, audit.Sort{})
	if len(all) != strangerMost+2 || !strings.HasPrefix(all[len(all)-1].Detail, fmt.Sprintf("%d more", each*callers-strangerMost-1)) {
		t.Errorf("%d events, %+v", len(all), all[len(all)-1])
	}
}
