package torture

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/demo"
	"satchel/internal/await"
)

const (
	torturer         = "torturer"
	torturerPassword = "nothing survives but data"
)

func tortureRounds(t *testing.T) int {
	if testing.Short() {
		t.Skip("kills and restarts processes; not in short mode")
	}
	n, err := strconv.Atoi(os.Getenv("SATCHEL_TORTURE"))
	if err != nil || n < 1 {
		return 2
	}
	return n
}

// TestMain removes the binary at the end.
func TestMain(m *testing.M) {
	code := m.Run()
	if binaryFolder != "" {
		os.RemoveAll(binaryFolder)
	}
	os.Exit(code)
}

var binaryFolder string

// binary builds the program as it is shipped, once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	var err error
	if binaryFolder, err = os.MkdirTemp("", "satchel-torture-"); err != nil {
		return "", err
	}
	path := filepath.Join(binaryFolder, "satchel.exe")
	cmd := exec.Command("go", "build", "-o", path, "satchel")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// practice is a data directory and the binary that works on it.
type practice struct {
	t    *testing.T
	bin  string
	data string
	seen int // resources in the source file
	file string

	password string // file with the administrator's password; also a passphrase
}

func newPractice(t *testing.T, patients int) *practice {
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &practice{t: t, bin: bin, data: filepath.Join(dir, "data"), file: filepath.Join(dir, "practice.ndjson")}
	var out bytes.Buffer
	seen := map[string]bool{}
	for item := range demo.Items(demo.Options{Seed: 7, Patients: patients, Lean: true}) {
		if key := item.Type + "/" + item.ID; item.Op == demo.Put && !seen[key] {
			seen[key] = true
			out.Write(item.JSON)
			out.WriteByte('\n')
		}
	}
	p.seen = len(seen)
	p.must(os.WriteFile(p.file, out.Bytes(), 0o600))
	p.password = filepath.Join(dir, "password")
	p.must(os.WriteFile(p.password, []byte(torturerPassword), 0o600))
	p.run("init", "--data", p.data, "--admin", torturer, "--password-file", p.password)
	return p
}

