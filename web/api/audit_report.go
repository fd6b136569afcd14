package api

import (
	"context"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"satchel/web"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
)

// auditPath is the address of the report.
const auditPath = "/api/audit"

// auditPage is a page of the audit log.
type auditPage struct {
	Events []jsontext.Value `json:"events"`
	Next   string           `json:"next,omitempty"` // address of the next page
}

// auditStreams are the media types in which the whole report comes at once, and who writes them.
var auditStreams = map[string]struct {
	name  string
	write func(io.Writer, iter.Seq2[audit.Event, error]) error
}{
	"text/csv":                {"audit.csv", audit.WriteCSV},
	"application/x-ndjson":    {"audit.ndjson", audit.WriteNDJSON},
	"application/ndjson":      {"audit.ndjson", audit.WriteNDJSON},
	"application/fhir+ndjson": {"AuditEvent.ndjson", audit.WriteFHIR},
}

// auditLog answers events of the audit log: GET /api/audit. JSON comes page by page; CSV, NDJSON and AuditEvents, if Accept
// names one of them first, come whole.
func auditLog(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbAudit); err != nil {
		return err
	}
	f, p, err := auditQuery(c)
	if err != nil {
		return err
	}
	if f.Patient != "" {
		c.Answer.Trail.AddPatients(f.Patient)
	}
	media := auditMedia(c)
	if stream, ok := auditStreams[media]; ok {
		c.Answer.Trail.Action = audit.AuditExport // the log leaves as a whole
		c.Answer.Trail.Words("as %s", media)
		w.Header().Set("Content-Type", media)
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": stream.name}))
		w.WriteHeader(http.StatusOK)
		if c.Method == http.MethodHead {
			return nil
		}
		if err := stream.write(w, c.Server.Store.AuditStream(context.WithoutCancel(c.Context()), f, p.Sort)); err != nil {
			c.Server.Log.Error("report of the audit log cut off", "request", c.Answer.ID, "err", err.Error())
			panic(http.ErrAbortHandler) // an answer cut off must not look like a whole one
		}
		return nil
	}
	if err := web.Acceptable(c.Format, c.Header.Values("Accept")); err != nil {
		return err
	}
	events, next, err := c.Server.Store.AuditEvents(c.Context(), f, p)
	if err != nil {
		return err
	}
	page := auditPage{Events: []jsontext.Value{}}
	for _, e := range events {
		page.Events = append(page.Events, audit.JSON(e))
	}
	if next != "" {
		kept := web.Without(c.Params, web.CursorParam)
		kept = append(kept, fhir.Param{Name: web.CursorParam, Value: c.Cursor(auditPath, kept, next)})
		page.Next = strings.TrimSuffix(c.Base, web.FHIRPath) + auditPath + "?" + web.QueryText(kept)
	}
	return c.SendValue(w, http.StatusOK, page)
}

// auditMedia is what Accept or _format names first.
func auditMedia(c *web.Call) string {
	if c.Format != "" {
		if media, ok := map[string]string{"csv": "text/csv", "ndjson": "application/x-ndjson"}[c.Format]; ok {
			return media
		}
		return strings.ReplaceAll(c.Format, " ", "+")
	}
	if list := web.AcceptList(c.Header.Values("Accept")); len(list) > 0 {
		return list[0].Media
	}
	return ""
}

// auditQuery reads the filter, the order and the page.
func auditQuery(c *web.Call) (f audit.Filter, p audit.Page, err error) {
	texts := map[string]*string{"who": &f.Who, "kind": (*string)(&f.Kind), "from": &f.From, "target": &f.Target, "patient": &f.Patient,
		"outcome": (*string)(&f.Outcome), "detail": &f.Detail, "request": &f.RequestID}
	p.Sort.Down = true // the newest first, unless it says otherwise
	seen := map[string]bool{}
	for _, x := range c.Params {
		if seen[x.Name] && x.Name != "action" {
			return f, p, fhir.Errorf(fhir.CodeInvalid, "%s is given twice; give it once", web.Printable(x.Name))
		}
		seen[x.Name] = true
		if x.Name == web.CursorParam {
			continue // read below, once all is there that it continues
		}
		if text := texts[x.Name]; text != nil {
			*text = x.Value
			continue
		}
		if err := auditParam(&f, &p, x); err != nil {
			return f, p, err
		}
	}
	if err := f.Check(); err != nil {
		return f, p, err
	}
	p.Cursor, err = c.Position(web.CursorParam, auditPath, web.Without(c.Params, web.CursorParam))
	return f, p, err
}

// auditParam reads what is no plain text.
func auditParam(f *audit.Filter, p *audit.Page, x fhir.Param) (err error) {
	switch x.Name {
	case "since":
		f.Since, err = auditTime(x)
	case "until":
		f.Until, err = auditTime(x)
	case "action":
		for word := range strings.SplitSeq(x.Value, ",") {
			f.Actions = append(f.Actions, audit.Action(word))
		}
	case "status":
		if f.Status, err = strconv.Atoi(x.Value); err != nil {
			err = fhir.Errorf(fhir.CodeValue, "status is %q: write a number such as 403", web.Printable(x.Value))
		}
	case "_count":
		p.Count, err = web.ReadCount(x.Value)
		p.Count = max(p.Count, 1)
	case "_sort":
		var field string
		field, p.Sort.Down = strings.CutPrefix(x.Value, "-")
		p.Sort.By = audit.Field(field)
		if !slices.Contains(audit.Fields(), p.Sort.By) {
			err = fhir.Errorf(fhir.CodeValue, "_sort is %q: write one of %v, with \"-\" before it for the greatest first", web.Printable(x.Value), audit.Fields())
		}
	default:
		err = fhir.Errorf(fhir.CodeNotSupported, "%s is no parameter of the audit log; these are: %s", web.Printable(x.Name), strings.Join(web.AuditParams, ", "))
	}
	return err
}

// auditTime reads an instant, or a day for the instant at which it begins in UTC.
func auditTime(x fhir.Param) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, x.Value); err == nil {
		return t, nil
	}
	t, err := fhir.ParseInstant(x.Value)
	if err != nil {
		return t, fhir.Errorf(fhir.CodeValue, "%s is %q: write a day such as 2026-01-31, or an instant such as 2026-01-31T08:30:00Z, with \"+\" written as %s",
			x.Name, web.Printable(x.Value), url.QueryEscape("+"))
	}
	return t, nil
}
