// Package secretfile reads passwords and passphrases from the first line of a file.
package secretfile

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// Passphrase reads the first line of a file; "" without a file.
func Passphrase(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("passphrase: %w", err)
	}
	defer f.Close()
	text, err := FirstLine(f)
	if err == nil && len(text) < 12 {
		err = fmt.Errorf("the passphrase in %q has %d characters; use 12 or more", path, len(text))
	}
	return text, err
}

// FirstLine reads up to the first line end.
func FirstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
