package backup_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"satchel/app"
	"satchel/audit"
	"satchel/backup"
	"satchel/config"
	"satchel/fhir"
	"satchel/internal/await"
	"satchel/internal/storagetest"
	"satchel/internal/testsatchel"
	"satchel/storage"
)

// resourcesOf is every resource of a database as of seq: the hash of its text by its key.
func resourcesOf(t *testing.T, path string, seq int64) map[string][sha256.Size]byte {
	t.Helper()
	s, err := storage.Open(t.Context(), path, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	found := map[string][sha256.Size]byte{}
	err = s.Scan(t.Context(), storage.Snapshot{Seq: seq}, storage.Selection{}, func(row storage.Row) error {
		found[row.Type+"/"+row.ID] = sha256.Sum256(row.JSON)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Backups made while writers write are each the store as it stood at one instant: restored, every resource is what the
// store of origin says it was then, and what was acknowledged before the backup began is there.
func TestBackupUnderLoad(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	base := "http://" + testsatchel.Start(t, cfg, app.Run)
	ctx, cancel := context.WithCancel(t.Context())
	enough, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for i := 0; ctx.Err() == nil; i++ {
			if i == 50 {
				close(enough)
			}
			id := fmt.Sprintf("p%d", i*7919%300)
			body := fmt.Sprintf(`{"resourceType":"Patient","id":%q,"name":[{"family":"n%d"}]}`, id, i)
			if code, text := testsatchel.Ask(t, "PUT", base+"/fhir/Patient/"+id, body); code != 200 && code != 201 {
				t.Errorf("%d %s", code, text)
				return
			}
		}
	}()
	select {
	case <-enough:
	case <-done: // it has failed
	}
	var paths []string
	var notes []backup.Note
	for i := range 5 {
		path := filepath.Join(t.TempDir(), fmt.Sprintf("b%d.zip", i))
		before, err := storage.Inspect(t.Context(), cfg.Database())
		if err != nil {
			t.Fatal(err)
		}
		n, err := backup.Make(t.Context(), cfg, path, "")
		if err != nil {
			t.Fatal(err)
		}
		if n.Contents.Seq < before.Seq {
			t.Errorf("the backup ends at %d, before it began at %d", n.Contents.Seq, before.Seq)
		}
		paths, notes = append(paths, path), append(notes, n)
	}
	cancel()
	<-done
	if t.Failed() {
		return
	}
	for i, path := range paths {
		holdsAsOf(t, cfg, path, notes[i].Contents.Seq)
	}
}

// holdsAsOf restores a backup and holds it to what the database had as of a write.
func holdsAsOf(t *testing.T, cfg *config.Config, path string, seq int64) {
	t.Helper()
	to := *cfg
	to.Data = filepath.Join(t.TempDir(), "restored")
	r, err := backup.Restore(t.Context(), &to, anna, path, "", false)
	testsatchel.Must(t, err)
	if r.Kept != "" {
		t.Error(r.Kept)
	}
	got, want := resourcesOf(t, to.Database(), 1<<60), resourcesOf(t, cfg.Database(), seq)
	if len(want) == 0 || len(got) != len(want) {
		t.Errorf("%d resources, want %d", len(got), len(want))
	}
	for key, sum := range want {
		if got[key] != sum {
			t.Errorf("%s is another one", key)
		}
	}
}

// A backup holds settings and keys and nothing that belongs to the running server; encrypted, it shows none of it.
func TestBackupFiles(t *testing.T) {
	t.Parallel()
	cfg := withFiles(t)
	path := filepath.Join(t.TempDir(), "b.zip")
	_, err := backup.Make(t.Context(), cfg, path, "")
	testsatchel.Must(t, err)
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	want := "backup.json anchors audit-anchors.txt config.toml keys/signing.key satchel.db signing_key tls/authority-private.pem tls/server-private.pem SHA256SUMS"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := backup.Make(t.Context(), cfg, path, ""); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Error(err)
	}
	alone(t, path)
}

// alone expects a file that only its owner may read, with nothing beside it.
func alone(t *testing.T, path string) {
	t.Helper()
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Error("leftovers:", entries)
	}
	if i, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != 0o600 {
		t.Error(i, err)
	}
}

// withFiles is the data directory of a running server with more files in it.
func withFiles(t *testing.T) *config.Config {
	t.Helper()
	cfg := testsatchel.New(t)
	cfg.TLS.Mode = config.TLSLocalCA
	testsatchel.Start(t, cfg, app.Run)
	for name, text := range map[string]string{"keys/signing.key": "k", "anchors": "a", "exports/j/Patient.ndjson": "e", "old.zip": "z", "x.tmp": "t", ".satchel.db-litestream/ltx/1": "l"} {
		path := filepath.Join(cfg.Data, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cfg
}

// A backup under a passphrase cannot be read without it, and is restored with it.
func TestBackupEncrypted(t *testing.T) {
	t.Parallel()
	cfg := withFiles(t)
	secret := filepath.Join(t.TempDir(), "b.zip.age")
	if _, err := backup.Make(t.Context(), cfg, secret, "open sesame please"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(secret)
	if err != nil || bytes.Contains(text, []byte("satchel.db")) {
		t.Error("readable", err)
	}
	if _, err := backup.Open(secret, ""); err == nil || !strings.Contains(err.Error(), "--passphrase-file") {
		t.Error(err)
	}
	if _, err := backup.Open(secret, "open sesame, please"); err == nil || !strings.Contains(err.Error(), "does not open it") {
		t.Error(err)
	}
	to := *cfg
	to.Data = filepath.Join(t.TempDir(), "restored")
	if _, err := backup.Restore(t.Context(), &to, anna, secret, "open sesame please", false); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(to.Data, "keys", "signing.key")); err != nil || string(text) != "k" {
		t.Error(err)
	}
	alone(t, secret)
}

// Any damage to a backup is found, and then nothing is changed: not where there was nothing, not where there was a store.
func TestRestoreDamaged(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	fill(t, cfg, 50)
	path := filepath.Join(t.TempDir(), "b.zip")
	_, err := backup.Make(t.Context(), cfg, path, "")
	testsatchel.Must(t, err)
	whole, err := os.ReadFile(path)
	testsatchel.Must(t, err)
	before := testsatchel.Tree(t, cfg.Data)
	for name, text := range damaged(t, whole) {
		bad := filepath.Join(t.TempDir(), "bad.zip")
		testsatchel.Must(t, os.WriteFile(bad, text, 0o600))
		to := *cfg
		to.Data = filepath.Join(t.TempDir(), "to")
		_, err := backup.Restore(t.Context(), &to, anna, bad, "", false)
		if err == nil && !(strings.HasPrefix(name, "bit") && sameContent(t, whole, text)) {
			t.Errorf("%s: restored", name)
		}
		if _, e := os.Stat(to.Data); err != nil && e == nil {
			t.Errorf("%s: left %s", name, to.Data)
		}
		if err == nil {
			continue
		}
		if _, err := backup.Restore(t.Context(), cfg, anna, bad, "", true); err == nil {
			t.Errorf("%s: replaced", name)
		}
		if after := testsatchel.Tree(t, cfg.Data); after != before {
			t.Errorf("%s: changed\n%s\n%s", name, before, after)
		}
	}
}

// fill stores so many patients.
func fill(t *testing.T, cfg *config.Config, n int) {
	t.Helper()
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	testsatchel.Must(t, err)
	defer s.Close()
	for i := range n {
		d, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d"}`, i))
		testsatchel.Must(t, err)
		testsatchel.Must(t, storagetest.Write(t.Context(), s, func(tx *storage.Tx) error { _, _, err := tx.Put(d, ""); return err }))
	}
}

// damaged are ways in which a backup can be damaged, by name.
func damaged(t *testing.T, whole []byte) map[string][]byte {
	t.Helper()
	all := map[string][]byte{
		"truncated": whole[:len(whole)/2],
		"empty":     nil,
		"no file":   rezip(t, whole, func(name string, text []byte) []byte { return drop(name == "config.toml", text) }),
		"no note":   rezip(t, whole, func(name string, text []byte) []byte { return drop(name == backup.NoteFile, text) }),
		"settings": rezip(t, whole, func(name string, text []byte) []byte {
			if name == "config.toml" {
				text = append(text, '#')
			}
			return text
		}),
	}
	choose := rand.New(rand.NewPCG(20, 26)) // the same bits in every run
	for i := range 20 {
		text := bytes.Clone(whole)
		text[choose.IntN(len(text))] ^= 1 << choose.IntN(8)
		all[fmt.Sprintf("bit %d", i)] = text
	}
	return all
}

// anna is who restores.
var anna = audit.Who{Name: "anna", Kind: audit.CLI}

func drop(really bool, text []byte) []byte {
	if really {
		return nil
	}
	return text
}

// rezip packs an archive again with some files changed; nil leaves one out.
func rezip(t *testing.T, text []byte, change func(name string, text []byte) []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range unzip(t, text) {
		if text = change(name, text); text == nil {
			continue
		}
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unzip reads an archive; what cannot be read is missing.
func unzip(t *testing.T, text []byte) map[string][]byte {
	files := map[string][]byte{}
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			continue
		}
		if content, err := io.ReadAll(r); err == nil {
			files[f.Name] = content
		}
	}
	return files
}

// sameContent: the bit that was turned is one that means nothing, such as of a time.
func sameContent(t *testing.T, a, b []byte) bool {
	x, y := unzip(t, a), unzip(t, b)
	if len(x) != len(y) {
		return false
	}
	for name, text := range x {
		if !bytes.Equal(text, y[name]) {
			return false
		}
	}
	return true
}

// --replace keeps what was there and says how much of it the backup lacks; a served directory is left alone.
func TestRestoreReplace(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	path := filepath.Join(t.TempDir(), "b.zip")
	if _, err := backup.Make(t.Context(), cfg, path, ""); err != nil {
		t.Fatal(err)
	}
	t.Run("served", func(t *testing.T) {
		base := "http://" + testsatchel.Start(t, cfg, app.Run)
		if code, _ := testsatchel.Ask(t, "PUT", base+"/fhir/Patient/later", `{"resourceType":"Patient","id":"later"}`); code != 201 {
			t.Fatal(code)
		}
		if code, _ := testsatchel.Ask(t, "GET", base+"/fhir/$export", ""); code != 202 {
			t.Fatal(code)
		}
		if _, err := backup.Restore(t.Context(), cfg, anna, path, "", true); err == nil || !strings.Contains(err.Error(), "stop it first") {
			t.Error(err)
		}
	})
	if _, err := backup.Restore(t.Context(), cfg, anna, path, "", false); err == nil || !strings.Contains(err.Error(), "--replace") {
		t.Error(err)
	}
	r, err := backup.Restore(t.Context(), cfg, anna, path, "", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(r.Kept) })
	if r.Lost < 1 || r.Kept == "" {
		t.Errorf("%+v", r)
	}
	if n := len(resourcesOf(t, cfg.Database(), 1<<60)); n != 0 {
		t.Errorf("%d resources", n)
	}
	s, err := storage.Open(t.Context(), cfg.Database(), storage.Options{})
	testsatchel.Must(t, err)
	head, err := s.AuditHead(t.Context())
	testsatchel.Must(t, err)
	verdict, err := s.VerifyAudit(t.Context())
	if testsatchel.Must(t, errors.Join(err, s.Close())); head.Seq < 1 || len(verdict.Faults) > 0 {
		t.Errorf("the restore is not in the audit log: %+v", verdict)
	}
	if n := len(resourcesOf(t, filepath.Join(r.Kept, "satchel.db"), 1<<60)); n != 1 {
		t.Errorf("%d resources were kept", n)
	}
	base := "http://" + testsatchel.Start(t, cfg, app.Run)
	if code, _ := testsatchel.Ask(t, "GET", base+"/fhir/Patient", ""); code != 200 {
		t.Error(code)
	}
}

// Scheduled backups come when they are due, as many stay as are to be kept, and foreign files are left alone.
func TestScheduledBackup(t *testing.T) {
	t.Parallel()
	cfg := testsatchel.New(t)
	cfg.Backup.Folder, cfg.Backup.Keep = filepath.Join(t.TempDir(), "backups"), 2
	if !backup.Last(cfg).IsZero() {
		t.Error("a backup before the first")
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i := range 4 {
		if _, err := backup.MakeScheduled(t.Context(), cfg, now.Add(time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := os.WriteFile(filepath.Join(cfg.Backup.Folder, "satchel-letter.zip"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	names, err := backup.Scheduled(cfg.Backup.Folder)
	if got := strings.Join(names, " "); err != nil || got != "satchel-20260301T140000Z.zip satchel-20260301T150000Z.zip" {
		t.Error(got, err)
	}
	if entries, _ := os.ReadDir(cfg.Backup.Folder); len(entries) != 3 {
		t.Error(entries)
	}
	if got := backup.Last(cfg); !got.Equal(now.Add(3 * time.Hour)) {
		t.Error(got)
	}

	// A running server makes the one that is due.
	cfg.Backup.Every = config.Duration(time.Hour)
	testsatchel.Start(t, cfg, app.Run)
	await.Until(t, "the server makes a backup", func() bool { return time.Since(backup.Last(cfg)) < time.Minute })
}
