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

// notices are the findings of the doctor that the page for today shows: those that need no look into the database.
type notices struct {
	cfg *config.Config

	mu   sync.Mutex
	made time.Time
	now  []pages.Notice
}

func (n *notices) get(ctx context.Context) []pages.Notice {
	n.mu.Lock()
	defer n.mu.Unlock()
	if age := time.Since(n.made); age >= 0 && age < noticesFor {
		return n.now
	}
	d := &doctor.Examination{Config: n.cfg, Now: time.Now()}
	d.Look(ctx)
	n.made, n.now = d.Now, nil
	for _, f := range d.Findings {
		if f.State == doctor.StateProblem || f.State == doctor.StateNote && f.Check != "backup" { // the page has a card for backups
			n.now = append(n.now, pages.Notice{Problem: f.State == doctor.StateProblem, Text: sentence(f.Check + ": " + f.Text), Do: f.Do})
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
func backupNow(cfg *config.Config) func() pages.Backup {
	return func() pages.Backup {
		return pages.Backup{Planned: cfg.Backup.Folder != "", Last: backup.Last(cfg), Every: time.Duration(cfg.Backup.Every)}
	}
}
