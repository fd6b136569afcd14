package fhir

import (
	"cmp"
	"math"
	"slices"
)

// IndexVersion changes when the same document gets other entries or owners than before: a store whose rows were made
// under another version must make them anew.
const IndexVersion = 6

// Entry is one row of the search index. All resources that can match a criterion's [Range] have an entry in it;
// an entry may also be there for a resource that does not match.
type Entry struct {
	Key   int64 // stands for (type, parameter): 32-bit FNV-1a of "Type.param"
	Value int64 // stands for the value: hash of a code or reference, day of a date, first letters of a string
}

// Range narrows a search: rows with Key and From <= Value <= To, or, if Patient is set, rows owned by that patient
// for whatever reason ([WhyOther] included).
type Range struct {
	Key      int64
	From, To int64
	Patient  string
}

// Entries appends the index entries of the document to dst, each once, in order of key and value. Relative references
// to patients of compartment parameters have none: the owner index serves them. What shows a Binary has a [ShownEntry].
func (d *Document) Entries(dst []Entry) []Entry {
	t := searchOf(d.Type())
	if t == nil {
		return dst
	}
	start := len(dst)
	t.index.walk(d.root(), func(e *end, v node) bool {
		dst = e.appendEntries(dst, v)
		return true
	})
	d.Shows(func(r Reference) { dst = append(dst, ShownEntry(r.ID)) })
	added := dst[start:]
	slices.SortFunc(added, func(a, b Entry) int {
		if a.Key != b.Key {
			return cmp.Compare(a.Key, b.Key)
		}
		return cmp.Compare(a.Value, b.Value)
	})
	return dst[:start+len(slices.Compact(added))]
}

// appendEntries appends the entries for one value. What it skips here, the ranges of a test must not rely on.
func (e *end) appendEntries(dst []Entry, v node) []Entry {
	switch e.param.Type {
	case "token":
		e.tokens(v, func(t token) bool {
			if t.code != "" {
				dst = append(dst, Entry{e.param.key, hash(t.code)})
			}
			return true
		})
	case "reference":
		r := referenceOf(v, e.typ)
		if r.Text != "" && !(e.owned && r.Form == FormRelative && r.Type == "Patient") {
			dst = append(dst, Entry{e.param.key, r.hash()})
		}
	case "date":
		if s, ok := spanOf(v, e.typ); ok {
			first, last := s.days()
			dst = append(dst, Entry{e.param.key, first})
			if last != first {
				dst = append(dst, Entry{e.param.key, last})
			}
		}
	case "string":
		texts(v, e.typ, func(s string) bool {
			if letters, n := firstLetters(s); n > 0 {
				dst = append(dst, Entry{e.param.key, letters})
			}
			return true
		})
	case "uri":
		if b := v.bytes(); len(b) > 0 {
			dst = append(dst, Entry{e.param.key, hash(withoutVersion(view(b)))})
		}
	}
	return dst
}

// keyOf is Entry.Key of a parameter. It is the same in every release, so that an index outlives the binary.
func keyOf(typ, code string) int64 {
	h := uint32(2166136261)
	for _, s := range [...]string{typ, ".", code} {
		for i := range len(s) {
			h = (h ^ uint32(s[i])) * 16777619
		}
	}
	return int64(h)
}

// hash is 64-bit FNV-1a folded to 47 bits, which SQLite stores in six bytes. It is the same in every release.
func hash(s string) int64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return int64((h ^ h>>47) & (1<<47 - 1))
}

// point is the range of one value.
func (p *param) point(value int64) []Range { return []Range{{Key: p.key, From: value, To: value}} }

// least and most leave a side of a range open.
const (
	least = math.MinInt64
	most  = math.MaxInt64
)
