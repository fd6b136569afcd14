package imports

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"

	"satchel/fhir"
)

// archive reads the members of a ZIP file in order of their names. All are looked at before the first is read: from an
// unsafe archive nothing is taken.
func (r *reading) archive(s *source) error {
	f, err := os.Open(s.name)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zip.NewReader(f, s.size)
	if err != nil {
		return err
	}
	if err := checkArchive(z.File, s.size); err != nil {
		return err
	}
	members := slices.Clone(z.File)
	slices.SortStableFunc(members, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	before := r.before
	defer func() { r.before = before }()
	for _, m := range members {
		if m.FileInfo().IsDir() || r.ctx.Err() != nil {
			continue
		}
		inside := memberSource(s, m)
		if !readable(m.Name) {
			r.note(spot{src: inside}, nil, "skipped: not a file of resources by its name")
			continue
		}
		if err := r.file(inside); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		r.before, r.at = r.before+int64(m.CompressedSize64), 0
	}
	return nil
}

// checkArchive returns why an archive is not safe to read. No member is ever written to a path of its name; but an
// archive that tries such a path is not one to trust.
func checkArchive(members []*zip.File, size int64) error {
	var packed, inflated uint64
	for _, m := range members {
		if err := checkMember(m); err != nil {
			return fmt.Errorf("unsafe archive, nothing was read from it: member %q %w", m.Name, err)
		}
		packed += m.CompressedSize64
		inflated += m.UncompressedSize64
		if m.UncompressedSize64 > 1<<50 || packed > uint64(size) { // members that share their data
			return fmt.Errorf("unsafe archive, nothing was read from it: its members overlap at %q", m.Name)
		}
	}
	if isBomb(int64(inflated), size) {
		return fmt.Errorf("unsafe archive, nothing was read from it: %w", errBomb)
	}
	return nil
}

// checkMember returns what is wrong with a member.
func checkMember(m *zip.File) error {
	switch mode := m.Mode(); {
	case strings.ContainsAny(m.Name, "\\:\x00"), path.IsAbs(m.Name), !fs.ValidPath(strings.TrimSuffix(m.Name, "/")):
		return errors.New("has a path that leads out of the archive")
	case mode&fs.ModeType != 0 && !mode.IsDir():
		return errors.New("is a link or device")
	case m.Flags&1 != 0:
		return errors.New("is encrypted; unpack the archive first")
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return fmt.Errorf("is compressed by method %d; unpack the archive first", m.Method)
	case m.Method == zip.Store && m.CompressedSize64 != m.UncompressedSize64:
		return errors.New("has contradictory sizes")
	}
	return nil
}

// memberSource is a member of an archive.
func memberSource(archive *source, m *zip.File) *source {
	scale := float64(m.CompressedSize64) / float64(max(m.UncompressedSize64, 1))
	return &source{name: archive.name + "!" + m.Name, scale: scale, open: func() (io.ReadCloser, error) {
		raw, err := m.OpenRaw()
		if err != nil {
			return nil, err
		}
		return newMember(m, raw), nil
	}}
}

// member reads a member and holds it to the size and checksum that the archive's directory states.
type member struct {
	io.Reader
	file *zip.File
	left int64
	sum  hash.Hash32
}

func newMember(m *zip.File, raw io.Reader) *member {
	if m.Method == zip.Deflate {
		raw = flate.NewReader(raw)
	}
	return &member{Reader: raw, file: m, left: int64(m.UncompressedSize64), sum: crc32.NewIEEE()}
}

func (m *member) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.left -= int64(n)
	m.sum.Write(p[:n])
	switch {
	case m.left < 0:
		return 0, fhir.Errorf(fhir.CodeStructure, "the archive is damaged: the member is larger than its directory says")
	case err == io.EOF && (m.left > 0 || m.sum.Sum32() != m.file.CRC32):
		return n, fhir.Errorf(fhir.CodeStructure, "the archive is damaged: the member is not what its directory says")
	}
	return n, err
}

func (m *member) Close() error { return nil }
