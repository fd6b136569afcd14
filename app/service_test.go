package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kardianos/service"

	"satchel/config"
	"satchel/internal/judge"
	"satchel/internal/testsatchel"
)

// fakeService notes what is asked of a service manager.
type fakeService struct {
	service.Service
	installed bool
	did       *[]string
}

func (f *fakeService) Status() (service.Status, error) {
	if !f.installed {
		return service.StatusUnknown, service.ErrNotInstalled
	}
	return service.StatusRunning, nil
}

func (f *fakeService) Install() error {
	f.installed = true
	*f.did = append(*f.did, "install")
	return nil
}

// fakeHost is a machine on which nothing happens but in the list of what was done.
func fakeHost(system string, did *[]string) *host {
	known := false
	return &host{
		system: system, out: io.Discard, elevated: func() bool { return true },
		lookup: func(account string) (int, int, error) {
			if !known {
				return 0, 0, fmt.Errorf("%w", user.UnknownUserError(account))
			}
			return 77, 78, nil
		},
		command: func(name string, args ...string) error {
			known = true
			*did = append(*did, name+" "+strings.Join(args, " "))
			return nil
		},
		chown: func(path string, uid, gid int) error {
			*did = append(*did, fmt.Sprintf("chown %s %d:%d", filepath.Base(path), uid, gid))
			return nil
		},
	}
}

// On Linux the account is made and gets the data before the service is known to systemd.
func TestInstallLinux(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	cfg.BulkExport.Folder = filepath.Join(t.TempDir(), "elsewhere")
	var did []string
	s := &fakeService{did: &did}
	if err := fakeHost("linux", &did).install(cfg, s, "satchel"); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(did, "\n")
	if !strings.HasPrefix(text, "useradd --system") || !strings.HasSuffix(text, "install") ||
		!strings.Contains(text, "chown satchel.db 77:78\n") || !strings.Contains(text, "chown elsewhere 77:78\n") {
		t.Error(text)
	}
	// Again, it stays as it is and gets its folders.
	did = nil
	var said strings.Builder
	h := fakeHost("linux", &did)
	h.out = &said
	testsatchel.Must(t, h.install(cfg, s, "satchel"))
	if text := strings.Join(did, "\n"); !strings.HasSuffix(text, "\nsystemctl enable satchel") || !strings.Contains(text, "chown satchel.db 77:78\n") || !strings.Contains(said.String(), "installed already") {
		t.Error(text, said.String())
	}
}

// On Windows the service comes first, because its virtual account comes with it; then the folders are closed to others.
func TestInstallWindows(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	var did []string
	h := fakeHost("windows", &did)
	if err := h.install(cfg, &fakeService{did: &did}, ServiceAccount("windows")); err != nil {
		t.Fatal(err)
	}
	want := []string{"install",
		"icacls " + cfg.Data + ` /inheritance:r /grant:r NT SERVICE\satchel:(OI)(CI)M *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F /Q`,
		"icacls " + filepath.Join(cfg.Data, "*") + " /reset /T /C /Q"}
	if strings.Join(did, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q", did)
	}
	h.command = func(string, ...string) error { return errors.New("icacls: exit status 5: Access is denied.") }
	if err := h.install(cfg, &fakeService{did: &did}, "x"); err == nil || !strings.Contains(err.Error(), "Access is denied") {
		t.Error(err)
	}
}

// Said twice, nothing happens twice; what is not there is said.
func TestServiceAlready(t *testing.T) {
	t.Parallel()
	running, none := &fakeService{installed: true}, &fakeService{}
	for _, tt := range []struct {
		s                *fakeService
		verb, told, fail string
	}{
		{running, "start", "runs already", ""},
		{running, "stop", "", ""},
		{running, "uninstall", "", ""},
		{none, "uninstall", "nothing to do", ""},
		{none, "stop", "", "satchel service install"},
		{none, "start", "", "satchel service install"},
	} {
		told, err := already(tt.s, tt.verb)
		if tt.told == "" && told != "" || !strings.Contains(told, tt.told) || (err == nil) != (tt.fail == "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
			t.Errorf("%s: %q %v", tt.verb, told, err)
		}
	}
}

