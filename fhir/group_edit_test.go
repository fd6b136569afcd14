package fhir

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWithMembers(t *testing.T) {
	member := func(id string) string { return `{"entity":{"reference":"Patient/` + id + `"}}` }
	for _, c := range []struct {
		text    string
		without []int
		add     []string
		want    string
	}{
		{`{"resourceType":"Group"}`, nil, []string{"Patient/1"}, `{"resourceType":"Group","member":[` + member("1") + `]}`},
		{`{"resourceType":"Group"}`, []int{0}, nil, `{"resourceType":"Group"}`},
		{`{"member":[` + member("1") + `],"resourceType":"Group"}`, []int{0}, nil, `{"resourceType":"Group"}`},
		{`{"resourceType":"Group","member":[` + member("1") + `]}`, []int{0}, nil, `{"resourceType":"Group"}`},
		{`{"resourceType":"Group","x":1.50,"member":[` + member("1") + `,{"y":"\u00e9","entity":{}}],"quantity":2,"z":[{}]}`, []int{0}, []string{`Patient/"3`},
			`{"resourceType":"Group","x":1.50,"member":[{"y":"\u00e9","entity":{}},{"entity":{"reference":"Patient/\"3"}}],"quantity":2,"z":[{}]}`},
		{`{"quantity":2,"resourceType":"Group","member":[` + member("1") + `,` + member("2") + `]}`, []int{1}, nil,
			`{"quantity":1,"resourceType":"Group","member":[` + member("1") + `]}`},
		{`{"quantity":9,"resourceType":"Group","member":[` + member("1") + `]}`, nil, []string{"Patient/2"},
			`{"quantity":9,"resourceType":"Group","member":[` + member("1") + `,` + member("2") + `]}`},
		{`{"resourceType":"Group","member":[` + member("1") + `]}`, []int{7, -1}, nil, `{"resourceType":"Group","member":[` + member("1") + `]}`},
	} {
		if got := string(parse(t, c.text).WithMembers(c.without, c.add...)); got != c.want {
			t.Errorf("%s without %v with %v\n got %s\nwant %s", c.text, c.without, c.add, got, c.want)
		}
	}
}

func TestWithElement(t *testing.T) {
	d := parse(t, `{"resourceType":"Group","_name":{"id":"n"},"name":"a\u0062","active":true,"odd":1e2}`)
	if got, want := string(d.WithText("name", `x"<`)), `{"resourceType":"Group","_name":{"id":"n"},"name":"x\"<","active":true,"odd":1e2}`; got != want {
		t.Errorf("got %s", got)
	}
	if got, want := string(d.WithFlag("active", false)), `{"resourceType":"Group","_name":{"id":"n"},"name":"a\u0062","active":false,"odd":1e2}`; got != want {
		t.Errorf("got %s", got)
	}
	if got := string(parse(t, `{"resourceType":"Group"}`).WithText("name", "n")); got != `{"resourceType":"Group","name":"n"}` {
		t.Errorf("got %s", got)
	}
}

// Whatever is added and taken out, the text stays sound, and the members are those that a list would hold.
func TestWithMembersAsList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []string
		text := `{"resourceType":"Group","extension":[{"url":"u","valueDecimal":1.0}]}`
		for step := range rapid.IntRange(1, 5).Draw(t, "steps") {
			d, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			var next, add []string
			without := rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 0, 4, rapid.ID).Draw(t, "without")
			for i, m := range want {
				if !slices.Contains(without, i) {
					next = append(next, m)
				}
			}
			for i := range rapid.IntRange(0, 3).Draw(t, "add") {
				add = append(add, fmt.Sprintf("Patient/%d-%d", step, i))
			}
			want, text = append(next, add...), string(d.WithMembers(without, add...))
			if !strings.Contains(text, `{"url":"u","valueDecimal":1.0}`) {
				t.Fatalf("lost: %s", text)
			}
		}
		d, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err, text)
		}
		var got []string
		for _, m := range d.Members() {
			got = append(got, m.Reference)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
