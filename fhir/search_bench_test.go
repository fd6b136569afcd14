package fhir

import (
	"bufio"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// readNDJSON reads the documents of one gzipped NDJSON file of the folder that SATCHEL_NDJSON names.
func readNDJSON(tb testing.TB, name string) []*Document {
	folder := os.Getenv("SATCHEL_NDJSON")
	if folder == "" {
		tb.Skip("set SATCHEL_NDJSON to a folder of .ndjson.gz files to measure")
	}
	f, err := os.Open(filepath.Join(folder, name+".ndjson.gz"))
	if err != nil {
		return nil
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var all []*Document
	for lines := bufio.NewReaderSize(z, 1<<20); ; {
		line, err := lines.ReadBytes('\n')
		if len(line) > 1 {
			d, err := Parse(line)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, d)
		}
		if err != nil {
			return all
		}
	}
}

func BenchmarkEntriesAndOwners(b *testing.B) {
	for _, typ := range []string{"Observation", "Patient", "Encounter", "Claim", "ExplanationOfBenefit"} {
		b.Run(typ, func(b *testing.B) {
			docs := readNDJSON(b, typ)
			var entries []Entry
			count, i := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				entries = docs[i%len(docs)].Entries(entries[:0])
				docs[i%len(docs)].Owners(Bases{})
				count += len(entries)
				i++
			}
			b.ReportMetric(float64(count)/float64(i), "entries/op")
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, one := range []Param{{"code", "8302-2"}, {"date", "ge2015"}, {"patient", "Patient/1"}, {"value-quantity", "gt100"}, {"code-value-quantity", "8302-2$gt100"}} {
		b.Run(one.Name, func(b *testing.B) {
			docs := readNDJSON(b, "Observation")
			q, _, err := ParseQuery("Observation", []Param{one}, Bases{})
			if err != nil {
				b.Fatal(err)
			}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				q.Match(docs[i%len(docs)])
				i++
			}
		})
	}
}
