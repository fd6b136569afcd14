package faces_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"satchel/fhir"
	"satchel/internal/await"
	"satchel/web"
)

// TestTranscripts plays the conversations in testdata/script. Each file is a piece of the protocol's documentation:
//
//	# comment
//	option CORS=origin |
//	option EXPORT=off | BASIC=off | EXCLUSIVE=off | PUBLIC=url     before anything else
//	account NAME AUTHORITY…     adds an account; AUTHORITY is PERMISSION or PERMISSION:ARGUMENT
//	client NAME SCOPE,… AUTHORITY…    registers a backend client with a key of the test
//	assert VAR NAME [claim=value]…    remembers a new assertion that the client signs; a value is JSON
//	token VAR NAME SCOPE,…      remembers a new access token of the client
//	as Bearer $VAR              a token sends the requests from here on
//	as NAME                     who sends the requests from here on; "as nobody": no credentials
//
//	METHOD path                 begins a request; a blank line ends it
//	> Name: value               a header of it; an empty value removes it
//	{ …                         its body, all lines that begin with {, }, [, ] or a space, or "form …"
//	code == 200                 checks of the answer
//	header Name == text | ~ regexp | absent
//	body contains text | lacks text | ~ regexp | is text | empty
//	set VAR header Name | json path.0.to | body     remembers; $VAR anywhere later
//	until code == 200           asks again until it holds
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			(&transcript{t: t, file: file, vars: map[string]string{}}).play(string(text))
		})
	}
}

// transcript is one file under way.
type transcript struct {
	t       *testing.T
	file    string
	p       *practice
	options []string
	vars    map[string]string
	method  string
	path    string
	header  []string
	body    strings.Builder
	checks  []line
}

// line is one line of the file, for messages.
type line struct {
	number int
	text   string
}

func (s *transcript) play(text string) {
	for i, raw := range strings.Split(text, "\n") {
		s.step(line{i + 1, raw})
	}
	s.finish()
}

func (s *transcript) fatal(l line, format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: %s\n%s", s.file, l.number, l.text, fmt.Sprintf(format, args...))
}

var variable = regexp.MustCompile(`\$[A-Z][A-Z0-9_]*`)

// expand puts in what was set; $BASE is the FHIR base, $HOST what comes before it.
func (s *transcript) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(name string) string {
		if value, ok := s.vars[name[1:]]; ok {
			return value
		}
		return name
	})
}

func (s *transcript) step(l line) {
	word, rest, _ := strings.Cut(l.text, " ")
	if word == "option" {
		s.options = append(s.options, rest)
		return
	}
	if s.p == nil && strings.TrimSpace(l.text) != "" && word != "#" {
		s.p = open(s.t, s.change)
		s.vars["BASE"] = s.p.url
		s.vars["HOST"] = strings.TrimSuffix(s.p.url, "/fhir")
	}
	switch {
	case strings.HasPrefix(l.text, "#"):
	case strings.TrimSpace(l.text) == "":
		s.finish()
	case word == "account":
		fields := strings.Fields(rest)
		s.p.account(fields[0], fields[1:]...)
	case word == "client":
		fields := strings.Fields(rest)
		s.p.client(fields[0], fields[1], fields[2:]...)
	case word == "assert":
		s.assert(l, strings.Fields(rest))
	case word == "token":
		fields := strings.Fields(rest)
		s.vars[fields[0]] = strings.TrimPrefix(s.p.token(fields[1], strings.ReplaceAll(fields[2], ",", " ")), "Bearer ")
	case word == "as":
		if s.p.as = s.expand(rest); rest == "nobody" {
			s.p.as = ""
		}
	case word == ">":
		s.header = append(s.header, s.expand(rest))
	case word == "form":
		s.body.WriteString(s.expand(rest))
		s.header = append(s.header, "Content-Type:", "Content-Type: application/x-www-form-urlencoded")
	case strings.ContainsAny(l.text[:1], "{}[] "):
		s.body.WriteString(s.expand(l.text) + "\n")
	case strings.ToUpper(word) == word:
		s.method, s.path = word, s.expand(rest)
	default:
		s.checks = append(s.checks, l)
	}
}

