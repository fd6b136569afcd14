package app

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/kardianos/service"

	"satchel/config"
)

// serviceName is the name of the Windows service and of the systemd unit.
const serviceName = "satchel"

// program runs the server under a service manager, which wants Start to return at once.
type program struct {
	cfg    *config.Config
	log    *slog.Logger // nil: as the settings say
	cancel context.CancelFunc
	done   chan error
	died   func(error) // called when the server ends without having been asked to
}

// Start begins to serve and returns.
func (p *program) Start(service.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, make(chan error, 1)
	if p.log == nil {
		p.log = newLog(p.cfg)
	}
	go func() {
		err := Run(ctx, p.cfg, p.log, func(string) {})
		p.done <- err
		if ctx.Err() == nil && p.died != nil {
			p.died(err)
		}
	}()
	return nil
}

// Stop ends the server and waits for it; a service manager would not wait much longer than this does.
func (p *program) Stop(service.Service) error {
	p.cancel()
	select {
	case err := <-p.done:
		return err
	case <-time.After(15 * time.Second):
		return errors.New("the server did not stop within 15 s")
	}
}

// Shutdown is Stop when Windows itself shuts down.
func (p *program) Shutdown(s service.Service) error { return p.Stop(s) }

// UnderServiceManager reports whether a service manager started this process, and not a person.
func UnderServiceManager() bool { return !service.Interactive() }

// RunService serves under the service manager that started this process.
// The end of ctx stops the server, as its word does: a signal may come before the service manager's library listens.
func RunService(ctx context.Context, cfg *config.Config) error {
	p := &program{cfg: cfg, log: newLog(cfg)}
	p.died = func(err error) {
		// A code other than 0 makes the service manager start the service again.
		p.log.Error("the server ended", "err", err)
		os.Exit(1)
	}
	s, err := service.New(p, &service.Config{Name: serviceName, Option: service.KeyValue{"RunWait": func() { <-ctx.Done() }}})
	if err != nil {
		return err
	}
	if runtime.GOOS == "windows" { // nobody sees standard error there
		events, err := s.Logger(nil)
		if err != nil {
			return err
		}
		log, file, err := serviceLog(cfg, events)
		if err != nil {
			return errors.Join(err, events.Error("the log cannot be written: "+err.Error()))
		}
		defer file.Close()
		p.log = log
	}
	return s.Run()
}
