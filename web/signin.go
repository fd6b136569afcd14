package web

import (
	"net/http"
	"strings"

	"satchel/auth"
	"satchel/fhir"
)

// signIn answers who sends a request. It is the one place where credentials are read; each way of signing in is one
// case here.
func (s *Server) signIn(r *http.Request) (auth.Principal, error) {
	given := r.Header.Values("Authorization")
	token := s.SessionToken(r)
	switch {
	case len(given) == 0 && token != "":
		n, err := s.signInSession(r, token)
		if err == nil && !ownPath(r.URL.Path) {
			err = n.Must.Refusal()
		}
		return n.Principal(), err
	case len(given) == 0:
		return auth.Principal{}, fhir.Errorf(fhir.CodeLogin, "sign in: send the name and password of an account by HTTP Basic, or an access token as Bearer")
	case len(given) > 1:
		return auth.Principal{}, fhir.Errorf(fhir.CodeInvalid, "more than one Authorization header; send one")
	}
	if name, password, ok := r.BasicAuth(); ok {
		return s.signInBasic(r, name, password)
	}
	if token, ok := bearer(r); ok && s.Tokens != nil {
		return s.Tokens.Bearer(r.Context(), token)
	}
	return auth.Principal{}, fhir.Errorf(fhir.CodeLogin, "the Authorization header is not one that this server reads; send a name and password by HTTP Basic, or an access token as Bearer")
}

// signInBasic takes name and password, if the setting allows them from where the request comes.
func (s *Server) signInBasic(r *http.Request, name, password string) (auth.Principal, error) {
	switch {
	case s.Basic == "off":
		return auth.Principal{}, fhir.Errorf(fhir.CodeLogin, "HTTP Basic is switched off here (auth.basic = \"off\")")
	case !s.takesBasic(r):
		return auth.Principal{}, fhir.Errorf(fhir.CodeLogin, "HTTP Basic is taken only from the server's own machine (auth.basic = \"loopback\")")
	}
	a, err := s.Auth.SignInFrom(r.Context(), s.Client(r).String(), name, password)
	if err == nil && !ownPath(r.URL.Path) {
		err = s.Auth.Must(a).Refusal()
	}
	return auth.PrincipalOf(a), err
}

// takesBasic reports whether a password may come from where the request comes.
func (s *Server) takesBasic(r *http.Request) bool {
	return s.Basic == "on" || s.Basic == "loopback" && s.local(r)
}

// bearer reads the access token of a request.
func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// challenge tells a client that gets 401 how it may sign in (RFC 7235, RFC 6750), first the way that it tried.
func (s *Server) challenge(h http.Header, r *http.Request) {
	basic, token := `Basic realm="Satchel", charset="UTF-8"`, `Bearer realm="Satchel"`
	_, tried := bearer(r)
	if r.Header.Get("Authorization") == "" && (r.URL.Path == "/api/session" || s.SessionToken(r) != "") {
		h.Set("WWW-Authenticate", `Cookie realm="Satchel"`) // one for Basic would make browsers ask for a password themselves
		return
	}
	if tried {
		token += `, error="invalid_token", error_description="the access token is unknown, has expired or was revoked"`
	}
	if s.Tokens != nil && tried {
		h.Add("WWW-Authenticate", token)
	}
	if s.takesBasic(r) || s.Tokens == nil {
		h.Add("WWW-Authenticate", basic)
	}
	if s.Tokens != nil && !tried {
		h.Add("WWW-Authenticate", token)
	}
}
