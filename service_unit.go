package main

import (
	"fmt"
	"strings"
)

// systemdUnit is the unit of the service, hardened: the process sees its data directory and the program, may write to
// the former only, and has no privileges but a port below 1024.
func systemdUnit(program string, args []string, user string, writable []string) string {
	command := make([]string, 0, 1+len(args))
	for _, a := range append([]string{program}, args...) {
		command = append(command, unitQuote(a))
	}
	paths := make([]string, len(writable))
	for i, p := range writable {
		paths[i] = unitQuote(p)
	}
	return fmt.Sprintf(unitText, strings.Join(command, " "), user, strings.Join(paths, " "))
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
TimeoutStopSec=30
ReadWritePaths=%s
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
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE
UMask=0077

[Install]
WantedBy=multi-user.target
`
