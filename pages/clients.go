package pages

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

const (
	clientsPath   = "/clients"
	clientPattern = "clients/program/{name}"
)

// clientRoutes are the pages of backend clients, which people here call programs.
func clientRoutes() []Route {
	see, change := needs(auth.VerbUserView), needs(auth.VerbUsers)
	return append([]Route{
		{Method: "GET", Pattern: "clients", Kind: Staff, Action: audit.ClientList, Needs: see, Nav: "nav.clients", Summary: "All programs that sign in by themselves", Run: listPrograms},
		{Method: "GET", Pattern: "clients/new", Kind: Staff, Action: audit.NoEvent, Needs: needs(auth.VerbUserAdd), Summary: "The form for a new program", Run: showNewProgram},
		{Method: "POST", Pattern: "clients/new", Kind: Staff, Action: audit.ClientCreate, Needs: needs(auth.VerbUserAdd), Summary: "Register a program", Run: addProgram},
		{Method: "GET", Pattern: clientPattern, Kind: Staff, Action: audit.ClientList, Needs: see, Summary: "One program", Run: showProgram},
		{Method: "GET", Pattern: clientPattern + "/edit", Kind: Staff, Action: audit.ClientList, Needs: change, Summary: "The form for a program's scopes", Run: showEditProgram},
		{Method: "POST", Pattern: clientPattern + "/edit", Kind: Staff, Action: audit.ClientChange, Needs: change, Summary: "Change a program's scopes", Run: editProgram},
		{Method: "GET", Pattern: clientPattern + "/keys", Kind: Staff, Action: audit.ClientList, Needs: change, Summary: "The form for new keys of a program", Run: showProgramKeys},
		{Method: "POST", Pattern: clientPattern + "/keys", Kind: Staff, Action: audit.ClientChange, Needs: change, Summary: "Give a program new keys or a new secret; its tokens end", Run: setProgramKeys},
		{Method: "GET", Pattern: clientPattern + "/do/{act}", Kind: Staff, Action: audit.ClientList, Needs: change, Summary: "Ask before a program is disabled or let in again", Run: askProgram},
		{Method: "POST", Pattern: clientPattern + "/do/{act}", Kind: Staff, Action: audit.ClientChange, Needs: change, Summary: "Disable a program or let it in again", Run: doProgram},
		{Method: "GET", Pattern: clientPattern + "/remove", Kind: Staff, Action: audit.ClientList, Needs: change, Summary: "Ask before a program is removed", Run: askProgram},
		{Method: "POST", Pattern: clientPattern + "/remove", Kind: Staff, Action: audit.ClientRemove, Needs: change, Summary: "Remove a program; its tokens end and its exports are cancelled", Run: removeProgram},
	}, grantRoutes(clientPattern, audit.ClientList, audit.ClientChange)...)
}

// programRow is a client as the pages show it.
type programRow struct {
	Name, Path        string
	Can               []string // can.…
	Scopes            string
	Words             []scopeWord
	Keys              []programKey
	KeysURL, Redirect string
	Private, Secret   bool
	Disabled          bool
	Created, LastUsed time.Time
	Authorities       []held
}

// programKey is a public key as its owner knows it.
type programKey struct {
	ID   string `json:"kid"`
	Kind string `json:"kty"`
}

func programRowOf(c storage.Client) programRow {
	row := programRow{Name: c.Name, Path: clientPath(c.Name), Can: can(c.Name, c.Authorities), Scopes: c.Scopes, Words: scopeWords(c.Scopes), KeysURL: c.KeySetURL,
		Redirect: c.RedirectURI, Private: c.AllowPrivate, Secret: c.Secret != nil, Disabled: c.Disabled, Created: c.Created, LastUsed: c.LastUsed, Authorities: heldOf(c.Authorities)}
	var set struct{ Keys []programKey }
	if c.KeySet != "" && json.Unmarshal([]byte(c.KeySet), &set) == nil {
		row.Keys = set.Keys
	}
	return row
}

// clientPath is the address of a program's page.
func clientPath(name string) string { return clientsPath + "/program/" + url.PathEscape(name) }

// scopeWord is a scope in plain words.
type scopeWord struct {
	Scope string
	Type  string   // kind of entry; "*": all
	Do    []string // scope.…: what it lets a program do
}

