package requests_test

import (
	"slices"
	"testing"

	"satchel/fhir"
	"satchel/requests"
)

// every is each step as people take it, with all that it needs.
var every = map[requests.Step]func(f *office, r requests.Request) (requests.Request, error){
	requests.StepVerify: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Verify(background, by("front"), seen(r))
	},
	requests.StepCheck: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Check(background, by("front"), seen(r), "known", "")
	},
	requests.StepAmend: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Amend(background, by("front"), seen(r), func(r *requests.Request) { r.Requester.Phone = "555-0199" })
	},
	requests.StepNote: func(f *office, r requests.Request) (requests.Request, error) {
		return f.AddNote(background, by("front"), seen(r), "called")
	},
	requests.StepExtend: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Extend(background, by("front"), seen(r), "paper charts are elsewhere")
	},
	requests.StepApprove: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Approve(background, by("doctor"), seen(r), requests.Approval{})
	},
	requests.StepDeny: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Deny(background, by("doctor"), seen(r), []requests.Ground{"identity"}, "")
	},
	requests.StepReopen: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Reopen(background, by("doctor"), seen(r), "reviewed")
	},
	requests.StepProduce: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Produce(background, by("front"), seen(r), "")
	},
	requests.StepRemake: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Remake(background, by("front"), seen(r), "the chart was corrected")
	},
	requests.StepProtect: func(f *office, r requests.Request) (requests.Request, error) {
		r, _, _, err := f.Protect(background, by("front"), seen(r), requests.FormAge)
		return r, err
	},
	requests.StepLink: func(f *office, r requests.Request) (requests.Request, error) {
		r, _, err := f.MakeLink(background, by("front"), seen(r), requests.LinkWish{})
		return r, err
	},
	requests.StepDeliver: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Deliver(background, by("front"), seen(r), requests.Delivery{Way: "stick"})
	},
	requests.StepReissue: func(f *office, r requests.Request) (requests.Request, error) {
		given, err := f.Disclosures(background, r.ID)
		if err != nil || len(given) == 0 {
			return r, fhir.Errorf(fhir.CodeConflict, "nothing was given")
		}
		return f.Reissue(background, by("front"), seen(r), given[0].ID, requests.Delivery{Way: "mail"})
	},
	requests.StepClose: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Close(background, by("front"), seen(r), "")
	},
	requests.StepWithdraw: func(f *office, r requests.Request) (requests.Request, error) {
		return f.Withdraw(background, by("front"), seen(r), "")
	},
}

// leads is what each step comes to from each state; what is not here is refused as conflict, and changes nothing.
var leads = map[requests.State]map[requests.Step]requests.State{
	requests.Received:  {"verify": "verifying", "check": "verifying", "amend": "received", "note": "received", "extend": "received", "withdraw": "withdrawn"},
	requests.Verifying: {"check": "verifying", "amend": "verifying", "note": "verifying", "extend": "verifying", "approve": "approved", "deny": "denied", "withdraw": "withdrawn"},
	requests.Approved:  {"amend": "approved", "note": "approved", "extend": "approved", "reopen": "verifying", "produce": "producing", "withdraw": "withdrawn"},
	requests.Denied:    {"note": "denied", "reopen": "verifying", "close": "closed"},
	requests.Producing: {"amend": "producing", "note": "producing", "extend": "producing", "withdraw": "withdrawn"},
	requests.Ready: {"amend": "ready", "note": "ready", "extend": "ready", "remake": "approved", "protect": "ready", "link": "ready", "deliver": "delivered",
		"withdraw": "withdrawn"},
	requests.Delivered: {"note": "delivered", "protect": "delivered", "link": "delivered", "reissue": "delivered", "close": "closed"},
	requests.Closed:    {"note": "closed", "reissue": "closed"},
	requests.Withdrawn: {"note": "withdrawn"},
}

// Every step from every state.
func TestEveryTransition(t *testing.T) {
	t.Parallel()
	cells := 0
	for _, state := range requests.States() {
		f := newOffice(t, nil)
		for step, do := range every {
			cells++
			r := f.at(state)
			before := len(f.events(r.Number))
			after, err := do(f, r)
			want, ok := leads[state][step]
			now := must(t)(f.Request(background, r.ID))
			if ok && (err != nil || after.State != want || now.State != want || now.Version <= r.Version) {
				t.Errorf("%s from %s: %s, %v; want %s", step, state, now.State, err, want)
			}
			if !ok && (code(err) != fhir.CodeConflict || now.State != state || now.Version != r.Version || len(f.events(r.Number)) != before) {
				t.Errorf("%s from %s: %s, %v; want a conflict", step, state, now.State, err)
			}
			if can := requests.Can(state, step); can != ok {
				t.Errorf("%s from %s: can is %v", step, state, can)
			}
			if ok != slices.Contains(requests.Steps(state), step) {
				t.Errorf("%s is not rightly among the steps of %s", step, state)
			}
			if state == requests.Producing { // frees the queue
				f.packs.work(t, "enough")
			}
			if now.State == requests.Producing && state != requests.Producing {
				f.packs.work(t, "enough")
			}
		}
	}
	if cells != 9*16 {
		t.Errorf("%d cells", cells)
	}
}

// The ends are two, and nothing leaves them.
func TestEnds(t *testing.T) {
	t.Parallel()
	for _, s := range requests.States() {
		if s.Ended() != (s == requests.Closed || s == requests.Withdrawn) || s.Ended() && s.IsOpen() {
			t.Errorf("%s", s)
		}
	}
}
