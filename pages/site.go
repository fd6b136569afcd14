package pages

import (
	"log/slog"
	"time"

	"satchel/auth"
	"satchel/exports"
	"satchel/requests"
	"satchel/storage"
	"satchel/web"
)

// Options wire what the pages tell of and do.
type Options struct {
	Store   *storage.Store
	Exports *exports.Service
	Auth    *auth.Service
	Log     *slog.Logger
	Version string

	MostUpload int64 // bytes of the files of one import; 0: what the disk has room for

	Requests     *requests.Ledger // nil: there is no ledger of requests for records
	Setup        *Setup           // nil: there is no first run
	Practice     Practice         // nil: one without a name, in UTC
	Installation Installation     // nil: nothing is known of it
}

// Site serves the pages. Nothing in it changes after New.
type Site struct {
	Options
	routes  []Route
	pages   *pages
	pending pending
}

// New makes the pages. An error means that the layout, a text or an asset is not sound; TestTemplates sees to each page.
func New(o Options) (*Site, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Practice == nil {
		o.Practice = unknown{}
	}
	if o.Installation == nil {
		o.Installation = unknown{}
	}
	d := &Site{Options: o, routes: Routes()}
	var err error
	d.pages, err = loadPages(d.zone)
	return d, err
}

// zone is where the practice is.
func (d *Site) zone() *time.Location {
	if z := d.Practice.Now().Zone; z != nil {
		return z
	}
	return time.UTC
}

// Pages are the pages as the server serves them.
func (d *Site) Pages() web.Pages {
	p := web.Pages{Trouble: func(r *web.PageRequest, status int, text string) error { return d.trouble(d.request(r), status, text) }}
	for _, rt := range d.routes {
		p.Rows = append(p.Rows, web.Page{Method: rt.Method, Pattern: rt.Pattern, Action: rt.Action, Summary: rt.Summary,
			Guarded: rt.Kind.Guarded(), Quiet: rt.Quiet, Long: rt.Long, Most: rt.Most,
			Run: func(r *web.PageRequest) error { return serve(d.request(r)) }})
	}
	return p
}

// request is a request with the site's own row of its page.
func (d *Site) request(r *web.PageRequest) *Request {
	v := &Request{Site: d, PageRequest: r}
	if r.Page != nil {
		for i := range d.routes {
			if d.routes[i].Method == r.Page.Method && d.routes[i].Pattern == r.Page.Pattern {
				v.Route = &d.routes[i]
			}
		}
	}
	return v
}