func (p *practice) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *practice) run(args ...string) string {
	p.t.Helper()
	out, err := exec.Command(p.bin, args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("satchel %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// running is a served practice.
type running struct {
	*practice
	cmd  *exec.Cmd
	base string
}

func (p *practice) serve() *running {
	p.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	p.must(err)
	addr := l.Addr().String()
	l.Close()
	r := &running{practice: p, base: "http://" + addr + "/fhir", cmd: exec.Command(p.bin, "serve", "--data", p.data)}
	r.cmd.Env = append(os.Environ(), "SATCHEL_HTTP__LISTEN="+addr, "SATCHEL_BULK_EXPORT__FILE_MAX_CAPACITY=500")
	p.must(r.cmd.Start())
	p.t.Cleanup(r.kill)
	await.Until(p.t, "the server is ready", func() bool {
		resp, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return r
}

// kill ends the server without a word, as a power cut would end the process.
func (r *running) kill() {
	if r.cmd.ProcessState == nil {
		r.cmd.Process.Kill()
		r.cmd.Wait()
	}
}

func (r *running) do(method, url string, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.SetBasicAuth(torturer, torturerPassword)
	if body != nil {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, b, err
}

// at moves a URL of an earlier server process to this one.
func (r *running) at(url string) string {
	return r.base + url[strings.Index(url, "/fhir")+len("/fhir"):]
}

func (r *running) kickOff() string {
	r.t.Helper()
	resp, body, err := r.do(http.MethodGet, r.base+"/$export", nil)
	r.must(err)
	if resp.StatusCode != http.StatusAccepted {
		r.t.Fatalf("kick-off: %s: %s", resp.Status, body)
	}
	return resp.Header.Get("Content-Location")
}

type exportManifest struct {
	TransactionTime string
	Output          []struct {
		Type, URL string
		Count     int
	}
}

// wait polls until the manifest is there; an export must never answer 202 for ever.
func (r *running) wait(status string) exportManifest {
	r.t.Helper()
	var m exportManifest
	r.until("the end of the export", r.at(status), &m)
	return m
}

// until polls a job until it has ended well, and reads what its status then says.
func (r *running) until(what, url string, v any) {
	r.t.Helper()
	await.Until(r.t, what, func() bool {
		resp, body, err := r.do(http.MethodGet, url, nil)
		r.must(err)
		switch resp.StatusCode {
		case http.StatusAccepted, http.StatusTooManyRequests:
			return false
		case http.StatusOK:
			r.must(json.Unmarshal(body, v))
			return true
		}
		r.t.Fatalf("status: %s: %s", resp.Status, body)
		return false
	})
}

// lines downloads every file of a manifest: one hash per line, sorted.
func (r *running) lines(m exportManifest) [][32]byte {
	r.t.Helper()
	var all [][32]byte
	for _, f := range m.Output {
		resp, body, err := r.do(http.MethodGet, r.at(f.URL), nil)
		r.must(err)
		if resp.StatusCode != http.StatusOK {
			r.t.Fatalf("file: %s", resp.Status)
		}
		lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
		if len(lines) != f.Count {
			r.t.Fatalf("a %s file has %d lines, the manifest says %d", f.Type, len(lines), f.Count)
		}
		for _, l := range lines {
			if !json.Valid(l) {
				r.t.Fatalf("a %s file has a line that is not JSON", f.Type)
			}
			all = append(all, sha256.Sum256(l))
		}
	}
	slices.SortFunc(all, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	return all
}

// TestTortureExport kills the server in the middle of an export while somebody writes. After the next start the same
// status URL must lead to the same lines, every acknowledged write must be there, and no file may lie about that the
// manifest does not list.
func TestTortureExport(t *testing.T) {
	rounds := tortureRounds(t)
	p := newPractice(t, 100)
	p.run("import", "--data", p.data, p.file)

	r := p.serve()
	started := time.Now()
	want := r.lines(r.wait(r.kickOff()))
	length := time.Since(started)
	if len(want) != p.seen {
		t.Fatalf("an undisturbed export holds %d resources, the practice %d", len(want), p.seen)
	}
	acked := map[string]bool{}
	for round := range rounds {
		status := r.kickOff()
		ids := r.writeUntilKilled(round, time.Duration(rand.Int64N(int64(length))))
		r = p.serve()
		m := r.wait(status)
		got := r.lines(m)
		if want = withAcked(r, want, acked); !slices.Equal(got, want) {
			t.Fatalf("round %d: the export after the kill holds %d lines that differ from the %d before it", round, len(got), len(want))
		}
		for _, id := range ids {
			if resp, _, err := r.do(http.MethodGet, r.base+"/Basic/"+id, nil); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("round %d: acknowledged Basic/%s is lost (%v)", round, id, err)
			}
			acked[id] = true
		}
		// A write may have been stored without its answer having arrived; it belongs to the next export as well.
		for i := range len(ids) + 1 {
			acked[tortureID(round, i)] = true
		}
		r.noStrays(status, m)
		r.do(http.MethodDelete, r.at(status), nil)
	}
}

func tortureID(round, i int) string { return fmt.Sprintf("torture-%d-%d", round, i) }

// writeUntilKilled writes resources one by one and kills the server after a while; it returns the ids acknowledged.
func (r *running) writeUntilKilled(round int, after time.Duration) []string {
	timer := time.AfterFunc(after, func() { r.cmd.Process.Kill() })
	defer timer.Stop()
	var ids []string
	for i := 0; ; i++ {
		id := tortureID(round, i)
		body := fmt.Appendf(nil, `{"resourceType":"Basic","id":%q,"code":{"text":"torture"}}`, id)
		resp, _, err := r.do(http.MethodPut, r.base+"/Basic/"+id, body)
		if err != nil {
			r.cmd.Wait()
			return ids
		}
		if resp.StatusCode == http.StatusCreated {
			ids = append(ids, id)
		}
	}
}

// withAcked adds to the lines of the practice those of the writes of earlier rounds.
func withAcked(r *running, base [][32]byte, acked map[string]bool) [][32]byte {
	known := map[[32]byte]bool{}
	for _, h := range base {
		known[h] = true
	}
	for id := range acked {
		resp, body, err := r.do(http.MethodGet, r.base+"/Basic/"+id, nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			continue
		}
		if h := sha256.Sum256(body); !known[h] {
			known[h] = true
			base = append(base, h)
		}
	}
	slices.SortFunc(base, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	return base
}

// noStrays checks that the job's folder holds the listed files and nothing else.
func (r *running) noStrays(status string, m exportManifest) {
	r.t.Helper()
	job := status[strings.LastIndex(status, "=")+1:]
	entries, err := os.ReadDir(filepath.Join(r.data, "exports", job))
	r.must(err)
	if len(entries) != len(m.Output) {
		r.t.Fatalf("the job's folder holds %d files, the manifest lists %d", len(entries), len(m.Output))
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".tmp") {
			r.t.Fatalf("stray file %s", e.Name())
		}
	}
}

// TestTortureImport kills an import again and again; running it once more to its end must leave every resource once,
// as its first version.
func TestTortureImport(t *testing.T) {
	rounds := tortureRounds(t)
	p := newPractice(t, 100)
	started := time.Now()
	p.run("import", "--data", p.data, p.file)
	length := time.Since(started)

	p = newPractice(t, 100)
	for range rounds {
		cmd := exec.Command(p.bin, "import", "--data", p.data, p.file)
		p.must(cmd.Start())
		time.Sleep(time.Duration(rand.Int64N(int64(length)))) // any moment: what must hold afterwards does not depend on it
		cmd.Process.Kill()
		cmd.Wait()
	}
	p.run("import", "--data", p.data, p.file)

	r := p.serve()
	m := r.wait(r.kickOff())
	var total int
	for _, f := range m.Output {
		total += f.Count
		_, body, err := r.do(http.MethodGet, r.at(f.URL), nil)
		p.must(err)
		if n := bytes.Count(body, []byte(`"versionId":"1"`)); n != f.Count {
			t.Fatalf("%d of %d %s resources are still at their first version", n, f.Count, f.Type)
		}
	}
	if total != p.seen {
		t.Fatalf("%d resources in the store, %d in the file", total, p.seen)
	}
}
