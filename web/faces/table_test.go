package faces_test

import (
	"encoding/json"
	"sort"
	"strings"
	"testing"
)

// row is one route as the OpenAPI document tells it.
type row struct {
	method   string
	segments []string
}

// table reads the routes from the server itself.
func table(t *testing.T, p *practice) []row {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(p.do("GET", "/api/openapi.json", "").body), &doc); err != nil {
		t.Fatal(err)
	}
	var rows []row
	for path, methods := range doc.Paths {
		for method := range methods {
			rows = append(rows, row{strings.ToUpper(method), strings.Split(strings.Trim(path, "/"), "/")})
		}
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].address(nil)+rows[i].method < rows[j].address(nil)+rows[j].method })
	if len(rows) < 25 {
		t.Fatalf("only %d routes", len(rows))
	}
	return rows
}

// address fills the placeholders: harmless values, but for those given by place.
func (r row) address(values map[int]string) string {
	path := ""
	for i, segment := range r.segments {
		if value, ok := values[i]; ok {
			segment = value
		} else if segment == "{type}" {
			segment = "Observation"
		} else if segment == "{version}" {
			segment = "1"
		} else if strings.HasPrefix(segment, "{") {
			segment = "x1"
		}
		if segment != "" {
			path += "/" + segment
		}
	}
	return path
}

// TestAnonymous walks the route table without credentials: 401 everywhere but at the addresses named here.
func TestAnonymous(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	rows := table(t, p)
	open := map[string]bool{"GET /fhir/metadata": true, "GET /fhir/.well-known/smart-configuration": true, "GET /.well-known/smart-configuration": true}
	ways := map[string]int{"POST /oauth/token": 400, "POST /api/session": 415} // where one signs in
	p.as = ""
	for _, rt := range rows {
		for _, method := range []string{rt.method, "HEAD"} {
			if method == "HEAD" && (rt.method != "GET" || strings.Contains(rt.address(nil), "$export") && !strings.Contains(rt.address(nil), "$export-")) {
				continue
			}
			path := rt.address(nil)
			r := p.do(method, path, "")
			want := 401
			if open[rt.method+" "+path] {
				want = 200
			} else if status := ways[rt.method+" "+path]; status != 0 {
				want = status
			}
			if r.status != want {
				t.Errorf("%s %s: %d, want %d", method, path, r.status, want)
			}
			if want == 401 && r.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s: no WWW-Authenticate", method, path)
			}
			if want == 401 && r.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: may be cached", method, path)
			}
		}
	}
}

// TestNoRights walks the table with an account that holds nothing: never a success.
func TestNoRights(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	rows := table(t, p)
	p.do("PUT", "/fhir/Observation/x1", `{"resourceType":"Observation","id":"x1","status":"final","code":{"text":"x"}}`)
	p.account("nobody")
	p.as = "nobody"
	for _, rt := range rows {
		path := rt.address(nil)
		if path == "/fhir/metadata" || path == "/oauth/token" || strings.Contains(path, ".well-known") ||
			strings.HasPrefix(path, "/api/session") || strings.HasPrefix(path, "/api/account") || // the own account
			rt.method == "GET" && path == "/api/packages" { // the own packages
			continue
		}
		body := `{"resourceType":"Observation","id":"x1","status":"final","code":{"text":"y"}}`
		switch {
		case strings.Contains(path, "$"):
			body = ""
		case strings.HasSuffix(path, "_search"):
			body = ""
		}
		header := []string{}
		if strings.HasSuffix(path, "_search") {
			header = []string{"Content-Type:", "Content-Type: application/x-www-form-urlencoded"}
		}
		if rt.method == "PUT" || rt.method == "DELETE" {
			if !strings.Contains(path, "/x1") {
				path += "?_id=x1"
			}
		}
		if path == "/api/packages" {
			body, header = `{"patient":"x1"}`, []string{"Content-Type:", "Content-Type: application/json"}
		}
		r := p.do(rt.method, path, body, header...)
		if strings.HasPrefix(path, "/api/packages/x1") && (r.status == 404 || r.status == 415) {
			continue
		}
		if r.status != 403 && !(strings.Contains(path, "export-") && (r.status == 404 || r.status == 400)) {
			t.Errorf("%s %s: %d %.300s", rt.method, path, r.status, r.body)
		}
	}
	p.as = "ann"
	p.want(p.do("GET", "/fhir/Observation/x1", ""), 200, `"versionId":"1"`)
}
