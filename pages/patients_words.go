package pages

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"satchel/fhir"
)

// words are what somebody typed to find a patient: parts of a name, a birth date, a number.
type words struct {
	text     string // as typed
	names    []string
	numbers  []string
	readings []reading // of the birth date, the one that counts first
	year     string    // a birth year beside a name
	bad      string    // a part that looks like a date and is none
}

// reading is one way to read a date that was typed.
type reading struct {
	Date  string // ISO
	Day   string // as people read it
	Typed string
	Query string // what to type for it
}

var (
	isoDate   = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$`)
	otherDate = regexp.MustCompile(`^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})$`)
	birthYear = regexp.MustCompile(`^(18|19|20)\d\d$`)
)

// mostNames is how many parts of a name are looked for.
const mostNames = 6

// readWords divides what was typed. monthFirst says how 3/4/1960 is read here; with dots the day is first.
func readWords(text string, monthFirst bool, now time.Time) words {
	w := words{text: strings.Join(strings.Fields(text), " ")}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '\t' || r == '\n' || r == '\r' }) {
		switch dates, looks := datesOf(part, monthFirst, now); {
		case len(dates) > 0 && w.readings == nil:
			for _, d := range dates {
				iso := d.Format(time.DateOnly)
				w.readings = append(w.readings, reading{iso, d.Format("January 2, 2006"), part, strings.Replace(w.text, part, iso, 1)})
			}
		case looks:
			w.bad = part
		case strings.ContainsAny(part, "0123456789"):
			w.numbers = append(w.numbers, part)
		case strings.Trim(part, `.-_'"`) != "":
			w.names = append(w.names, part)
		}
	}
	if len(w.numbers) == 1 && len(w.names) > 0 && w.readings == nil && birthYear.MatchString(w.numbers[0]) {
		w.year, w.numbers = w.numbers[0], nil
	}
	w.names = w.names[:min(len(w.names), mostNames)]
	return w
}

// datesOf are the days that a text can mean, the likelier first; looks says that it was meant to be a date.
func datesOf(text string, monthFirst bool, now time.Time) (dates []time.Time, looks bool) {
	if m := isoDate.FindStringSubmatch(text); m != nil {
		return calendarDay(digitsOf(m[1]), digitsOf(m[2]), digitsOf(m[3])), true
	}
	m := otherDate.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	a, b, year := digitsOf(m[1]), digitsOf(m[3]), digitsOf(m[4])
	if len(m[4]) == 2 {
		if year += 2000; year > now.Year() {
			year -= 100
		}
	}
	if m[2] == "." {
		monthFirst = false
	}
	first, second := calendarDay(year, b, a), calendarDay(year, a, b)
	if monthFirst {
		first, second = second, first
	}
	if a != b {
		first = append(first, second...)
	}
	return first, true
}

// calendarDay is a day, or nothing if the calendar does not have it.
func calendarDay(year, month, of int) []time.Time {
	t := time.Date(year, time.Month(month), of, 0, 0, 0, 0, time.UTC)
	if t.Month() != time.Month(month) || t.Day() != of || year < 1800 {
		return nil
	}
	return []time.Time{t}
}

func digitsOf(s string) int {
	n, _ := strconv.Atoi(s) // digits only
	return n
}

// queries are the ways to look for the words, the likeliest first. All of them use the index.
func (w words) queries() (all [][]fhir.Param) {
	var fixed []fhir.Param
	if len(w.readings) > 0 {
		fixed = append(fixed, fhir.Param{Name: "birthdate", Value: w.readings[0].Date})
	} else if w.year != "" {
		fixed = append(fixed, fhir.Param{Name: "birthdate", Value: w.year})
	}
	for _, n := range w.numbers {
		fixed = append(fixed, fhir.Param{Name: "identifier", Value: searchValue(n)})
	}
	if len(w.names) == 0 && len(w.numbers) == 1 && len(w.readings) == 0 && fhir.IsID(w.numbers[0]) {
		all = append(all, []fhir.Param{{Name: "_id", Value: w.numbers[0]}})
	}
	name, ways := "name", together(w.names)
	if len(w.readings) > 0 { // so few are born on a day that a part from the middle of a name may be looked for
		name, ways = "name:contains", ways[:1]
	}
	for _, parts := range ways {
		params := fixed[:len(fixed):len(fixed)]
		for _, p := range parts {
			params = append(params, fhir.Param{Name: name, Value: searchValue(p)})
		}
		if len(params) > 0 {
			all = append(all, params)
		}
	}
	if len(w.readings) == 0 { // a number may hold spaces, or no digit at all
		all = append(all, []fhir.Param{{Name: "identifier", Value: searchValue(w.text)}})
		if fhir.IsID(w.text) && len(w.names) == 1 {
			all = append(all, []fhir.Param{{Name: "_id", Value: w.text}})
		}
	}
	return all
}

// together are the ways to join neighbours of a list by a space, first not at all: a family name may have several words.
func together(names []string) (ways [][]string) {
	if len(names) == 0 {
		return [][]string{nil}
	}
	for joined := range 1 << (len(names) - 1) {
		way := []string{names[0]}
		for i, name := range names[1:] {
			if joined>>i&1 == 1 {
				way[len(way)-1] += " " + name
			} else {
				way = append(way, name)
			}
		}
		ways = append(ways, way)
	}
	return ways
}

// searchValue makes a text a value of a search that means nothing else.
func searchValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(s)
}

// String tells how a date is read, for logs and tests.
func (r reading) String() string { return fmt.Sprintf("%s (%s)", r.Date, r.Typed) }
