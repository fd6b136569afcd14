package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"satchel/app"
)

func cmdServe(at *common) *cobra.Command {
	var listen, publicURL, level string
	var insecure bool
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server until it is interrupted",
		Long: `Runs the server, prints its address, and stops in good order on Ctrl-C or SIGTERM. Exports that have not ended by
then continue at the next start.

Exit codes: 0 stopped on request, 1 failed, 2 wrong usage.`,
		Example: `  satchel serve
  satchel serve --data /var/lib/satchel --listen 127.0.0.1:9090`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			flags := map[string]string{}
			for key, text := range map[string]string{"http.listen": listen, "http.public_url": publicURL, "log.level": level} {
				if text != "" {
					flags[key] = text
				}
			}
			if insecure {
				flags["http.insecure_http"] = "true"
			}
			cfg, err := at.load(flags)
			if err != nil {
				return err
			}
			if app.UnderServiceManager() {
				return app.RunService(c.Context(), cfg)
			}
			return app.Run(c.Context(), cfg, nil, func(addr string) {
				base := cfg.Scheme() + "://" + addr
				fmt.Fprintf(c.OutOrStdout(), "serving %s on %s (FHIR base %s/fhir); stop with Ctrl-C\n", cfg.Data, base, base)
				if url := app.SetupURL(cfg, addr); url != "" {
					fmt.Fprintf(c.OutOrStdout(), "there is no account yet; make the first one in a browser on this machine: %s\n", url)
				}
			})
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "address and port, such as 127.0.0.1:8080")
	c.Flags().StringVar(&publicURL, "public-url", "", "URL under which clients see the server")
	c.Flags().BoolVar(&insecure, "insecure-http", false, "allow plain HTTP on an address that other machines can reach")
	c.Flags().StringVar(&level, "log-level", "", "debug, info, warn or error")
	return c
}
