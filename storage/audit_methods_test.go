package storage

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// bookkeeping are the methods of a store that write without an event of their own, and why. All others take one.
var bookkeeping = map[string]string{
	"AddSession":      "the request that signs in has its event on the disk before the session is handed out",
	"SeeSession":      "when somebody was last seen",
	"EndSession":      "the request that signs out has its event on the disk before it is answered",
	"AddToken":        "the request for a token has its event on the disk before the token is handed out",
	"SweepTokens":     "tokens that have expired",
	"UseJTI":          "part of a request for a token",
	"NoteSignIn":      "part of a sign-in",
	"TouchLogin":      "part of a sign-in",
	"TouchActive":     "when somebody was last seen",
	"UseStep":         "part of a sign-in",
	"UseRecoveryCode": "part of a sign-in",
	"SealSecret":      "the same secret, sealed",
	"AddTries":        "part of a sign-in that failed",
	"TakeTurn":        "part of a sign-in",
	"ForgetTries":     "part of a sign-in",
	"KnowAddress":     "part of a sign-in",
	"TakeTry":         "part of the opening of a link, whose event is on the disk before it is answered",
	"ReturnTry":       "part of the opening of a link",
	"ClaimJob":        "the server's own work on a job whose start is noted",
	"RequeueJobs":     "the server's own work on a job whose start is noted",
	"Progress":        "the server's own work on a job whose start is noted",
	"KeepJob":         "prolongs the life of what a request waits for, whose steps are noted",
	"Snapshot":        "changes nothing but the clock",
	"Writable":        "writes nothing",
	"RebuildOwners":   "derived from the resources",
	"Restore":         "who restores a package notes the beginning and the end",
	"SettleAudit":     "writes events alone",
	"AddRequest":      "its step has the event",
	"ChangeRequest":   "its step has the event",
}

// Every method of a store that writes takes the event that its transaction stores, or is known to need none.
func TestWritesTakeAnEvent(t *testing.T) {
	t.Parallel()
	var with, without []string
	for _, path := range sources(t) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() || !isStore(f) || !writes(f) {
				continue
			}
			if takesEvent(f) {
				with = append(with, f.Name.Name)
			} else if without = append(without, f.Name.Name); bookkeeping[f.Name.Name] == "" {
				t.Errorf("%s writes without an event: give it one, or say in bookkeeping why it needs none", f.Name.Name)
			}
		}
	}
	for name := range bookkeeping {
		if !slices.Contains(without, name) {
			t.Errorf("bookkeeping names %s, which does not write, or takes an event", name)
		}
	}
	if len(with) < 15 {
		t.Errorf("only %v take an event: the test looks in the wrong place", with)
	}
}

// isStore reports whether a method is of *Store.
func isStore(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return false
	}
	star, ok := f.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	of, ok := star.X.(*ast.Ident)
	return ok && of.Name == "Store"
}

// writes reports whether a method calls one of those that run a write transaction.
func writes(f *ast.FuncDecl) (found bool) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if to, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"write", "change"}, to.Sel.Name) {
				if on, ok := to.X.(*ast.Ident); ok && on.Name == "s" {
					found = true
				}
			}
		}
		return true
	})
	return found
}

// takesEvent reports whether a parameter is of a type of package audit, or a function that returns one.
func takesEvent(f *ast.FuncDecl) (found bool) {
	for _, p := range f.Type.Params.List {
		ast.Inspect(p.Type, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if of, ok := s.X.(*ast.Ident); ok && of.Name == "audit" && (s.Sel.Name == "Event" || s.Sel.Name == "Who") {
					found = true
				}
			}
			return true
		})
	}
	return found
}
