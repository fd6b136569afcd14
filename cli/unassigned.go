package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
	"satchel/worklist"
)

func cmdUnassigned(at *common) *cobra.Command {
	c := &cobra.Command{
		Use:   "unassigned",
		Short: "List what belongs to no patient although it ought to, and say whose it is",
		Long: `Works on resources that ought to be some patient's and say of nobody whose they are: a result with a name and no
reference, a document that hangs on nothing. No patient's copy, export or chart holds them until somebody says whose they are, or
that they are nobody's. What is said stands beside the resource, which stays as it came; it ends when it is undone, or when the
data itself names a patient. The same is on the server's pages, under Unassigned.

It works on the data directory, also while the server runs. Whoever can read that may do this; accounts and their permissions
play no part. The lists hold names of patients: keep what you write out as safe as a chart.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel unassigned list
  satchel unassigned show Observation/17
  satchel unassigned assign Observation/17 --patient 4 --reason "name and birth date agree"
  satchel unassigned confirm Observation/18 --reason "temperature of the refrigerator"
  satchel unassigned list --decided
  satchel unassigned undo Observation/17`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(cmdUnassignedList(at), cmdUnassignedShow(at), cmdUnassignedAssign(at), cmdUnassignedConfirm(at), cmdUnassignedUndo(at))
	return c
}

// worklistDeed is something done with the worklist; its note is stored if the deed has not stored it.
type worklistDeed func(ctx context.Context, w worklist.Service, by auth.Actor) (audit.Note, error)

// withWorklist does something with the worklist of the data directory. words are how the command is called.
func (at *common) withWorklist(ctx context.Context, words string, deed worklistDeed) error {
	_, s, err := at.openData(ctx, nil, storage.Options{})
	if err != nil {
		return err
	}
	note, err := deed(ctx, worklist.Service{Store: s}, auth.Command(whoRuns(), "satchel unassigned "+words))
	if !note.Stored && note.Action != "" {
		if err != nil {
			note.Outcome, note.Status = audit.Refused, exitCode(err)
		}
		err = errors.Join(err, s.Audit(context.WithoutCancel(ctx), note.Event))
	}
	return errors.Join(err, s.Close())
}

// unassignedKey reads "Type/id".
func unassignedKey(text string) (typ, id string, err error) {
	r := fhir.ParseReference(text)
	if !r.Plain() || r.Version != "" {
		return "", "", usagef("%q is not a resource; write one such as Observation/17", text)
	}
	return r.Type, r.ID, nil
}

// unassignedEntry is a resource of the worklist as JSON.
type unassignedEntry struct {
	Resource    string             `json:"resource"`
	Version     int64              `json:"version"`
	Updated     string             `json:"updated"`
	Names       []string           `json:"names"`
	Identifiers []string           `json:"identifiers"`
	Likely      []unassignedLikely `json:"likely"`
	Decided     *unassignedDecided `json:"decided,omitempty"`
	Content     json.RawMessage    `json:"content,omitempty"`
}

// unassignedLikely is a patient whom a resource may be about: by "identifier", "name-birth" or "name".
type unassignedLikely struct {
	Patient string       `json:"patient"`
	By      fhir.Mention `json:"by"`
}

// unassignedDecided is what staff said about a resource; patient "" is nobody.
type unassignedDecided struct {
	Resource string `json:"resource"`
	Patient  string `json:"patient"`
	Version  int64  `json:"version"`
	Time     string `json:"time"`
	Who      string `json:"who"`
	Reason   string `json:"reason"`
}

func decidedOf(a storage.Assignment) unassignedDecided {
	d := unassignedDecided{a.Key(), "", a.Version, fhir.FormatInstant(a.Time), a.Account, a.Reason}
	if a.Patient != "" {
		d.Patient = "Patient/" + a.Patient
	}
	return d
}

func unassignedOf(e worklist.Entry) (unassignedEntry, error) {
	r := unassignedEntry{Resource: e.Resource.Key(), Version: e.Resource.Version, Updated: fhir.FormatInstant(e.Resource.Updated),
		Names: []string{}, Identifiers: []string{}, Likely: []unassignedLikely{}}
	d, err := fhir.Parse(e.Resource.JSON)
	if err != nil {
		return r, err
	}
	m := d.Mentions()
	r.Names = append(r.Names, m.Names...)
	for _, i := range m.Identifiers {
		r.Identifiers = append(r.Identifiers, strings.TrimPrefix(i.System+"|"+i.Value, "|"))
	}
	for _, l := range e.Likely {
		r.Likely = append(r.Likely, unassignedLikely{l.Patient.Key(), l.Mention})
	}
	if e.Assignment != nil {
		decided := decidedOf(*e.Assignment)
		r.Decided = &decided
	}
	return r, nil
}

func cmdUnassignedShow(at *common) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show TYPE/ID",
		Short: "Show one resource, and whom it may be about",
		Args:  someArgs(1, false, "a resource, such as Observation/17"),
		RunE: func(c *cobra.Command, args []string) error {
			typ, id, err := unassignedKey(args[0])
			if err != nil {
				return err
			}
			var e worklist.Entry
			err = at.withWorklist(c.Context(), "show", func(ctx context.Context, w worklist.Service, by auth.Actor) (note audit.Note, err error) {
				e, note, err = w.Look(ctx, by, typ, id)
				return note, err
			})
			if err != nil {
				return err
			}
			return printUnassigned(c.OutOrStdout(), e, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

func printUnassigned(out io.Writer, e worklist.Entry, asJSON bool) error {
	r, err := unassignedOf(e)
	if err != nil {
		return err
	}
	r.Content = e.Resource.JSON
	if asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "Resource\t%s version %d\nWritten\t%s\n", r.Resource, r.Version, r.Updated)
	for _, n := range r.Names {
		fmt.Fprintf(t, "Name\t%s\n", seenText(n))
	}
	for _, i := range r.Identifiers {
		fmt.Fprintf(t, "Identifier\t%s\n", seenText(i))
	}
	for _, l := range r.Likely {
		fmt.Fprintf(t, "Likely\t%s, by %s\n", l.Patient, mentionWords[l.By])
	}
	if r.Decided != nil {
		fmt.Fprintf(t, "Decided\t%s\n", decidedText(*r.Decided))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\n%s\n", seenText(string(r.Content)))
	return err
}

var mentionWords = map[fhir.Mention]string{fhir.MentionIdentifier: "identifier", fhir.MentionNameBirth: "name and birth date", fhir.MentionName: "name alone"}

func decidedText(d unassignedDecided) string {
	whose := d.Patient
	if whose == "" {
		whose = "nobody's"
	}
	return strings.TrimSuffix(fmt.Sprintf("%s, by %s on %s: %s", whose, d.Who, d.Time, seenText(d.Reason)), ": ")
}

func cmdUnassignedAssign(at *common) *cobra.Command {
	var patient, reason string
	c := &cobra.Command{
		Use:   "assign TYPE/ID --patient ID",
		Short: "Say that a resource is a patient's",
		Args:  someArgs(1, false, "a resource, such as Observation/17"),
		RunE: func(c *cobra.Command, args []string) error {
			id := fhir.BarePatient(patient)
			if !fhir.IsID(id) {
				return usagef("--patient: %q is not the id of a patient; write one such as 4 or Patient/4", patient)
			}
			if err := at.decideUnassigned(c.Context(), "assign", args[0], id, reason); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is Patient/%s's from now on\n", args[0], id)
			return nil
		},
	}
	c.Flags().StringVar(&patient, "patient", "", "id of the patient whose it is")
	c.Flags().StringVar(&reason, "reason", "", "why, in your words")
	return c
}

func cmdUnassignedConfirm(at *common) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "confirm TYPE/ID",
		Short: "Say that a resource is nobody's, as it stands now",
		Args:  someArgs(1, false, "a resource, such as Observation/17"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := at.decideUnassigned(c.Context(), "confirm", args[0], "", reason); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is nobody's, until it changes\n", args[0])
			return nil
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, in your words")
	return c
}

// decideUnassigned says whose a resource is, at its current version; patient "" is nobody.
func (at *common) decideUnassigned(ctx context.Context, words, key, patient, reason string) error {
	typ, id, err := unassignedKey(key)
	if err != nil {
		return err
	}
	return at.withWorklist(ctx, words, func(ctx context.Context, w worklist.Service, by auth.Actor) (audit.Note, error) {
		r, err := w.Store.Resource(ctx, typ, id)
		if err != nil {
			return audit.Note{}, err
		}
		return w.Assign(ctx, by, storage.Assignment{Type: typ, ID: id, Patient: patient, Version: r.Version, Reason: strings.TrimSpace(reason)})
	})
}

func cmdUnassignedUndo(at *common) *cobra.Command {
	return &cobra.Command{
		Use:   "undo TYPE/ID",
		Short: "Take back what was said about a resource: it is unassigned again",
		Args:  someArgs(1, false, "a resource, such as Observation/17"),
		RunE: func(c *cobra.Command, args []string) error {
			typ, id, err := unassignedKey(args[0])
			if err != nil {
				return err
			}
			err = at.withWorklist(c.Context(), "undo", func(ctx context.Context, w worklist.Service, by auth.Actor) (audit.Note, error) {
				return w.TakeBack(ctx, by, typ, id)
			})
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "%s is unassigned again\n", args[0])
			}
			return err
		},
	}
}
