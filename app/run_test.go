package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/engine"
	"satchel/internal/testsatchel"
	"satchel/storage"
)

// The server answers once it says it is ready, stops when asked to, and starts again on the same data.
func TestRun(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		ready, done := make(chan string, 1), make(chan error, 1)
		go func() { done <- Run(ctx, cfg, nil, func(addr string) { ready <- addr }) }()
		base := "http://" + <-ready
		for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/fhir/metadata": 200, "/fhir/Patient": 200} {
			if got := testsatchel.Get(t, base+path, testsatchel.Password); got != want {
				t.Errorf("%s: %d", path, got)
			}
		}
		if got := testsatchel.Get(t, base+"/fhir/Patient", "wrong"); got != 401 {
			t.Errorf("wrong password: %d", got)
		}
		if err := Run(t.Context(), cfg, nil, func(string) {}); err == nil || !strings.Contains(err.Error(), "another Satchel") {
			t.Errorf("a second server: %v", err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if _, err := net.DialTimeout("tcp", strings.TrimPrefix(base, "http://"), time.Second); err == nil {
			t.Error("still listening")
		}
	}
}

// A request that is being answered ends before the server does; new ones are not taken.
func TestServeLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	s, err := storage.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	folder, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	entered, leave := make(chan bool), make(chan bool)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		entered <- true
		<-leave
		io.WriteString(w, "whole")
	})
	ctx, cancel := context.WithCancel(t.Context())
	done, body := make(chan error, 1), make(chan string, 1)
	log := slog.New(slog.DiscardHandler)
	go func() {
		done <- serve(ctx, listener, handler, engine.New(s, folder, engine.Options{}), log, func(string) {})
	}()
	go func() {
		resp, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			body <- err.Error()
			return
		}
		text, _ := io.ReadAll(resp.Body)
		body <- string(text)
	}()
	<-entered
	cancel()
	select {
	case err := <-done:
		t.Fatalf("ended with a request open: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(leave)
	if got := <-body; got != "whole" {
		t.Errorf("answer %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Under a service manager Start returns at once, readiness is told, and Stop waits until all has ended.
func TestService(t *testing.T) {
	cfg := testsatchel.New(t)
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Skip("no datagram sockets:", err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	heard := func() string {
		b := make([]byte, 100)
		manager.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, _, err := manager.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}

	p := &program{cfg: cfg, died: func(err error) { t.Errorf("died: %v", err) }}
	begin := time.Now()
	if err := p.Start(nil); err != nil || time.Since(begin) > 100*time.Millisecond {
		t.Fatal(err, time.Since(begin))
	}
	if got := heard(); got != "READY=1" {
		t.Errorf("heard %q", got)
	}
	if err := p.Stop(nil); err != nil {
		t.Error(err)
	}
	if got := heard(); got != "STOPPING=1" {
		t.Errorf("heard %q", got)
	}
	unlock, err := storage.LockFile(filepath.Join(cfg.Data, "satchel.lock"))
	if err != nil {
		t.Fatal("still locked after Stop:", err)
	}
	unlock()

	// A server that cannot run ends the process, so that the manager starts it again.
	cfg.HTTP.Listen = "127.0.0.1:1x"
	died := make(chan error, 1)
	p = &program{cfg: cfg, died: func(err error) { died <- err }}
	if err := p.Start(nil); err != nil {
		t.Fatal(err)
	}
	if err := <-died; err == nil {
		t.Error("no reason")
	}
}

// What systemd reads back from the unit is what was meant.
func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	unit := SystemdUnit("/opt/my programs/satchel", []string{"serve", "--data", `/srv/50% "a"\b$c`}, "satchel", []string{"/srv/x y"})
	for _, want := range []string{
		`ExecStart="/opt/my programs/satchel" serve --data "/srv/50%% \"a\"\\b$$c"` + "\n",
		"User=satchel\n", `ReadWritePaths="-/srv/x y"` + "\n", "NoNewPrivileges=yes\n",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("%q is missing in\n%s", want, unit)
		}
	}
	if strings.Contains(unit, "{{") || strings.Contains(unit, "%!") {
		t.Error(unit)
	}
}
