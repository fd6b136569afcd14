package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"satchel/audit"
	"satchel/auth"
	"satchel/storage"
)

func cmdClient(at *common) *cobra.Command {
	c := &cobra.Command{
		Use:   "client",
		Short: "Register, change and list backend clients",
		Long: `Registers, changes and lists backend clients: programs that get access tokens by SMART Backend Services and then export
or read without a person. It works on the data directory, also while the server runs; a change ends all tokens of the
client. What a client may do is what both its scopes and its roles and permissions allow; it begins with none.

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
		Example: `  satchel client add lab --jwks-url https://lab.example/jwks.json --scope system/*.rs --role ROLE_FHIR_CLIENT_SUPERUSER_RO
  satchel client add quality --pem-file quality.pem --scope "system/Patient.rs system/Observation.rs" \
    --permission FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/7 --permission FHIR_ALL_READ
  satchel client add app --pem-file app.pem --scope 'system/$ehi-export' --permission FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT \
    --redirect-uri https://app.example/back
  satchel client rotate quality --pem-file new.pem`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(cmdClientAdd(at), cmdClientList(at), cmdClientRotate(at), cmdClientGrant(at, "grant"), cmdClientGrant(at, "revoke"),
		cmdClientEnable(at, "disable"), cmdClientEnable(at, "enable"), cmdClientRemove(at))
	return c
}

// clientCommand makes a command that does something with one client.
func clientCommand(at *common, use, short string, do deed) *cobra.Command {
	c := userCommand(at, use, short, do)
	c.Args = someArgs(1, false, "the name of a client")
	return c
}

// keyFlags are the ways to give public keys.
type keyFlags struct {
	jwksFile, jwksURL, pemFile string
	private                    bool
}

func (k *keyFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&k.jwksFile, "jwks-file", "", "file with the client's public keys, a JSON Web Key Set")
	c.Flags().StringVar(&k.jwksURL, "jwks-url", "", "https address where the client publishes its key set")
	c.Flags().StringVar(&k.pemFile, "pem-file", "", "file with the client's public keys or certificates in PEM")
	c.Flags().BoolVar(&k.private, "allow-private-address", false, "the address of the key set may lie in the local network")
	c.MarkFlagsMutuallyExclusive("jwks-file", "jwks-url", "pem-file")
}

// given reports whether a flag gives keys.
func (k *keyFlags) given() bool { return k.jwksFile+k.jwksURL+k.pemFile != "" }

// text reads the file with the keys, if one is given.
func (k *keyFlags) text() ([]byte, error) {
	if file := k.jwksFile + k.pemFile; file != "" {
		return os.ReadFile(file)
	}
	return nil, nil
}

func cmdClientAdd(at *common) *cobra.Command {
	var keys keyFlags
	var grants grantFlags
	var scopes []string
	var secret bool
	var back string
	c := clientCommand(at, "add", "Register a client", func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (did string, note audit.Note, err error) {
		if !keys.given() && !secret {
			return "", note, usagef("client %q needs public keys; give --jwks-file F, --jwks-url U or --pem-file F", name)
		}
		if len(scopes) == 0 {
			return "", note, usagef("client %q needs scopes; give such as --scope system/*.rs", name)
		}
		text, err := keys.text()
		if err != nil {
			return "", note, err
		}
		client, made, note, err := s.AddClient(ctx, by, auth.Registration{Name: name, Keys: text, KeysURL: keys.jwksURL, AllowPrivate: keys.private,
			Secret: secret, Scopes: strings.Join(scopes, " "), RedirectURI: back, Authorities: grants.authorities()})
		if err != nil {
			return "", note, err
		}
		return fmt.Sprintf("registered client %q (client_id) for %s with %s", client.Name, client.Scopes, list(client.Authorities)) +
			signsWith(client) + madeSecret(made) + mayDoNothing(client), note, nil
	})
	keys.add(c)
	grants.add(c)
	c.Flags().StringArrayVar(&scopes, "scope", nil, "scope that is granted at most, such as system/*.rs (repeatable)")
	c.Flags().BoolVar(&secret, "secret", false, "make a client secret and show it once; it is good only with smart.client_secret_basic = true")
	c.Flags().StringVar(&back, "redirect-uri", "", "address to which people are led who sent the form of an $ehi-export")
	return c
}

// mayDoNothing is a hint for a client without rights.
func mayDoNothing(c storage.Client) string {
	if len(c.Authorities) > 0 {
		return ""
	}
	return fmt.Sprintf("\nit may do nothing yet: its scopes only narrow what it is granted; to let it read and export everything: satchel client grant %s --role ROLE_FHIR_CLIENT_SUPERUSER_RO", c.Name)
}

// madeSecret shows a secret that was made a moment ago.
func madeSecret(secret string) string {
	if secret == "" {
		return ""
	}
	return "\nclient secret, shown this once: " + secret
}

// signsWith says which keys the client's assertions must name.
func signsWith(c storage.Client) string {
	if c.KeySetURL != "" {
		return "\nkeys: those at " + c.KeySetURL
	}
	var set struct {
		Keys []struct{ Kid, Kty string }
	}
	if c.KeySet == "" || json.Unmarshal([]byte(c.KeySet), &set) != nil {
		return ""
	}
	var ids []string
	for _, k := range set.Keys {
		ids = append(ids, fmt.Sprintf("%s (%s)", k.Kid, k.Kty))
	}
	return "\nkeys, by kid: " + strings.Join(ids, ", ")
}

func cmdClientRotate(at *common) *cobra.Command {
	var keys keyFlags
	var secret bool
	c := clientCommand(at, "rotate", "Give a client new keys, a new secret, or both, in the place of the old ones",
		func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (did string, note audit.Note, err error) {
			if !keys.given() && !secret {
				return "", note, usagef("nothing to rotate; give --jwks-file F, --jwks-url U, --pem-file F or --secret")
			}
			text, err := keys.text()
			if err != nil {
				return "", note, err
			}
			made := ""
			var after storage.Client
			note, err = s.ChangeClient(ctx, by, name, func(c *storage.Client) error {
				if keys.given() {
					if err := auth.SetKeys(c, text, keys.jwksURL, keys.private); err != nil {
						return err
					}
				}
				if secret {
					made = auth.SetSecret(c)
				}
				after = *c
				return nil
			})
			if err != nil {
				return "", note, err
			}
			return fmt.Sprintf("client %q signs in anew; its old tokens have ended", after.Name) + signsWith(after) + madeSecret(made), note, nil
		})
	keys.add(c)
	c.Flags().BoolVar(&secret, "secret", false, "make a new client secret and show it once")
	return c
}

func cmdClientGrant(at *common, verb string) *cobra.Command {
	var grants grantFlags
	var scopes []string
	var back string
	var cmd *cobra.Command
	short := "Give a client roles and permissions, or other scopes"
	if verb == "revoke" {
		short = "Take roles and permissions from a client"
	}
	c := clientCommand(at, verb, short, func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (did string, note audit.Note, err error) {
		change := grants.authorities()
		led := cmd.Flags().Changed("redirect-uri")
		if len(change)+len(scopes) == 0 && !led {
			return "", note, usagef("nothing to %s; give --role R or --permission P[:ARG]", verb)
		}
		var after storage.Client
		note, err = s.ChangeClient(ctx, by, name, func(c *storage.Client) error {
			if err := changeAuthorities(&c.Authorities, verb, change, "client", name); err != nil {
				return err
			}
			if len(scopes) > 0 {
				if err := auth.SetScopes(c, strings.Join(scopes, " ")); err != nil {
					return err
				}
			}
			if led {
				if err := auth.SetRedirectURI(c, back); err != nil {
					return err
				}
			}
			after = *c
			return nil
		})
		return fmt.Sprintf("client %q now holds %s, for %s", name, list(after.Authorities), after.Scopes), note, err
	})
	cmd = c
	grants.add(c)
	if verb == "grant" {
		c.Flags().StringArrayVar(&scopes, "scope", nil, "scopes in the place of the registered ones (repeatable)")
		c.Flags().StringVar(&back, "redirect-uri", "", `address to which people are led who sent the form of an $ehi-export; "" takes it away`)
	}
	return c
}

// changeAuthorities grants or revokes. who and name are for the error.
func changeAuthorities(held *[]storage.Authority, verb string, change []storage.Authority, who, name string) error {
	for _, x := range change {
		has := slices.Index(*held, x)
		switch {
		case verb == "grant" && has < 0:
			*held = append(*held, x)
		case verb == "revoke" && has < 0:
			return fmt.Errorf("%s %q does not hold %s itself; it holds %s", who, name, auth.Flag(x), list(*held))
		case verb == "revoke":
			*held = slices.Delete(*held, has, has+1)
		}
	}
	return nil
}

func cmdClientEnable(at *common, verb string) *cobra.Command {
	short := map[string]string{"disable": "Bar a client; its tokens end at once", "enable": "Let a disabled client sign in again"}
	return clientCommand(at, verb, short[verb], func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (string, audit.Note, error) {
		note, err := s.ChangeClient(ctx, by, name, func(c *storage.Client) error {
			c.Disabled = verb == "disable"
			return nil
		})
		return fmt.Sprintf("client %q is %sd", name, verb), note, err
	})
}

func cmdClientRemove(at *common) *cobra.Command {
	return clientCommand(at, "remove", "Remove a client; its tokens end at once", func(ctx context.Context, by auth.Actor, s *auth.Service, name string) (string, audit.Note, error) {
		note, err := s.RemoveClient(ctx, by, name)
		return fmt.Sprintf("removed client %q", name), note, err
	})
}
