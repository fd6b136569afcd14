package pages

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed texts
var textFiles embed.FS

// language is the one whose texts are shown.
const language = "en"

// common is the noun whose texts all pages may use.
const common = "common"

// texts are the sentences of one language: by noun, and by key.
type texts map[string]map[string]string

// loadTexts reads the texts of a language. Empty ones, and keys that a noun has twice, are an error.
func loadTexts(language string) (texts, error) {
	all := texts{}
	files, err := fs.Glob(textFiles, "texts/"+language+"/*.json")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		content, err := textFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sentences := map[string]string{}
		if err := json.Unmarshal(content, &sentences); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for key, text := range sentences {
			if text == "" {
				return nil, fmt.Errorf("%s: %q is empty", file, key)
			}
		}
		all[strings.TrimSuffix(path.Base(file), ".json")] = sentences
	}
	return all, nil
}

// find is the text of a key in a noun's file, or in the common one. "requests:due" is a key of another noun.
func (t texts) find(noun, key string) (string, bool) {
	if other, rest, ok := strings.Cut(key, ":"); ok {
		noun, key = other, rest
	}
	if text, ok := t[noun][key]; ok {
		return text, true
	}
	text, ok := t[common][key]
	return text, ok
}

// say fills a text in: "{name}" becomes the value behind the name "name".
func (t texts) say(noun, key string, args ...any) (string, error) {
	text, ok := t.find(noun, key)
	if !ok {
		return "", fmt.Errorf("there is no text %q for %q", key, noun)
	}
	if len(args) == 0 {
		return text, nil
	}
	var pairs []string
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", args[i]), fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text), nil
}

// count fills in the text for a number: key.one for 1, key.other for any other; {n} is the number.
func (t texts) count(noun, key string, n any, args ...any) (string, error) {
	number, plural := fmt.Sprint(n), ".other"
	if number == "1" {
		plural = ".one"
	}
	return t.say(noun, key+plural, append([]any{"n", grouped(number)}, args...)...)
}

// T is the text "noun.key" with its parameters, for what a page says from Go. A text that does not exist is its key.
func (v *Request) T(key string, args ...any) string {
	noun, rest, _ := strings.Cut(key, ".")
	text, err := v.pages.texts.say(noun, rest, args...)
	if err != nil {
		return key
	}
	return text
}
