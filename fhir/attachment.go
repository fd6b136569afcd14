package fhir

// AppendByURL appends to dst the text in which each attachment that has more than most bytes of data (as base64) and no
// url has a url instead, and returns it. address returns the url of an attachment by its number, as [Document.Attachment]
// takes it. All else stays byte for byte.
func (d *Document) AppendByURL(dst []byte, most int, address func(n int) string) []byte {
	from := 0
	d.eachAttachment(func(n int, attachment node) {
		data := attachment.field("data")
		if data.kind() != '"' || len(data.raw())-2 <= most || attachment.field("url").ok() {
			return
		}
		c := data.cell()
		dst = append(dst, d.text[from:c.label-1]...)
		dst = append(dst, `"url":`...)
		dst = append(dst, quote(address(n))...)
		from = int(c.end)
	})
	return append(dst, d.text[from:]...)
}

// Attachment finds an attachment by its number, from 0 in document order: its contentType, and its data as the JSON string
// that it is; false if there is none, or none with data. The data must not be changed and lives until the next Reset.
func (d *Document) Attachment(number int) (contentType string, data []byte, ok bool) {
	d.eachAttachment(func(n int, attachment node) {
		if value := attachment.field("data"); n == number && value.kind() == '"' {
			contentType, data, ok = attachment.field("contentType").text(), value.raw(), true
		}
	})
	return contentType, data, ok
}

// eachAttachment calls f with each element of type Attachment, those of contained resources and extensions included.
func (d *Document) eachAttachment(f func(n int, attachment node)) {
	n := 0
	w := walk{}
	w.visit = func(_ *table, e *element, value node) {
		if e.Type == "Attachment" && value.kind() == '{' {
			f(n, value)
			n++
		}
	}
	w.all(d)
}

// Version is meta.versionId, "" without one.
func (d *Document) Version() string { return d.root().field("meta").field("versionId").text() }

// LastUpdated is meta.lastUpdated as written, "" without one.
func (d *Document) LastUpdated() string { return d.root().field("meta").field("lastUpdated").text() }

// Inline is an attachment that carries its bytes.
type Inline struct {
	Path        string // element path, as [Document.Attachments] gives it; "Binary.data" for the content of a Binary
	ContentType string
	Title       string
	Base64      []byte // as stored, without the quotes; it may have white space in it. It lives until the next Reset
}

// Inlines calls f with every attachment that carries data, in document order, and with the content of a Binary.
func (d *Document) Inlines(f func(Inline)) {
	w := walk{}
	w.visit = func(_ *table, e *element, value node) {
		if data := value.field("data"); e.Type == "Attachment" && data.ok() {
			f(Inline{w.at.String(), value.field("contentType").text(), value.field("title").text(), data.bytes()})
		}
	}
	w.all(d)
	if data := d.root().field("data"); d.typ == "Binary" && data.ok() {
		f(Inline{"Binary.data", d.root().field("contentType").text(), "", data.bytes()})
	}
}
