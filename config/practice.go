package config

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // Windows has no zones that Go can read
	"unicode"
	"unicode/utf8"
)

// practiceNameMost is how many characters the name of the practice may have.
const practiceNameMost = 100

// checkPractice checks the settings that tell whose server this is.
func (c *Config) checkPractice() error {
	name := c.Practice.Name
	if utf8.RuneCountInString(name) > practiceNameMost || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("practice.name is %q; write one line of at most %d characters", name, practiceNameMost)
	}
	for key, text := range map[string]string{"contact": c.Practice.Contact, "phone": c.Practice.Phone, "email": c.Practice.Email, "address": c.Practice.Address} {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || key != "address") }) {
			return fmt.Errorf("practice.%s is %q; write it without control characters", key, text)
		}
	}
	if _, err := c.Zone(); err != nil {
		return fmt.Errorf("practice.time_zone is %q; write a name of the IANA list, such as \"America/New_York\"", c.Practice.TimeZone)
	}
	return nil
}

// Zone is where the practice is: that of the machine if the settings do not say.
func (c *Config) Zone() (*time.Location, error) {
	if c.Practice.TimeZone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(c.Practice.TimeZone)
}
