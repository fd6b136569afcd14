// Package texts loads the sentences that people read on pages, in letters and in packages, and fills them in.
//
// # How texts are written
//
// A package that speaks to people embeds a folder texts with a folder for each language, and in that one JSON file for each noun:
//
//	texts/en/exports.json   {"title": "Exports", "started": "Started by {who}", "files.one": "{n} file", "files.other": "{n} files"}
//
// A key is looked up in its noun's file, then in common.json. "{who}" becomes the value that the caller names "who". A text that
// depends on a number has a key for each form that its language has ([Texts.Count]). How days, times and numbers are written
// stands in this package, since it is the same everywhere: texts/en/format.json and format.go.
//
// # How another language is added
//
//  1. Translate each folder texts/en of the program ("find . -path '*/texts/en'") into a folder beside it, with the same files,
//     keys and names between braces; format.json says how days are written.
//  2. If the language does not have the two forms "one" and "other", say in plural (format.go) which it has, and write its keys.
//     If it groups or divides numbers otherwise, or names days and months ([time.Format] knows English alone), format.go is the
//     place too.
//  3. Set [Language]. TestTexts of each package with texts, made of internal/texts/textstest, finds what is missing or left over.
package texts

import (
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Language is the one that people read, as in the attribute lang of HTML.
const Language = "en"

// common is the noun whose texts all nouns may use; format is the one that this package adds.
const (
	common = "common"
	format = "format"
)

//go:embed texts
var formats embed.FS

// Texts are the sentences of one language: by noun, and by key.
type Texts map[string]map[string]string

// Load reads texts/LANGUAGE/*.json from an embedded folder, and adds how days and times are written. Empty texts, and keys that a
// file has twice, are an error.
func Load(files fs.FS) (Texts, error) {
	all := Texts{}
	for _, folder := range []fs.FS{files, formats} {
		names, err := fs.Glob(folder, "texts/"+Language+"/*.json")
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("there is no texts/%s/*.json", Language)
		}
		for _, name := range names {
			noun := strings.TrimSuffix(path.Base(name), ".json")
			if all[noun] != nil {
				return nil, fmt.Errorf("%s: there are texts of %q already", name, noun)
			}
			if all[noun], err = read(folder, name); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return all, nil
}

// MustLoad is [Load] for what is embedded and thus as right as the tests found it; it panics on an error.
func MustLoad(files fs.FS) Texts {
	all, err := Load(files)
	if err != nil {
		panic(err)
	}
	return all
}

// read reads one file token by token: a map would take the second of two equal keys in silence.
func read(files fs.FS, name string) (map[string]string, error) {
	file, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	d := json.NewDecoder(file)
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("want an object of keys and texts: %v, %v", open, err)
	}
	sentences := map[string]string{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := d.Token()
		if err != nil {
			return nil, err
		}
		text, ok := value.(string)
		if _, twice := sentences[key.(string)]; twice || !ok || text == "" {
			return nil, fmt.Errorf("%q is empty, no text, or there twice", key)
		}
		sentences[key.(string)] = text
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, err
	}
	if more, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("after the object there is more: %v", more)
	}
	return sentences, nil
}

// Find returns the text of a key from a noun's file or from the common one, not filled in. "requests:due" is a key of another
// noun.
func (t Texts) Find(noun, key string) (string, bool) {
	if other, rest, ok := strings.Cut(key, ":"); ok {
		noun, key = other, rest
	}
	if text, ok := t[noun][key]; ok {
		return text, true
	}
	text, ok := t[common][key]
	return text, ok
}

// Say fills a text in: args are names and values in turn, and "{name}" becomes the value behind "name". Values are taken as they
// are: braces in them mean nothing. A key without a text is an error.
func (t Texts) Say(noun, key string, args ...any) (string, error) {
	text, ok := t.Find(noun, key)
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

// Count fills in the text for a whole number n: key.one or key.other, as the language has it; "{n}" is the number.
func (t Texts) Count(noun, key string, n any, args ...any) (string, error) {
	return t.Say(noun, key+"."+plural(fmt.Sprint(n)), append([]any{"n", Number(n)}, args...)...)
}

// Text is [Texts.Say] for what Go code says with keys that a test has seen; a key without a text is its own text.
func (t Texts) Text(noun, key string, args ...any) string {
	text, err := t.Say(noun, key, args...)
	if err != nil {
		return key
	}
	return text
}
