package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"

	"satchel/engine/imports"
)

// reportFile is what an import has to say, one line of JSON per finding. It holds places and reasons, never values. The
// file is made with the first finding.
type reportFile struct {
	path    string
	lines   int64
	refused int64

	file *os.File
	w    *bufio.Writer
	err  error
}

// reportLine is one line of a report.
type reportLine struct {
	File        string `json:"file"`
	Line        int64  `json:"line,omitempty"`
	Key         string `json:"resource,omitempty"`
	Refused     bool   `json:"refused"`
	Severity    string `json:"severity"`
	Code        string `json:"code"`
	Expression  string `json:"expression,omitempty"`
	Diagnostics string `json:"diagnostics"`
}

// add writes one finding. The first error stays and comes out of close.
func (r *reportFile) add(f imports.Finding) {
	r.lines++
	if f.Refused {
		r.refused++
	}
	if r.file == nil && r.err == nil {
		if r.file, r.err = os.OpenFile(r.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); r.err == nil {
			r.w = bufio.NewWriter(r.file)
		}
	}
	if r.err != nil {
		return
	}
	r.err = json.NewEncoder(r.w).Encode(reportLine{
		File: f.File, Line: f.Line, Key: f.Key, Refused: f.Refused,
		Severity: string(f.Issue.Severity), Code: string(f.Issue.Code), Expression: f.Issue.Expression, Diagnostics: f.Issue.Diagnostics,
	})
}

// close completes the file.
func (r *reportFile) close() error {
	if r.file == nil {
		return r.err
	}
	return errors.Join(r.err, r.w.Flush(), r.file.Close())
}
