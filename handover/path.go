package handover

import (
	"fmt"
	"strings"
	"time"
)

// maxPath is the greatest length of a path, the name of the bag included: sticks, mail and Windows take it everywhere.
const maxPath = 149

// maxName is the greatest length of a package's name: with the number of a bag and the longest path of an attachment
// behind it, it is within maxPath.
const maxName = 47

// devices are names that Windows keeps for itself, with any extension.
var devices = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true}

func init() {
	for _, port := range []string{"com", "lpt"} {
		for n := range 10 {
			devices[fmt.Sprint(port, n)] = true
		}
	}
}

// checkPath refuses a path that some system could not store, would store elsewhere or would read in two ways: only
// letters, digits, ".", "_" and "-" of ASCII between slashes, nothing absolute, no "..", no device names, not too long.
func checkPath(path string) error {
	if path == "" || len(path) > maxPath {
		return fmt.Errorf("path %.200q has %d characters; use 1 to %d", path, len(path), maxPath)
	}
	for part := range strings.SplitSeq(path, "/") {
		if err := checkPart(part); err != nil {
			return fmt.Errorf("path %q %w", path, err)
		}
	}
	return nil
}

// checkPart judges one name in a path.
func checkPart(part string) error {
	switch part {
	case "":
		return fmt.Errorf("is absolute or has an empty part")
	case ".", "..":
		return fmt.Errorf("leads out of its folder")
	}
	for i := range len(part) {
		if c := part[i]; !isPlain(c) {
			return fmt.Errorf("has the character %q; use letters, digits, '.', '_' and '-'", c)
		}
	}
	if strings.HasSuffix(part, ".") {
		return fmt.Errorf("has a part that ends with a dot, which Windows drops")
	}
	base, _, _ := strings.Cut(strings.ToLower(part), ".")
	if devices[base] {
		return fmt.Errorf("has the part %q, which is a device on Windows", part)
	}
	return nil
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}

// PackageName is EHI_<practice>_<kind>_<yyyymmdd>_<job>, with everything that is no plain letter or digit as "-"; the
// practice is cut to 12 characters and the job to 10.
// No patient's name belongs into it: names of files are read by everybody who carries them.
func PackageName(practice string, kind Kind, at time.Time, job string) string {
	return fmt.Sprintf("EHI_%s_%s_%s_%s", plainName(practice, 12), kind, at.UTC().Format("20060102"), plainName(job, 10))
}

// plainName makes a part of a path from a text.
func plainName(text string, most int) string {
	var out []byte
	for i := 0; i < len(text) && len(out) < most; i++ {
		switch c := text[i]; {
		case isPlain(c) && c != '.' && c != '_':
			out = append(out, c)
		case len(out) > 0 && out[len(out)-1] != '-':
			out = append(out, '-')
		}
	}
	if name := strings.Trim(string(out), "-"); name != "" {
		return name
	}
	return "practice"
}
