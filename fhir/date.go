package fhir

import "time"

// ParseInstant reads a FHIR instant or a date-time with zone and at least seconds. As a "+" in a URL often arrives as
// a space, a space before the zone stands for it.
func ParseInstant(s string) (time.Time, error) {
	t, ok := readTime(s)
	if !ok || t.precision < second || !t.zoned {
		return time.Time{}, Errorf(CodeValue, `%q is no instant; write it like "2015-02-07T13:28:17.239+02:00" or with "Z"`, s)
	}
	return t.start, nil
}

// FormatInstant writes t in UTC with milliseconds and a Z, as every timestamp of Satchel is written.
func FormatInstant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// span is the time that a date stands for, in microseconds since 1970 UTC: low is in it, high is not.
// "2013" is the whole year, and a Period reaches from the beginning of its start to the end of its end.
type span struct{ low, high int64 }

// ever is the far end of an open period.
const ever = 1 << 61

// days are the first and the last UTC day in the span, counted from 1970-01-01.
func (s span) days() (first, last int64) { return dayOf(s.low), dayOf(s.high - 1) }

// dayOf is the day of an instant, counted from 1970-01-01.
func dayOf(micros int64) int64 {
	const day = 24 * 60 * 60 * 1_000_000
	if micros < 0 {
		return -((-micros + day - 1) / day)
	}
	return micros / day
}

// parseSpan reads a date, dateTime or instant of any precision. Without a zone it is UTC.
func parseSpan(s string) (span, bool) {
	t, ok := readTime(s)
	if !ok {
		return span{}, false
	}
	var end time.Time
	switch t.precision {
	case year:
		end = t.start.AddDate(1, 0, 0)
	case month:
		end = t.start.AddDate(0, 1, 0)
	case day:
		end = t.start.AddDate(0, 0, 1)
	case minute:
		end = t.start.Add(time.Minute)
	default:
		end = t.start.Add(t.fraction)
	}
	low := t.start.UnixMicro()
	return span{low, max(end.UnixMicro(), low+1)}, true
}

// spanOf reads a value of type date, dateTime, instant, Period or Timing. ok is false if it holds no time.
func spanOf(v node, typ string) (s span, ok bool) {
	switch typ {
	case "Period":
		return periodOf(v)
	case "Timing":
		return timingOf(v)
	}
	return parseSpan(view(v.bytes()))
}

// periodOf reads a Period. One that ends before it starts is read the other way round.
func periodOf(v node) (span, bool) {
	start, started := parseSpan(textOf(v, "start"))
	end, ended := parseSpan(textOf(v, "end"))
	switch {
	case started && ended:
		return start.with(end), true
	case started:
		return span{start.low, ever}, true
	case ended:
		return span{-ever, end.high}, true
	}
	return span{}, false
}

// timingOf reads the outer limits of a Timing: its events and the period that bounds its repetition.
func timingOf(v node) (all span, ok bool) {
	all, ok = periodOf(v.field("repeat").field("boundsPeriod"))
	for _, event := range v.field("event").each() {
		s, good := parseSpan(view(event.bytes()))
		switch {
		case good && ok:
			all = all.with(s)
		case good:
			all, ok = s, true
		}
	}
	return all, ok
}

// with is the span from the earlier beginning to the later end.
func (s span) with(t span) span { return span{min(s.low, t.low), max(s.high, t.high)} }

// precision is how much of a date-time is given.
type precision int

const (
	year precision = iota
	month
	day
	minute
	second
)

// moment is a date-time as written.
type moment struct {
	start     time.Time
	precision precision
	fraction  time.Duration // unit of the last digit, from second on
	zoned     bool
}

// readTime reads YYYY, YYYY-MM, YYYY-MM-DD and these with Thh:mm, Thh:mm:ss or Thh:mm:ss.f, and Z, +hh:mm or -hh:mm.
func readTime(s string) (m moment, ok bool) {
	r := timeReader{rest: s, ok: true}
	y, mon, d := r.number(4), 1, 1
	var hour, min, sec int
	var nanos, offset time.Duration
	if r.take('-') {
		m.precision, mon = month, r.number(2)
		if r.take('-') {
			m.precision, d = day, r.number(2)
			if r.take('T') {
				m.precision, hour = minute, r.number(2)
				r.ok = r.ok && r.take(':')
				min = r.number(2)
				if r.take(':') {
					m.precision, m.fraction, sec = second, time.Second, r.number(2)
					nanos = r.fraction(&m.fraction)
				}
				offset, m.zoned = r.zone()
			}
		}
	}
	m.start = time.Date(y, time.Month(mon), d, hour, min, sec, int(nanos), time.UTC)
	legal := y > 0 && mon > 0 && mon <= 12 && d > 0 && d <= 31 && hour < 24 && min < 60 && sec <= 60
	if !r.ok || r.rest != "" || !legal || time.Date(y, time.Month(mon), d, 0, 0, 0, 0, time.UTC).Day() != d {
		return moment{}, false
	}
	m.start = m.start.Add(-offset)
	return m, true
}

// timeReader takes a date-time apart from the left. ok goes false at the first thing that does not belong there.
type timeReader struct {
	rest string
	ok   bool
}

// number reads exactly so many digits.
func (r *timeReader) number(digits int) int {
	if len(r.rest) < digits {
		r.ok = false
		return 0
	}
	n := 0
	for i := range digits {
		c := r.rest[i]
		if c < '0' || c > '9' {
			r.ok = false
			return 0
		}
		n = n*10 + int(c-'0')
	}
	r.rest = r.rest[digits:]
	return n
}

// take reads a character if it comes next.
func (r *timeReader) take(c byte) bool {
	if r.rest == "" || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

// fraction reads the digits after a point, if there is one, and sets unit to that of the last. Digits beyond
// nanoseconds are read and dropped.
func (r *timeReader) fraction(unit *time.Duration) time.Duration {
	if !r.take('.') {
		return 0
	}
	var nanos time.Duration
	digits := 0
	for ; r.rest != "" && r.rest[0] >= '0' && r.rest[0] <= '9'; r.rest = r.rest[1:] {
		if digits++; digits <= 9 {
			*unit /= 10
			nanos += time.Duration(r.rest[0]-'0') * *unit
		}
	}
	r.ok = r.ok && digits > 0
	return nanos
}

// zone reads the zone, if there is one.
func (r *timeReader) zone() (offset time.Duration, zoned bool) {
	if r.rest == "" {
		return 0, false
	}
	if r.take('Z') {
		return 0, true
	}
	west := r.take('-')
	if !west && !r.take('+') && !r.take(' ') {
		r.ok = false
		return 0, false
	}
	hours := r.number(2)
	r.ok = r.ok && r.take(':')
	minutes := r.number(2)
	r.ok = r.ok && minutes < 60 && (hours < 14 || hours == 14 && minutes == 0)
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if west {
		offset = -offset
	}
	return offset, true
}
