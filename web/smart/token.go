package smart

import (
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"satchel/web"

	"satchel/audit"
	"satchel/auth"
)

// maxToken bounds a token request in bytes: an assertion and scopes, percent-encoded.
const maxToken = 256 << 10

// RefuseForeign refuses a page of another site.
func RefuseForeign(s *web.Server, w http.ResponseWriter, _ *http.Request) {
	refuseToken(w, &auth.OAuthError{Code: "invalid_request", Description: "a page of another site may not ask for tokens", Status: http.StatusForbidden})
}

// tokenAnswer is what the token endpoint answers (RFC 6749 section 5.1).
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"`
	Scope       string `json:"scope"`
}

// tokenRefusal is what it answers otherwise (section 5.2).
type tokenRefusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// Token answers POST /oauth/token: SMART Backend Services. Its errors are OAuth's JSON and no OperationOutcome.
func Token(s *web.Server, w http.ResponseWriter, r *http.Request) {
	a := w.(*web.Answer)
	a.Route = web.TokenPath
	s.BeginTrail(w, r)
	a.Trail.Action = audit.TokenGrant
	t, err := issue(s, w, r)
	if err != nil {
		refusal := auth.AsOAuthError(err)
		if refusal.Status >= 500 && r.Context().Err() == nil {
			s.Log.Error("token endpoint failed", "request", a.ID, "err", err.Error())
		} else {
			s.Log.Warn("token refused", "request", a.ID, "error", refusal.Code, "reason", refusal.Description)
		}
		a.Trail.Words("%s", refusal.Code)
		refuseToken(w, refusal)
		return
	}
	a.SignedIn(audit.Who{Name: t.Client, Kind: audit.Client})
	sendOAuth(w, http.StatusOK, tokenAnswer{t.AccessToken, "bearer", t.ExpiresIn, t.Scope})
}

// refuseToken sends a refusal.
func refuseToken(w http.ResponseWriter, e *auth.OAuthError) {
	switch e.Status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="Satchel"`)
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
	sendOAuth(w, e.Status, tokenRefusal{e.Code, e.Description})
}

// sendOAuth sends an answer that no cache may keep.
func sendOAuth(w http.ResponseWriter, status int, v any) {
	body, err := web.EncodeJSON(v)
	if err != nil {
		panic(err) // of strings and a number
	}
	h := w.Header()
	h.Set("Content-Type", web.MediaJSON)
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// issue reads the request and asks auth.
func issue(s *web.Server, w http.ResponseWriter, r *http.Request) (auth.Token, error) {
	form, err := tokenForm(w, r)
	if err != nil {
		return auth.Token{}, err
	}
	request, err := auth.ParseTokenRequest(form)
	if err != nil {
		return auth.Token{}, err
	}
	request.BasicUser, request.BasicSecret, request.Basic = r.BasicAuth()
	if request.URLs = tokenURLs(s, r); request.URLs == nil && !request.Basic {
		return auth.Token{}, &auth.OAuthError{Code: "invalid_client", Status: http.StatusBadRequest,
			Description: "this server cannot tell under which address it was meant to be asked; its administrator must set http.public_url"}
	}
	return s.Tokens.Issue(r.Context(), request)
}

// tokenForm reads the form in the body; parameters of the query string do not count.
func tokenForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	bad := func(status int, text string) (url.Values, error) {
		return nil, &auth.OAuthError{Code: "invalid_request", Description: text, Status: status}
	}
	if r.Method != http.MethodPost {
		return bad(http.StatusMethodNotAllowed, "tokens are asked for by POST")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != web.MediaForm || r.Header.Get("Content-Encoding") != "" {
		return bad(http.StatusBadRequest, "send the parameters as a plain "+web.MediaForm+" body")
	}
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(web.Slowest)) == nil {
		defer control.SetReadDeadline(time.Time{})
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxToken))
	if err != nil {
		return bad(http.StatusBadRequest, "the body could not be read to its end, or is too long")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return bad(http.StatusBadRequest, "the body is not a form: a name or value has a broken percent sign or a semicolon")
	}
	return form, nil
}

// tokenURLs are the addresses that an assertion may name as its audience. Without a public URL only the address of the
// connection itself counts: what a request says about the host could come from somebody who got an assertion that was
// meant for another server.
func tokenURLs(s *web.Server, r *http.Request) []string {
	if s.PublicURL == "" && !ownAddress(r) {
		return nil
	}
	address := web.TokenURL(s.BaseURL(r))
	return append([]string{address}, otherPort(address)...)
}

// otherPort is the address with the scheme's default port written if it is left out, and left out if it is written.
func otherPort(address string) []string {
	u, err := url.Parse(address)
	port := map[string]string{"http": "80", "https": "443"}
	switch {
	case err != nil:
		return nil
	case u.Port() == "":
		u.Host += ":" + port[u.Scheme]
	case u.Port() == port[u.Scheme]:
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	default:
		return nil
	}
	return []string{u.String()}
}

// ownAddress reports whether the Host of a request is the very address and port that it came in at.
func ownAddress(r *http.Request) bool {
	at, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		return false
	}
	here := at.AddrPort()
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host, port = strings.Trim(r.Host, "[]"), "80"
		if r.TLS != nil {
			port = "443"
		}
	}
	said, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if strings.EqualFold(host, "localhost") {
		said, err = netip.ParseAddrPort("127.0.0.1:" + port)
		return err == nil && said.Port() == here.Port() && here.Addr().Unmap().IsLoopback()
	}
	return err == nil && said.Port() == here.Port() && said.Addr().Unmap() == here.Addr().Unmap().WithZone("")
}
