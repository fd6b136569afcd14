package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"satchel/auth"
	"satchel/storage"
)

// listed is one account as `user list --json` tells it: everything but the password's hash.
type listed struct {
	Name        string              `json:"name"`
	GivenName   string              `json:"givenName,omitempty"`
	FamilyName  string              `json:"familyName,omitempty"`
	Locked      bool                `json:"locked"`
	Disabled    bool                `json:"disabled"`
	Created     time.Time           `json:"created"`
	LastLogin   time.Time           `json:"lastLogin,omitzero"`
	Authorities []storage.Authority `json:"authorities"`

	Service         bool      `json:"serviceAccount"`
	TwoFactor       bool      `json:"twoFactor"`
	MustChange      bool      `json:"mustChangePassword"`
	PasswordChanged time.Time `json:"passwordChanged"`
	LastActive      time.Time `json:"lastActive,omitzero"`
}

func cmdUserList(at *common) *cobra.Command {
	return listing[storage.Account]{
		short: "List the accounts with what they hold",
		read:  (*storage.Store).Accounts,
		json:  func(all []storage.Account) any { return userListing(all) },
		head:  []string{"NAME", "STATE", "TWO-FACTOR", "PASSWORD AGE", "LAST SIGN-IN", "LAST ACTIVE", "HOLDS"},
		row: func(a storage.Account) []string {
			return []string{a.Name, state(a), factor(a), days(a.PasswordChanged), when(a.LastLogin), when(a.LastActive), list(a.Authorities)}
		},
	}.command(at)
}

func userListing(accounts []storage.Account) []listed {
	all := []listed{}
	for _, a := range accounts {
		if a.Authorities == nil {
			a.Authorities = []storage.Authority{}
		}
		all = append(all, listed{a.Name, a.GivenName, a.FamilyName, a.Locked, a.Disabled, a.Created, a.LastLogin, a.Authorities,
			a.Service, a.TOTP != nil, a.MustChange, a.PasswordChanged, a.LastActive})
	}
	return all
}

func state(a storage.Account) string {
	switch {
	case a.Disabled:
		return "disabled"
	case a.Locked:
		return "locked"
	}
	if a.MustChange {
		return "must change password"
	}
	if a.Service {
		return "service"
	}
	return "active"
}

func factor(a storage.Account) string {
	if a.TOTP != nil {
		return "on"
	}
	return "off"
}

// days is the time since then in whole days.
func days(since time.Time) string {
	return fmt.Sprintf("%d days", int(time.Since(since).Hours()/24))
}

func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04")
}

func cmdUserPermissions() *cobra.Command {
	return &cobra.Command{
		Use:   "permissions",
		Short: "Explain the roles and permissions that accounts can hold",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 8, 2, ' ', 0)
			for _, p := range auth.Permissions() {
				name := p.Name
				if p.Argument != "" && p.Optional {
					name += "[:" + p.Argument + "]"
				} else if p.Argument != "" {
					name += ":" + p.Argument
				}
				fmt.Fprintf(t, "%s\t%s\n", name, p.Text)
			}
			return t.Flush()
		},
	}
}
