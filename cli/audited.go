package cli

import (
	"context"
	"errors"
	"os/user"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/storage"
)

// deed does something with the account or client of a name, and says what it did.
type deed func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (did string, note audit.Note, err error)

// audited runs a deed of a command, called such as "satchel user add". If it was refused, that is an event too.
func audited(ctx context.Context, s *storage.Store, called, name string, do deed) (string, error) {
	did, note, err := do(ctx, auth.Command(whoRuns(), called), &auth.Service{Store: s}, name)
	if err == nil || note.Stored || note.Action == "" {
		return did, err
	}
	note.Outcome, note.Status = audit.Refused, exitCode(err)
	return did, errors.Join(err, s.Audit(context.WithoutCancel(ctx), note.Event))
}

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

// whoRuns is the user of the operating system who runs a command, for the audit log.
func whoRuns() audit.Who {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return audit.Who{Name: name, Kind: audit.CLI}
}
