package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/storage"
)

// anchors is the file with the anchors of the audit log, beside the database. Copies of it elsewhere show what a change of
// both would hide.
func (c *Config) anchors() string { return filepath.Join(c.Data, "audit-anchors.txt") }

// auditAnchor adds the head of the audit log to the anchors and says it in the log. Once begun it does not end with ctx.
func auditAnchor(ctx context.Context, cfg *Config, s *storage.Store, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	head, err := s.AuditHead(ctx)
	if err != nil {
		return err
	}
	log.Info("audit log", "head", head.String(), "anchors", cfg.anchors())
	if err := storage.AppendAuditAnchor(cfg.anchors(), head); err != nil {
		return err
	}
	return sameOwner(cfg.anchors(), cfg.Data)
}

// auditStart notes the start of the server with the settings in force and what changed in them since the last start. A server
// that cannot note its start does not start. Without an error the start is in the log, and with one it is not.
func auditStart(ctx context.Context, cfg *Config, s *storage.Store) error {
	before, _, err := s.AuditEvents(ctx, audit.Filter{Actions: []audit.Action{audit.Start}}, audit.Page{Sort: audit.Sort{Down: true}, Count: 1})
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime) // else it would be open whether the start was stored
	defer cancel()
	events := []audit.Event{{Action: audit.Start, Detail: "version=" + version + " " + overview(cfg)}}
	if len(before) > 0 {
		was, now := readOverview(before[0].Detail), readOverview(overview(cfg))
		if was["settings"] != now["settings"] {
			events = slices.Insert(events, 0, audit.Event{Action: audit.SettingChange, Detail: changedSettings(was, now)})
		}
	}
	for _, e := range events {
		e.Who = audit.Who{Kind: audit.System}
		if err := s.Audit(ctx, e); err != nil {
			return fmt.Errorf("the server does not start without its audit log: %w", err)
		}
	}
	return nil
}

// auditStop notes the stop of the server, and an anchor. ctx has ended as a rule, and this does not end with it.
func auditStop(ctx context.Context, cfg *Config, s *storage.Store, log *slog.Logger, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	e := audit.Event{Who: audit.Who{Kind: audit.System}, Action: audit.Stop}
	if failure != nil {
		e.Outcome = audit.Failed
	}
	return errors.Join(s.SettleAudit(ctx), s.Audit(ctx, e), auditAnchor(ctx, cfg, s, log))
}

// overview is a line about the settings: a hash of all of them, and those that are not the default.
func overview(cfg *Config) string {
	var all, changed strings.Builder
	normal := defaults()
	for _, s := range cfg.settings() {
		fmt.Fprintf(&all, "%s=%s\n", s.key, show(s.field))
		if d, ok := normal.find(s.key); ok && show(d.field) != show(s.field) {
			fmt.Fprintf(&changed, " %s=%s", s.key, strings.ReplaceAll(show(s.field), " ", ""))
		}
	}
	return fmt.Sprintf("settings=%x%s", sha256.Sum256([]byte(all.String())), changed.String())
}

// readOverview reads what overview wrote, by key.
func readOverview(text string) map[string]string {
	values := map[string]string{}
	for field := range strings.FieldsSeq(text) {
		if key, value, ok := strings.Cut(field, "="); ok {
			values[key] = value
		}
	}
	return values
}

// changedSettings says which settings differ. An absent one has its default.
func changedSettings(was, now map[string]string) string {
	text := "settings " + was["settings"] + " became " + now["settings"]
	var keys []string
	for _, key := range defaults().keys() {
		if was[key] != now[key] {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		text += ": " + strings.Join(keys, " ")
	}
	return text
}

// audited runs a command on an account or client with the event that tells of it: did stores it in the transaction of what it
// does if it returns no error; a refusal is an event by itself. what is such as "user add".
func audited(ctx context.Context, s *storage.Store, what string, action audit.Action, name string, do command) (string, error) {
	e := audit.Event{Who: whoRuns(), Action: action, Target: name, Detail: "satchel " + what}
	did, err := do(ctx, e, s, name)
	if err != nil {
		e.Outcome, e.Status = audit.Refused, exitCode(err)
		err = errors.Join(err, s.Audit(context.WithoutCancel(ctx), e))
	}
	return did, err
}

// command changes the account or client of a name, stores the event with that, and says what it did.
type command func(ctx context.Context, e audit.Event, s *storage.Store, name string) (did string, err error)

// actionsOf reads actions from a flag or parameter: words with commas between them.
func actionsOf(texts []string) []audit.Action {
	var all []audit.Action
	for _, text := range texts {
		for word := range strings.SplitSeq(text, ",") {
			if a := audit.Action(strings.TrimSpace(word)); a != "" && !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}
