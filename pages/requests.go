package pages

import (
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/requests"
)

const requestsPath = "/requests"

// requestRoutes are the pages of people who ask for records. What is done with a request stands in its history and in the
// audit log by the ledger itself.
func requestRoutes() []Route {
	may := needs(auth.VerbRequest)
	return []Route{
		{Method: "GET", Pattern: "requests", Kind: Staff, Action: audit.RequestList, Needs: may, Summary: "Requests for records, the most urgent first", Run: listRequests, Nav: "nav.requests"},
		{Method: "GET", Pattern: "requests/new", Kind: Staff, Action: audit.RequestRead, Needs: may, Summary: "The form that takes a request in", Run: showIntake},
		{Method: "POST", Pattern: "requests/new", Kind: Staff, Action: audit.RequestAdd, Needs: may, Summary: "Take a request in, or look for its patient", Run: takeIn},
		{Method: "GET", Pattern: "requests/download/{form}", Kind: Staff, Action: audit.RequestExport, Long: true, Needs: may, Summary: "The ledger of requests as a file: csv, bundle or ndjson", Run: downloadLedger},
		{Method: "GET", Pattern: "requests/{id}", Kind: Staff, Action: audit.RequestRead, Needs: may, Summary: "One request: what it is, what is next, its history", Run: showRequest},
		{Method: "GET", Pattern: "requests/{id}/progress", Kind: Staff, Action: audit.NoEvent, Quiet: true, Needs: may, Summary: "For scripts: how far the package of a request is", Run: showRequestProgress},
		{Method: "GET", Pattern: "requests/{id}/do/{step}", Kind: Staff, Action: audit.RequestRead, Needs: may, Summary: "The form for a step of a request", Run: showStep},
		{Method: "POST", Pattern: "requests/{id}/do/{step}", Kind: Staff, Action: audit.RequestStep, Long: true, Needs: may, Summary: "Do a step of a request", Run: doStep},
		{Method: "GET", Pattern: "requests/{id}/file/{file}", Kind: Staff, Action: audit.ExportFile, Long: true, Needs: may, Summary: "Download a file that a request's package has", Run: downloadRequest},
	}
}

// ledger is the ledger of requests; a server without one has none of its pages.
func (v *Request) ledger() (*requests.Ledger, error) {
	if v.Requests == nil {
		return nil, fhir.Errorf(fhir.CodeNotFound, "this server keeps no ledger of requests")
	}
	return v.Requests, nil
}

// by is whoever is signed in, as the ledger knows who does something.
func (v *Request) by() requests.By {
	return requests.By{Who: audit.Who{Name: v.Who.Name, Kind: audit.User}, From: v.Address.String(), RequestID: v.ID}
}

// dueTerm is how much time a request has left, in words and as a colour.
type dueTerm struct {
	Left  int
	Tag   string // class of the tag: "" is calm
	Since string // day from which on it is overdue
	Open  bool   // an answer is still owed
	Late  bool   // it was answered too late
	On    string // day of the answer
}

// dueOf tells how much time a request has left.
func dueOf(l *requests.Ledger, r requests.Request) dueTerm {
	today := l.Today()
	tag := map[requests.Level]string{requests.LevelOverdue: "bad", requests.LevelUrgent: "bad", requests.LevelSoon: "warn"}[l.Level(r, today)]
	return dueTerm{Left: r.Left(today), Tag: tag, Since: (r.Due + 1).Long(), Open: r.State.IsOpen(), Late: r.Late, On: r.Answered.Long()}
}

// requestRow is a request as lists show it.
type requestRow struct {
	requests.Request
	Due     dueTerm
	Next    string // the step that is next; "": none is, for this account
	Subject string // whose record it is
}

// rowOf is a request as lists show it; the audit log learns its patient.
func (v *Request) rowOf(l *requests.Ledger, r requests.Request) requestRow {
	if r.Patient != "" {
		v.Saw(r.Patient)
	}
	return requestRow{Request: r, Due: dueOf(l, r), Next: v.nextStep(l, r), Subject: r.Details.Subject.Name}
}

// pageOfRequests is how many requests are on a page.
const pageOfRequests = 50

// board is the data of the list of requests.
type board struct {
	Form    *Form
	Shows   []option
	Rows    []requestRow
	Counts  requests.Counts
	Any     bool // the ledger has a request
	Asked   bool // something was looked for
	Next    string
	First   string // address of the first page; "" if this is it
	Today   string
	Overdue int
	Soon    int // urgent ones included
	Ready   int
}

