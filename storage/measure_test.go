//go:build unix

package storage

import (
	"bufio"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"satchel/fhir"
	"satchel/internal/audittest"
)

// TestMeasure imports and scans a corpus of .ndjson.gz files and says how much processor time that took, which unlike
// the wall clock does not depend on what else the machine does. It runs only when
// SATCHEL_CORPUS names the folder; SATCHEL_COPIES tells how many copies with other ids, SATCHEL_DB where the file goes.
func TestMeasure(t *testing.T) {
	t.Parallel()
	corpus := os.Getenv("SATCHEL_CORPUS")
	if corpus == "" {
		t.Skip("SATCHEL_CORPUS is not set")
	}
	path := os.Getenv("SATCHEL_DB")
	if path == "" {
		path = filepath.Join(t.TempDir(), "measure.db")
	}
	copies, _ := strconv.Atoi(os.Getenv("SATCHEL_COPIES"))
	if copies > 0 {
		measureImport(t, path, corpus, copies)
	}
	measureScan(t, path)
}

func measureImport(t *testing.T, path, corpus string, copies int) {
	s, err := Open(t.Context(), path, Options{Bulk: true})
	if err != nil {
		t.Fatal(err)
	}
	size := 2000
	if n, err := strconv.Atoi(os.Getenv("SATCHEL_BATCH")); err == nil {
		size = n
	}
	var n int
	var prepare, store time.Duration
	docs := make([]*fhir.Document, 0, size)
	flush := func() {
		start := spent()
		b, err := s.Prepare(docs)
		if err != nil {
			t.Fatal(err)
		}
		prepare += busy(start)
		start = spent()
		if _, err := s.ImportBatch(t.Context(), audittest.Who, b); err != nil {
			t.Fatal(err)
		}
		store += busy(start)
		n += len(docs)
		if n%(size*25) == 0 {
			t.Logf("%8d: prepare %.0f/s, store %.0f/s", n, float64(n)/prepare.Seconds(), float64(n)/store.Seconds())
		}
		docs = docs[:0]
	}
	pool := make([]fhir.Document, size)
	for c := range copies {
		corpusLines(t, corpus, func(line []byte) {
			renumber(line, c)
			d := &pool[len(docs)]
			if err := d.Reset(line); err != nil {
				t.Fatal(err)
			}
			if docs = append(docs, d); len(docs) == size {
				flush()
			}
		})
	}
	flush()
	start := spent()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	end := busy(start)
	t.Logf("import: %d resources, prepare %.2fs = %.0f/s, store %.2fs = %.0f/s, close %.2fs, all %.0f/s", n, prepare.Seconds(),
		float64(n)/prepare.Seconds(), store.Seconds(), float64(n)/store.Seconds(), end.Seconds(), float64(n)/(prepare+store+end).Seconds())
}

func measureScan(t *testing.T, path string) {
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, wal := s.Size()
	t.Logf("file %d MB, log %d MB", db>>20, wal>>20)
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var patient string
	run := func(what string, sel Selection) {
		var n, bytes int
		start := spent()
		err := s.Scan(context.Background(), at, sel, func(r Row) error {
			if n++; r.Type == "Patient" && patient == "" {
				patient = r.ID
			}
			bytes += len(r.JSON)
			return nil
		})
		took := busy(start)
		t.Logf("scan %s: %d rows, %.1f MB in %v: %.0f rows/s, %.0f MB/s (%v)", what, n, float64(bytes)/1e6, took.Round(time.Microsecond),
			float64(n)/took.Seconds(), float64(bytes)/1e6/took.Seconds(), err)
	}
	run("all", Selection{})
	run("all", Selection{})
	run("owned", Selection{Owned: true})
	run("patients", Selection{Types: []string{"Patient"}})
	run("one patient", Selection{Patients: []string{patient}})
	run("one patient", Selection{Patients: []string{patient}})
	run("deleted", Selection{Deleted: true})
	run("since", Selection{Since: at.Time})
	start := spent()
	types, err := s.Types(t.Context())
	t.Logf("types: %d in %v (%v)", len(types), busy(start), err)
}

// spent is the processor time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func busy(start time.Duration) time.Duration { return spent() - start }

// corpusLines calls f with each line of each file.
func corpusLines(t *testing.T, folder string, f func(line []byte)) {
	files, _ := filepath.Glob(filepath.Join(folder, "*.ndjson.gz"))
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(make([]byte, 1<<20), 64<<20)
		for lines.Scan() {
			f(lines.Bytes())
		}
		file.Close()
	}
}

// renumber changes every UUID in the line to that of copy c.
func renumber(line []byte, c int) {
	const hex = "0123456789abcdef"
	for i := 8; i+28 <= len(line); i++ {
		if line[i] == '-' && line[i+5] == '-' && line[i+10] == '-' && line[i+15] == '-' {
			for k, n := range []int{c & 15, c >> 4 & 15, c * 7 & 15} {
				at := i - 8 + k*3
				if v := line[at]; v >= '0' && v <= '9' {
					line[at] = hex[(int(v-'0')+n)&15]
				} else if v >= 'a' && v <= 'f' {
					line[at] = hex[(int(v-'a')+10+n)&15]
				}
			}
			i += 27
		}
	}
}
