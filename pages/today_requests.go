package pages

import (
	"satchel/auth"
	"satchel/requests"
)

// dueMost is how many requests the card names.
const dueMost = 5

// requestsCard shows which requests for records are due, without names: today's page is looked at by many eyes.
func requestsCard(v *Request) (any, bool, error) {
	if v.Requests == nil || !v.May(auth.Action{Verb: auth.VerbRequest}) {
		return nil, false, nil
	}
	l := v.Requests
	counts, err := l.Counts(v.Context())
	if err != nil {
		return nil, false, err
	}
	urgent, _, err := l.Requests(v.Context(), requests.Filter{States: requests.Open()}, requests.Page{Count: dueMost})
	if err != nil {
		return nil, false, err
	}
	came, more, err := l.Requests(v.Context(), requests.Filter{Since: l.Today()}, requests.Page{By: "number", Count: pageOfRequests})
	if err != nil {
		return nil, false, err
	}
	type row struct {
		requests.Request
		Due dueTerm
	}
	var due []row
	for _, r := range urgent {
		if l.Level(r, l.Today()) != requests.LevelCalm {
			due = append(due, row{r, dueOf(l, r)})
		}
	}
	pressing := counts.Levels[requests.LevelOverdue] + counts.Levels[requests.LevelUrgent] + counts.Levels[requests.LevelSoon]
	return map[string]any{"Open": counts.Open, "Due": due, "More": max(0, pressing-len(due)), "Overdue": counts.Levels[requests.LevelOverdue],
		"Came": len(came), "CameMore": more != "", "Ready": counts.States[requests.Ready]}, true, nil
}
