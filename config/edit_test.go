package config

import (
	"testing"
)

// A key is changed where it stands, and nothing else is.
func TestSetKey(t *testing.T) {
	for _, c := range []struct{ name, before, after string }{
		{"in place", "[a]\nname = \"x\" # why\n[b]\nname = 1\n", "[a]\nname = \"N\" # why\n[b]\nname = 1\n"},
		{"apostrophes", "[a]\n  name='x # y' # why\n", "[a]\n  name=\"N\" # why\n"},
		{"escaped", "[a]\nname = \"x\\\" # y\"\n", "[a]\nname = \"N\"\n"},
		{"not in another section", "[b]\nname = 1\n[a]\nother = 2\n", "[b]\nname = 1\n[a]\nname = \"N\"\nother = 2\n"},
		{"a commented line is none", "[a]\n# name = \"x\"\n", "[a]\nname = \"N\"\n# name = \"x\"\n"},
		{"a new section", "x = 1\n", "x = 1\n\n[a]\nname = \"N\"\n"},
	} {
		if got := setKey(c.before, "a", "name", `"N"`); got != c.after {
			t.Errorf("%s: %q, want %q", c.name, got, c.after)
		}
	}
}
