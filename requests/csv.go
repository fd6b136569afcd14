package requests

import (
	"encoding/csv"
	"encoding/hex"
	"io"
	"iter"
	"strconv"
	"strings"

	"satchel/audit"
	"satchel/fhir"
)

// csvHeader names the columns of the CSV.
var csvHeader = []string{"number", "state", "received", "due", "extended", "answered", "late", "channel", "requester", "role", "organization", "authority", "phone",
	"email", "address", "patient", "patient_name", "patient_birth_date", "patient_number", "scope", "asked", "purpose", "wish", "recorded_by", "identity_check",
	"checked_by", "decision", "decided_by", "decided", "grounds", "decision_text", "disclosures", "recipients", "ways", "sha256"}

// WriteCSV writes a header and one row per request (RFC 4180, lines end with CR LF), and stops at the first error of either
// side. A cell that a spreadsheet might run as a formula begins with an apostrophe instead.
func WriteCSV(w io.Writer, entries iter.Seq2[Entry, error]) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(csvHeader); err != nil {
		return err
	}
	for e, err := range entries {
		if err != nil {
			return err
		}
		row := e.cells()
		for i := range row {
			row[i] = audit.Harmless(row[i])
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// cells are the texts of one row.
func (e Entry) cells() []string {
	q, s := e.Requester, e.Subject
	row := []string{e.Number, string(e.State), e.Received.String(), e.Due.String(), "", e.Answered.String(), strconv.FormatBool(e.Late), string(e.Channel), q.Name,
		string(q.Role), q.Organization, q.Authority, q.Phone, q.Email, q.Address, e.Patient, s.Name, s.BirthDate, s.Number, string(e.Scope), e.Asked, e.Purpose,
		string(e.Wish), e.RecordedBy, "", "", "", "", "", "", "", strconv.Itoa(len(e.Given)), "", "", ""}
	set := func(column, text string) { row[columnOf[column]] = text }
	if e.Extension != nil {
		set("extended", e.Extension.Reason)
	}
	if c := e.Check; c != nil {
		set("identity_check", string(c.How))
		set("checked_by", c.By)
	}
	if d, ok := e.Decided(); ok {
		set("decision", string(d.Kind))
		set("decided_by", d.By)
		set("decided", fhir.FormatInstant(d.At))
		set("grounds", strings.Join(codes(d.Grounds), "; "))
		set("decision_text", d.Text)
	}
	var to, ways, sums []string
	for _, g := range e.Given {
		to, ways, sums = append(to, g.Recipient), append(ways, g.Way), append(sums, hex.EncodeToString(g.SHA256))
	}
	set("recipients", strings.Join(to, "; "))
	set("ways", strings.Join(ways, "; "))
	set("sha256", strings.Join(sums, "; "))
	return row
}

// columnOf is the place of each column.
var columnOf = func() map[string]int {
	m := map[string]int{}
	for i, name := range csvHeader {
		m[name] = i
	}
	return m
}()
