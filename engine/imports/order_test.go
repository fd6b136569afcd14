package imports

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
	_ "satchel/internal/property"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// version is a Patient/1 with its meta, whose telecom tells which one it is.
func version(meta, which string) string {
	return `{"resourceType":"Patient","id":"1","meta":{` + meta + `},"telecom":[{"value":"` + which + `"}]}`
}

// which tells the telecom of Patient/1, "" if it is deleted or was never here.
func which(t testing.TB, s *storage.Store) string {
	t.Helper()
	r, err := s.Resource(t.Context(), "Patient", "1")
	if fhir.IsCode(err, fhir.CodeNotFound) || err == nil && r.Deleted {
		return ""
	}
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		t.Fatal(err)
	}
	return d.Look().Child("telecom").Child("value").Text()
}

// write stores a resource as REST does, or deletes Patient/1 if text is empty.
func write(t testing.TB, s *storage.Store, text string) {
	t.Helper()
	_, err := s.Write(t.Context(), func(tx *storage.Tx) ([]audit.Event, error) {
		if text == "" {
			_, _, err := tx.Delete("Patient", "1")
			return []audit.Event{{Who: audittest.Who, Action: audit.Delete}}, err
		}
		d, err := fhir.Parse([]byte(text))
		if err == nil {
			_, _, err = tx.Put(d, "")
		}
		return []audit.Event{{Who: audittest.Who, Action: audit.Update}}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// orders are files that are imported one after the other, and what stands at the end. A second run of the last one changes nothing.
var orders = []struct {
	name  string
	files []string // NDJSON, or a Bundle; "here: text" is a write by REST in between
	want  string
	last  Counts // of the last import
}{
	{"newest first", []string{version(`"versionId":"9","lastUpdated":"2026-06-01T00:00:00Z"`, "new") + "\n" + version(`"versionId":"4","lastUpdated":"2024-06-01T00:00:00Z"`, "old")}, "new", Counts{Created: 1, Older: 1}},
	{"newest last", []string{version(`"versionId":"4"`, "old") + "\n" + version(`"versionId":"9"`, "new")}, "new", Counts{Created: 1, Updated: 1}},
	{"numbers, not texts", []string{version(`"versionId":"10"`, "new") + "\n" + version(`"versionId":"9"`, "old")}, "new", Counts{Created: 1, Older: 1}},
	{"another zone", []string{version(`"lastUpdated":"2026-06-01T01:00:00+02:00"`, "old") + "\n" + version(`"lastUpdated":"2026-05-31T23:30:00Z"`, "new")}, "new", Counts{Created: 1, Updated: 1}},
	{"they contradict", []string{version(`"versionId":"1","lastUpdated":"2026-06-01T00:00:00Z"`, "new") + "\n" + version(`"versionId":"9","lastUpdated":"2025-06-01T00:00:00Z"`, "old")}, "new", Counts{Created: 1, Older: 1}},
	{"across imports", []string{version(`"versionId":"9"`, "new"), version(`"versionId":"4"`, "old")}, "new", Counts{Older: 1}},
	{"the same content again and newer", []string{version(`"versionId":"1"`, "a"), version(`"versionId":"3"`, "a"), version(`"versionId":"2"`, "b")}, "a", Counts{Older: 1}},
	{"back to what it was", []string{version(`"versionId":"1"`, "a"), version(`"versionId":"2"`, "b"), version(`"versionId":"3"`, "a")}, "a", Counts{Updated: 1}},
	{"nothing is told: the later one", []string{version("", "a"), version("", "b")}, "b", Counts{Updated: 1}},
	{"nothing is told: here before", []string{version("", "a") + "\n" + version("", "b"), version("", "a") + "\n" + version("", "b")}, "b", Counts{Unchanged: 2}},
	{"an untold one between", []string{version(`"versionId":"5"`, "a"), version("", "b"), version(`"versionId":"4"`, "c")}, "b", Counts{Older: 1}},

	{"edited here", []string{version("", "555-0001"), "here: " + version("", "555-NEW"), version("", "555-0001")}, "555-NEW", Counts{Unchanged: 1}},
	{"edited here, with meta", []string{version(`"versionId":"1","lastUpdated":"2024-06-01T00:00:00Z"`, "a"), "here: " + version("", "b"), version(`"versionId":"1","lastUpdated":"2024-06-01T00:00:00Z"`, "a")}, "b", Counts{Unchanged: 1}},
	{"edited here and there", []string{version(`"versionId":"1"`, "a"), "here: " + version("", "b"), version(`"versionId":"2"`, "c")}, "b", Counts{Refused: 1}},
	{"edited here, older than what was taken", []string{version(`"versionId":"2"`, "a"), "here: " + version("", "b"), version(`"versionId":"1"`, "c")}, "b", Counts{Older: 1}},
	{"deleted here", []string{version("", "a"), "here: ", version("", "a")}, "", Counts{Unchanged: 1}},
	{"deleted here, changed there", []string{version("", "a"), "here: ", version("", "b")}, "", Counts{Refused: 1}},
	{"edited here as there", []string{version(`"versionId":"1"`, "a"), "here: " + version("", "b"), version(`"versionId":"2"`, "b"), version(`"versionId":"3"`, "c")}, "c", Counts{Updated: 1}},
	{"only ever written here", []string{"here: " + version("", "a"), version("", "b")}, "a", Counts{Refused: 1}},
	{"only ever written here, older", []string{"here: " + version("", "a"), version(`"lastUpdated":"2001-01-01T00:00:00Z"`, "b")}, "a", Counts{Refused: 1}},
	{"only ever written here, newer", []string{"here: " + version("", "a"), version(`"lastUpdated":"2901-01-01T00:00:00Z"`, "b")}, "b", Counts{Updated: 1}},

	{"history, newest first", []string{bundleOf("history", `{"resource":`+version(`"versionId":"3"`, "c")+`}`, `{"resource":`+version(`"versionId":"2"`, "b")+`}`, `{"resource":`+version(`"versionId":"1"`, "a")+`}`)}, "c", Counts{Created: 1, Older: 2}},
	{"history without meta", []string{bundleOf("history", `{"resource":`+version(``, "c")+`}`, `{"resource":`+version(``, "b")+`}`, `{"resource":`+version(``, "a")+`}`)}, "c", Counts{Created: 1, Older: 2}},
	{"history told by responses", []string{bundleOf("history", `{"resource":`+version(``, "c")+`,"response":{"status":"200","etag":"W/\"3\""}}`), bundleOf("history", `{"response":{"etag":"W/\"2\""},"resource":`+version(``, "b")+`}`)}, "c", Counts{Older: 1}},
	{"history in the wrong order, with times", []string{bundleOf("history", `{"resource":`+version(`"lastUpdated":"2024-01-01T00:00:00Z"`, "a")+`}`, `{"resource":`+version(`"lastUpdated":"2025-01-01T00:00:00Z"`, "b")+`}`)}, "b", Counts{Created: 1, Updated: 1}},
	{"history behind its own entries", []string{strings.Replace(bundleOf("x", `{"resource":`+version(``, "b")+`}`, `{"resource":`+version(``, "a")+`}`), `"type":"x","entry"`, `"entry"`, 1), bundleOf("collection")}, "a", Counts{}},
}

func TestImportOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range orders {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := testpractice.Empty.Bulk(t)
			var got Counts
			for range 2 {
				for _, text := range tt.files {
					if here, is := strings.CutPrefix(text, "here: "); is {
						write(t, s, here)
						continue
					}
					got = importText(t, Import{Store: s}, text)
				}
				if now := which(t, s); now != tt.want {
					t.Fatalf("%q, want %q", now, tt.want)
				}
				if got != tt.last {
					t.Errorf("%+v, want %+v", got, tt.last)
				}
				tt.files = tt.files[len(tt.files)-1:]
				tt.last.Unchanged, tt.last.Created, tt.last.Updated = tt.last.Sum()-tt.last.Older-tt.last.Refused, 0, 0
			}
			if o := (Import{Store: s, Choices: Choices{Overwrite: true}}); importText(t, o, version("", "mine")).Updated+importText(t, o, version("", "mine")).Unchanged == 0 || which(t, s) != "mine" {
				t.Errorf("overwritten: %q", which(t, s))
			}
		})
	}
}

