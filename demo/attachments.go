package demo

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"
	"sync"
)

// attachments puts bytes of several kinds about the patient into the context, each in base64.
func (w *writer) attachments(p *person) {
	letter := pdf("Letter about " + p.given + " (" + Canary(p.id) + ")")
	hash := sha1.Sum(letter) // Attachment.hash is SHA-1 by R4
	w.set("pdf", base64.StdEncoding.EncodeToString(letter), "pdfSize", strconv.Itoa(len(letter)),
		"pdfHash", base64.StdEncoding.EncodeToString(hash[:]), "svg", base64Text(svg(Canary(p.id))),
		"plain", base64Text("A few words about "+p.given+".\n"+Canary(p.id)+"\n"), "png", tinyPNG())
}

func base64Text(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// pdf draws one line of text on one page. Characters outside ASCII become question marks.
func pdf(line string) []byte {
	text := strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, line)
	text = strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(text)
	stream := "BT /F1 14 Tf 72 720 Td (" + text + ") Tj ET"
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		"<< /Length " + strconv.Itoa(len(stream)) + " >>\nstream\n" + stream + "\nendstream",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	b := []byte("%PDF-1.4\n")
	table := "xref\n0 " + strconv.Itoa(len(objects)+1) + "\n0000000000 65535 f \n"
	for i, o := range objects {
		table += digits(len(b), 10) + " 00000 n \n"
		b = append(b, strconv.Itoa(i+1)+" 0 obj\n"+o+"\nendobj\n"...)
	}
	start := strconv.Itoa(len(b))
	return append(b, table+"trailer\n<< /Size "+strconv.Itoa(len(objects)+1)+" /Root 1 0 R >>\nstartxref\n"+start+"\n%%EOF\n"...)
}

// svg draws a face with a title.
func svg(title string) string {
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><title>` + title +
		`</title><circle cx="8" cy="8" r="7" fill="#fd6"/><circle cx="5.5" cy="6" r="1"/><circle cx="10.5" cy="6" r="1"/></svg>`
}

// tinyPNG is an eight by eight image in base64.
var tinyPNG = sync.OnceValue(func() string {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		img.Set(i%8, i/8, color.RGBA{uint8(i * 4), uint8(i / 8 * 32), 90, 255})
	}
	var b bytes.Buffer
	plain := png.Encoder{CompressionLevel: png.NoCompression} // the same bytes whatever the compressor does
	if err := plain.Encode(&b, img); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
})
