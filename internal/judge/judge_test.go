package judge

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestProbe is run by TestMissing in a process of its own.
func TestProbe(t *testing.T) {
	if os.Getenv("JUDGE_PROBE") == "" {
		return
	}
	Program(t, "no-such-program", "nor-this")
}

// A missing judge skips a test, and fails it where judges are required; both say what to do.
func TestMissing(t *testing.T) {
	for env, want := range map[string]string{"": "--- SKIP", "require": "--- FAIL"} {
		probe := exec.Command(os.Args[0], "-test.run=^TestProbe$", "-test.v")
		probe.Env = append(os.Environ(), "JUDGE_PROBE=1", "SATCHEL_JUDGES="+env)
		out, err := probe.CombinedOutput()
		if text := string(out); !strings.Contains(text, want) || (err != nil) != (env == "require") ||
			!strings.Contains(text, "no-such-program or nor-this is missing") || !strings.Contains(text, "make tools") {
			t.Errorf("SATCHEL_JUDGES=%s: %v\n%s", env, err, out)
		}
	}
}

func TestPresent(t *testing.T) {
	if path := Program(t, "no-such-program", "go"); !strings.Contains(path, "go") {
		t.Errorf("go is at %q", path)
	}
	if dir := tools(t); !strings.HasSuffix(dir, "bin"+string(os.PathSeparator)+"tools") || strings.Contains(dir, "internal") {
		t.Errorf("tools are in %q", dir)
	}
}
