package browser

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

const form = `<!DOCTYPE html><html lang="en"><head><title>Form</title></head><body><main><h1>Form</h1>
<form action="/said" method="post"><label>Name <input name="name" value="old"></label>
<label for="c">Colour</label> <select id="c" name="colour"><option>Red<option value="g">Green</select>
<label><input type="checkbox" name="box" value="yes"> Really</label>
<label>Day <input type="date" name="day"></label>
<button>Send it</button></form>
<p><a href="/file">Get the file</a> <button type="button" onclick="setTimeout(() => document.getElementById('late').textContent = confirm('Sure?') ? 'At last' : 'No', 200)">Later</button></p>
<p id="late"></p></main></body></html>`

func site(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	show := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write([]byte(text))
		}
	}
	mux.HandleFunc("GET /{$}", show(form))
	mux.HandleFunc("GET /favicon.ico", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /bad", show(`<body style="width:2000px"><img src="http://elsewhere.example/x.png"><p style="color:#ccc;background:#fff">faint</p><script>nothing.there()</script><noscript>no script</noscript>`))
	mux.HandleFunc("GET /file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="notes.txt"`)
		w.Write([]byte("content"))
	})
	mux.HandleFunc("POST /said", func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1", HttpOnly: true})
		show("<title>Said</title><p>"+r.Form.Encode())(w, r)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestPerson(t *testing.T) {
	address := site(t)
	b := Start(t)
	b.Open(address)
	b.Fill("Name", "new")
	b.Fill("Colour", "Green")
	b.Fill("Really", "on")
	b.Fill("Day", "2026-01-31")
	b.Submit()
	if got := b.Text("p"); got != "box=yes&colour=g&day=2026-01-31&name=new" {
		t.Errorf("the form sent %q", got)
	}
	if c := b.Cookies(); len(c) != 1 || c[0].Name != "seen" || !c[0].HTTPOnly {
		t.Errorf("cookies %v", c)
	}
	b.Back()
	b.Click("Later")
	b.Wait("At last")
	if got := b.Dialogs(); !slices.Equal(got, []string{"Sure?"}) {
		t.Errorf("dialogs %q", got)
	}
	path := b.Download(func() { b.Click("Get the file") })
	if got, err := os.ReadFile(path); err != nil || string(got) != "content" || !strings.HasSuffix(path, "/notes.txt") {
		t.Errorf("%s has %q, %v", path, got, err)
	}
	b.Press("Tab")
	if b.Focused() == "" {
		t.Error("nothing has the focus")
	}
	b.Screenshot("form")
	b.WantQuiet(address)
	b.WantAccessible()
}

func TestComplaints(t *testing.T) {
	address := site(t)
	b := Start(t)
	b.Open(address + "/bad")
	all := strings.Join(b.Problems(), "\n")
	for _, want := range []string{"ERR_NAME_NOT_RESOLVED", "nothing is not defined"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in %s", want, all)
		}
	}
	if got := b.Requests(); !slices.Contains(got, "http://elsewhere.example/x.png") {
		t.Errorf("requests %q", got)
	}
	if b.Phone(); b.Overflow() < 100 {
		t.Errorf("2000 pixels are too wide by %d only", b.Overflow())
	}
	var found []string
	for _, v := range b.Axe() {
		found = append(found, v.Impact+" "+v.ID)
	}
	if !slices.Contains(found, "serious color-contrast") {
		t.Errorf("axe found %q", found)
	}
	if v := b.axe(colourRules); len(v) != 1 || v[0].ID != "color-contrast" {
		t.Errorf("of colours axe found %q", v)
	}
	b.Script(false)
	b.Open(address + "/bad")
	if got := b.Text("body"); !strings.Contains(got, "no script") {
		t.Errorf("without script the page says %q", got)
	}
}

// Tabs of two tests know nothing of each other.
func TestApart(t *testing.T) {
	address := site(t)
	one, other := Start(t), Start(t)
	one.Open(address)
	one.Submit()
	if len(one.Cookies()) != 1 || len(other.Cookies()) != 0 || len(other.Requests()) != 0 {
		t.Error("a tab has what is another's")
	}
}
