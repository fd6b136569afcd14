package config

import (
	"regexp"
	"strconv"
)

// FilledExample is the example file with the values of some keys changed.
func FilledExample(written map[string]string) string {
	text := Example
	if v, ok := written["http.listen"]; ok {
		text = regexp.MustCompile(`(?m)^(listen +=) "[^"]*"`).ReplaceAllLiteralString(text, "listen          = "+strconv.Quote(v))
	}
	if v, ok := written["http.insecure_http"]; ok {
		text = regexp.MustCompile(`(?m)^insecure_http += false`).ReplaceAllLiteralString(text, "insecure_http   = "+v)
	}
	if v, ok := written["tls.mode"]; ok {
		text = regexp.MustCompile(`(?m)^mode +=( "off")`).ReplaceAllLiteralString(text, "mode           = "+strconv.Quote(v))
	}
	return text
}
