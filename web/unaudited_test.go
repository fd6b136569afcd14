package web

import (
	"net/http"
	"time"
)

// NewUnaudited is New whose reads leave no trail from their handlers on, to measure what the audit log costs. It is in test
// binaries alone: the product has no such switch, and nothing can be written without an event.
func NewUnaudited(o Options) (http.Handler, error) {
	s := &server{Options: o, routes: routes(), started: time.Now(), heavy: make(chan struct{}, 2)}
	for i := range s.routes {
		if s.routes[i].method != http.MethodGet {
			continue
		}
		run := s.routes[i].run
		s.routes[i].run = func(w http.ResponseWriter, c *call) error {
			c.answer.trail = nil
			return run(w, c)
		}
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.outer(http.HandlerFunc(s.serveFHIR)), nil
}
