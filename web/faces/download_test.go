package faces_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"

	"satchel/internal/await"
)

// exported makes a job whose first file is of some size, and answers that file's address.
func exported(t *testing.T, p *practice) (status, file string) {
	t.Helper()
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1","name":[{"family":"`+strings.Repeat("Moor", 5000)+`"}]}`), 201)
	status = p.want(p.do("GET", "/fhir/$export", ""), 202).header.Get("Content-Location")
	r := await.Value(t, "the export ends", func() (reply, bool) {
		r := p.do("GET", status, "")
		if r.status != 200 && r.status != 429 && (r.header.Get("X-Progress") == "" || r.header.Get("Retry-After") != "1" || r.body != "") {
			t.Fatalf("poll: %v %q", r.header, r.body)
		}
		return r, r.status == 200
	})
	return status, pick(r.body, "output.0.url")
}

// TestDownload is the matrix of ways to load a file.
func TestDownload(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	_, file := exported(t, p)
	whole := p.want(p.do("GET", file, ""), 200)
	sum := sha256.Sum256([]byte(whole.body))
	etag := whole.header.Get("ETag")
	if etag != `"`+hex.EncodeToString(sum[:])+`"` {
		t.Errorf("ETag %s is not the file's SHA-256", etag)
	}
	if got := whole.header.Get("Content-Length"); got != fmt.Sprint(len(whole.body)) {
		t.Errorf("Content-Length %s of %d", got, len(whole.body))
	}
	p.want(p.do("GET", file, "", "If-None-Match: "+etag), 304)
	p.want(p.do("GET", file, "", "If-Modified-Since: "+whole.header.Get("Last-Modified")), 304)

	head := p.want(p.do("HEAD", file, ""), 200)
	if head.body != "" || head.header.Get("Content-Length") != whole.header.Get("Content-Length") || head.header.Get("ETag") != etag {
		t.Errorf("HEAD: %v", head.header)
	}

	part := p.want(p.do("GET", file, "", "Range: bytes=100-199"), 206)
	if part.body != whole.body[100:200] {
		t.Error("the range is not the range")
	}
	if both := p.want(p.do("GET", file, "", "Range: bytes=100-199", "Accept-Encoding: gzip"), 206); both.header.Get("Content-Encoding") != "" || both.body != part.body {
		t.Error("a range was compressed")
	}
	p.want(p.do("GET", file, "", "Range: bytes=100-199", "If-Range: "+etag), 206)
	p.want(p.do("GET", file, "", "Range: bytes=100-199", `If-Range: "other"`), 200)
	p.want(p.do("GET", file, "", "Range: bytes=99999999-"), 416)

	for _, accept := range []string{"gzip", "br, GZIP;q=0.5", "gzip, deflate"} {
		packed := p.want(p.do("GET", file, "", "Accept-Encoding: "+accept), 200)
		if packed.header.Get("Content-Encoding") != "gzip" || packed.header.Get("Vary") != "Accept-Encoding" || packed.header.Get("ETag") == etag {
			t.Errorf("%s: %v", accept, packed.header)
		}
		z, err := gzip.NewReader(strings.NewReader(packed.body))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := io.Copy(&out, z); err != nil || out.String() != whole.body {
			t.Errorf("%s: not the same content: %v", accept, err)
		}
		p.want(p.do("GET", file, "", "Accept-Encoding: gzip", "If-None-Match: "+packed.header.Get("ETag")), 304)
	}
	for _, accept := range []string{"identity", "gzip;q=0", "br"} {
		if r := p.want(p.do("GET", file, "", "Accept-Encoding: "+accept), 200); r.header.Get("Content-Encoding") != "" {
			t.Errorf("%s: compressed", accept)
		}
	}
	if r := p.want(p.do("HEAD", file, "", "Accept-Encoding: gzip"), 200); r.header.Get("Content-Encoding") != "gzip" || r.body != "" {
		t.Errorf("HEAD gzip: %v", r.header)
	}
}

// TestJobsArePrivate asks for a job, its file and its end as everybody else.
func TestJobsArePrivate(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	status, file := exported(t, p)
	p.account("peer", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	p.account("chief", "ROLE_SUPERUSER")
	unknown := p.do("GET", "/fhir/$export-poll-status?_jobId=nope", "")
	for _, as := range []string{"peer", "chief", ""} {
		p.as = as
		for method, url := range map[string]string{"GET": status, "HEAD": file, "DELETE": status} {
			if as == "chief" && method == "DELETE" {
				continue // who manages jobs may end those of others, on every face
			}
			want := 404
			if as == "" {
				want = 401
			}
			r := p.want(p.do(method, url, ""), want)
			if as != "" && method == "GET" && r.body != unknown.body {
				t.Errorf("a foreign job is told apart from an unknown one: %s", r.body)
			}
		}
	}
	p.as = "ann"
	p.want(p.do("GET", file+"x", ""), 404)
	p.want(p.do("GET", file, ""), 200)
}
