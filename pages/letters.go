package pages

import (
	"slices"

	"satchel/audit"
	"satchel/auth"
	"satchel/requests"
)

// letterRoutes are the letters about requests, to print.
func letterRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "requests/{id}/letters/{kind}", Kind: Staff, Action: audit.RequestRead, Needs: needs(auth.VerbRequest), Summary: "A letter about a request, to print", Run: showLetter},
	}
}

// letterPage is the data of a letter.
type letterPage struct {
	requests.Letter
	Path string // of the request
}

// showLetter answers a letter to print. What there is nothing to tell of yet is a conflict.
func showLetter(v *Request) error {
	l, r, err := v.request()
	if err != nil {
		return err
	}
	kind := requests.LetterKind(v.Value("kind"))
	if !slices.Contains(requests.LetterKinds(), kind) {
		return nothingHere()
	}
	letter, err := l.Letter(v.Context(), r.ID, kind)
	if err != nil {
		return err
	}
	v.Detail("letter, %s", letter.Kind)
	return v.Render("letters", letterPage{letter, requestsPath + "/" + r.ID})
}
