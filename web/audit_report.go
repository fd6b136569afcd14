package web

// auditParams are the parameters of /api/audit.
var auditParams = []string{"since", "until", "who", "kind", "from", "action", "target", "patient", "outcome", "status", "detail", "request", "_sort"}
