package storage

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"satchel/internal/durable"
)

// keyBytes is the length of a key: AES-256, HMAC-SHA-256.
const keyBytes = 32

// CursorKeyFile lies beside the database, for its owner alone, and holds the key by which a server knows the page links that it
// gave. Backups leave it out: in a database that was restored the positions of those links are not what they were.
const CursorKeyFile = "cursor_key"

// CursorKey is the key of page links, 32 bytes. It is made at the first use, and so is a new one if the file does not hold a
// key any more, which costs no more than the links that are in use.
func (s *Store) CursorKey() ([]byte, error) {
	path := filepath.Join(filepath.Dir(s.path), CursorKeyFile)
	key, err := readKey(path)
	if errors.Is(err, errNoKey) {
		if err = os.Remove(path); err == nil {
			err = fs.ErrNotExist
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		key, err = newKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key of page links: %w", err)
	}
	return key, nil
}

// newKey makes the key file, or reads the one that another process made meanwhile.
func newKey(path string) ([]byte, error) {
	key := make([]byte, keyBytes)
	rand.Read(key) // never fails (crypto/rand)
	text := durable.Bytes([]byte(hex.EncodeToString(key) + "\n"))
	err := durable.Write(path, durable.Options{Exclusive: true, FolderOwner: true}, text)
	if errors.Is(err, fs.ErrExist) {
		return readKey(path)
	}
	return key, err
}

// errNoKey is the error for a file that is there and holds something else.
var errNoKey = errors.New("no key")

// readKey reads a key file. Without one the error is fs.ErrNotExist.
func readKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("%q holds %w of %d hex digits; restore it from a backup", path, errNoKey, 2*keyBytes)
	}
	return key, nil
}
