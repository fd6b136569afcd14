package auth

import (
	"slices"

	"satchel/storage"
)

// ReadBinary decides whether the principal may read a Binary for which the guards stand (see [storage.Store.Guards]): by the
// right to read every Binary, or by the right to read each guard, or Binaries of each guard's patients. What somebody may
// write has no part in it, and a token that may do less never opens more. An exported attachment opens with the credential
// that exported the document (Bulk Data Access).
func (p Principal) ReadBinary(id string, guards []storage.Guard) error {
	refusal := p.Decide(Action{Verb: VerbRead, Type: "Binary", ID: id})
	if refusal == nil || len(guards) == 0 {
		return refusal
	}
	for _, g := range guards {
		if !p.passes(id, g) {
			return refusal
		}
	}
	return nil
}

// passes reports whether the principal may see a Binary as far as one guard is concerned. Whose patient it is, is a matter of
// the guard alone; a token without scope for Binaries opens those of a patient that a document shows which it may read.
func (p Principal) passes(id string, g storage.Guard) bool {
	binary := Action{Verb: VerbRead, Type: "Binary", ID: id, Owners: g.Owners}
	if p.Decide(binary) == nil {
		return true
	}
	reads := func(g storage.Guard) bool {
		return p.Decide(Action{Verb: VerbRead, Type: g.Type, ID: g.ID, Owners: g.Owners}) == nil
	}
	if g.Type == "Patient" {
		return Decide(p.account(), binary) == nil && slices.ContainsFunc(g.Shown, reads)
	}
	return reads(g)
}
