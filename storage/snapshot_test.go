package storage

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"satchel/fhir"
)

// written is one version in the model: what a writer knows that it has stored.
type written struct {
	key     string
	version int64
	seq     int64
	time    int64
	deleted bool
	owners  []string
}

// model is the order of all writes, as the writers report it.
type model struct {
	mu  sync.Mutex
	log []written
}

// at is the selection of the model as of a snapshot, sorted.
func (m *model) at(at Snapshot, sel Selection) []string {
	versions := map[string]written{}
	for _, w := range m.log {
		if w.seq <= at.Seq && w.seq > versions[w.key].seq {
			versions[w.key] = w
		}
	}
	found := []string{}
	for _, w := range versions {
		typ, _, _ := cut(w.key)
		switch {
		case w.deleted != sel.Deleted:
		case sel.Types != nil && !slices.Contains(sel.Types, typ):
		case !sel.Since.IsZero() && w.time <= sel.Since.UnixMilli():
		case !sel.Until.IsZero() && w.time >= sel.Until.UnixMilli():
		case sel.Owned && len(w.owners) == 0:
		case sel.Patients != nil && !slices.ContainsFunc(w.owners, func(o string) bool { return slices.Contains(sel.Patients, o) }):
		default:
			found = append(found, fmt.Sprintf("%s#%d", w.key, w.version))
		}
	}
	slices.Sort(found)
	return found
}

func cut(key string) (typ, id string, ok bool) {
	for i := range key {
		if key[i] == '/' {
			return key[:i], key[i+1:], true
		}
	}
	return key, "", false
}

// observed is what a scan said.
type observed struct {
	at   Snapshot
	sel  Selection
	rows []string
}

// Whatever is written beside them and by whomever, scans of a snapshot yield what the model holds: no version torn, none
// twice, none missing.
func TestSnapshotsUnderWriters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	stores := []*Store{openFile(t, path, Options{}), openFile(t, path, Options{})} // as two processes
	m := &model{}
	rounds := 300
	if testing.Short() {
		rounds = 60
	}
	var writers, scanners sync.WaitGroup
	done := make(chan struct{})
	for i := range 4 {
		writers.Go(func() { writeMany(t, stores[i%2], m, rand.New(rand.NewPCG(1, uint64(i))), rounds) })
	}
	var mu sync.Mutex
	var seen []observed
	for i := range 2 {
		scanners.Go(func() {
			random := rand.New(rand.NewPCG(2, uint64(i)))
			var old []Snapshot
			for {
				o := observe(t, stores[i], random, &old)
				mu.Lock()
				seen = append(seen, o)
				mu.Unlock()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	writers.Wait()
	close(done)
	scanners.Wait()
	some := 0
	for _, o := range seen {
		want := m.at(o.at, o.sel)
		if len(want) > 0 {
			some++
		}
		if diff := cmp.Diff(want, o.rows); diff != "" {
			t.Fatalf("scan of %+v at %+v: %s", o.sel, o.at, diff)
		}
	}
	t.Logf("%d writes, %d scans, %d of them with rows", len(m.log), len(seen), some)
	if some < 10 {
		t.Error("too few scans to tell anything")
	}
	checkLog(t, m)
	sound(t, stores[0])
}

// checkLog checks that seqs are without gap and times rise with them from transaction to transaction.
func checkLog(t *testing.T, m *model) {
	slices.SortFunc(m.log, func(a, b written) int { return int(a.seq - b.seq) })
	for i, w := range m.log {
		if w.seq != int64(i+1) || i > 0 && w.time < m.log[i-1].time {
			t.Fatalf("write %d: %+v", i, w)
		}
	}
}

// writeMany makes transactions of one to three random writes.
func writeMany(t *testing.T, s *Store, m *model, random *rand.Rand, rounds int) {
	var doc fhir.Document
	for range rounds {
		var log []written
		err := s.write(background, func(tx *Tx) error {
			log = log[:0]
			for range 1 + random.IntN(3) {
				patient, id := random.IntN(5), random.IntN(40)
				typ, owners := "Observation", []string{fmt.Sprint(patient)}
				text := fmt.Sprintf(`{"resourceType":"Observation","id":"%d","status":"final","code":{"text":"%d"},"subject":{"reference":"Patient/%d"}}`, id, random.Int(), patient)
				if random.IntN(4) == 0 {
					typ, owners = "Organization", nil
					text = fmt.Sprintf(`{"resourceType":"Organization","id":"%d","name":"%d"}`, id, random.Int())
				}
				var r fhir.Resource
				var c Change
				var err error
				if random.IntN(4) == 0 {
					r, c, err = tx.Delete(typ, fmt.Sprint(id))
					owners = ownersBefore(m, log, r.Key())
				} else if err = doc.Reset([]byte(text)); err == nil {
					r, c, err = tx.Put(&doc, "")
				}
				if err != nil {
					return err
				}
				if c != Unchanged {
					log = append(log, written{r.Key(), r.Version, tx.seq, tx.Time.UnixMilli(), r.Deleted, owners})
				}
			}
			// Inside the transaction: its place in the log must be known before another can delete what it wrote.
			m.mu.Lock()
			defer m.mu.Unlock()
			m.log = append(m.log, log...)
			return nil
		})
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// ownersBefore are the owners of the newest version of a key, which its tombstone keeps.
func ownersBefore(m *model, own []written, key string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, log := range [][]written{own, m.log} {
		newest := written{}
		for _, w := range log {
			if w.key == key && w.seq > newest.seq {
				newest = w
			}
		}
		if newest.seq > 0 {
			return newest.owners
		}
	}
	return nil
}

// observe scans a new snapshot, or an old one again, by a random selection.
func observe(t *testing.T, s *Store, random *rand.Rand, old *[]Snapshot) observed {
	o := observed{rows: []string{}}
	if len(*old) > 0 && random.IntN(2) == 0 {
		o.at = (*old)[random.IntN(len(*old))]
	} else {
		o.at = snapshot(t, s)
		*old = append(*old, o.at)
	}
	o.sel.Deleted = random.IntN(3) == 0
	o.sel.Owned = random.IntN(3) == 0
	switch random.IntN(4) {
	case 0:
		o.sel.Patients = []string{fmt.Sprint(random.IntN(5)), fmt.Sprint(random.IntN(5)), "nobody"}
	case 1:
		o.sel.Types = []string{"Organization"}
	case 2:
		o.sel.Since = (*old)[random.IntN(len(*old))].Time
		if random.IntN(2) == 0 {
			o.sel.Until = (*old)[random.IntN(len(*old))].Time
		}
	}
	parts := []Selection{o.sel}
	if random.IntN(3) == 0 {
		cut := random.Int64N(60)
		parts = []Selection{o.sel, o.sel}
		parts[0].Upto, parts[1].After = cut+1, cut+1
	}
	for _, part := range parts {
		o.rows = append(o.rows, keys(t, s, o.at, part)...)
	}
	slices.Sort(o.rows)
	return o
}
