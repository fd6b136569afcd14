package config

import (
	"fmt"
	"strings"

	"satchel/auth"
)

// unknownKey is the error for a key of the file that means nothing: with its line, and what was probably meant.
func (c *Config) unknownKey(written, key string, line int) error {
	err := fmt.Errorf("%s, line %d: unknown key %q", c.File, line, written)
	for _, k := range c.Keys() {
		if strings.HasSuffix(key, "."+k) {
			return fmt.Errorf("%w; a line that begins with %q must stand before the first [section]", err, tail(written, k))
		}
	}
	if strings.HasPrefix(written, "module.") && !strings.HasPrefix(key, "bulk_export.") {
		return fmt.Errorf("%w; of Smile CDR's settings only module.<id>.config.bulk_export.… means something here", err)
	}
	if near := auth.Nearest(key, c.Keys()); near != "" {
		return fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return fmt.Errorf("%w; `satchel config show` lists all keys", err)
}

// tail is the part of a written key that was meant: it ends with the known key, and begins with module if it has that.
func tail(written, known string) string {
	if i := strings.Index(written, "module."); i >= 0 {
		return written[i:]
	}
	return known
}

// checkTable refuses a [section] that holds no known key, so that an empty misspelt one does not go by unseen.
func (c *Config) checkTable(table string, line int) error {
	if table == "module" || strings.HasPrefix(table, "module.") || strings.Contains(table, ".module") {
		return nil // its keys are checked one by one
	}
	var tables []string
	for _, k := range c.Keys() {
		for i := range k {
			if k[i] == '.' {
				tables = append(tables, k[:i])
			}
		}
		if strings.HasPrefix(k, table+".") || strings.HasSuffix(table, "."+k[:strings.LastIndex(k, ".")]) {
			return nil
		}
	}
	if near := auth.Nearest(table, tables); near != "" {
		return fmt.Errorf("%s, line %d: unknown section %q; did you mean [%s]?", c.File, line, table, near)
	}
	return fmt.Errorf("%s, line %d: unknown section %q; the sections are [http], [tls], [bulk_export], [auth] and [log]", c.File, line, table)
}

// keyLine holds the line of each key and [section] of a settings file, for messages.
type keyLine map[string]int

// of is the line of a key, or of the table that holds it if it is written inline.
func (l keyLine) of(key string) int {
	for l[key] == 0 && strings.Contains(key, ".") {
		key = key[:strings.LastIndex(key, ".")]
	}
	return l[key]
}

// findKeys finds the keys of a TOML text that has been read without error: the TOML library does not tell their lines.
// Keys in quotes and multi-line strings can put a message off by some lines, nothing else.
func findKeys(text string) keyLine {
	lines := keyLine{}
	table, n := "", 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			table = bareKey(name)
			lines.note(table, n)
			continue
		}
		key, _, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		key = bareKey(key)
		if table != "" {
			key = table + "." + key
		}
		lines.note(key, n)
	}
	return lines
}

// note keeps the first line of a key and of the tables that it implies.
func (l keyLine) note(key string, n int) {
	for {
		if l[key] == 0 {
			l[key] = n
		}
		i := strings.LastIndex(key, ".")
		if i < 0 {
			return
		}
		key = key[:i]
	}
}

// bareKey takes spaces and quotes out of a dotted key.
func bareKey(key string) string {
	parts := strings.Split(key, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(p, " \t\"'")
	}
	return strings.Join(parts, ".")
}
