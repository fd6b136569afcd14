package handover

// Account is a line of data/practice/users.ndjson. Passwords, their hashes and second factors are in no package.
type Account struct {
	Name        string      `json:"name" doc:"Name to sign in with."`
	GivenName   string      `json:"givenName,omitempty" doc:"First name."`
	FamilyName  string      `json:"familyName,omitempty" doc:"Last name."`
	Locked      bool        `json:"locked" doc:"It was locked, such as after wrong passwords."`
	Disabled    bool        `json:"disabled" doc:"It was barred."`
	Created     Instant     `json:"created" doc:"When it was made."`
	LastLogin   Instant     `json:"lastLogin,omitzero" doc:"When somebody last signed in; absent if nobody did."`
	Authorities []Authority `json:"authorities" doc:"What it may do."`
}

// Authority is one thing that an account or program may do.
type Authority struct {
	Permission string `json:"permission" doc:"Name of the role or permission."`
	Argument   string `json:"argument,omitempty" doc:"What it is limited to, such as Patient/123; absent without a limit."`
}

// Client is a line of data/practice/clients.ndjson: a program that may sign in. Keys are public; secrets are in no package.
type Client struct {
	Name        string      `json:"name" doc:"Name to sign in with."`
	KeySet      string      `json:"jwks,omitempty" doc:"Its public keys, a JSON Web Key Set as text."`
	KeySetURL   string      `json:"jwksUrl,omitempty" doc:"Where its public keys are."`
	Scopes      string      `json:"scopes" doc:"SMART scopes that it may ask for."`
	Disabled    bool        `json:"disabled" doc:"It was barred."`
	Created     Instant     `json:"created" doc:"When it was made."`
	LastUsed    Instant     `json:"lastUsed,omitzero" doc:"When it last signed in; absent if it never did."`
	Authorities []Authority `json:"authorities" doc:"What it may do."`
}

// Setting is one of the program's settings, as data/practice/settings.json lists them.
type Setting struct {
	Key    string `json:"key" doc:"Its name."`
	Value  any    `json:"value" doc:"Its value in force: a text, a number, true or false, or a list. Secrets are masked."`
	Source string `json:"source" doc:"Where the value is from, such as default or file."`
}
