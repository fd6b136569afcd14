package cli

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"satchel/app"
	"satchel/auth"
	"satchel/config"
	"satchel/datadir"
	"satchel/internal/testsatchel"
	"satchel/storage"
	"satchel/web/faces"
)

var update = flag.Bool("update", false, "write docs/reference.md, the manual pages and the unit of the Debian package anew")

// docs/reference.md, docs/man, config.toml.example and the unit of the Debian package are what the program says of itself. `make reference` writes them anew.
func TestReference(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("some defaults are others on Windows")
	}
	want := map[string]string{filepath.Join("..", "docs", "reference.md"): reference(t)}
	want[filepath.Join("..", "packaging", "deb", "satchel.service")] = app.SystemdUnit("/usr/bin/satchel", []string{"serve", "--data", "/var/lib/satchel"}, app.ServiceAccount("linux"), []string{"/var/lib/satchel"})
	want[filepath.Join("..", "config.toml.example")] = config.Example()
	for name, text := range manualPages(t) {
		want[filepath.Join("..", "docs", "man", name)] = text
	}
	old, err := filepath.Glob(filepath.Join("..", "docs", "man", "*"))
	testsatchel.Must(t, err)
	for _, path := range old {
		if want[path] != "" {
			continue
		}
		if *update {
			testsatchel.Must(t, os.Remove(path))
		} else {
			t.Errorf("%s is of a command that is no more; run: make reference", path)
		}
	}
	testsatchel.Must(t, os.MkdirAll(filepath.Join("..", "docs", "man"), 0o755))
	for path, text := range want {
		if *update {
			testsatchel.Must(t, os.WriteFile(path, []byte(text), 0o644))
		} else if got, _ := os.ReadFile(path); string(got) != text {
			t.Errorf("%s is not what the program says; run: make reference", path)
		}
	}
}

// documentedCommands is the command tree without what differs between machines.
func documentedCommands() *cobra.Command {
	root := newRoot()
	root.InitDefaultHelpCmd()
	root.DisableAutoGenTag = true
	for _, c := range walk(root) {
		c.DisableAutoGenTag = true
		c.InitDefaultHelpFlag()
	}
	return root
}

// walk lists a command and all below it that people may use, in order.
func walk(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			all = append(all, walk(sub)...)
		}
	}
	return all
}

// manualPages are the pages of section 1 by file name.
func manualPages(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, c := range walk(documentedCommands()) {
		var out bytes.Buffer
		h := &doc.GenManHeader{Section: "1", Source: "Satchel", Manual: "Satchel", Date: new(time.Time)}
		testsatchel.Must(t, doc.GenMan(c, h, &out))
		text := strings.Replace(out.String(), `"Jan 0001"`, `""`, 1) // a date would differ every month
		pages[strings.ReplaceAll(c.CommandPath(), " ", "-")+".1"] = text
	}
	return pages
}

// reference is docs/reference.md.
func reference(t *testing.T) string {
	var b strings.Builder
	b.WriteString(`# Reference

Every setting, permission, command, address and metric, as the program itself tells them. This page is generated: change
the code and run ` + "`make reference`" + `.

- [Settings](#settings)
- [Permissions](#permissions)
- [Commands](#commands)
- [Addresses](#addresses)
- [Metrics](#metrics)
- [Files](#files)
`)
	referSettings(t, &b)
	referPermissions(&b)
	referCommands(&b)
	referAddresses(&b)
	referMetrics(t, &b)
	b.WriteString(filesText)
	return b.String()
}

func referSettings(t *testing.T, b *strings.Builder) {
	b.WriteString(`
## Settings

In ` + "`config.toml`" + ` of the data directory. A value in the environment comes before the file, a flag before both; a variable
with ` + "`_FILE`" + ` behind its name reads the value from a file. Relative paths start at the data directory.
` + "`satchel config check`" + ` checks them, ` + "`satchel config show`" + ` tells every value in force and where it comes from.

| key | default | environment | what it does |
|---|---|---|---|
`)
	for _, s := range config.Defaults().Settings() {
		if s.Meaning() == "" {
			t.Errorf("the table of settings says nothing about %s", s.Key)
		}
		fmt.Fprintf(b, "| `%s` | `%s` | `%s` | %s |\n", s.Key, cell(config.Show(s.Field)), config.EnvName(s.Key), cell(s.Meaning()))
	}
}

