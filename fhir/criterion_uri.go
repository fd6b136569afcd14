package fhir

import "strings"

// uriTest compares a URI. A canonical URL with a version also meets the URL without it.
type uriTest struct {
	text     string
	modifier string // "", "below" or "above"
}

func (t uriTest) matches(_ *end, v node) bool {
	have := view(v.bytes())
	switch t.modifier {
	case "below":
		return have != "" && isBelow(have, t.text)
	case "above":
		return have != "" && isBelow(t.text, have)
	}
	return have == t.text || withoutVersion(have) == t.text
}

// isBelow reports whether a URI is another one or a path under it.
func isBelow(uri, root string) bool {
	rest, ok := strings.CutPrefix(uri, strings.TrimSuffix(root, "/"))
	return ok && (rest == "" || rest[0] == '/')
}

func (t uriTest) ranges(p *param) []Range {
	if t.modifier != "" {
		return nil
	}
	return p.point(hash(withoutVersion(t.text)))
}
