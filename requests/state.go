package requests

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"satchel/fhir"
)

// State is where a request is in its life.
type State string

// The states. Closed and Withdrawn are the ends.
const (
	Received  State = "received"  // it is in the ledger
	Verifying State = "verifying" // it is being found out who asks, and for whom
	Approved  State = "approved"  // the copy may be made
	Denied    State = "denied"
	Producing State = "producing" // the package is being made
	Ready     State = "ready"     // the package waits to be handed over
	Delivered State = "delivered"
	Closed    State = "closed"
	Withdrawn State = "withdrawn" // whoever asked no longer wants it
)

// States lists all states in the order of a request's life.
func States() []State {
	return []State{Received, Verifying, Approved, Denied, Producing, Ready, Delivered, Closed, Withdrawn}
}

// ParseState reads a state; another word is a fhir.Error value that lists them.
func ParseState(s string) (State, error) {
	if slices.Contains(States(), State(s)) {
		return State(s), nil
	}
	return "", fhir.Errorf(fhir.CodeValue, "%.40q is no state of a request; use one of %s", s, strings.Join(codes(States()), ", "))
}

// Open lists the states in which an answer is still owed: those in which the clock runs.
func Open() []State { return []State{Received, Verifying, Approved, Producing, Ready} }

// IsOpen reports whether an answer is still owed.
func (s State) IsOpen() bool { return slices.Contains(Open(), s) }

// Ended reports whether nothing but reading, notes and giving the same bytes again is possible any more.
func (s State) Ended() bool { return s == Closed || s == Withdrawn }

// Step is a word for what was done with a request.
type Step string

// The steps.
const (
	StepRecord   Step = "record"
	StepVerify   Step = "verify" // work on it begins
	StepCheck    Step = "check"  // identity was checked
	StepAmend    Step = "amend"
	StepNote     Step = "note"
	StepExtend   Step = "extend"
	StepApprove  Step = "approve"
	StepDeny     Step = "deny"
	StepReopen   Step = "reopen" // a decision is taken back, such as by a review
	StepProduce  Step = "produce"
	StepStarted  Step = "started" // the job for the package is known
	StepFail     Step = "fail"    // the package could not be made
	StepFinish   Step = "finish"  // the package is made
	StepRemake   Step = "remake"  // the package is to be made anew
	StepProtect  Step = "protect" // a copy under a passphrase was made
	StepLink     Step = "link"
	StepRevoke   Step = "revoke" // of a link
	StepDeliver  Step = "deliver"
	StepReissue  Step = "reissue" // the same bytes were given again
	StepLoad     Step = "load"    // by a link
	StepClose    Step = "close"
	StepWithdraw Step = "withdraw"
)

// rule says from which states a step is possible, and where it leads; "": the state stays.
type rule struct {
	step Step
	from []State
	to   State
	verb string // "cannot be …" in a refusal
}

// rules is the table of all steps but the first.
var rules = []rule{
	{StepVerify, []State{Received}, Verifying, "taken up"},
	{StepCheck, []State{Received, Verifying}, Verifying, "checked for identity"},
	{StepAmend, []State{Received, Verifying, Approved, Producing, Ready}, "", "amended"},
	{StepNote, States(), "", "given a note"},
	{StepExtend, Open(), "", "extended"},
	{StepApprove, []State{Verifying}, Approved, "approved"},
	{StepDeny, []State{Verifying}, Denied, "denied"},
	{StepReopen, []State{Approved, Denied}, Verifying, "opened again"},
	{StepProduce, []State{Approved}, Producing, "produced"},
	{StepStarted, []State{Producing}, "", "given a job"},
	{StepFail, []State{Producing}, Approved, "given back for another try"},
	{StepFinish, []State{Producing}, Ready, "made ready"},
	{StepRemake, []State{Ready}, Approved, "made anew"},
	{StepProtect, []State{Ready, Delivered}, "", "put under a passphrase"},
	{StepLink, []State{Ready, Delivered}, "", "given a link"},
	{StepRevoke, States(), "", "freed of a link"},
	{StepDeliver, []State{Ready}, Delivered, "delivered"},
	{StepReissue, []State{Delivered, Closed}, "", "given again"},
	{StepLoad, []State{Ready}, Delivered, "loaded"},
	{StepLoad, []State{Delivered, Closed}, "", "loaded"},
	{StepClose, []State{Denied, Delivered}, Closed, "closed"},
	{StepWithdraw, Open(), Withdrawn, "withdrawn"},
}

// next is the state to which a step leads, or a fhir.Error conflict that names the states in which it is possible.
func next(number string, s State, step Step) (State, error) {
	verb, from := "", []string{}
	for _, r := range rules {
		if r.step != step {
			continue
		}
		if slices.Contains(r.from, s) {
			return cmp.Or(r.to, s), nil
		}
		verb, from = r.verb, append(from, codes(r.from)...)
	}
	if verb == "" {
		return s, fmt.Errorf("there is no step %q", step)
	}
	return s, fhir.Errorf(fhir.CodeConflict, "request %s is %s and cannot be %s; that is possible when it is %s", number, s, verb, strings.Join(from, " or "))
}

// codes returns the codes of a list as plain strings.
func codes[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, c := range list {
		all[i] = string(c)
	}
	return all
}

// Can reports whether a step is possible in a state, for pages that offer it.
func Can(s State, step Step) bool {
	_, err := next("", s, step)
	return err == nil
}
