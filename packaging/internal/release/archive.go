package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
)

// folder is the one folder in an archive.
func (r *release) folder() string { return "satchel-" + r.version }

// archive is the name of a target's archive, without its ending.
func (r *release) archive(t target) string {
	return filepath.Join(r.out, "satchel-"+r.version+"-"+t.String())
}

// each calls use with every file of a stage in the order of their names.
func (r *release) each(t target, use func(name string, mode fs.FileMode, text []byte) error) error {
	return filepath.WalkDir(r.stage(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(r.stage(t), path)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if path == r.program(t) {
			mode = 0o755
		}
		return use(r.folder()+"/"+filepath.ToSlash(name), mode, text)
	})
}

// zip makes the archive for Windows.
func (r *release) zip(t target) error {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	err := r.each(t, func(name string, mode fs.FileMode, text []byte) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: r.made}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return writeFile(r.archive(t)+".zip", out.Bytes())
}

// tarball makes the archive for other systems.
func (r *release) tarball(t target) error {
	var out bytes.Buffer
	g, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(g)
	err = r.each(t, func(name string, mode fs.FileMode, text []byte) error {
		h := &tar.Header{Name: name, Mode: int64(mode), Size: int64(len(text)), ModTime: r.made, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := g.Close(); err != nil {
		return err
	}
	return writeFile(r.archive(t)+".tar.gz", out.Bytes())
}