func referPermissions(b *strings.Builder) {
	b.WriteString(`
## Permissions

Roles and permissions have Smile CDR's names. Give them with ` + "`satchel user add`" + ` and ` + "`satchel user grant`" + `, such as
` + "`--permission FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/123`" + `. What is not given is refused.

| name | argument | what it allows |
|---|---|---|
`)
	for _, p := range auth.Permissions() {
		argument := p.Argument
		if p.Optional {
			argument += " (may be left out)"
		}
		text := p.Text
		if parts := auth.Expand(p.Name); p.Role && len(parts) > 1 && p.Name != "ROLE_SUPERUSER" {
			text += " Stands for: " + strings.Join(parts[1:], ", ") + "."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", p.Name, cell(argument), cell(text))
	}
}

func referCommands(b *strings.Builder) {
	b.WriteString("\n## Commands\n\nExit codes are 0 done, 1 failed, 2 wrong usage, unless a command says otherwise.\n")
	for _, c := range walk(documentedCommands()) {
		fmt.Fprintf(b, "\n### %s\n\n%s.\n\n```text\n%s\n```\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."), c.UseLine())
		if c.Long != "" && c.Name() != "satchel" && c.Parent().Name() != "completion" {
			fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(asMarkdown(c.Long)))
		}
		flags := c.NonInheritedFlags()
		if !flags.HasAvailableFlags() {
			continue
		}
		b.WriteString("\n| flag | default | what it does |\n|---|---|---|\n")
		flags.VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" && c.HasParent() || f.Hidden {
				return
			}
			fmt.Fprintf(b, "| `--%s` | %s | %s |\n", f.Name, cell(defaultOf(f)), cell(f.Usage))
		})
	}
}

// defaultOf is the default of a flag, in words where it depends on the machine.
func defaultOf(f *pflag.Flag) string {
	if f.DefValue == "" || f.DefValue == "[]" || f.DefValue == "false" {
		return ""
	}
	return "`" + f.DefValue + "`"
}

// asMarkdown makes plain text for a terminal fit for a page: nothing in it may be read as HTML, indented lines are code.
func asMarkdown(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "  ") {
			b.WriteString("  ")
		} else {
			line = strings.NewReplacer("<", "&lt;", "*", `\*`).Replace(line)
		}
		b.WriteString(line)
	}
	return b.String()
}

func referAddresses(b *strings.Builder) {
	b.WriteString(`
## Addresses

Under the address that ` + "`satchel serve`" + ` prints. HEAD works like GET, except where GET starts an export. What is public asks for
no account. Types and search parameters are in ` + "`GET /fhir/metadata`" + `.

| method | path | public | what it does |
|---|---|---|---|
`)
	for _, e := range faces.Endpoints() {
		fmt.Fprintf(b, "| %s | `%s` | %s | %s |\n", e.Method, e.Path, map[bool]string{true: "yes"}[e.Public], cell(e.Text))
	}
}

func referMetrics(t *testing.T, b *strings.Builder) {
	b.WriteString("\n## Metrics\n\nAt `/metrics` if `metrics.enabled`, beside Go's and the process's own. No label holds what belongs to a patient or an account.\n\n| name | what it is |\n|---|---|\n")
	cfg := testsatchel.New(t)
	cfg.Metrics.Enabled = true
	store, err := datadir.Open(t.Context(), cfg, storage.Options{})
	testsatchel.Must(t, err)
	defer store.Close()
	m, err := app.NewMetrics(cfg, store)
	testsatchel.Must(t, err)
	names := m.Names()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if strings.HasPrefix(name, "satchel_") {
			fmt.Fprintf(b, "| `%s` | %s |\n", name, cell(names[name]))
		}
	}
}

// cell writes a text into a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(s)
}

const filesText = `
## Files

| in the data directory | what it is |
|---|---|
| ` + "`config.toml`" + ` | the settings |
| ` + "`satchel.db`" + `, ` + "`satchel.db-wal`" + `, ` + "`satchel.db-shm`" + ` | the database: all three belong together; never copy them from a running server, use ` + "`satchel backup`" + ` |
| ` + "`satchel.db.before-schema-…`" + ` | the database before an upgrade; remove it when the new version has proved itself |
| ` + "`satchel.db.version`" + ` | the oldest program version that can use the database |
| ` + "`satchel.lock`" + `, ` + "`satchel.db.lock`" + ` | hold a second server off; of no worth in themselves |
| ` + "`signing_key`" + ` | signs packages; who has it can sign as this practice |
| ` + "`account_key`" + ` | seals the secrets of second factors; without it their codes cannot be checked |
| ` + "`cursor_key`" + ` | authenticates the links to next pages; without it a new one is made, and links in use end. Not in backups |
| ` + "`setup-code.txt`" + ` | lets a browser on this machine make the first administrator; gone when there is one |
| ` + "`tls/`" + ` | certificate authority and certificate of ` + "`tls.mode = \"local-ca\"`" + `, or what ` + "`\"acme\"`" + ` got |
| ` + "`audit-anchors.txt`" + ` | number and hash of audit events at each start and stop; keep a copy elsewhere |
| ` + "`exports/`" + ` | files of exports and packages and findings of imports, which expire; uploads until they are imported |
| ` + "`import-report-….ndjson`" + ` | what an import on the command line refused or found, by file and line |
| ` + "`logs/`" + ` | the log of a Windows service; on Linux see journalctl -u satchel |
`
