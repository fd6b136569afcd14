package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"satchel/app"
	"satchel/audit"
	"satchel/config"
	"satchel/datadir"
	"satchel/demo"
	"satchel/engine"
	"satchel/engine/bulk"
	"satchel/fhir"
	"satchel/storage"
)

// demoMark is the file by which a data directory is known as a demo's, which the next demo may replace.
const (
	demoMark     = "demo.txt"
	demoMarkText = "This directory was made by `satchel demo`; the next demo in the same place replaces it with all that is in it.\n"
)

func cmdDemo() *cobra.Command {
	dir := "./demo-practice"
	o := demo.Options{Patients: demo.DefaultPatients}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Make a practice of made-up patients, export it, and say where to look",
		Long: `Makes a data directory with a practice of made-up patients that covers every resource type of FHIR R4, with
corrections and deletions, exports one patient and everybody beside it, counts what came out, makes a sealed package
of each, checks both, and says in a few lines what it did. It needs nothing but this program. An earlier demo in the same place is replaced.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel demo
  satchel demo --patients 500 --data /tmp/practice`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f := c.Flag("data"); f.Changed {
				dir = f.Value.String()
			}
			if o.Patients < 1 || o.Patients > demo.MaxPatients {
				return usagef("--patients is %d; use 1 to %d", o.Patients, demo.MaxPatients)
			}
			return makeDemo(c.Context(), dir, o, c.OutOrStdout())
		},
	}
	c.Flags().IntVar(&o.Patients, "patients", o.Patients, "number of made-up patients")
	c.Flags().Int64Var(&o.Seed, "seed", 1, "another number makes other people")
	return c
}

// makeDemo is `satchel demo`.
func makeDemo(ctx context.Context, dir string, o demo.Options, out io.Writer) error {
	if err := clearDemo(dir); err != nil {
		return err
	}
	cfg, err := config.Load(dir, "", nil, nil)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(cfg.Data, demoMark), []byte(demoMarkText), 0o600); err != nil {
		return err
	}
	if err := datadir.Make(cfg, nil); err != nil {
		return err
	}
	s, err := storage.Open(ctx, cfg.Database(), storage.Options{Bulk: true})
	if err != nil {
		return err
	}
	err = fillDemo(ctx, cfg, s, o, out)
	return errors.Join(err, s.Close())
}

// fillDemo imports, exports and counts, and tells about it.
func fillDemo(ctx context.Context, cfg *config.Config, s *storage.Store, o demo.Options, out io.Writer) error {
	begin := time.Now()
	done, err := importDemo(ctx, s, o)
	if err != nil {
		return err
	}
	types, err := s.Types(ctx)
	if err != nil {
		return err
	}
	stored := 0
	for _, n := range types {
		stored += n
	}
	fmt.Fprintf(out, "1. made %d resources of %d types about %d made-up patients; %d were corrected and %d deleted afterwards (%.1f s)\n",
		stored, len(types), types["Patient"], done.updated, done.deleted, time.Since(begin).Seconds())

	all := filepath.Join(cfg.Data, "export-everybody")
	m, err := exportDemo(ctx, cfg, s, bulk.Request{Level: bulk.LevelSystem}, all)
	if err != nil {
		return err
	}
	if n := countFiles(m).resources; n != int64(stored) {
		return fmt.Errorf("the export of everybody holds %d resources, but the store %d; please report this", n, stored)
	}
	fmt.Fprintf(out, "2. exported everybody: %d files in %s, as many resources as are stored\n", len(m.Files), all)

	one := filepath.Join(cfg.Data, "export-one-patient")
	m, err = exportDemo(ctx, cfg, s, bulk.Request{Level: bulk.LevelPatient, Patients: []string{demo.EverythingPatientID}}, one)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "3. exported one patient (Patient/%s): %d resources in %d files in %s\n",
		demo.EverythingPatientID, countFiles(m).resources, len(m.Files), one)

	if err := handOverDemo(ctx, cfg, s, out); err != nil {
		return err
	}
	name, password, err := demoAccount(ctx, s)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "6. made the account %q with the password %q, which may do everything\n\n", name, password)
	fmt.Fprintf(out, "Look into the folders above, or start the server and ask it:\n\n  satchel serve --data %s\n  curl -u %s:%s http://%s/fhir/Patient\n",
		cfg.Data, name, password, cfg.HTTP.Listen)
	return nil
}

