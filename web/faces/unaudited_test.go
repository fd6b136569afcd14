package faces

import (
	"net/http"

	"satchel/web"
)

// NewUnaudited is New whose reads leave no trail from their handlers on, to measure what the audit log costs. It is in test
// binaries alone: the product has no such switch, and nothing can be written without an event.
func NewUnaudited(o web.Options) (http.Handler, error) {
	f := of(o, web.Pages{})
	for i := range f.FHIR {
		if f.FHIR[i].Method != http.MethodGet {
			continue
		}
		run := f.FHIR[i].Run
		f.FHIR[i].Run = func(w http.ResponseWriter, c *web.Call) error {
			c.Answer.Trail = web.Trail{}
			return run(w, c)
		}
	}
	return web.New(o, f)
}
