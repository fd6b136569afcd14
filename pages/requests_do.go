package pages

import (
	"strings"

	"satchel/fhir"
	"satchel/handover"
	"satchel/requests"
)

// choosePatient links the request to a patient of the practice.
func choosePatient(w *stepping) (requests.Request, error) {
	id := w.Form.Get("patient-id")
	if !fhir.IsID(id) {
		w.Form.Fail("patient-id", "choose")
		return requests.Request{}, nil
	}
	if err := w.request.Decide(readPatient(id)); err != nil {
		return requests.Request{}, err
	}
	var linked []string // the approver chooses; what was chosen for another patient is over
	if id == w.Row.Patient {
		linked = w.Row.Linked
	}
	return w.ledger.Amend(w.request.Context(), w.request.by(), w.seen(), func(r *requests.Request) { r.Patient, r.Linked = id, linked })
}

func checkIdentity(w *stepping) (requests.Request, error) {
	if w.Form.Need("how"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Check(w.request.Context(), w.request.by(), w.seen(), requests.Proof(w.Form.Get("how")), w.Form.Get("note"))
}

// approveRequest allows the copy, but for what is named to be left out.
func approveRequest(w *stepping) (requests.Request, error) {
	f := w.Form
	a := requests.Approval{Note: f.Get("note")}
	if err := w.includeLinked(&a); err != nil || f.Bad() {
		return requests.Request{}, err
	}
	for _, key := range strings.FieldsFunc(f.Get("without"), func(c rune) bool { return c <= ' ' || c == ',' || c == ';' }) {
		a.Withhold = append(a.Withhold, handover.Withhold{Resource: key, Reason: f.Get("reason"), Authority: f.Get("authority")})
	}
	if len(a.Withhold) > 0 {
		if f.Need("reason"); f.Bad() {
			return requests.Request{}, nil
		}
		q := handover.Order{Patient: w.Row.Patient, Population: w.Row.Patient == "", Withhold: a.Withhold}
		if err := q.Check(); err != nil {
			return requests.Request{}, f.Refuse("without", err)
		}
	}
	return w.ledger.Approve(w.request.Context(), w.request.by(), w.seen(), a)
}

// includeLinked adds the linked records that the form includes. Whoever approves must have the right to each.
func (w *stepping) includeLinked(a *requests.Approval) error {
	if err := w.prepareLinked(); err != nil {
		return err
	}
	var ok bool
	if a.Linked, a.Confirmed, ok = w.Linked.take(w.Form); !ok {
		w.Form.Fail("linked", "linked:unconfirmed")
	}
	return w.request.Exports.MayInclude(w.request.Who, a.Linked...)
}

func denyRequest(w *stepping) (requests.Request, error) {
	var why []requests.Ground
	for _, g := range w.Form.Values["ground"] {
		why = append(why, requests.Ground(g))
	}
	return w.ledger.Deny(w.request.Context(), w.request.by(), w.seen(), why, w.Form.Get("text"))
}

func extendRequest(w *stepping) (requests.Request, error) {
	if w.Form.Need("reason"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Extend(w.request.Context(), w.request.by(), w.seen(), w.Form.Get("reason"))
}

func produceRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Produce(w.request.Context(), w.request.by(), w.seen(), w.request.Base+requestsPath+"/"+w.Row.ID)
}

func verifyRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Verify(w.request.Context(), w.request.by(), w.seen())
}

func closeRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Close(w.request.Context(), w.request.by(), w.seen(), w.Form.Get("note"))
}

func noteRequest(w *stepping) (requests.Request, error) {
	if w.Form.Need("note"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.AddNote(w.request.Context(), w.request.by(), w.seen(), w.Form.Get("note"))
}

func remakeRequest(w *stepping) (requests.Request, error) {
	if w.Form.Need("reason"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Remake(w.request.Context(), w.request.by(), w.seen(), w.Form.Get("reason"))
}

func reopenRequest(w *stepping) (requests.Request, error) {
	if w.Form.Need("reason"); w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Reopen(w.request.Context(), w.request.by(), w.seen(), w.Form.Get("reason"))
}

func withdrawRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Withdraw(w.request.Context(), w.request.by(), w.seen(), w.Form.Get("note"))
}

// amendRequest corrects what was written down. Whose record it is has a step of its own.
func amendRequest(w *stepping) (requests.Request, error) {
	w.Form.Values.Set("received", w.Row.Received.String()) // the day of receipt does not change
	w.Form.Values.Set("patient-id", w.Row.Patient)
	in := w.request.intake(w.Form)
	if w.Row.App != nil {
		in.Channel, in.Wish = w.Row.Channel, w.Row.Wish
	}
	if w.Form.Bad() {
		return requests.Request{}, nil
	}
	return w.ledger.Amend(w.request.Context(), w.request.by(), w.seen(), func(r *requests.Request) {
		r.Patient, r.Channel, r.Requester, r.Subject, r.Scope, r.Asked, r.Purpose, r.Wish =
			in.Patient, in.Channel, in.Requester, in.Subject, in.Scope, in.Asked, in.Purpose, in.Wish
	})
}

// fillIntake fills the form in with what was written down.
func (w *stepping) fillIntake() {
	r := w.Row.Request
	q, s := r.Requester, r.Subject
	for name, value := range map[string]string{
		"channel": string(r.Channel), "scope": string(r.Scope), "wish": string(r.Wish), "asked": r.Asked, "purpose": r.Purpose, "received": r.Received.String(),
		"name": q.Name, "role": string(q.Role), "organization": q.Organization, "authority": q.Authority, "phone": q.Phone, "email": q.Email, "address": q.Address,
		"patient": s.Name, "born": s.BirthDate, "number": s.Number, "patient-id": r.Patient,
	} {
		w.Form.Values.Set(name, value)
	}
}
