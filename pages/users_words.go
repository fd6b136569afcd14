package pages

import (
	"net/url"
	"slices"
	"strings"

	"satchel/auth"
	"satchel/storage"
)

// preset is a job in a practice, and what its account needs for it.
type preset struct {
	Name  string   // text preset.…
	Holds []string // "PERMISSION" or "PERMISSION:ARGUMENT"
	Group bool     // an export of one group is added, which must be chosen
}

// presets are what an account can begin with.
func presets() []preset {
	front := []string{"ACCESS_ADMIN_WEB", "FHIR_ALL_READ", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT", "SATCHEL_RECORD_REQUESTS"}
	return []preset{
		{Name: "front", Holds: front},
		{Name: "manager", Holds: slices.Concat(front, []string{"SATCHEL_APPROVE_REQUESTS", "VIEW_AUDIT_LOG"})},
		{Name: "reader", Holds: []string{"ACCESS_ADMIN_WEB", "FHIR_ALL_READ"}},
		{Name: "group", Holds: []string{"ACCESS_ADMIN_WEB", "FHIR_ALL_READ"}, Group: true},
		{Name: "it", Holds: []string{"ACCESS_ADMIN_WEB", "ACCESS_ADMIN_JSON", "VIEW_USERS", "CREATE_USER", "UPDATE_USER", "VIEW_AUDIT_LOG", "VIEW_BATCH_JOBS", "MANAGE_BATCH_JOBS"}},
		{Name: "owner", Holds: []string{"ROLE_SUPERUSER"}},
		{Name: "nothing"},
	}
}

// groupExport is the permission that a preset with a group adds.
const groupExport = "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP"

// authorities are what the preset grants; group is the id of the group, for one that takes a group.
func (p preset) authorities(group string) []storage.Authority {
	var all []storage.Authority
	for _, text := range p.Holds {
		all = append(all, authorityOf(text))
	}
	if p.Group {
		all = append(all, storage.Authority{Permission: groupExport, Argument: "Group/" + group})
	}
	return all
}

// authorityOf reads "PERMISSION" or "PERMISSION:ARGUMENT".
func authorityOf(text string) storage.Authority {
	permission, argument, _ := strings.Cut(text, ":")
	return storage.Authority{Permission: permission, Argument: argument}
}

// textOf writes an authority so that authorityOf reads it.
func textOf(a storage.Authority) string { return strings.TrimSuffix(a.Permission+":"+a.Argument, ":") }

// presetOf is the name of the preset that grants exactly this; "" if none does.
func presetOf(all []storage.Authority) string {
	group := ""
	for _, a := range all {
		if a.Permission == groupExport {
			group = strings.TrimPrefix(a.Argument, "Group/")
		}
	}
	for _, p := range presets() {
		want := p.authorities(group)
		if len(want) == len(all) && !slices.ContainsFunc(want, func(a storage.Authority) bool { return !slices.Contains(all, a) }) {
			return p.Name
		}
	}
	return ""
}

// held is an authority in plain words.
type held struct {
	Value    string // as authorityOf reads it
	Name     string // of the permission
	Argument string
	Text     string // what it allows
	On       bool   // of a box: it is checked
}

// ID is for the attribute id of a box: without spaces, and no two are alike.
func (h held) ID() string { return url.QueryEscape(h.Value) }

// heldOf tells authorities in the order of the documentation.
func heldOf(all []storage.Authority) []held {
	var list []held
	for _, p := range auth.Permissions() {
		for _, a := range all {
			if a.Permission == p.Name {
				list = append(list, held{Value: textOf(a), Name: p.Name, Argument: a.Argument, Text: p.Text})
			}
		}
	}
	return list
}

// can says in a few words what authorities amount to: the keys of the texts can.…, which are few and short.
func can(name string, all []storage.Authority) []string {
	p := auth.Principal{Name: name, Authorities: all}
	may := func(do auth.Action) bool { return p.Decide(do) == nil }
	some := func(prefix string) bool {
		return slices.ContainsFunc(all, func(a storage.Authority) bool { return strings.HasPrefix(a.Permission, prefix) })
	}
	if slices.Contains(all, storage.Authority{Permission: "ROLE_SUPERUSER"}) {
		return []string{"everything"}
	}
	var words []string
	first := func(choices ...any) { // the first key whose condition holds: condition, key, …
		for i := 0; i+1 < len(choices); i += 2 {
			if choices[i].(bool) {
				words = append(words, choices[i+1].(string))
				return
			}
		}
	}
	first(may(auth.Action{Verb: auth.VerbSearch}), "read", some("FHIR_READ_"), "read-some")
	first(may(auth.Action{Verb: auth.VerbWrite}), "write", some("FHIR_WRITE_"), "write-some")
	first(may(auth.Action{Verb: auth.VerbDelete}), "delete", some("FHIR_DELETE_"), "delete-some")
	first(may(auth.Action{Verb: auth.VerbExport, Level: "system"}), "export", may(auth.Action{Verb: auth.VerbExport, Level: "patient"}), "export-patients",
		some(groupExport), "export-group", some("FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT"), "export-some")
	first(may(auth.Action{Verb: auth.VerbApprove}), "approve", may(auth.Action{Verb: auth.VerbRequest}), "requests")
	first(may(auth.Action{Verb: auth.VerbUsers}), "accounts", may(auth.Action{Verb: auth.VerbUserAdd}), "accounts-add", may(auth.Action{Verb: auth.VerbUserView}), "accounts-see")
	first(may(auth.Action{Verb: auth.VerbAudit}), "audit")
	first(len(words) == 0 && may(auth.Action{Verb: auth.VerbAdminWeb}), "pages", len(words) == 0, "nothing")
	return words
}
