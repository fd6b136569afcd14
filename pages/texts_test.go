package pages

import (
	"go/ast"
	"io/fs"
	"path"
	"strings"
	"testing"
	"text/template/parse"
	"time"

	"satchel/internal/texts/textstest"
)

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
	u := used{textstest.Of(p.texts)}
	u.Ask(common, "nav.*", "the navigation, which grows with the pages")
	u.templates(t)
	u.code(t)
	u.Literals(t)
	u.Check(t)
}

// used is what templates and code of pages ask for.
type used struct{ *textstest.Use }

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
			noun = textstest.Any
			if strings.HasPrefix(page, "card-") {
				noun = "today"
			}
		} else {
			u.Ask(noun, titleKey(page), file)
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
	if !ok {
		return
	}
	text := key.Text
	switch {
	case f.Ident == "t":
		u.Ask(noun, text, file)
	case f.Ident == "tn":
		u.Ask(noun, text+".one", file)
		u.Ask(noun, text+".other", file)
	case f.Ident == "tk":
		u.Ask(noun, text+"*", file)
	}
}

// code finds v.T("noun.key"), f.Fail(field, "key") and v.Done(path, "key").
func (u used) code(t *testing.T) {
	textstest.Inspect(t, func(n ast.Node) {
		if done := textstest.Literal(n); done != "" {
			for noun := range u.All() {
				u.Mention(noun, "done."+done)
			}
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return
		}
		switch key := argument(call, 0); {
		case f.Sel.Name == "T" && key != "":
			noun, rest, _ := strings.Cut(key, ".")
			u.Ask(noun, rest, "T")
		case f.Sel.Name == "Fail" && argument(call, 1) != "":
			u.Ask(textstest.Any, argument(call, 1), "Fail")
		case f.Sel.Name == "Done" && argument(call, 1) != "":
			u.Ask(textstest.Any, "done."+argument(call, 1), "Done")
		}
	})
}

// argument is the string that a call gets at a place, if it is written there.
func argument(call *ast.CallExpr, i int) string {
	if i >= len(call.Args) {
		return ""
	}
	return textstest.Literal(call.Args[i])
}
