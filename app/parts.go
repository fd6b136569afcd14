package app

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
	"slices"

	"satchel/certs"
	"satchel/config"
	"satchel/datadir"
	"satchel/engine"
	"satchel/handover"
	"satchel/internal/about"
	"satchel/internal/durable"
	"satchel/requests"
	"satchel/storage"
	"satchel/web"
	"satchel/web/faces"
)

// parts are what a server is made of.
type parts struct {
	cfg *config.Config
	log *slog.Logger

	listener net.Listener
	store    *storage.Store
	folder   *os.Root // for files of exports and packages
	jobs     *engine.Engine
	asked    *requests.Ledger
	handler  http.Handler

	taken []func() error // give back what was taken, in order of taking
}

// close gives everything back, in the opposite order of taking.
func (p *parts) close() (err error) {
	for _, giveBack := range slices.Backward(p.taken) {
		err = errors.Join(err, giveBack())
	}
	return err
}

// lock keeps a second server away from the data directory.
func (p *parts) lock(ctx context.Context) error {
	if _, err := os.Stat(p.cfg.Database()); err != nil {
		_, err = datadir.Open(ctx, p.cfg, storage.Options{}) // says what to do
		return err
	}
	unlock, err := storage.LockFile(filepath.Join(p.cfg.Data, "satchel.lock"))
	if errors.Is(err, storage.ErrLocked) {
		return fmt.Errorf("another Satchel already serves %q; stop it first", p.cfg.Data)
	} else if err != nil {
		return err
	}
	p.taken = append(p.taken, func() error { unlock(); return nil })
	return nil
}

// listen takes the port, and TLS if the settings want it.
func (p *parts) listen(context.Context) (err error) {
	if p.listener, err = net.Listen("tcp", p.cfg.HTTP.Listen); err != nil {
		return fmt.Errorf("listen on http.listen %q: %w", p.cfg.HTTP.Listen, err)
	}
	plain := p.listener
	p.taken = append(p.taken, func() error { _ = plain.Close(); return nil }) // the HTTP server has closed it as a rule
	secured, err := certs.New(p.cfg, p.log)
	if err == nil && secured != nil {
		p.listener = tls.NewListener(plain, secured)
	}
	return err
}

func (p *parts) openStore(ctx context.Context) (err error) {
	if p.store, err = datadir.Open(ctx, p.cfg, storage.Options{}); err == nil {
		p.taken = append(p.taken, p.store.Close)
	}
	return err
}

func (p *parts) openFolder(context.Context) error {
	err := durable.MkdirAll(p.cfg.BulkExport.Folder, 0o700)
	if err == nil {
		p.folder, err = os.OpenRoot(p.cfg.BulkExport.Folder)
	}
	if err != nil {
		return fmt.Errorf("folder for exports: %w", err)
	}
	p.taken = append(p.taken, p.folder.Close)
	return nil
}

// wire gives each part the settings and the other parts that it needs.
func (p *parts) wire(ctx context.Context) error {
	cfg, store := p.cfg, p.store
	metrics, err := NewMetrics(cfg, store)
	if err != nil {
		return err
	}
	pages, err := pageOptions(ctx, cfg, store, p.log)
	if err != nil {
		return err
	}
	options := EngineOptions(cfg, p.log)
	options.Ended = metrics.ExportEnded
	options.Packages = packageOptions(cfg)
	options.Packages.Practice = pages.Practice.Now
	options.Packages.Key = func() (*handover.Key, error) { return datadir.SigningKey(cfg) }
	options.Packages.Requests = RequestLines(store)
	p.jobs = engine.New(store, p.folder, options)
	deeds := ExportsOf(cfg, store, p.jobs)
	p.asked = Ledger(cfg, store, pages.Practice.Now, deeds.Packager(), p.log)
	p.handler, err = faces.New(faces.Options{Pages: pages, Options: web.Options{
		Store:          store,
		Exports:        deeds,
		Requests:       p.asked,
		Auth:           accounts(cfg, store),
		Tokens:         tokens(cfg, store),
		Log:            p.log,
		PublicURL:      cfg.HTTP.PublicURL,
		Basic:          cfg.Auth.Basic,
		TrustedProxies: cfg.HTTP.TrustedProxies,
		CORSOrigins:    cfg.HTTP.CORSOrigins,
		Version:        about.Version,
		FormatURL:      cfg.Package.DocumentationURL,
		Ready:          checks(cfg, p.folder),
		Metrics:        metrics,
	}})
	return err
}
