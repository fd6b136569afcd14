package pages

import (
	"cmp"
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
)

const (
	auditPath   = "/audit"
	auditEvents = 50 // on a page
)

// auditRoutes are the pages of the audit log.
func auditRoutes() []Route {
	see := needs(auth.VerbAudit)
	return []Route{
		{Method: "GET", Pattern: "audit", Kind: Staff, Action: audit.AuditView, Needs: see, Nav: "nav.audit", Summary: "Search the audit log", Run: showAudit},
		{Method: "GET", Pattern: "audit/download", Kind: Staff, Action: audit.AuditExport, Needs: see, Long: true, Summary: "The audit log, or what a search finds in it, as a file", Run: downloadAudit},
		{Method: "GET", Pattern: "audit/check", Kind: Staff, Action: audit.NoEvent, Needs: see, Summary: "How to check that nobody has changed the audit log", Run: showAuditCheck},
	}
}

// auditPage is the data of the search.
type auditPage struct {
	Form     *Form
	Actions  []option
	Outcomes []option
	Sorts    []option
	Accounts []string // that can be chosen; nil for who may not see them
	Events   []auditRow
	Columns  []auditColumn
	Sorted   string // the field, with "-" before it for the greatest first
	Asked    bool   // there is a filter
	More     bool   // the part for rare questions is open
	Later    bool   // this is not the first page
	Next     string // address of the next page
	First    string // address of the first page
	Files    []option
	Patient  string // whose record the search is about; "" if about no one patient
	Name     string // theirs, for who may read it
}

// auditRow is an event as the page shows it.
type auditRow struct {
	audit.Event
	Shown     []string // patients that are named
	Hidden    int      // and so many more
	Everybody bool
}

// auditColumn is a column and how to sort by it.
type auditColumn struct {
	Field audit.Field
	Sort  string // address of the page sorted by it
	State string // "ascending", "descending" or "none"
}

// auditFields are what a search may hold, in the order of its address.
var auditFields = []string{"since", "until", "who", "patient", "action", "outcome", "text", "from", "target", "status", "request", "sort"}

// shownPatients is how many patients a row names.
const shownPatients = 3

// auditSearch reads the search that an address holds. What is wrong about it is noted in the form.
func (v *Request) auditSearch() (f *Form, filter audit.Filter, sort audit.Sort) {
	q := v.URL.Query()
	f = NewForm()
	for _, name := range auditFields {
		if text := strings.TrimSpace(q.Get(name)); text != "" {
			f.Values.Set(name, text)
		}
	}
	filter = audit.Filter{Since: v.auditDay(f, "since", 0), Until: v.auditDay(f, "until", 1), Who: f.Get("who"), From: f.Get("from"), Target: f.Get("target"),
		Patient: fhir.BarePatient(f.Get("patient")), Outcome: audit.Outcome(f.Get("outcome")), Detail: f.Get("text"), RequestID: f.Get("request")}
	if action := f.Get("action"); action != "" {
		filter.Actions = []audit.Action{audit.Action(action)}
	}
	if f.Get("since") != "" && f.Get("until") != "" && !f.Bad() && !filter.Since.Before(filter.Until) {
		f.Fail("until", "until.before")
	}
	if filter.Patient != "" && filter.Patient != audit.Everybody && !fhir.IsID(filter.Patient) {
		f.Fail("patient", "patient.wrong")
	} else if err := filter.Check(); err != nil {
		_ = f.Refuse("", err)
	}
	field, down := strings.CutPrefix(cmp.Or(f.Get("sort"), "-time"), "-")
	sort = audit.Sort{By: audit.Field(field), Down: down}
	if !slices.Contains(audit.Fields(), sort.By) {
		sort = audit.Sort{By: audit.FieldTime, Down: true}
	}
	return f, filter, sort
}

// auditDay reads a day of the practice: the instant at which it begins, so many days later.
func (v *Request) auditDay(f *Form, field string, later int) time.Time {
	if f.Get(field) == "" {
		return time.Time{}
	}
	day, err := time.ParseInLocation(time.DateOnly, f.Get(field), v.zone())
	if err != nil {
		f.Fail(field, "day.wrong")
		return time.Time{}
	}
	return day.AddDate(0, 0, later)
}

