package config

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The settings file that init writes changes nothing, so that a changed default reaches those who have it and a line of Smile CDR
// that is pasted into it meets no other value. With the # taken away, it has every key with its default.
func TestExample(t *testing.T) {
	t.Parallel()
	got, err := config(t, Example(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range got.Keys() {
		if s := got.Source(key); s != "" {
			t.Errorf("%s comes from %s", key, s)
		}
	}
	c, err := config(t, "module.p.config.bulk_export.file_max_capacity = 7\n"+Example(), nil, nil)
	if err != nil || c.BulkExport.FileMaxCapacity != 7 {
		t.Error("a pasted line:", err)
	}

	var all strings.Builder
	for line := range strings.Lines(Example()) {
		if after, ok := strings.CutPrefix(line, "#"); ok && !strings.HasPrefix(line, "# ") {
			line = after
		}
		all.WriteString(line)
	}
	if got, err = config(t, all.String(), nil, nil); err != nil {
		t.Fatal(err)
	}
	want := Defaults()
	want.Data, want.File = got.Data, got.File
	want.BulkExport.Folder = filepath.Join(got.Data, "exports")
	if d := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{}), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("the example differs from the defaults (-default +example):\n%s", d)
	}
	for _, s := range got.Settings() {
		if !strings.HasPrefix(got.Source(s.Key), "file") || s.Text == "" {
			t.Errorf("the example has no %s, or no word on it", s.Key)
		}
	}
}

// What flags of init say stands below the default.
func TestInitialFile(t *testing.T) {
	t.Parallel()
	text, err := InitialFile(map[string]string{"http.listen": "0.0.0.0:9", "http.insecure_http": "true"})
	if err != nil || !strings.Contains(text, "#listen = \"127.0.0.1:8080\"\nlisten = \"0.0.0.0:9\"\n") {
		t.Fatal(err, text)
	}
	c, err := config(t, text, nil, nil)
	if err != nil || c.HTTP.Listen != "0.0.0.0:9" || !c.HTTP.InsecureHTTP || c.Source("tls.mode") != "" {
		t.Errorf("%+v, %v", c, err)
	}
	if text, err := InitialFile(nil); err != nil || text != Example() {
		t.Error("changed without a flag", err)
	}
}
