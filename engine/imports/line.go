package imports

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"satchel/fhir"
)

// lines reads NDJSON. A line that cannot be taken is refused, and the next one is read.
func (r *reading) lines(s *source, t *text) error {
	l := &r.line
	l.r = t.Reader
	for at := (spot{src: s, line: 1}); r.ctx.Err() == nil; at.line++ {
		line, err := l.next()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, errLong):
			r.refuse(at, nil, fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeTooLong, Diagnostics: err.Error()})
		case err != nil:
			return fmt.Errorf("line %d: %w", at.line, err)
		case len(line) > 0:
			r.add(at, offered{text: line})
		}
	}
	return nil
}

// errLong is the error for a line or entry that cannot be a resource.
var errLong = fmt.Errorf("larger than %d MB, more than one resource may have; send large content as a separate Binary", fhir.MaxResourceSize>>20)

// maxLine is the most bytes of a line, with its end.
const maxLine = fhir.MaxResourceSize + len("\r\n")

// lineReader reads lines of limited length from a text of any length.
type lineReader struct {
	r    *bufio.Reader
	long []byte // a line that does not fit into the buffer of r; kept, as long lines seldom come alone
}

// next is the next line without the white space around it, valid until the following call. A line over the limit is
// errLong; it is passed over without being kept. At the end it is io.EOF.
func (l *lineReader) next() ([]byte, error) {
	part, err := l.r.ReadSlice('\n')
	if err == nil || err == io.EOF && len(part) > 0 {
		return bytes.TrimSpace(part), nil
	}
	l.long = l.long[:0]
	tooLong := false
	for err == bufio.ErrBufferFull {
		if tooLong = tooLong || len(l.long)+len(part) > maxLine; !tooLong {
			if cap(l.long)-len(l.long) < len(part) {
				l.long = slices.Grow(l.long, max(len(l.long), len(part))) // append would copy, and leave behind, much more
			}
			l.long = append(l.long, part...)
		}
		part, err = l.r.ReadSlice('\n')
	}
	switch {
	case err != nil && (err != io.EOF || len(l.long) == 0 && !tooLong):
		return nil, err
	case tooLong || len(l.long)+len(part) > maxLine:
		return nil, errLong
	}
	l.long = append(l.long, part...)
	return bytes.TrimSpace(l.long), nil
}
