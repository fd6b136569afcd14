package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"satchel/internal/durable"
)

// Change is another value for a key, as text like that of a flag: lists are separated by commas.
type Change struct{ Key, Text string }

// Edit gives keys other values in the settings file, and returns the settings as they are then; what the environment or a flag
// sets stays as it is. The rest of the file stays as it is, remarks too. Nothing is written if the settings were wrong together.
func (c *Config) Edit(changes ...Change) (*Config, error) {
	text, err := os.ReadFile(c.File)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	before := c.blank()
	if err := before.readFile(string(text)); err != nil {
		return nil, err
	}
	changed, err := before.rewrite(string(text), changes)
	if err != nil {
		return nil, err
	}
	after := c.blank()
	if err := after.readFile(changed); err != nil {
		return nil, fmt.Errorf("the settings file cannot be changed so; change it by hand: %w", err)
	}
	after.keepFixed(c)
	if err := after.finish(); err != nil {
		return nil, err
	}
	if err := durable.Write(c.File, durable.Options{FolderOwner: true}, durable.Bytes([]byte(changed))); err != nil {
		return nil, fmt.Errorf("write the settings: %w", err)
	}
	return after, nil
}

// blank are the defaults for the same directory and file.
func (c *Config) blank() *Config {
	b := Defaults()
	b.Data, b.File = c.Data, c.File
	return b
}

// rewrite makes changes in the text of a settings file, of which c has the values. Afterwards c has the new ones.
func (c *Config) rewrite(text string, changes []Change) (string, error) {
	for _, change := range changes {
		s, known := c.Find(change.Key)
		if !known {
			return "", c.unknown(fmt.Errorf("unknown key %q", change.Key), change.Key)
		}
		if err := c.setText(change.Key, change.Text, "new"); err != nil {
			return "", err
		}
		var err error
		if text, err = setKey(text, change.Key, tomlValue(s.Field)); err != nil {
			return "", err
		}
	}
	return text, nil
}

// keepFixed takes over from c what it has from the environment or a flag.
func (t *Config) keepFixed(c *Config) {
	for _, s := range t.Settings() {
		if source := c.source[s.Key]; Fixed(source) {
			from, _ := c.Find(s.Key)
			reflect.ValueOf(s.Field).Elem().Set(reflect.ValueOf(from.Field).Elem())
			t.source[s.Key] = source
		}
	}
}

// tomlValue writes a field as TOML. A text is written as JSON does it, which TOML reads the same.
func tomlValue(field any) string {
	text, ok := field.(*string)
	if !ok {
		return Show(field)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(*text) // a text can always be encoded
	return strings.TrimSpace(b.String())
}

// setKey gives a key another value, written as TOML, wherever the text of a settings file has it, by whichever of its names. A key
// that is not there comes below the line with its default, or at the beginning of its section; a section that is not there, at
// the end.
func setKey(text, key, value string) (string, error) {
	at, err := layoutOf(text)
	if err != nil {
		return "", err
	}
	found := false
	for _, k := range slices.Backward(at.keys) { // so that the places before stay right
		if smileKey(k.path) == key {
			text = text[:k.start] + value + text[k.end:]
			found = true
		}
	}
	if found {
		return text, nil
	}
	section, short, _ := strings.Cut(key, ".")
	line := short + " = " + value
	for _, r := range at.remarks {
		if len(r.section) == 1 && r.section[0] == section && strings.HasPrefix(r.text, defaultLine(short, "")) {
			return insertLine(text, r.end, line), nil
		}
	}
	for _, s := range at.sections {
		if len(s.path) == 1 && s.path[0] == section {
			return insertLine(text, s.end, line), nil
		}
	}
	if text != "" {
		text = strings.TrimRight(text, "\r\n") + "\n\n"
	}
	return text + "[" + section + "]\n" + line + "\n", nil
}

// insertLine puts a line where one begins, or behind the end of a text.
func insertLine(text string, at int, line string) string {
	end := "\n"
	if strings.Contains(text, "\r\n") {
		end = "\r\n"
	}
	if at > 0 && text[at-1] != '\n' { // the last line of the text does not end
		line = end + line
	}
	return text[:at] + line + end + text[at:]
}
