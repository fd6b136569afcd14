package main

import "testing"

// Debian orders versions by its own rules: what comes before a release must sort below it, what comes after above.
func TestDebVersion(t *testing.T) {
	for version, want := range map[string]string{
		"v1.2.3": "1.2.3", "1.2.3": "1.2.3", "v1.2.3-rc1": "1.2.3~rc1", "v1.2.3-4-gabcdef0": "1.2.3+4.gabcdef0",
		"v1.2.3-4-gabcdef0-dirty": "1.2.3+4.gabcdef0.dirty", "3a29557": "0~3a29557", "3a29557-dirty": "0~3a29557.dirty", "dev": "0~dev",
	} {
		if got := debVersion(version); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}
