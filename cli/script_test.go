package cli

import (
	"context"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"satchel": func() {
		ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		os.Exit(Execute(ctx, os.Args[1:]))
	}})
}

// Each script of testdata/script runs the real command line against real files. $PASS is a file with a good password,
// $ADDR an address on which nobody listens.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			pass := filepath.Join(e.WorkDir, "pass")
			e.Setenv("PASS", pass)
			e.Setenv("ADDR", freeAddress(t))
			return os.WriteFile(pass, []byte("a few words together\n"), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":      scriptCode,
			"glob":      scriptGlob,
			"waitfor":   scriptWaitFor,
			"terminate": scriptTerminate,
		},
	})
}

// freeAddress is a loopback address with a port that was free a moment ago.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// scriptCode is `code N command…`: the command must end with exit code N.
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// scriptGlob is `glob NAME PATTERN`: it puts the path of the one file that the pattern fits into the variable.
func scriptGlob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: glob NAME PATTERN")
	}
	found, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s fits %d files", args[1], len(found))
	}
	ts.Setenv(args[0], found[0])
}

// scriptTerminate is `terminate`: every command in the background gets SIGTERM, as a service manager sends it.
func scriptTerminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(syscall.SIGTERM))
	}
}

// scriptWaitFor is `waitfor ADDR`: somebody must listen there within some seconds.
func scriptWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		c, err := net.DialTimeout("tcp", args[0], time.Second)
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(10 * time.Millisecond) // testscript gives no testing.TB to internal/await
	}
	ts.Fatalf("nobody listens on %s", args[0])
}
