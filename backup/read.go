package backup

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"

	"satchel/storage"
)

// Archive is an archive that is open for reading.
type Archive struct {
	Note Note
	file *os.File
	zip  *zip.Reader
	sums map[string]string // SHA-256 in hexadecimal by name
}

// errEncrypted asks for a passphrase.
var errEncrypted = errors.New("the backup is encrypted; give --passphrase-file FILE")

// Open opens an archive and reads its note and its list of hashes. The caller closes it.
func Open(path, passphrase string) (b *Archive, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b = &Archive{file: f}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := b.open(passphrase); err != nil {
		return nil, fmt.Errorf("%q: %w", path, err)
	}
	return b, nil
}

func (b *Archive) open(passphrase string) error {
	info, err := b.file.Stat()
	if err != nil {
		return err
	}
	var text io.ReaderAt = b.file
	size := info.Size()
	head := make([]byte, 21)
	if n, _ := b.file.ReadAt(head, 0); string(head[:n]) == "age-encryption.org/v1" {
		if text, size, err = decrypted(b.file, size, passphrase); err != nil {
			return err
		}
	}
	if b.zip, err = zip.NewReader(text, size); err != nil {
		return fmt.Errorf("this is not a backup, or its end is missing: %w", err)
	}
	if err := b.readSums(); err != nil {
		return err
	}
	r, err := b.zip.Open(NoteFile)
	if err != nil {
		return fmt.Errorf("this is not a backup of Satchel: %w", err)
	}
	defer r.Close()
	if err := json.NewDecoder(io.LimitReader(r, 1<<20)).Decode(&b.Note); err != nil {
		return fmt.Errorf("%s: %w", NoteFile, err)
	}
	if b.Note.Format != 1 {
		return fmt.Errorf("the backup has format %d and this version reads format 1; use satchel %s", b.Note.Format, b.Note.By.Version)
	}
	if b.Note.Contents.Schema > storage.Schema() {
		return fmt.Errorf("the backup has database schema %d, newer than schema %d of this program; use satchel %s",
			b.Note.Contents.Schema, storage.Schema(), b.Note.By.Version)
	}
	return nil
}

func decrypted(f *os.File, size int64, passphrase string) (io.ReaderAt, int64, error) {
	if passphrase == "" {
		return nil, 0, errEncrypted
	}
	who, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, 0, err
	}
	who.SetMaxWorkFactor(22)
	r, n, err := age.DecryptReaderAt(f, size, who)
	if err != nil {
		return nil, 0, fmt.Errorf("the passphrase does not open it: %w", err)
	}
	return r, n, nil
}

// readSums reads the list of hashes, and holds it against the list of files: neither may have more than the other.
func (b *Archive) readSums() error {
	r, err := b.zip.Open(sumsFile)
	if err != nil {
		return fmt.Errorf("this is not a backup of Satchel: %w", err)
	}
	defer r.Close()
	b.sums = map[string]string{}
	lines := bufio.NewScanner(io.LimitReader(r, 16<<20))
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			return fmt.Errorf("%s has a line that is not one", sumsFile)
		}
		b.sums[name] = sum
	}
	if err := lines.Err(); err != nil {
		return err
	}
	var names []string
	for _, f := range b.zip.File {
		if f.Name != sumsFile {
			names = append(names, f.Name)
		}
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || strings.HasSuffix(f.Name, "/") {
			return fmt.Errorf("the backup has a file %q, which could lead anywhere", f.Name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, slices.Sorted(maps.Keys(b.sums))) {
		return fmt.Errorf("the backup does not hold the files that its %s lists", sumsFile)
	}
	return nil
}

// Extract writes all files of the archive into a folder that is there, and compares each with its hash.
func (b *Archive) Extract(ctx context.Context, folder string) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range b.zip.File {
		if f.Name == sumsFile {
			continue
		}
		if err := b.extractFile(ctx, root, f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func (b *Archive) extractFile(ctx context.Context, root *os.Root, f *zip.File) error {
	name := filepath.FromSlash(f.Name)
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // synced with the others before they are moved in
	if err != nil {
		return err
	}
	defer w.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), contextReader{ctx, r}); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != b.sums[f.Name] {
		return errors.New("it is damaged: its SHA-256 is not the one that was noted")
	}
	return w.Close()
}

// Check looks whether an extracted backup is whole: what the note says is there, SQLite finds nothing wrong, and every
// version of every resource is what was once stored. An older database is migrated by it.
func (b *Archive) Check(ctx context.Context, folder string) error {
	database := filepath.Join(folder, databaseFile)
	got, err := storage.Inspect(ctx, database)
	if err != nil {
		return err
	}
	want, err1 := json.Marshal(b.Note.Contents)
	have, err2 := json.Marshal(got)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if !bytes.Equal(want, have) {
		return fmt.Errorf("the database holds %s, but the backup notes %s", have, want)
	}
	s, err := storage.Open(ctx, database, storage.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	findings, err := s.Integrity(ctx)
	if err == nil && len(findings) > 0 {
		err = fmt.Errorf("the database is damaged: %s", strings.Join(findings, "; "))
	}
	if err != nil {
		return err
	}
	checked, damaged, err := s.VerifyHashes(ctx)
	switch {
	case err != nil:
		return err
	case len(damaged) > 0:
		return fmt.Errorf("%d versions are damaged, such as %s", len(damaged), damaged[0])
	case checked != b.Note.Contents.Versions:
		return fmt.Errorf("the database holds %d versions and the backup notes %d", checked, b.Note.Contents.Versions)
	}
	verdict, err := s.VerifyAudit(ctx)
	if err == nil && len(verdict.Faults) > 0 {
		err = fmt.Errorf("the audit log has %d faults; see `satchel audit verify`", len(verdict.Faults))
	}
	return errors.Join(err, s.Close())
}

func (b *Archive) Close() error { return b.file.Close() }
