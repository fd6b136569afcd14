package auth

import (
	"errors"
	"fmt"
	"strings"

	"satchel/fhir"
)

// OAuthError is a refusal of the token endpoint, to be sent as JSON: {"error": Code, "error_description": Description}
// (RFC 6749 section 5.2).
type OAuthError struct {
	Code        string // such as "invalid_client"
	Description string // printable ASCII without '"' and '\', as the RFC wants
	Status      int    // of the HTTP answer; with 401 the challenge is WWW-Authenticate: Basic
}

func (e *OAuthError) Error() string { return e.Code + ": " + e.Description }

func oauthErrorf(status int, code, format string, args ...any) *OAuthError {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r == '\\':
			return '/'
		case r < ' ' || r > '~':
			return '?'
		}
		return r
	}, fmt.Sprintf(format, args...))
	return &OAuthError{Code: code, Description: text, Status: status}
}

// badClient refuses the client's way of signing in.
func badClient(format string, args ...any) error {
	return oauthErrorf(400, "invalid_client", format, args...)
}

// badRequest refuses the form of a request.
func badRequest(format string, args ...any) error {
	return oauthErrorf(400, "invalid_request", format, args...)
}

// AsOAuthError turns any error of [TokenService.Issue] into what the token endpoint returns. What is not the client's
// fault becomes a 503 or 500 that tells nothing; log the original.
func AsOAuthError(err error) *OAuthError {
	if e, ok := errors.AsType[*OAuthError](err); ok {
		return e
	}
	if _, ok := errors.AsType[*fhir.Error](err); ok { // the store is busy, full or stopped
		return oauthErrorf(503, "temporarily_unavailable", "no token can be given at the moment; try again later")
	}
	return oauthErrorf(500, "server_error", "the server failed; its log says why")
}
