package fhir

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const linkedText = `{"resourceType":"Encounter","meta":{"profile":["http://example.org/p"]},"status":"finished",
 "class":{"system":"urn:uuid:1","code":"urn:uuid:1"},
 "text":{"status":"generated","div":"<div><a href=\"urn:uuid:1\">x</a> <img alt='y' src='urn:uuid:1'/> <a href=\"urn:uuid:12\">urn:uuid:1</a><p title=\"urn:uuid:1\" data-href=\"urn:uuid:1\"/></div>"},
 "contained":[{"resourceType":"Basic","code":{"text":"urn:uuid:1"},"subject":{"reference":"urn:uuid:1"}}],
 "extension":[{"url":"urn:uuid:1","valueUri":"urn:uuid:1"},{"url":"b","valueReference":{"reference":"urn:uuid:1"}},{"url":"c","valueUuid":"urn:uuid:1"}],
 "_language":{"extension":[{"url":"d","valueCanonical":"urn:uuid:1"}]},
 "subject":{"reference":"urn:\u0075uid:1","display":"urn:uuid:1"},"participant":[{"individual":{"reference":"Practitioner/9"}},{"individual":{"reference":"urn:uuid:12"}}]}`

func TestReferences(t *testing.T) {
	var got []string
	parse(t, linkedText).References(func(path, value string) { got = append(got, path+" "+value) })
	want := []string{
		"Encounter.meta.profile[0] http://example.org/p",
		"Encounter.contained[0].subject.reference urn:uuid:1",
		"Encounter.extension[0].value urn:uuid:1",
		"Encounter.extension[1].value.reference urn:uuid:1",
		"Encounter.extension[2].value urn:uuid:1",
		"Encounter.language.extension[0].value urn:uuid:1",
		"Encounter.subject.reference urn:uuid:1",
		"Encounter.participant[0].individual.reference Practitioner/9",
		"Encounter.participant[1].individual.reference urn:uuid:12",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func linksOfMap(m map[string]string) (links Links) {
	for from, to := range m {
		links.Add(from, to)
	}
	return links
}

// rewritten is the text of a document with links rewritten, its own if nothing is to be.
func rewritten(d *Document, links map[string]string) string {
	if text := d.Rewritten(linksOfMap(links)); text != nil {
		return string(text)
	}
	return string(d.JSON())
}

func TestRewritten(t *testing.T) {
	d := parse(t, linkedText)
	want := strings.NewReplacer(
		`href=\"urn:uuid:1\">x`, `href=\"Patient/7\">x`, `src='urn:uuid:1'`, `src='Patient/7'`,
		`"reference":"urn:uuid:1"`, `"reference":"Patient/7"`, `"reference":"urn:\u0075uid:1"`, `"reference":"Patient/7"`,
		`"valueUri":"urn:uuid:1"`, `"valueUri":"Patient/7"`, `"valueUuid":"urn:uuid:1"`, `"valueUuid":"Patient/7"`,
		`"valueCanonical":"urn:uuid:1"`, `"valueCanonical":"Patient/7"`,
	).Replace(string(d.JSON()))
	if got := string(d.Rewritten(linksOfMap(map[string]string{"urn:uuid:1": "Patient/7"}))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Without a matching link nothing changes; rewriting there and back gives the same text.
func TestRewrittenProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "references")
		var performers []string
		links, back := map[string]string{}, map[string]string{}
		for i := range n {
			urn, key := fmt.Sprintf("urn:uuid:%d", i), fmt.Sprintf("Practitioner/%s%d", rapid.StringMatching(`[a-z"\\]{0,3}`).Draw(t, "id"), i)
			performers = append(performers, `{"reference":"`+urn+`","display":"`+urn+`"}`)
			if rapid.Bool().Draw(t, "linked") {
				links[urn], back[key] = key, urn
			}
		}
		before := parse(t, observation(`"performer":[`+strings.Join(performers, ",")+`]`))
		if got := before.Rewritten(linksOfMap(map[string]string{"urn:uuid:x": "y"})); got != nil {
			t.Fatalf("changed without a link: %s", got)
		}
		after := parse(t, rewritten(before, links))
		count := 0
		after.References(func(_, value string) {
			if back[value] != "" {
				count++
			}
		})
		if count != len(links) {
			t.Fatalf("%d of %d links rewritten: %s", count, len(links), after.JSON())
		}
		if got := rewritten(after, back); got != string(before.JSON()) {
			t.Fatalf("not back: %s", got)
		}
	})
}

func TestAttachments(t *testing.T) {
	d := parse(t, `{"resourceType":"DocumentReference","status":"current",
 "contained":[{"resourceType":"Patient","photo":[{"contentType":"image/png","data":"QUJD"}]}],
 "extension":[{"url":"x","valueAttachment":{"url":"Binary/2"}}],
 "content":[{"attachment":{"contentType":"application/pdf","url":"Binary/1"}},{"attachment":{"title":"none"}}]}`)
	var got []string
	d.Attachments(func(path, contentType, url string, hasData bool) {
		got = append(got, fmt.Sprintf("%s|%s|%s|%v", path, contentType, url, hasData))
	})
	want := []string{
		"DocumentReference.contained[0].photo[0]|image/png||true",
		"DocumentReference.extension[0].value||Binary/2|false",
		"DocumentReference.content[0].attachment|application/pdf|Binary/1|false",
		"DocumentReference.content[1].attachment|||false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
