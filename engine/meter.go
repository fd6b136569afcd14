package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// meter counts and reports progress.
type meter struct {
	done    atomic.Int64
	end     chan struct{}
	reports sync.WaitGroup
}

// reportEvery is how often progress is reported: each report of a job is a commit.
const reportEvery = 500 * time.Millisecond

// startMeter reports at once and then regularly, from a goroutine of its own, until stop.
func startMeter(total int64, report func(done, total int64)) *meter {
	m := &meter{end: make(chan struct{})}
	m.reports.Go(func() {
		tick := time.NewTicker(reportEvery)
		defer tick.Stop()
		for {
			done := m.done.Load()
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

// stop ends the reports and waits for the last one.
func (m *meter) stop() {
	close(m.end)
	m.reports.Wait()
}
