package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"
)

func cmdService(at *common) *cobra.Command {
	account := serviceAccount(runtime.GOOS)
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
			return control(c, cfg, verb.name, account)
		}})
	}
	return c
}

// control does one verb of `satchel service`.
func control(c *cobra.Command, cfg *Config, verb, account string) error {
	s, unit, err := describeService(cfg, account)
	if err != nil {
		return err
	}
	out := c.OutOrStdout()
	switch verb {
	case "print":
		fmt.Fprint(out, unit)
		return nil
	case "status":
		return status(c, s)
	}
	h := thisHost(out)
	if err := h.may(verb); err != nil {
		return err
	}
	if verb == "install" {
		err = h.install(cfg, s, account)
	} else {
		var told string
		if told, err = already(s, verb); told != "" {
			fmt.Fprintln(out, told)
			return nil
		} else if err == nil {
			err = service.Control(s, verb)
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, done(verb, cfg, account))
	return nil
}

// errNotInstalled says what to do first.
var errNotInstalled = errors.New("the service is not installed; install it with: satchel service install")

// already says so if there is nothing to do for a verb; the error is for what cannot be done.
func already(s service.Service, verb string) (told string, err error) {
	state, err := s.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled) && verb == "uninstall":
		return "the service is not installed; nothing to do", nil
	case errors.Is(err, service.ErrNotInstalled):
		return "", errNotInstalled
	case err == nil && verb == "start" && state == service.StatusRunning:
		return "the service runs already", nil
	case err == nil && verb == "stop" && state == service.StatusStopped:
		return "the service is stopped already", nil
	}
	return "", nil // a state that cannot be told must not keep from stopping and removing
}

// done says what a verb did, and what comes next.
func done(verb string, cfg *Config, account string) string {
	switch verb {
	case "install":
		return fmt.Sprintf("installed: it runs as %s on %s and starts with the machine; begin now with: satchel service start", account, cfg.Data)
	case "uninstall":
		return fmt.Sprintf("uninstalled; the data stays in %s", cfg.Data)
	case "start":
		return fmt.Sprintf("started; see: satchel service status, and the log by: %s", logHint(cfg))
	}
	return "stopped"
}

// logHint says where the log of the service is.
func logHint(cfg *Config) string {
	if runtime.GOOS == "windows" {
		return "type " + filepath.Join(cfg.Data, logFolder, "satchel.log")
	}
	return "journalctl -u " + serviceName
}

// describeService makes the service as the operating system is told about it, and its systemd unit.
func describeService(cfg *Config, account string) (service.Service, string, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	// Every path is absolute: a service starts in a folder of the system.
	args := []string{"serve", "--data", cfg.Data, "--config", cfg.File}
	unit := systemdUnit(path, args, account, serviceFolders(cfg))
	s, err := service.New(&program{cfg: cfg}, &service.Config{
		Name:        serviceName,
		DisplayName: "Satchel",
		Description: "Satchel FHIR server",
		Executable:  path,
		Arguments:   args,
		UserName:    account,
		Option: service.KeyValue{
			"SystemdScript":          unit,
			"OnFailure":              "restart",
			"OnFailureDelayDuration": "10s",
			"OnFailureResetPeriod":   86400,
			"DelayedAutoStart":       true,
		},
	})
	return s, unit, err
}

func status(c *cobra.Command, s service.Service) error {
	state, err := s.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		return errNotInstalled
	case err != nil:
		return err
	case state != service.StatusRunning:
		return errors.New("the service is stopped; start it with: satchel service start")
	}
	fmt.Fprintln(c.OutOrStdout(), "the service is running")
	return nil
}
