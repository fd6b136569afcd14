package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"satchel/auth"
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
		cmdUserLock(at, "lock"), cmdUserLock(at, "unlock"), cmdUserRemove(at), cmdUserPermissions())
	return c
}

// userCommand makes a command on one account.
func userCommand(at *common, use, short string, f func(ctx context.Context, s *storage.Store, name string) (did string, err error)) *cobra.Command {
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
			did, err := f(c.Context(), s, name)
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
	c := userCommand(at, "add", "Make an account", func(ctx context.Context, s *storage.Store, name string) (string, error) {
		authorities, err := grants.authorities()
		if err != nil {
			return "", err
		}
		if _, err := s.Account(ctx, name); err == nil {
			return "", fmt.Errorf("there is an account %q already; change it with: satchel user grant|revoke|passwd %s", name, name)
		}
		hash, err := password.hash(name)
		if err != nil {
			return "", err
		}
		now := time.Now()
		err = s.AddAccount(ctx, storage.Account{
			Name: name, GivenName: given, FamilyName: family, Password: hash, PasswordChanged: now, Created: now, Authorities: authorities,
		})
		did := fmt.Sprintf("made account %q with %s", name, list(authorities))
		if len(authorities) == 0 {
			did = fmt.Sprintf("made account %q, which may do nothing yet; give it rights with: satchel user grant %s", name, name)
		}
		return did, err
	})
	password.add(c)
	grants.add(c)
	c.Flags().StringVar(&given, "given-name", "", "given name of the person")
	c.Flags().StringVar(&family, "family-name", "", "family name of the person")
	return c
}

func cmdUserPasswd(at *common) *cobra.Command {
	var password passwordFlags
	c := userCommand(at, "passwd", "Give an account a new password", func(ctx context.Context, s *storage.Store, name string) (string, error) {
		if _, err := s.Account(ctx, name); err != nil { // before anybody types a password
			return "", err
		}
		hash, err := password.hash(name)
		if err != nil {
			return "", err
		}
		err = s.UpdateAccount(ctx, name, func(a *storage.Account, _ []storage.Account) error {
			a.Password, a.PasswordChanged = hash, time.Now()
			return nil
		})
		return fmt.Sprintf("account %q has a new password", name), err
	})
	password.add(c)
	return c
}

func cmdUserGrant(at *common, verb string) *cobra.Command {
	var grants grantFlags
	short := "Give an account roles and permissions"
	if verb == "revoke" {
		short = "Take roles and permissions from an account"
	}
	c := userCommand(at, verb, short, func(ctx context.Context, s *storage.Store, name string) (string, error) {
		change, err := grants.authorities()
		if err != nil {
			return "", err
		}
		if len(change) == 0 {
			return "", usagef("nothing to %s; give --role R or --permission P[:ARG]", verb)
		}
		var after []storage.Authority
		err = changeAccount(ctx, s, name, func(a *storage.Account) error {
			err := changeAuthorities(&a.Authorities, verb, change, "account", name)
			after = a.Authorities
			return err
		})
		return fmt.Sprintf("account %q now holds %s", name, list(after)), err
	})
	grants.add(c)
	return c
}

func cmdUserLock(at *common, verb string) *cobra.Command {
	short := map[string]string{"lock": "Bar an account from signing in", "unlock": "Let a locked account sign in again"}
	return userCommand(at, verb, short[verb], func(ctx context.Context, s *storage.Store, name string) (string, error) {
		err := changeAccount(ctx, s, name, func(a *storage.Account) error {
			a.Locked = verb == "lock"
			return nil
		})
		return fmt.Sprintf("account %q is %sed", name, verb), err
	})
}

func cmdUserRemove(at *common) *cobra.Command {
	return userCommand(at, "remove", "Remove an account", func(ctx context.Context, s *storage.Store, name string) (string, error) {
		err := s.RemoveAccount(ctx, name, func(a storage.Account, others []storage.Account) error {
			return auth.KeepAdministrator(a, nil, others)
		})
		return fmt.Sprintf("removed account %q", name), err
	})
}

// changeAccount changes an account unless that would leave no administrator.
func changeAccount(ctx context.Context, s *storage.Store, name string, f func(*storage.Account) error) error {
	return s.UpdateAccount(ctx, name, func(a *storage.Account, others []storage.Account) error {
		before := *a
		before.Authorities = slices.Clone(a.Authorities)
		if err := f(a); err != nil {
			return err
		}
		return auth.KeepAdministrator(before, a, others)
	})
}

// grantFlags are roles and permissions as flags.
type grantFlags struct{ roles, permissions []string }

func (g *grantFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&g.roles, "role", nil, "role, such as ROLE_SUPERUSER (repeatable)")
	c.Flags().StringArrayVar(&g.permissions, "permission", nil, "permission, with its argument after a colon: FHIR_READ_ALL_OF_TYPE:Patient (repeatable)")
}

// authorities checks the flags and answers what they name, each once.
func (g *grantFlags) authorities() ([]storage.Authority, error) {
	var all []storage.Authority
	for _, text := range append(slices.Clone(g.roles), g.permissions...) {
		name, argument, _ := strings.Cut(text, ":")
		x := storage.Authority{Permission: name, Argument: argument}
		if err := auth.CheckAuthority(x); err != nil {
			return nil, err
		}
		if !slices.Contains(all, x) {
			all = append(all, x)
		}
	}
	return all, nil
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