// importText imports a text as a file: a Bundle as .json, anything else as lines.
func importText(t testing.TB, m Import, text string) Counts {
	t.Helper()
	name := "a.ndjson"
	if strings.HasPrefix(text, `{"resourceType":"Bundle"`) {
		name = "a.json"
	}
	got, _, err := run(t, m, testpractice.Files(t, map[string]string{name: text}), name)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Overwriting takes what the files say, and of several versions in them the newest, in whatever order.
func TestImportOverwrites(t *testing.T) {
	t.Parallel()
	one, two := version(`"versionId":"1"`, "one"), version(`"versionId":"2"`, "two")
	for _, text := range []string{one + "\n" + two, two + "\n" + one} {
		for _, here := range []string{version("", "edited"), version("", "two"), ""} {
			s := testpractice.Empty.Bulk(t)
			importText(t, Import{Store: s}, version(`"versionId":"7"`, "seven"))
			write(t, s, here)
			importText(t, Import{Store: s, Choices: Choices{Overwrite: true}}, text)
			if now := which(t, s); now != "two" {
				t.Errorf("%s after %q: %q", text, here, now)
			}
			if importText(t, Import{Store: s}, version(`"versionId":"3"`, "three")); which(t, s) != "three" {
				t.Errorf("%s after %q: the next version is not taken", text, here)
			}
		}
	}
}

// deletions are files with deletions, and what stands after an import that carries them out.
var deletions = []struct {
	name  string
	files []string
	want  string
	last  Counts
}{
	{"line of a deleted file", []string{version("", "a"), bundleOf("transaction", `{"request":{"method":"DELETE","url":"Patient/1"}}`)}, "", Counts{Deleted: 1}},
	{"by an absolute url", []string{version("", "a"), bundleOf("batch", `{"request":{"method":"DELETE","url":"https://old.example/fhir/Patient/1/_history/2"}}`)}, "", Counts{Deleted: 1}},
	{"by fullUrl", []string{version("", "a"), bundleOf("history", `{"fullUrl":"https://old.example/fhir/Patient/1","request":{"method":"DELETE","url":"Patient"}}`)}, "", Counts{Deleted: 1}},
	{"and the old file again", []string{version("", "a"), bundleOf("batch", `{"request":{"method":"DELETE","url":"Patient/1"}}`), version("", "a")}, "", Counts{Unchanged: 1}},
	{"history", []string{bundleOf("history", `{"request":{"method":"DELETE","url":"Patient/1"}}`, `{"resource":`+version("", "b")+`}`, `{"resource":`+version("", "a")+`}`)}, "", Counts{Deleted: 1, Older: 2}},
	{"history of one that came back", []string{bundleOf("history", `{"resource":`+version("", "b")+`}`, `{"request":{"method":"DELETE","url":"Patient/1"}}`, `{"resource":`+version("", "a")+`}`)}, "b", Counts{Created: 1, Older: 2}},
	{"before what is older", []string{bundleOf("history", `{"request":{"method":"DELETE","url":"Patient/1/_history/2"}}`), version(`"versionId":"1"`, "a")}, "", Counts{Older: 1}},
	{"before what is newer", []string{bundleOf("history", `{"request":{"method":"DELETE","url":"Patient/1"},"response":{"lastModified":"2024-01-01T00:00:00Z"}}`), version(`"lastUpdated":"2025-01-01T00:00:00Z"`, "a")}, "a", Counts{Created: 1}},
	{"older than what is here", []string{version(`"lastUpdated":"2025-01-01T00:00:00Z"`, "a"), bundleOf("history", `{"request":{"method":"DELETE","url":"Patient/1"},"response":{"lastModified":"2024-01-01T00:00:00Z"}}`)}, "a", Counts{Older: 1}},
	{"edited here", []string{version("", "a"), "here: " + version("", "b"), bundleOf("batch", `{"request":{"method":"DELETE","url":"Patient/1"}}`)}, "b", Counts{Refused: 1}},
	{"only ever written here", []string{"here: " + version("", "b"), bundleOf("history", `{"request":{"method":"DELETE","url":"Patient/1"},"response":{"lastModified":"2901-01-01T00:00:00Z"}}`)}, "b", Counts{Refused: 1}},
	{"of what is not here", []string{bundleOf("batch", `{"request":{"method":"DELETE","url":"Patient/1"}}`)}, "", Counts{Deleted: 1}},
	{"of nothing", []string{version("", "a"), bundleOf("batch", `{"request":{"method":"DELETE","url":"x"}}`)}, "a", Counts{Refused: 1}},
}

func TestImportDeletions(t *testing.T) {
	t.Parallel()
	for _, tt := range deletions {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, listed := testpractice.Empty.Bulk(t), testpractice.Empty.Bulk(t)
			var got Counts
			for _, text := range tt.files {
				if here, is := strings.CutPrefix(text, "here: "); is {
					write(t, s, here)
					continue
				}
				got = importText(t, Import{Store: s, Choices: Choices{Deletions: true}}, text)
				importText(t, Import{Store: listed}, text)
			}
			if now := which(t, s); now != tt.want || got != tt.last {
				t.Errorf("%q %+v, want %q %+v", now, got, tt.want, tt.last)
			}
			if r, err := listed.Resource(t.Context(), "Patient", "1"); err == nil && r.Deleted {
				t.Error("a deletion was carried out without being asked for")
			}
		})
	}
}

