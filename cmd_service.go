package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/kardianos/service"
	"github.com/spf13/cobra"
)

func cmdService(at *common) *cobra.Command {
	account := "satchel"
	if runtime.GOOS == "windows" {
		account = `NT AUTHORITY\LocalService`
	}
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
	case "install":
		if err := handOver(cfg, account); err != nil {
			return err
		}
	}
	if err := service.Control(s, verb); err != nil {
		return fmt.Errorf("%w; run it as administrator (root)", err)
	}
	fmt.Fprintf(out, "%s done; data directory %s, account %s\n", verb, cfg.Data, account)
	return nil
}

// describeService makes the service as the operating system is told about it, and its systemd unit.
func describeService(cfg *Config, account string) (service.Service, string, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	// Every path is absolute: a service starts in a folder of the system.
	args := []string{"serve", "--data", cfg.Data, "--config", cfg.File}
	unit := systemdUnit(path, args, account, []string{cfg.Data, cfg.BulkExport.Folder})
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
		return errors.New("the service is not installed; install it with: satchel service install")
	case err != nil:
		return err
	case state != service.StatusRunning:
		return errors.New("the service is stopped; start it with: satchel service start")
	}
	fmt.Fprintln(c.OutOrStdout(), "the service is running")
	return nil
}

// handOver gives the data directory to the account that the service runs as.
func handOver(cfg *Config, account string) error {
	if _, err := os.Stat(cfg.database()); err != nil {
		return fmt.Errorf("there is no Satchel in %q; make one first with: satchel init --data %s", cfg.Data, cfg.Data)
	}
	if runtime.GOOS == "windows" {
		for _, dir := range []string{cfg.Data, cfg.BulkExport.Folder} {
			out, err := exec.Command("icacls", dir, "/grant", account+":(OI)(CI)M", "/T", "/Q").CombinedOutput()
			if err != nil {
				return fmt.Errorf("give %q to %s: %s", dir, account, strings.TrimSpace(string(out)))
			}
		}
		return nil
	}
	u, err := user.Lookup(account)
	if err != nil {
		return fmt.Errorf("there is no account %q on this machine; make it with: useradd --system --shell /usr/sbin/nologin %s", account, account)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, dir := range []string{cfg.Data, cfg.BulkExport.Folder} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, uid, gid)
		})
		if err != nil {
			return fmt.Errorf("give %q to %s: %w", dir, account, err)
		}
	}
	return nil
}
