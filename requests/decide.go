package requests

import (
	"context"
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/handover"
)

// Approval is what an approver decides beside the yes.
type Approval struct {
	Linked    []string            // ids of the linked Patients whose records are included; all others are left out
	Confirmed []string            // those of them that differ from the patient, and are the same person all the same
	Withhold  []handover.Withhold // what is left out, each with its reason
	Note      string
}

// Approve allows the copy to be made. It is refused, as conflict, before the identity was checked and the patient
// identified; and, as forbidden, if the practice wants two persons and the account recorded, checked or amended the request
// itself (names of accounts do not differ by case).
func (l *Ledger) Approve(ctx context.Context, by By, seen Seen, a Approval) (Request, error) {
	return l.change(ctx, by, seen, StepApprove, a.Note, func(c *change) error {
		switch {
		case c.Request.Check == nil:
			return fhir.Errorf(fhir.CodeConflict, "request %s cannot be approved before it is noted how identity was checked", c.Number)
		case c.Scope != ScopePopulation && c.Patient == "":
			return fhir.Errorf(fhir.CodeConflict, "request %s cannot be approved before the patient is chosen from the list", c.Number)
		case l.options.TwoPersons && slices.ContainsFunc(c.Hands, func(h string) bool { return strings.EqualFold(h, by.Who.Name) }):
			return fhir.Errorf(fhir.CodeForbidden, "request %s was recorded or checked by %q; let somebody else approve it, as this practice wants two persons", c.Number, by.Who.Name)
		}
		for _, w := range a.Withhold {
			if err := checkTexts(w.Resource, w.System, w.Code, w.Reason, w.Authority); err != nil {
				return err
			}
		}
		c.Linked, c.Confirmed, c.Withhold = a.Linked, a.Confirmed, a.Withhold
		if err := l.checkOrder(ctx, c.order()); err != nil { // rather now than when the package is to be made
			return err
		}
		c.Decisions = append(c.Decisions, Decision{Kind: StepApprove, By: by.Who.Name, At: c.now, Text: c.note})
		return nil
	})
}

// checkOrder refuses what cannot become a package.
func (l *Ledger) checkOrder(ctx context.Context, order handover.Order) error {
	if p := l.options.Packager; p != nil {
		return p.Check(ctx, order)
	}
	return order.Check()
}

// Deny refuses the copy, on at least one ground. The text says more in plain words for the letter; it is required where a
// ground is "other". That the letter tells of review and complaint is the letter's part.
func (l *Ledger) Deny(ctx context.Context, by By, seen Seen, why []Ground, text string) (Request, error) {
	if len(why) == 0 {
		return Request{}, fhir.Errorf(fhir.CodeRequired, "a denial needs at least one ground from the list")
	}
	for _, g := range why {
		if err := g.check("the ground"); err != nil {
			return Request{}, err
		}
		if g == GroundOther {
			if err := needs(text, "for another reason write the reason, which the letter tells"); err != nil {
				return Request{}, err
			}
		}
	}
	return l.change(ctx, by, seen, StepDeny, text, func(c *change) error {
		c.Decisions = append(c.Decisions, Decision{Kind: StepDeny, By: by.Who.Name, At: c.now, Grounds: slices.Clone(why), Text: c.note})
		c.event.Detail = "grounds " + strings.Join(codes(why), " ")
		c.answered()
		return nil
	})
}

// Reopen takes a decision back, such as after a review of a denial. The due date stays as it was.
func (l *Ledger) Reopen(ctx context.Context, by By, seen Seen, reason string) (Request, error) {
	if err := needs(reason, "say why the decision is taken back"); err != nil {
		return Request{}, err
	}
	return l.change(ctx, by, seen, StepReopen, reason, func(c *change) error {
		c.Decisions = append(c.Decisions, Decision{Kind: StepReopen, By: by.Who.Name, At: c.now, Text: c.note})
		c.Answered, c.Late = 0, false
		return nil
	})
}

// Close ends a request that was answered.
func (l *Ledger) Close(ctx context.Context, by By, seen Seen, note string) (Request, error) {
	return l.change(ctx, by, seen, StepClose, note, nil)
}
