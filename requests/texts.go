package requests

// All texts of letters are here, so that another language can stand beside them. Between {{ and }} are facts.

// civilRights is where to complain outside the practice (45 CFR 164.524(d)(2)(iii), 160.306).
const civilRights = "the U.S. Department of Health and Human Services, Office for Civil Rights, at www.hhs.gov/ocr/complaints or 1-800-368-1019, within 180 days"

// groundTexts are the grounds of a denial as the letter tells them.
var groundTexts = map[Ground]string{
	"not-patient":           "we hold no record of this person",
	"identity":              "we could not confirm who is asking",
	"not-representative":    "we were not shown that you may act for this person",
	"psychotherapy":         "what you ask for are psychotherapy notes, which are kept apart from the record; the right of access does not cover them",
	"legal":                 "what you ask for was put together for a legal proceeding; the right of access does not cover it",
	"danger":                "a licensed health care professional has judged that giving this access is reasonably likely to endanger the life or physical safety of you or another person",
	"danger-other":          "the record tells of another person, and a licensed health care professional has judged that giving this access is reasonably likely to cause that person substantial harm",
	"danger-representative": "a licensed health care professional has judged that giving this access to a representative is reasonably likely to cause substantial harm to the patient or another person",
}

// askUs tells whom to ask.
const askUs = `If you have questions, ask {{.Contact}}{{with .Reach}} ({{.}}){{end}}, and give the number {{.Number}}.`

var letterTexts = map[LetterKind]letterText{
	LetterAcknowledgement: {
		subject: `We have received your request {{.Number}}`,
		paragraphs: []paragraphText{
			{text: `Dear {{.Requester}},`},
			{text: `On {{.Received}} we received your request for {{if .Subject}}a copy of {{if .Patient}}your record{{else}}the record of {{.Subject}}{{end}}{{else}}a copy of the records that our practice holds{{end}}.`},
			{text: `{{with .Asked}}This is what we understood that you ask for: {{.}}{{end}}`},
			{head: "When you will hear from us", text: `You will have our answer by {{.Due}} at the latest. If we should need longer, we will write to you before that day and tell you why.`},
			{head: "What happens next", text: `Before we hand over a record, we make sure who is asking. You do not have to tell us why you want your copy.`},
			{text: askUs},
		},
	},
	LetterExtension: {
		subject: `We need more time for your request {{.Number}}`,
		paragraphs: []paragraphText{
			{text: `Dear {{.Requester}},`},
			{text: `We received your request for a copy of {{if .Subject}}{{if .Patient}}your record{{else}}the record of {{.Subject}}{{end}}{{else}}records{{end}} on {{.Received}}. You should have had our answer by {{.DueBefore}}. We cannot keep that date.`},
			{head: "Why", text: `{{.Reason}}`},
			{head: "The new date", text: `You will have our answer by {{.Due}} at the latest. We can move this date only once, and have now done so.`},
			{text: askUs},
		},
	},
	LetterDenial: {
		subject: `{{if .Partly}}We leave out a part of{{else}}We cannot give you{{end}} what you ask for in your request {{.Number}}`,
		paragraphs: []paragraphText{
			{text: `Dear {{.Requester}},`},
			{text: `On {{.Received}} you asked for a copy of {{if .Subject}}{{if .Patient}}your record{{else}}the record of {{.Subject}}{{end}}{{else}}records{{end}}. {{if .Partly}}You get it, but we leave out a part of it.{{else}}We cannot give it to you.{{end}}`},
			{head: "Why", text: `{{.Text}}`, items: func(f facts) []string { return f.Grounds }},
			{text: `{{if .Identity}}You can ask again at any time, and show us then what was missing.{{end}}`},
			{text: `{{if .NotHere}}If you know where you or the patient were treated, please ask there; if we learn who holds the record, we will tell you.{{end}}`},
			{head: "Your right to a review", text: `{{if .Review}}You have the right to have this decision reviewed. A licensed health care professional whom we name, and who took no part in this decision, will look at it again; we do what the review decides, and tell you in writing. To ask for the review, write to or call {{.Contact}}{{with .Reach}} ({{.}}){{end}} and give the number {{.Number}}.{{else}}For this reason the law gives no right to a review by another professional. If you think that we are mistaken, tell us, and we will look at it again.{{end}}`},
			{head: "If you want to complain", text: `You can complain to us: {{.Contact}}{{with .Reach}} ({{.}}){{end}}. You can also complain to {{.Complaint}}. Nobody may treat you worse because you complain.`},
		},
	},
	LetterReceipt: {
		subject: `Receipt for what was handed over by request {{.Number}}`,
		paragraphs: []paragraphText{
			{text: `By request {{.Number}} of {{.Received}}, {{.Practice}} has handed over{{if .Subject}} from the record of {{.Subject}}{{end}}:`, items: func(f facts) []string { return f.Given }},
			{head: "How to check it", text: `The file OPEN-ME-FIRST.html in the package says how to check that it is complete and unchanged. The SHA-256 above is that of the file as it was handed over.`},
			{head: "Please keep it safe", text: `The package holds health information. From now on it is for you to protect it. If it opens with a passphrase, keep that apart from the file; we have no copy of it.`},
			{text: askUs},
		},
		signatures: []string{"Handed over by, date", "Received by, date"},
	},
}
