package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/backup"
	"satchel/internal/secretfile"
)

func cmdBackup(at *common) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database, the settings and the keys into one file, also while the server runs",
		Long: `Copies the database as it stands at one instant, the settings and the keys into the new file FILE, a ZIP archive
with a list of SHA-256 hashes. The server may run and write meanwhile. With --passphrase-file the archive is encrypted by
age (age-encryption.org); without the passphrase nobody opens it again. Files of exports, and certificates that lie
outside the data directory, are not in it. For backups that come by themselves see [backup] in config.toml.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel backup /mnt/usb/monday.zip
  satchel backup monday.zip.age --passphrase-file /root/passphrase
  satchel backup verify monday.zip`,
		Args: someArgs(1, false, "the name of a file to make"),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := at.load(nil)
			if err != nil {
				return err
			}
			passphrase, err := secretfile.Passphrase(file)
			if err != nil {
				return err
			}
			began := time.Now()
			n, err := backup.Make(c.Context(), cfg, args[0], passphrase)
			if err != nil {
				return err
			}
			if err := backup.Audit(c.Context(), cfg, whoRuns(), n); err != nil {
				return err
			}
			if left, _ := backup.Leftovers(cfg); len(left) > 0 {
				fmt.Fprintf(c.ErrOrStderr(), "%d files of an earlier backup that was interrupted cannot be removed; they hold health data: delete %s by hand\n", len(left), strings.Join(left, ", "))
			}
			info, err := os.Stat(args[0])
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "made %s, %.1f MB, %s, in %s\n", args[0], float64(info.Size())/1e6, n.Summary(), time.Since(began).Round(time.Millisecond))
			}
			return err
		},
	}
	c.PersistentFlags().StringVar(&file, "passphrase-file", "", "file whose first line is the passphrase of the backup")
	c.AddCommand(cmdBackupVerify(&file))
	return c
}

func cmdBackupVerify(passphraseFile *string) *cobra.Command {
	var asJSON bool
	var temp string
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check that a backup is whole and can be restored",
		Long: `Unpacks a backup into a temporary folder and checks everything: the hash of each file, the database by SQLite's own
check, every version of every resource by its hash, the audit log, and that all is there which the backup notes.

Exit codes: 0 whole, 1 damaged or not a backup, 2 wrong usage.`,
		Example: `  satchel backup verify monday.zip --json`,
		Args:    someArgs(1, false, "the file of a backup"),
		RunE: func(c *cobra.Command, args []string) error {
			passphrase, err := secretfile.Passphrase(*passphraseFile)
			if err != nil {
				return err
			}
			b, err := backup.Open(args[0], passphrase)
			if err != nil {
				return err
			}
			defer b.Close()
			folder, err := os.MkdirTemp(temp, "satchel-verify-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(folder)
			if err := b.Extract(c.Context(), folder); err != nil {
				return err
			}
			if err := b.Check(c.Context(), folder); err != nil {
				return err
			}
			return printNote(c.OutOrStdout(), args[0], b.Note, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	c.Flags().StringVar(&temp, "temp", "", "folder for the unpacked backup (default: the system's)")
	return c
}

func printNote(out io.Writer, path string, n backup.Note, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(n)
	}
	_, err := fmt.Fprintf(out, "%s is whole: made %s by satchel %s, database schema %d, %s\n", path, n.Made.Format(time.RFC3339), n.By.Version, n.Contents.Schema, n.Summary())
	return err
}

func cmdRestore(at *common) *cobra.Command {
	var file string
	var replace bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup into an empty data directory",
		Long: `Unpacks a backup, checks all of it as "backup verify" does, and only then puts it into the data directory, which must
be empty or not exist. With --replace what is there is kept beside it under another name. The server must be stopped.
Exports are not in a backup and have to be started again. Writes made after the backup are lost.

Exit codes: 0 done, 1 failed and nothing was changed, 2 wrong usage.`,
		Example: `  satchel restore monday.zip --data /var/lib/satchel
  satchel restore monday.zip --replace`,
		Args: someArgs(1, false, "the file of a backup"),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := at.load(nil)
			if err != nil {
				return err
			}
			passphrase, err := secretfile.Passphrase(file)
			if err != nil {
				return err
			}
			r, err := backup.Restore(c.Context(), cfg, whoRuns(), args[0], passphrase, replace)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			fmt.Fprintf(out, "restored %s from the backup of %s: %s\n", cfg.Data, r.Note.Made.Format(time.RFC3339), r.Note.Summary())
			if r.Kept != "" {
				fmt.Fprintf(out, "what was there is kept in %s; it has %d writes that the backup has not. Remove it when you no longer need it.\n", r.Kept, r.Lost)
			}
			return nil
		},
	}
	c.Flags().StringVar(&file, "passphrase-file", "", "file whose first line is the passphrase of the backup")
	c.Flags().BoolVar(&replace, "replace", false, "keep what is in the data directory under another name")
	return c
}
