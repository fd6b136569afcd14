package storage

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"satchel/audit"
	"satchel/fhir"
)

// Bases are the FHIR base URLs under which this store's resources are or were known: a reference below one of them names
// what a relative one does. Owners are derived by them.
func (s *Store) Bases() fhir.Bases { return *s.bases.Load() }

// AddBase adds a base URL for good: that of a server whose resources were taken over with their ids. Owners are made anew if
// a stored resource has a reference to that host. The event says who said so. What is no http(s) URL is a fhir.Error value.
func (s *Store) AddBase(ctx context.Context, event audit.Event, base string) error {
	return s.addBase(ctx, base, event)
}

// addBase adds a base unless it is known.
func (s *Store) addBase(ctx context.Context, base string, events ...audit.Event) error {
	base = strings.TrimRight(base, "/")
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return fhir.Errorf(fhir.CodeValue, "%q is no FHIR base URL; write one such as \"https://practice.example/fhir\"", base)
	}
	if s.Bases().Has(base) {
		return nil
	}
	err = s.write(ctx, func(tx *Tx) error {
		if s.Bases().Has(base) {
			return nil // another process was faster
		}
		if err := tx.exec(`INSERT INTO base (url, since) VALUES (?, ?)`, base, tx.Time.UnixMilli()); err != nil {
			return err
		}
		if err := tx.loadBases(); err != nil {
			return err
		}
		if named, err := tx.mentions(u.Host); err != nil {
			return err
		} else if named {
			if err := tx.rebuildOwners(ctx); err != nil {
				return err
			}
		}
		if len(events) > 0 {
			tx.details = append(tx.details, "base "+base)
		}
		return tx.record(events...)
	})
	if err != nil {
		return errors.Join(err, s.readBases(context.WithoutCancel(ctx), s.reads)) // forget what was not stored
	}
	return nil
}

// mentions reports whether any version of a resource has a text in it, in whatever case. It reads all bodies.
func (tx *Tx) mentions(text string) (found bool, err error) {
	err = tx.scan(`SELECT EXISTS (SELECT 1 FROM resource WHERE instr(lower(CAST(body AS TEXT)), ?1))
		OR EXISTS (SELECT 1 FROM history WHERE instr(lower(CAST(body AS TEXT)), ?1))`, []any{strings.ToLower(text)}, &found)
	return found, err
}

// loadBases reads the table.
func (tx *Tx) loadBases() error { return tx.s.readBases(tx.ctx, tx) }

func (s *Store) readBases(ctx context.Context, q querier) error {
	rows, err := query(ctx, q, `SELECT url FROM base ORDER BY since, url`)
	urls, err := collect(rows, err, oneColumn[string])
	if err != nil {
		return err
	}
	own := fhir.NewBases(urls...)
	s.bases.Store(&own)
	return nil
}
