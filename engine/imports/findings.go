package imports

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"

	"satchel/audit"
	"satchel/internal/durable"
	"satchel/storage"
)

// Limits of what is kept of an import's findings. All of them are counted.
const (
	findingsKept   = 200 // of refusals, and likewise of remarks, in the database
	findingsInFile = 1_000_000
	findingText    = 500        // bytes of each text in the database
	listFindings   = "findings" // see [storage.JobFile]
)

// FindingsFile is the name of the job's file with all findings.
const FindingsFile = "findings.csv"

// findings takes what an import has to say: all of it as CSV in the job's folder, and the first of it for the job's row. A
// cell that a spreadsheet might run as a formula begins with an apostrophe instead.
type findings struct {
	folder           *os.Root
	file             *durable.File
	sum              hash.Hash
	csv              *csv.Writer
	err              error
	refused, remarks int64
	first            [2][]storage.JobFinding // refusals, remarks
	files            []storage.JobFile       // the CSV, once it is closed
}

// open begins the CSV, in the place of one that an interrupted run left.
func (f *findings) open(folder *os.Root) error {
	file, err := durable.In(folder).Begin(FindingsFile, durable.Options{})
	if err != nil {
		return fmt.Errorf("make the list of findings: %w", err)
	}
	f.folder, f.file, f.sum = folder, file, sha256.New()
	f.csv = csv.NewWriter(io.MultiWriter(file, f.sum))
	f.csv.UseCRLF = true
	f.err = f.csv.Write([]string{"file", "line", "entry", "refused", "reason"})
	return nil
}

// add takes a finding.
func (f *findings) add(found Finding) {
	list, n := &f.first[1], &f.remarks
	if found.Refused {
		list, n = &f.first[0], &f.refused
	}
	if *n++; len(*list) < findingsKept {
		*list = append(*list, storage.JobFinding{File: shortened(found.File), Line: found.Line, Entry: shortened(found.Key), Refused: found.Refused, Reason: shortened(found.Issue.Diagnostics)})
	}
	if f.err == nil && f.refused+f.remarks <= findingsInFile {
		f.err = f.csv.Write(found.row())
	}
}

// row is the line of a finding in the CSV.
func (f Finding) row() []string {
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
	return row
}

// kept is what the job's row holds of the findings: the first refusals, then the first remarks.
func (f *findings) kept() []storage.JobFinding { return append(f.first[0], f.first[1]...) }

// close ends the file and brings it to the disk. A list that could not be written is an error; one that says nothing is no
// file of the job.
func (f *findings) close() error {
	f.csv.Flush()
	err := errors.Join(f.err, f.csv.Error())
	if err != nil {
		f.file.Discard()
	} else {
		err = errors.Join(f.file.Place(), durable.In(f.folder).Sync())
	}
	if err != nil {
		return fmt.Errorf("write the list of findings: %w", err)
	}
	if n := f.refused + f.remarks; n > 0 {
		f.files = []storage.JobFile{{Name: FindingsFile, List: listFindings, Count: min(n, findingsInFile), Bytes: f.file.Size(), SHA256: f.sum.Sum(nil)}}
	}
	return nil
}

// shortened is a text as the database keeps it.
func shortened(text string) string {
	if len(text) > findingText {
		text = strings.ToValidUTF8(text[:findingText], "") + "…"
	}
	return text
}
