//go:build unix

package storage

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// processor is the processor time that this process has used, which a busy machine does not change.
func processor() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// putLoop puts n new observations, so many to a transaction, with or without an event for each, and answers how long it
// took by the clock and of the processor.
func putLoop(b *testing.B, s *Store, round, n, each int, audited bool) (wall, cpu time.Duration) {
	b.Helper()
	docs := make([]*fhir.Document, n)
	for i := range docs {
		text := fmt.Sprintf(`{"resourceType":"Observation","id":"o%d-%d","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
			"code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}]},"subject":{"reference":"Patient/p%d"},"performer":[{"reference":"Practitioner/d%d"}],
			"effectiveDateTime":"2026-01-%02dT10:00:00Z","valueQuantity":{"value":%d,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}`, round, i, i%500, i%5, 1+i%28, 50+i%70)
		var err error
		if docs[i], err = fhir.Parse([]byte(text)); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC() // the work of parsing is none of it
	start, used := time.Now(), processor()
	for len(docs) > 0 {
		k := min(each, len(docs))
		err := s.write(context.Background(), func(tx *Tx) error {
			for _, d := range docs[:k] {
				r, _, err := tx.Put(d, "")
				if err != nil {
					return err
				}
				if !audited {
					continue
				}
				err = tx.record(audit.Event{Who: audit.Who{Name: "ann", Kind: audit.User}, From: "192.168.0.17", Action: audit.Update, Status: 201,
					Target: r.Type + "/" + r.ID, Patients: []string{"p1"}, RequestID: "5d7bb5cf0b0f4c0e"})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		docs = docs[k:]
	}
	return time.Since(start), processor() - used
}

// BenchmarkPutAudit compares puts with and without an event, in turns so that a busy machine hits both alike.
func BenchmarkPutAudit(b *testing.B) {
	for _, each := range []int{1, 100} {
		b.Run(fmt.Sprintf("%d-to-a-transaction", each), func(b *testing.B) {
			plain, _ := auditStore(b)
			audited, _ := auditStore(b)
			var wall, cpu [2]time.Duration // without and with events
			const n = 100
			round := 0
			for b.Loop() {
				for i, s := range []*Store{plain, audited} {
					w, c := putLoop(b, s, round, n, each, i == 1)
					wall[i] += w
					cpu[i] += c
				}
				round++
			}
			for i, what := range []string{"put", "put+event"} {
				b.ReportMetric(float64(wall[i].Microseconds())/float64(round*n), "µs/"+what)
				b.ReportMetric(float64(cpu[i].Microseconds())/float64(round*n), "cpu-µs/"+what)
			}
			b.ReportMetric(100*(wall[1].Seconds()/wall[0].Seconds()-1), "%more")
			b.ReportMetric(100*(cpu[1].Seconds()/cpu[0].Seconds()-1), "%more-cpu")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkAudit is the throughput of events that tell of reads.
func BenchmarkAudit(b *testing.B) {
	for _, callers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("%d-callers", callers), func(b *testing.B) {
			s, _ := auditStore(b)
			e := audit.Event{Who: audit.Who{Name: "ann", Kind: audit.User}, From: "192.168.0.17", Action: audit.Read, Status: 200,
				Target: "Observation/o1", Patients: []string{"p1"}, RequestID: "5d7bb5cf0b0f4c0e"}
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if err := s.Audit(context.Background(), e); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkVerifyAudit walks a chain of 100,000 events.
func BenchmarkVerifyAudit(b *testing.B) {
	s, _ := auditStore(b)
	const n = 100_000
	err := s.write(context.Background(), func(tx *Tx) error {
		for i := range n {
			if err := tx.record(someEvent(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if v := mustVerify(b, s); !v.OK() || v.Rows != n {
			b.Fatal(v)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "events/s")
}
