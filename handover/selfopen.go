package handover

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	// MaxSelfOpening is the size in bytes up to which a ZIP is made into a page that opens itself: browsers hold all of it
	// in memory.
	MaxSelfOpening = 100_000_000

	selfRounds = 1_000_000 // of PBKDF2; OWASP asks for 600,000 at least
	selfChunk  = 1 << 20   // bytes that are sealed at a time
)

// selfHeader is what the page must know to open itself. It is authenticated with every chunk.
type selfHeader struct {
	Format string `json:"format"`
	Name   string `json:"name"` // of the ZIP
	Salt   string `json:"salt"` // base64
	Rounds int    `json:"rounds"`
	Size   int64  `json:"size"` // of the ZIP
	Chunk  int    `json:"chunk"`
	Chunks int64  `json:"chunks"`
}

var (
	selfScript = mustRead("pages/selfopen.js")
	selfPage   = mustRead("pages/selfopen.tmpl")
)

// EncryptHTML makes a sealed ZIP into a page that opens itself in any current browser, without the network, for whoever
// knows the passphrase, and gives the ZIP back. It is FILE.html beside the ZIP; its path is answered. The ZIP stays.
// It may have at most [MaxSelfOpening] bytes.
func EncryptHTML(zipPath, passphrase string) (string, error) {
	path := zipPath + ".html"
	return path, EncryptHTMLTo(zipPath, path, passphrase)
}

// EncryptHTMLTo is [EncryptHTML] into the file at path, which must not be there yet.
func EncryptHTMLTo(zipPath, path, passphrase string) error {
	if err := CheckPassphrase(passphrase); err != nil {
		return err
	}
	return wrap(zipPath, path, func(out io.Writer, in *os.File, size int64) error {
		if size > MaxSelfOpening {
			return fmt.Errorf("%q has %d bytes, a page that opens itself at most %d; encrypt it for age instead", zipPath, size, MaxSelfOpening)
		}
		return writeSelfOpening(out, in, size, filepath.Base(zipPath), passphrase)
	})
}

func writeSelfOpening(out io.Writer, in io.Reader, size int64, name, passphrase string) error {
	salt := make([]byte, 16)
	rand.Read(salt)
	header, err := json.Marshal(selfHeader{
		Format: "satchel-page-1", Name: name, Salt: base64.StdEncoding.EncodeToString(salt), Rounds: selfRounds,
		Size: size, Chunk: selfChunk, Chunks: (size + selfChunk - 1) / selfChunk,
	})
	if err != nil {
		return err
	}
	seal, err := selfSealer(passphrase, salt)
	if err != nil {
		return err
	}
	csp := "default-src 'none'; style-src " + cspHash(style) + "; script-src " + cspHash(selfScript) + "; base-uri 'none'; form-action 'none'"
	before, after, _ := strings.Cut(selfPage, "{{chunks}}")
	fill := strings.NewReplacer("{{csp}}", html.EscapeString(csp), "{{style}}", style, "{{script}}", selfScript, "{{name}}", html.EscapeString(name), "{{header}}", string(header))
	if _, err := fill.WriteString(out, before); err != nil {
		return err
	}
	chunk := make([]byte, selfChunk)
	for i := uint64(0); ; i++ {
		n, err := io.ReadFull(in, chunk)
		if err == io.EOF {
			break
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return err
		}
		nonce := binary.BigEndian.AppendUint64(make([]byte, 4, 12), i)
		text := base64.StdEncoding.EncodeToString(seal.Seal(nil, nonce, chunk[:n], header))
		if _, err := fmt.Fprintf(out, "<script type=\"text/plain\" class=\"chunk\">%s</script>\n", text); err != nil {
			return err
		}
	}
	_, err = fill.WriteString(out, after)
	return err
}

// selfSealer derives the key. Each page has a salt and thus a key of its own, so that chunk numbers serve as nonces.
func selfSealer(passphrase string, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, passphrase, salt, selfRounds, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
