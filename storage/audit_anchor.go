package storage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"

	"satchel/audit"
	"satchel/internal/durable"
)

// AppendAuditAnchor adds an anchor as one line to the file at path, which the owner of its folder alone may read, and
// returns once it is on the disk. A line that a crash cut short is left as it is; the anchor begins a new one.
func AppendAuditAnchor(path string, a audit.Anchor) error {
	err := durable.Append(path, durable.Options{FolderOwner: true}, func(f *os.File) error {
		begin, err := lineBegin(f)
		if err != nil {
			return err
		}
		_, err = f.WriteString(begin + a.String() + "\n")
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the anchor of the audit log: %w", err)
	}
	return nil
}

// lineBegin is what to write before a new line: a line feed if the last line of the file has none.
func lineBegin(f *os.File) (string, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return "", err
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil || last[0] == '\n' {
		return "", err
	}
	return "\n", nil
}

// ReadAuditAnchors reads the anchors of a file that [AppendAuditAnchor] wrote. A file that is not there has none. Lines
// that are no anchors make an error that names them; the anchors of the other lines are answered all the same.
func ReadAuditAnchors(path string) ([]audit.Anchor, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the anchors of the audit log: %w", err)
	}
	var anchors []audit.Anchor
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		a, bad := audit.ParseAnchor(lines.Text())
		if bad != nil {
			err = errors.Join(err, fmt.Errorf("%s:%d: %w", path, n, bad))
			continue
		}
		anchors = append(anchors, a)
	}
	return anchors, errors.Join(err, lines.Err())
}
