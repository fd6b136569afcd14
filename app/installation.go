package app

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"satchel/backup"
	"satchel/config"
	"satchel/doctor"
	"satchel/pages"
)

// noticesFor is how long the findings on the page for today hold: they touch the disk.
const noticesFor = 5 * time.Minute

// installation is the server with its machine, as the pages tell of it.
type installation struct {
	cfg      *config.Config
	practice *practiceNow

	mu      sync.Mutex
	looked  time.Time
	notices []pages.Notice
}

var _ pages.Installation = &installation{}

// Notices are the findings of the doctor that the page for today shows: those that need no look into the database.
func (i *installation) Notices(ctx context.Context) []pages.Notice {
	i.mu.Lock()
	defer i.mu.Unlock()
	if age := time.Since(i.looked); age >= 0 && age < noticesFor {
		return i.notices
	}
	d := &doctor.Examination{Config: i.cfg, Now: time.Now()}
	d.Look(ctx)
	i.looked, i.notices = d.Now, nil
	for _, f := range d.Findings {
		if f.State == doctor.StateProblem || f.State == doctor.StateNote && f.Check != "backup" { // the page has a card for backups
			i.notices = append(i.notices, pages.Notice{Problem: f.State == doctor.StateProblem, Text: sentence(f.Check + ": " + f.Text), Do: f.Do})
		}
	}
	return i.notices
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return strings.TrimRight(string(unicode.ToUpper(r))+s[n:], ".") + "."
}

// Backup is what the page for today tells of backups.
func (i *installation) Backup() pages.Backup {
	return pages.Backup{Planned: i.cfg.Backup.Folder != "", Last: backup.Last(i.cfg), Every: time.Duration(i.cfg.Backup.Every)}
}
