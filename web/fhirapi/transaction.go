package fhirapi

import (
	"errors"
	"net/http"
	"strings"

	"satchel/web"

	"satchel/fhir"
	"satchel/storage"
)

// transaction is one Bundle under way. All of it happens, or nothing.
type transaction struct {
	c       *web.Call
	tx      *storage.Tx
	steps   []*step
	links   fhir.Links       // fullUrl, or conditional reference once it is resolved → "Type/id"
	targets map[string]*step // by key: two writes to one resource are refused
	answer  *answerBundle
}

// runTransaction runs the entries in R4's order: DELETE, POST, PUT, GET. Conditional references are resolved after the
// other writes, so that they find what the same Bundle brings.
func runTransaction(c *web.Call, d *fhir.Document, entries []fhir.BundleEntry) (*answerBundle, error) {
	if wrong := web.Findings(d); len(wrong) > 0 {
		return nil, &web.Problem{Status: http.StatusUnprocessableEntity, Issues: wrong}
	}
	t := &transaction{c: c, targets: map[string]*step{}, answer: newBundle("transaction-response")}
	for _, e := range inOrder(entries) {
		s := &step{BundleEntry: e}
		if err := s.read(c.Base); err != nil {
			return nil, s.at(err)
		}
		t.steps = append(t.steps, s)
	}
	t.answer.Entry = make([]bundleEntry, len(entries))
	err := c.Answer.Trail.Write(c.Context(), c.Server.Store, http.StatusOK, func(tx *storage.Tx) error {
		t.tx = tx
		for _, phase := range []func() error{t.deletions, t.identities, t.writes, t.reads} {
			if err := phase(); err != nil {
				return err
			}
		}
		return nil
	})
	return t.answer, err
}

// deletions runs the DELETE entries.
func (t *transaction) deletions() error {
	return t.each(http.MethodDelete, func(s *step) error {
		if s.id == "" {
			found, err := onlyMatch(t.c, t.tx, s.typ, s.criteria)
			if err != nil {
				return err
			}
			if s.id = found.ID; s.id == "" {
				return t.finish(s, effect{})
			}
		}
		if err := t.claim(s); err != nil {
			return err
		}
		e, err := erase(t.c, t.tx, s.typ, s.id, condition{match: s.IfMatch})
		if err != nil {
			return err
		}
		return t.finish(s, e)
	})
}

// identities gives every POST and PUT its id, and every fullUrl its resource, before anything refers to them.
func (t *transaction) identities() error {
	conditions := map[string]bool{}
	err := t.each(http.MethodPost, func(s *step) error {
		if s.IfNoneExist != "" {
			if key := s.typ + "?" + s.IfNoneExist; conditions[key] {
				return fhir.Errorf(fhir.CodeDuplicate, "another entry has the same ifNoneExist; keep one and refer to it")
			} else {
				conditions[key] = true
			}
			found, err := onlyMatch(t.c, t.tx, s.typ, s.IfNoneExist)
			if err != nil {
				return err
			}
			if found.ID != "" {
				s.id = found.ID
				t.name(s)
				noteExisting(t.c, found)
				return t.finish(s, effect{resource: found, existing: true})
			}
		}
		s.id = newID()
		t.name(s)
		return t.claim(s)
	})
	if err != nil {
		return err
	}
	return t.each(http.MethodPut, func(s *step) (err error) {
		if s.id == "" {
			if s.id, err = updateTarget(t.c, t.tx, s.doc, s.criteria); err != nil {
				return err
			}
		}
		t.name(s)
		return t.claim(s)
	})
}

// name lets references find the entry's resource: by its fullUrl, and by the id that it had where it comes from.
func (t *transaction) name(s *step) {
	key := s.typ + "/" + s.id
	if s.FullURL == "" {
		return
	}
	t.links.Add(s.FullURL, key)
	if r := fhir.ParseReference(s.FullURL); r.Form == fhir.FormAbsolute && r.Type == s.typ && r.ID == s.doc.ID() && r.Key() != key {
		t.links.Add(r.Key(), key)
	}
}

