package requests

import (
	"context"
	"errors"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// startGrace is how long a request may be producing without a job before its start counts as lost: by a crash between
// both, or in another process.
const startGrace = 5 * time.Minute

// Advance looks after the requests whose package is being made or waits: those whose job is complete become ready, those whose
// job failed or was cancelled are given back for another try with the reason, and so are those whose package is gone before
// it was handed over. All it knows is in the store, so that it goes on after a restart as if nothing had been.
func (l *Ledger) Advance(ctx context.Context) error {
	p, err := l.packager()
	if err != nil {
		return err
	}
	failed := l.startApps(ctx)
	f := storage.RequestFilter{States: []string{string(Producing), string(Ready)}}
	for cursor := ""; ; {
		page, next, err := l.store.Requests(ctx, f, storage.RequestPage{By: "number", Cursor: cursor, Count: 200})
		if err != nil {
			return err
		}
		for _, row := range page {
			failed = errors.Join(failed, l.tend(ctx, p, row))
		}
		if cursor = next; next == "" {
			return failed
		}
	}
}

// tend looks after one request.
func (l *Ledger) tend(ctx context.Context, p Packager, row storage.Request) error {
	r, err := requestOf(row)
	if err != nil {
		return err
	}
	if r.Job == "" {
		if l.held(r.ID) || l.store.Now().Sub(r.Changed) < startGrace {
			return nil
		}
		return l.settled(l.fail(ctx, system(), r, "the server stopped before the package was begun; start it again"))
	}
	job, err := l.store.Job(ctx, r.Job)
	if missing(err) {
		return l.gone(ctx, r)
	}
	if err != nil || r.State == Ready {
		return err
	}
	switch job.State {
	case storage.Complete:
		return l.finish(ctx, p, r, job)
	case storage.Failed:
		return l.settled(l.fail(ctx, system(), r, job.Error))
	}
	return nil
}

// gone deals with a job that is no longer there.
func (l *Ledger) gone(ctx context.Context, r Request) error {
	if r.State == Producing {
		return l.settled(l.fail(ctx, system(), r, "the job was cancelled, or its time was over; start the package again"))
	}
	return l.settled(l.change(ctx, system(), Seen{r.ID, r.Version}, StepRemake, "the package was removed, or its time was over", func(c *change) error {
		return c.tx.RevokeLinks(c.ID)
	}))
}

// finish makes a request ready whose job is complete, and keeps the package until it can have been handed over.
func (l *Ledger) finish(ctx context.Context, p Packager, r Request, job storage.Job) error {
	m, err := made(p, job, r.App != nil)
	if err != nil {
		return l.settled(l.fail(ctx, system(), r, "what the job made cannot be read; start the package again"))
	}
	until := r.Due.End(l.Zone())
	if now := l.store.Now(); until.Before(now) {
		until = now
	}
	if err := p.Keep(ctx, job.ID, until.Add(keepFor)); err != nil && !missing(err) {
		return err
	}
	return l.settled(l.change(ctx, system(), Seen{r.ID, r.Version}, StepFinish, m.Verdict, func(c *change) error {
		c.Request.Package = m
		c.event.Detail = "job " + job.ID + ", " + m.Verdict
		return nil
	}))
}

// settled drops the conflict that somebody else was there first.
func (l *Ledger) settled(_ Request, err error) error {
	if known, ok := errors.AsType[*fhir.Error](err); ok && known.Code == fhir.CodeConflict {
		return nil
	}
	return err
}

func missing(err error) bool {
	known, ok := errors.AsType[*fhir.Error](err)
	return ok && known.Code == fhir.CodeNotFound
}

// tendEvery is how long Run waits before it looks again.
const tendEvery = 2 * time.Second

// Run tends the requests until ctx ends.
func (l *Ledger) Run(ctx context.Context) {
	t := time.NewTicker(tendEvery)
	defer t.Stop()
	for ctx.Err() == nil {
		if err := l.Advance(ctx); err != nil && ctx.Err() == nil {
			l.options.Log.Error("requests not tended, will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-l.wake:
		}
	}
}

// Wake makes Run look at once, such as when a job has ended.
func (l *Ledger) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
