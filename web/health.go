package web

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Check is one thing that readiness depends on.
type Check struct {
	Name string // for the log, such as "export folder"
	Run  func(context.Context) error
}

// readiness remembers the last answer for a moment: anybody may ask, and the checks touch the disk.
type readiness struct {
	mu    sync.Mutex
	asked time.Time
	ready bool
}

// readyFor is how long an answer about readiness holds.
const readyFor = 2 * time.Second

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) { plain(w, http.StatusOK, "ok\n") }

// readyz says whether requests can be served: whether the store takes writes and all of Options.Ready is well. What is
// wrong is for the log alone, since anybody may ask.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if !s.isReady(context.WithoutCancel(r.Context())) {
		plain(w, http.StatusServiceUnavailable, "not ready; the server's log says why\n")
		return
	}
	plain(w, http.StatusOK, "ready\n")
}

func (s *Server) isReady(ctx context.Context) bool {
	s.ready.mu.Lock()
	defer s.ready.mu.Unlock()
	if age := time.Since(s.ready.asked); age >= 0 && age < readyFor {
		return s.ready.ready
	}
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	ready := true
	for _, c := range append([]Check{{"store", s.Store.Writable}}, s.Ready...) {
		if err := c.Run(ctx); err != nil {
			s.Log.Error("not ready", "check", c.Name, "err", err)
			ready = false
		}
	}
	s.ready.asked, s.ready.ready = time.Now(), ready
	return ready
}
