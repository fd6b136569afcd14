package fhir

// isDate allows YYYY, YYYY-MM and YYYY-MM-DD of the calendar, years 0001 to 9999.
func isDate(b []byte) bool {
	year, ok := digits(b, 0, 4)
	if !ok || year == 0 {
		return false
	}
	switch len(b) {
	case 4:
		return true
	case 7, 10:
	default:
		return false
	}
	month, ok := digits(b, 5, 2)
	if !ok || b[4] != '-' || month < 1 || month > 12 {
		return false
	}
	if len(b) == 7 {
		return true
	}
	day, ok := digits(b, 8, 2)
	return ok && b[7] == '-' && day >= 1 && day <= daysIn(year, month)
}

// daysIn is the number of days of a month in the Gregorian calendar.
func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func isDateTime(b []byte) bool { return isDate(b) || isInstant(b) }

// isInstant allows a full date, a time with seconds, and a zone.
func isInstant(b []byte) bool {
	if len(b) < 20 || b[10] != 'T' || !isDate(b[:10]) {
		return false
	}
	zone := len(b) - 1
	if b[zone] != 'Z' {
		zone = len(b) - 6
		if b[zone] != '+' && b[zone] != '-' || !isZone(b[zone+1:]) {
			return false
		}
	}
	return isTime(b[11:zone])
}

// isZone allows hh:mm up to 14:00.
func isZone(b []byte) bool {
	hour, ok1 := digits(b, 0, 2)
	minute, ok2 := digits(b, 3, 2)
	return ok1 && ok2 && b[2] == ':' && minute <= 59 && (hour < 14 || hour == 14 && minute == 0)
}

// isTime allows hh:mm:ss with a fraction; R4 allows the leap second 60.
func isTime(b []byte) bool {
	hour, ok1 := digits(b, 0, 2)
	minute, ok2 := digits(b, 3, 2)
	second, ok3 := digits(b, 6, 2)
	if !ok1 || !ok2 || !ok3 || b[2] != ':' || b[5] != ':' || hour > 23 || minute > 59 || second > 60 {
		return false
	}
	if len(b) == 8 {
		return true
	}
	for _, c := range b[9:] {
		if !isDigit(c) {
			return false
		}
	}
	return b[8] == '.' && len(b) > 9
}

// digits reads n digits at i.
func digits(b []byte, i, n int) (value int, ok bool) {
	if len(b) < i+n {
		return 0, false
	}
	for _, c := range b[i : i+n] {
		if !isDigit(c) {
			return 0, false
		}
		value = value*10 + int(c-'0')
	}
	return value, true
}
