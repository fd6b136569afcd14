package requests

import (
	"context"
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/storage"
)

// Level says how urgent a request is.
type Level string

// The levels. Requests that are answered have none.
const (
	LevelNone    Level = ""
	LevelCalm    Level = "calm"
	LevelSoon    Level = "soon"    // from Options.WarnSoon days after receipt on
	LevelUrgent  Level = "urgent"  // from Options.WarnUrgent days after receipt on
	LevelOverdue Level = "overdue" // the due date has passed
)

// Level is how urgent a request is on a day. The warnings stand as far before the due date as the options put them without
// an extension, so that an extended request is warned of again.
func (l *Ledger) Level(r Request, today Day) Level {
	if !r.State.IsOpen() {
		return LevelNone
	}
	return l.level(r.Left(today))
}

func (l *Ledger) level(left int) Level {
	switch {
	case left < 0:
		return LevelOverdue
	case left <= l.options.Days-l.options.WarnUrgent:
		return LevelUrgent
	case left <= l.options.Days-l.options.WarnSoon:
		return LevelSoon
	}
	return LevelCalm
}

// Filter selects requests. The zero value selects all.
type Filter struct {
	States  []State
	Patient string // logical id
	Text    string // each word stands in number, names, birth date, contact or patient id, without regard to case and accents
	DueUpto Day
	Since   Day  // received on that day or later
	Until   Day  // received before that day
	Late    bool // answered after the due date
}

// Page orders and cuts a list.
type Page struct {
	By     string // due (the zero value), number or changed
	Down   bool
	Count  int // 0: 100
	Cursor string
}

// maxWords is the most words of a search that are looked at.
const maxWords = 10

// Requests returns one page of the requests that the filter selects, and the cursor of the next, "" at the end.
func (l *Ledger) Requests(ctx context.Context, f Filter, p Page) ([]Request, string, error) {
	return list(ctx, l.store, f, p)
}

func list(ctx context.Context, store *storage.Store, f Filter, p Page) ([]Request, string, error) {
	words := strings.Fields(fhir.Fold(f.Text))
	rows, cursor, err := store.Requests(ctx, storage.RequestFilter{
		States: codes(f.States), Patient: fhir.BarePatient(f.Patient), Words: words[:min(len(words), maxWords)],
		DueUpto: int(f.DueUpto), Since: int(f.Since), Until: int(f.Until), OnlyLate: f.Late,
	}, storage.RequestPage{By: p.By, Down: p.Down, Count: p.Count, Cursor: p.Cursor})
	if err != nil {
		return nil, "", err
	}
	all := make([]Request, len(rows))
	for i, row := range rows {
		if all[i], err = requestOf(row); err != nil {
			return nil, "", err
		}
	}
	return all, cursor, nil
}

// Request is the request with that id or number; not-found otherwise.
func (l *Ledger) Request(ctx context.Context, id string) (Request, error) {
	row, err := l.store.Request(ctx, id)
	if err != nil {
		return Request{}, err
	}
	return requestOf(row)
}

// Event is one step of a request's history.
type Event = storage.RequestEvent

// History lists the steps of a request, oldest first.
func (l *Ledger) History(ctx context.Context, id string) ([]Event, error) {
	row, err := l.store.Request(ctx, id)
	if err != nil {
		return nil, err
	}
	return l.store.RequestEvents(ctx, row.ID)
}

// Counts is what a board shows at its head.
type Counts struct {
	States map[State]int
	Levels map[Level]int // of open requests
	Open   int
	Late   int // answered after their due date, ever
}

// Counts counts all requests, as of today.
func (l *Ledger) Counts(ctx context.Context) (Counts, error) {
	c := Counts{States: map[State]int{}, Levels: map[Level]int{}}
	rows, err := l.store.RequestCounts(ctx)
	if err != nil {
		return c, err
	}
	today := l.Today()
	for _, row := range rows {
		state := State(row.State)
		c.States[state] += row.N
		if row.Late {
			c.Late += row.N
		}
		if state.IsOpen() {
			c.Open += row.N
			c.Levels[l.level(int(Day(row.Due)-today))] += row.N
		}
	}
	return c, nil
}

// Steps lists the steps that people can take in the state, in the order of the table.
func Steps(s State) []Step {
	var all []Step
	for _, r := range rules {
		if slices.Contains(r.from, s) && !slices.Contains([]Step{StepStarted, StepFail, StepFinish, StepLoad}, r.step) {
			all = append(all, r.step)
		}
	}
	return all
}
