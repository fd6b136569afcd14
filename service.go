package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/kardianos/service"
)

// serviceName is the name of the Windows service and of the systemd unit.
const serviceName = "satchel"

// program runs the server under a service manager, which wants Start to return at once.
type program struct {
	cfg    *Config
	cancel context.CancelFunc
	done   chan error
	died   func(error) // called when the server ends without having been asked to
}

// Start begins to serve and returns.
func (p *program) Start(service.Service) error {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel, p.done = cancel, make(chan error, 1)
	go func() {
		err := run(ctx, p.cfg, func(string) { notify("READY=1") })
		p.done <- err
		if ctx.Err() == nil && p.died != nil {
			p.died(err)
		}
	}()
	return nil
}

// Stop ends the server and waits for it; a service manager would not wait much longer than this does.
func (p *program) Stop(service.Service) error {
	notify("STOPPING=1")
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

// runService serves under the service manager that started this process.
func runService(cfg *Config) error {
	p := &program{cfg: cfg, died: func(err error) {
		// A code other than 0 makes the service manager start the service again.
		fmt.Fprintf(os.Stderr, "satchel: the server ended: %v\n", err)
		os.Exit(exitFailed)
	}}
	s, err := service.New(p, &service.Config{Name: serviceName})
	if err != nil {
		return err
	}
	return s.Run()
}

// notify tells systemd how the service is doing. Without systemd it does nothing.
func notify(state string) {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return
	}
	c, err := net.Dial("unixgram", address)
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte(state)) // systemd notices by its own timeout if this is lost
}
