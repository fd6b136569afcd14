package fhir

import (
	"slices"
	"strings"
	"sync"
)

// SearchParam describes one search parameter of a type, for the CapabilityStatement.
type SearchParam struct {
	Name       string
	Type       string // token, reference, date, string, number, quantity, uri, composite
	Definition string // canonical URL
}

// SearchParams lists the parameters that ParseQuery supports for the type, sorted by name; nil for an unknown type.
func SearchParams(typ string) []SearchParam {
	t := searchOf(typ)
	if t == nil {
		return nil
	}
	var list []SearchParam
	for _, p := range t.params {
		if p.refusal == "" {
			list = append(list, SearchParam{Name: p.Code, Type: p.Type, Definition: p.URL})
		}
	}
	return list
}

// param is one search parameter of one type, compiled.
type param struct {
	searchParam
	key     int64  // Entry.Key
	ways    branch // to its values; to the contexts of its components for a composite
	parts   []part // components of a composite
	refusal string // why it is not supported and what to use instead; "" if it is
	indexed bool   // its values have entries
	flag    bool   // "X.exists() and X != false": without a value it is false
	owned   bool   // some way's patients are in the owner index instead
	unowned bool   // some way's are not
}

// search is all that searching one type needs.
type search struct {
	params []*param // sorted by code
	index  branch   // ways of the indexed parameters
	owners branch   // ways to the references that say whose a resource is
	ties   branch   // ways to what it hangs on if those do not
	kind   Kind
}

// param finds a parameter by its code.
func (t *search) param(code string) *param {
	i, ok := slices.BinarySearchFunc(t.params, code, func(p *param, code string) int { return strings.Compare(p.Code, code) })
	if !ok {
		return nil
	}
	return t.params[i]
}

// searches keeps what was compiled, by type.
var searches sync.Map // type name → *search

// searchOf compiles the search parameters of a type once; nil for an unknown type.
func searchOf(typ string) *search {
	if t, ok := searches.Load(typ); ok {
		return t.(*search)
	}
	if !IsType(typ) {
		return nil
	}
	t, _ := searches.LoadOrStore(typ, compileSearch(typ))
	return t.(*search)
}

// compileSearch compiles every parameter of a type, and the trees over all of them.
func compileSearch(typ string) *search {
	t := &search{}
	owned := ownedElements(typ)
	for _, s := range searchParamsOf(typ) {
		p := &param{searchParam: s, key: keyOf(typ, s.Code), indexed: hasEntries(s)}
		t.params = append(t.params, p)
		ways := p.compile(typ)
		inCompartment := slices.Contains(compartmentParams(typ), s.Code)
		for _, w := range ways {
			e := end{param: p, typ: w.typ, only: w.only, flag: w.flag, owned: w.typ == "Reference" && owned[w.key()]}
			p.flag = w.flag
			p.owned, p.unowned = p.owned || e.owned, p.unowned || !e.owned
			p.ways.add(w, e)
			if p.indexed {
				t.index.add(w, e)
			}
			if inCompartment && w.typ == "Reference" {
				t.owners.add(w, end{typ: w.typ, tier: tierOf(s.Code)})
			}
		}
	}
	d := dispositions()[typ]
	t.kind = d.Kind
	for _, l := range d.Links {
		ways, _ := compileExpression(typ, typ+"."+l.Path) // tests see to it that it is right
		for _, w := range ways {
			if l.Hangs {
				t.ties.add(w, end{typ: w.typ})
			} else {
				t.owners.add(w, end{typ: w.typ, tier: l.tier()})
			}
		}
	}
	return t
}

// tierOf is how a parameter of the compartment names patients.
func tierOf(code string) Why {
	if slices.Contains(subjectLike, code) {
		return tierSubject
	}
	return tierRole
}

// tier is how a link that does not only hang names patients.
func (l Link) tier() Why {
	switch {
	case l.Role:
		return tierRole
	case l.Item != "" && l.Path != "subject":
		return tierItem
	}
	return tierAbout
}

// ownedElements holds the [way.key] of every reference element through which the type is in a patient's compartment.
func ownedElements(typ string) map[string]bool {
	keys := map[string]bool{}
	for _, s := range searchParamsOf(typ) {
		if !slices.Contains(compartmentParams(typ), s.Code) {
			continue
		}
		ways, _ := compileExpression(typ, s.Expression)
		for _, w := range ways {
			keys[w.key()] = true
		}
	}
	return keys
}

// readable are the FHIR types whose values a parameter type can read.
var readable = map[string][]string{
	"token":     {"code", "Coding", "CodeableConcept", "Identifier", "ContactPoint", "boolean", "string", "uri", "id"},
	"reference": {"Reference", "canonical", "uri"},
	"date":      {"date", "dateTime", "instant", "Period", "Timing"},
	"string":    {"string", "markdown", "HumanName", "Address"},
	"number":    {"decimal", "integer", "positiveInt", "unsignedInt", "Range"},
	"quantity":  {"Quantity", "Age", "Count", "Distance", "Duration", "Money", "Range"},
	"uri":       {"uri", "url", "canonical", "oid", "uuid"},
}

// compile reads the parameter's expression. It sets refusal if this server cannot search by it.
func (p *param) compile(typ string) []way {
	if p.Code == "phonetic" || p.Type == "special" || p.Expression == "" {
		p.refuse(refusals[p.Code])
		return nil
	}
	ways, err := compileExpression(typ, p.Expression)
	if err == nil && p.Type == "composite" {
		p.parts, err = compileParts(typ, p.Code, ways)
	} else if err == nil {
		ways = slices.DeleteFunc(ways, func(w way) bool { return !w.flag && !slices.Contains(readable[p.Type], w.typ) })
	}
	if err != nil || len(ways) == 0 {
		p.refuse("it does not lead to a value that can be compared")
		return nil
	}
	return ways
}

func (p *param) refuse(why string) { p.refusal, p.indexed = why, false }

// refusals says what to use instead of the parameters that this server does not offer on any type.
var refusals = map[string]string{
	"phonetic": `search for the beginning of a name with "name"`,
	"near":     `search by "address-city" or "address-postalcode"`,
	"_text":    "narrative is not indexed; search by the elements of the type",
	"_content": "text is not indexed; search by the elements of the type",
	"_query":   "named queries do not exist here; use the parameters of the type",
	"_filter":  "write its terms as ordinary parameters",
	"_list":    `read the List and name its items with "_id"`,
	"_has":     `search the referring type first and name the results with "_id"`,
}

// hasEntries reports whether values of the parameter go into the index. Left out are those whose values cannot be
// ordered or hashed to any use, those that repeat others, and those of every resource (the store has columns for
// _id and _lastUpdated, and hardly anybody searches by the others alone).
func hasEntries(s searchParam) bool {
	switch s.Type {
	case "token", "reference", "date", "string", "uri":
	default:
		return false
	}
	return s.Code[0] != '_' && !strings.HasPrefix(s.Code, "combo-") && !strings.HasPrefix(s.Code, "component-")
}