// A server that is asked by systemd how it is says when it is ready and when it stops, also where it takes systemd for a
// console.
func TestNotify(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "n")
	manager, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Skip("no datagram sockets:", err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	cfg := testsatchel.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, cfg, nil, func(string) {}) }()
	for _, want := range []string{"READY=1", "STOPPING=1"} {
		b := make([]byte, 100)
		manager.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, _, err := manager.ReadFrom(b)
		if got := string(b[:n]); err != nil || got != want {
			t.Errorf("heard %q, want %q (%v)", got, want, err)
		}
		cancel()
	}
	testsatchel.Must(t, <-ended)
}

// Who is no administrator is told so before anything happens, and so is who has no data directory yet.
func TestInstallRefused(t *testing.T) {
	t.Parallel()
	for system, want := range map[string]string{"linux": "sudo satchel service install", "windows": "Run as administrator"} {
		var did []string
		h := fakeHost(system, &did)
		h.elevated = func() bool { return false }
		if err := h.install(testsatchel.New(t), &fakeService{did: &did}, "x"); err == nil || !strings.Contains(err.Error(), want) || did != nil {
			t.Error(system, err, did)
		}
		cfg := config.Defaults()
		cfg.Data = filepath.Join(t.TempDir(), "none")
		if err := fakeHost(system, &did).install(cfg, &fakeService{did: &did}, "x"); err == nil || !strings.Contains(err.Error(), "satchel init") || did != nil {
			t.Error(system, err, did)
		}
	}
}

// systemd finds nothing wrong in the unit and rates it as well protected.
func TestUnitBySystemd(t *testing.T) {
	t.Parallel()
	tool := judge.Program(t, "systemd-analyze")
	self, err := os.Executable()
	testsatchel.Must(t, err)
	unit := SystemdUnit(self, []string{"serve", "--data", "/var/lib/satchel"}, "root", []string{"/var/lib/satchel", "/srv/exports"})
	if !strings.Contains(unit, "\nStateDirectory=satchel\n") || !strings.Contains(unit, "\nReadWritePaths=-/srv/exports\n") {
		t.Error(unit)
	}
	path := filepath.Join(t.TempDir(), "satchel.service")
	testsatchel.Must(t, os.WriteFile(path, []byte(unit), 0o600))
	if out, err := exec.Command(tool, "verify", "--man=no", path).CombinedOutput(); err != nil || strings.Contains(string(out), "satchel.service:") {
		t.Errorf("%v\n%s", err, out)
	}
	unit = strings.Replace(unit, "User=root", "User=satchel", 1)
	testsatchel.Must(t, os.WriteFile(path, []byte(unit), 0o600))
	out, err := exec.Command(tool, "security", "--offline=true", "--no-pager", path).CombinedOutput()
	score := regexp.MustCompile(`exposure level for \S+: ([0-9.]+)`).FindSubmatch(out)
	if score == nil {
		t.Logf("%v\n%.300s", err, out)
		judge.Missing(t, "a systemd-analyze that rates a unit's file")
	}
	n, _ := strconv.ParseFloat(string(score[1]), 64)
	t.Logf("exposure %s", score[1])
	if n > 2 {
		t.Errorf("exposure %s\n%s", score[1], out)
	}
}

