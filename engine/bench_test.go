package engine

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"satchel/engine/bulk"
	"satchel/engine/imports"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// benchText is NDJSON of n observations of about 1.2 kB.
func benchText(n int) string {
	var b strings.Builder
	note := strings.Repeat("made-up text ", 60)
	for i := range n {
		fmt.Fprintf(&b, `{"resourceType":"Observation","id":"o%d","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],`+
			`"code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body Height"}]},"subject":{"reference":"Patient/p%d"},`+
			`"effectiveDateTime":"2020-01-02T03:04:05Z","valueQuantity":{"value":%d.50,"unit":"cm"},"note":[{"text":%q}]}`+"\n", i, i%500, i%100, note)
	}
	return b.String()
}

// benchStore is a store of n observations.
func benchStore(b *testing.B, n int) *storage.Store {
	s, err := storage.Open(b.Context(), filepath.Join(b.TempDir(), "s.db"), storage.Options{Bulk: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	dir := testpractice.Files(b, map[string]string{"o.ndjson": benchText(n)})
	if _, err := (&imports.Import{Store: s}).Run(b.Context(), dir); err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkImport(b *testing.B) {
	const n = 20_000
	dir := testpractice.Files(b, map[string]string{"o.ndjson": benchText(n)})
	for b.Loop() {
		b.StopTimer()
		s, err := storage.Open(b.Context(), filepath.Join(b.TempDir(), "s.db"), storage.Options{Bulk: true})
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if _, err := (&imports.Import{Store: s}).Run(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "resources/s")
}

func BenchmarkExport(b *testing.B) {
	const n = 100_000
	s := benchStore(b, n)
	for _, count := range []int64{1000, 100_000} {
		b.Run(fmt.Sprintf("%d per file", count), func(b *testing.B) {
			e := New(s, nil, Options{FileCount: count})
			for b.Loop() {
				if _, err := e.Bulk.Export(b.Context(), bulk.Request{Level: bulk.LevelSystem}, rootDir(b), nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "resources/s")
		})
	}
}
