package app

import (
	"fmt"
	"strings"
)

// SystemdUnit is the unit of the service, hardened: the process sees its data directory and the program, may write to
// the former only, and has no privileges but a port below 1024.
func SystemdUnit(program string, args []string, user string, writable []string) string {
	command := make([]string, 0, 1+len(args))
	for _, a := range append([]string{program}, args...) {
		command = append(command, unitQuote(a))
	}
	var folders strings.Builder
	for _, p := range writable {
		if name, ok := strings.CutPrefix(p, "/var/lib/"); ok && !strings.ContainsAny(name, " :\\\"'%$") {
			fmt.Fprintf(&folders, "StateDirectory=%s\n", name) // systemd makes it and gives it to the user
			continue
		}
		// The minus: a disk that is not mounted must not keep the service from starting.
		fmt.Fprintf(&folders, "ReadWritePaths=%s\n", unitQuote("-"+p))
	}
	return fmt.Sprintf(unitText, strings.Join(command, " "), user, folders.String())
}

// unitQuote writes an argument so that systemd reads it back unchanged.
func unitQuote(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, `%`, `%%`, `$`, `$$`).Replace(s)
	if strings.ContainsAny(s, " \t;'\"") || s == "" {
		return `"` + s + `"`
	}
	return s
}

const unitText = `[Unit]
Description=Satchel FHIR server
Documentation=man:satchel(1)
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
Type=notify
ExecStart=%s
User=%s
Restart=on-failure
RestartSec=5
TimeoutStartSec=10min
TimeoutStopSec=30
WatchdogSec=60
%sStateDirectoryMode=0700
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
NoNewPrivileges=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
DevicePolicy=closed
LimitNOFILE=65536
UMask=0077

[Install]
WantedBy=multi-user.target
`
