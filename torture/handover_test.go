package torture

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/demo"
	"satchel/handover"
)

// handovers are the packages that are interrupted. The small bags make several of a population.
func handovers(p *practice, out string) map[string][]string {
	return map[string][]string{
		"population":      {"handover", "population", "--data", p.data, "--out", out},
		"population-bags": {"handover", "population", "--data", p.data, "--out", out, "--bag-size", "2MB"},
		"population-zip":  {"handover", "population", "--data", p.data, "--out", out, "--zip"},
		"patient":         {"handover", "patient", demo.TypicalPatientID, "--data", p.data, "--out", out},
		"encrypted":       {"handover", "patient", demo.TypicalPatientID, "--data", p.data, "--out", out, "--html", "--passphrase-file", p.password},
	}
}

// whole checks that what stands in a folder under a final name is whole, or an early part of a package whose others are
// missing, and that nothing else passes for a package. It returns how many there are of both.
func (p *practice) whole(out string) (sealed, left int) {
	p.t.Helper()
	entries, err := os.ReadDir(out)
	if os.IsNotExist(err) {
		return 0, 0
	}
	p.must(err)
	for _, e := range entries {
		r, err := handover.Verify(p.t.Context(), filepath.Join(out, e.Name()), handover.VerifyOptions{})
		p.must(err)
		hidden := strings.HasPrefix(e.Name(), ".")
		switch {
		case strings.HasSuffix(e.Name(), ".html") && !hidden: // what is encrypted says nothing of itself
			sealed++
		case hidden && r.Outcome == handover.Good:
			p.t.Fatalf("%s was never finished and verifies: %s", e.Name(), r.Sentence)
		case hidden:
			left++
		case r.Outcome == handover.Good:
			sealed++
		case !strings.Contains(e.Name(), "_bag-") || r.Outcome != handover.Partial:
			p.t.Fatalf("%s: %s", e.Name(), r.Sentence)
		}
	}
	return sealed, left
}

// TestTortureHandover kills the making of packages at random moments. What is left never verifies as complete, the command
// names it the next time (what is not encrypted it also removes), and then makes the package.
func TestTortureHandover(t *testing.T) {
	rounds := tortureRounds(t)
	p := newPractice(t, 60)
	p.run("import", "--data", p.data, p.file)
	for name, args := range handovers(p, "") {
		t.Run(name, func(t *testing.T) {
			p := &practice{t: t, bin: p.bin, data: p.data, password: p.password}
			out := filepath.Join(t.TempDir(), "out")
			args = handovers(p, out)[name]
			started := time.Now()
			p.run(args...)
			length := time.Since(started)
			p.must(os.RemoveAll(out))
			for range rounds {
				cmd := exec.Command(p.bin, args...)
				p.must(cmd.Start())
				time.Sleep(time.Duration(rand.Int64N(int64(length)))) // any moment: what must hold afterwards does not depend on it
				cmd.Process.Kill()
				cmd.Wait()
				p.whole(out)
			}
			before, left := p.whole(out)
			text := p.run(args...)
			if after, _ := p.whole(out); after <= before {
				t.Errorf("after the kills no package was made: %s", text)
			}
			if left > 0 && strings.Count(text, "left by an interrupted handover") != left {
				t.Errorf("%d were left over, the command says: %s", left, text)
			}
		})
	}
}

// TestHandoverOnAFullDisk makes packages on a disk that is too small for them: an error, and nothing that verifies.
func TestHandoverOnAFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program and mounts a small disk; not in short mode")
	}
	p := newPractice(t, 30)
	p.run("import", "--data", p.data, p.file)
	disk := t.TempDir()
	if text, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %s", text)
	}
	t.Cleanup(func() { exec.Command("umount", disk).Run() })
	for name, args := range handovers(p, filepath.Join(disk, "out")) {
		text, err := exec.Command(p.bin, args...).CombinedOutput()
		if err == nil || !strings.Contains(string(text), "no space left") {
			t.Errorf("%s: %v: %s", name, err, text)
		}
		if sealed, left := p.whole(filepath.Join(disk, "out")); sealed > 0 || left > 0 {
			t.Errorf("%s leaves %d packages and %d pieces on a full disk", name, sealed, left)
		}
	}
}
