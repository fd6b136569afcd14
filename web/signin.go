package web

import (
	"net/http"

	"satchel/fhir"
	"satchel/storage"
)

// signIn answers the account that a request comes from. It is the one place where credentials are read; each way of
// signing in is one case here.
func (s *server) signIn(r *http.Request) (storage.Account, error) {
	given := r.Header.Values("Authorization")
	switch {
	case len(given) == 0:
		return storage.Account{}, fhir.Errorf(fhir.CodeLogin, "sign in: send the name and password of an account by HTTP Basic")
	case len(given) > 1:
		return storage.Account{}, fhir.Errorf(fhir.CodeInvalid, "more than one Authorization header; send one")
	}
	if name, password, ok := r.BasicAuth(); ok {
		return s.signInBasic(r, name, password)
	}
	return storage.Account{}, fhir.Errorf(fhir.CodeLogin, "the Authorization header is not one that this server reads; send a name and password by HTTP Basic")
}

// signInBasic takes name and password, if the setting allows them from where the request comes.
func (s *server) signInBasic(r *http.Request, name, password string) (storage.Account, error) {
	switch {
	case s.Basic == "off":
		return storage.Account{}, fhir.Errorf(fhir.CodeLogin, "HTTP Basic is switched off here (auth.basic = \"off\")")
	case s.Basic == "loopback" && !s.local(r):
		return storage.Account{}, fhir.Errorf(fhir.CodeLogin, "HTTP Basic is taken only from the server's own machine (auth.basic = \"loopback\")")
	}
	return s.Auth.SignIn(r.Context(), name, password)
}
