//go:build unix

package faces_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"satchel/internal/testserver"
	"satchel/web"
	"satchel/web/faces"
)

// processor is the processor time that this process has used, which a busy machine changes little.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// pair is one practice with its audit log, and one whose reads are not noted. What a write costs with and without an event is
// measured by storage.BenchmarkPutAudit.
func pair(b *testing.B) [2]*practice {
	var two [2]*practice
	for i := range two {
		var options web.Options
		p := open(b, func(o *web.Options) { options = *o })
		if i == 1 {
			handler, err := faces.NewUnaudited(options)
			if err != nil {
				b.Fatal(err)
			}
			p.url = testserver.Listen(b, handler) + "/fhir"
		}
		two[i] = p
	}
	return two
}

// BenchmarkAuditCost runs the same work with and without the audit log, in turns, and tells how many times as long it
// takes with it: by the clock, and by processor time.
func BenchmarkAuditCost(b *testing.B) {
	bundle := func(p *practice, round int) {
		var entries []string
		for i := range 1000 {
			id := fmt.Sprintf("o%d-%d", round, i)
			entries = append(entries, `{"request":{"method":"PUT","url":"Observation/`+id+`"},"resource":`+observation(id, i)+`}`)
		}
		p.want(p.do("POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`), 200)
	}
	read := func(p *practice, round int) {
		if round == 0 {
			bundle(p, -1)
		}
		for i := range 20 {
			p.want(p.do("GET", fmt.Sprintf("/fhir/Observation?_count=50&code=8867-%d", i%3), ""), 200)
		}
	}
	for _, work := range []struct {
		name string
		do   func(p *practice, round int)
	}{{"page-of-50", read}} {
		b.Run(work.name, func(b *testing.B) {
			two := pair(b)
			for _, p := range two {
				work.do(p, 0)
			}
			var walls, cpus [2][]float64
			for round := 1; b.Loop(); round++ {
				for k := range two {
					i := (k + round) % 2 // who comes first changes
					start, used := time.Now(), processor()
					work.do(two[i], round)
					walls[i], cpus[i] = append(walls[i], time.Since(start).Seconds()), append(cpus[i], (processor()-used).Seconds())
				}
			}
			b.ReportMetric(quarter(walls[0])/quarter(walls[1]), "times-as-long")
			b.ReportMetric(quarter(cpus[0])/quarter(cpus[1]), "times-the-cpu")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// quarter is the first quartile: how long it takes while the machine does little else.
func quarter(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/4]
}

// observation is a resource of ordinary size.
func observation(id string, i int) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":"%s","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
		"code":{"coding":[{"system":"http://loinc.org","code":"8867-%d","display":"Heart rate"}]},"subject":{"reference":"Patient/p%d"},"performer":[{"reference":"Practitioner/d%d"}],
		"effectiveDateTime":"2026-01-%02dT10:00:00Z","valueQuantity":{"value":%d,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}`, id, i%3, i%500, i%5, 1+i%28, 50+i%70)
}
