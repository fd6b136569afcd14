package requests

import (
	"strings"

	"satchel/fhir"
)

// Choice is one row of a list that people choose from.
type Choice struct {
	Code string
	Text string // in plain words
}

// The lists. Their codes are kept in the database; a code is never given another meaning.
type (
	Channel string // how a request came in
	Role    string // of who asks
	Scope   string // what is asked
	Wish    string // how it shall be delivered
	Proof   string // how identity was checked
	Ground  string // why a request is denied
	Way     string // how something was given
	Form    string // of a file that is given
)

// Codes that the program itself looks at.
const (
	ChannelApp      Channel = "app"
	RolePatient     Role    = "patient"
	ScopeRecord     Scope   = "record"
	ScopePopulation Scope   = "population"
	ScopeNarrowed   Scope   = "narrowed"
	WishApp         Wish    = "app"
	WishPrint       Wish    = "print"
	GroundOther     Ground  = "other"
	WayLink         Way     = "link"
	WayApp          Way     = "app"
	FormZip         Form    = "zip"
	FormAge         Form    = "age"
	FormHTML        Form    = "html"
	FormPrint       Form    = "print"
	FormFolder      Form    = "folder" // every file by itself, for an app
)

var channels = choices("channel", "paper", "phone", "visit", "practice", "electronic", "app")

var roles = choices("role", "patient", "parent", "representative", "practice", "lawyer", "insurer", "authority", "owner", "other")

var scopes = choices("scope", "record", "narrowed", "population")

var wishes = choices("wish", "stick", "link", "age", "html", "app", "print")

var proofs = choices("proof", "id", "known", "portal", "callback", "signature", "documents", "organization", "other")

// choices makes a list of codes; their texts are in texts/en/choices.json.
func choices(list string, codes ...string) (all []Choice) {
	for _, code := range codes {
		all = append(all, Choice{code, sentences.Text("choices", list+"."+code)})
	}
	return all
}

// reviewable are the grounds of denial that a licensed professional must review if asked (45 CFR 164.524(a)(3)).
var reviewable = map[Ground]bool{"danger": true, "danger-other": true, "danger-representative": true}

var grounds = choices("ground", "not-patient", "identity", "not-representative", "psychotherapy", "legal", "danger", "danger-other", "danger-representative", "other")

var ways = choices("way", "stick", "hand", "mail", "link", "email", "app", "other")

var forms = choices("form", "zip", "age", "html", "print", "folder")

// Channels, Roles, Scopes, Wishes, Proofs, Grounds, Ways and Forms are the lists in the order in which they are shown.
func Channels() []Choice { return channels }

// Roles is the list of who asks.
func Roles() []Choice { return roles }

// Scopes is the list of what is asked.
func Scopes() []Choice { return scopes }

// Wishes is the list of how it shall be delivered.
func Wishes() []Choice { return wishes }

// Proofs is the list of how identity can be checked.
func Proofs() []Choice { return proofs }

// Grounds is the list of why a request can be denied.
func Grounds() []Choice { return grounds }

// Ways is the list of how something can be given.
func Ways() []Choice { return ways }

// Forms is the list of what can be given.
func Forms() []Choice { return forms }

// Text is a code in plain words.
func (c Channel) Text() string { return textOf(channels, string(c)) }

// Text is a code in plain words.
func (c Role) Text() string { return textOf(roles, string(c)) }

// Text is a code in plain words.
func (c Scope) Text() string { return textOf(scopes, string(c)) }

// Text is a code in plain words.
func (c Wish) Text() string { return textOf(wishes, string(c)) }

// Text is a code in plain words.
func (c Proof) Text() string { return textOf(proofs, string(c)) }

// Text is a code in plain words.
func (c Ground) Text() string { return textOf(grounds, string(c)) }

// Text is a code in plain words.
func (c Way) Text() string { return textOf(ways, string(c)) }

// Text is a code in plain words.
func (c Form) Text() string { return textOf(forms, string(c)) }

// Reviewable reports whether a denial on the ground must be reviewed by another licensed professional if asked.
func (c Ground) Reviewable() bool { return reviewable[c] }

func (c Channel) check(what string) error { return checkCode(channels, string(c), what) }
func (c Role) check(what string) error    { return checkCode(roles, string(c), what) }
func (c Scope) check(what string) error   { return checkCode(scopes, string(c), what) }
func (c Wish) check(what string) error    { return checkCode(wishes, string(c), what) }
func (c Proof) check(what string) error   { return checkCode(proofs, string(c), what) }
func (c Ground) check(what string) error  { return checkCode(grounds, string(c), what) }
func (c Way) check(what string) error     { return checkCode(ways, string(c), what) }

func textOf(list []Choice, code string) string {
	for _, c := range list {
		if c.Code == code {
			return c.Text
		}
	}
	return code
}

// checkCode refuses a code that is not on the list, with the list.
func checkCode(list []Choice, code, what string) error {
	var codes []string
	for _, c := range list {
		if c.Code == code {
			return nil
		}
		codes = append(codes, c.Code)
	}
	return fhir.Errorf(fhir.CodeValue, "%s is %.40q; use one of %s", what, code, strings.Join(codes, ", "))
}
