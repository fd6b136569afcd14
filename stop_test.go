package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"satchel/audit"
	"satchel/storage"
)

// A stop that is asked for at any moment is in good order: exit code 0, no error, nothing in the log above a notice, and in
// the audit log a stop for every start.

// stopsAfter is a context that is cancelled when somebody asks it for the nth time whether it is. So a test can stop the
// server at each of its steps, whatever the machine's speed.
type stopsAfter struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newStopsAfter(t *testing.T, n int) *stopsAfter {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s := &stopsAfter{Context: ctx, cancel: cancel}
	s.left.Store(int64(n))
	return s
}

func (s *stopsAfter) count() {
	if s.left.Add(-1) == 0 {
		s.cancel()
	}
}

func (s *stopsAfter) Done() <-chan struct{} { s.count(); return s.Context.Done() }
func (s *stopsAfter) Err() error            { s.count(); return s.Context.Err() }

// looks is how often the start of a server asks its context, up to the moment at which it is ready.
func looks(t *testing.T, cfg *Config) int {
	t.Helper()
	const many = 1 << 30
	ctx := newStopsAfter(t, many)
	var seen int
	must(t, runLogged(ctx, cfg, slog.New(slog.DiscardHandler), func(string) {
		seen = many - int(ctx.left.Load())
		ctx.cancel()
	}))
	return seen
}

// stopped runs the server until the nth look at its context, or until it is ready, and holds it to a stop in good order.
func stopped(t *testing.T, cfg *Config, n int) {
	t.Helper()
	var log bytes.Buffer
	ctx := newStopsAfter(t, n)
	err := runLogged(ctx, cfg, slog.New(slog.NewTextHandler(&log, nil)), func(string) { ctx.cancel() })
	if err != nil {
		t.Errorf("stopped at look %d: %v", n, err)
	}
	if strings.Contains(log.String(), "level=ERROR") || strings.Contains(log.String(), "cut off") {
		t.Errorf("stopped at look %d, the log says\n%s", n, log.String())
	}
}

// everyStartStopped looks for a stop after each start in the audit log, and for an anchor of each. It returns how many starts
// there are.
func everyStartStopped(t *testing.T, cfg *Config) int {
	t.Helper()
	s, err := storage.Open(t.Context(), cfg.database(), storage.Options{})
	must(t, err)
	defer s.Close()
	events, _, err := s.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.Start, audit.Stop}}, audit.Page{Count: 1000})
	must(t, err)
	for i, e := range events {
		if want := []audit.Action{audit.Start, audit.Stop}[i%2]; e.Action != want {
			t.Fatalf("event %d is a %s, want a %s", i, e.Action, want)
		}
		if e.Outcome == audit.Failed {
			t.Errorf("event %d, %s, has failed", i, e.Action)
		}
	}
	if len(events)%2 != 0 {
		t.Error("the last start has no stop")
	}
	if anchors, err := storage.ReadAuditAnchors(cfg.anchors()); err != nil || len(anchors) != len(events) {
		t.Errorf("%d anchors for %d starts and stops (%v)", len(anchors), len(events), err)
	}
	return len(events) / 2
}

func TestStopAtEveryStep(t *testing.T) {
	cfg := initialised(t)
	steps := looks(t, cfg)
	if steps < 20 {
		t.Fatalf("a start looks at its context only %d times: the test looks in the wrong place", steps)
	}
	for n := 1; n <= steps+5; n++ {
		if n%5 == 0 || n > steps-40 { // at the end every step: there the start is noted
			stopped(t, cfg, n)
		}
	}
	if starts := everyStartStopped(t, cfg); starts < 3 {
		t.Errorf("only %d starts came far enough to be noted, of %d steps", starts, steps)
	}
}

// The same for the first start with a database of an older schema, which copies, migrates and indexes it.
func TestStopWhileMigrating(t *testing.T) {
	cfg := unpacked(t, fixtures(t)[0])
	old, err := os.ReadFile(cfg.database())
	must(t, err)
	steps := looks(t, cfg)
	stride := 1 + steps/20
	for n := 1; n <= steps; n += stride {
		for _, more := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(cfg.database() + more); err != nil && more == "" {
				t.Fatal(err)
			}
		}
		must(t, os.WriteFile(cfg.database(), old, 0o600))
		stopped(t, cfg, n)
		looks(t, cfg) // the next start takes it up
	}
}

// A service that is told to stop while it starts stops, and that is no failure.
func TestServiceStopsDuringStart(t *testing.T) {
	cfg := initialised(t)
	for step := range 5 {
		reached := make(chan struct{})
		var once sync.Once
		left := step
		log := slog.New(slog.NewTextHandler(writerFunc(func([]byte) {
			if left--; left < 0 {
				once.Do(func() { close(reached) })
			}
		}), nil))
		p := &program{cfg: cfg, log: log, died: func(err error) { t.Errorf("died: %v", err) }}
		must(t, p.Start(nil))
		if step > 0 { // else at once
			select {
			case <-reached:
			case <-time.After(time.Second): // fewer lines than that: it runs
			}
		}
		if err := p.Stop(nil); err != nil {
			t.Errorf("stopped after %d lines of the log: %v", step, err)
		}
	}
	everyStartStopped(t, cfg)
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

// The real binary gets a signal at many moments of its first second, from the one on at which it has begun to listen for
// signals. What comes before, while the system and Go load it, ends any program without a word, as if it had never run.
func TestSignalAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the binary many times; not in short mode")
	}
	bin, err := binary()
	must(t, err)
	cfg := initialised(t)
	for i := range 25 {
		wait, sig := time.Duration(i)*40*time.Millisecond, []os.Signal{os.Interrupt, syscall.SIGTERM}[i%2]
		if said, err := signalled(bin, cfg.Data, wait, sig); err != nil {
			t.Errorf("%v after %v: %v\n%s", sig, wait, err, said)
		}
	}
	if everyStartStopped(t, cfg) == 0 {
		t.Error("no start came far enough to be noted")
	}
}

// signalled starts the server, sends it a signal some time after it began to listen for one, and returns what it said and
// what is wrong with its end.
func signalled(bin, data string, wait time.Duration, sig os.Signal) (said string, err error) {
	cmd := exec.Command(bin, "serve", "--data", data, "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1") // Go tells of each package that it has made ready
	errs, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	defer cmd.Process.Kill()
	var all strings.Builder
	lines := bufio.NewReader(errs)
	for !strings.Contains(all.String(), "init satchel/internal/interrupt ") {
		line, err := lines.ReadString('\n')
		if all.WriteString(line); err != nil {
			return all.String(), fmt.Errorf("it has not begun to listen: %w", err)
		}
	}
	time.AfterFunc(wait, func() { _ = cmd.Process.Signal(sig) })
	rest, err := io.ReadAll(lines)
	if err != nil {
		return all.String(), err
	}
	for line := range strings.Lines(string(rest)) {
		if strings.HasPrefix(line, "satchel: ") || strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, "cut off") {
			err = fmt.Errorf("it says %q", line)
		}
	}
	if ended := cmd.Wait(); ended != nil {
		err = ended
	}
	return string(rest), err
}
