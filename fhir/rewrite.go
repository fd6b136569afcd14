package fhir

import "bytes"

// Links say what the addresses of a Bundle's entries became when they were stored. The zero value has none.
type Links struct{ to map[string]string }

// Add says that what text names, such as a fullUrl "urn:uuid:…" or "Patient/1", is now to: "Patient/2".
func (l *Links) Add(text, to string) {
	if l.to == nil {
		l.to = map[string]string{}
	}
	l.to[linkName(text)] = to
}

// Find returns what a text in a resource is to be replaced by; false if nothing. As R4 has it (bundle.html#references), a
// version in the text does not matter, nor does the case of a urn.
func (l Links) Find(text string) (to string, ok bool) {
	if len(l.to) == 0 {
		return "", false
	}
	to, ok = l.to[linkName(text)]
	return to, ok
}

// Len is the number of addresses.
func (l Links) Len() int { return len(l.to) }

// linkName is a text in the form in which two are compared.
func linkName(text string) string {
	switch r := ParseReference(text); {
	case r.Form == FormURN:
		return r.URN()
	case r.Form == FormAbsolute && r.Version != "":
		return r.Base + "/" + r.Key()
	case r.Form == FormRelative && r.Version != "":
		return r.Key()
	}
	return text
}

// Rewritten returns the text with every string value that links have an answer for, in a Reference.reference, uri, url,
// canonical, oid or uuid element, and in narrative href/src, replaced by it; nil if there is none. Everything else stays byte
// for byte. The result is the caller's.
func (d *Document) Rewritten(links Links) []byte {
	var edits []edit
	w := walk{visit: func(owner *table, e *element, value node) {
		switch {
		case value.kind() != '"' || links.Len() == 0:
		case e.Type == "xhtml":
			edits = narrativeEdits(edits, value, links)
		case isLink(owner, e):
			if to, ok := links.Find(view(value.bytes())); ok {
				c := value.cell()
				edits = append(edits, edit{int(c.start), int(c.end), quote(to)})
			}
		}
	}}
	w.all(d)
	if len(edits) == 0 {
		return nil
	}
	return edited(d.text, edits)
}

// narrativeEdits replaces the values of href and src attributes in the div that value holds.
// It works on the JSON text, so that what is not replaced stays as written.
func narrativeEdits(edits []edit, value node, links Links) []edit {
	raw, base := value.raw(), int(value.cell().start)
	for i := 0; i < len(raw); {
		from, to := nextLink(raw, i)
		if from < 0 {
			return edits
		}
		was := unquoted(append(append([]byte{'"'}, raw[from:to]...), '"'))
		if now, ok := links.Find(was); ok {
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
