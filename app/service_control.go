package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/kardianos/service"

	"satchel/config"
)

// ControlService does one verb of `satchel service`.
func ControlService(out io.Writer, cfg *config.Config, verb, account string) error {
	s, unit, err := describeService(cfg, account)
	if err != nil {
		return err
	}
	switch verb {
	case "print":
		fmt.Fprint(out, unit)
		return nil
	case "status":
		return status(out, s)
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
func done(verb string, cfg *config.Config, account string) string {
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
func logHint(cfg *config.Config) string {
	if runtime.GOOS == "windows" {
		return "type " + cfg.LogFile()
	}
	return "journalctl -u " + serviceName
}

// describeService makes the service as the operating system is told about it, and its systemd unit.
func describeService(cfg *config.Config, account string) (service.Service, string, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	// Every path is absolute: a service starts in a folder of the system.
	args := []string{"serve", "--data", cfg.Data, "--config", cfg.File}
	unit := SystemdUnit(path, args, account, serviceFolders(cfg))
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

func status(out io.Writer, s service.Service) error {
	state, err := s.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		return errNotInstalled
	case err != nil:
		return err
	case state != service.StatusRunning:
		return errors.New("the service is stopped; start it with: satchel service start")
	}
	fmt.Fprintln(out, "the service is running")
	return nil
}
