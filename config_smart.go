package main

import (
	"fmt"
	"time"

	"satchel/auth"
	"satchel/storage"
	"satchel/web"
)

// Duration is a span of time. In settings it is a text such as "300s" or "10m".
type Duration time.Duration

// String writes the span in its largest unit: "5m" and not "5m0s".
func (d Duration) String() string {
	for _, u := range []struct {
		name string
		span Duration
	}{{"h", Duration(time.Hour)}, {"m", Duration(time.Minute)}, {"s", Duration(time.Second)}} {
		if d != 0 && d%u.span == 0 {
			return fmt.Sprintf("%d%s", d/u.span, u.name)
		}
	}
	return time.Duration(d).String()
}

func assignDuration(f *Duration, value any) error {
	if text, ok := value.(string); ok {
		if d, err := time.ParseDuration(text); err == nil {
			*f = Duration(d)
			return nil
		}
	}
	return fmt.Errorf("is %v; write a span such as \"300s\" or \"10m\"", value)
}

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
	return web.CheckOrigins(c.HTTP.CORSOrigins)
}

// tokens is the token service that the settings want.
func tokens(cfg *Config, store *storage.Store) *auth.TokenService {
	return &auth.TokenService{Store: store, Lifetime: time.Duration(cfg.Smart.TokenLifetime), AllowSecret: cfg.Smart.ClientSecretBasic}
}