// state is one state of a resource at a source: a version, or its deletion.
type state struct {
	key, number, time string
	gone              bool
	text              string
}

// Whatever versions a source has, however they are ordered, repeated, and spread over files and imports: the newest is current at the
// end, and the counts add up to what was offered.
func TestImportAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		newest := map[string]state{}
		var all []state
		for _, key := range []string{"Patient/1", "Patient/2", "Observation/1"} {
			for n := range rapid.IntRange(0, 4).Draw(rt, "versions of "+key) {
				v := anyState(rt, key, n)
				all, newest[key] = append(all, v), v
			}
		}
		offered := rapid.Permutation(slices.Concat(all, all[:len(all)/2])).Draw(rt, "order")
		s := testpractice.Empty.Bulk(t)
		for len(offered) > 0 {
			n := rapid.IntRange(1, len(offered)).Draw(rt, "import")
			importStates(rt, t, s, offered[:n])
			offered = offered[n:]
		}
		for _, key := range slices.Sorted(maps.Keys(newest)) {
			typ, id, _ := strings.Cut(key, "/")
			r, err := s.Resource(t.Context(), typ, id)
			want := newest[key]
			if alive := err == nil && !r.Deleted; alive == want.gone || alive && !strings.Contains(string(r.JSON), `"`+want.text+`"`) {
				rt.Fatalf("%s is %s (%v), want %+v", key, r.JSON, err, want)
			}
		}
	})
}

