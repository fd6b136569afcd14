package testsatchel

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// Get sends a request as anna and returns the status.
func Get(t *testing.T, url, password string) int {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	Must(t, err)
	r.SetBasicAuth("anna", password)
	resp, err := http.DefaultClient.Do(r)
	Must(t, err)
	resp.Body.Close()
	return resp.StatusCode
}

// Ask sends a request as anna and returns status and body.
func Ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	Must(t, err)
	r.SetBasicAuth("anna", Password)
	r.Header.Set("Prefer", "respond-async")
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	resp, err := http.DefaultClient.Do(r)
	Must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	Must(t, err)
	return resp.StatusCode, string(text)
}

// Must ends the test with an error.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Tree lists files with their sizes, without what locks leave behind.
func Tree(t *testing.T, dir string) string {
	var out strings.Builder
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if i, err := e.Info(); err == nil && !strings.HasSuffix(e.Name(), ".lock") {
			fmt.Fprintln(&out, e.Name(), i.Size())
		}
	}
	return out.String()
}
