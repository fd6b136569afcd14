package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"satchel/fhir"
	"satchel/internal/owner"
)

// EditPractice gives keys of the section practice other values in the settings file: key, value, … It returns the settings
// as they are then; what the environment or a flag sets stays as it is. A file that cannot be changed so is a fhir.Error
// conflict.
func EditPractice(c *Config, values ...string) (*Config, error) {
	text, err := os.ReadFile(c.File)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	changed := string(text)
	for i := 0; i+1 < len(values); i += 2 {
		changed = setKey(changed, "practice", values[i], strconv.Quote(values[i+1]))
	}
	trial := Defaults()
	trial.Data, trial.File = c.Data, c.File
	err = trial.readFile(changed)
	if err == nil {
		err = trial.checkPractice()
	}
	if err != nil {
		return nil, fhir.Errorf(fhir.CodeConflict, "the settings file cannot be changed from here, so nothing was changed; change it by hand: %v", err)
	}
	if err := owner.Replace(c.File, changed); err != nil {
		return nil, fmt.Errorf("write the settings: %w", err)
	}
	trial.keepFixed(c)
	return trial, nil
}

// keepFixed takes over from c what it has from the environment or a flag.
func (t *Config) keepFixed(c *Config) {
	for _, s := range t.Settings() {
		if source := c.source[s.Key]; Fixed(source) && strings.HasPrefix(s.Key, "practice.") {
			from, _ := c.Find(s.Key)
			*s.Field.(*string) = *from.Field.(*string)
			t.source[s.Key] = source
		}
	}
}

// setKey gives a key of a section another value. The rest of the file stays as it is, remarks too. A key or section that is
// not there is added.
func setKey(text, section, key, value string) string {
	lines := strings.Split(text, "\n")
	header := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "["+section+"]" })
	if header < 0 {
		return strings.TrimRight(text, "\n") + "\n\n[" + section + "]\n" + key + " = " + value + "\n"
	}
	line := regexp.MustCompile(`^(\s*` + regexp.QuoteMeta(key) + `\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^#\s]*)(.*)$`)
	for i := header + 1; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "["); i++ {
		if m := line.FindStringSubmatch(lines[i]); m != nil {
			lines[i] = m[1] + value + m[3]
			return strings.Join(lines, "\n")
		}
	}
	return strings.Join(slices.Insert(lines, header+1, key+" = "+value), "\n")
}

// Fixed reports whether a value comes from where the settings file does not count.
func Fixed(source string) bool {
	return strings.HasPrefix(source, "environment") || strings.HasPrefix(source, "flag")
}
