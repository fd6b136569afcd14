package faces_test

import (
	"strings"
	"testing"

	"satchel/internal/testserver"
	"satchel/web"
	"satchel/web/faces"
)

// A handler that answers without a decision is an internal error: nothing of its answer goes out, and the log says which.
func TestUndecidedAnswerIsNotGiven(t *testing.T) {
	t.Parallel()
	var options web.Options
	p := open(t, func(o *web.Options) { options = *o })
	handler, err := faces.NewUndecided(options)
	if err != nil {
		t.Fatal(err)
	}
	url := testserver.Listen(t, handler)
	r := p.do("GET", url+"/api/account", "")
	if r.status != 500 || strings.Contains(r.body, "told without") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if !strings.Contains(p.log.String(), "api/account answered without a decision") {
		t.Error(p.log.String())
	}
	p.as = "" // what needs no decision is answered all the same
	p.want(p.do("GET", url+"/fhir/metadata", ""), 200)
}
