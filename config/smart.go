package config

import (
	"fmt"
	"time"

	"satchel/auth"
)

// Spans that a token may live. SMART advises at most 300 s.
const (
	tokenLifeMin = 10 * time.Second
	tokenLifeMax = 24 * time.Hour
)

// checkSmart checks the settings of backend clients and of pages elsewhere.
func (c *Config) checkSmart() error {
	if d := time.Duration(c.Smart.TokenLifetime); d < tokenLifeMin || d > tokenLifeMax || d%time.Second != 0 {
		return fmt.Errorf("smart.token_lifetime is %q; write whole seconds from \"%s\" to \"%s\"", c.Smart.TokenLifetime, Duration(tokenLifeMin), Duration(tokenLifeMax))
	}
	return auth.CheckOrigins(c.HTTP.CORSOrigins)
}
