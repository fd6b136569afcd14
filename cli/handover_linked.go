package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"satchel/app"
	"satchel/auth"
	"satchel/engine"
	"satchel/exports"
	"satchel/fhir"
	"satchel/storage"
)

// listLinked is `satchel handover linked`: who is linked with a patient, before anything is made.
func (f *handoverFlags) listLinked(c *cobra.Command, at *common, id string) error {
	cfg, s, err := at.openData(c.Context(), nil, storage.Options{})
	if err != nil {
		return err
	}
	by := auth.Command(whoRuns(), "satchel handover linked")
	linked, note, err := app.ExportsOf(cfg, s, engine.New(s, nil, engine.Options{})).Linked(c.Context(), by, fhir.BarePatient(id))
	if err == nil {
		err = s.Audit(c.Context(), note.Event)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if f.json {
		if linked == nil {
			linked = []exports.Linked{}
		}
		return json.NewEncoder(c.OutOrStdout()).Encode(linked)
	}
	return printLinked(c.OutOrStdout(), linked)
}

// printLinked writes linked patients as a table.
func printLinked(out io.Writer, linked []exports.Linked) error {
	if len(linked) == 0 {
		_, err := fmt.Fprintln(out, "no other patient is linked with this one")
		return err
	}
	t := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "PATIENT\tNAME\tBORN\tLINKED WITH\tLINK\tLINK BACK\tDIFFERS IN")
	for _, l := range linked {
		row := []string{l.ID, l.Name, l.BirthDate, l.With, strings.Join(l.Links, ", "), strings.Join(l.Back, ", "), strings.Join(l.Differs, ", ")}
		for i := range row {
			row[i] = cmp.Or(row[i], "-")
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}
