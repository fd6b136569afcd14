package web

import (
	"strconv"

	"satchel/fhir"
)

// MaxCount is the largest page.
const MaxCount = 1000

// ReadCount reads _count: 0 and up, cut at what a page may hold.
func ReadCount(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fhir.Errorf(fhir.CodeValue, "_count is %q: write a number from 0 to %d", Printable(text), MaxCount)
	}
	return int(min(n, MaxCount)), nil
}
