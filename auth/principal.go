package auth

import (
	"errors"
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/storage"
)

// Principal is who makes a request: an account, or a client with a token. What a client may do is what both its
// authorities and its token's scopes allow.
type Principal struct {
	Name        string // of the account or client; jobs and the audit log know both by it
	Service     bool   // a client, bound to Scopes
	Locked      bool   // an account that is locked or disabled, and may do nothing
	Authorities []storage.Authority
	Scopes      Scopes // of a client's token
}

// PrincipalOf is the principal of an account that signed in.
func PrincipalOf(a storage.Account) Principal {
	return Principal{Name: a.Name, Locked: a.Locked || a.Disabled, Authorities: a.Authorities}
}

// account is the principal as Decide and Readable know it.
func (p Principal) account() storage.Account {
	return storage.Account{Name: p.Name, Locked: p.Locked, Authorities: p.Authorities}
}

// Decide is [Decide] for the principal, and for a client its scopes as well: nil if both allow it, otherwise a
// fhir.Error forbidden, or not-found for somebody else's job under Exclusive.
//
// An export with Types needs read scope for each; one without exports what [Principal.Readable] leaves, and is refused
// if that is nothing. Which groups a client may export is a matter of its authorities alone: widespread clients ask for
// no Group scope. A job's status and files need scope for every type that the job holds.
func (p Principal) Decide(do Action) error {
	err := Decide(p.account(), do)
	if !p.Service {
		return err
	}
	if err != nil {
		return asClient(err)
	}
	return p.scopesAllow(do)
}

// Readable is [Readable] for the principal: of the types, those that the export may hold.
func (p Principal) Readable(do Action, types []string) []string {
	types = Readable(p.account(), do, types)
	if !p.Service {
		return types
	}
	return slices.DeleteFunc(types, func(t string) bool { return !p.Scopes.Allows(t, VerbExport) })
}

// scopesAllow weighs an action against the scopes alone.
func (p Principal) scopesAllow(do Action) error {
	switch do.Verb {
	case VerbCapabilities:
		return nil
	case VerbTransaction: // its entries are decided one by one
		if p.Scopes.Empty() {
			return p.outOfScope(do.Verb, "")
		}
		return nil
	case VerbAudit:
		if err := p.inScope(VerbRead, "AuditEvent"); err != nil {
			return err
		}
		return p.inScope(VerbSearch, "AuditEvent")
	case VerbRead, VerbSearch, VerbDelete:
		return p.inScope(do.Verb, do.Type)
	case VerbWrite:
		if do.ID == "" && p.Scopes.allows(do.Type, mayCreate) {
			return nil
		}
		return p.inScope(VerbWrite, do.Type)
	case VerbEverything:
		return p.inScope(VerbEverything, "") // the answer holds every type
	case VerbExport:
		if len(do.Types) == 0 && len(p.Readable(do, typesOf(do))) == 0 {
			return p.outOfScope(VerbExport, "")
		}
		return p.inScope(VerbExport, do.Types...)
	case VerbPackage:
		if do.Level != "patient" {
			break // it holds the audit log and the accounts, which no token reaches
		}
		return p.inScope(VerbPackage, "") // a whole record
	case VerbEHIExport:
		if p.Scopes.Has(ScopeEHI) {
			return nil
		}
		return p.lacksScope(ScopeEHI)
	case VerbJob:
		if do.Job.Export.Verb == VerbPackage {
			return p.scopesAllow(do.Job.Export)
		}
		types := do.Job.Export.Types
		if len(types) == 0 {
			types = typesOf(do.Job.Export)
		}
		return p.inScope(VerbJob, types...)
	}
	return fhir.Errorf(fhir.CodeForbidden, "client %q has a token for FHIR only; sign in as a user for %q", p.Name, do.Verb)
}

// inScope refuses the first type that the scopes do not allow; "" is all types.
func (p Principal) inScope(v Verb, types ...string) error {
	for _, t := range types {
		if !p.Scopes.Allows(t, v) {
			return p.outOfScope(v, t)
		}
	}
	return nil
}

// outOfScope names the scope that is missing.
func (p Principal) outOfScope(v Verb, typ string) error {
	if typ == "" {
		typ = anyType
	}
	suffix := map[Verb]string{VerbWrite: "cu", VerbDelete: "d"}[v]
	if suffix == "" {
		suffix = "rs"
	}
	return p.lacksScope("system/" + typ + "." + suffix)
}

func (p Principal) lacksScope(scope string) error {
	return fhir.Errorf(fhir.CodeForbidden, "the token of client %q lacks the scope %s; ask the token endpoint for it, and have it registered if it is not", p.Name, scope)
}

// asClient words a refusal of Decide for a client: it speaks of accounts and how to grant them something.
func asClient(err error) error {
	e, ok := errors.AsType[*fhir.Error](err)
	if !ok {
		return err
	}
	words := strings.NewReplacer("account ", "client ", "satchel user ", "satchel client ")
	return &fhir.Error{Code: e.Code, Diagnostics: words.Replace(e.Diagnostics), Expression: e.Expression}
}
