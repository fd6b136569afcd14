package faces

import (
	"net/http"

	"satchel/web"
)

// NewUndecided is New whose GET api/account answers without asking auth. It is in test binaries alone.
func NewUndecided(o web.Options) (http.Handler, error) {
	f := of(o, web.Pages{})
	for i := range f.Beside {
		if f.Beside[i].Pattern == "api/account" {
			f.Beside[i].Run = func(w http.ResponseWriter, c *web.Call) error {
				_, err := w.Write([]byte("told without a decision"))
				return err
			}
		}
	}
	return web.New(o, f)
}
