package storage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"

	"satchel/audit"
)

// AppendAuditAnchor adds an anchor as one line to the file at path, which its owner alone may read, and syncs it.
// A line that a crash cut short is left as it is; the anchor begins a new one.
func AppendAuditAnchor(path string, a audit.Anchor) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep the anchor of the audit log: %w", err)
		}
	}()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	line := a.String() + "\n"
	if i, err := f.Stat(); err != nil {
		return err
	} else if i.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, i.Size()-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = "\n" + line
		}
	}
	if _, err := f.WriteString(line); err != nil {
		return err
	}
	return f.Sync()
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
