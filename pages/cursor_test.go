package pages_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

var nextOnPage = regexp.MustCompile(`href="([^"]+)" rel="next"`)

// next is the address that a page's button for the next page leads to.
func (v *visitor) next(address string) string {
	v.p.t.Helper()
	page := v.want(v.get(address), 200)
	m := nextOnPage.FindStringSubmatch(page.body)
	if m == nil {
		v.p.t.Fatalf("%s has no next page", address)
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

// Lists lead from page to page, and a link that somebody edited, cut, took from another list or got from somebody else leads to a
// page that says so.
func TestPageLinksAreNotSteered(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	v, other := d.as("ann"), d.as("rosa")
	var all []string
	for i := range 60 {
		all = append(all, fmt.Sprintf(`{"resourceType":"Patient","id":"m%d","birthDate":"1950-01-01"}`, i),
			fmt.Sprintf(`{"resourceType":"Group","id":"g%02d","type":"person","actual":true,"name":"Group %02d"}`, i, i))
		v.record()
	}
	d.put(all...)
	lists := map[string]string{"/groups": "from", "/patients?all=1": "from", "/requests?show=all&q=": "from", "/audit?who=ann": "from-row"}
	next := map[string]string{}
	for list := range lists {
		next[list] = v.next(list)
		v.want(v.get(next[list]), 200)
	}
	refused := func(v *visitor, address string) {
		t.Helper()
		r := v.get(address)
		if r.status != 400 && r.status != 422 || !strings.Contains(r.body, "start again from the first page") {
			t.Errorf("%s: %d %.3000s", address, r.status, r.body)
		}
	}
	for list, param := range lists {
		before, cursor, _ := strings.Cut(next[list], param+"=")
		cursor, behind, _ := strings.Cut(cursor, "&")
		if behind != "" {
			behind = "&" + behind
		}
		for _, bad := range []string{"", "1", "%21%21", cursor[:len(cursor)-2], "A" + cursor, cursor + "A"} {
			refused(v, before+param+"="+bad+behind)
		}
		refused(v, next[list]+"&x=1")
		if list != "/audit?who=ann" { // which rosa may not see
			refused(other, next[list])
		}
		for foreign, address := range next {
			_, cursor, _ := strings.Cut(address, lists[foreign]+"=")
			if cursor, _, _ := strings.Cut(cursor, "&"); foreign != list {
				refused(v, before+param+"="+cursor+behind)
			}
		}
	}
}
