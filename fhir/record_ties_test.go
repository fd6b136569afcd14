package fhir

import (
	"fmt"
	"strings"
	"testing"
)

func TestTies(t *testing.T) {
	d := mustParse(t, `{"resourceType":"List","id":"l","meta":{"profile":["http://p/1|2"],"security":[{"system":"s","code":"c"}]},
		"contained":[{"resourceType":"Media","id":"m","content":{"url":"Binary/b"}}],
		"extension":[{"url":"http://e","valueReference":{"reference":"https://here/fhir/Device/d/_history/3"}}],
		"code":{"coding":[{"system":"http://c"}]},"identifier":[{"system":"http://not"}],
		"_status":{"extension":[{"url":"http://f","valueAttachment":{"contentType":"a/b","data":"AA=="}}]},
		"subject":{"reference":"Patient/a"},"source":{"reference":"#m"},
		"entry":[{"item":{"reference":"Observation/o"}},{"item":{"reference":"urn:uuid:6f8d1a52-3c57-4f0e-9d3b-0a51f6a3c001"}}]}`)
	var ties Ties
	if err := d.Ties(&ties, Bases{}); err != nil {
		t.Fatal(err)
	}
	told := func(list []Tie) (lines []string) {
		for _, l := range list {
			lines = append(lines, strings.TrimSpace(fmt.Sprint(l.Text, " ", l.Path, " ", l.InItem)))
		}
		return lines
	}
	got := fmt.Sprintf("%v\n%q\n%q\n%q %q\n%+v\n%v", ties.Owners, told(ties.Links), told(ties.References), ties.Canonicals, ties.Systems, ties.Attachments, ties.Labels)
	want := strings.Join([]string{
		`[{a 1}]`,
		`["Observation/o entry.item false" "urn:uuid:6f8d1a52-3c57-4f0e-9d3b-0a51f6a3c001 entry.item false"]`,
		`["Binary/b  false" "https://here/fhir/Device/d/_history/3  false" "Patient/a  false" "Observation/o  true" "urn:uuid:6f8d1a52-3c57-4f0e-9d3b-0a51f6a3c001  true"]`,
		`["http://p/1" "http://e" "http://f"] ["s" "http://c"]`,
		`[{Path:List.contained[0].content ContentType: URL:Binary/b Data:false} {Path:List.status.extension[0].value ContentType:a/b URL: Data:true}]`,
		`[{s c}]`,
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Every character that an excerpt does not leave out stays.
func TestExcerpt(t *testing.T) {
	standing := func(r Reference) Standing {
		switch {
		case r.ID == "mine":
			return Mine
		case r.Type == "Organization":
			return Neutral
		}
		return Foreign
	}
	tags := `"tag":[` + excerptTags + `]`
	for _, c := range []struct {
		name, text string
		shared     bool
		want       string // "": no excerpt
	}{
		{"nothing foreign", `{"resourceType":"Group","member":[{"entity":{"reference":"Patient/mine"}}]}`, true, ""},
		{"foreign, but not shared", `{"resourceType":"Task","focus":{"reference":"Patient/b"}}`, false, ""},
		{"a placeholder", `{"resourceType":"Task","id":"t","meta":{"tag":[{"code":"x"}]},"text":{"div":"b"},"focus":{"reference":"Patient/b","display":"B"},"priority":"a\/\u00fc"}`, true,
			`{"resourceType":"Task","id":"t","meta":{"tag":[{"code":"x"},` + excerptTags + `]},"focus":{"display":"another patient"},"priority":"a\/\u00fc"}`},
		{"a list that ends empty", `{"resourceType":"Group","meta":{"versionId":"1"},"quantity":2,"member":[{"entity":{"reference":"Patient/b"}}],"name":"n"}`, true,
			`{"resourceType":"Group","meta":{"versionId":"1",` + tags + `},"quantity":2,"name":"n"}`},
		{"an item with something of both stays", `{"resourceType":"PaymentReconciliation","detail":[{"request":{"reference":"Claim/mine"},"response":{"reference":"Claim/b"}}]}`, false, ""},
		{"without meta", `{"resourceType":"Linkage","item":[{"resource":{"reference":"Patient/mine"}},{"resource":{"reference":"Patient/b"}}]}`, false,
			`{"resourceType":"Linkage","item":[{"resource":{"reference":"Patient/mine"}}],"meta":{` + tags + `}}`},
		{"contained resources go with what pointed to them",
			`{"resourceType":"MessageHeader","contained":[{"resourceType":"Basic","id":"k"},{"resourceType":"Basic","id":"u"}],"focus":[{"reference":"Patient/mine"},{"reference":"Patient/b","extension":[{"url":"x","valueReference":{"reference":"#k"}}]}]}`, false,
			`{"resourceType":"MessageHeader","contained":[{"resourceType":"Basic","id":"u"}],"focus":[{"reference":"Patient/mine"}],"meta":{` + tags + `}}`},
	} {
		d := mustParse(t, c.text)
		if got := string(d.Excerpt(c.shared, standing)); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}
