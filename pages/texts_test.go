package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template/parse"
	"time"
)

// used are the keys that templates and Go code ask for, by noun. A key that ends in "*" stands for all that begin so.
type used map[string]map[string]string

func (u used) add(noun, key, where string) {
	if u[noun] == nil {
		u[noun] = map[string]string{}
	}
	u[noun][key] = where
}

// Each page can be read: the server reads a page only when somebody opens it.
func TestTemplates(t *testing.T) {
	t.Parallel()
	p, err := loadPages(func() *time.Location { return time.UTC })
	if err != nil {
		t.Fatal(err)
	}
	for name, load := range p.templates {
		if page, err := load(); err != nil {
			t.Error(err)
		} else if page.Lookup("layout") == nil || page.Lookup("main") == nil {
			t.Errorf("%s has no layout or no main: %s", name, page.DefinedTemplates())
		}
	}
}

// Every text that is asked for exists, and every text that exists is asked for.
func TestTexts(t *testing.T) {
	t.Parallel()
	p, err := loadPages(func() *time.Location { return time.UTC })
	if err != nil {
		t.Fatal(err)
	}
	u := used{}
	u.templates(t)
	u.code(t)
	for noun, keys := range u {
		for key, where := range keys {
			if prefix, many := strings.CutSuffix(key, "*"); many {
				if !slices.ContainsFunc(p.texts.keys(noun), func(k string) bool { return strings.HasPrefix(k, prefix) }) {
					t.Errorf("%s: no text of %q begins with %q", where, noun, prefix)
				}
			} else if _, ok := p.texts.find(noun, key); !ok && !p.texts.somewhere(noun, key) {
				t.Errorf("%s: there is no text %q in texts/en/%s.json or common.json", where, key, noun)
			}
		}
	}
	for noun, sentences := range p.texts {
		for key := range sentences {
			if !u.asks(noun, key) && !strings.HasPrefix(key, "nav.") { // the navigation grows with the pages
				t.Errorf("texts/en/%s.json: nobody asks for %q", noun, key)
			}
		}
	}
}

func (t texts) keys(noun string) (keys []string) {
	for _, n := range []string{noun, common} {
		for key := range t[n] {
			keys = append(keys, key)
		}
	}
	return keys
}

// somewhere holds for a key that Go code gives to a form, whose page is not known here.
func (t texts) somewhere(noun, key string) bool {
	if noun != anyNoun {
		return false
	}
	for n := range t {
		if _, ok := t[n][key]; ok {
			return true
		}
	}
	return false
}

const anyNoun = "*"

// asks reports whether anybody asks for a text; a common one may be asked for by every noun.
func (u used) asks(noun, key string) bool {
	for n, keys := range u {
		if n != noun && n != anyNoun && noun != common {
			continue
		}
		for k := range keys {
			if prefix, many := strings.CutSuffix(k, "*"); k == key || many && strings.HasPrefix(key, prefix) {
				return true
			}
		}
	}
	return false
}

// templates walks through all templates. What a part asks for may come from every noun.
func (u used) templates(t *testing.T) {
	err := fs.WalkDir(templateFiles, "templates", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := templateFiles.ReadFile(file)
		if err != nil {
			return err
		}
		page := strings.TrimSuffix(path.Base(file), ".html")
		noun := nounOf(page)
		if strings.Contains(file, "/part/") {
			noun = anyNoun
			if strings.HasPrefix(page, "card-") {
				noun = "today"
			}
		} else {
			u.add(noun, titleKey(page), file)
		}
		trees := map[string]*parse.Tree{}
		tree := parse.New(file)
		tree.Mode = parse.SkipFuncCheck
		if _, err := tree.Parse(string(content), "", "", trees); err != nil {
			return err
		}
		for _, one := range trees {
			u.walk(one.Root, noun, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// walk finds the calls of t, tn and tk.
func (u used) walk(n parse.Node, noun, file string) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, one := range n.Nodes {
				u.walk(one, noun, file)
			}
		}
	case *parse.IfNode:
		u.branch(&n.BranchNode, noun, file)
	case *parse.RangeNode:
		u.branch(&n.BranchNode, noun, file)
	case *parse.WithNode:
		u.branch(&n.BranchNode, noun, file)
	case *parse.ActionNode:
		u.walk(n.Pipe, noun, file)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			u.walk(n.Pipe, noun, file)
		}
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			u.walk(c, noun, file)
		}
	case *parse.CommandNode:
		u.call(n, noun, file)
		for _, a := range n.Args {
			u.walk(a, noun, file)
		}
	}
}

