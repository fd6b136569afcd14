package config

import (
	"regexp"
	"strings"
)

var (
	sectionLine = regexp.MustCompile(`^\[([a-z_]+)\]`)
	keyLineText = regexp.MustCompile(`^([a-z_.]+) *= .*?(?:  #|\s#) ?(.*)$`)
	plainKey    = regexp.MustCompile(`^([a-z_.]+) *=`)
	choice      = regexp.MustCompile(`^[a-z-]+: `)
	moreText    = regexp.MustCompile(`^\s+# ?(.*)$`)
	aheadText   = regexp.MustCompile(`^# ?(.*)$`)
)

// Meanings reads what a settings file says about its keys: behind the value, in the lines below, or in lines of
// their own before the key.
func Meanings(file string) map[string]string {
	texts := map[string]string{}
	var section, last, ahead string
	for line := range strings.Lines(file) {
		line = strings.TrimRight(line, "\n")
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			section, last, ahead = m[1], "", ""
		} else if m := aheadText.FindStringSubmatch(line); m != nil {
			ahead = strings.TrimSpace(ahead + " " + m[1])
		} else if m := moreText.FindStringSubmatch(line); m != nil && last != "" {
			texts[last] += map[bool]string{true: "; ", false: " "}[choice.MatchString(m[1])] + m[1]
		} else if m := plainKey.FindStringSubmatch(line); m != nil {
			last = section + "." + m[1]
			text := ahead
			if m := keyLineText.FindStringSubmatch(line); m != nil {
				text = strings.TrimSpace(ahead + " " + m[2])
			}
			texts[last], ahead = text, ""
		}
	}
	return texts
}
