package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"satchel/audit"
	"satchel/engine/imports"
	"satchel/handover"
	"satchel/internal/durable"
	"satchel/storage"
)

// importPackage restores a package into an empty store that no server uses.
func importPackage(ctx context.Context, at *common, path string, o handover.VerifyOptions, out io.Writer) error {
	cfg, s, err := at.openData(ctx, nil, storage.Options{Bulk: true})
	if err != nil {
		return err
	}
	unlock, err := storage.LockFile(filepath.Join(cfg.Data, "satchel.lock"))
	if errors.Is(err, storage.ErrLocked) {
		err = fmt.Errorf("a server is running on %q; stop it before a package is restored", cfg.Data)
	}
	if err == nil {
		err = errors.Join(restorePackage(ctx, s, path, o, out), durable.SameOwner(filepath.Join(cfg.Data, "satchel.lock"), cfg.Data))
		unlock()
	}
	return errors.Join(err, s.Close())
}

// restorePackage checks and restores, notes it in the audit log, and says by type what came.
func restorePackage(ctx context.Context, s *storage.Store, path string, o handover.VerifyOptions, out io.Writer) error {
	begin := time.Now()
	checking, storing := newProgress("check", true), newProgress("restore", false)
	o.Progress = oneAtATime(checking.step)
	counts, err := imports.Restore(ctx, s, path, o, storing.step)
	checking.end()
	storing.end()
	if bad := new(handover.NotGood); errors.As(err, &bad) {
		return notRestored(bad.Result)
	}
	n := sumRestored(counts)
	if n != (imports.Restored{}) {
		e := audit.Event{Who: whoRuns(), Action: audit.Import, // without the path: it may hold a person's name
			Detail: fmt.Sprintf("restored %d resources, %d earlier versions, %d deletions", n.Resources, n.Earlier, n.Deletions)}
		if err != nil {
			e.Outcome = audit.Failed
		}
		err = errors.Join(err, s.Audit(context.WithoutCancel(ctx), e))
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("stopped half way; to begin again, make a new data directory with: satchel init --data DIR")
	case err != nil:
		return err
	}
	printRestored(out, counts, n)
	fmt.Fprintf(out, "restored in %.1f s\n", time.Since(begin).Seconds())
	if n.Refused > 0 {
		return codeError{fmt.Errorf("refused: %d resources, of which the package has a deletion and not the version before it", n.Refused), exitRefused}
	}
	return nil
}

// maxToldMissing is how much of what an INCOMPLETE package lacks is told.
const maxToldMissing = 10

// notRestored says why a package was refused; of one that is unchanged and says itself that it is INCOMPLETE, what it lacks.
func notRestored(r *handover.Result) error {
	if !r.OnlyIncomplete() {
		return fmt.Errorf("nothing was restored. %s", r.Sentence)
	}
	list := ""
	for _, m := range r.Missing[:min(len(r.Missing), maxToldMissing)] {
		list += "\n  " + m
	}
	if more := len(r.Missing) - maxToldMissing; more > 0 {
		list += fmt.Sprintf("\n  and %d more, see data/report/reconciliation.html in the package", more)
	}
	return fmt.Errorf("nothing was restored. The package is unchanged, but was made as INCOMPLETE. What it lacks:%s\n"+
		"ask for a complete one; to take what it has all the same: satchel import --accept-incomplete", list)
}

func sumRestored(counts map[string]imports.Restored) (n imports.Restored) {
	for _, c := range counts {
		n.Resources += c.Resources
		n.Earlier += c.Earlier
		n.Deletions += c.Deletions
		n.Refused += c.Refused
	}
	return n
}

func printRestored(out io.Writer, counts map[string]imports.Restored, sum imports.Restored) {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "type\tresources\tearlier\tdeletions\trefused\t")
	row := func(typ string, n imports.Restored) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t\n", typ, n.Resources, n.Earlier, n.Deletions, n.Refused)
	}
	for _, typ := range slices.Sorted(maps.Keys(counts)) {
		row(typ, counts[typ])
	}
	row("all", sum)
	t.Flush()
}