// systemd hears from a healthy service, and nothing from one that is not.
func TestWatchdog(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "n")
	manager, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Skip("no datagram sockets:", err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "100000")
	if got := watchdogEvery(); got != 50*time.Millisecond {
		t.Error(got)
	}
	t.Setenv("WATCHDOG_PID", "1")
	if got := watchdogEvery(); got != 0 {
		t.Error("a watchdog of another process:", got)
	}
	heard := func(most int, patience time.Duration) (n int) {
		b := make([]byte, 100)
		manager.SetReadDeadline(time.Now().Add(patience))
		for n < most {
			k, _, err := manager.ReadFrom(b)
			if err != nil {
				return n
			}
			if string(b[:k]) == "WATCHDOG=1" {
				n++
			}
		}
		return n
	}
	for _, sick := range []error{nil, errors.New("sick")} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() {
			watch(ctx, 20*time.Millisecond, func(context.Context) error { return sick })
			close(done)
		}()
		patience := time.Minute
		if sick != nil {
			patience = 300 * time.Millisecond
		}
		n := heard(3, patience)
		cancel()
		<-done
		if (n > 2) != (sick == nil) {
			t.Errorf("%v: heard %d", sick, n)
		}
		heard(1000, 100*time.Millisecond) // what is still on its way
	}
}

// fakeEvents is an Event Log.
type fakeEvents struct {
	service.Logger
	lines []string
}

func (f *fakeEvents) Error(v ...any) error {
	f.lines = append(f.lines, "error "+fmt.Sprint(v...))
	return nil
}

func (f *fakeEvents) Warning(v ...any) error {
	f.lines = append(f.lines, "warning "+fmt.Sprint(v...))
	return nil
}

func (f *fakeEvents) Info(v ...any) error {
	f.lines = append(f.lines, "info "+fmt.Sprint(v...))
	return nil
}

// The Event Log gets start, stop and trouble; the file gets everything.
func TestServiceLog(t *testing.T) {
	t.Parallel()
	cfg := config.Defaults()
	cfg.Data = t.TempDir()
	events := &fakeEvents{}
	log, file, err := serviceLog(cfg, events)
	testsatchel.Must(t, err)
	log = log.With("part", "x")
	log.Debug("hidden")
	log.Info(logStarted, "address", "127.0.0.1:1")
	log.Info("request", "route", "/fhir")
	log.Warn("slow")
	log.Error("failed", "err", errors.New("why"))
	log.WithGroup("g").Info(logStopped)
	testsatchel.Must(t, file.Close())
	want := []string{`info started part="x" address="127.0.0.1:1"`, `warning slow part="x"`, `error failed part="x" err="why"`, `info stopped part="x"`}
	if strings.Join(events.lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q", events.lines)
	}
	text, err := os.ReadFile(filepath.Join(cfg.Data, "logs", "satchel.log"))
	if err != nil || strings.Count(string(text), "\n") != 5 || !strings.Contains(string(text), `"msg":"request","part":"x","route":"/fhir"`) {
		t.Errorf("%s %v", text, err)
	}
}

// A log file never grows beyond its bound, no line is divided or lost before it is old, and it goes on after a restart.
func TestRotatingFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "logs", "a.log")
	line := func(i int) string { return fmt.Sprintf("%03d %s\n", i, strings.Repeat("x", 15)) } // 20 bytes
	for begin := range 3 {
		r, err := newRotatingFile(path, 100, 2)
		testsatchel.Must(t, err)
		for i := range 9 {
			if _, err := io.WriteString(r, line(begin*9+i)); err != nil {
				t.Fatal(err)
			}
		}
		testsatchel.Must(t, r.Close())
	}
	var all string
	for _, name := range []string{path + ".2", path + ".1", path} {
		text, err := os.ReadFile(name)
		if err != nil || len(text) > 100 || len(text)%20 != 0 {
			t.Errorf("%s: %d %v", name, len(text), err)
		}
		all += string(text)
	}
	n := len(all) / 20
	for i := range n {
		if want := line(27 - n + i); all[i*20:(i+1)*20] != want {
			t.Errorf("%q, want %q", all[i*20:(i+1)*20], want)
		}
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 3 || n < 10 {
		t.Error(entries, n)
	}
	if i, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != 0o600 {
		t.Error(i, err)
	}
}
