package web

import (
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"satchel/fhir"
)

// query reads the query string into c.params and checks _format, _pretty and Accept.
func (c *call) query() error {
	params, err := parseQuery(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if c.format, err = c.take(params); err != nil {
		return err
	}
	if c.route.kind == file || c.route.kind == discovery || c.native() || c.route.pattern == "api/audit" {
		return nil // it is what it is, whatever the client accepts; a Binary and the audit log choose by themselves
	}
	return acceptable(c.format, c.Header.Values("Accept"))
}

// take keeps params but for those about the form of the answer. It answers the value of _format.
func (c *call) take(params []fhir.Param) (format string, err error) {
	for _, p := range params {
		switch p.Name {
		case "_format":
			format = p.Value
		case "_pretty":
			if p.Value != "true" && p.Value != "false" {
				return "", fhir.Errorf(fhir.CodeValue, "_pretty is %q: write true or false", printable(p.Value))
			}
			c.pretty = p.Value == "true"
		default:
			c.params = append(c.params, p)
		}
	}
	return format, nil
}

// parseQuery reads name=value pairs in order. url.ParseQuery loses the order across names, on which the self link and
// the meaning of repeated parameters depend.
func parseQuery(raw string) ([]fhir.Param, error) {
	var params []fhir.Param
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return nil, fhir.Errorf(fhir.CodeInvalid, "the query has a broken %%-escape; write a percent sign as %%25")
		}
		params = append(params, fhir.Param{Name: name, Value: value})
	}
	return params, nil
}

// queryText writes params as a query string.
func queryText(params []fhir.Param) string {
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.Value))
	}
	return b.String()
}

// jsonMedia are the names under which clients ask for FHIR's JSON, or for anything.
var jsonMedia = map[string]bool{
	"application/fhir+json": true, "application/json": true, "application/json+fhir": true, "text/json": true, "json": true,
	"application/*": true, "*/*": true, "*": true,
	"application/fhir+ndjson": true, "application/ndjson": true, // bulk clients send them to kick-off and status
}

// acceptable refuses a client that can read none of what this server writes. _format wins over Accept.
func acceptable(format string, accept []string) error {
	if format != "" {
		if jsonMediaType(strings.ReplaceAll(format, " ", "+")) {
			return nil
		}
		return problemf(http.StatusNotAcceptable, fhir.CodeNotSupported, "_format %q is not offered; this server writes JSON: application/fhir+json", printable(format))
	}
	list := strings.Join(accept, ",")
	if strings.TrimSpace(list) == "" {
		return nil
	}
	for media := range strings.SplitSeq(list, ",") {
		if jsonMediaType(media) {
			return nil
		}
	}
	return problemf(http.StatusNotAcceptable, fhir.CodeNotSupported, "Accept %q is not offered; this server writes JSON: application/fhir+json", printable(list))
}

// jsonMediaType reports whether one member of an Accept list is JSON that this server writes.
func jsonMediaType(media string) bool {
	name, params, err := mime.ParseMediaType(media)
	if err != nil || !jsonMedia[name] {
		return false
	}
	if q, ok := params["q"]; ok {
		if weight, err := strconv.ParseFloat(q, 64); err != nil || weight == 0 {
			return false
		}
	}
	version, ok := params["fhirversion"]
	return !ok || version == "4.0"
}

// prefer reads one preference of RFC 7240: Prefer is a list with names that do not differ by case, in one or many headers.
func (c *call) prefer(name string) string {
	value, _ := c.preference(name)
	return value
}

// preference is prefer that also tells whether the preference is there, for those without a value.
func (c *call) preference(name string) (value string, given bool) {
	for preference := range strings.SplitSeq(strings.Join(c.Header.Values("Prefer"), ","), ",") {
		preference, _, _ = strings.Cut(preference, ";")
		key, value, _ := strings.Cut(preference, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`)), true
		}
	}
	return "", false
}
