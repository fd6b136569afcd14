package audit

import (
	"fmt"
	"strings"
)

// Verdict is what a walk along the whole chain found.
type Verdict struct {
	Rows    int64 // events that were read
	Head    Anchor
	Anchors int     // so many anchors were put to the test
	Faults  []Fault // in the order in which they were met, at most MaxFaults
	More    int     // faults beyond those
}

// MaxFaults is the most faults that a verdict lists.
const MaxFaults = 1000

// Fault is one place where the log is not as it was written.
type Fault struct {
	From, To int64 // the events by seq, both included; 0 and 0 where no single event is at fault
	Kind     FaultKind
	Text     string // for people
}

// FaultKind says what is wrong.
type FaultKind string

// The kinds of faults.
const (
	Edited    FaultKind = "edited"    // a field, or the hash, was changed
	Removed   FaultKind = "removed"   // events are missing, in the middle or at the end
	Added     FaultKind = "added"     // an event that the log did not write
	Broken    FaultKind = "broken"    // an event does not follow the one before it: one of the two was written anew
	Rewritten FaultKind = "rewritten" // a sound chain, but another one than the anchor knows
	Index     FaultKind = "index"     // the list of patients differs from the events
	Head      FaultKind = "head"      // the note of the last event is wrong or gone
	Guard     FaultKind = "guard"     // a trigger that forbids changes is gone
)

// OK reports that nothing was found.
func (v Verdict) OK() bool { return len(v.Faults) == 0 }

// Add notes a fault; beyond MaxFaults it only counts.
func (v *Verdict) Add(kind FaultKind, from, to int64, format string, args ...any) {
	if len(v.Faults) >= MaxFaults {
		v.More++
		return
	}
	v.Faults = append(v.Faults, Fault{from, to, kind, fmt.Sprintf(format, args...)})
}

// String writes the verdict for people: one line if all is well, and else one more for each fault.
func (v Verdict) String() string {
	var b strings.Builder
	if v.OK() {
		fmt.Fprintf(&b, "the audit log is whole: %d events, %d anchors, head %s", v.Rows, v.Anchors, v.Head)
		return b.String()
	}
	fmt.Fprintf(&b, "the audit log was changed: %d faults in %d events, head %s", len(v.Faults)+v.More, v.Rows, v.Head)
	for _, f := range v.Faults {
		b.WriteString("\n  " + f.String())
	}
	if v.More > 0 {
		fmt.Fprintf(&b, "\n  and %d more", v.More)
	}
	return b.String()
}

// String is one line: "edited 17: …".
func (f Fault) String() string {
	switch {
	case f.From == 0 && f.To == 0:
		return fmt.Sprintf("%s: %s", f.Kind, f.Text)
	case f.From == f.To:
		return fmt.Sprintf("%s %d: %s", f.Kind, f.From, f.Text)
	}
	return fmt.Sprintf("%s %d-%d: %s", f.Kind, f.From, f.To, f.Text)
}
