package requests_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/requests"
)

// Whatever staff do in whatever order, with time passing, jobs ending, restarts and links between: history and audit log have
// an event for each version; states follow the table; who approved had no hand in it; the due date moves once at most; nothing
// is given that was not approved; the ends stay.
func TestInvariants(t *testing.T) {
	t.Parallel()
	if raceDetector {
		t.Skip("long, and without concurrency")
	}
	var names []requests.Step
	for step := range every {
		names = append(names, step)
	}
	slices.Sort(names)
	accounts := []string{"front", "doctor", "nurse", "FRONT"}
	rapid.Check(t, func(rt *rapid.T) {
		f := newOffice(t, func(o *requests.Options) { o.TwoPersons = true })
		defer f.store.Close()
		r := must(t)(f.Record(background, by(rapid.SampledFrom(accounts).Draw(rt, "recorder")), wanted()))
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			before := must(t)(f.Request(background, r.ID))
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				f.days(rapid.IntRange(1, 12).Draw(rt, "days"))
			case 1:
				if before.State == requests.Producing {
					f.packs.work(t, rapid.SampledFrom([]string{"", "", "disk full"}).Draw(rt, "end"))
				}
				f.Ledger = requests.New(f.store, f.o)
				f.advance()
			case 2: // whoever approves need not be the doctor
				_, _ = f.Approve(background, by(rapid.SampledFrom(accounts).Draw(rt, "approver")), seen(before), requests.Approval{})
			default:
				step := rapid.SampledFrom(names).Draw(rt, "step")
				after, err := every[step](f, before)
				if (err == nil) != (after.Version > before.Version) {
					rt.Fatalf("%s: version %d after %d, %v", step, after.Version, before.Version, err)
				}
			}
			f.holds(rt, before, must(t)(f.Request(background, r.ID)))
		}
	})
}

// holds checks a request after something was done with it.
func (f *office) holds(rt *rapid.T, before, r requests.Request) {
	if before.State.Ended() && (r.State != before.State || r.Due != before.Due || len(r.Decisions) != len(before.Decisions)) {
		rt.Fatalf("%s became %s", before.State, r.State)
	}
	history, err := f.History(background, r.ID)
	if err != nil || int64(len(history)) != r.Version || len(f.events(r.Number)) != len(history) {
		rt.Fatalf("version %d, %d steps, %d events, %v", r.Version, len(history), len(f.events(r.Number)), err)
	}
	extended, approved := 0, false
	for i, e := range history {
		if i > 0 && (e.Before != history[i-1].After || !follows(requests.State(e.Before), requests.Step(e.Step), requests.State(e.After))) {
			rt.Fatalf("step %d: %s from %s to %s", i, e.Step, e.Before, e.After)
		}
		switch requests.Step(e.Step) {
		case requests.StepExtend:
			extended++
		case requests.StepApprove:
			approved = true
			for _, h := range history[:i] {
				hand := slices.Contains([]string{"record", "check"}, h.Step)
				if hand && strings.EqualFold(h.Who.Name, e.Who.Name) {
					rt.Fatalf("%s approved what %s had a hand in", e.Who.Name, h.Who.Name)
				}
			}
		}
	}
	if extended > 1 || r.Due != r.Received+requests.Day(30*(1+extended)) {
		rt.Fatalf("extended %d times, received %s, due %s", extended, r.Received, r.Due)
	}
	given, err := f.Disclosures(background, r.ID)
	if err != nil || len(given) > 0 && !approved {
		rt.Fatalf("given without approval, %v", err)
	}
	if r.State.IsOpen() != (r.Answered == 0) || r.Late && r.Answered <= r.Due {
		rt.Fatalf("%s, answered %s, due %s, late %v", r.State, r.Answered, r.Due, r.Late)
	}
}

// follows asks the table of this test, not of the program.
func follows(from requests.State, step requests.Step, to requests.State) bool {
	inner := map[requests.Step][2]requests.State{
		"started": {"producing", "producing"}, "fail": {"producing", "approved"}, "finish": {"producing", "ready"}, "remake": {"ready", "approved"},
	}
	if way, ok := inner[step]; ok {
		return way == [2]requests.State{from, to}
	}
	want, ok := leads[from][step]
	if step == requests.StepProduce {
		want = requests.Producing
	}
	return ok && want == to
}