// anyState draws the n-th state of a resource, told by time, by number, or by both.
func anyState(t *rapid.T, key string, n int) state {
	v := state{key: key, text: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "content"), gone: n > 0 && rapid.IntRange(0, 3).Draw(t, "gone") == 0}
	zone := rapid.SampledFrom([]string{"Z", ".5Z", ".25+00:00"}).Draw(t, "zone")
	v.number, v.time = fmt.Sprint(8+n), fmt.Sprintf("2026-01-%02dT10:00:00%s", 1+n, zone)
	return v
}

// importStates imports states, spread over lines and Bundles, and looks whether the counts add up.
func importStates(rt *rapid.T, t *testing.T, s *storage.Store, states []state) {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		rt.Fatal(err)
	}
	for i, v := range states {
		name, text := fmt.Sprintf("%03d.ndjson", i/2), v.line()
		if v.gone || rapid.Bool().Draw(rt, "in a Bundle") {
			name, text = fmt.Sprintf("%03d-b.json", i), bundleOf(rapid.SampledFrom([]string{"history", "batch"}).Draw(rt, "type"), v.entry())
		}
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			rt.Fatal(err)
		}
		fmt.Fprintln(f, text)
		f.Close()
	}
	counts, err := (&Import{Store: s, Choices: Choices{Deletions: true}}).Run(t.Context(), dir)
	if got := sum(counts); err != nil || got.Sum() != int64(len(states)) || got.Refused != 0 {
		rt.Fatalf("%+v of %d, %v", got, len(states), err)
	}
}

func (v state) line() string {
	typ, id, _ := strings.Cut(v.key, "/")
	return fmt.Sprintf(`{"resourceType":"%s","id":"%s","meta":{"versionId":"%s","lastUpdated":"%s"},"language":"%s"}`, typ, id, v.number, v.time, v.text)
}

func (v state) entry() string {
	if v.gone {
		return fmt.Sprintf(`{"request":{"method":"DELETE","url":"%s"},"response":{"etag":"W/\"%s\"","lastModified":"%s"}}`, v.key, v.number, v.time)
	}
	return `{"resource":` + v.line() + `,"request":{"method":"PUT","url":"` + v.key + `"}}`
}
