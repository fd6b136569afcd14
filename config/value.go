package config

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Size is a number of bytes. In settings it is a plain number or a text such as "100MB" or "1GiB".
type Size int64

var units = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// ParseSize reads "100MB", "1.5 GiB" or "1000000".
func ParseSize(s string) (Size, error) {
	number, factor := strings.TrimSpace(s), 1.0
	for _, u := range units {
		if n, ok := strings.CutSuffix(number, u.name); ok {
			number, factor = strings.TrimSpace(n), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || strings.Trim(number, "0123456789.") != "" || v*factor > 1<<50 {
		return 0, fmt.Errorf("is %q; write a size such as \"100MB\" or \"1GiB\"", s)
	}
	return Size(math.Round(v * factor)), nil
}

// String writes the size in the largest decimal unit that holds it exactly.
func (s Size) String() string {
	for _, u := range []struct {
		name  string
		bytes Size
	}{{"GB", 1e9}, {"GiB", 1 << 30}, {"MB", 1e6}, {"MiB", 1 << 20}, {"kB", 1e3}, {"KiB", 1 << 10}} {
		if s != 0 && s%u.bytes == 0 {
			return fmt.Sprintf("%d%s", s/u.bytes, u.name)
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// assign puts a value, as TOML gives it, into a field of a setting. The error continues a sentence that began with the key.
func assign(field, value any) error {
	switch f := field.(type) {
	case *string:
		if v, ok := value.(string); ok {
			*f = v
			return nil
		}
		return fmt.Errorf("is %v; write a text in quotes", value)
	case *bool:
		if v, ok := value.(bool); ok {
			*f = v
			return nil
		}
		return fmt.Errorf("is %#v; write true or false, without quotes", value)
	case *int64:
		if v, ok := value.(int64); ok {
			*f = v
			return nil
		}
		return fmt.Errorf("is %#v; write a whole number, without quotes", value)
	case *Size:
		return assignSize(f, value)
	case *Duration:
		return assignDuration(f, value)
	case *[]string:
		return assignList(f, value)
	}
	panic(fmt.Sprintf("setting of type %T", field))
}

func assignSize(f *Size, value any) (err error) {
	switch v := value.(type) {
	case int64:
		*f = Size(v)
	case string:
		*f, err = ParseSize(v)
	default:
		err = fmt.Errorf("is %v; write a size such as \"100MB\" or \"1GiB\"", value)
	}
	return err
}

func assignList(f *[]string, value any) error {
	items, ok := value.([]any)
	var list []string
	for _, item := range items {
		s, text := item.(string)
		ok = ok && text
		list = append(list, s)
	}
	if !ok {
		return fmt.Errorf("is %v; write a list of texts such as [\"a\", \"b\"]", value)
	}
	*f = list
	return nil
}

// setText sets a key from the text of an environment variable or a flag. Lists are separated by commas.
func (c *Config) setText(key, text, source string) error {
	s, ok := c.Find(key)
	if !ok {
		panic("no setting " + key)
	}
	var value any = text
	switch s.Field.(type) {
	case *bool:
		if v, err := strconv.ParseBool(text); err == nil {
			value = v
		}
	case *int64:
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			value = v
		}
	case *[]string:
		items := []any{}
		for item := range strings.SplitSeq(text, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		value = items
	}
	if err := assign(s.Field, value); err != nil {
		return fmt.Errorf("%s (%s) %w", key, source, err)
	}
	c.source[key] = source
	return nil
}

// Show writes a field as the settings file would.
func Show(field any) string {
	switch f := field.(type) {
	case *string:
		return strconv.Quote(*f)
	case *bool:
		return strconv.FormatBool(*f)
	case *int64:
		return strconv.FormatInt(*f, 10)
	case *Size:
		return strconv.Quote(f.String())
	case *Duration:
		return strconv.Quote(f.String())
	case *[]string:
		quoted := make([]string, len(*f))
		for i, s := range *f {
			quoted[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	panic(fmt.Sprintf("setting of type %T", field))
}

// EnvName is the environment variable of a key: http.listen is SATCHEL_HTTP__LISTEN.
func EnvName(key string) string {
	return "SATCHEL_" + strings.ToUpper(strings.ReplaceAll(key, ".", "__"))
}

// readEnv sets what the environment says. NAME_FILE names a file that holds the value. A variable that looks like a
// setting and is none is an error; other SATCHEL_ variables, such as container systems make, are left alone.
func (c *Config) readEnv(environ []string) error {
	byName := map[string]string{}
	looks := map[string]string{} // with single underscores
	for _, key := range c.Keys() {
		byName[EnvName(key)] = key
		looks[strings.ReplaceAll(EnvName(key), "__", "_")] = EnvName(key)
	}
	environ = slices.Sorted(slices.Values(environ))
	for _, pair := range environ {
		name, text, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "SATCHEL_") {
			continue
		}
		key, known := byName[name]
		if !known {
			base, isFile := strings.CutSuffix(name, "_FILE")
			if key, known = byName[base]; known && isFile {
				content, err := os.ReadFile(text)
				if err != nil {
					return fmt.Errorf("environment variable %s: %w", name, err)
				}
				text = strings.TrimRight(string(content), "\r\n")
			}
		}
		switch {
		case known:
			if err := c.setText(key, text, "environment, "+name); err != nil {
				return err
			}
		case looks[name] != "":
			return fmt.Errorf("unknown environment variable %s; did you mean %s?", name, looks[name])
		case strings.Contains(name, "__"):
			return unknownEnv(name, byName)
		}
	}
	return nil
}
