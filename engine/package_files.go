package engine

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
	"satchel/engine/imports"
	"satchel/handover"
	"satchel/storage"
)

// path is where a job's folder lies on the disk.
func (e *Engine) path(id string) string { return filepath.Join(e.folder.Name(), id) }

// packageFiles lists the files of a package that was made in a job's folder.
func (e *Engine) packageFiles(ctx context.Context, id string, form handover.Form, h MadePackage) ([]storage.JobFile, error) {
	if form == handover.FormFolder {
		return e.folderFiles(ctx, id, filepath.Base(h.Paths[0]))
	}
	var files []storage.JobFile
	for _, p := range h.Paths {
		f, err := e.hashed(ctx, id, filepath.Base(p))
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

// hashed measures a file in a job's folder, by its path there.
func (e *Engine) hashed(ctx context.Context, id, name string) (storage.JobFile, error) {
	f, err := e.folder.Open(path.Join(id, name))
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
func (e *Engine) folderFiles(ctx context.Context, id, bag string) ([]storage.JobFile, error) {
	known, err := e.manifestFiles(path.Join(id, bag))
	if err != nil {
		return nil, err
	}
	var files []storage.JobFile
	root := path.Join(id, bag)
	err = fs.WalkDir(e.folder.FS(), root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		in := strings.TrimPrefix(p, root+"/")
		m, ok := known[in]
		if !ok {
			f, err := e.hashed(ctx, id, path.Join(bag, in))
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
func (e *Engine) manifestFiles(bag string) (map[string]handover.File, error) {
	text, err := e.folder.ReadFile(path.Join(bag, "data/ehi-manifest.json"))
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

// tidyFolders removes what an interrupted [Engine.Protect] left in the folders of packages, and what is left of the files of
// imports that have ended: what the jobs' rows do not name.
func (e *Engine) tidyFolders(ctx context.Context) error {
	jobs, err := e.store.Jobs(ctx, KindPackage, imports.Kind)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if !j.State.Over() || e.held(j.ID) {
			continue
		}
		if err := e.tidyFolder(ctx, j.ID); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) tidyFolder(ctx context.Context, id string) error {
	job, err := e.store.Job(ctx, id)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, f := range job.Files {
		first, _, _ := strings.Cut(fileOf(f), "/")
		named[first] = true
	}
	entries, err := fs.ReadDir(e.folder.FS(), id)
	if os.IsNotExist(err) {
		return nil
	}
	for _, entry := range entries {
		if !named[entry.Name()] {
			if err := e.folder.RemoveAll(path.Join(id, entry.Name())); err != nil {
				e.options.Log.Warn("left-over of a job not removed", "job", id, "error", plain(err))
			}
		}
	}
	return err
}

// fileOf is where a file lies in its job's folder.
func fileOf(f storage.JobFile) string {
	if f.Path != "" {
		return f.Path
	}
	return f.Name
}
