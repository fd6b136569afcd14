package testsatchel

import (
	"testing"

	"satchel/audit"
	"satchel/config"
	"satchel/storage"
)

// EveryStartStopped looks for a stop after each start in the audit log, and for an anchor of each. It returns how many starts
// there are.
func EveryStartStopped(t *testing.T, cfg *config.Config) int {
	t.Helper()
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	Must(t, err)
	defer s.Close()
	events, _, err := s.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.Start, audit.Stop}}, audit.Page{Count: 1000})
	Must(t, err)
	for i, e := range events {
		if want := []audit.Action{audit.Start, audit.Stop}[i%2]; e.Action != want {
			t.Fatalf("event %d is a %s, want a %s", i, e.Action, want)
		}
		if e.Outcome == audit.Failed {
			t.Errorf("event %d, %s, has failed", i, e.Action)
		}
	}
	if len(events)%2 != 0 {
		t.Error("the last start has no stop")
	}
	if anchors, err := storage.ReadAuditAnchors(cfg.Anchors()); err != nil || len(anchors) != len(events) {
		t.Errorf("%d anchors for %d starts and stops (%v)", len(anchors), len(events), err)
	}
	return len(events) / 2
}
