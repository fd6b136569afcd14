package auth

import "satchel/storage"

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
		err := p.Decide(Action{Verb: VerbRead, Type: "Binary", ID: id, Owners: g.Owners})
		if err != nil && g.Type != "Patient" {
			err = p.Decide(Action{Verb: VerbRead, Type: g.Type, ID: g.ID, Owners: g.Owners})
		}
		if err != nil {
			return refusal
		}
	}
	return nil
}
