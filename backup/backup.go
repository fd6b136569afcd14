// Package backup makes backups of a data directory, on request and by schedule, checks them, and restores them.
package backup

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/flate"

	"satchel/config"
	"satchel/datadir"
	"satchel/internal/about"
	"satchel/internal/durable"
	"satchel/storage"
)

// A backup is one ZIP archive, encrypted by age if there is a passphrase. It holds a consistent copy of the database,
// the settings, the keys and every other small file of the data directory, a note of what is in it, and the SHA-256 of
// each in the form that sha256sum -c reads. Exported files are not in it: they can be made again.
const (
	databaseFile = "satchel.db"
	NoteFile     = "backup.json"
	sumsFile     = "SHA256SUMS"
	copySuffix   = ".db.tmp" // after the name of the archive: the copy of the database that goes into it
)

// Note is what a backup says about itself.
type Note struct {
	Format   int              `json:"format"` // 1
	Made     time.Time        `json:"made"`
	By       about.Program    `json:"by"`
	Contents storage.Contents `json:"contents"`
}

// Make writes a backup of the data directory to target, which must not be there. Its final name means complete. passphrase "" does not encrypt.
func Make(ctx context.Context, cfg *config.Config, target, passphrase string) (n Note, err error) {
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return n, fmt.Errorf("%q is there already; choose another name", target)
	}
	if err := roomFor(cfg, target); err != nil {
		return n, err
	}
	end, err := hold(cfg, target)
	if err != nil {
		return n, err
	}
	defer end()
	database := target + copySuffix
	defer os.Remove(database)
	contents, err := storage.Backup(ctx, cfg.Database(), database)
	if err != nil {
		return n, err
	}
	n = Note{Format: 1, Made: time.Now().UTC().Truncate(time.Second), By: about.Me(), Contents: contents}
	err = durable.Write(target, durable.Options{Exclusive: true}, func(f *durable.File) error {
		err := writeBackup(ctx, cfg, f, database, passphrase, n)
		return errors.Join(err, os.Remove(database)) // in the clear: gone for good once the backup has its name
	})
	if err != nil {
		return n, fmt.Errorf("write the backup: %w", err)
	}
	return n, nil
}

// roomFor refuses a backup that its disk cannot hold: the copy of the database and, at worst, an archive as large.
func roomFor(cfg *config.Config, target string) error {
	info, err := os.Stat(cfg.Database())
	if errors.Is(err, fs.ErrNotExist) {
		return datadir.Missing(cfg)
	} else if err != nil {
		return err
	}
	free, _, err := datadir.Space(filepath.Dir(target))
	if err == nil && free < 2*info.Size() {
		return fmt.Errorf("a backup in %q may need %d MB and only %d MB are free; make room or choose another disk", filepath.Dir(target), 2*info.Size()/1e6, free/1e6)
	}
	return nil
}

// writeBackup writes the archive, encrypted if there is a passphrase.
func writeBackup(ctx context.Context, cfg *config.Config, out io.Writer, database, passphrase string, n Note) error {
	if passphrase == "" {
		return archiveAll(ctx, cfg, out, database, n)
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return err
	}
	encrypted, err := age.Encrypt(out, to)
	if err != nil {
		return err
	}
	if err := archiveAll(ctx, cfg, encrypted, database, n); err != nil {
		return err
	}
	return encrypted.Close()
}

// archiveWriter is a ZIP archive that notes the hash of each of its files.
type archiveWriter struct {
	zip  *zip.Writer
	sums bytes.Buffer
}

func archiveAll(ctx context.Context, cfg *config.Config, out io.Writer, database string, n Note) error {
	a := archiveWriter{zip: zip.NewWriter(out)}
	a.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	text, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		return err
	}
	if err := a.add(ctx, NoteFile, bytes.NewReader(append(text, '\n'))); err != nil {
		return err
	}
	files, err := backupFiles(cfg)
	if err != nil {
		return err
	}
	files[databaseFile] = database
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f, err := os.Open(files[name])
		if err != nil {
			return err
		}
		err = a.add(ctx, name, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if w, err := a.zip.Create(sumsFile); err != nil {
		return err
	} else if _, err := w.Write(a.sums.Bytes()); err != nil {
		return err
	}
	return a.zip.Close()
}

func (a *archiveWriter) add(ctx context.Context, name string, r io.Reader) error {
	w, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()})
	if err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), contextReader{ctx, r}); err != nil {
		return err
	}
	fmt.Fprintf(&a.sums, "%s  %s\n", hex.EncodeToString(sum.Sum(nil)), name)
	return nil
}

// contextReader ends reading with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// maxBackupFile is the most bytes of a file besides the database: settings and keys are small, and what is larger was
// put there by somebody.
const maxBackupFile = 16 << 20

// backupFiles are the files of a data directory besides the database, by their name in the archive: settings, keys,
// anchors. What a server makes again, what belongs to a running one, and other backups are left out. The files of the
// database must not be opened: closing them would drop SQLite's locks.
func backupFiles(cfg *config.Config) (map[string]string, error) {
	files := map[string]string{}
	if _, err := os.Stat(cfg.File); err == nil {
		files["config.toml"] = cfg.File // which may lie elsewhere
	}
	skip := map[string]bool{cfg.BulkExport.Folder: true, cfg.Backup.Folder: true, cfg.Backup.PassphraseFile: true, cfg.File: true}
	err := filepath.WalkDir(cfg.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(cfg.Data, path)
		if err != nil {
			return err
		}
		if skip[path] || passing(name) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err == nil && info.Mode().IsRegular() && info.Size() <= maxBackupFile {
			files[filepath.ToSlash(name)] = path
		}
		return err
	})
	return files, err
}

// passing reports whether a name in the data directory is of the database, of a running program or of an earlier state.
func passing(name string) bool {
	return strings.HasPrefix(name, databaseFile) || strings.HasPrefix(name, "."+databaseFile+"-") /* Litestream */ || strings.HasPrefix(name, "satchel.lock") || strings.HasPrefix(name, beforeRestore) ||
		name == restoring || strings.HasSuffix(name, ".tmp") || name == config.LogFolder ||
		strings.HasSuffix(name, ".zip") || strings.HasSuffix(name, ".zip.age") ||
		name == NoteFile || name == sumsFile || name == storage.CursorKeyFile
}

// Summary says in a few words what is in a backup.
func (n Note) Summary() string {
	total := int64(0)
	for _, k := range n.Contents.Resources {
		total += k
	}
	return fmt.Sprintf("%d resources in %d versions as of %s", total, n.Contents.Versions, n.Contents.Time.Format(time.RFC3339))
}
