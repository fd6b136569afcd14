package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"satchel/fhir"
)

// Form is what somebody typed into the fields of a page, and what is wrong about it.
type Form struct {
	Values url.Values
	Errors []FieldError
}

// FieldError is what is wrong about a field.
type FieldError struct {
	Field string // name of the field; "": it is about the form as a whole
	Key   string // of the text; "" if Text says it
	Args  []any  // of the text: name, value, …
	Text  string // a sentence of the server
}

// Form reads the fields of a POST. A body that is none is an error.
func (v *Request) Form() (*Form, error) {
	if err := v.ParseForm(); err != nil {
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			return nil, err
		}
		return nil, fhir.Errorf(fhir.CodeInvalid, "the form could not be read; go back and send it again")
	}
	return &Form{Values: v.PostForm}, nil
}

// NewForm is a form that is not filled in, or with these values: name, value, …
func NewForm(values ...string) *Form {
	f := &Form{Values: url.Values{}}
	for i := 0; i+1 < len(values); i += 2 {
		f.Values.Set(values[i], values[i+1])
	}
	return f
}

// Get is what a field holds, without spaces around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// Secret is what a field holds, as it was typed: a password.
func (f *Form) Secret(name string) string { return f.Values.Get(name) }

// Fail says what is wrong about a field, by the key of a text and its parameters.
func (f *Form) Fail(field, key string, args ...any) {
	f.Errors = append(f.Errors, FieldError{Field: field, Key: key, Args: args})
}

// Refuse puts a refusal of the server at a field. It answers any other error, which is not the visitor's to mend.
func (f *Form) Refuse(field string, err error) error {
	e, ok := errors.AsType[*fhir.Error](err)
	if !ok || err == nil {
		return err
	}
	f.Errors = append(f.Errors, FieldError{Field: field, Text: e.Diagnostics})
	return nil
}

// Need says, for each field that is empty, that it is needed.
func (f *Form) Need(names ...string) {
	for _, name := range names {
		if f.Get(name) == "" {
			f.Fail(name, "needed")
		}
	}
}

// Bad reports whether anything is wrong.
func (f *Form) Bad() bool { return f != nil && len(f.Errors) > 0 }

// Of is what is wrong about a field, or nil.
func (f *Form) Of(name string) *FieldError {
	if f != nil {
		for i := range f.Errors {
			if f.Errors[i].Field == name {
				return &f.Errors[i]
			}
		}
	}
	return nil
}

// Invalid answers a page once more, with what is wrong about its form.
func (v *Request) Invalid(page string, data any) error {
	v.Refused()
	return v.RenderStatus(http.StatusUnprocessableEntity, page, data)
}
