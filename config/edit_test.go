package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A property that fails leaves nothing in the tree.
func init() { _ = flag.Set("rapid.nofailfile", "true") }

// A key is changed wherever it stands and however it is written, and nothing else is.
func TestSetKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after string }{
		{"in place", "[log]\nlevel = \"x\" # why\n[b]\nlevel = 1\n", "[log]\nlevel = \"N\" # why\n[b]\nlevel = 1\n"},
		{"apostrophes", "[log]\n  level='x # y' # why\n", "[log]\n  level=\"N\" # why\n"},
		{"escaped", "[log]\nlevel = \"x\\\" # y\"\n", "[log]\nlevel = \"N\"\n"},
		{"several lines", "[log]\nlevel = \"\"\"\n[a]\nlevel = 1\"\"\"\nformat = 1\n", "[log]\nlevel = \"N\"\nformat = 1\n"},
		{"quoted key", "[\"log\"]\n'level' = 1\n", "[\"log\"]\n'level' = \"N\"\n"},
		{"dotted", "log.level = 1\n[http]\n", "log.level = \"N\"\n[http]\n"},
		{"inline", "log = { format = 'a', level = [1, # 2\n 3] }\n", "log = { format = 'a', level = \"N\" }\n"},
		{"the last line does not end", "[log]\nlevel = 1", "[log]\nlevel = \"N\""},
		{"a mark before the text", "\uFEFF[log]\nlevel = 1\n", "\uFEFF[log]\nlevel = \"N\"\n"},
		{"lines of Windows", "[log]\r\nformat = 1\r\n", "[log]\r\nlevel = \"N\"\r\nformat = 1\r\n"},
		{"not in another section", "[b]\nlevel = 1\n[log]\nother = 2\n", "[b]\nlevel = 1\n[log]\nlevel = \"N\"\nother = 2\n"},
		{"below its default", "[b]\n#level = 1\n[log]\n# what\n#level = \"info\"\n\n#format = 2\n", "[b]\n#level = 1\n[log]\n# what\n#level = \"info\"\nlevel = \"N\"\n\n#format = 2\n"},
		{"a remark is no default", "[log]\n# level = \"x\"\n", "[log]\nlevel = \"N\"\n# level = \"x\"\n"},
		{"the header does not end", "[log]", "[log]\nlevel = \"N\"\n"},
		{"a new section", "x = 1\n", "x = 1\n\n[log]\nlevel = \"N\"\n"},
		{"nothing", "", "[log]\nlevel = \"N\"\n"},
	} {
		if got, err := setKey(c.before, "log.level", `"N"`); got != c.after || err != nil {
			t.Errorf("%s: %q (%v), want %q", c.name, got, err, c.after)
		}
	}
}

// A line of Smile CDR is changed as it stands, and a key that two lines give in both.
func TestSetSmileKey(t *testing.T) {
	t.Parallel()
	const before = "module.a.config.bulk_export.max_jobs = 1\n[bulk_export]\nmax_jobs = 1\n"
	got, err := setKey(before, "bulk_export.max_jobs", "22")
	if want := strings.ReplaceAll(before, "= 1", "= 22"); got != want || err != nil {
		t.Errorf("%q (%v), want %q", got, err, want)
	}
}

// Whatever texts are written, they are read again, and each change leaves the other keys alone.
func TestEdit(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		file := filepath.Join(dir, "config.toml")
		if err := os.WriteFile(file, []byte(rapid.SampledFrom([]string{"", Example(), "practice = {name = 'x'}\n", "\uFEFF[practice]\r\nname = 'x' # y\r\n"}).Draw(t, "file")), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(dir, "", []string{"SATCHEL_LOG__FORMAT=json"}, map[string]string{"http.listen": "127.0.0.1:3"})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			key := rapid.SampledFrom([]string{"practice.name", "practice.contact", "practice.phone"}).Draw(t, "key")
			text := rapid.StringOfN(rapid.RuneFrom([]rune("ab\"'\\#=[]é\u2028<&")), 0, 9, -1).Draw(t, "text")
			if _, err := c.Edit(Change{key, text}); err != nil {
				if strings.Contains(err.Error(), "by hand") { // an inline table takes no further key
					return
				}
				t.Fatal(err)
			}
			want[key] = text
		}
		again, err := Load(dir, "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for key, text := range want {
			if s, _ := again.Find(key); *s.Field.(*string) != text {
				t.Errorf("%s is %q, want %q", key, *s.Field.(*string), text)
			}
		}
		if again.HTTP.Listen != "127.0.0.1:8080" || again.Log.Format != "auto" {
			t.Error("what the environment or a flag sets was written down")
		}
	})
}

// Settings that are wrong together are not written, and neither is a key that is none.
func TestEditRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := Load(dir, "", nil, map[string]string{"log.level": "warn"})
	if err != nil {
		t.Fatal(err)
	}
	for want, changes := range map[string][]Change{
		"http.insecure_http": {{"http.listen", "0.0.0.0:80"}},
		"did you mean":       {{"log.levl", "info"}},
		"true or false":      {{"bulk_export.enabled", "perhaps"}},
		"write 1 to 1000":    {{"log.format", "json"}, {"bulk_export.max_jobs", "0"}},
	} {
		if _, err := c.Edit(changes...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if _, err := os.Stat(c.File); err == nil {
			t.Fatal("it was written")
		}
	}
	after, err := c.Edit(Change{"http.listen", "0.0.0.0:8443"}, Change{"tls.mode", TLSLocalCA})
	if err != nil || after.Log.Level != "warn" || after.Source("tls.mode") != "file, line 5" || after.Source("log.level") != "flag" {
		t.Errorf("%+v (%v)", after, err)
	}
}
