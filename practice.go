package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // Windows has no zones that Go can read
	"unicode"
	"unicode/utf8"

	"satchel/desk"
	"satchel/fhir"
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
	if _, err := c.zone(); err != nil {
		return fmt.Errorf("practice.time_zone is %q; write a name of the IANA list, such as \"America/New_York\"", c.Practice.TimeZone)
	}
	return nil
}

// zone is where the practice is: that of the machine if the settings do not say.
func (c *Config) zone() (*time.Location, error) {
	if c.Practice.TimeZone == "" {
		return time.Local, nil
	}
	return time.LoadLocation(c.Practice.TimeZone)
}

// practiceNow is the practice as the pages show it. The first run and the page of settings change it.
type practiceNow struct {
	atomic.Pointer[practiceState]
	saving sync.Mutex
}

// practiceState is the practice, and the settings that it comes from.
type practiceState struct {
	desk.Practice
	from *Config
}

func newPracticeNow(c *Config) (*practiceNow, error) {
	p := &practiceNow{}
	return p, p.set(c)
}

func (p *practiceNow) set(c *Config) error {
	zone, err := c.zone()
	own := c.Practice
	p.Store(&practiceState{desk.Practice{Name: own.Name, Zone: zone, Contact: own.Contact, Phone: own.Phone, Email: own.Email, Address: own.Address}, c})
	return err
}

func (p *practiceNow) get() desk.Practice { return p.Load().Practice }

// save writes name and time zone of the practice into the settings file and takes them over.
func (p *practiceNow) save(c *Config, name, zone string) error {
	return p.write(c, "name", name, "time_zone", zone)
}

// write gives keys of the section practice other values in the settings file and takes them over: key, value, … What the
// environment or a flag sets stays as it is. A file that cannot be changed so is a fhir.Error conflict.
func (p *practiceNow) write(c *Config, values ...string) error {
	p.saving.Lock()
	defer p.saving.Unlock()
	text, err := os.ReadFile(c.File)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read the settings: %w", err)
	}
	changed := string(text)
	for i := 0; i+1 < len(values); i += 2 {
		changed = setKey(changed, "practice", values[i], strconv.Quote(values[i+1]))
	}
	trial := defaults()
	trial.Data, trial.File = c.Data, c.File
	err = trial.readFile(changed)
	if err == nil {
		err = trial.checkPractice()
	}
	if err != nil {
		return fhir.Errorf(fhir.CodeConflict, "the settings file cannot be changed from here, so nothing was changed; change it by hand: %v", err)
	}
	if err := replaceFile(c.File, changed); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	trial.keepFixed(c)
	return p.set(trial)
}

// keepFixed takes over from c what it has from the environment or a flag.
func (t *Config) keepFixed(c *Config) {
	for _, s := range t.settings() {
		if source := c.source[s.key]; fixed(source) && strings.HasPrefix(s.key, "practice.") {
			from, _ := c.find(s.key)
			*s.field.(*string) = *from.field.(*string)
			t.source[s.key] = source
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

// replaceFile puts a text in the place of a file, whole or not at all. Its owner alone may read it.
func replaceFile(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), "*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(f.Name(), path), sameOwner(path, filepath.Dir(path)))
}

// noticesFor is how long the findings on the page for today hold: they touch the disk.
const noticesFor = 5 * time.Minute

// notices are the findings of the doctor that the page for today shows: those that need no look into the database.
type notices struct {
	cfg *Config

	mu   sync.Mutex
	made time.Time
	now  []desk.Notice
}

func (n *notices) get(ctx context.Context) []desk.Notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	if age := time.Since(n.made); age >= 0 && age < noticesFor {
		return n.now
	}
	d := &doctor{cfg: n.cfg, now: time.Now()}
	d.permissions()
	d.disk()
	d.certificate(ctx)
	d.backups()
	n.made, n.now = d.now, nil
	for _, f := range d.findings {
		if f.State == stateProblem || f.State == stateNote && f.Check != "backup" { // the page has a card for backups
			n.now = append(n.now, desk.Notice{Problem: f.State == stateProblem, Text: sentence(f.Check + ": " + f.Text), Do: f.Do})
		}
	}
	return n.now
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return strings.TrimRight(string(unicode.ToUpper(r))+s[n:], ".") + "."
}

// backupNow is what the page for today tells of backups.
func backupNow(cfg *Config) func() desk.Backup {
	return func() desk.Backup {
		return desk.Backup{Planned: cfg.Backup.Folder != "", Last: lastBackup(cfg), Every: time.Duration(cfg.Backup.Every)}
	}
}
