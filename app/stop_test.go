package app

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/config"
	"satchel/internal/await"
	"satchel/internal/testsatchel"
)

// looks is how often the start of a server asks its context, up to the moment at which it is ready.
func looks(t *testing.T, cfg *config.Config) int {
	t.Helper()
	const many = 1 << 30
	ctx := await.StopAfter(t, many)
	var seen int
	testsatchel.Must(t, Run(ctx, cfg, slog.New(slog.DiscardHandler), func(string) {
		seen = ctx.Looks()
		ctx.Cancel()
	}))
	return seen
}

// stopped runs the server until the nth look at its context, or until it is ready, and holds it to a stop in good order.
func stopped(t *testing.T, cfg *config.Config, n int) {
	t.Helper()
	var log bytes.Buffer
	ctx := await.StopAfter(t, n)
	err := Run(ctx, cfg, slog.New(slog.NewTextHandler(&log, nil)), func(string) { ctx.Cancel() })
	if err != nil {
		t.Errorf("stopped at look %d: %v", n, err)
	}
	if strings.Contains(log.String(), "level=ERROR") || strings.Contains(log.String(), "cut off") {
		t.Errorf("stopped at look %d, the log says\n%s", n, log.String())
	}
}

func TestStopAtEveryStep(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	steps := looks(t, cfg)
	if steps < 20 {
		t.Fatalf("a start looks at its context only %d times: the test looks in the wrong place", steps)
	}
	for n := 1; n <= steps+5; n++ {
		if n%5 == 0 || n > steps-40 { // at the end every step: there the start is noted
			stopped(t, cfg, n)
		}
	}
	// A busy machine has more steps than were counted: further starts come far enough to be noted in the end.
	starts := testsatchel.EveryStartStopped(t, cfg)
	for n := steps; starts < 3; n += steps {
		if n > 50*steps {
			t.Fatalf("only %d starts came far enough to be noted, of %d steps", starts, steps)
		}
		stopped(t, cfg, n)
		starts = testsatchel.EveryStartStopped(t, cfg)
	}
}

// The same for the first start with a database of an older schema, which copies, migrates and indexes it.
func TestStopWhileMigrating(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.Unpack(t, testsatchel.Fixtures(t)[0])
	old, err := os.ReadFile(cfg.Database())
	testsatchel.Must(t, err)
	steps := looks(t, cfg)
	stride := 1 + steps/20
	for n := 1; n <= steps; n += stride {
		for _, more := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(cfg.Database() + more); err != nil && more == "" {
				t.Fatal(err)
			}
		}
		testsatchel.Must(t, os.WriteFile(cfg.Database(), old, 0o600))
		stopped(t, cfg, n)
		looks(t, cfg) // the next start takes it up
	}
}

// A service that is told to stop while it starts stops, and that is no failure.
func TestServiceStopsDuringStart(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
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
		testsatchel.Must(t, p.Start(nil))
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
	testsatchel.EveryStartStopped(t, cfg)
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }
