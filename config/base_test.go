package config

import (
	"fmt"
	"testing"
)

func TestBases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ public, listen, want string }{
		{"https://records.example.org/", "0.0.0.0:8080", "[https://records.example.org/fhir]"},
		{"", "0.0.0.0:8080", "[http://127.0.0.1:8080/fhir http://localhost:8080/fhir]"},
		{"", "localhost:8080", "[http://127.0.0.1:8080/fhir http://localhost:8080/fhir]"},
		{"", "[::1]:8080", "[http://127.0.0.1:8080/fhir http://localhost:8080/fhir]"},
		{"", ":8080", "[http://127.0.0.1:8080/fhir http://localhost:8080/fhir]"},
		{"", "records:8080", "[http://records:8080/fhir]"},
		{"", "192.0.2.1:8080", "[http://192.0.2.1:8080/fhir]"},
		{"", "127.0.0.1:0", "[]"},
		{"", "nonsense", "[]"},
	} {
		var cfg Config
		cfg.HTTP.PublicURL, cfg.HTTP.Listen = c.public, c.listen
		if got := fmt.Sprint(cfg.Bases()); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
