package web

import (
	"sync"
	"time"
)

// polls counts how often each caller asks for each job that is under way. A caller may ask 50 times at once and 5 times
// a second from then on: far more than Retry-After asks for, so that only a loop without a pause is slowed down.
type polls struct {
	mu   sync.Mutex
	last map[string]pollCount
}

// pollCount is a bucket that held so many tokens at a time.
type pollCount struct {
	tokens float64
	at     time.Time
}

const (
	pollBurst  = 50
	pollRate   = 5 // a second
	pollsKnown = 1000
)

// Allow takes a token for the caller's poll of a job; false if there is none.
func (p *polls) Allow(caller, job string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		p.last = map[string]pollCount{}
	}
	if len(p.last) >= pollsKnown {
		p.forget(now)
	}
	key := job + " " + caller
	n, known := p.last[key]
	if !known {
		n = pollCount{pollBurst, now}
	}
	n.tokens = min(n.tokens+now.Sub(n.at).Seconds()*pollRate, pollBurst)
	n.at = now
	ok := n.tokens >= 1
	if ok {
		n.tokens--
	}
	p.last[key] = n
	return ok
}

// forget drops the buckets that are full again, and all if that is none.
func (p *polls) forget(now time.Time) {
	for key, n := range p.last {
		if n.tokens+now.Sub(n.at).Seconds()*pollRate >= pollBurst {
			delete(p.last, key)
		}
	}
	if len(p.last) >= pollsKnown {
		clear(p.last)
	}
}
