package config

import (
	"strings"
)

func IsSecret(key string) bool {
	for _, word := range []string{"secret", "password", "passphrase", "token"} {
		if strings.Contains(key, word) && !strings.HasSuffix(key, "_file") {
			return true
		}
	}
	return false
}
