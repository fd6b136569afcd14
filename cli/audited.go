package cli

import (
	"context"
	"errors"
	"os/user"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/storage"
)

// audited runs a command on an account or client with the event that is about it: did stores it in the transaction of what it
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

// whoRuns is the user of the operating system who runs a command, for the audit log.
func whoRuns() audit.Who {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return audit.Who{Name: name, Kind: audit.CLI}
}
