package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

type manifest struct {
	Output []struct {
		Type, URL string
		Count     int64
	}
}

// export kicks off, polls without pause to speak of, and returns the manifest and the time from kick-off to manifest.
func (s *server) export(ctx context.Context, path string) (manifest, string, time.Duration, error) {
	start := time.Now()
	r, err := s.do(ctx, http.MethodGet, s.base+path)
	if err != nil {
		return manifest{}, "", 0, err
	}
	r.Body.Close()
	status := r.Header.Get("Content-Location")
	if r.StatusCode != http.StatusAccepted || status == "" {
		return manifest{}, "", 0, fmt.Errorf("kick-off of %s: %s", path, r.Status)
	}
	for pause := time.Millisecond; ; pause = min(pause*2, 20*time.Millisecond) {
		r, err := s.do(ctx, http.MethodGet, status)
		if err != nil {
			return manifest{}, status, 0, err
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		switch {
		case err != nil:
			return manifest{}, status, 0, err
		case r.StatusCode == http.StatusOK:
			took := time.Since(start)
			var m manifest
			err := json.Unmarshal(body, &m)
			return m, status, took, err
		case r.StatusCode == http.StatusTooManyRequests: // asked more often than Retry-After said
		case r.StatusCode != http.StatusAccepted:
			return manifest{}, status, 0, fmt.Errorf("status of %s: %s: %s", path, r.Status, body)
		}
		time.Sleep(pause)
	}
}

func (s *server) release(ctx context.Context, status string) error {
	r, err := s.do(ctx, http.MethodDelete, status)
	if err != nil {
		return err
	}
	return r.Body.Close()
}

// populationExports alternates exports of everything with plain copies of the same files.
func populationExports(ctx context.Context, o options, s *server, dir string, f *figures) error {
	var exports, copies []float64
	for i := range o.rounds + 1 {
		m, status, took, err := s.export(ctx, "/$export")
		if err != nil {
			return err
		}
		var n int64
		for _, file := range m.Output {
			n += file.Count
		}
		if n != int64(f.Resources) {
			return fmt.Errorf("the export holds %d resources, the practice %d", n, f.Resources)
		}
		bytes, copied, err := plainCopy(filepath.Join(s.data, "exports"), filepath.Join(dir, "copy"))
		if err != nil {
			return err
		}
		if err := s.release(ctx, status); err != nil {
			return err
		}
		log.Printf("%d resources: export %.2f s, plain copy %.2f s", n, took.Seconds(), copied.Seconds())
		if i == 0 {
			continue // the first round warms the page cache for both
		}
		f.ExportBytes, f.ExportFiles = bytes, len(m.Output)
		exports = append(exports, took.Seconds())
		copies = append(copies, copied.Seconds())
	}
	f.ExportSeconds, f.CopySeconds = median(exports), median(copies)
	return nil
}

// plainCopy copies every file of a tree with fsync, as a careful `cp` would, removes the copy, and returns the bytes and
// the time that the copying took.
func plainCopy(from, to string) (int64, time.Duration, error) {
	defer os.RemoveAll(to)
	var total int64
	buf := make([]byte, 1<<20)
	start := time.Now()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		n, err := copyFile(path, filepath.Join(to, rel), buf)
		total += n
		return err
	})
	return total, time.Since(start), err
}

func copyFile(from, to string, buf []byte) (int64, error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer out.Close()
	// Plain read and write: io.Copy alone would hand the work to copy_file_range, which some file systems answer
	// by sharing blocks instead of copying them.
	n, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, buf)
	if err != nil {
		return n, err
	}
	return n, out.Sync()
}

func median(v []float64) float64 { return quantile(v, 0.5) }

// quantile returns the value below which the share q of v lies.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return v[min(len(v)-1, int(q*float64(len(v))))]
}
