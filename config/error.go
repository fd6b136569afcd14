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
	return c.unknown(err, key)
}

// unknown adds to the error about a key what was probably meant.
func (c *Config) unknown(err error, key string) error {
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
