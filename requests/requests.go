// Package requests is the ledger of people who ask the practice for records: who asked for what, until when an answer is
// due, who decided what, and what was given to whom.
//
// Nouns:
//
//   - A [Request] is one person's wish for a copy of a record, with its number, its [State] and its history.
//   - A [Step] is one thing that was done with a request; each is a row of its history and an event of the audit log, in
//     the same transaction as the change itself. The table of steps says which leads from which state to which.
//   - A [Day] is a day of the calendar in the practice's time zone. The day of receipt is day 0; weekends and holidays count.
//     With 30 days, a request received on the 1st of March is due on the 31st of March, and overdue from the beginning of
//     the 1st of April.
//   - A disclosure says what was given: which file with which hash, to whom, how, when and by whom. It is never changed.
//   - A [Link] lets somebody without an account load one file with a passphrase that was told on another way.
//   - A [Letter] is what is written to whoever asked: paragraphs in plain words; others make pages of it.
//   - A [Packager] makes the packages that are given. Package engine does; tests have their own.
//
// Who may do what is auth's; the one rule of persons that is kept here is that two persons approve, if the practice wants
// that. Texts that may be health data stay in the database: neither errors nor the audit log hold them.
package requests

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// Options tune a [Ledger]. Zero numbers mean the default.
type Options struct {
	Days          int  // from receipt to the due date; default 30
	ExtensionDays int  // of the one extension; default 30
	WarnSoon      int  // days after receipt from which a request is due soon; default 20
	WarnUrgent    int  // days after receipt from which it is urgent; default 27
	TwoPersons    bool // who approves must not be who recorded or checked

	LinkDays      int // how long a link works; default 14
	LinkTries     int // wrong passphrases that lock a link for good; default 10
	LinkDownloads int // downloads of a link; default 5

	Practice func() handover.Practice // asked each time, as it may change while the server runs; nil: nothing is known of it
	Packager Packager                 // nil: no packages can be made, and what exists cannot be given

	// Hash makes a slow hash of a passphrase, and Check compares one in constant time. Nil: links cannot be made or opened.
	Hash  func(ctx context.Context, passphrase string) (string, error)
	Check func(ctx context.Context, hash, passphrase string) (bool, error)

	Log *slog.Logger // nil: nothing is logged
}

// The defaults of [Options].
const (
	DefaultDays          = 30
	DefaultExtensionDays = 30
	DefaultWarnSoon      = 20
	DefaultWarnUrgent    = 27
	DefaultLinkDays      = 14
	DefaultLinkTries     = 10
	DefaultLinkDownloads = 5
)

// Ledger is the ledger of one store. Several, also in several processes, may work on one store.
type Ledger struct {
	store   *storage.Store
	options Options
	wake    chan struct{}

	mu       sync.Mutex
	starting map[string]bool // ids of requests whose package is being started by this process
}

// New makes the ledger of a store.
func New(store *storage.Store, o Options) *Ledger {
	for _, d := range []struct {
		value *int
		usual int
	}{
		{&o.Days, DefaultDays}, {&o.ExtensionDays, DefaultExtensionDays}, {&o.WarnSoon, DefaultWarnSoon}, {&o.WarnUrgent, DefaultWarnUrgent},
		{&o.LinkDays, DefaultLinkDays}, {&o.LinkTries, DefaultLinkTries}, {&o.LinkDownloads, DefaultLinkDownloads},
	} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	if o.Practice == nil {
		o.Practice = func() handover.Practice { return handover.Practice{} }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Ledger{store: store, options: o, wake: make(chan struct{}, 1), starting: map[string]bool{}}
}

// Today is the day in the practice's time zone.
func (l *Ledger) Today() Day { return DayOf(l.store.Now(), l.Zone()) }

// Zone is the practice's time zone.
func (l *Ledger) Zone() *time.Location { return l.options.Practice().In() }

// TwoPersons reports whether who approves must be somebody else than who recorded and checked.
func (l *Ledger) TwoPersons() bool { return l.options.TwoPersons }

// By says who does something, for history and audit log.
type By struct {
	Who       audit.Who
	From      string // remote address; "" on the machine itself
	RequestID string // of the HTTP request

	link bool // whoever has a link does it
}

// Seen names a request as the caller saw it: a step is refused, as conflict, if another one came in between.
type Seen struct {
	ID      string // or the number
	Version int64  // 0: whatever it is
}

// system is the ledger itself.
func system() By { return By{Who: audit.Who{Kind: audit.System}} }

// check refuses steps that nobody did.
func (b By) check() error {
	if b.Who.Name == "" && b.Who.Kind != audit.System && !b.link {
		return fhir.Errorf(fhir.CodeLogin, "nobody is signed in; sign in, then repeat what you did")
	}
	return nil
}
