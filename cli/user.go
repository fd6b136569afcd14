package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

func cmdUser(at *common) *cobra.Command {
	c := &cobra.Command{
		Use:   "user",
		Short: "Make, change and list accounts",
		Long: `Makes, changes and lists accounts. It works on the data directory, also while the server runs; changes hold at once.
A role is a bundle of permissions: satchel user permissions explains all of them.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel user add front --role ROLE_FHIR_CLIENT --permission FHIR_ALL_READ --permission FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT
  satchel user revoke front --permission FHIR_ALL_READ
  satchel user list`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(cmdUserAdd(at), cmdUserList(at), cmdUserPasswd(at), cmdUserGrant(at, "grant"), cmdUserGrant(at, "revoke"),
		cmdUserBar(at, "lock"), cmdUserBar(at, "unlock"), cmdUserBar(at, "disable"), cmdUserBar(at, "enable"), cmdUserResetTwoFactor(at),
		cmdUserSignOut(at), cmdUserRemove(at), cmdUserPermissions())
	return c
}

// userCommand makes a command that does something with one account.
func userCommand(at *common, use, short string, do deed) *cobra.Command {
	return &cobra.Command{
		Use:   use + " NAME",
		Short: short,
		Args:  someArgs(1, false, "the name of an account"),
		RunE: func(c *cobra.Command, args []string) error {
			name, err := auth.Name(args[0])
			if err != nil {
				return err
			}
			_, s, err := at.openData(c.Context(), nil, storage.Options{})
			if err != nil {
				return err
			}
			did, err := audited(c.Context(), s, c.CommandPath(), name, do)
			if err = errors.Join(err, s.Close()); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), did)
			return nil
		},
	}
}

func cmdUserAdd(at *common) *cobra.Command {
	var password passwordFlags
	var grants grantFlags
	var given, family string
	var program, keep bool
	c := userCommand(at, "add", "Make an account", func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (did string, note audit.Note, err error) {
		a := storage.Account{Name: name, GivenName: given, FamilyName: family, Service: program, Authorities: grants.authorities()}
		must := !program && !keep
		note, err = s.AddAccount(ctx, by, a, auth.NewPassword{Ask: password.read, Must: &must})
		if fhir.IsCode(err, fhir.CodeDuplicate) {
			err = fmt.Errorf("there is an account %q already; change it with: satchel user grant|revoke|passwd %s", name, name)
		}
		did = fmt.Sprintf("made account %q with %s", name, list(a.Authorities))
		if len(a.Authorities) == 0 {
			did = fmt.Sprintf("made account %q, which may do nothing yet; give it rights with: satchel user grant %s", name, name)
		}
		if must {
			did += "; its owner has to choose another password first, on the server's pages or at /api/account/password"
		}
		return did, note, err
	})
	c.Long = `Makes an account for a person, or with --service for a program. Whoever runs this knows the password, so a person has to
choose another one at the first sign-in and can do nothing else before; --keep-password leaves that out.

Exit codes: 0 done, 1 failed, 2 wrong usage.`
	c.Example = `  satchel user add front --role ROLE_FHIR_CLIENT --permission FHIR_ALL_READ
  satchel user add nightly --service --role ROLE_FHIR_CLIENT_SUPERUSER_RO`
	password.add(c)
	grants.add(c)
	c.Flags().StringVar(&given, "given-name", "", "given name of the person")
	c.Flags().StringVar(&family, "family-name", "", "family name of the person")
	c.Flags().BoolVar(&program, "service", false, "a program: it signs each request by HTTP Basic and has no sessions")
	c.Flags().BoolVar(&keep, "keep-password", false, "the person keeps this password, and need not choose another at the first sign-in")
	return c
}

func cmdUserPasswd(at *common) *cobra.Command {
	var password passwordFlags
	var must bool
	c := userCommand(at, "passwd", "Give an account a new password", func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (string, audit.Note, error) {
		note, err := s.ChangeAccount(ctx, by, name, auth.NewPassword{Ask: password.read, Must: &must}, nil)
		return fmt.Sprintf("account %q has a new password; its sessions have ended", name), note, err
	})
	password.add(c)
	c.Flags().BoolVar(&must, "must-change", false, "the account can do nothing until its owner has chosen another password")
	return c
}

