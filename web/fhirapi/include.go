package fhirapi

import (
	"slices"
	"strings"

	"satchel/web"

	"satchel/fhir"
	"satchel/storage"
)

// mostIncluded bounds how many resources _include and _revinclude may add to one page.
const mostIncluded = 5000

// inclusion is one _include or _revinclude: follow a reference parameter of a type, forward or backward.
type inclusion struct {
	typ     string // of the resource that holds the reference; "*" for any
	param   string // "*" for any
	target  string // type it must name; "" for any
	reverse bool
}

// readInclusion reads "Type:param", "Type:param:Target", "Type:*" and "*".
func (s *searching) readInclusion(p fhir.Param, reverse bool) error {
	name, modifier, _ := strings.Cut(p.Name, ":")
	if modifier != "" {
		return fhir.Errorf(fhir.CodeNotSupported, "%s:%s is not offered; one step is followed: %s=Type:parameter", name, web.Printable(modifier), name)
	}
	parts := strings.Split(p.Value, ":")
	if p.Value == "*" && !reverse {
		parts = []string{"*", "*"}
	}
	if len(parts) < 2 || len(parts) > 3 || reverse && parts[1] == "*" {
		return fhir.Errorf(fhir.CodeValue, "%s is %q: write it as Type:parameter, such as Observation:subject", name, web.Printable(p.Value))
	}
	inc := inclusion{typ: parts[0], param: parts[1], reverse: reverse}
	if len(parts) == 3 {
		inc.target = parts[2]
	}
	if err := inc.check(name); err != nil {
		return err
	}
	s.includes = append(s.includes, inc)
	return nil
}

// check refuses a type or parameter that does not exist.
func (inc inclusion) check(name string) error {
	if inc.typ != "*" {
		if err := web.CheckType(inc.typ); err != nil {
			return err
		}
	}
	if inc.param == "*" {
		return nil
	}
	for _, p := range fhir.SearchParams(inc.typ) {
		if p.Name == inc.param && p.Type == "reference" {
			return nil
		}
	}
	return fhir.Errorf(fhir.CodeNotSupported, "%s: %s has no reference parameter %q", name, web.Printable(inc.typ), web.Printable(inc.param))
}

// include adds what the inclusions of a search bring to its matches, each resource once, and only what the account
// may read.
func include(c *web.Call, b *answerBundle, s *searching, matches []fhir.Resource) error {
	seen := map[string]bool{}
	for _, r := range matches {
		seen[r.Key()] = true
	}
	for _, inc := range s.includes {
		var added []fhir.Resource
		var err error
		if inc.reverse {
			added, err = referring(c, inc, matches, seen)
		} else {
			added, err = referred(c, inc, matches, seen)
		}
		if err != nil {
			return err
		}
		b.add(c, "include", added...)
	}
	return nil
}

// referred reads what the matches refer to.
func referred(c *web.Call, inc inclusion, matches []fhir.Resource, seen map[string]bool) ([]fhir.Resource, error) {
	var added []fhir.Resource
	for _, r := range matches {
		if inc.typ != "*" && inc.typ != r.Type {
			continue
		}
		d, err := fhir.Parse(r.JSON)
		if err != nil {
			return nil, err
		}
		for _, key := range targets(d, inc, c.Server.Store.Bases()) {
			if seen[key] {
				continue
			}
			seen[key] = true
			if found, ok, err := mayInclude(c, key); err != nil {
				return nil, err
			} else if ok {
				added = append(added, found)
			}
		}
		if len(seen) > mostIncluded {
			return nil, tooManyIncluded()
		}
	}
	return added, nil
}

// targets lists the keys of local resources to which the document refers by the inclusion's parameter. Whether a
// reference belongs to the parameter is asked of the search itself: the document must match parameter=reference.
func targets(d *fhir.Document, inc inclusion, own fhir.Bases) []string {
	var keys []string
	d.References(func(path, value string) {
		r := fhir.ParseReference(value)
		key, typ := r.Key(), r.Type
		if !own.Owns(r) || !strings.HasSuffix(path, ".reference") || inc.target != "" && inc.target != typ || slices.Contains(keys, key) {
			return
		}
		if inc.param != "*" {
			q, unknown, err := fhir.ParseQuery(d.Type(), []fhir.Param{{Name: inc.param, Value: value}}, own)
			if err != nil || len(unknown) > 0 || !q.Match(d) {
				return
			}
		}
		keys = append(keys, key)
	})
	return keys
}

// mayInclude reads a resource if it is there and the account may read it.
func mayInclude(c *web.Call, key string) (fhir.Resource, bool, error) {
	of := fhir.ParseReference(key)
	r, err := resource(c, of.Type, of.ID)
	if fhir.IsCode(err, fhir.CodeNotFound) {
		return r, false, nil
	}
	if err != nil {
		return r, false, err
	}
	if r.Deleted {
		return r, false, nil
	}
	seen, err := view(c, r)
	return seen, err == nil, nil
}

// referring finds the resources that refer to the matches.
func referring(c *web.Call, inc inclusion, matches []fhir.Resource, seen map[string]bool) ([]fhir.Resource, error) {
	var keys []string
	for _, r := range matches {
		if inc.target == "" || inc.target == r.Type {
			keys = append(keys, r.Key())
		}
	}
	var added []fhir.Resource
	for chunk := range slices.Chunk(keys, 50) {
		q, _, err := fhir.ParseQuery(inc.typ, []fhir.Param{{Name: inc.param, Value: strings.Join(chunk, ",")}}, c.Server.Store.Bases())
		if err != nil {
			return nil, err
		}
		for page := (storage.Page{Count: web.MaxCount}); ; {
			found, err := find(c, q, page)
			if err != nil {
				return nil, err
			}
			for _, r := range found.Resources {
				if seen[r.Key()] {
					continue
				}
				if r, ok := viewOfMatch(c, q, r); ok {
					seen[r.Key()] = true
					added = append(added, r)
				}
			}
			if len(seen) > mostIncluded {
				return nil, tooManyIncluded()
			}
			if page.Cursor = found.Next; page.Cursor == "" {
				break
			}
		}
	}
	return added, nil
}

func tooManyIncluded() error {
	return fhir.Errorf(fhir.CodeTooCostly, "the page would include more than %d resources; ask for a smaller _count", mostIncluded)
}
