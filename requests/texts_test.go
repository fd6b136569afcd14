package requests

import (
	"go/ast"
	"slices"
	"testing"

	"satchel/internal/texts/textstest"
)

// Every text that letters and lists ask for exists, and every text that exists is asked for.
func TestTexts(t *testing.T) {
	t.Parallel()
	u := textstest.Of(sentences)
	textstest.Inspect(t, func(n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		switch f := call.Fun.(type) {
		case *ast.Ident:
			if f.Name == "choices" {
				list := textstest.Literal(call.Args[0])
				for _, code := range call.Args[1:] {
					u.Ask("choices", list+"."+textstest.Literal(code), "choices")
				}
			}
		case *ast.SelectorExpr:
			if slices.Contains([]string{"add", "say"}, f.Sel.Name) {
				for _, key := range call.Args {
					if key := textstest.Literal(key); key != "" {
						u.Ask("letters", key, f.Sel.Name)
						u.Mention("letters", key+".head")
					}
				}
			}
		}
	})
	for _, kind := range []string{"acknowledgement.", "extension.", "denial.", "partly."} {
		for _, whose := range []string{"own", "other", "all"} {
			u.Ask("letters", kind+whose, "draft.whose")
		}
	}
	for _, kind := range []string{"denial.", "partly."} {
		u.Ask("letters", kind+"subject", "deny")
	}
	for _, g := range grounds {
		if Ground(g.Code) != GroundOther {
			u.Ask("letters", "ground."+g.Code, "grounds")
		}
	}
	u.Literals(t)
	u.Check(t)
}
