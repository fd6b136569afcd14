package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/kardianos/service"

	"satchel/config"
	"satchel/datadir"
)

// host is the operating system as installing a service needs it; tests put another one in its place.
type host struct {
	system   string // as runtime.GOOS
	elevated func() bool
	lookup   func(account string) (uid, gid int, err error) // user.UnknownUserError if there is none
	command  func(name string, args ...string) error        // the error says what the command said
	chown    func(path string, uid, gid int) error
	out      io.Writer // for what is done
}

// thisHost is the machine itself.
func thisHost(out io.Writer) *host {
	return &host{
		system: runtime.GOOS, out: out, chown: os.Lchown,
		elevated: func() bool {
			if runtime.GOOS != "windows" {
				return os.Geteuid() == 0
			}
			f, err := os.Open(`\\.\PHYSICALDRIVE0`) // only administrators may
			if err == nil {
				f.Close()
			}
			return err == nil
		},
		lookup: func(account string) (int, int, error) {
			u, err := user.Lookup(account)
			if err != nil {
				return 0, 0, err
			}
			uid, err1 := strconv.Atoi(u.Uid)
			gid, err2 := strconv.Atoi(u.Gid)
			return uid, gid, errors.Join(err1, err2)
		},
		command: func(name string, args ...string) error {
			out, err := exec.Command(name, args...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
			}
			return nil
		},
	}
}

// ServiceAccount is the account that a service runs as unless told otherwise: one that is for it alone and can do
// nothing else.
func ServiceAccount(system string) string {
	if system == "windows" {
		return `NT SERVICE\` + serviceName // a virtual account, which Windows makes with the service
	}
	return serviceName
}

// may refuses what only an administrator can do, before anything is changed.
func (h *host) may(verb string) error {
	if h.elevated() {
		return nil
	}
	if h.system == "windows" {
		return fmt.Errorf("to %s the service, open a console by \"Run as administrator\" and say it again", verb)
	}
	return fmt.Errorf("to %s the service, be root: sudo satchel service %s", verb, verb)
}

// install makes the account, tells the service manager, and gives the data to the account. A service that is there
// already stays as it is, but gets its folders again: so the installer of a newer version can say the same.
func (h *host) install(cfg *config.Config, s service.Service, account string) error {
	if err := h.may("install"); err != nil {
		return err
	}
	if _, err := os.Stat(cfg.Database()); err != nil {
		return datadir.Missing(cfg)
	}
	there := installed(s)
	if there {
		fmt.Fprintln(h.out, "the service is installed already; to change how: satchel service uninstall, which keeps the data, and install again")
	}
	if h.system == "windows" {
		// The virtual account exists only once the service does.
		if !there {
			if err := s.Install(); err != nil {
				return err
			}
		}
		return h.grant(cfg, account)
	}
	uid, gid, err := h.account(account)
	if err != nil {
		return err
	}
	for _, dir := range serviceFolders(cfg) {
		if err := h.handOver(dir, uid, gid); err != nil {
			return fmt.Errorf("give %q to %s: %w", dir, account, err)
		}
		fmt.Fprintf(h.out, "%s belongs to %s\n", dir, account)
	}
	if there { // a package brings the unit and leaves it to people whether it starts with the machine
		return h.command("systemctl", "enable", serviceName)
	}
	return s.Install()
}

// installed reports whether the service manager knows the service, in whatever state.
func installed(s service.Service) bool {
	_, err := s.Status()
	return !errors.Is(err, service.ErrNotInstalled)
}

// account finds the account or makes it: without a password, a shell and a home.
func (h *host) account(name string) (uid, gid int, err error) {
	uid, gid, err = h.lookup(name)
	if unknown := user.UnknownUserError(""); !errors.As(err, &unknown) {
		return uid, gid, err
	}
	err = h.command("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name)
	if err != nil {
		return 0, 0, fmt.Errorf("make the account %q: %w; make it yourself and say it again", name, err)
	}
	fmt.Fprintf(h.out, "made the account %s, which nobody can sign in to\n", name)
	return h.lookup(name)
}

// serviceFolders are the folders that the service writes to. Those that are not there yet and not its own are left out.
func serviceFolders(cfg *config.Config) []string {
	dirs := []string{cfg.Data}
	for _, d := range []string{cfg.BulkExport.Folder, cfg.Backup.Folder} {
		rel, err := filepath.Rel(cfg.Data, d)
		if d == "" || err == nil && filepath.IsLocal(rel) {
			continue // none, or inside
		}
		dirs = append(dirs, d)
	}
	return dirs
}

// handOver gives a folder and everything in it to an account.
func (h *host) handOver(dir string, uid, gid int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return h.chown(path, uid, gid)
	})
}

// grant lets the account of a Windows service, the system and administrators use the folders, and nobody else: what the
// folder would inherit is taken away. The groups are named by their numbers, since their names are translated.
func (h *host) grant(cfg *config.Config, account string) error {
	for _, dir := range serviceFolders(cfg) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		err := h.command("icacls", dir, "/inheritance:r", "/grant:r", account+":(OI)(CI)M", "*S-1-5-18:(OI)(CI)F", "*S-1-5-32-544:(OI)(CI)F", "/Q")
		if err == nil { // what lies in it takes over the new rights
			err = h.command("icacls", filepath.Join(dir, "*"), "/reset", "/T", "/C", "/Q")
		}
		if err != nil {
			return fmt.Errorf("give %q to %s: %w", dir, account, err)
		}
		fmt.Fprintf(h.out, "%s is for %s and administrators alone\n", dir, account)
	}
	return nil
}
