package audit

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The bytes of the chain must never change: logs that were written stay true. The value was made by another program,
// from the description alone.
func TestSumIsFixed(t *testing.T) {
	const want = "397188346e76c30548dcea4f47d5d8bf46a6bbbe7c75cf7573e7024586955b09"
	if got := fmt.Sprintf("%x", Sum([32]byte{1, 2, 3}, event(Read))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Two different events, or two predecessors, have different sums; the event's own hash plays no part.
func TestSumCoversEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyEvent().Draw(t, "a"), anyEvent().Draw(t, "b")
		p := rapid.SampledFrom([][32]byte{{}, {1}}).Draw(t, "prev")
		same := fmt.Sprintf("%q", fmt.Sprintf("%#v", a)) == fmt.Sprintf("%q", fmt.Sprintf("%#v", b)) && p == [32]byte{}
		if (Sum([32]byte{}, a) == Sum(p, b)) != same {
			t.Fatal("the sum does not tell them apart")
		}
		c := a
		c.Hash = "x"
		if Sum(p, a) != Sum(p, c) {
			t.Fatal("the hash is in the sum")
		}
	})
	// Fields next to each other keep their borders.
	base := event(Read)
	for _, change := range []func(e *Event){
		func(e *Event) { e.Seq++ }, func(e *Event) { e.Time = e.Time.Add(1e6) }, func(e *Event) { e.Who = Who{"annu", "ser"} },
		func(e *Event) { e.From, e.Action = "10.0.0.1r", "ead" }, func(e *Event) { e.Target, e.Outcome = "Patient/p1s", "uccess" },
		func(e *Event) { e.Status++ }, func(e *Event) { e.Patients = []string{"p1p2"} }, func(e *Event) { e.Patients = nil },
		func(e *Event) { e.More++ }, func(e *Event) { e.Detail, e.RequestID = "count=2r", "1" },
	} {
		e := base
		change(&e)
		if Sum([32]byte{}, e) == Sum([32]byte{}, base) {
			t.Errorf("not covered: %+v", e)
		}
	}
}

func TestAnchorText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent().Draw(t, "event")
		want := Anchor{e.Seq, Sum([32]byte{}, e), e.Time}
		if got, err := ParseAnchor(want.String() + "\n"); err != nil || got != want {
			t.Fatalf("%v, %v, want %v", got, err, want)
		}
	})
	good := Anchor{17, [32]byte{1}, someTime}.String()
	for _, bad := range []string{
		"", "x", good + "0", good[:len(good)-1], good + " x", strings.Replace(good, " 17 ", " -1 ", 1), strings.Replace(good, "01", "zz", 1), good[:len(good)-2],
		strings.Replace(good, "2026", "20x6", 1),
	} {
		if a, err := ParseAnchor(bad); err == nil {
			t.Errorf("%q: %v", bad, a)
		}
	}
}
