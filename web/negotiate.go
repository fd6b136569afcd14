package web

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"satchel/fhir"
)

// query reads the query string into c.params and checks _format, _pretty and Accept.
func (c *Call) query() error {
	params, err := ParseQuery(c.URL.RawQuery)
	if err != nil {
		return err
	}
	if c.Format, err = c.Take(params); err != nil {
		return err
	}
	if c.Route.Kind == File || c.Route.Kind == Discovery || c.Native() || c.Route.Pattern == "api/audit" {
		return nil // it is what it is, whatever the client accepts; a Binary and the audit log choose by themselves
	}
	return Acceptable(c.Format, c.Header.Values("Accept"))
}

// Take keeps params but for those about the form of the answer. It returns the value of _format.
func (c *Call) Take(params []fhir.Param) (format string, err error) {
	for _, p := range params {
		switch p.Name {
		case "_format":
			format = p.Value
		case "_pretty":
			if p.Value != "true" && p.Value != "false" {
				return "", fhir.Errorf(fhir.CodeValue, "_pretty is %q: write true or false", Printable(p.Value))
			}
			c.pretty = p.Value == "true"
		default:
			c.Params = append(c.Params, p)
		}
	}
	return format, nil
}

// ParseQuery reads name=value pairs in order. url.ParseQuery loses the order across names, on which the self link and
// the meaning of repeated parameters depend.
func ParseQuery(raw string) ([]fhir.Param, error) {
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

// QueryText writes params as a query string.
func QueryText(params []fhir.Param) string {
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

// Acceptable refuses a client that can read none of what this server writes. _format wins over Accept.
func Acceptable(format string, accept []string) error {
	if format != "" {
		if jsonMediaType(strings.ReplaceAll(format, " ", "+")) {
			return nil
		}
		return Problemf(http.StatusNotAcceptable, fhir.CodeNotSupported, "_format %q is not offered; this server writes JSON: application/fhir+json", Printable(format))
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
	return Problemf(http.StatusNotAcceptable, fhir.CodeNotSupported, "Accept %q is not offered; this server writes JSON: application/fhir+json", Printable(list))
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

// Prefer reads one preference of RFC 7240: Prefer is a list with names that do not differ by case, in one or many headers.
func (c *Call) Prefer(name string) string {
	value, _ := c.Preference(name)
	return value
}

// Preference is prefer that also tells whether the preference is there, for those without a value.
func (c *Call) Preference(name string) (value string, given bool) {
	for preference := range strings.SplitSeq(strings.Join(c.Header.Values("Prefer"), ","), ",") {
		preference, _, _ = strings.Cut(preference, ";")
		key, value, _ := strings.Cut(preference, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`)), true
		}
	}
	return "", false
}

// Without leaves out parameters by name.
func Without(params []fhir.Param, names ...string) []fhir.Param {
	var kept []fhir.Param
	for _, p := range params {
		if !slices.Contains(names, p.Name) {
			kept = append(kept, p)
		}
	}
	return kept
}
