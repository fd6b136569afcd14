package torture

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"satchel/internal/testsatchel"
)

// small is a disk of its own, of so many megabytes; it needs root.
func small(t *testing.T, megabytes int) string {
	t.Helper()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("a disk of its own needs root on Linux")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a disk of its own cannot be mounted: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "--lazy", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	return dir
}

// fails runs a command that must fail, and returns what it said.
func (p *practice) fails(args ...string) string {
	p.t.Helper()
	out, err := exec.Command(p.bin, args...).CombinedOutput()
	if err == nil {
		p.t.Fatalf("satchel %s did not fail\n%s", args[0], out)
	}
	return string(out)
}

// A disk that fills up while the server writes costs the writes that were refused and nothing else: what was acknowledged
// is there, reading goes on, exports are refused, and with room again everything works as before.
func TestDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the binary; not in short mode")
	}
	disk := small(t, 24)
	p := newPractice(t, 1)
	data := filepath.Join(disk, "data")
	p.run("restore", p.backup(t), "--data", data)
	p.data = data
	r := p.serve()
	body := func(id string) []byte {
		return fmt.Appendf(nil, `{"resourceType":"Basic","id":%q,"code":{"text":%q}}`, id, strings.Repeat("x", 200_000))
	}
	acked, refused := []string{}, ""
	for i := range 500 {
		id := fmt.Sprintf("b%d", i)
		resp, answer, err := r.do(http.MethodPut, r.base+"/Basic/"+id, body(id))
		p.must(err)
		if resp.StatusCode != http.StatusCreated {
			refused = fmt.Sprint(resp.StatusCode, " ", string(answer))
			break
		}
		acked = append(acked, id)
	}
	if refused == "" || !strings.Contains(refused, "OperationOutcome") || len(acked) == 0 {
		t.Fatalf("%d writes, then %.300s", len(acked), refused)
	}
	t.Logf("after %d writes: %.300s", len(acked), refused)
	if resp, answer, err := r.do(http.MethodGet, r.base+"/$export", nil); err != nil || resp.StatusCode < 500 {
		t.Errorf("an export on a full disk: %v %s %v", resp, answer, err)
	}
	r.kill()

	// Somebody makes room: here, by moving to a larger disk.
	larger := small(t, 200)
	if out, err := exec.Command("cp", "-a", data, larger).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	p.data = filepath.Join(larger, "data")
	r = p.serve()
	for _, id := range acked {
		if resp, answer, err := r.do(http.MethodGet, r.base+"/Basic/"+id, nil); err != nil || resp.StatusCode != http.StatusOK || len(answer) < 200_000 {
			t.Fatalf("%s, which was acknowledged, is lost: %v %v", id, resp, err)
		}
	}
	if resp, _, err := r.do(http.MethodPut, r.base+"/Basic/again", body("again")); err != nil || resp.StatusCode != http.StatusCreated {
		t.Errorf("a write with room again: %v %v", resp, err)
	}
	p.run("doctor", "--data", p.data)
}

// backup is a backup of the practice, made elsewhere.
func (p *practice) backup(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "b.zip")
	p.run("backup", path, "--data", p.data)
	return path
}

// A data directory that cannot be written to is said so at the start, by its name; nothing hangs and nothing is harmed.
func TestReadOnlyData(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the binary; not in short mode")
	}
	disk := small(t, 64)
	p := newPractice(t, 1)
	data := filepath.Join(disk, "data")
	p.run("restore", p.backup(t), "--data", data)
	before := testsatchel.Tree(t, data)
	if out, err := exec.Command("mount", "-o", "remount,ro", disk).CombinedOutput(); err != nil {
		t.Skipf("%s", out)
	}
	for _, args := range [][]string{{"serve"}, {"import", p.file}, {"user", "list"}, {"backup", filepath.Join(t.TempDir(), "b.zip")}} {
		began := time.Now()
		said := p.fails(append(args, "--data", data)...)
		if !strings.Contains(said, "read-only file system") && !strings.Contains(said, "unable to open") || !strings.Contains(said, data) || time.Since(began) > 20*time.Second {
			t.Errorf("%s after %s: %s", args[0], time.Since(began), said)
		}
	}
	if after := testsatchel.Tree(t, data); after != before {
		t.Errorf("changed\n%s\n%s", before, after)
	}
}

// SIGTERM in the middle of an export ends the server in good time and with exit code 0; the next start finishes the export
// on the same snapshot.
func TestStopDuringExport(t *testing.T) {
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("ends real processes by SIGTERM; not in short mode")
	}
	p := newPractice(t, 100)
	p.run("import", "--data", p.data, p.file)
	r := p.serve()
	want := r.lines(r.wait(r.kickOff()))
	for range 3 {
		status := r.kickOff()
		resp, _, err := r.do(http.MethodPut, r.base+"/Basic/late", []byte(`{"resourceType":"Basic","id":"late","code":{"text":"late"}}`))
		p.must(err)
		if resp.StatusCode >= 300 {
			t.Fatal(resp.Status)
		}
		began := time.Now()
		p.must(r.cmd.Process.Signal(syscall.SIGTERM))
		if err := r.cmd.Wait(); err != nil || time.Since(began) > 15*time.Second {
			t.Fatalf("stopped after %s: %v", time.Since(began), err)
		}
		r = p.serve()
		if got := r.lines(r.wait(status)); !slices.EqualFunc(got, want, func(a, b [32]byte) bool { return bytes.Equal(a[:], b[:]) }) {
			t.Fatalf("the export holds %d lines after the stop, and %d before", len(got), len(want))
		}
		if resp, _, err := r.do(http.MethodDelete, r.base+"/Basic/late", nil); err != nil || resp.StatusCode >= 300 {
			t.Fatal(resp, err)
		}
	}
}
