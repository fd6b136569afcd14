package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"satchel/app"
	"satchel/auth"
	"satchel/config"
	"satchel/datadir"
	"satchel/demo"
	"satchel/engine"
	"satchel/engine/pack"
	"satchel/handover"
	"satchel/storage"
)

// handOverDemo makes the packages of one patient and of everybody, checks both as a receiver does, and tells about them.
func handOverDemo(ctx context.Context, cfg *config.Config, s *storage.Store, out io.Writer) error {
	key, err := datadir.SigningKey(cfg)
	if err != nil {
		return err
	}
	dir := filepath.Join(cfg.Data, "packages")
	one, err := packDemo(ctx, cfg, s, pack.Run{Order: handover.Order{Patient: demo.EverythingPatientID, Form: handover.FormFolder}, Dir: dir, Key: key})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "4. made and checked a package of one patient: %s\n   read it in a browser: %s\n",
		packageSentence(one), filepath.Join(one.Paths[0], "OPEN-ME-FIRST.html"))
	all, err := packDemo(ctx, cfg, s, pack.Run{Order: handover.Order{Population: true, Form: handover.FormFolder}, Dir: dir, Key: key})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "5. made and checked a package of everybody: %s\n   every count: %s\n",
		packageSentence(all), filepath.Join(all.Paths[0], "data", "ehi-manifest.json"))
	printLargest(out, all.Counts, 8)
	return nil
}

// packDemo makes a package and checks it; anything but a good one that names the key is an error.
func packDemo(ctx context.Context, cfg *config.Config, s *storage.Store, r pack.Run) (pack.Made, error) {
	r.Sender = handover.Practice{Name: "Demo"}
	app.DescribePackage(cfg, &r)
	bar := newProgress("making a package", false)
	defer bar.end()
	jobs := engine.New(s, nil, engine.Options{Log: slog.New(slog.DiscardHandler)})
	return app.ExportsOf(cfg, s, jobs).RunPackage(ctx, auth.Command(whoRuns(), ""), r, bar.step, func(h *pack.Made) error {
		v, err := handover.Verify(ctx, h.Paths[0], handover.VerifyOptions{Fingerprint: r.Key.Fingerprint()})
		if err == nil && v.Outcome != handover.Good {
			err = errors.New(v.Sentence)
		}
		return err
	})
}

// packageSentence says what a package came to.
func packageSentence(h pack.Made) string {
	n := totalOf(h)
	left := "nothing left out"
	if n.excluded > 0 {
		left = fmt.Sprintf("%d left out with reasons", n.excluded)
	}
	return fmt.Sprintf("%s, %d resources, %d earlier versions, %d deletions, %s", h.Verdict, n.current, n.earlier, n.deleted, left)
}

// printLargest prints the counts of the types with the most versions, and how many types there are beside them.
func printLargest(out io.Writer, counts map[string]handover.Count, most int) {
	types := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b].StoredVersions, counts[a].StoredVersions), cmp.Compare(a, b))
	})
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "type\tstored\tin the package\tearlier versions\tdeletions\t")
	for _, typ := range types[:min(most, len(types))] {
		c := counts[typ]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t\n", typ, c.StoredCurrent, c.ExportedCurrent, c.ExportedVersions-c.ExportedCurrent, c.ExportedDeleted)
	}
	t.Flush()
	if rest := len(types) - most; rest > 0 {
		fmt.Fprintf(out, "   and %d more types\n", rest)
	}
}
