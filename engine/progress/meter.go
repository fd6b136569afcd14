// Package progress counts what background work has done and reports it now and then.
package progress

import (
	"sync"
	"sync/atomic"
	"time"
)

// Meter counts and reports progress.
type Meter struct {
	Done    atomic.Int64
	end     chan struct{}
	reports sync.WaitGroup
}

// reportEvery is how often progress is reported: each report of a job is a commit.
const reportEvery = 500 * time.Millisecond

// Start reports at once and then regularly, from a goroutine of its own, until Stop.
func Start(total int64, report func(done, total int64)) *Meter {
	m := &Meter{end: make(chan struct{})}
	m.reports.Go(func() {
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			done := m.Done.Load()
			report(done, max(done, total)) // the total is an estimate
			select {
			case <-m.end:
				return
			case <-tick.C:
			}
		}
	})
	return m
}

// Stop ends the reports and waits for the last one.
func (m *Meter) Stop() {
	close(m.end)
	m.reports.Wait()
}
