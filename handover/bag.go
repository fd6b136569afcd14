package handover

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"
)

// Names of the files that BagIt prescribes.
const (
	bagitFile       = "bagit.txt"
	bagInfoFile     = "bag-info.txt"
	payloadManifest = "manifest-sha256.txt"
	tagManifest     = "tagmanifest-sha256.txt"
	bagitText       = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
)

// bag is one bag in the making.
type bag struct {
	container
	name     string
	taken    map[string]bool // paths in lower case
	payload  []File
	tags     []File
	bytes    int64  // of the payload, files under way included
	tagsHash string // of the tag manifest, when sealed
}

// newBag begins a bag.
func newBag(dir, name string, asZip bool, at time.Time) (*bag, error) {
	b := &bag{name: name, taken: map[string]bool{}}
	var err error
	if asZip {
		b.container, err = newZip(dir, name, at)
	} else {
		b.container, err = newFolder(dir, name)
	}
	return b, err
}

// file is one file of a bag under way; it is hashed and its lines are counted as it is written.
type file struct {
	blob  blob
	bag   *bag
	hash  hash.Hash
	bytes int64
	lines int64
	info  File // what is known beside that
}

// create begins a file.
func (b *bag) create(tight bool) (*file, error) {
	blob, err := b.container.create(tight)
	if err != nil {
		return nil, err
	}
	return &file{blob: blob, bag: b, hash: sha256.New()}, nil
}

func (f *file) Write(p []byte) (int, error) {
	f.hash.Write(p)
	f.bytes += int64(len(p))
	return f.blob.Write(p)
}

// sum is the hash of what was written.
func (f *file) sum() []byte { return f.hash.Sum(nil) }

// commit ends the file under a path, which must be free in the bag.
func (f *file) commit(path string) error {
	if err := f.bag.take(path); err != nil {
		f.blob.discard()
		return err
	}
	if err := f.blob.commit(path); err != nil {
		return fmt.Errorf("write %q: %w", path, err)
	}
	f.info.Path, f.info.Bytes = path, f.bytes
	if sum, ok := hashInPath(path); ok {
		f.info.SHA256 = sum // the same text, without a copy
	} else {
		f.info.SHA256 = hex.EncodeToString(f.sum())
	}
	if strings.HasPrefix(path, "data/") {
		f.info.Lines = f.lines
		f.bag.payload = append(f.bag.payload, f.info)
	} else {
		f.bag.tags = append(f.bag.tags, f.info)
	}
	return nil
}

// free refuses a path that is not sound or is taken.
func (b *bag) free(path string) error {
	if err := checkPath(b.name + "/" + path); err != nil {
		return err
	}
	if b.taken[strings.ToLower(path)] {
		return fmt.Errorf("path %q is in the package already (upper and lower case do not count)", path)
	}
	return nil
}

// take claims a path.
func (b *bag) take(path string) error {
	err := b.free(path)
	b.taken[strings.ToLower(path)] = true
	return err
}

// put writes a whole file.
func (b *bag) put(path string, r io.Reader) error {
	f, err := b.create(false)
	if err != nil {
		return err
	}
	last, err := f.copyLines(r)
	if err != nil {
		f.blob.discard()
		return fmt.Errorf("write %q: %w", path, err)
	}
	if !strings.HasSuffix(path, ".ndjson") {
		f.lines = 0
	} else if f.bytes > 0 && last != '\n' {
		f.blob.discard()
		return fmt.Errorf("write %q: the last line has no end; end each line with a line feed", path)
	}
	return f.commit(path)
}

// copyLines copies r, counts its lines and returns its last byte.
func (f *file) copyLines(r io.Reader) (last byte, err error) {
	buffer := make([]byte, chunkSize)
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			f.lines += int64(bytes.Count(buffer[:n], newline))
			last = buffer[n-1]
			if _, err := f.Write(buffer[:n]); err != nil {
				return last, err
			}
		}
		if err == io.EOF {
			return last, nil
		}
		if err != nil {
			return last, err
		}
	}
}

var newline = []byte{'\n'}

// putText writes a small file.
func (b *bag) putText(path, text string) error { return b.put(path, strings.NewReader(text)) }

// finish writes the lists, the signature last, and seals the bag.
func (b *bag) finish(info []string, key *Key) error {
	byPath := func(x, y File) int { return cmp.Compare(x.Path, y.Path) }
	slices.SortFunc(b.payload, byPath)
	var total int64
	for _, f := range b.payload {
		total += f.Bytes
	}
	info = append(info, fmt.Sprintf("Payload-Oxum: %d.%d", total, len(b.payload)))
	if err := b.putText(bagitFile, bagitText); err != nil {
		return err
	}
	if err := b.putText(bagInfoFile, strings.Join(info, "\n")+"\n"); err != nil {
		return err
	}
	if err := b.putText(payloadManifest, manifestText(b.payload)); err != nil {
		return err
	}
	slices.SortFunc(b.tags, byPath)
	list := manifestText(b.tags)
	if err := b.putText(tagManifest, list); err != nil {
		return err
	}
	b.tagsHash = b.tags[len(b.tags)-1].SHA256
	if key != nil {
		signature, err := key.sign([]byte(list))
		if err != nil {
			return err
		}
		if err := b.putText(signatureFile, signature); err != nil {
			return err
		}
	}
	return b.seal()
}

// manifestText lists files as sha256sum does.
func manifestText(files []File) string {
	var b strings.Builder
	for _, f := range files {
		b.WriteString(f.SHA256)
		b.WriteString("  ")
		b.WriteString(f.Path)
		b.WriteByte('\n')
	}
	return b.String()
}
