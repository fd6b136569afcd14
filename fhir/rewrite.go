package fhir

import "bytes"

// Rewritten returns the text with every string value equal to a key of links (such as "urn:uuid:…") in a Reference.reference,
// uri, url, canonical, oid or uuid element, and in narrative href/src, replaced by its value (such as "Patient/1").
// Everything else stays byte for byte. The result is the caller's.
func (d *Document) Rewritten(links map[string]string) []byte {
	var edits []edit
	w := walk{visit: func(owner *table, e *element, value node) {
		switch {
		case value.kind() != '"' || len(links) == 0:
		case e.Type == "xhtml":
			edits = narrativeEdits(edits, value, links)
		case isLink(owner, e):
			if to, ok := links[view(value.bytes())]; ok {
				c := value.cell()
				edits = append(edits, edit{int(c.start), int(c.end), quote(to)})
			}
		}
	}}
	w.all(d)
	return edited(d.text, edits)
}

// narrativeEdits replaces the values of href and src attributes in the div that value holds.
// It works on the JSON text, so that what is not replaced stays as written.
func narrativeEdits(edits []edit, value node, links map[string]string) []edit {
	raw, base := value.raw(), int(value.cell().start)
	for i := 0; i < len(raw); {
		from, to := nextLink(raw, i)
		if from < 0 {
			return edits
		}
		was := unquoted(append(append([]byte{'"'}, raw[from:to]...), '"'))
		if now, ok := links[was]; ok {
			text := quote(now)
			edits = append(edits, edit{base + from, base + to, text[1 : len(text)-1]})
		}
		i = to
	}
	return edits
}

// nextLink finds the value of the next href or src attribute at or after i; from is -1 if there is none.
func nextLink(raw []byte, i int) (from, to int) {
	for {
		equals := bytes.IndexByte(raw[i:], '=')
		if equals < 0 {
			return -1, -1
		}
		name := bytes.TrimRight(raw[:i+equals], " ")
		i += equals + 1
		if !isLinkAttribute(name) {
			continue
		}
		for i < len(raw) && raw[i] == ' ' {
			i++
		}
		for _, delimiter := range []string{`\"`, `'`} {
			if rest, ok := bytes.CutPrefix(raw[i:], []byte(delimiter)); ok {
				if end := bytes.Index(rest, []byte(delimiter)); end >= 0 {
					return i + len(delimiter), i + len(delimiter) + end
				}
			}
		}
	}
}

// isLinkAttribute reports whether the text before an equals sign ends in the attribute name href or src.
func isLinkAttribute(before []byte) bool {
	for _, name := range []string{"href", "src"} {
		if rest, ok := bytes.CutSuffix(before, []byte(name)); ok && len(rest) > 0 {
			last := rest[len(rest)-1]
			escaped := len(rest) > 1 && rest[len(rest)-2] == '\\' && (last == 'n' || last == 't' || last == 'r')
			return last == ' ' || escaped
		}
	}
	return false
}
