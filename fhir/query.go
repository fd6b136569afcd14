package fhir

import "time"

// Param is one name=value pair of a search as it came, already URL-decoded, in order.
type Param struct{ Name, Value string }

// Query is a search on one type: criteria joined by AND, each with values joined by OR.
type Query struct {
	Type     string
	Criteria []Criterion
}

// Criterion is one search parameter with its modifier and values.
type Criterion struct{}

// ParseQuery reads search parameters of a type from the R4 SearchParameter definitions (those of the type, and _id,
// _lastUpdated, _tag, _profile, _security, _source of Resource). It returns the names that it does not know in unknown,
// and an [*Error] that names the parameter for a value, modifier or prefix that is wrong or not supported, for chained
// parameters and _has. Result parameters (_count, _sort, _summary, _total, _elements, _include …) are the caller's
// and count as unknown here.
func ParseQuery(typ string, params []Param) (q Query, unknown []string, err error) { panic("todo") }

// Match reports whether the document meets every criterion. The document must be of the query's type.
// _id and _lastUpdated read the stamped text.
func (q Query) Match(d *Document) bool { panic("todo") }

// Entry is one row of the search index. All resources that can match a criterion's [Range] have an entry in it;
// an entry may also be there for a resource that does not match.
type Entry struct {
	Key   int64 // stands for (type, parameter)
	Value int64 // stands for the value: hash of a code or reference, day of a date, first letters of a string
}

// Entries appends the index entries of the document to dst, each once. References to patients of compartment
// parameters have none: the owner index serves them.
func (d *Document) Entries(dst []Entry) []Entry { panic("todo") }

// Range narrows a search: rows with Key and From <= Value <= To, or, if Patient is set, rows owned by that patient
// for whatever reason ([WhyOther] included).
type Range struct {
	Key      int64
	From, To int64
	Patient  string
}

// Ranges are, per criterion that an index can narrow, the ranges whose union holds every match.
// A criterion that cannot be narrowed is left out; with no entry at all the whole type must be read.
func (q Query) Ranges() [][]Range { panic("todo") }

// IDs are the logical ids that an _id criterion names, or nil without one.
func (q Query) IDs() []string { panic("todo") }

// ParseInstant reads a FHIR instant or a date-time with zone and at least seconds.
func ParseInstant(s string) (time.Time, error) { panic("todo") }

// FormatInstant writes t in UTC with milliseconds and a Z, as every timestamp of Satchel is written.
func FormatInstant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// SearchParam describes one search parameter of a type, for the CapabilityStatement.
type SearchParam struct {
	Name       string
	Type       string // token, reference, date, string, number, quantity, uri, composite, special
	Definition string // canonical URL
}

// SearchParams lists the parameters that ParseQuery supports for the type, sorted by name.
func SearchParams(typ string) []SearchParam { panic("todo") }
