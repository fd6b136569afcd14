package fhir

import (
	"fmt"
	"testing"
)

func TestAppendByURL(t *testing.T) {
	in := `{"resourceType":"DocumentReference","id":"d","meta":{"versionId":"3"},"status":"current","content":[` +
		`{"attachment":{"contentType":"text/plain","data":"SGVsbG8sIHdvcmxk","title":"1.00"}},` +
		`{"attachment":{"contentType":"a/b","data":"SGk="}},` +
		`{"attachment":{"url":"https://o/x","data":"SGVsbG8sIHdvcmxk"}},{"attachment":{"title":"none"}}]}`
	want := `{"resourceType":"DocumentReference","id":"d","meta":{"versionId":"3"},"status":"current","content":[` +
		`{"attachment":{"contentType":"text/plain","url":"u/0","title":"1.00"}},` +
		`{"attachment":{"contentType":"a/b","data":"SGk="}},` +
		`{"attachment":{"url":"https://o/x","data":"SGVsbG8sIHdvcmxk"}},{"attachment":{"title":"none"}}]}`
	d, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	address := func(n int) string { return fmt.Sprint("u/", n) }
	if got := string(d.AppendByURL(nil, 15, address)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string(d.AppendByURL(nil, 16, address)); got != in {
		t.Errorf("16 bytes are not more than 16: %s", got)
	}
	if content, data, ok := d.Attachment(1); content != "a/b" || string(data) != `"SGk="` || !ok {
		t.Errorf("got %q, %s, %v", content, data, ok)
	}
	for _, n := range []int{3, 4, -1} {
		if _, _, ok := d.Attachment(n); ok {
			t.Errorf("there is no data at number %d", n)
		}
	}
	if d.Version() != "3" {
		t.Errorf("version %q", d.Version())
	}
}
