// Package app makes the server out of its parts: it gives each the settings that it needs, starts them in order and stops them in
// the opposite order. It also has what belongs to a running server alone: log, metrics, notices, and the service of the operating
// system. It knows no FHIR and no SQL.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"satchel/certs"
	"satchel/config"
	"satchel/datadir"
	"satchel/engine"
	"satchel/handover"
	"satchel/internal/about"
	"satchel/storage"
	"satchel/web"
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

// runParts starts the parts in order, waits, and stops them in the opposite order.
func runParts(ctx context.Context, cfg *config.Config, log *slog.Logger, ready func(addr string)) (err error) {
	if _, err := os.Stat(cfg.Database()); err != nil {
		_, err = datadir.Open(ctx, cfg, storage.Options{}) // says what to do
		return err
	}
	unlock, err := storage.LockFile(filepath.Join(cfg.Data, "satchel.lock"))
	if errors.Is(err, storage.ErrLocked) {
		return fmt.Errorf("another Satchel already serves %q; stop it first", cfg.Data)
	} else if err != nil {
		return err
	}
	defer unlock()

	// The listener comes before the store, so that a port in use is said at once and not after a migration.
	listener, err := net.Listen("tcp", cfg.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("listen on http.listen %q: %w", cfg.HTTP.Listen, err)
	}
	defer listener.Close()

	secured, err := certs.New(cfg, log)
	if err != nil {
		return err
	}
	if secured != nil {
		listener = tls.NewListener(listener, secured)
	}

	store, err := datadir.Open(ctx, cfg, storage.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	if err := os.MkdirAll(cfg.BulkExport.Folder, 0o700); err != nil {
		return fmt.Errorf("folder for exports: %w", err)
	}
	folder, err := os.OpenRoot(cfg.BulkExport.Folder)
	if err != nil {
		return fmt.Errorf("folder for exports: %w", err)
	}
	defer folder.Close()

	metrics, err := NewMetrics(cfg, store)
	if err != nil {
		return err
	}
	pages, err := deskOptions(ctx, cfg, store, log)
	if err != nil {
		return err
	}
	options := EngineOptions(cfg, log)
	options.Ended = metrics.ExportEnded
	options.Practice = sender(cfg)
	options.Practice.SenderNow = senderNow(pages.Practice)
	options.Practice.Key = func() (*handover.Key, error) { return datadir.SigningKey(cfg) }
	options.Practice.Requests = RequestLines(store)
	jobs := engine.New(store, folder, options)
	deeds := ExportsOf(cfg, store, jobs)
	asked := Ledger(cfg, store, practiceShown(cfg, pages.Practice), deeds.Packager(), log)
	handler, err := web.New(web.Options{
		Store:          store,
		Exports:        deeds,
		Requests:       asked,
		Auth:           accounts(cfg, store),
		Tokens:         tokens(cfg, store),
		Log:            log,
		PublicURL:      cfg.HTTP.PublicURL,
		Basic:          cfg.Auth.Basic,
		TrustedProxies: cfg.HTTP.TrustedProxies,
		CORSOrigins:    cfg.HTTP.CORSOrigins,
		Version:        about.Version,
		FormatURL:      cfg.Package.DocumentationURL,
		Desk:           pages,
		Ready:          checks(cfg, folder),
		Metrics:        metrics,
	})
	if err != nil {
		return err
	}
	tending, untend := context.WithCancel(ctx)
	var chores sync.WaitGroup
	chores.Go(func() { tend(tending, cfg, log) })
	chores.Go(func() { watch(tending, watchdogEvery(), alive(store)) })
	defer func() { untend(); chores.Wait() }()
	if err := auditStart(ctx, cfg, store); err != nil {
		return err
	}
	// From here on the log holds a start, so a stop must follow, whatever happens.
	if err = auditAnchor(ctx, cfg, store, log); err == nil {
		chores.Go(func() { asked.Run(tending) })
		log.Info(logStarted, "version", about.Version, "data", cfg.Data, "address", listener.Addr().String())
		defer context.AfterFunc(ctx, func() { notify("STOPPING=1") })()
		err = serve(ctx, listener, hsts(cfg, handler), jobs, log, func(addr string) {
			notify("READY=1") // also from what looks like a console: systemd in an LXC container waits for it, too
			ready(addr)
		})
	}
	err = errors.Join(err, auditStop(ctx, cfg, store, log, orderly(ctx, err)))
	log.Info(logStopped, "data", cfg.Data)
	return err
}
