package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/config"
	"satchel/internal/about"
	"satchel/storage"
)

// auditAnchor adds the head of the audit log to the anchors and says it in the log. Once begun it does not end with ctx.
func auditAnchor(ctx context.Context, cfg *config.Config, s *storage.Store, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	head, err := s.AuditHead(ctx)
	if err != nil {
		return err
	}
	log.Info("audit log", "head", head.String(), "anchors", cfg.Anchors())
	return storage.AppendAuditAnchor(cfg.Anchors(), head)
}

// auditStart notes the start of the server with the settings in force and what changed in them since the last start. A server
// that cannot note its start does not start. Without an error the start is in the log, and with one it is not.
func auditStart(ctx context.Context, cfg *config.Config, s *storage.Store) error {
	before, _, err := s.AuditEvents(ctx, audit.Filter{Actions: []audit.Action{audit.Start}}, audit.Page{Sort: audit.Sort{Down: true}, Count: 1})
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime) // else it would be open whether the start was stored
	defer cancel()
	events := []audit.Event{{Action: audit.Start, Detail: "version=" + about.Version + " " + overview(cfg)}}
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
func auditStop(ctx context.Context, cfg *config.Config, s *storage.Store, log *slog.Logger, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	e := audit.Event{Who: audit.Who{Kind: audit.System}, Action: audit.Stop}
	if failure != nil {
		e.Outcome = audit.Failed
	}
	return errors.Join(s.SettleAudit(ctx), s.Audit(ctx, e), auditAnchor(ctx, cfg, s, log))
}

// overview is a line about the settings: a hash of all of them, and those that are not the default.
func overview(cfg *config.Config) string {
	var all, changed strings.Builder
	normal := config.Defaults()
	for _, s := range cfg.Settings() {
		fmt.Fprintf(&all, "%s=%s\n", s.Key, config.Show(s.Field))
		if d, ok := normal.Find(s.Key); ok && config.Show(d.Field) != config.Show(s.Field) {
			fmt.Fprintf(&changed, " %s=%s", s.Key, strings.ReplaceAll(config.Show(s.Field), " ", ""))
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
	for _, key := range config.Defaults().Keys() {
		if was[key] != now[key] {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		text += ": " + strings.Join(keys, " ")
	}
	return text
}
