package torture

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/handover"
)

// api is the address beside the FHIR base.
func (r *running) api(path string) string { return strings.TrimSuffix(r.base, "/fhir") + path }

// startPackage returns the path of a package under way.
func (r *running) startPackage() string {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, r.api("/api/packages"), strings.NewReader(`{"population":true}`))
	r.must(err)
	req.SetBasicAuth(torturer, torturerPassword)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	r.must(err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		r.t.Fatalf("start: %s", resp.Status)
	}
	at := resp.Header.Get("Content-Location")
	return at[strings.Index(at, "/api/"):]
}

// tortured is what the status of a complete package says.
type tortured struct {
	Verdict string
	Files   []struct{ Name, URL string }
}

// waitPackage polls until the package is complete.
func (r *running) waitPackage(path string) (p tortured) {
	r.t.Helper()
	r.until("the end of the package", r.api(path), &p)
	return p
}

// resources downloads a package, verifies it, and returns the hashes of its files of resources.
func (r *running) resources(p tortured) map[string]string {
	r.t.Helper()
	dir := r.t.TempDir()
	for _, f := range p.Files {
		_, path, _ := strings.Cut(f.URL, "/api/")
		resp, body, err := r.do(http.MethodGet, r.api("/api/"+path), nil)
		r.must(err)
		if resp.StatusCode != http.StatusOK {
			r.t.Fatalf("file: %s", resp.Status)
		}
		r.must(os.WriteFile(filepath.Join(dir, f.Name), body, 0o600))
	}
	v, err := handover.Verify(r.t.Context(), dir, handover.VerifyOptions{})
	r.must(err)
	if v.Outcome != handover.Good || v.Signer == "" {
		r.t.Fatalf("%s %v", v.Sentence, v.Findings)
	}
	sums := map[string]string{}
	for n, m := range v.Manifests {
		for _, f := range m.Files {
			if f.Section != "" {
				sums[fmt.Sprintf("%d %s", n, f.Path)] = f.SHA256
			}
		}
	}
	return sums
}

// TestTorturePackage kills the server in the middle of a package. Until it is complete no file of it is handed out; after
// the next start the same address leads to a package that verifies and holds the same, and nothing else lies about.
func TestTorturePackage(t *testing.T) {
	rounds := tortureRounds(t)
	p := newPractice(t, 40)
	p.run("import", "--data", p.data, p.file)
	r := p.serve()
	started := time.Now()
	path := r.startPackage()
	whole := r.waitPackage(path)
	length := time.Since(started)
	want := r.resources(whole)
	if whole.Verdict != string(handover.Complete) || len(want) < 10 {
		t.Fatalf("%s, %d files of resources", whole.Verdict, len(want))
	}
	for round := range rounds {
		path := r.startPackage()
		time.Sleep(time.Duration(rand.Int64N(int64(length)))) // any moment: what must hold afterwards does not depend on it
		r.kill()
		r = p.serve()
		done := r.waitPackage(path)
		if got := r.resources(done); !maps.Equal(got, want) {
			t.Fatalf("round %d: the package after the kill differs", round)
		}
		entries, err := os.ReadDir(filepath.Join(r.data, "exports", filepath.Base(path)))
		r.must(err)
		if len(entries) != len(done.Files) {
			t.Fatalf("round %d: the job's folder holds %d entries, the row %d files", round, len(entries), len(done.Files))
		}
		r.do(http.MethodDelete, r.api(path), nil)
	}
}
