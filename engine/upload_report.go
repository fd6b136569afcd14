package engine

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"

	"satchel/audit"
)

// importReport writes the findings of an import as CSV into the upload's folder. A cell that a spreadsheet might run as a
// formula begins with an apostrophe instead.
type importReport struct {
	file *os.File
	csv  *csv.Writer
	rows int
	err  error
}

func newImportReport(u *Upload) (*importReport, error) {
	f, err := u.folder.OpenFile(findingsFile, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the list of findings: %w", err)
	}
	r := &importReport{file: f, csv: csv.NewWriter(f)}
	r.csv.UseCRLF = true
	r.err = r.csv.Write([]string{"file", "line", "entry", "refused", "reason"})
	return r, nil
}

// add writes a finding. After an error, or beyond a bound, nothing is written; the count of findings is kept elsewhere.
func (r *importReport) add(f Finding) {
	if r.rows++; r.err != nil || r.rows > findingsInFile {
		return
	}
	line, refused := "", "no"
	if f.Line > 0 {
		line = strconv.FormatInt(f.Line, 10)
	}
	if f.Refused {
		refused = "yes"
	}
	row := []string{f.File, line, f.Key, refused, f.Issue.Diagnostics}
	for i := range row {
		row[i] = audit.Harmless(row[i])
	}
	r.err = r.csv.Write(row)
}

// close ends the file. A list that could not be written is an error.
func (r *importReport) close() error {
	r.csv.Flush()
	if err := errors.Join(r.err, r.csv.Error(), r.file.Close()); err != nil {
		return fmt.Errorf("write the list of findings: %w", err)
	}
	return nil
}