// auditAddress is the address of a page with the search, but for what is set anew: name, value, …
func auditAddress(path string, f *Form, set ...string) string {
	q := url.Values{}
	for _, name := range auditFields {
		if f.Get(name) != "" {
			q.Set(name, f.Get(name))
		}
	}
	for i := 0; i+1 < len(set); i += 2 {
		q.Set(set[i], set[i+1])
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// showAudit answers what a search finds, the newest first.
func showAudit(v *Request) error {
	f, filter, sort := v.auditSearch()
	page := v.auditPage(f, filter, sort)
	if f.Bad() {
		return v.Invalid("audit", page)
	}
	if err := v.auditWhom(page); err != nil {
		return err
	}
	events, next, err := v.auditEvents(page, filter, audit.Page{Sort: sort, Count: auditEvents})
	if isCode(err, fhir.CodeValue) && f.Refuse("", err) == nil {
		return v.Invalid("audit", page)
	} else if err != nil {
		return err
	}
	for _, e := range events {
		page.Events = append(page.Events, auditRowOf(e))
	}
	page.First = auditAddress(auditPath, f)
	if next != "" {
		page.Next = v.NextPage(page.First, "from-row", next)
	}
	return v.Render("audit", page)
}

// auditEvents are the events on the page that the address asks for, and where the next one begins.
func (v *Request) auditEvents(page *auditPage, filter audit.Filter, p audit.Page) (events []audit.Event, next string, err error) {
	if p.Cursor, err = v.Position("from-row"); err != nil {
		return nil, "", err
	}
	page.Later = p.Cursor != ""
	return v.Store.AuditEvents(v.Context(), filter, p)
}

// auditPage is the page without what was found.
func (v *Request) auditPage(f *Form, filter audit.Filter, sort audit.Sort) *auditPage {
	page := &auditPage{Form: f, Patient: filter.Patient, Asked: len(f.Values) > 0 && (len(f.Values) > 1 || f.Get("sort") == "")}
	page.Actions = append(page.Actions, option{"", v.T("audit.any")})
	for _, a := range audit.Actions() {
		page.Actions = append(page.Actions, option{string(a), v.T("audit.action." + string(a))})
	}
	slices.SortFunc(page.Actions[1:], func(a, b option) int { return strings.Compare(a.Label, b.Label) })
	page.Outcomes = append(page.Outcomes, option{"", v.T("audit.any")})
	for _, o := range audit.Outcomes() {
		page.Outcomes = append(page.Outcomes, option{string(o), v.T("audit.outcome." + string(o))})
	}
	page.Sorted = string(sort.By)
	if sort.Down {
		page.Sorted = "-" + page.Sorted
	}
	for _, field := range audit.Fields() {
		label := v.T("audit.field." + string(field))
		page.Sorts = append(page.Sorts, option{"-" + string(field), v.T("audit.sort.down", "field", label)}, option{string(field), v.T("audit.sort.up", "field", label)})
	}
	if f.Get("sort") == "" {
		f.Values.Set("sort", page.Sorted)
		defer f.Values.Del("sort")
	}
	for _, field := range []audit.Field{audit.FieldTime, audit.FieldWho, audit.FieldAction, audit.FieldTarget, audit.FieldPatients, audit.FieldOutcome, audit.FieldFrom} {
		c := auditColumn{Field: field, State: "none", Sort: auditAddress(auditPath, f, "sort", string(field))}
		if field == audit.FieldTime {
			c.Sort = auditAddress(auditPath, f, "sort", "-time")
		}
		if field == sort.By {
			c.State, c.Sort = "ascending", auditAddress(auditPath, f, "sort", "-"+string(field))
			if sort.Down {
				c.State, c.Sort = "descending", auditAddress(auditPath, f, "sort", string(field))
			}
		}
		page.Columns = append(page.Columns, c)
	}
	for _, as := range []string{"csv", "ndjson"} {
		page.Files = append(page.Files, option{auditAddress(auditPath+"/download", f, "as", as), v.T("audit.download." + as)})
	}
	page.More = f.Get("from")+f.Get("target")+f.Get("request") != "" || sort != audit.Sort{By: audit.FieldTime, Down: true}
	return page
}

// auditWhom tells whose record the search is about, and offers the accounts to who may see them.
func (v *Request) auditWhom(page *auditPage) error {
	if page.Patient != "" && page.Patient != audit.Everybody {
		v.Saw(page.Patient)
		if v.May(readPatient(page.Patient)) {
			r, err := v.Store.Resource(v.Context(), "Patient", page.Patient)
			if err != nil && !isCode(err, fhir.CodeNotFound) {
				return err
			}
			if err == nil && !r.Deleted {
				all, err := v.personsOf([]fhir.Resource{r})
				if err != nil {
					return err
				}
				page.Name = all[0].Name
			}
		}
	}
	if !v.May(auth.Action{Verb: auth.VerbUserView}) {
		return nil
	}
	all, err := v.Store.Accounts(v.Context())
	for _, a := range all {
		page.Accounts = append(page.Accounts, a.Name)
	}
	return err
}

// auditRowOf shortens the list of patients.
func auditRowOf(e audit.Event) auditRow {
	row := auditRow{Event: e, Shown: e.Patients, Hidden: e.More}
	if len(row.Shown) > 0 && row.Shown[0] == audit.Everybody {
		row.Everybody, row.Shown = true, row.Shown[1:]
	}
	if n := len(row.Shown) - shownPatients; n > 0 {
		row.Shown, row.Hidden = row.Shown[:shownPatients], row.Hidden+n
	}
	return row
}

// auditFiles are the forms in which the log is handed out.
var auditFiles = map[string]struct {
	media string
	write func(io.Writer, iter.Seq2[audit.Event, error]) error
}{
	"csv":    {"text/csv; charset=utf-8", audit.WriteCSV},
	"ndjson": {"application/x-ndjson", audit.WriteNDJSON},
}

// downloadAudit hands out all that a search finds.
func downloadAudit(v *Request) error {
	as := v.URL.Query().Get("as")
	file, ok := auditFiles[as]
	if !ok {
		return nothingHere()
	}
	f, filter, sort := v.auditSearch()
	if f.Bad() {
		return v.Invalid("audit", v.auditPage(f, filter, sort))
	}
	if filter.Patient != "" {
		v.Saw(filter.Patient)
	}
	v.Detail("as %s", file.media)
	v.attachment("audit-"+v.Store.Now().In(v.zone()).Format(time.DateOnly)+"."+as, file.media)
	v.W.WriteHeader(http.StatusOK)
	if v.Method == http.MethodHead {
		return nil
	}
	if err := file.write(v.W, v.Store.AuditStream(context.WithoutCancel(v.Context()), filter, sort)); err != nil {
		v.Log.Error("report of the audit log cut off", "request", v.ID, "err", err.Error())
		panic(http.ErrAbortHandler) // an answer cut off must not look like a whole one
	}
	return nil
}

// showAuditCheck tells the head of the chain, and how to check the log.
func showAuditCheck(v *Request) error {
	head, err := v.Store.AuditHead(v.Context())
	if err != nil {
		return err
	}
	return v.Render("audit-check", map[string]any{"Head": head, "Machine": v.Installation.Machine(v.Context())})
}