// claim refuses two writes to one resource.
func (t *transaction) claim(s *step) error {
	key := s.typ + "/" + s.id
	if other := t.targets[key]; other != nil {
		return fhir.Errorf(fhir.CodeDuplicate, "it acts on the same resource as Bundle.entry[%d]; a transaction may change a resource once", other.Index)
	}
	t.targets[key] = s
	return nil
}

// writes stores the POST and PUT entries: first those without conditional references, then the others as far as their
// references are found, until nothing more is.
func (t *transaction) writes() error {
	for missing, progress := error(nil), true; progress; {
		missing, progress = nil, false
		for _, s := range t.steps {
			if s.done || s.doc == nil {
				continue
			}
			unmet, err := t.resolve(s)
			if err != nil {
				return s.at(err)
			}
			if unmet != nil {
				missing = errors.Join(missing, s.at(unmet))
				continue
			}
			if err := t.store(s); err != nil {
				return s.at(err)
			}
			progress = true
		}
		if missing != nil && !progress {
			return missing
		}
	}
	return nil
}

// store writes one resource with its references rewritten.
func (t *transaction) store(s *step) error {
	doc := s.doc
	if text := s.doc.Rewritten(t.links); text != nil {
		var err error
		if doc, err = fhir.Parse(text); err != nil {
			return err
		}
	}
	e, err := put(t.c, t.tx, doc, s.id, condition{s.IfMatch, s.IfNoneMatch})
	if err != nil {
		return err
	}
	return t.finish(s, e)
}

// resolve finds what the conditional references of an entry name. unmet says which one finds nothing yet.
func (t *transaction) resolve(s *step) (unmet, err error) {
	s.doc.References(func(path, value string) {
		r := fhir.ParseReference(value)
		_, linked := t.links.Find(value)
		if r.Form != fhir.FormConditional || r.Base != "" || !strings.HasSuffix(path, ".reference") || linked || err != nil {
			return
		}
		var match fhir.Resource
		if match, err = onlyMatch(t.c, t.tx, r.Type, r.Query); err != nil {
			return
		}
		if match.ID == "" {
			unmet = web.Problemf(http.StatusPreconditionFailed, fhir.CodeNotFound, "%s: the conditional reference to a %s matches nothing", path, r.Type)
			return
		}
		t.links.Add(value, match.Key())
	})
	return unmet, err
}

// reads runs the GET entries, which see what the transaction has written.
func (t *transaction) reads() error {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		err := t.each(method, func(s *step) error {
			rec, err := perform(t.c, s.BundleEntry, t.tx)
			if err == nil {
				s.done = true
				t.answer.Entry[s.Index] = rec.entry(t.c.Base)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// each runs f on the steps of one method that are not done, and says at which one it failed.
func (t *transaction) each(method string, f func(*step) error) error {
	for _, s := range t.steps {
		if s.Method != method || s.done {
			continue
		}
		if err := f(s); err != nil {
			return s.at(err)
		}
	}
	return nil
}

// finish notes what a write did.
func (t *transaction) finish(s *step, e effect) error {
	s.done, s.effect = true, e
	response := &bundleResponse{Status: statusText(e.status())}
	entry := bundleEntry{Response: response}
	if r := e.resource; r.ID != "" {
		response.Etag, response.LastModified = web.ETag(r.Version), fhir.FormatInstant(r.Updated)
		if !r.Deleted {
			entry.FullURL, response.Location = t.c.Address(r.Key()), versionKey(r)
		}
		switch wish := t.c.Prefer("return"); {
		case wish == "representation" && !r.Deleted && (!e.existing || mayRead(t.c, r) == nil):
			entry.Resource = r.JSON
		case wish == "operationoutcome":
			response.Outcome = fhir.Outcome(told(e))
		}
	}
	t.answer.Entry[s.Index] = entry
	return nil
}
