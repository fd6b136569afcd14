// Package judge finds what judges our work from outside: programs, Python modules and files that did not come from us. It is
// for tests only.
//
// A test whose judge is missing is skipped and says how to get it. Where the environment says SATCHEL_JUDGES=require, as the
// checks of every change do, it fails instead, so that no judge is lost unnoticed. "make tools" installs all judges.
package judge

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Missing skips the test because of a missing judge, or fails it where judges are required. What names the judge.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("SATCHEL_JUDGES") == "require" {
		t.Fatalf("%s is missing, and SATCHEL_JUDGES=require; run \"make tools\"", what)
	}
	t.Skipf("%s is missing; \"make tools\" installs it", what)
}

// Program returns the path of the first of the named programs that is installed. Without any the test ends as [Missing] says.
func Program(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, strings.Join(names, " or "))
	return ""
}

// Python returns the path of a Python that can import a module: that of "make tools", or else the system's.
func Python(t testing.TB, module string) string {
	t.Helper()
	for _, python := range []string{filepath.Join(tools(t), "python", "bin", "python"), "python3"} {
		if exec.Command(python, "-c", "import "+module).Run() == nil {
			return python
		}
	}
	Missing(t, "Python's "+module)
	return ""
}

// File returns the content of a file that "make tools" fetches into bin/tools.
func File(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(tools(t), name))
	if err != nil {
		Missing(t, "bin/tools/"+name)
	}
	return content
}

// tools is the folder that "make tools" fills: bin/tools beside go.mod.
func tools(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "bin", "tools")
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod in any folder above this test")
		}
		dir = parent
	}
}

// Clock skips a test whose judge looks at a clock, where the tests have another one than the machine: as testdata/hard/run.sh
// says by SATCHEL_CLOCK.
func Clock(t testing.TB) {
	t.Helper()
	if os.Getenv("SATCHEL_CLOCK") != "" {
		t.Skip("the judge looks at the machine's clock, and SATCHEL_CLOCK says that the tests have another one")
	}
}
