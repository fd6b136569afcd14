package doctor

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"satchel/certs"
	"satchel/config"
	"satchel/datadir"
	"satchel/internal/about"
	"satchel/internal/durable"
	"satchel/storage"
)

// bundleJob is a job as a support bundle tells it: neither who asked for it, nor for whom.
type bundleJob struct {
	State                   storage.State
	Created, Started, Ended time.Time
	Done, Total             int64
}

// WriteBundle writes what a supporter needs: findings without their places, settings, the machine, counts. What could
// name a person is left out, not masked.
func WriteBundle(ctx context.Context, d *Examination, path string) error {
	parts := bundleParts(ctx, d)
	return durable.Write(path, durable.Options{Exclusive: true}, func(f *durable.File) error {
		z := zip.NewWriter(f)
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			w, err := z.Create(name)
			if err != nil {
				return err
			}
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			if err := e.Encode(parts[name]); err != nil {
				return err
			}
		}
		return z.Close()
	})
}

// bundleParts are the files of a support bundle by name. What cannot be found out is left out.
func bundleParts(ctx context.Context, d *Examination) map[string]any {
	findings := slices.Clone(d.Findings)
	for i := range findings {
		findings[i].Details = nil
	}
	parts := map[string]any{"version.json": about.Me(), "findings.json": findings, "machine.json": map[string]any{
		"system": runtime.GOOS + "/" + runtime.GOARCH, "processors": runtime.NumCPU(), "time": d.Now.UTC(),
	}}
	if d.Config == nil {
		return parts
	}
	parts["settings.json"] = forSupport(d.Config)
	if c, err := storage.Inspect(ctx, d.Config.Database()); err == nil {
		parts["database.json"] = c
		parts["jobs.json"] = supportJobs(ctx, d.Config, c)
	}
	if s, err := certs.StatusOf(ctx, d.Config); err == nil && s.Certificate != nil {
		parts["certificate.json"] = map[string]any{"from": s.Certificate.From, "until": s.Certificate.Until, "names": len(s.Certificate.Names)}
	}
	return parts
}

// forSupport are the settings whose values a support bundle shows: switches and numbers. Texts could hold names and
// paths; of those it tells only whether they are set.
func forSupport(c *config.Config) map[string]any {
	shown := map[string]any{}
	open := []string{"tls.mode", "auth.basic", "log.level", "log.format"}
	for _, s := range c.Settings() {
		switch f := s.Field.(type) {
		case *string:
			if shown[s.Key] = *f; !slices.Contains(open, s.Key) {
				shown[s.Key] = map[bool]string{true: "set", false: ""}[*f != ""]
			}
		case *[]string:
			shown[s.Key] = fmt.Sprintf("%d values", len(*f))
		default:
			shown[s.Key] = config.Show(f)
		}
	}
	return shown
}

func supportJobs(ctx context.Context, cfg *config.Config, c storage.Contents) []bundleJob {
	if c.Schema != storage.Schema() {
		return nil
	}
	s, err := datadir.Open(ctx, cfg, storage.Options{})
	if err != nil {
		return nil
	}
	defer s.Close()
	jobs, err := s.Jobs(ctx)
	if err != nil {
		return nil
	}
	var out []bundleJob
	for _, j := range jobs {
		out = append(out, bundleJob{j.State, j.Created, j.Started, j.Ended, j.Done, j.Total})
	}
	return out
}
