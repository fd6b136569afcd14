package fhir

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Content reads what a base64 text stands for, without holding it a second time: attachments are the largest that
// there is, and several may be on their way at once. It is an io.ReadSeeker.
type Content struct {
	text []byte // base64 without white space, in whole quanta of four characters
	size int64
	at   int64
	buf  []byte
}

// contentPiece is how many quanta are decoded at a time.
const contentPiece = 8 << 10

// NewContent reads the value of Binary.data or Attachment.data, with its quotes or without; nil holds nothing. R4 allows
// white space in it. What is not base64 is an error, here or while it is read.
func NewContent(data jsontext.Value) (*Content, error) {
	if data == nil {
		return &Content{}, nil
	}
	text := bytes.Trim(data, `"`)
	if bytes.IndexByte(text, '\\') >= 0 {
		plain, err := jsontext.AppendUnquote(nil, data)
		if err != nil {
			return nil, err
		}
		text = plain
	}
	if bytes.ContainsAny(text, " \t\r\n") {
		text = bytes.Join(bytes.Fields(text), nil)
	}
	if len(text)%4 != 0 {
		return nil, errors.New("data is not base64: its length is not a multiple of four")
	}
	padding := len(text) - len(bytes.TrimRight(text, "="))
	if padding > 2 {
		return nil, errors.New("data is not base64: it has too much padding")
	}
	return &Content{text: text, size: int64(len(text)/4*3 - padding)}, nil
}

func (c *Content) Read(p []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	if c.buf == nil {
		c.buf = make([]byte, 3*contentPiece)
	}
	from := c.at / 3
	n := min(int64(len(p))/3+2, int64(len(c.text)/4)-from, contentPiece)
	got, err := base64.StdEncoding.Decode(c.buf, c.text[4*from:4*(from+n)])
	if err != nil {
		return 0, err
	}
	m := copy(p, c.buf[c.at-3*from:got])
	c.at += int64(m)
	return m, nil
}

func (c *Content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	c.at = offset
	return offset, nil
}
