package torture

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestTortureBackup kills backups at random moments. What is there under its final name is whole, and the next backup leaves
// nothing of those before it, least of all the database in the clear.
func TestTortureBackup(t *testing.T) {
	rounds := tortureRounds(t)
	p := newPractice(t, 60)
	p.run("import", "--data", p.data, p.file)
	folder := t.TempDir()
	args := func(name string) []string {
		return []string{"backup", "--data", p.data, filepath.Join(folder, name)}
	}
	started := time.Now()
	p.run(args("first.zip")...)
	length := time.Since(started)
	p.must(os.Remove(filepath.Join(folder, "first.zip")))
	interrupted := 0
	for range rounds {
		cmd := exec.Command(p.bin, args("killed.zip")...)
		p.must(cmd.Start())
		time.Sleep(time.Duration(rand.Int64N(int64(length)))) // any moment: what must hold afterwards does not depend on it
		cmd.Process.Kill()
		cmd.Wait()
		if entries, err := os.ReadDir(folder); err == nil && len(entries) > 0 {
			interrupted++
		}
		os.Remove(filepath.Join(folder, "killed.zip"))
	}
	p.run(args("last.zip")...)
	p.run("backup", "verify", filepath.Join(folder, "last.zip"))
	entries, err := os.ReadDir(folder)
	p.must(err)
	if len(entries) != 1 {
		t.Errorf("left over: %v", entries)
	}
	if interrupted == 0 {
		t.Log("no kill came while files were there")
	}
}
