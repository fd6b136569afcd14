// Package app makes the server out of its parts: it gives each the settings that it needs, starts them in order and stops them in
// the opposite order. It also has what belongs to a running server alone: log, metrics, notices, and the service of the operating
// system. It knows no FHIR and no SQL.
package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"satchel/config"
	"satchel/internal/about"
)

// The messages that tell of start and stop, also to the Windows Event Log.
const (
	logStarted = "started"
	logStopped = "stopped"
)

// Run is the server: it calls ready with the address in use, and returns when ctx has ended and everything has stopped.
// The end of ctx, at whatever moment, is a request to stop and no error. The console, the service and the tests all
// run this. log nil is the log that the settings ask for.
func Run(ctx context.Context, cfg *config.Config, log *slog.Logger, ready func(addr string)) error {
	if log == nil {
		log = newLog(cfg)
	}
	return orderly(ctx, runParts(ctx, cfg, log, ready))
}

// orderly is where an error of the server's parts is told from their being asked to stop: once ctx has ended, what says that
// it was cancelled is no error. Errors beside it that [errors.Join] has put there, such as that of closing the store, remain.
func orderly(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var left []error
		for _, e := range all.Unwrap() {
			left = append(left, orderly(ctx, e))
		}
		return errors.Join(left...)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// runParts takes what the server needs in order, works, and gives it back in the opposite order.
func runParts(ctx context.Context, cfg *config.Config, log *slog.Logger, ready func(addr string)) (err error) {
	p := &parts{cfg: cfg, log: log}
	defer func() { err = errors.Join(err, p.close()) }()
	// The listener comes before the store, so that a port in use is said at once and not after a migration.
	for _, step := range []func(context.Context) error{p.lock, p.listen, p.openStore, p.openFolder, p.wire} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return p.work(ctx, ready)
}

// work serves until ctx ends, with a start and a stop in the audit log.
func (p *parts) work(ctx context.Context, ready func(addr string)) (err error) {
	working, endWork := context.WithCancel(ctx)
	var background sync.WaitGroup
	background.Go(func() { chores(working, p.cfg, p.log) })
	background.Go(func() { watch(working, watchdogEvery(), alive(p.store)) })
	defer func() { endWork(); background.Wait() }()
	if err := auditStart(ctx, p.cfg, p.store); err != nil {
		return err
	}
	// From here on the log holds a start, so a stop must follow, whatever happens.
	if err = auditAnchor(ctx, p.cfg, p.store, p.log); err == nil {
		background.Go(func() { p.asked.Run(working) })
		p.log.Info(logStarted, "version", about.Version, "data", p.cfg.Data, "address", p.listener.Addr().String())
		defer context.AfterFunc(ctx, func() { notify("STOPPING=1") })()
		err = serve(ctx, p.listener, hsts(p.cfg, p.handler), p.jobs, p.log, func(addr string) {
			notify("READY=1") // also from what looks like a console: systemd in an LXC container waits for it, too
			ready(addr)
		})
	}
	err = errors.Join(err, auditStop(ctx, p.cfg, p.store, p.log, orderly(ctx, err)))
	p.log.Info(logStopped, "data", p.cfg.Data)
	return err
}
