package api

import (
	"satchel/audit"
	"satchel/web"
)

// Routes is the JSON administration: sessions, accounts, clients, packages and the audit log.
func Routes() []web.Route {
	return web.Prepared(append(append(accountRoutes(), packageRoutes()...), []web.Route{
		{Method: "GET", Pattern: "api/clients", Action: audit.ClientList, Kind: web.Admin, Summary: "All backend clients", Run: listClients},
		{Method: "POST", Pattern: "api/clients", Action: audit.ClientCreate, Kind: web.Admin, Summary: "Register a backend client", Run: addClient},
		{Method: "GET", Pattern: "api/clients/{name}", Action: audit.ClientList, Kind: web.Admin, Summary: "One backend client", Run: getClient},
		{Method: "PUT", Pattern: "api/clients/{name}", Action: audit.ClientChange, Kind: web.Admin, Summary: "Change a backend client; what is left out stays; its tokens end", Run: updateClient},
		{Method: "DELETE", Pattern: "api/clients/{name}", Action: audit.ClientRemove, Kind: web.Admin, Summary: "Remove a backend client; its tokens end", Run: removeClient},
		{Method: "GET", Pattern: "api/audit", Action: audit.AuditView, Kind: web.Admin, Summary: "Events of the audit log, newest first; as CSV, NDJSON or AuditEvents if Accept asks for them", Run: auditLog},
	}...))
}
