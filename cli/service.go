package cli

import (
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"satchel/app"
)

func cmdService(at *common) *cobra.Command {
	account := app.ServiceAccount(runtime.GOOS)
	c := &cobra.Command{
		Use:   "service",
		Short: "Install, start and stop Satchel as a Windows service or systemd unit",
		Long: fmt.Sprintf(`Runs Satchel as a Windows service or a systemd unit. --data is %s unless given.
Make the data directory first: satchel init --data DIR. Uninstalling keeps the data.

Exit codes: 0 done, 1 failed (status: not running), 2 wrong usage.`, defaultServiceData()),
		Example: `  satchel service install
  satchel service start
  satchel service print      the systemd unit, for those who keep units themselves`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&account, "account", account, "account of the operating system that the service runs as")
	for _, verb := range []struct{ name, short string }{
		{"install", "Install the service, to start with the machine"},
		{"uninstall", "Remove the service; the data stays"},
		{"start", "Start the service"},
		{"stop", "Stop the service and wait"},
		{"status", "Say whether the service runs"},
		{"print", "Print the systemd unit"},
	} {
		c.AddCommand(&cobra.Command{Use: verb.name, Short: verb.short, Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("data") {
				at.data = defaultServiceData()
			}
			cfg, err := at.load(nil)
			if err != nil {
				return err
			}
			return app.ControlService(c.OutOrStdout(), cfg, verb.name, account)
		}})
	}
	return c
}

// defaultServiceData is where a service keeps its data.
func defaultServiceData() string {
	if runtime.GOOS == "windows" {
		return os.ExpandEnv(`${ProgramData}\Satchel`)
	}
	return "/var/lib/satchel"
}