func cmdUserGrant(at *common, verb string) *cobra.Command {
	var grants grantFlags
	short := "Give an account roles and permissions"
	if verb == "revoke" {
		short = "Take roles and permissions from an account"
	}
	c := userCommand(at, verb, short, func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (did string, note audit.Note, err error) {
		change := grants.authorities()
		if len(change) == 0 {
			return "", note, usagef("nothing to %s; give --role R or --permission P[:ARG]", verb)
		}
		var after []storage.Authority
		note, err = s.ChangeAccount(ctx, by, name, auth.NewPassword{}, func(a *storage.Account) error {
			err := changeAuthorities(&a.Authorities, verb, change, "account", name)
			after = a.Authorities
			return err
		})
		return fmt.Sprintf("account %q now holds %s", name, list(after)), note, err
	})
	grants.add(c)
	return c
}

// bars are the commands that bar an account or let it in again.
var bars = map[string]struct {
	short, now string
	set        func(a *storage.Account)
}{
	"lock":    {"Bar an account from signing in for now; its sessions end", "locked", func(a *storage.Account) { a.Locked = true }},
	"unlock":  {"Let an account sign in again that was locked, or that wrong passwords slow down", "unlocked", func(a *storage.Account) { a.Locked = false; auth.Unlock(a) }},
	"disable": {"Bar an account that is no longer in use; its sessions end, its name stays taken", "disabled", func(a *storage.Account) { a.Disabled = true }},
	"enable":  {"Let a disabled account sign in again", "enabled", func(a *storage.Account) { a.Disabled = false }},
}

// accountCommand makes a command that changes one account by set; did says what it is then, with the account's name in it.
func accountCommand(at *common, use, short, did string, set func(a *storage.Account)) *cobra.Command {
	return userCommand(at, use, short, func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (string, audit.Note, error) {
		note, err := s.ChangeAccount(ctx, by, name, auth.NewPassword{}, func(a *storage.Account) error { set(a); return nil })
		return fmt.Sprintf(did, name), note, err
	})
}

func cmdUserBar(at *common, verb string) *cobra.Command {
	bar := bars[verb]
	return accountCommand(at, verb, bar.short, "account %q is "+bar.now, bar.set)
}

func cmdUserResetTwoFactor(at *common) *cobra.Command {
	return accountCommand(at, "reset-two-factor", "Take the second factor from an account whose owner lost it; its sessions end", "account %q has no second factor", auth.ResetSecondFactor)
}

func cmdUserSignOut(at *common) *cobra.Command {
	return userCommand(at, "sign-out", "End all sessions of an account", func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (string, audit.Note, error) {
		ended, note, err := s.EndSessions(ctx, by, name)
		return fmt.Sprintf("ended %d sessions of account %q", ended, name), note, err
	})
}

func cmdUserRemove(at *common) *cobra.Command {
	return userCommand(at, "remove", "Remove an account; its sessions end and its exports are cancelled", func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (string, audit.Note, error) {
		note, err := s.RemoveAccount(ctx, by, name)
		return fmt.Sprintf("removed account %q", name), note, err
	})
}

// grantFlags are roles and permissions as flags.
type grantFlags struct{ roles, permissions []string }

func (g *grantFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&g.roles, "role", nil, "role, such as ROLE_SUPERUSER (repeatable)")
	c.Flags().StringArrayVar(&g.permissions, "permission", nil, "permission, with its argument after a colon: FHIR_READ_ALL_OF_TYPE:Patient (repeatable)")
}

// authorities are what the flags name, each once.
func (g *grantFlags) authorities() (all []storage.Authority) {
	for _, text := range append(slices.Clone(g.roles), g.permissions...) {
		name, argument, _ := strings.Cut(text, ":")
		if x := (storage.Authority{Permission: name, Argument: argument}); !slices.Contains(all, x) {
			all = append(all, x)
		}
	}
	return all
}

// list writes authorities for people.
func list(all []storage.Authority) string {
	if len(all) == 0 {
		return "nothing"
	}
	var names []string
	for _, x := range all {
		names = append(names, auth.Flag(x))
	}
	return strings.Join(names, ", ")
}
