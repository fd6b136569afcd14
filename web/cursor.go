package web

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"satchel/auth"
	"satchel/fhir"
)

// CursorParam is the parameter of a next link under /fhir and /api that says where the page begins.
const CursorParam = "_cursor"

// question is what a page link continues: who asked, and for what. Its parameters are all that shape the answer, without the
// cursor; their order does not matter.
type question struct {
	who    auth.Principal
	path   string
	params []fhir.Param
}

// macBytes is how much of the HMAC-SHA-256 a cursor carries: half, the least that RFC 2104 (section 5) recommends.
const macBytes = sha256.Size / 2

// seal writes a position as the cursor of a question: the position and its MAC, both in base64url. It can be read, which tells
// nothing that the page did not, and it continues this question of this account or client alone.
func (s *Server) seal(q question, position string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(position))
	return text + "." + s.mac(q, text)
}

// unseal is the position in a cursor. One that the server did not give for this question, or not as it is now, is a fhir.Error
// value, which says no more than that.
func (s *Server) unseal(q question, cursor string) (position string, err error) {
	text, mac, _ := strings.Cut(cursor, ".")
	if !hmac.Equal([]byte(mac), []byte(s.mac(q, text))) {
		return "", badCursor()
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", badCursor()
	}
	return string(raw), nil
}

// badCursor refuses a cursor.
func badCursor() error {
	return fhir.Errorf(fhir.CodeValue, "this is no link to a next page that the server gave to this account for this question; "+
		"follow links as they are, or start again from the first page")
}

// mac is the MAC of a position: of all parts, each with its length before it, so that none can run into the next.
func (s *Server) mac(q question, position string) string {
	kind := "user"
	if q.who.Service {
		kind = "client"
	}
	parts := []string{"satchel cursor 1", kind, q.who.Name, q.path, position}
	params := slices.Clone(q.params)
	slices.SortFunc(params, func(a, b fhir.Param) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value)) })
	for _, p := range params {
		parts = append(parts, p.Name, p.Value)
	}
	m := hmac.New(sha256.New, s.cursorKey)
	for _, part := range parts {
		m.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		m.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:macBytes])
}

// loadCursorKey reads the key of cursors; a server without a store has no pages.
func (s *Server) loadCursorKey() (err error) {
	if s.Store == nil {
		return nil
	}
	if s.cursorKey, err = s.Store.CursorKey(); err != nil {
		return fmt.Errorf("web: %w", err)
	}
	return nil
}

// Cursor is the cursor of the page that begins at a position, for a link of this path and these parameters to the caller.
func (c *Call) Cursor(path string, params []fhir.Param, position string) string {
	return c.Server.seal(question{c.Who, path, params}, position)
}

// Position is where the page begins that the call asks for by a parameter, which a link of this path and these parameters had: ""
// without it, the first page. What is not such a cursor is a fhir.Error value.
func (c *Call) Position(param, path string, params []fhir.Param) (position string, err error) {
	i := slices.IndexFunc(c.Params, func(p fhir.Param) bool { return p.Name == param })
	if i < 0 {
		return "", nil
	}
	return c.Server.unseal(question{c.Who, path, params}, c.Params[i].Value)
}

// NextPage is a page's address with the cursor of the page that begins at a position, under a parameter of that name.
func (p *PageRequest) NextPage(address, param, position string) string {
	u, err := url.Parse(address)
	if err != nil { // addresses of pages are written by pages
		return address
	}
	q := u.Query()
	q.Set(param, p.server.seal(p.question(u.Path, q, param), position))
	u.RawQuery = q.Encode()
	return u.String()
}

// Position is where the page begins that the request asks for by a parameter: "" without it, the first page. What is not a cursor
// that [PageRequest.NextPage] made for this page, its other parameters and this account is a fhir.Error value.
func (p *PageRequest) Position(param string) (position string, err error) {
	q := p.URL.Query()
	if !q.Has(param) {
		return "", nil
	}
	return p.server.unseal(p.question(p.URL.Path, q, param), q.Get(param))
}

// question is the question of a page: all of its address but the cursor.
func (p *PageRequest) question(path string, q url.Values, param string) question {
	one := question{who: p.Who, path: path}
	for name, values := range q {
		for _, value := range values {
			if name != param {
				one.params = append(one.params, fhir.Param{Name: name, Value: value})
			}
		}
	}
	return one
}