// What the list can show beside the states.
const (
	showOpen    = "open"
	showOverdue = "overdue"
	showLate    = "late"
	showAll     = "all"
)

// listRequests answers the board.
func listRequests(v *Request) error {
	l, err := v.ledger()
	if err != nil {
		return err
	}
	q := v.URL.Query()
	b := board{Form: NewForm("q", strings.TrimSpace(q.Get("q")), "show", q.Get("show")), Shows: v.boardShows(), Today: l.Today().Long()}
	filter, order := boardFilter(l, b.Form)
	if b.Counts, err = l.Counts(v.Context()); err != nil {
		return err
	}
	if order.Cursor, err = v.Position("from"); err != nil {
		return err
	}
	found, next, err := l.Requests(v.Context(), filter, order)
	if err != nil {
		return err
	}
	for _, r := range found {
		b.Rows = append(b.Rows, v.rowOf(l, r))
	}
	b.Any, b.Ready = len(b.Counts.States) > 0, b.Counts.States[requests.Ready]
	b.Asked = b.Form.Get("q") != "" || b.Form.Get("show") != showOpen
	b.Overdue, b.Soon = b.Counts.Levels[requests.LevelOverdue], b.Counts.Levels[requests.LevelSoon]+b.Counts.Levels[requests.LevelUrgent]
	if next != "" {
		b.Next = v.NextPage(b.address(), "from", next)
	}
	if order.Cursor != "" {
		b.First = b.address()
	}
	return v.Render("requests", b)
}

// address is that of the first page of the same list.
func (b board) address() string {
	return requestsPath + "?" + url.Values{"show": {b.Form.Get("show")}, "q": {b.Form.Get("q")}}.Encode()
}

// boardShows are what the list can show.
func (v *Request) boardShows() []option {
	all := []option{{showOpen, v.T("requests.show.open")}, {showOverdue, v.T("requests.show.overdue")}}
	for _, s := range requests.States() {
		all = append(all, option{string(s), v.T("requests.state." + string(s))})
	}
	return append(all, option{showLate, v.T("requests.show.late")}, option{showAll, v.T("requests.show.all")})
}

// boardFilter is what the list shall show. A search without a choice looks in all requests.
func boardFilter(l *requests.Ledger, f *Form) (requests.Filter, requests.Page) {
	filter, order := requests.Filter{Text: f.Get("q")}, requests.Page{Count: pageOfRequests}
	show := f.Get("show")
	if show == "" && filter.Text != "" {
		show = showAll
	}
	switch state := requests.State(show); {
	case show == showAll:
		order.By, order.Down = "number", true
	case show == showLate:
		filter.Late = true
		order.By, order.Down = "number", true
	case show == showOverdue:
		filter.States, filter.DueUpto = requests.Open(), l.Today()-1
	case slices.Contains(requests.States(), state):
		filter.States = []requests.State{state}
		if !state.IsOpen() {
			order.By, order.Down = "changed", true
		}
	default:
		show = showOpen
		filter.States = requests.Open()
	}
	f.Values.Set("show", show)
	return filter, order
}

// ledgerForms are the files as which the ledger can be taken along.
var ledgerForms = map[string]struct {
	name, media string
}{
	"csv":    {".csv", "text/csv; charset=utf-8"},
	"bundle": {".json", "application/fhir+json"},
	"ndjson": {".ndjson", "application/fhir+ndjson"},
}

// downloadLedger hands out the whole ledger, as long as it takes.
func downloadLedger(v *Request) error {
	l, err := v.ledger()
	if err != nil {
		return err
	}
	form, ok := ledgerForms[v.Value("form")]
	if !ok {
		return nothingHere()
	}
	patients, err := requests.Patients(v.Context(), v.Store, requests.Filter{})
	if err != nil {
		return err
	}
	v.Saw(patients...)
	v.Detail("all requests, %s", v.Value("form"))
	entries := l.Entries(v.Context(), requests.Filter{})
	v.attachment("requests-"+l.Today().String()+form.name, form.media)
	write := map[string]func(io.Writer, iter.Seq2[requests.Entry, error]) error{"csv": requests.WriteCSV, "bundle": requests.WriteBundle, "ndjson": requests.WriteFHIR}
	if err := write[v.Value("form")](v.W, entries); err != nil {
		v.Log.Error("ledger of requests cut off", "request", v.ID, "err", err.Error())
		panic(http.ErrAbortHandler) // an answer cut off must not look like a whole one
	}
	return nil
}
