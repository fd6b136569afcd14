package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/audit"
	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// shownRequest is a request as `request show --json` tells it.
type shownRequest struct {
	requests.Request
	History     []shownStep       `json:"history"`
	Disclosures []shownDisclosure `json:"disclosures"`
}

type shownStep struct {
	Time   string         `json:"time"`
	Who    string         `json:"who"`
	Step   string         `json:"step"`
	Before requests.State `json:"before,omitempty"`
	After  requests.State `json:"after"`
	Note   string         `json:"note,omitempty"`
}

type shownDisclosure struct {
	Time    string `json:"time"`
	Who     string `json:"who"`
	To      string `json:"to"`
	Way     string `json:"way"`
	Form    string `json:"form"`
	File    string `json:"file,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	Bytes   int64  `json:"bytes"`
	Verdict string `json:"verdict"`
}

func cmdRequestShow(at *common) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show NUMBER",
		Short: "Show one request with its history and what was given",
		Args:  someArgs(1, false, "the number of a request, such as 2026-0017"),
		RunE: func(c *cobra.Command, args []string) error {
			return at.withLedger(c.Context(), func(s *storage.Store, l *requests.Ledger) error {
				e, err := l.Entry(c.Context(), args[0])
				if err != nil {
					return err
				}
				note := audit.Event{Who: whoRuns(), Action: audit.RequestRead, Target: e.Number, Patients: patientsOf([]requests.Request{e.Request})}
				if err := s.Audit(c.Context(), note); err != nil {
					return err
				}
				shown := showRequest(e)
				if asJSON {
					return json.NewEncoder(c.OutOrStdout()).Encode(shown)
				}
				return printRequest(c.OutOrStdout(), l, shown)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

func showRequest(e requests.Entry) shownRequest {
	r := shownRequest{Request: e.Request, History: []shownStep{}, Disclosures: []shownDisclosure{}}
	for _, s := range e.Events {
		who := s.Who.Name
		if who == "" {
			who = string(s.Who.Kind)
		}
		r.History = append(r.History, shownStep{fhir.FormatInstant(s.Time), who, s.Step, requests.State(s.Before), requests.State(s.After), s.Note})
	}
	for _, d := range e.Given {
		r.Disclosures = append(r.Disclosures, shownDisclosure{fhir.FormatInstant(d.Time), d.Who, d.Recipient, d.Way, d.Form, d.File, fmt.Sprintf("%x", d.SHA256), d.Bytes, d.Verdict})
	}
	return r
}

func printRequest(out io.Writer, l *requests.Ledger, r shownRequest) error {
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	row := func(name, text string) {
		if text != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, seenText(text))
		}
	}
	q := r.Requester
	row("Number", r.Number)
	row("State", string(r.State))
	row("Received", r.Received.String()+" "+r.Channel.Text())
	row("Due", r.Due.String()+", "+daysLeft(l, r.Request))
	row("Requester", q.Name+", "+q.Role.Text())
	row("Organization", q.Organization)
	row("Authority", q.Authority)
	row("Phone", q.Phone)
	row("E-mail", q.Email)
	row("Address", q.Address)
	row("Patient", subjectOf(r.Request))
	row("Asked", r.Scope.Text())
	row("In words", r.Asked)
	row("Purpose", r.Purpose)
	row("Wish", r.Wish.Text())
	if c := r.Check; c != nil {
		row("Identity", c.How.Text()+", checked by "+c.By)
	}
	if x := r.Extension; x != nil {
		row("Extended", fmt.Sprintf("by %d days: %s", x.Days, x.Reason))
	}
	row("Failure", r.Failure)
	for _, n := range r.Notes {
		row("Note", n.By+": "+n.Text)
	}
	for _, s := range r.History {
		row(s.Time, fmt.Sprintf("%s by %s, now %s. %s", s.Step, s.Who, s.After, s.Note))
	}
	for _, d := range r.Disclosures {
		row(d.Time, fmt.Sprintf("gave %s to %s by %s: %s", d.Form, d.To, d.Who, d.File))
		row("  SHA-256", d.SHA256)
	}
	return t.Flush()
}
