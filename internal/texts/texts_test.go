package texts_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"satchel/internal/texts"
)

// load reads one file of texts.
func load(content string) (texts.Texts, error) {
	return texts.Load(fstest.MapFS{"texts/en/bag.json": {Data: []byte(content)}, "texts/en/common.json": {Data: []byte(`{"yes": "Yes"}`)}})
}

// Texts are found by noun and key, filled in once, and counted.
func TestSay(t *testing.T) {
	t.Parallel()
	all, err := load(`{"who": "For {who} of {where}", "files.one": "{n} file for {who}", "files.other": "{n} files for {who}"}`)
	if err != nil {
		t.Fatal(err)
	}
	who := []any{"who", "{where}", "where", "{who}"}
	for want, say := range map[string]func() (string, error){
		"For {where} of {who}":    func() (string, error) { return all.Say("bag", "who", who...) },
		"For {who} of {where}":    func() (string, error) { return all.Say("other", "bag:who") },
		"Yes":                     func() (string, error) { return all.Say("bag", "yes") },
		"1 file for {where}":      func() (string, error) { return all.Count("bag", "files", 1, who...) },
		"0 files for {where}":     func() (string, error) { return all.Count("bag", "files", int64(0), who...) },
		"1,234 files for {where}": func() (string, error) { return all.Count("bag", "files", 1234, who...) },
		"no-such":                 func() (string, error) { return all.Text("bag", "no-such"), nil },
	} {
		if got, err := say(); got != want || err != nil {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	if text, err := all.Say("bag", "no-such"); err == nil {
		t.Errorf("no error, but %q", text)
	}
}

// A file that nobody can have meant so is refused, and the error names the file.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{``, `[]`, `{"a": ""}`, `{"a": 1}`, `{"a": {"b": "c"}}`, `{"a": "b", "a": "c"}`, `{"a": "b"`, `{"a": "b"} {}`} {
		if all, err := load(bad); err == nil || !strings.Contains(err.Error(), "texts/en/bag.json") {
			t.Errorf("%s: %v, %v", bad, all, err)
		}
	}
	for name, folder := range map[string]fstest.MapFS{"none": {}, "ours": {"texts/en/format.json": {Data: []byte(`{"day": "2"}`)}}} {
		if all, err := texts.Load(folder); err == nil {
			t.Errorf("%s: %v", name, all)
		}
	}
}

// Numbers, sizes and days are written as people read them.
func TestFormats(t *testing.T) {
	t.Parallel()
	all, err := load(`{"a": "b"}`)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 15, 6, 0, 0, time.UTC)
	for _, c := range [][2]string{
		{texts.Number(0), "0"}, {texts.Number(999), "999"}, {texts.Number(-1000), "-1,000"}, {texts.Number(int64(1234567)), "1,234,567"}, {texts.Number("some"), "some"},
		{texts.Bytes(0), "0 bytes"}, {texts.Bytes(999), "999 bytes"}, {texts.Bytes(1000), "1.0 kB"}, {texts.Bytes(123456), "123 kB"}, {texts.Bytes(12345678), "12.3 MB"},
		{texts.Bytes(int64(5e9)), "5.0 GB"}, {texts.Bytes(int64(7e12)), "7.0 TB"}, {texts.Bytes("some"), "some"},
		{texts.Sentence("élan is missing"), "Élan is missing."}, {texts.Sentence("Done."), "Done."}, {texts.Sentence(" "), ""},
		{all.Date(texts.Day, at), "Mar 4, 2026"}, {all.Date(texts.Time, at), "Mar 4, 2026, 3:06 PM"}, {all.Date(texts.Month, at), "March 2026"},
		{all.Date(texts.LongDay, at), "March 4, 2026"}, {all.Date(texts.LongTime, at), "March 4, 2026, 3:06\u00a0PM"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}
