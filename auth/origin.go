package auth

import (
	"fmt"
	"net/http"
	"strings"
)

// CheckOrigins refuses what a browser would never send as Origin, and "*": health records are not for any page.
func CheckOrigins(origins []string) error {
	for _, origin := range origins {
		if err := http.NewCrossOriginProtection().AddTrustedOrigin(origin); err != nil || strings.ContainsAny(origin, "* ") {
			return fmt.Errorf("http.cors_origins has %q: write an origin such as \"https://app.example.org\", without a path", origin)
		}
	}
	return nil
}
