package imports

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// Restored is how much of one type a package brought into the store.
type Restored struct {
	Resources int64 // that are not deleted
	Earlier   int64 // earlier versions with content
	Deletions int64
	Refused   int64 // resources of which the package has a deletion and not the version before it
}

// IsPackage reports whether a path looks like a package that [Restore] reads: a bag as a folder or ZIP file, or
// a folder with the bags of a package.
func IsPackage(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	if !info.IsDir() {
		return isZip(path) && isBagZip(path)
	}
	if _, err := os.Stat(filepath.Join(path, "bagit.txt")); err == nil {
		return true
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return false
	}
	for _, e := range entries {
		in := filepath.Join(path, e.Name())
		if _, err := os.Stat(filepath.Join(in, "bagit.txt")); err == nil || isZip(in) && isBagZip(in) {
			return true
		}
	}
	return false
}

// isBagZip reports whether a ZIP file holds one folder with a bag.
func isBagZip(path string) bool {
	z, err := zip.OpenReader(path)
	if err != nil {
		return false
	}
	defer z.Close()
	for _, f := range z.File {
		if _, inside, _ := strings.Cut(f.Name, "/"); inside == "bagit.txt" {
			return true
		}
	}
	return false
}

// Restore brings a package back into an empty store: every resource with its versions, numbers, times and
// deletions. Attachments come with the resources that hold their bytes. The audit log, accounts and settings of the
// package stay where they are. It returns what was restored by type, also together with an error.
//
// The package is checked first, as o says; one that is not good is a *[handover.NotGood]. A store in which anything was
// ever stored is a fhir.Error conflict. It goes transaction by transaction in bounded memory; what stopped half way
// needs another empty store. progress may be nil.
func Restore(ctx context.Context, s *storage.Store, path string, o handover.VerifyOptions, progress func(done, total int64)) (map[string]Restored, error) {
	if err := mustBeEmpty(ctx, s); err != nil {
		return nil, err
	}
	p, err := handover.Open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	r := &restoring{ctx: ctx, store: s, counts: map[string]Restored{}, progress: progress}
	for _, c := range p.Manifest().Counts {
		r.total += c.ExportedVersions + c.ExportedDeleted
	}
	if err = r.all(p); err == nil && r.done != r.total {
		err = fmt.Errorf("the package holds %d versions, its manifest says %d", r.done, r.total)
	}
	return r.counts, errors.Join(err, p.Close())
}

// mustBeEmpty refuses a store that holds or held anything.
func mustBeEmpty(ctx context.Context, s *storage.Store) error {
	at, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	counts, err := s.VersionCounts(ctx, at)
	if err == nil && len(counts) > 0 {
		err = fhir.Errorf(fhir.CodeConflict, "the store is not empty, and a package is restored into an empty one only; make a new data directory with: satchel init --data DIR")
	}
	return err
}

// restoring is one restore on its way.
type restoring struct {
	ctx         context.Context
	store       *storage.Store
	counts      map[string]Restored
	progress    func(done, total int64)
	done, total int64

	batch [][]fhir.Resource
	bytes int
}

// all reads the sections of a package side by side, each in order of type, id and version, so that the versions of one
// resource come together.
func (r *restoring) all(p *handover.Package) error {
	var lanes []*lane
	defer func() {
		for _, l := range lanes {
			l.stop()
		}
	}()
	for _, section := range handover.Sections() {
		lanes = append(lanes, newLane(p, section, false))
	}
	lanes = append(lanes, newLane(p, handover.History, true), newLane(p, handover.Deleted, true))
	var versions []fhir.Resource
	for {
		next, err := first(lanes)
		if err != nil {
			return err
		}
		if next == nil {
			break
		}
		v := next.at
		v.JSON = bytes.Clone(v.JSON)
		if len(versions) > 0 && versions[0].Key() != v.Key() {
			if err := r.take(versions); err != nil {
				return err
			}
			versions = nil
		}
		versions = append(versions, v)
		if err := next.advance(); err != nil {
			return err
		}
	}
	if len(versions) > 0 {
		if err := r.take(versions); err != nil {
			return err
		}
	}
	return r.flush()
}

// take adds one resource to the batch, if it is whole enough to be restored.
func (r *restoring) take(versions []fhir.Resource) error {
	c := r.counts[versions[0].Type]
	r.done += int64(len(versions))
	if !restorable(versions) {
		c.Refused++
		r.counts[versions[0].Type] = c
		return nil
	}
	for i, v := range versions {
		switch {
		case v.Deleted:
			c.Deletions++
		case i == len(versions)-1:
			c.Resources++
		default:
			c.Earlier++
		}
		r.bytes += len(v.JSON)
	}
	r.counts[versions[0].Type] = c
	if r.batch = append(r.batch, versions); len(r.batch) < batchCount && r.bytes < batchBytes {
		return nil
	}
	return r.flush()
}

// restorable reports whether each deletion has the version before it: without that, the store could not tell whose a
// deleted resource was.
func restorable(versions []fhir.Resource) bool {
	for i, v := range versions {
		if v.Deleted && (i == 0 || versions[i-1].Deleted || versions[i-1].Version != v.Version-1) {
			return false
		}
	}
	return true
}

// flush stores the batch.
func (r *restoring) flush() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if err := r.store.Restore(r.ctx, r.batch); err != nil {
		return err
	}
	clear(r.batch)
	r.batch, r.bytes = r.batch[:0], 0
	if r.progress != nil {
		r.progress(r.done, r.total)
	}
	return nil
}

// lane is one section of a package, or its deletions, being read.
type lane struct {
	next  func() (fhir.Resource, error, bool)
	stop  func()
	at    fhir.Resource // valid until the next advance
	begun bool
	ended bool
}

func newLane(p *handover.Package, section handover.Section, deletions bool) *lane {
	l := &lane{}
	l.next, l.stop = iter.Pull2(func(yield func(fhir.Resource, error) bool) {
		for v, err := range p.Resources(section) {
			if (err != nil || v.Deleted == deletions) && !yield(v, err) {
				return
			}
		}
	})
	return l
}

// advance reads the next version, which must not come before the one at hand.
func (l *lane) advance() error {
	before := fhir.Resource{Type: l.at.Type, ID: l.at.ID, Version: l.at.Version}
	v, err, more := l.next()
	if err != nil {
		return err
	}
	l.at, l.ended = v, !more
	if more && l.begun && compareVersions(before, v) >= 0 {
		return fmt.Errorf("%s version %d is not in its place; the files of a package are in order of type, id and version", v.Key(), v.Version)
	}
	l.begun = true
	return nil
}

// first is the lane with the first version, nil when all have ended.
func first(lanes []*lane) (*lane, error) {
	var best *lane
	for _, l := range lanes {
		if !l.begun && !l.ended {
			if err := l.advance(); err != nil {
				return nil, err
			}
		}
		if !l.ended && (best == nil || compareVersions(l.at, best.at) < 0) {
			best = l
		}
	}
	return best, nil
}

func compareVersions(a, b fhir.Resource) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
}
