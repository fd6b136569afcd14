package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"satchel/config"
)

func cmdHealth(at *common) *cobra.Command {
	var address string
	limit := 5 * time.Second
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the running server whether it is ready",
		Long: `Asks the server of this data directory, by its own address, whether it is ready: database writable, exports
possible, disk not full. It is for containers and watchmen without curl. For what is wrong see: satchel doctor.

Exit codes: 0 ready, 1 not ready or not running, 2 wrong usage.`,
		Example: `  satchel health --data /var/lib/satchel`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := at.load(nil)
			if err != nil {
				return err
			}
			if address == "" {
				address = cfg.HTTP.Listen
			}
			ctx, stop := context.WithTimeout(c.Context(), limit)
			defer stop()
			if err := askReady(ctx, cfg, address); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "ready")
			return nil
		},
	}
	c.Flags().StringVar(&address, "address", "", "address and port, if not http.listen")
	c.Flags().DurationVar(&limit, "timeout", limit, "how long to wait for the answer")
	return c
}

// askReady asks a server at an address of this machine for /readyz.
func askReady(ctx context.Context, cfg *config.Config, address string) error {
	url := cfg.Scheme() + "://" + reachable(address) + "/readyz"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return usagef("%q is not an address and port: %w", address, err)
	}
	// Nothing secret is sent and only yes or no is heard: whose certificate it is does not matter here.
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}}
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("no server answers: %w; start it with: satchel serve, or see: satchel service status", errors.Unwrap(err))
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("the server runs but is not ready; its log says why, or run: satchel doctor --quick")
	}
	return nil
}

// reachable is where to ask a server that listens on an address: one that means every address is asked on loopback.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if err == nil && ip.Is6() {
			host = "::1"
		}
	}
	return net.JoinHostPort(host, port)
}