// scopeWords explains registered scopes.
func scopeWords(scopes string) []scopeWord {
	var all []scopeWord
	for _, scope := range strings.Fields(scopes) {
		w := scopeWord{Scope: scope}
		typ, rights, _ := strings.Cut(strings.TrimPrefix(scope, "system/"), ".")
		if full := map[string]string{"read": "rs", "write": "cud", "*": "cruds"}[rights]; full != "" {
			rights = full
		}
		if scope == auth.ScopeEHI {
			typ, w.Do = "*", []string{"ask"}
		}
		w.Type = typ
		for _, do := range []struct{ letters, word string }{{"r", "read"}, {"s", "search"}, {"cu", "write"}, {"d", "delete"}} {
			if scope != auth.ScopeEHI && strings.ContainsAny(rights, do.letters) {
				w.Do = append(w.Do, do.word)
			}
		}
		all = append(all, w)
	}
	return all
}

func listPrograms(v *Request) error {
	all, err := v.Store.Clients(v.Context())
	if err != nil {
		return err
	}
	part, pages := pageOf(v, all, clientsPath)
	rows := []programRow{}
	for _, c := range part {
		rows = append(rows, programRowOf(c))
	}
	return v.Render("clients", map[string]any{"Rows": rows, "Pages": pages, "New": v.May(auth.Action{Verb: auth.VerbUserAdd})})
}

// program reads the client that the address names.
func (v *Request) program() (storage.Client, error) {
	c, err := v.Store.Client(v.Context(), v.Value("name"))
	if isCode(err, fhir.CodeNotFound) {
		return c, fhir.Errorf(fhir.CodeNotFound, "there is no such program; it may have been removed")
	}
	if err == nil {
		v.Target(c.Name)
	}
	return c, err
}

// programToChange is program for who may decide about it: who holds all that it holds.
func (v *Request) programToChange() (storage.Client, error) {
	c, err := v.program()
	if err != nil {
		return c, err
	}
	return c, auth.CheckGrant(v.Who, c.Authorities)
}

func showProgram(v *Request) error {
	c, err := v.program()
	if err != nil {
		return err
	}
	change := v.May(auth.Action{Verb: auth.VerbUsers})
	fits := auth.CheckGrant(v.Who, c.Authorities) == nil
	return v.Render("clients-one", map[string]any{"Row": programRowOf(c), "Change": change && fits, "Beyond": change && !fits,
		"NoSecrets": c.Secret != nil && !v.secretsWork(), "Base": v.Base, "Audit": v.May(auth.Action{Verb: auth.VerbAudit})})
}

// secretsWork reports whether the server lets programs sign in by a secret.
func (v *Request) secretsWork() bool {
	return slices.ContainsFunc(v.Installation.Settings(), func(s Setting) bool { return s.Key == "smart.client_secret_basic" && s.Value == "true" })
}

func showEditProgram(v *Request) error {
	c, err := v.programToChange()
	if err != nil {
		return err
	}
	return v.Render("clients-edit", map[string]any{"Row": programRowOf(c), "Form": NewForm("scopes", c.Scopes, "redirect", c.RedirectURI), "Examples": scopeExamples()})
}

// scopeExamples are scopes that a form explains.
func scopeExamples() []scopeWord {
	return scopeWords("system/*.rs system/Patient.rs system/*.cruds " + auth.ScopeEHI)
}

