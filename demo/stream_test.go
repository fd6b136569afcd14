package demo

import (
	"bytes"
	"crypto/sha256"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"satchel/fhir"
)

// digest is a hash over everything the stream says.
func digest(o Options) [32]byte {
	h := sha256.New()
	for item := range Items(o) {
		h.Write([]byte(strconv.Itoa(int(item.Op)) + item.Type + "/" + item.ID + item.Note + "\n"))
		h.Write(item.JSON)
	}
	return [32]byte(h.Sum(nil))
}

func anyOptions(t *rapid.T) Options {
	return Options{
		Seed:     rapid.Int64().Draw(t, "seed"),
		Patients: rapid.IntRange(1, 6).Draw(t, "patients"),
		Start:    time.Unix(rapid.Int64Range(0, 2_000_000_000).Draw(t, "start"), 0),
		Lean:     rapid.Bool().Draw(t, "lean"),
	}
}

func TestSameOptionsSameBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := anyOptions(t)
		if first, second := digest(o), digest(o); first != second {
			t.Fatalf("two streams of %+v differ", o)
		}
		other := o
		other.Seed++
		if digest(o) == digest(other) {
			t.Fatal("the seed changes nothing")
		}
	})
}

func TestAnyPracticeIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkSound(t, collect(t, anyOptions(t))) })
}

func TestPatientsDoNotDependOnTheirNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := anyOptions(t)
		big := small
		big.Patients += rapid.IntRange(1, 5).Draw(t, "more")
		few, many := collect(t, small), collect(t, big)
		for key, json := range few.live {
			if key != "Group/"+GroupID && !bytes.Equal(json, many.live[key]) {
				t.Fatalf("%s differs between %d and %d patients", key, small.Patients, big.Patients)
			}
		}
	})
}

func TestStreamStopsWhenAsked(t *testing.T) {
	for _, lean := range []bool{false, true} {
		n := 0
		for range Items(Options{Lean: lean}) {
			if n++; n == 150 {
				break
			}
		}
		if n != 150 {
			t.Errorf("lean %v: %d items, want 150", lean, n)
		}
	}
}

// owned counts the live resources of each patient by subject.
func owned(t *testing.T, p practice) map[string]int {
	n := map[string]int{}
	for _, json := range p.live {
		d, err := fhir.Parse(json)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range d.Owners(fhir.Bases{}) {
			if o.Why == fhir.WhySubject {
				n[o.Patient]++
			}
		}
	}
	return n
}

func TestLeanSizes(t *testing.T) {
	p := collect(t, Options{Lean: true, Patients: 20})
	counts := map[string]int{}
	bytes := 0
	for _, item := range p.items {
		bytes += len(item.JSON)
		id := strings.SplitN(item.ID, "-", 2)[0]
		if item.Type == "Patient" || strings.Contains(item.ID, "-") {
			counts[id]++
		}
	}
	if counts[TypicalPatientID] != TypicalResources {
		t.Errorf("%d resources of the typical patient, want %d", counts[TypicalPatientID], TypicalResources)
	}
	for i := range 20 {
		if n := counts[PatientID(i)]; n != LeanResources {
			t.Errorf("%d resources of %s, want %d", n, PatientID(i), LeanResources)
		}
	}
	if mean := bytes / len(p.items); mean < 1200 || mean > 1300 {
		t.Errorf("mean size %d bytes, want 1200 to 1300", mean)
	}
}

func TestOrdinaryRecordSizes(t *testing.T) {
	p := collect(t, Options{Patients: 40})
	n := owned(t, p)
	for i := range 40 {
		if got := n[PatientID(i)]; got < 60 || got > 130 {
			t.Errorf("%s has %d resources, want 60 to 130", PatientID(i), got)
		}
	}
	var sizes []int
	for _, json := range p.live {
		sizes = append(sizes, len(json))
	}
	sort.Ints(sizes)
	if median := sizes[len(sizes)/2]; median < 800 || median > 1300 {
		t.Errorf("median size %d bytes, want about 1000", median)
	}
}

func BenchmarkLean(b *testing.B) { benchmark(b, true) }

func BenchmarkFull(b *testing.B) { benchmark(b, false) }

func benchmark(b *testing.B, lean bool) {
	b.ReportAllocs()
	n, bytes := 0, 0
	for b.Loop() {
		for item := range Items(Options{Patients: 200, Lean: lean}) {
			n++
			bytes += len(item.JSON)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(float64(bytes)/float64(n), "bytes/resource")
}
