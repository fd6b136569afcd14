package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"satchel/audit"
)

//go:embed assets
var assetFiles embed.FS

// assets are the style sheets, scripts and pictures of the pages, by the name under which a browser asks for them: it has
// a hash in it, so that a browser may keep the file for ever.
type assets struct {
	files map[string][]byte
	named map[string]string // the path of a file by its plain name
}

func assetRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "assets/{file}", Kind: Public, Action: audit.NoEvent, Summary: "Style sheets, scripts and pictures of the pages", Run: sendAsset, Quiet: true},
	}
}

// loadAssets reads what is embedded.
func loadAssets() (*assets, error) {
	a := &assets{files: map[string][]byte{}, named: map[string]string{}}
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		content, err := assetFiles.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(content)
		base, ext, _ := strings.Cut(e.Name(), ".")
		hashed := base + "." + hex.EncodeToString(sum[:6]) + "." + ext
		a.files[hashed], a.named[e.Name()] = content, "/assets/"+hashed
	}
	return a, nil
}

// media are the types of the assets; those that a machine knows may be others.
var media = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// path is the address of a file.
func (a *assets) path(name string) (string, error) {
	p, ok := a.named[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return p, nil
}

// sendAsset answers one file.
func sendAsset(v *Request) error {
	name := v.Value("file")
	content, ok := v.pages.assets.files[name]
	if !ok {
		return nothingHere()
	}
	h := v.W.Header()
	h.Set("Content-Type", media[path.Ext(name)])
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(v.W, v.Request, "", time.Time{}, bytes.NewReader(content))
	return nil
}
