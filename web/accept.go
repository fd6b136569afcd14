package web

import (
	"cmp"
	"mime"
	"slices"
	"strconv"
	"strings"
)

// wanted is one member of an Accept header.
type wanted struct {
	Media  string
	weight float64
	Any    bool // it has a wildcard
	JSON   bool // it names FHIR's JSON
}

// AcceptList reads an Accept header, best first. What cannot be read is left out.
func AcceptList(accept []string) []wanted {
	var list []wanted
	for member := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, params, err := mime.ParseMediaType(member)
		if err != nil {
			continue
		}
		w := wanted{Media: media, weight: 1, Any: strings.Contains(media, "*")}
		if q, given := params["q"]; given {
			if w.weight, err = strconv.ParseFloat(q, 64); err != nil || w.weight <= 0 {
				continue
			}
		}
		w.JSON = !w.Any && jsonMediaType(member)
		list = append(list, w)
	}
	slices.SortStableFunc(list, func(a, b wanted) int {
		if n := cmp.Compare(b.weight, a.weight); n != 0 {
			return n
		}
		return btoi(a.Any) - btoi(b.Any)
	})
	return list
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
