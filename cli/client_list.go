package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"satchel/storage"
)

// listedClient is one client as `client list --json` tells it: everything but the secret's hash.
type listedClient struct {
	Name        string              `json:"name"`
	Scopes      string              `json:"scopes"`
	KeySet      json.RawMessage     `json:"jwks,omitempty"`
	KeySetURL   string              `json:"jwksUrl,omitempty"`
	Private     bool                `json:"allowPrivateAddress,omitempty"`
	RedirectURI string              `json:"redirectUri,omitempty"`
	HasSecret   bool                `json:"hasSecret"`
	Disabled    bool                `json:"disabled"`
	Created     time.Time           `json:"created"`
	LastUsed    time.Time           `json:"lastUsed,omitzero"`
	Authorities []storage.Authority `json:"authorities"`
}

func cmdClientList(at *common) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the clients with their scopes and what they hold",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, s, err := at.openData(c.Context(), nil, storage.Options{})
			if err != nil {
				return err
			}
			clients, err := s.Clients(c.Context())
			if err = errors.Join(err, s.Close()); err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(clientListing(clients))
			}
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(t, "NAME\tSTATE\tLAST TOKEN\tSCOPES\tHOLDS")
			for _, x := range clients {
				state := "active"
				if x.Disabled {
					state = "disabled"
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", x.Name, state, when(x.LastUsed), x.Scopes, list(x.Authorities))
			}
			return t.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

func clientListing(clients []storage.Client) []listedClient {
	all := []listedClient{}
	for _, c := range clients {
		if c.Authorities == nil {
			c.Authorities = []storage.Authority{}
		}
		all = append(all, listedClient{c.Name, c.Scopes, json.RawMessage(c.KeySet), c.KeySetURL, c.AllowPrivate, c.RedirectURI, c.Secret != nil,
			c.Disabled, c.Created, c.LastUsed, c.Authorities})
	}
	return all
}