// assert remembers an assertion.
func (s *transcript) assert(l line, fields []string) {
	changes := map[string]any{}
	for _, change := range fields[2:] {
		name, text, _ := strings.Cut(change, "=")
		var value any
		if err := json.Unmarshal([]byte(s.expand(text)), &value); err != nil {
			s.fatal(l, "%v", err)
		}
		changes[name] = value
	}
	s.vars[fields[0]] = s.p.assertion(fields[1], changes)
}

// change applies the options of the file.
func (s *transcript) change(o *web.Options) {
	for _, option := range s.options {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "EXPORT":
			o.Exports.Enabled = value != "off"
		case "EXCLUSIVE":
			o.Exports.Exclusive = value != "off"
		case "CORS":
			o.CORSOrigins = append(o.CORSOrigins, value)
		case "BASIC":
			o.Basic = value
		case "PUBLIC":
			o.PublicURL = value
		default:
			s.t.Fatalf("unknown option %q", option)
		}
	}
}

// finish sends the request and checks the answer.
func (s *transcript) finish() {
	if s.method == "" {
		return
	}
	r := await.Value(s.t, s.method+" "+s.path+" is settled", func() (reply, bool) {
		r := s.p.do(s.method, s.path, s.body.String(), s.header...)
		return r, s.settled(r)
	})
	for _, l := range s.checks {
		s.check(l, r)
	}
	s.valid(r)
	s.method, s.header, s.checks = "", nil, nil
	s.body.Reset()
}

// valid holds every FHIR answer against R4.
func (s *transcript) valid(r reply) {
	if r.header.Get("Content-Type") != "application/fhir+json" || r.body == "" {
		return
	}
	d, err := fhir.Parse([]byte(r.body))
	if err != nil {
		s.t.Fatalf("%s: %s %s: %v\n%.2000s", s.file, s.method, s.path, err, r.body)
	}
	for _, issue := range d.Validate() {
		s.t.Errorf("%s: %s %s: %s: %s\n%.2000s", s.file, s.method, s.path, issue.Expression, issue.Diagnostics, r.body)
	}
}

// settled reports whether every "until" holds.
func (s *transcript) settled(r reply) bool {
	for _, l := range s.checks {
		if want, ok := strings.CutPrefix(l.text, "until code == "); ok && fmt.Sprint(r.status) != want {
			return false
		}
		if want, ok := strings.CutPrefix(l.text, "until header X-Export-Status == "); ok && r.header.Get("X-Export-Status") != want {
			return false
		}
	}
	return true
}

func (s *transcript) check(l line, r reply) {
	word, rest, _ := strings.Cut(strings.TrimPrefix(l.text, "until "), " ")
	rest = s.expand(rest)
	switch word {
	case "code":
		if "== "+fmt.Sprint(r.status) != rest {
			s.fatal(l, "got %d\n%v\n%.3000s", r.status, r.header, r.body)
		}
	case "header":
		name, rest, _ := strings.Cut(rest, " ")
		s.compare(l, r, strings.Join(r.header.Values(name), ", "), rest)
	case "body":
		s.compare(l, r, r.body, rest)
	case "set":
		s.set(l, r, strings.Fields(rest))
	default:
		s.fatal(l, "unknown check")
	}
}

func (s *transcript) compare(l line, r reply, got, rest string) {
	how, want, _ := strings.Cut(rest, " ")
	ok := false
	switch how {
	case "==", "is":
		ok = got == want
	case "contains":
		ok = strings.Contains(got, want)
	case "lacks":
		ok = !strings.Contains(got, want)
	case "~":
		ok = regexp.MustCompile(want).MatchString(got)
	case "absent", "empty":
		ok = got == ""
	default:
		s.fatal(l, "unknown comparison %q", how)
	}
	if !ok {
		s.fatal(l, "got %.3000q\ncode %d", got, r.status)
	}
}

// set remembers a part of the answer.
func (s *transcript) set(l line, r reply, words []string) {
	switch words[1] {
	case "header":
		s.vars[words[0]] = r.header.Get(words[2])
	case "body":
		s.vars[words[0]] = r.body
	case "json":
		s.vars[words[0]] = pick(r.body, words[2])
	}
	if s.vars[words[0]] == "" {
		s.fatal(l, "nothing there\n%v\n%.2000s", r.header, r.body)
	}
}

// pick is the text at a path such as "link.1.url" in a JSON body; "" if there is none.
func pick(body, path string) string {
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return ""
	}
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(at) {
				return ""
			}
			v = at[i]
		}
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}
