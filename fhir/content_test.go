package fhir

import (
	"bytes"
	"encoding/base64"
	"io"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// Whatever was encoded is read again, from any place, in pieces of any size, with white space or without.
func TestContent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes")
		if rapid.Bool().Draw(t, "long") {
			want = bytes.Repeat(append(want, 1), 500)
		}
		text := []byte(base64.StdEncoding.EncodeToString(want))
		for range rapid.IntRange(0, 3).Draw(t, "breaks") {
			i := rapid.IntRange(0, len(text)).Draw(t, "break")
			text = append(text[:i:i], append([]byte(rapid.SampledFrom([]string{" ", "\n", "\r\n"}).Draw(t, "space")), text[i:]...)...)
		}
		quoted, err := jsontext.AppendQuote(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewContent(quoted)
		if err != nil {
			t.Fatal(err)
		}
		if c.size != int64(len(want)) {
			t.Fatalf("size %d of %d", c.size, len(want))
		}
		from := rapid.IntRange(0, len(want)).Draw(t, "from")
		if _, err := c.Seek(int64(from), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		var r io.Reader = c
		if rapid.Bool().Draw(t, "slow") {
			r = iotest.OneByteReader(c)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want[from:]) {
			t.Fatalf("%d bytes, want %d: %v", len(got), len(want)-from, err)
		}
	})
}

// What is not base64 is an error, at the latest while it is read.
func TestContentDamaged(t *testing.T) {
	for _, text := range []string{"a", "aaa", "a===", "====", "ab=c", "a?aa", "aa=="[:3]} {
		c, err := NewContent(jsontext.Value(`"` + text + `"`))
		if err == nil {
			_, err = io.ReadAll(c)
		}
		if err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
