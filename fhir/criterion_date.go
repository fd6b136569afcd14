package fhir

// dateTest compares the span of a date with that of an element.
type dateTest struct {
	prefix string
	span
}

// parseDate reads a date with a prefix. "ap" means: within the same year, month, day … or the one beside it,
// as precisely as the date is given.
func parseDate(name, value string) (test, error) {
	prefix, rest, ok := prefixOf(unescape(value))
	if !ok {
		return nil, badValue(name, value, usePrefix)
	}
	s, ok := parseSpan(rest)
	if !ok {
		return nil, badValue(name, value, `write a date like 2015, 2015-02, 2015-02-07 or 2015-02-07T13:28:17Z`)
	}
	if prefix == "ap" {
		width := s.high - s.low
		s = span{s.low - width, s.high + width}
	}
	return dateTest{prefix, s}, nil
}

// matches compares as R4 says, but that "ge" and "le" also take a period that begins before the date and ends within
// it, or the other way round: the visit that ended on Friday is one of "from Friday on".
func (t dateTest) matches(e *end, v node) bool {
	have, ok := spanOf(v, e.typ)
	if !ok {
		return false
	}
	within := t.low <= have.low && have.high <= t.high
	switch t.prefix {
	case "eq":
		return within
	case "ne":
		return !within
	case "gt":
		return have.high > t.high
	case "lt":
		return have.low < t.low
	case "ge":
		return have.high > t.low
	case "le":
		return have.low < t.high
	case "sa":
		return have.low >= t.high
	case "eb":
		return have.high <= t.low
	}
	return have.low < t.high && have.high > t.low // ap
}

// ranges rest on a document having an entry for the first and for the last day of each value.
func (t dateTest) ranges(p *param) []Range {
	first, last := t.days()
	r := Range{Key: p.key, From: least, To: most}
	switch t.prefix {
	case "eq":
		r.From, r.To = first, last
	case "gt", "sa":
		r.From = last
	case "ge", "ap": // a long period around the date has its last day after it
		r.From = first
	case "lt", "eb":
		r.To = first
	case "le":
		r.To = last
	default:
		return nil
	}
	return []Range{r}
}
