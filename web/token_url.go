package web

import "strings"

// TokenPath is where backend clients get tokens.
const TokenPath = "/oauth/token"

// TokenURL is the address of the token endpoint as clients see it.
func TokenURL(base string) string { return strings.TrimSuffix(base, FHIRPath) + TokenPath }
