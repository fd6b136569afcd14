package pages

import (
	"slices"

	"satchel/handover"
	"satchel/requests"
)

// tooLarge reports whether a package cannot become a page that opens itself.
func tooLarge(r requests.Request) bool {
	return slices.ContainsFunc(filesOf(r, requests.FormZip), func(f requests.MadeFile) bool { return f.Bytes > handover.MaxSelfOpening })
}

// prepareDelivery offers the forms that are there to hand over, and the ways.
func (w *stepping) prepareDelivery(fresh bool) {
	r, f := w.Row.Request, w.Form
	for _, o := range optionsOf(requests.Ways()) {
		if o.Value != string(requests.WayApp) { // apps load by themselves
			w.Choices = append(w.Choices, o)
		}
	}
	for _, o := range optionsOf(requests.Forms()) {
		if form := requests.Form(o.Value); form == requests.FormPrint || len(filesOf(r, form)) > 0 && form != requests.FormFolder {
			w.Forms = append(w.Forms, o)
		}
	}
	if w.Step == "reissue" {
		w.Again = w.disclosure()
	}
	if !fresh {
		return
	}
	f.Values.Set("to", r.Requester.Name)
	f.Values.Set("way", "stick")
	f.Values.Set("form", w.Forms[0].Value)
	switch wish := string(r.Wish); {
	case wish == string(requests.WishPrint):
		f.Values.Set("form", wish)
		f.Values.Set("way", "hand")
	case slices.ContainsFunc(w.Forms, func(o option) bool { return o.Value == wish }):
		f.Values.Set("form", wish)
	case slices.ContainsFunc(w.Choices, func(o option) bool { return o.Value == wish }):
		f.Values.Set("way", wish)
	}
}

// asked is a field of the form, or a parameter of the address that leads to it.
func (w *stepping) asked(name string) string {
	if text := w.Form.Get(name); text != "" {
		return text
	}
	text := w.request.URL.Query().Get(name)
	w.Form.Values.Set(name, text)
	return text
}

// disclosure is what is to be given again.
func (w *stepping) disclosure() *requests.Disclosure {
	id := int64(digitsOf(w.asked("disclosure")))
	if i := slices.IndexFunc(w.Given, func(d requests.Disclosure) bool { return d.ID == id && len(d.SHA256) > 0 }); i >= 0 {
		return &w.Given[i]
	}
	return nil
}

// which is the link that is to be ended.
func (w *stepping) which() *linkRow {
	id := w.asked("link")
	if i := slices.IndexFunc(w.Links, func(k linkRow) bool { return k.ID == id }); i >= 0 {
		w.Revoked = &w.Links[i]
	}
	return w.Revoked
}

func (w *stepping) delivery() requests.Delivery {
	f := w.Form
	return requests.Delivery{Way: requests.Way(f.Get("way")), Form: requests.Form(f.Get("form")), To: f.Get("to"), Note: f.Get("note")}
}

func deliverRequest(w *stepping) (requests.Request, error) {
	return w.ledger.Deliver(w.request.Context(), w.request.by(), w.seen(), w.delivery())
}

// reissueRequest gives the same bytes again.
func reissueRequest(w *stepping) (requests.Request, error) {
	d := w.delivery()
	d.Form = "" // that of the first time
	return w.ledger.Reissue(w.request.Context(), w.request.by(), w.seen(), int64(digitsOf(w.Form.Get("disclosure"))), d)
}

func revokeLink(w *stepping) (requests.Request, error) {
	if w.which() == nil {
		return requests.Request{}, nothingHere()
	}
	return w.ledger.Revoke(w.request.Context(), w.request.by(), w.seen(), w.Revoked.ID)
}

// protectRequest makes a copy that opens with a passphrase.
func protectRequest(w *stepping) (requests.Request, error) {
	form := requests.Form(w.Form.Get("form"))
	r, files, passphrase, err := w.ledger.Protect(w.request.Context(), w.request.by(), w.seen(), form)
	if err != nil {
		return r, err
	}
	w.Secret, w.Made = passphrase, string(form)
	for _, f := range files {
		w.NewFiles = append(w.NewFiles, requestFile{f, requestsPath + "/" + r.ID + "/file/" + f.Name})
	}
	return r, nil
}

// linkRequest makes a link for whoever asked.
func linkRequest(w *stepping) (requests.Request, error) {
	wish := requests.LinkWish{Form: requests.Form(w.Form.Get("form"))}
	if days := w.Form.Get("days"); days != "" {
		if wish.Days = digitsOf(days); wish.Days < 1 {
			w.Form.Fail("days", "days.wrong", "most", requests.MaxLinkDays)
			return requests.Request{}, nil
		}
	}
	r, link, err := w.ledger.MakeLink(w.request.Context(), w.request.by(), w.seen(), wish)
	if err != nil {
		return r, err
	}
	w.Secret, w.Made, w.Address = link.Passphrase, string(link.Form), w.request.Base+linkPath+link.Token
	w.Until = lastDay(w.ledger, link.Link)
	return r, nil
}

// showSecret shows a passphrase, once: it is kept nowhere.
func showSecret(w *stepping, r requests.Request) (any, error) {
	w.Row = w.request.rowOf(w.ledger, r)
	return w, nil
}
