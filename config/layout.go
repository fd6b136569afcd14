package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// layout tells where in the text of a settings file its keys, sections and remarks stand.
type layout struct {
	keys     []keyPlace
	sections []sectionPlace
	remarks  []remarkPlace
}

// keyPlace is where a key has its value.
type keyPlace struct {
	path       []string // with that of its section
	line       int
	start, end int // of the value, in bytes
}

// sectionPlace is the header of a section.
type sectionPlace struct {
	path []string
	line int
	end  int // of the line, in bytes
}

// remarkPlace is a line that holds a remark alone.
type remarkPlace struct {
	text    string
	section []string // in which it stands
	end     int      // of the line, in bytes
}

// layoutOf reads the tree of a TOML text.
func layoutOf(text string) (layout, error) {
	const mark = "\uFEFF" // some editors begin a file with it
	body, marked := strings.CutPrefix(text, mark)
	r := layoutReader{text: []byte(body)}
	r.parser.KeepComments = true
	r.parser.Reset(r.text)
	for r.parser.NextExpression() {
		r.expression(r.parser.Expression())
	}
	if err := r.parser.Error(); err != nil {
		return layout{}, fmt.Errorf("it cannot be taken apart: %w", err)
	}
	if marked {
		r.found.shift(len(mark))
	}
	return r.found, nil
}

// layoutReader walks along the expressions of a text.
type layoutReader struct {
	text    []byte
	parser  unstable.Parser
	section []string
	found   layout
}

func (r *layoutReader) expression(e *unstable.Node) {
	switch e.Kind {
	case unstable.Comment:
		r.found.remarks = append(r.found.remarks, remarkPlace{string(e.Data), r.section, r.lineEnd(int(e.Raw.Offset))})
	case unstable.Table, unstable.ArrayTable:
		path, last := r.path(e.Key())
		r.section = path
		r.found.sections = append(r.found.sections, sectionPlace{path, r.line(last), r.lineEnd(last)})
	case unstable.KeyValue:
		r.keyValue(e, r.section)
	}
}

// keyValue notes a key and, if its value is an inline table, the keys in it.
func (r *layoutReader) keyValue(e *unstable.Node, in []string) {
	path, last := r.path(e.Key())
	path = slices.Concat(in, path)
	end := int(e.Raw.Offset + e.Raw.Length)
	start := last + bytes.IndexByte(r.text[last:end], '=') + 1
	start += len(r.text[start:end]) - len(bytes.TrimLeft(r.text[start:end], " \t"))
	r.found.keys = append(r.found.keys, keyPlace{path, r.line(int(e.Raw.Offset)), start, end})
	if e.Value().Kind != unstable.InlineTable {
		return
	}
	for children := e.Value().Children(); children.Next(); {
		if child := children.Node(); child.Kind == unstable.KeyValue {
			r.keyValue(child, path)
		}
	}
}

// path reads a dotted key, and where its last part ends.
func (r *layoutReader) path(key unstable.Iterator) (path []string, end int) {
	for key.Next() {
		path = append(path, string(key.Node().Data))
		end = int(key.Node().Raw.Offset + key.Node().Raw.Length)
	}
	return path, end
}

// line is the number of the line in which a byte stands.
func (r *layoutReader) line(offset int) int { return 1 + bytes.Count(r.text[:offset], []byte("\n")) }

// lineEnd is where the next line begins.
func (r *layoutReader) lineEnd(offset int) int {
	if i := bytes.IndexByte(r.text[offset:], '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(r.text)
}

// shift moves everything by some bytes.
func (l *layout) shift(by int) {
	for i := range l.keys {
		l.keys[i].start += by
		l.keys[i].end += by
	}
	for i := range l.sections {
		l.sections[i].end += by
	}
	for i := range l.remarks {
		l.remarks[i].end += by
	}
}

// line is that of a key or section as the file writes it, or of the first one in it. 0: it is not there.
func (l *layout) line(written string) int {
	path := strings.Split(written, ".")
	for _, s := range l.sections {
		if slices.Equal(s.path, path) {
			return s.line
		}
	}
	for _, k := range l.keys {
		if len(k.path) >= len(path) && slices.Equal(k.path[:len(path)], path) {
			return k.line
		}
	}
	return 0
}
