package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"satchel/auth"
	"satchel/certs"
	"satchel/config"
	"satchel/datadir"
	"satchel/handover"
	"satchel/internal/durable"
	"satchel/internal/terminal"
	"satchel/storage"
)

func cmdInit(at *common) *cobra.Command {
	var listen, admin, tlsMode string
	var insecure, noAdmin bool
	var password passwordFlags
	c := &cobra.Command{
		Use:   "init",
		Short: "Make the data directory, its settings, its database and the first administrator",
		Long: `Makes the data directory with config.toml (every setting, explained), the database, a folder for exports,
and the first administrator, an account with ROLE_SUPERUSER. There is no default password: on a terminal you are
asked for one, elsewhere give --admin and --password-file or --password-stdin. With --no-admin there is no account yet:
the server then prints an address at which a browser on the same machine makes the first one.

Exit codes: 0 done, 1 failed (also: there is a Satchel already), 2 wrong usage.`,
		Example: `  satchel init
  satchel init --data /var/lib/satchel --admin anna --password-file /root/password
  satchel init --no-admin
  satchel init --listen 0.0.0.0:8443 --tls local-ca`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			flags := map[string]string{}
			if listen != "" {
				flags["http.listen"] = listen
			}
			if insecure {
				flags["http.insecure_http"] = "true"
			}
			if tlsMode != "" {
				flags["tls.mode"] = tlsMode
			}
			cfg, err := at.load(flags)
			if err != nil {
				return err
			}
			if noAdmin {
				return initialise(c.Context(), cfg, flags, "", nil, c.OutOrStdout())
			}
			return initialise(c.Context(), cfg, flags, admin, &password, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "address and port to write into config.toml, such as 127.0.0.1:8080")
	c.Flags().BoolVar(&insecure, "insecure-http", false, "allow plain HTTP on an address that other machines can reach")
	c.Flags().StringVar(&tlsMode, "tls", "", "tls.mode to write into config.toml, such as local-ca")
	c.Flags().StringVar(&admin, "admin", "", "name of the first administrator")
	c.Flags().BoolVar(&noAdmin, "no-admin", false, "make no account; a browser on this machine makes the first one once the server runs")
	password.add(c)
	for _, flag := range []string{"admin", "password-file", "password-stdin"} {
		c.MarkFlagsMutuallyExclusive("no-admin", flag)
	}
	return c
}

// initialise is `satchel init`; without a password there will be no account. Everything that can be wrong is checked before
// anything is made.
func initialise(ctx context.Context, cfg *config.Config, written map[string]string, admin string, password *passwordFlags, out io.Writer) error {
	if err := vacant(cfg); err != nil {
		return err
	}
	secret := ""
	if password != nil {
		var err error
		if admin, secret, err = firstAdministrator(admin, password); err != nil {
			return err
		}
	}
	if err := datadir.Make(cfg, written); err != nil {
		return err
	}
	if cfg.TLS.Mode == config.TLSLocalCA {
		if _, err := certs.New(cfg, slog.New(slog.DiscardHandler)); err != nil {
			return err
		}
	}
	s, err := storage.Open(ctx, cfg.Database(), storage.Options{})
	if err != nil {
		return err
	}
	if password != nil {
		err = addAdministrator(ctx, s, "satchel init", admin, secret)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		os.Remove(cfg.Database()) // nobody could sign in: let the next init begin anew
		return err
	}
	key, err := datadir.SigningKey(cfg)
	if err != nil {
		return err
	}
	// Root makes what the account of the service is to use, if the directory is already that account's.
	if err := durable.SameOwner(cfg.Data, cfg.Data); err != nil {
		return err
	}
	if password == nil {
		fmt.Fprintf(out, "made %s without an account; start it with: satchel serve --data %s\nand open the address that it prints, in a browser on this machine\n%s\n", cfg.Data, cfg.Data, keySentence(key))
		return nil
	}
	fmt.Fprintf(out, "made %s with the administrator %q; start it with: satchel serve --data %s\n%s\n", cfg.Data, admin, cfg.Data, keySentence(key))
	return nil
}

// vacant refuses a directory that holds a Satchel or something else.
func vacant(cfg *config.Config) error {
	if _, err := os.Stat(cfg.Database()); err == nil {
		return fmt.Errorf("%q is set up already; nothing was changed. Start it with: satchel serve --data %s", cfg.Data, cfg.Data)
	}
	entries, err := os.ReadDir(cfg.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		p := filepath.Join(cfg.Data, e.Name())
		if durable.Temporary(e.Name()) {
			continue // of an init that was interrupted
		}
		if p != cfg.File && p != cfg.BulkExport.Folder && p != cfg.TlsFolder() && e.Name() != datadir.SigningKeyFile && !strings.HasPrefix(p, cfg.Database()) {
			return fmt.Errorf("%q holds %q and no Satchel; choose a directory that is empty or does not exist", cfg.Data, e.Name())
		}
	}
	return nil
}

// firstAdministrator asks for what the flags do not say, and checks name and password.
func firstAdministrator(name string, password *passwordFlags) (checked, secret string, err error) {
	if name == "" && !terminal.Is(os.Stdin) {
		return "", "", usagef("no terminal to ask for the first administrator; give --admin NAME and --password-file FILE or --password-stdin")
	}
	if name == "" {
		if name, err = prompt("Name of the first administrator: "); err != nil {
			return "", "", err
		}
	}
	if name, err = auth.Name(name); err != nil {
		return "", "", err
	}
	if secret, err = password.read(name); err != nil {
		return "", "", err
	}
	return name, secret, auth.CheckPassword(name, secret)
}

// addAdministrator makes the first administrator of a store. called is the command that does it.
func addAdministrator(ctx context.Context, s *storage.Store, called, name, password string) error {
	keeps := false // whoever chose it is its owner
	a := storage.Account{Name: name, Authorities: []storage.Authority{{Permission: "ROLE_SUPERUSER"}}}
	_, err := (&auth.Service{Store: s}).AddFirstAccount(ctx, auth.Command(whoRuns(), called), a, auth.NewPassword{Text: password, Must: &keeps})
	return err
}

// keySentence tells the fingerprint and what it is for.
func keySentence(key *handover.Key) string {
	return fmt.Sprintf("packages are signed with the key %s; give this fingerprint to those who receive packages, on another way", key.Fingerprint())
}
