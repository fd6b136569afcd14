package audit

import (
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"

	"satchel/fhir"
)

// header names the columns of the CSV. They have the order of [Fields], with seq before them and the hash at the end.
var header = []string{"seq", "time", "who", "kind", "from", "action", "target", "patients", "more_patients", "outcome", "status", "detail", "request", "hash"}

// WriteCSV writes a header and one row per event (RFC 4180, lines end with CR LF), and stops at the first error of
// either side. A cell that a spreadsheet might run as a formula begins with an apostrophe instead.
func WriteCSV(w io.Writer, events iter.Seq2[Event, error]) error {
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(header); err != nil {
		return err
	}
	for e, err := range events {
		if err != nil {
			return err
		}
		if err := c.Write(cells(e)); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// cells are the texts of one row.
func cells(e Event) []string {
	row := []string{
		strconv.FormatInt(e.Seq, 10), fhir.FormatInstant(e.Time), e.Who.Name, string(e.Who.Kind), e.From, string(e.Action), e.Target,
		strings.Join(e.Patients, " "), strconv.Itoa(e.More), string(e.Outcome), strconv.Itoa(e.Status), e.Detail, e.RequestID, e.Hash,
	}
	for i := range row {
		row[i] = Harmless(row[i])
	}
	return row
}

// Harmless puts an apostrophe before what a spreadsheet takes for a formula: a text that begins with = + - @, a tab or
// an end of line, also after spaces, which some of them skip.
func Harmless(cell string) string {
	rest := strings.TrimLeft(cell, " \u00A0")
	if rest != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", firstRune(rest)) {
		return "'" + cell
	}
	return cell
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}
