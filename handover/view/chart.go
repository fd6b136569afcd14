package view

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

// chart is a graph of the results of one test, ready to be drawn. Lengths are in units of its view box.
type chart struct {
	Title, Text  string // the text tells in words what is drawn
	Lines        []line
	Ticks        []tick // of values
	First, Last  string // dates at both ends
	Band         bool   // the reference range
	BandY, BandH string
	Unit         string
}

// line is a series of results.
type line struct {
	Name   string
	Path   string // of the polyline
	Shape  int    // of marks and dashes, so that lines differ without colour
	Points []point
	Label  point
}

type point struct{ X, Y string }

type tick struct{ Y, Text string }

// The drawing area within the view box of 360 by 190.
const (
	left, right, top, bottom = 44.0, 346.0, 26.0, 160.0
	maxLines                 = 4
	maxPoints                = 300
)

// sample is one number with its time.
type sample struct {
	at    int64
	iso   string
	value float64
	text  string
}

// chart draws the results of a test if at least three of them are numbers in one unit.
func (v *View) chart(title string, facts []*fact) *chart {
	names, series, base := gather(facts)
	if len(names) == 0 {
		return nil
	}
	low, high := math.Inf(1), math.Inf(-1)
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	for _, n := range names {
		for _, s := range series[n] {
			low, high, from, to = min(low, s.value), max(high, s.value), min(from, s.at), max(to, s.at)
		}
	}
	if from == to {
		return nil
	}
	c := &chart{Title: v.t.headings["graph"] + " " + title, Unit: base.units}
	step := niceStep(high - low)
	bottomValue, topValue := math.Floor(low/step)*step, math.Ceil(high/step)*step
	if topValue <= bottomValue {
		bottomValue, topValue = bottomValue-step, topValue+step
	}
	y := func(value float64) float64 {
		return bottom - (value-bottomValue)/(topValue-bottomValue)*(bottom-top)
	}
	for i := 0; i <= 12 && bottomValue+float64(i)*step <= topValue+step/2; i++ {
		value := bottomValue + float64(i)*step
		c.Ticks = append(c.Ticks, tick{at(y(value)), strconv.FormatFloat(value, 'f', decimals(step), 64)})
	}
	x := func(t int64) float64 { return left + 8 + float64(t-from)/float64(to-from)*(right-left-16) }
	for i, n := range names {
		c.Lines = append(c.Lines, drawn(n, i, series[n], x, y))
		c.Text = join(" ", c.Text, v.describe(n, series[n]))
	}
	c.Text = join(" ", c.Text, v.t.say("table"))
	c.First, c.Last = v.day(names, series, from), v.day(names, series, to)
	c.band(base, y, bottomValue, topValue)
	return c
}

// gather collects the numbers per component, oldest first, in the unit of the newest; those in another are left to the table.
func gather(facts []*fact) (names []string, series map[string][]sample, base *reading) {
	series = map[string][]sample{}
	order := map[string]int{} // of components in the newest result that has them
	for _, f := range facts {
		for i := range f.result.lines {
			r := &f.result.lines[i]
			if !r.ok || f.date == "" || f.wrong() || base != nil && r.unit != base.unit {
				continue
			}
			if base == nil {
				base = r
			}
			if _, ok := order[r.name]; !ok {
				order[r.name] = i
			}
			series[r.name] = append(series[r.name], sample{f.at, f.date, r.number, r.text})
		}
	}
	for n, s := range series {
		if len(s) > maxPoints {
			s = s[:maxPoints]
		}
		if len(s) >= 3 {
			slices.Reverse(s)
			series[n] = s
			names = append(names, n)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(order[a], order[b]), cmp.Compare(a, b)) })
	return names[:min(len(names), maxLines)], series, base
}

// describe says a series in words.
func (v *View) describe(name string, s []sample) string {
	low, high := s[0], s[0]
	for _, x := range s {
		if x.value < low.value {
			low = x
		}
		if x.value > high.value {
			high = x
		}
	}
	from, _ := v.t.people(s[0].iso[:min(10, len(s[0].iso))])
	last := s[len(s)-1]
	to, _ := v.t.people(last.iso[:min(10, len(last.iso))])
	text := v.t.texts.Text("headings", "graphText", "n", len(s), "from", from, "to", to, "low", low.text, "high", high.text, "last", last.text)
	if name != "" {
		return name + ": " + text
	}
	return text
}

// day is the date of a sample at a time, for an end of the axis.
func (v *View) day(names []string, series map[string][]sample, at int64) string {
	for _, n := range names {
		for _, s := range series[n] {
			if s.at == at {
				text, _ := v.t.people(s.iso[:min(10, len(s.iso))])
				return text
			}
		}
	}
	return ""
}

// drawn places a series.
func drawn(name string, shape int, s []sample, x func(int64) float64, y func(float64) float64) line {
	l := line{Name: name, Shape: shape}
	var path strings.Builder
	for _, p := range s {
		q := point{at(x(p.at)), at(y(p.value))}
		l.Points = append(l.Points, q)
		path.WriteString(q.X + "," + q.Y + " ")
	}
	l.Path = strings.TrimSpace(path.String())
	l.Label = l.Points[len(l.Points)-1]
	return l
}

// band is the reference range of the newest result, for a single line.
func (c *chart) band(r *reading, y func(float64) float64, low, high float64) {
	if len(c.Lines) != 1 || math.IsNaN(r.low) && math.IsNaN(r.high) {
		return
	}
	from, to := low, high
	if !math.IsNaN(r.low) {
		from = min(max(r.low, low), high)
	}
	if !math.IsNaN(r.high) {
		to = min(max(r.high, low), high)
	}
	if to > from {
		c.Band, c.BandY, c.BandH = true, at(y(to)), at(y(from)-y(to))
	}
}

// niceStep divides a span into about four steps of 1, 2 or 5 times a power of ten.
func niceStep(span float64) float64 {
	if !(span > 0) || math.IsInf(span, 0) {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(span/4)))
	for _, m := range []float64{1, 2, 5} {
		if span/4 <= m*power {
			return m * power
		}
	}
	return 10 * power
}

// decimals is how many digits after the point a step needs.
func decimals(step float64) int {
	return min(max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 9)
}

// at writes a coordinate.
func at(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
