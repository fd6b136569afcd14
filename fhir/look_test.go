package fhir

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// seen lists every value below v as path:type=text.
func seen(v Value, path string) (out []string) {
	v.Children(func(name string, index int, c Value) bool {
		at := path + "." + name
		if index >= 0 {
			at += fmt.Sprintf("[%d]", index)
		}
		out = append(out, at+":"+c.Type()+"="+c.Text())
		out = append(out, seen(c, at)...)
		return true
	})
	return out
}

func TestLook(t *testing.T) {
	d, err := Parse([]byte(`{"resourceType":"Observation","status":"final","valueQuantity":{"value":1.50,"unit":"\u00b5g"},
		"contained":[{"resourceType":"Device","id":"d"}],"_issued":{"extension":[{"url":"urn:x","valueBoolean":true}]},
		"note":[{"text":"a"},{"text":"b"}],"performer":[null],"unknown":{"deep":[1]}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := seen(d.Look(), "O")
	want := strings.Split(`O.resourceType:=Observation
O.status:code=final
O.value:Quantity=
O.value.value:decimal=1.50
O.value.unit:string=µg
O.contained[0]:Device=
O.contained[0].resourceType:=Device
O.contained[0].id:id=d
O.issued:Element=
O.issued.extension[0]:Extension=
O.issued.extension[0].url:uri=urn:x
O.issued.extension[0].value:boolean=true
O.note[0]:Annotation=
O.note[0].text:markdown=a
O.note[1]:Annotation=
O.note[1].text:markdown=b
O.unknown:=
O.unknown.deep[0]:=1`, "\n")
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if d.Look().Child("value").Child("unit").Text() != "µg" || d.Look().Child("issued").Ok() || d.Look().Child("note").Child("none").Ok() {
		t.Error("Child finds the wrong values")
	}
	if (Value{}).Ok() || (Value{}).Child("x").Text() != "" || (Value{}).Size() != 0 {
		t.Error("nothing is something")
	}
}

// Paths of attachments are those of Document.Attachments.
func TestLookPathsOfAttachments(t *testing.T) {
	d, err := Parse([]byte(`{"resourceType":"DocumentReference","contained":[{"resourceType":"Media","content":{"url":"u"}}],
		"content":[{"attachment":{"data":"eA=="}}],"extension":[{"url":"x","valueAttachment":{"url":"v"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	d.Attachments(func(path, _, _ string, _ bool) { want = append(want, path) })
	for _, line := range seen(d.Look(), "DocumentReference") {
		if path, ok := strings.CutSuffix(line, ":Attachment="); ok {
			got = append(got, path)
		}
	}
	if len(want) != 3 || !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
