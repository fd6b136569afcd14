package pages_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satchel/auth"
	"satchel/handover"
	"satchel/requests"
)

// frontDesk is a practice with a ledger of requests, and a clock that the test moves on.
type frontDesk struct {
	*practice
	ledger *requests.Ledger
	later  atomic.Int64
}

// openDesk opens a practice with a ledger. rosa works on requests, apollo approves them as well, blind reads no patient.
func openDesk(t *testing.T, change func(*requests.Options)) *frontDesk {
	t.Helper()
	d := &frontDesk{}
	d.practice = open(t, func(s *settings) {
		s.Store.Now = func() time.Time { return time.Now().Add(time.Duration(d.later.Load())) }
		o := requests.Options{
			Practice: func() handover.Practice {
				return handover.Practice{Zone: newYork(t), Name: "Elm Street Family Practice", Address: "12 Elm Street\nSpringfield", Phone: "555-0100", Contact: "the front desk"}
			},
			Packager: s.Exports.Packager(), Hash: auth.HashPassphrase, Check: auth.CheckPassphrase,
		}
		if change != nil {
			change(&o)
		}
		d.ledger = requests.New(s.Store, o)
		s.Requests = d.ledger
	})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { d.ledger.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	d.account("rosa", "ACCESS_ADMIN_WEB", "FHIR_ALL_READ", "SATCHEL_RECORD_REQUESTS")
	d.account("apollo", "ACCESS_ADMIN_WEB", "FHIR_ALL_READ", "SATCHEL_RECORD_REQUESTS", "SATCHEL_APPROVE_REQUESTS")
	d.account("blind", "ACCESS_ADMIN_WEB", "SATCHEL_RECORD_REQUESTS")
	return d
}

var versionField = regexp.MustCompile(`name="version" value="(\d+)"`)

// step opens the form of a step, fills it in and sends it, and returns what comes back.
func (v *visitor) step(path, step string, values ...string) reply {
	v.p.t.Helper()
	page := v.want(v.get(path+"/do/"+step), 200)
	m := versionField.FindStringSubmatch(page.body)
	if m == nil {
		v.p.t.Fatalf("%s: no version\n%s", step, page.body)
	}
	return v.post(path+"/do/"+step, append(values, "version", m[1])...)
}

// done is step that must lead to the request's page and say that it was done.
func (v *visitor) done(path, step string, values ...string) reply {
	v.p.t.Helper()
	v.led(v.step(path, step, values...), path+"?done="+step)
	return v.want(v.get(path+"?done="+step), 200, `role="status"`)
}

// record takes a request in and answers its address.
func (v *visitor) record(values ...string) string {
	v.p.t.Helper()
	r := v.want(v.post("/requests/new", v.asking(values...)...), 303)
	return strings.TrimSuffix(r.header.Get("Location"), "?done=record")
}

// asking fills the form of a request in, with these values: name, value, …
func (v *visitor) asking(values ...string) (all []string) {
	given := map[string]string{"channel": "paper", "role": "patient", "scope": "record", "wish": "stick", "name": "Mina Example", "received": today(v.p.t)}
	for i := 0; i+1 < len(values); i += 2 {
		given[values[i]] = values[i+1]
	}
	for name, value := range given {
		all = append(all, name, value)
	}
	return all
}

func today(t testing.TB) string { return time.Now().In(newYork(t)).Format(time.DateOnly) }

// ready waits until the package of a request is made, as somebody without script does.
func (v *visitor) ready(path string) reply {
	v.p.t.Helper()
	return v.want(v.ended(path), 200, "Ready to hand over")
}
