package view

import (
	"strconv"
	"strings"

	"satchel/fhir"
)

// answer is one question of a questionnaire with what was answered.
type answer struct {
	depth  int
	link   string // linkId
	text   string // "" where only the questionnaire has it
	values []value
}

// asks are the questions of a Questionnaire.
type asks struct {
	url  string
	text map[string]string // by linkId
}

// maxAnswers is how many questions of one response are shown; the rest is in its source.
const maxAnswers = 1000

// items collects questions and answers, with those below an answer one step deeper.
func (x *extractor) items(parent fhir.Value, depth int) {
	for item := range parent.Each("item") {
		if len(x.f.answers) >= maxAnswers {
			return
		}
		a := answer{depth: depth, link: x.text(item.Child("linkId").Text()), text: x.text(item.Child("text").Text())}
		for given := range item.Each("answer") {
			if v := given.Child("value"); v.Ok() {
				a.values = append(a.values, x.answer(v)...)
			}
		}
		x.f.answers = append(x.f.answers, a)
		for given := range item.Each("answer") {
			x.items(given, depth+1)
		}
		x.items(item, depth+1)
	}
}

// answer writes one answer.
func (x *extractor) answer(v fhir.Value) []value {
	switch {
	case v.Type() == "Attachment": // the walk over all fields has it already
		title, url := v.Child("title").Text(), v.Child("url").Text()
		for i, f := range x.f.files {
			if f.title == x.text(title) && f.url == x.text(url) {
				return []value{{filed, f.title, strconv.Itoa(i)}}
			}
		}
		return nil
	case v.IsObject():
		return x.oneLine(v)
	}
	return x.primitive(v)
}

// read learns the questions at any depth.
func (a *asks) read(parent fhir.Value) {
	for item := range parent.Each("item") {
		a.text[item.Child("linkId").Text()] = item.Child("text").Text()
		a.read(item)
	}
}

// questionnaire is the title of the Questionnaire that a response answers, or what the response is.
func (v *View) questionnaire(f *fact) string {
	url, _, _ := strings.Cut(f.uses, "|")
	q := v.asked[url]
	if q == nil {
		q = v.current[url]
	}
	if q == nil || q.asks == nil {
		return v.t.one(f.typ)
	}
	return v.titleOf(q)
}

// question is the text of a question: from the answer, the questionnaire, or its number.
func (v *View) question(f *fact, a answer) string {
	if a.text != "" {
		return a.text
	}
	url, _, _ := strings.Cut(f.uses, "|")
	if q := v.asked[url]; q != nil && q.asks.text[a.link] != "" {
		return q.asks.text[a.link]
	}
	return a.link
}