func editProgram(v *Request) error {
	c, err := v.programToChange()
	if err != nil {
		return err
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	change := func(c *storage.Client) error {
		if err := auth.SetScopes(c, f.Get("scopes")); err != nil {
			return f.refused("scopes", err)
		}
		if err := auth.SetRedirectURI(c, f.Get("redirect")); err != nil {
			return f.refused("redirect", err)
		}
		return nil
	}
	err = v.changeProgram(c.Name, http.StatusSeeOther, change)
	if f.Bad() {
		return v.Invalid("clients-edit", map[string]any{"Row": programRowOf(c), "Form": f, "Examples": scopeExamples()})
	} else if err != nil {
		return err
	}
	return v.Done(clientPath(c.Name), "changed")
}

// changeProgram changes a program on behalf of who is signed in. status is that of the page that tells so.
func (v *Request) changeProgram(name string, status int, change func(c *storage.Client) error) error {
	note, err := v.Auth.ChangeClient(v.Context(), v.Actor(status), name, change)
	v.Did(note, err)
	return err
}

// refused notes at a field what the server refuses, and answers the error all the same.
func (f *Form) refused(field string, err error) error {
	_ = f.Refuse(field, err)
	return err
}

func showProgramKeys(v *Request) error {
	c, err := v.programToChange()
	if err != nil {
		return err
	}
	return v.Render("clients-keys", v.keysPage(c, NewForm("sign", "keys")))
}

func (v *Request) keysPage(c storage.Client, f *Form) map[string]any {
	return map[string]any{"Row": programRowOf(c), "Form": f, "Secrets": v.secretsWork()}
}

// setProgramKeys gives a program new keys in the place of its old ones, or a new secret; its tokens end.
func setProgramKeys(v *Request) error {
	c, err := v.programToChange()
	if err != nil {
		return err
	}
	f, keys, err := v.uploadForm("file")
	if err != nil {
		return err
	}
	wants := f.Get("sign") == "secret"
	secret := ""
	change := func(c *storage.Client) error {
		if wants {
			secret = auth.SetSecret(c)
			return nil
		}
		return f.refused("sign", f.keys(keys, func(text []byte, address string) error { return auth.SetKeys(c, text, address, f.Get("private") != "") }))
	}
	err = v.changeProgram(c.Name, sent(wants), change)
	if f.Bad() {
		return v.Invalid("clients-keys", v.keysPage(c, f))
	} else if err != nil {
		return err
	}
	if wants {
		return v.Render("clients-made", map[string]any{"Row": programRowOf(c), "Secret": secret, "Works": v.secretsWork(), "Base": v.Base})
	}
	return v.Done(clientPath(c.Name), "keys")
}

// keys hands what the form says of keys to set: a text or an address, whichever is chosen.
func (f *Form) keys(file string, set func(text []byte, address string) error) error {
	if f.Get("sign") == "url" {
		return set(nil, f.Get("url"))
	}
	if file == "" {
		file = f.Get("keys")
	}
	return set([]byte(file), "")
}

// uploadForm reads a form that may bring a small file, and the text of that.
func (v *Request) uploadForm(field string) (*Form, string, error) {
	if err := v.ParseMultipartForm(pageFile); err == http.ErrNotMultipart {
		f, err := v.Form()
		return f, "", err
	} else if err != nil {
		f, err := v.Form() // the sentence for a form that cannot be read
		if err == nil {
			err = fhir.Errorf(fhir.CodeInvalid, "the form could not be read; go back and send it again")
		}
		return f, "", err
	}
	defer v.MultipartForm.RemoveAll() // the server does not look for what belongs to a copy of its request
	f := &Form{Values: v.PostForm}
	file, _, err := v.FormFile(field)
	if err != nil {
		return f, "", nil // none was chosen
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, pageFile))
	return f, strings.TrimSpace(string(text)), err
}

// pageFile is the most of a file that uploadForm reads.
const pageFile = 256 << 10

// programActs are what can be done to a program by one click and a question.
var programActs = []string{"disable", "enable"}

func askProgram(v *Request) error {
	act, err := v.act(programActs)
	if err != nil {
		return err
	}
	c, err := v.programToChange()
	if err != nil {
		return err
	}
	return v.Render("clients-ask", v.question(programRowOf(c), act, nil))
}

func doProgram(v *Request) error {
	act, err := v.act(programActs)
	if err != nil {
		return err
	}
	c, err := v.programToChange()
	if err != nil {
		return err
	}
	err = v.changeProgram(c.Name, http.StatusSeeOther, func(c *storage.Client) error { c.Disabled = act == "disable"; return nil })
	if err != nil {
		return v.askAgain("clients-ask", err, func(f *Form) any { return v.question(programRowOf(c), act, f) })
	}
	return v.Done(clientPath(c.Name), act)
}

func removeProgram(v *Request) error {
	c, err := v.programToChange()
	if err != nil {
		return err
	}
	note, err := v.Exports.RemoveClient(v.Context(), v.Actor(http.StatusSeeOther), v.Auth, c.Name)
	if v.Did(note, err); err != nil {
		return err
	}
	return v.Done(clientsPath, "removed")
}
