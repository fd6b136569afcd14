package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// intakeFile is a request as `request add --file` reads it.
type intakeFile struct {
	Received  requests.Day       `json:"received"`
	Patient   string             `json:"patient"`
	Channel   requests.Channel   `json:"channel"`
	Requester requests.Requester `json:"requester"`
	Subject   requests.Subject   `json:"subject"`
	Scope     requests.Scope     `json:"scope"`
	Asked     string             `json:"asked"`
	Purpose   string             `json:"purpose"`
	Wish      requests.Wish      `json:"wish"`
	Note      string             `json:"note"`
}

func cmdRequestAdd(at *common) *cobra.Command {
	var file, received string
	var in intakeFile
	c := &cobra.Command{
		Use:   "add",
		Short: "Record a request",
		Long: `Records a request, as it stands on paper or was told, and prints its number. It is from the flags, or from a JSON file
(- reads standard input); other users of this machine can see flags while the command runs, so scripts use a file:

  {"channel": "paper", "scope": "record", "wish": "stick", "patient": "p17", "received": "2026-01-31",
   "requester": {"name": "Mina Ong", "role": "patient", "phone": "555-0101"},
   "subject": {"name": "Mina Ong", "birthDate": "1980-02-29"}}

` + choicesText() + `

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel request add --file request.json
  satchel request add --name "Mina Ong" --patient p17`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := in.read(file, received, c.InOrStdin()); err != nil {
				return err
			}
			return at.withLedger(c.Context(), func(_ *storage.Store, l *requests.Ledger) error {
				r, err := l.Record(c.Context(), requests.By{Who: whoRuns()}, in.intake())
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "recorded request %s, due on %s\n", r.Number, r.Due)
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&file, "file", "", "JSON file with the request, - for standard input; no other flag then")
	f.StringVar(&received, "received", "", "day of receipt, such as 2026-01-31 (default today)")
	f.StringVar((*string)(&in.Channel), "channel", "paper", "how it came in")
	f.StringVar((*string)(&in.Scope), "scope", "record", "what is asked")
	f.StringVar((*string)(&in.Wish), "wish", "stick", "how it shall be delivered")
	f.StringVar(&in.Requester.Name, "name", "", "who asks")
	f.StringVar((*string)(&in.Requester.Role), "role", "patient", "in what role")
	f.StringVar(&in.Requester.Organization, "organization", "", "of who asks")
	f.StringVar(&in.Requester.Phone, "phone", "", "of who asks")
	f.StringVar(&in.Requester.Email, "email", "", "of who asks")
	f.StringVar(&in.Requester.Address, "address", "", "of who asks")
	f.StringVar(&in.Patient, "patient", "", "id of the patient, if known")
	f.StringVar(&in.Subject.Name, "patient-name", "", "name of the patient as it was given")
	f.StringVar(&in.Subject.BirthDate, "birth-date", "", "of the patient as it was given")
	f.StringVar(&in.Asked, "asked", "", "what is asked, in the requester's words")
	f.StringVar(&in.Purpose, "purpose", "", "what for, if it was said; nobody has to say it")
	f.StringVar(&in.Note, "note", "", "a note beside the request")
	for _, other := range []string{"received", "channel", "scope", "wish", "name", "role", "organization", "phone", "email", "address", "patient", "patient-name",
		"birth-date", "asked", "purpose", "note"} {
		c.MarkFlagsMutuallyExclusive("file", other)
	}
	return c
}

// choicesText lists the words that a request is made of.
func choicesText() string {
	var b strings.Builder
	for _, l := range []struct {
		name string
		list []requests.Choice
	}{{"channel", requests.Channels()}, {"scope", requests.Scopes()}, {"wish", requests.Wishes()}, {"role", requests.Roles()}} {
		var codes []string
		for _, c := range l.list {
			codes = append(codes, c.Code)
		}
		fmt.Fprintf(&b, "  %-8s %s\n", l.name, strings.Join(codes, ", "))
	}
	return strings.TrimRight(b.String(), "\n")
}

// read takes what the file says, or the day of the flags.
func (in *intakeFile) read(file, received string, stdin io.Reader) (err error) {
	if file == "" {
		if in.Requester.Name == "" {
			return usagef("request add needs --name, or --file")
		}
		if in.Received, err = requests.ParseDay(received); err != nil {
			return usagef("--received: %w", err)
		}
		return nil
	}
	*in = intakeFile{}
	from := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		from = f
	}
	d := json.NewDecoder(io.LimitReader(from, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil {
		return fmt.Errorf("read the request: %w; see: satchel request add --help", err)
	}
	return nil
}

func (in *intakeFile) intake() requests.Intake {
	return requests.Intake{Received: in.Received, Patient: fhir.BarePatient(in.Patient), Note: in.Note, Details: requests.Details{
		Channel: in.Channel, Requester: in.Requester, Subject: in.Subject, Scope: in.Scope, Asked: in.Asked, Purpose: in.Purpose, Wish: in.Wish,
	}}
}
