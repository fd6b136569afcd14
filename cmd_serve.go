package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"

	"satchel/engine"
	"satchel/exports"
	"satchel/handover"
	"satchel/storage"
	"satchel/web"
)

func cmdServe(at *common) *cobra.Command {
	var listen, publicURL, level string
	var insecure bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server until it is interrupted",
		Long: `Runs the server, prints its address, and stops in good order on Ctrl-C or SIGTERM. Exports that have not ended by
then continue at the next start.

Exit codes: 0 stopped on request, 1 failed, 2 wrong usage.`,
		Example: `  satchel serve
  satchel serve --data /var/lib/satchel --listen 127.0.0.1:9090`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			flags := map[string]string{}
			for key, text := range map[string]string{"http.listen": listen, "http.public_url": publicURL, "log.level": level} {
				if text != "" {
					flags[key] = text
				}
			}
			if insecure {
				flags["http.insecure_http"] = "true"
			}
			cfg, err := at.load(flags)
			if err != nil {
				return err
			}
			if !service.Interactive() {
				return runService(c.Context(), cfg)
			}
			return run(c.Context(), cfg, func(addr string) {
				base := cfg.scheme() + "://" + addr
				fmt.Fprintf(c.OutOrStdout(), "serving %s on %s (FHIR base %s/fhir); stop with Ctrl-C\n", cfg.Data, base, base)
				if url := setupURL(cfg, addr); url != "" {
					fmt.Fprintf(c.OutOrStdout(), "there is no account yet; make the first one in a browser on this machine: %s\n", url)
				}
			})
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "address and port, such as 127.0.0.1:8080")
	c.Flags().StringVar(&publicURL, "public-url", "", "URL under which clients see the server")
	c.Flags().BoolVar(&insecure, "insecure-http", false, "allow plain HTTP on an address that other machines can reach")
	c.Flags().StringVar(&level, "log-level", "", "debug, info, warn or error")
	return c
}

// stopTime is how long open requests may take to end once the server is asked to stop. The rest ends at the next write.
const stopTime = 10 * time.Second

// The messages that tell of start and stop, also to the Windows Event Log.
const (
	logStarted = "started"
	logStopped = "stopped"
)

// run is the server with the log that its settings ask for.
func run(ctx context.Context, cfg *Config, ready func(addr string)) error {
	return runLogged(ctx, cfg, newLog(cfg), ready)
}

// runLogged is the server: it calls ready with the address in use, and returns when ctx has ended and everything has stopped.
// The end of ctx, at whatever moment, is a request to stop and no error. The console, the service and the tests all run this.
func runLogged(ctx context.Context, cfg *Config, log *slog.Logger, ready func(addr string)) error {
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
func runParts(ctx context.Context, cfg *Config, log *slog.Logger, ready func(addr string)) (err error) {
	if _, err := os.Stat(cfg.database()); err != nil {
		_, err = openStore(ctx, cfg, storage.Options{}) // says what to do
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

	secured, err := newTLS(cfg, log)
	if err != nil {
		return err
	}
	if secured != nil {
		listener = tls.NewListener(listener, secured)
	}

	store, err := openStore(ctx, cfg, storage.Options{})
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

	metrics, err := newMetrics(cfg, store)
	if err != nil {
		return err
	}
	pages, err := deskOptions(ctx, cfg, store, log)
	if err != nil {
		return err
	}
	options := engineOptions(cfg, log)
	options.Ended = metrics.ExportEnded
	options.Practice = sender(cfg)
	options.Practice.SenderNow = senderNow(pages.Practice)
	options.Practice.Key = func() (*handover.Key, error) { return signingKey(cfg) }
	options.Practice.Requests = requestLines(store)
	jobs := engine.New(store, folder, options)
	deeds := exportsOf(cfg, store, jobs)
	asked := ledger(cfg, store, practiceShown(cfg, pages.Practice), deeds.Packager(), log)
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
		Version:        version,
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
		log.Info(logStarted, "version", version, "data", cfg.Data, "address", listener.Addr().String())
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

// serve runs HTTP and jobs until ctx ends or one of them fails, then stops both and waits for them.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, jobs *engine.Engine, log *slog.Logger, ready func(string)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 2)
	go func() { ended <- jobs.Run(ctx) }()
	go func() {
		err := server.Serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		ended <- err
	}()
	ready(listener.Addr().String())

	var failed error
	running := 2
	select {
	case <-ctx.Done():
	case failed = <-ended:
		running--
	}
	cancel()
	limit, stop := context.WithTimeout(context.Background(), stopTime)
	defer stop()
	if err := server.Shutdown(limit); err != nil {
		log.Warn("some requests were cut off", "err", err)
		server.Close()
	}
	for range running {
		failed = errors.Join(failed, <-ended)
	}
	return failed
}

// engineOptions are the engine's options from the settings.
func engineOptions(cfg *Config, log *slog.Logger) engine.Options {
	return engine.Options{
		MaxJobs:   int(cfg.BulkExport.MaxJobs),
		FileCount: cfg.BulkExport.FileMaxCapacity,
		FileSize:  int64(cfg.BulkExport.FileMaxSize),
		Retention: retention(cfg),
		Log:       log,
		FreeDisk:  cfg.freeDisk,
	}
}

// exportsOf is all that can be done with exports and packages, by the settings.
func exportsOf(cfg *Config, store *storage.Store, jobs *engine.Engine) *exports.Service {
	return &exports.Service{
		Store: store, Engine: jobs,
		Enabled: cfg.BulkExport.Enabled, Exclusive: cfg.BulkExport.Exclusive, InlineMost: int64(cfg.BulkExport.InlineAttachmentMax),
	}
}

func retention(cfg *Config) time.Duration {
	return time.Duration(cfg.BulkExport.FileRetentionHours) * time.Hour
}

// newLog makes the logger: text for people on a terminal, JSON for programs elsewhere, on standard error.
func newLog(cfg *Config) *slog.Logger {
	o := logOptions(cfg)
	if cfg.Log.Format == "text" || cfg.Log.Format == "auto" && isTerminal(os.Stderr) {
		return slog.New(slog.NewTextHandler(os.Stderr, o))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, o))
}

func logOptions(cfg *Config) *slog.HandlerOptions {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		level = slog.LevelInfo // finish has checked it
	}
	return &slog.HandlerOptions{Level: level}
}

// alive asks whether the store answers and takes writes.
func alive(store *storage.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := store.AuditHead(ctx)
		return errors.Join(err, store.Healthy())
	}
}
