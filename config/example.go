package config

import (
	"maps"
	"slices"
	"strings"
)

const exampleHead = `# Settings of Satchel. Every key is here behind a #, with its default. To change one, write a line without # below it, or say
# satchel config set KEY=VALUE
# Environment variables come after this file, flags last: http.listen is also SATCHEL_HTTP__LISTEN, and
# SATCHEL_HTTP__LISTEN_FILE reads the value from a file. Relative paths start at the data directory.
# "satchel config check" checks this file, "satchel config show" tells every value in force and where it comes from.
#
# Lines copied from the configuration of Smile CDR work as they are, if they stand here, before the first [section]:
# module.persistence.config.bulk_export.file_max_capacity = 1000
`

// exampleWidth is how many characters a line of the settings file has at most, if its words allow.
const exampleWidth = 120

// Example is the settings file that `satchel init` writes: every key with its meaning and, behind a #, its default.
func Example() string {
	var b strings.Builder
	b.WriteString(exampleHead)
	last := ""
	for _, s := range Defaults().Settings() {
		section, key, _ := strings.Cut(s.Key, ".")
		if section != last {
			b.WriteString("\n[" + section + "]\n")
			if sections[section] != "" {
				remark(&b, sections[section])
				b.WriteByte('\n')
			}
			last = section
		}
		for line := range strings.SplitSeq(s.Text, "\n") {
			remark(&b, line)
		}
		b.WriteString(defaultLine(key, Show(s.Field)) + "\n")
	}
	return b.String()
}

// defaultLine is a key with its default as the settings file has it: a remark without a blank behind the #.
func defaultLine(key, value string) string { return "#" + key + " = " + value }

// remark writes a text as lines that begin with "# ".
func remark(b *strings.Builder, text string) {
	line := "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > exampleWidth {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// InitialFile is the example with other values of some keys, as flags give them.
func InitialFile(values map[string]string) (string, error) {
	var changes []Change
	for _, key := range slices.Sorted(maps.Keys(values)) {
		changes = append(changes, Change{key, values[key]})
	}
	return Defaults().rewrite(Example(), changes)
}
