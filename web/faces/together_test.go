package faces_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestOneOfManyCreates sends the same conditional create fifty times at once: one creates, the others find.
func TestOneOfManyCreates(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	const body = `{"resourceType":"Patient","identifier":[{"system":"urn:mrn","value":"7"}]}`
	var created, found atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			switch r := p.do("POST", "/fhir/Patient", body, "If-None-Exist: identifier=urn:mrn|7"); r.status {
			case http.StatusCreated:
				created.Add(1)
			case http.StatusOK:
				found.Add(1)
			default:
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	all.Wait()
	if created.Load() != 1 || found.Load() != 49 {
		t.Errorf("%d created, %d found", created.Load(), found.Load())
	}
	p.want(p.do("GET", "/fhir/Patient?_summary=count", ""), 200, `"total":1`)
}

// TestNoLostEdit lets many clients change one resource with If-Match: each success is a version, none is lost.
func TestNoLostEdit(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.want(p.do("PUT", "/fhir/Patient/p", `{"resourceType":"Patient","id":"p","multipleBirthInteger":0}`), 201)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for done := 0; done < 5; {
				now := p.do("GET", "/fhir/Patient/p", "")
				var n int
				fmt.Sscan(pick(now.body, "multipleBirthInteger"), &n)
				r := p.do("PUT", "/fhir/Patient/p", fmt.Sprintf(`{"resourceType":"Patient","id":"p","multipleBirthInteger":%d}`, n+1), "If-Match: "+now.header.Get("ETag"))
				switch r.status {
				case 200:
					done++
				case 412:
				default:
					t.Errorf("%d %s", r.status, r.body)
					return
				}
			}
		})
	}
	all.Wait()
	p.want(p.do("GET", "/fhir/Patient/p", ""), 200, `"multipleBirthInteger":40`, `"versionId":"41"`)
}

// TestPagesAreComplete pages through searches while others write: what was there at the start and stays is seen once.
func TestPagesAreComplete(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	const n = 60
	for i := range n {
		p.want(p.do("PUT", fmt.Sprintf("/fhir/Patient/p%d", i), fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","gender":"female"}`, i)), 201)
	}
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				p.do("POST", "/fhir/Patient", `{"resourceType":"Patient","gender":"female"}`)
				p.do("DELETE", fmt.Sprintf("/fhir/Patient/gone%d", i), "")
				p.do("PUT", "/fhir/Patient/p7", fmt.Sprintf(`{"resourceType":"Patient","id":"p7","gender":"female","multipleBirthInteger":%d}`, i))
			}
		}
	})
	defer func() { close(stop); writer.Wait() }()
	for _, query := range []string{"gender=female&_count=7", "_count=1", "gender=female&_sort=_id&_count=11", "gender=female&_sort=_lastUpdated&_count=13"} {
		seen := map[string]int{}
		pages := 0
		for next := "/fhir/Patient?" + query; next != ""; pages++ {
			r := p.want(p.do("GET", next, ""), 200)
			for i := 0; ; i++ {
				id := pick(r.body, fmt.Sprintf("entry.%d.resource.id", i))
				if id == "" {
					break
				}
				seen[id]++
			}
			next = ""
			if pick(r.body, "link.1.relation") == "next" {
				next = pick(r.body, "link.1.url")
			}
			if pages > 400 {
				break // the writer adds pages as fast as we read them
			}
		}
		for i := range n {
			id := fmt.Sprintf("p%d", i)
			if id == "p7" && strings.Contains(query, "_lastUpdated") {
				continue // it moves in this order while we read
			}
			if seen[id] != 1 {
				t.Errorf("%s: %s seen %d times", query, id, seen[id])
			}
		}
	}
}

// TestTransactionsAreWhole reads while transactions write pairs: never a half one.
func TestTransactionsAreWhole(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	pair := func(i int) string {
		return fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[
			{"request":{"method":"PUT","url":"Patient/a%[1]d"},"resource":{"resourceType":"Patient","id":"a%[1]d","gender":"male"}},
			{"request":{"method":"PUT","url":"Patient/b%[1]d"},"resource":{"resourceType":"Patient","id":"b%[1]d","gender":"male"}}]}`, i)
	}
	var all sync.WaitGroup
	for w := range 3 {
		all.Go(func() {
			for i := range 10 {
				if r := p.do("POST", "/fhir", pair(w*100+i)); r.status != 200 {
					t.Errorf("%d %s", r.status, r.body)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for {
		r := p.want(p.do("GET", "/fhir/Patient?gender=male&_summary=count", ""), 200)
		var n int
		fmt.Sscan(pick(r.body, "total"), &n)
		if n%2 != 0 {
			t.Fatalf("%d resources: half a transaction is seen", n)
		}
		select {
		case <-done:
			p.want(p.do("GET", "/fhir/Patient?_summary=count", ""), 200, `"total":60`)
			return
		case <-time.After(time.Millisecond):
		}
	}
}
