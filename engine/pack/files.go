package pack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"satchel/engine/bulk"
	"satchel/handover"
	"satchel/storage"
)

// Files lists the files of a package that was made in a job's folder.
func Files(ctx context.Context, folder *os.Root, form handover.Form, h Made) ([]storage.JobFile, error) {
	if form == handover.FormFolder {
		return folderFiles(ctx, folder, filepath.Base(h.Paths[0]))
	}
	var files []storage.JobFile
	for _, p := range h.Paths {
		f, err := Hashed(ctx, folder, filepath.Base(p))
		if err != nil {
			return nil, err
		}
		f.List, f.Count = ListPackage, currentOf(h.Counts)
		if len(h.Paths) > 1 {
			f.Count = 0 // of the whole package, not of a part
		}
		files = append(files, f)
	}
	return files, nil
}

// currentOf is how many current resources a package holds.
func currentOf(counts map[string]handover.Count) (n int64) {
	for _, c := range counts {
		n += c.ExportedCurrent
	}
	return n
}

// Hashed measures a file in a job's folder, by its path there.
func Hashed(ctx context.Context, folder *os.Root, name string) (storage.JobFile, error) {
	f, err := folder.Open(name)
	if err != nil {
		return storage.JobFile{}, fmt.Errorf("open a file of the package: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.CopyBuffer(sum, struct{ io.Reader }{interrupted{ctx, f}}, make([]byte, 256<<10))
	if err != nil {
		return storage.JobFile{}, fmt.Errorf("read a file of the package back: %w", err)
	}
	info := storage.JobFile{Name: path.Base(name), Bytes: n, SHA256: sum.Sum(nil)}
	if info.Name != name {
		info.Path = name
	}
	return info, nil
}

// interrupted is a reader that ends with its context.
type interrupted struct {
	ctx context.Context
	io.Reader
}

func (r interrupted) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// folderFiles lists every file of a bag that is a folder. What the manifest names has its size and hash there; the few
// others are measured.
func folderFiles(ctx context.Context, folder *os.Root, bag string) ([]storage.JobFile, error) {
	known, err := manifestFiles(folder, bag)
	if err != nil {
		return nil, err
	}
	var files []storage.JobFile
	err = fs.WalkDir(folder.FS(), bag, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		in := strings.TrimPrefix(p, bag+"/")
		m, ok := known[in]
		if !ok {
			f, err := Hashed(ctx, folder, path.Join(bag, in))
			f.Name, f.List = flat(in), ListOther
			files = append(files, f)
			return err
		}
		sum, err := hex.DecodeString(m.SHA256)
		f := storage.JobFile{Name: flat(in), Path: path.Join(bag, in), Type: m.Type, Count: m.Lines, Bytes: m.Bytes, SHA256: sum}
		f.List, f.Type = listOf(m)
		files = append(files, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the package: %w", err)
	}
	return files, nil
}

// manifestFiles are the files that the manifest of a bag names, by their paths in it.
func manifestFiles(folder *os.Root, bag string) (map[string]handover.File, error) {
	text, err := folder.ReadFile(path.Join(bag, "data/ehi-manifest.json"))
	if err != nil {
		return nil, fmt.Errorf("read the package's manifest: %w", err)
	}
	var m handover.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("read the package's manifest: %w", err)
	}
	known := make(map[string]handover.File, len(m.Files))
	for _, f := range m.Files {
		known[f.Path] = f
	}
	return known, nil
}

// attachmentIndex is where the DocumentReferences of a package are.
const attachmentIndex = "data/attachments/index.ndjson"

// listOf is the list that a file of a package is on, and the type of its lines.
func listOf(f handover.File) (list, typ string) {
	switch {
	case f.Section == handover.Deleted:
		return bulk.ListDeleted, f.Type
	case f.Section == handover.History:
		return ListHistory, f.Type
	case f.Section != "":
		return bulk.ListOutput, f.Type
	case f.Path == attachmentIndex:
		return bulk.ListOutput, "DocumentReference"
	case strings.HasPrefix(f.Path, "data/attachments/") && !strings.HasSuffix(f.Path, ".ndjson"):
		return ListAttachment, ""
	}
	return ListOther, ""
}

// flat is the name under which a file of a folder is handed out: its path with dots for slashes, without what all have.
func flat(in string) string {
	in = strings.TrimPrefix(strings.TrimPrefix(in, "data/"), "fhir/")
	if dir, name := path.Split(in); strings.HasPrefix(dir, "attachments/") && strings.Count(dir, "/") == 2 {
		return name // a hash
	}
	return strings.ReplaceAll(in, "/", ".")
}
