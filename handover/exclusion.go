package handover

import (
	"cmp"
	"fmt"
	"slices"
)

// Part is what of a resource an exclusion is about.
type Part string

// Parts.
const (
	PartCurrent Part = "current" // the current version
	PartEarlier Part = "earlier" // an earlier version
	PartDeleted Part = "deleted" // a deletion
)

// Exclusion is something in scope that was left out on purpose.
type Exclusion struct {
	Type      string  `json:"type" doc:"Resource type."`
	ID        string  `json:"id,omitempty" doc:"Id of the resource; absent where many are summed up, or where the id itself would tell too much."`
	Part      Part    `json:"part" enum:"current,earlier,deleted" doc:"Which version: the current one, an earlier one, a deletion."`
	Count     int64   `json:"count" doc:"How many versions this entry stands for."`
	Reason    string  `json:"reason" doc:"Short code of the reason, such as other-individual or psychotherapy-notes."`
	Authority string  `json:"authority,omitempty" doc:"Rule that allows or demands it, such as 45 CFR 164.501."`
	Statutory bool    `json:"statutory" doc:"The law puts it outside of the record; it does not make the package less than complete."`
	DecidedBy string  `json:"decidedBy,omitempty" doc:"Account that decided; absent where a rule did."`
	At        Instant `json:"at" doc:"When."`
}

// ExclusionSummary counts the exclusions that have type, part, reason, authority and class in common.
type ExclusionSummary struct {
	Type      string `json:"type" doc:"Resource type."`
	Part      Part   `json:"part" enum:"current,earlier,deleted" doc:"Which versions."`
	Count     int64  `json:"count" doc:"How many."`
	Reason    string `json:"reason" doc:"Short code of the reason."`
	Authority string `json:"authority,omitempty" doc:"Rule that allows or demands it."`
	Statutory bool   `json:"statutory" doc:"The law puts it outside of the record."`
}

// Exclusions is data/report/exclusions.json.
type Exclusions struct {
	Exclusions []Exclusion `json:"exclusions" doc:"Each thing that was left out on purpose."`
}

// Exclude states that something in scope was left out, before [Writer.Reconcile]. Count 0 means 1, no Part means the
// current version, no At the transaction time.
func (w *Writer) Exclude(e Exclusion) error {
	if e.Type == "" || e.Reason == "" {
		return fmt.Errorf("exclusion of %q for %q: name both a type and a reason", e.Type, e.Reason)
	}
	if e.Count == 0 {
		e.Count = 1
	}
	if e.Part == "" {
		e.Part = PartCurrent
	}
	if e.At.IsZero() {
		e.At = w.head.TransactionTime
	}
	w.exclusions = append(w.exclusions, e)
	return nil
}

// summarize sums exclusions up, in a fixed order.
func summarize(list []Exclusion) []ExclusionSummary {
	sums := map[ExclusionSummary]int64{}
	for _, e := range list {
		sums[ExclusionSummary{Type: e.Type, Part: e.Part, Reason: e.Reason, Authority: e.Authority, Statutory: e.Statutory}] += e.Count
	}
	out := []ExclusionSummary{}
	for key, n := range sums {
		key.Count = n
		out = append(out, key)
	}
	slices.SortFunc(out, func(a, b ExclusionSummary) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Authority, b.Authority), cmp.Compare(fmt.Sprint(a.Statutory), fmt.Sprint(b.Statutory)))
	})
	return out
}
