package requests

import (
	"context"
	"errors"
	"strings"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// AppForm is what somebody said on the form of an app's $ehi-export.
type AppForm struct {
	Requester Requester
	Subject   Subject
	LeaveOut  string // what the app shall not get, in words; people at the practice read it
	Note      string
}

// The bounds of what apps ask for.
const (
	// FormTime is how long the form of an app can be sent; a request that nobody stands by ends then.
	FormTime = 7 * 24 * time.Hour
	// appForms is how many forms of one client or account may wait to be sent.
	appForms = 500
)

// AskApp notes, with the event, that an app wants a record: from now on its form can be sent, for FormTime. If the app has
// asked for that record before, and that is still open, it is the same again, fresh is false, and the event is not stored.
func (l *Ledger) AskApp(ctx context.Context, event audit.Event, e storage.EHIExport) (storage.EHIExport, bool, error) {
	var open []string
	for _, s := range Open() {
		open = append(open, string(s))
	}
	return l.store.AddEHIExport(ctx, event, e, FormTime, appForms, open)
}

// AppByForm is the export whose form has this token; not-found if there is none, or its form was not sent in time.
func (l *Ledger) AppByForm(ctx context.Context, token string) (storage.EHIExport, error) {
	e, err := l.store.EHIExportByForm(ctx, token)
	if err == nil && l.AppOver(e) {
		err = noForm()
	}
	return e, err
}

// AppOver reports whether the form of an export was not sent in time.
func (l *Ledger) AppOver(e storage.EHIExport) bool {
	return e.Request == "" && !l.store.Now().Before(e.Until)
}

func noForm() error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no form at this address any more; go back to the app and ask for the record again")
}

// FileApp takes in the request that an app's form leads to. Errors: as of [Ledger.Record]; conflict if the form was sent
// already; not-found if its time is over.
func (l *Ledger) FileApp(ctx context.Context, by By, e storage.EHIExport, f AppForm) (Request, error) {
	in := Intake{Patient: e.Patient, Note: f.Note, Details: Details{
		Channel: ChannelApp, Requester: f.Requester, Subject: f.Subject, Scope: ScopeRecord, Asked: e.Part, Wish: WishApp,
		App: &App{Account: e.Owner, URL: e.URL, Form: l.store.Now().UTC()},
	}}
	if f.LeaveOut != "" {
		in.Asked = strings.TrimPrefix(in.Asked+"; without: "+f.LeaveOut, "; ")
	}
	if in.Asked != "" {
		in.Scope = ScopeNarrowed
	}
	in.Then = func(tx *storage.Tx, id string) error {
		filed, err := tx.FileEHIExport(e.ID, id)
		if err != nil || filed {
			return err
		}
		return errNotFiled
	}
	r, err := l.Record(ctx, by, in)
	if errors.Is(err, errNotFiled) {
		return Request{}, l.notFiled(ctx, e.ID)
	}
	return r, err
}

var errNotFiled = errors.New("the form cannot be sent any more")

// notFiled says why a form could not be filed.
func (l *Ledger) notFiled(ctx context.Context, id string) error {
	e, err := l.store.EHIExport(ctx, id)
	if err == nil && e.Request != "" {
		return fhir.Errorf(fhir.CodeConflict, "the form was sent already; the practice has it")
	}
	if err == nil || missing(err) {
		return noForm()
	}
	return err
}

// startApps starts the packages of the requests of apps that were approved: nobody at the practice has to. What keeps
// failing, or was made before and is gone, waits for somebody who looks at it.
func (l *Ledger) startApps(ctx context.Context) error {
	var failed error
	f := storage.RequestFilter{States: []string{string(Approved)}}
	for cursor := ""; ; {
		page, next, err := l.store.Requests(ctx, f, storage.RequestPage{By: "number", Cursor: cursor, Count: 200})
		if err != nil {
			return errors.Join(failed, err)
		}
		for _, row := range page {
			r, err := requestOf(row)
			if err == nil && l.startsItself(r) {
				err = l.startApp(ctx, r)
			}
			failed = errors.Join(failed, err)
		}
		if cursor = next; next == "" {
			return failed
		}
	}
}

// appTries is how often the package of an app's request is started without anybody.
const appTries = 5

// startsItself reports whether it is time to start the package of an approved request.
func (l *Ledger) startsItself(r Request) bool {
	if r.App == nil || r.Package != nil || r.Failures >= appTries || l.held(r.ID) {
		return false
	}
	return r.Failures == 0 || l.store.Now().Sub(r.Changed) >= time.Duration(r.Failures)*time.Minute
}

// startApp starts one, in the name of who approved it.
func (l *Ledger) startApp(ctx context.Context, r Request) error {
	d, _ := r.Decided()
	_, err := l.Produce(ctx, By{Who: audit.Who{Name: d.By, Kind: audit.User}}, Seen{r.ID, r.Version}, r.App.URL)
	if known, ok := errors.AsType[*fhir.Error](err); ok && known.Code != fhir.CodeException {
		return nil // another one was first, or it is noted at the request why not
	}
	return err
}

// Practice is what is said about the practice to whoever asks.
func (l *Ledger) Practice() handover.Practice { return l.options.Practice() }
