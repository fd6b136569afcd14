package await

import (
	"context"
	"sync/atomic"
	"testing"
)

// Steps is a context that is cancelled when somebody asks it for the nth time whether it is. So a test can stop something at each
// of its steps, whatever the machine's speed.
type Steps struct {
	context.Context
	Cancel context.CancelFunc
	left   atomic.Int64
	n      int64
}

// StopAfter makes such a context, which ends with the test.
func StopAfter(t testing.TB, n int) *Steps {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s := &Steps{Context: ctx, Cancel: cancel, n: int64(n)}
	s.left.Store(s.n)
	return s
}

// Looks is how often it was asked.
func (s *Steps) Looks() int { return int(s.n - s.left.Load()) }

func (s *Steps) look() {
	if s.left.Add(-1) == 0 {
		s.Cancel()
	}
}

// Done is [context.Context.Done], and counts.
func (s *Steps) Done() <-chan struct{} { s.look(); return s.Context.Done() }

// Err is [context.Context.Err], and counts.
func (s *Steps) Err() error { s.look(); return s.Context.Err() }