// exportDemo runs one export into a new folder with a manifest.
func exportDemo(ctx context.Context, cfg *config.Config, s *storage.Store, r bulk.Request, path string) (bulk.Manifest, error) {
	folder, err := emptyFolder(path)
	if err != nil {
		return bulk.Manifest{}, err
	}
	defer folder.Close()
	m, err := engine.New(s, folder, app.EngineOptions(cfg, slog.New(slog.DiscardHandler))).Bulk.Export(ctx, r, folder, nil)
	if err != nil {
		return bulk.Manifest{}, err
	}
	return m, writeManifest(folder, m, "satchel demo")
}

// demoDone counts what came after the first version of a resource.
type demoDone struct{ updated, deleted int64 }

// demoBatch is how many resources one transaction takes.
const demoBatch = 1000

// importDemo puts the made-up practice into the store, in order.
func importDemo(ctx context.Context, s *storage.Store, o demo.Options) (demoDone, error) {
	var done demoDone
	var batch []*fhir.Document
	flush := func() error {
		changes, err := s.Import(ctx, whoRuns(), batch)
		for _, c := range changes {
			if c == storage.Updated {
				done.updated++
			}
		}
		batch = batch[:0]
		return err
	}
	bar := newProgress("making patients", false)
	defer bar.end()
	var n int64
	for item := range demo.Items(o) {
		if item.Op == demo.Delete {
			if err := flush(); err != nil {
				return done, err
			}
			if err := deleteDemo(ctx, s, item); err != nil {
				return done, err
			}
			done.deleted++
			continue
		}
		d, err := fhir.Parse(append([]byte(nil), item.JSON...))
		if err != nil {
			return done, fmt.Errorf("made-up %s/%s: %w", item.Type, item.ID, err)
		}
		batch = append(batch, d)
		if n++; len(batch) == demoBatch {
			if err := flush(); err != nil {
				return done, err
			}
			bar.step(n, 0)
		}
	}
	return done, flush()
}

// deleteDemo deletes a resource of the made-up practice.
func deleteDemo(ctx context.Context, s *storage.Store, item demo.Item) error {
	_, err := s.Write(ctx, func(tx *storage.Tx) ([]audit.Event, error) {
		_, _, err := tx.Delete(item.Type, item.ID)
		return []audit.Event{{Who: whoRuns(), Action: audit.Delete, Target: item.Type + "/" + item.ID, Detail: "satchel demo"}}, err
	})
	return err
}

// demoAccount makes an administrator with a random password: nothing that anybody could know beforehand.
func demoAccount(ctx context.Context, s *storage.Store) (name, password string, err error) {
	name, password = "demo", rand.Text()
	return name, password, addAdministrator(ctx, s, "satchel demo", name, password)
}

// clearDemo removes an earlier demo, and refuses a directory that is something else or in use.
func clearDemo(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	} else if err != nil {
		return err
	}
	if mark, err := os.ReadFile(filepath.Join(dir, demoMark)); err != nil || string(mark) != demoMarkText {
		return fmt.Errorf("%q is not empty and not an earlier demo; choose another place with --data DIR", dir)
	}
	unlock, err := storage.LockFile(filepath.Join(dir, "satchel.lock"))
	if errors.Is(err, storage.ErrLocked) {
		return fmt.Errorf("the demo in %q is being served; stop it first, or choose another place with --data DIR", dir)
	} else if err != nil {
		return err
	}
	unlock()
	return os.RemoveAll(dir)
}
