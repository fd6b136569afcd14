package storage

import (
	"strconv"
	"strings"

	"satchel/fhir"
)

// cursorOf writes numbers as an opaque page cursor.
func cursorOf(numbers ...int64) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = strconv.FormatInt(n, 36)
	}
	return strings.Join(parts, "-")
}

// parseCursor reads a cursor of so many numbers. "" leaves them as they are: the first page.
func parseCursor(cursor string, numbers ...*int64) error {
	if cursor == "" {
		return nil
	}
	parts := strings.Split(cursor, "-")
	bad := len(parts) != len(numbers)
	for i := 0; i < len(numbers) && !bad; i++ {
		n, err := strconv.ParseInt(parts[i], 36, 64)
		*numbers[i], bad = n, err != nil || n < 0
	}
	if bad {
		return fhir.Errorf(fhir.CodeValue, "%q is not a page that this server has named; start again from the first page", cursor)
	}
	return nil
}
