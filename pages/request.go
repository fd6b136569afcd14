package pages

import (
	"net/http"
	"net/url"
	"strings"

	"satchel/web"
)

// Request is one request for a page.
type Request struct {
	*Site
	*web.PageRequest
	Route *Route // nil: no page is at the address
}

// Redirect leads to another page of this server, by GET.
func (v *Request) Redirect(path string) error {
	v.W.Header().Set("Location", path)
	v.W.WriteHeader(http.StatusSeeOther)
	return nil
}

// Done leads to a page that tells the text "done.KEY" of that page's texts.
func (v *Request) Done(path, key string) error {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return v.Redirect(path + separator + "done=" + url.QueryEscape(key))
}

// SamePath answers an address of this server that a visitor asked to be led to, and otherwise "/": whatever leads
// elsewhere, or would only lead here again.
func SamePath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return "/"
	}
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return "/"
	}
	if u.Path == signInPath || strings.HasPrefix(u.Path, signInPath+"/") || u.Path == signOutPath || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return path
}
