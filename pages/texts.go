package pages

import (
	"embed"
	"strings"
)

//go:embed texts
var textFiles embed.FS

// common is the noun whose texts all pages may use.
const common = "common"

// T is the text "noun.key" with its parameters, for what a page says from Go. A text that does not exist is its key.
func (v *Request) T(key string, args ...any) string {
	noun, rest, _ := strings.Cut(key, ".")
	text, err := v.pages.texts.Say(noun, rest, args...)
	if err != nil {
		return key
	}
	return text
}
