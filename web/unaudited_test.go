package web

import (
	"net/http"
	"time"

	"satchel/storage"
)

// NewUnaudited is New whose requests leave no trail from their handlers on, to measure what the audit log costs. It is in
// test binaries alone: the product has no such switch.
func NewUnaudited(o Options) (http.Handler, error) {
	s := &server{Options: o, routes: routes(), started: time.Now(), heavy: make(chan struct{}, 2)}
	for i := range s.routes {
		run := s.routes[i].run
		s.routes[i].run = func(w http.ResponseWriter, c *call) error {
			c.answer.trail = nil
			c.Request = c.Request.WithContext(storage.WithNote(c.Context(), nil))
			return run(w, c)
		}
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.outer(http.HandlerFunc(s.serveFHIR)), nil
}
