package certs

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// expiryWarnings are the days before the end of a certificate on which the log warns.
var expiryWarnings = []int{30, 7, 1}

// WarnOfExpiry returns the sentence for the log if leaf ends within the days of [expiryWarnings], else "".
func WarnOfExpiry(leaf *x509.Certificate, now time.Time) string {
	left := leaf.NotAfter.Sub(now)
	if left <= 0 {
		return "the certificate has ended; clients refuse to connect"
	}
	for _, days := range slices.Backward(expiryWarnings) {
		if left <= time.Duration(days)*24*time.Hour {
			return fmt.Sprintf("the certificate ends in less than %d days; renew it", days)
		}
	}
	return ""
}