func (u used) branch(n *parse.BranchNode, noun, file string) {
	u.walk(n.Pipe, noun, file)
	u.walk(n.List, noun, file)
	u.walk(n.ElseList, noun, file)
}

func (u used) call(n *parse.CommandNode, noun, file string) {
	f, ok := n.Args[0].(*parse.IdentifierNode)
	if !ok || len(n.Args) < 2 {
		return
	}
	key, ok := n.Args[1].(*parse.StringNode)
	switch {
	case !ok:
		return
	}
	text := key.Text
	if own, rest, ok := strings.Cut(text, ":"); ok {
		noun, text = own, rest
	}
	switch {
	case f.Ident == "t":
		u.add(noun, text, file)
	case f.Ident == "tn":
		u.add(noun, text+".one", file)
		u.add(noun, text+".other", file)
	case f.Ident == "tk":
		u.add(noun, text+"*", file)
	}
}

// code walks through the Go code: v.T("noun.key"), f.Fail(field, "key"), v.Done(path, "key"), Nav: "key", Key: "key", and
// c.say("key").
func (u used) code(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	looksLikeKey := regexp.MustCompile(`^[a-z][a-z0-9]*([.-][a-z0-9]+)*\.?$`)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			key, err := strconv.Unquote(literal.Value)
			if err != nil || !looksLikeKey.MatchString(key) {
				return true
			}
			// Go code may build keys in many ways; a literal that is a key counts as a use, and is no promise that it is one.
			for _, k := range []string{key, "done." + key} {
				u.mention(k)
			}
			if noun, rest, ok := strings.Cut(key, "."); ok {
				if strings.HasSuffix(rest, ".") || rest == "" {
					u.mention(key + "*")
					u.mentionOf(noun, rest+"*")
				}
				u.mentionOf(noun, rest)
			}
			return true
		})
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch f.Sel.Name {
			case "T":
				if key := literal(call, 0); key != "" {
					noun, rest, _ := strings.Cut(key, ".")
					u.add(noun, rest, "T")
				}
			case "Fail":
				if key := literal(call, 1); key != "" {
					u.add(anyNoun, key, "Fail")
				}
			case "Done":
				if key := literal(call, 1); key != "" {
					u.add(anyNoun, "done."+key, "Done")
				}
			}
			return true
		})
	}
}

// mention and mentionOf are uses that need not exist.
func (u used) mention(key string) {
	for noun, keys := range known() {
		if strings.HasSuffix(key, "*") || slices.Contains(keys, key) {
			u.mentionOf(noun, key)
		}
	}
}

func (u used) mentionOf(noun, key string) {
	keys := known()[noun]
	prefix, many := strings.CutSuffix(key, "*")
	if slices.ContainsFunc(keys, func(k string) bool { return k == key || many && strings.HasPrefix(k, prefix) }) {
		u.add(noun, key, "Go")
	}
}

var allKeys map[string][]string

func known() map[string][]string {
	if allKeys == nil {
		allKeys = map[string][]string{}
		t, err := loadTexts(language)
		if err != nil {
			return nil
		}
		for noun, sentences := range t {
			for key := range sentences {
				allKeys[noun] = append(allKeys[noun], key)
			}
		}
	}
	return allKeys
}

// literal is the string that a call gets at a place, if it is written there.
func literal(call *ast.CallExpr, i int) string {
	if i >= len(call.Args) {
		return ""
	}
	l, ok := call.Args[i].(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(l.Value)
	return s
}
