package view

import (
	"mime"
	"path"
	"strconv"
	"strings"

	"satchel/fhir"
)

// file keeps an attachment and tells it as a value.
func (x *extractor) file(c fhir.Value) []value {
	a := attached{
		title:       x.text(c.Child("title").Text()),
		contentType: x.text(c.Child("contentType").Text()),
		url:         x.text(c.Child("url").Text()),
		data:        c.Child("data").Ok(),
		at:          string(x.at),
	}
	a.path = x.pathOf(a.at, a.url)
	x.f.files = append(x.f.files, a)
	return []value{{filed, a.title, x.v.keep(strconv.AppendInt(nil, int64(len(x.f.files)-1), 10))}}
}

// pathOf finds the package path of an attachment, below data/.
func (x *extractor) pathOf(at, url string) string {
	p := x.files[at]
	if p == "" && url != "" {
		p = x.files[url]
	}
	return strings.TrimPrefix(p, "data/")
}

// rasters are the kinds of pictures that a browser may draw in a page: nothing in them can run or load.
var rasters = map[string]bool{".png": true, ".jpg": true, ".jpeg": true, ".gif": true, ".webp": true, ".bmp": true}

// raster reports whether the file may be drawn: by its name in the package, which is what a browser goes by.
func (a *attached) raster() bool { return rasters[strings.ToLower(path.Ext(a.path))] }

// harmless are media types that browsers and viewers show without running anything in them.
var harmless = map[string]bool{"application/pdf": true, "text/plain": true, "image/jpeg": true, "image/png": true, "image/gif": true,
	"image/webp": true, "image/bmp": true, "image/tiff": true, "image/heic": true, "audio/mpeg": true, "audio/wav": true,
	"audio/mp4": true, "video/mp4": true, "application/dicom": true}

// careful reports whether the reader shall be warned before opening: web pages, drawings with programs, office documents,
// and whatever is not known.
func (a *attached) careful() bool {
	base, _, err := mime.ParseMediaType(a.contentType)
	return err != nil || !harmless[base]
}
