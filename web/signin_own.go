package web

import (
	"strings"
)

// ownPath reports whether an address is one of those that somebody needs who must do something first.
func ownPath(path string) bool {
	return path == "/api/session" || path == "/api/sessions" || path == "/api/account" || strings.HasPrefix(path, "/api/account/")
}
