package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

func account(authorities ...string) storage.Account {
	a := storage.Account{Name: "front"}
	for _, x := range authorities {
		a.Authorities = append(a.Authorities, authority(x))
	}
	return a
}

func export(level string, patients []string, types ...string) auth.Action {
	do := auth.Action{Verb: auth.VerbExport, Level: level, Patients: patients, Types: types}
	if level == "group" {
		do.Group = "a"
	}
	return do
}

// actions are things to do, each by a name that the table of TestMatrix uses.
var actions = map[string]auth.Action{
	"capabilities":        {Verb: auth.VerbCapabilities},
	"read Patient/1":      {Verb: auth.VerbRead, Type: "Patient", ID: "1", Owners: []string{"1"}},
	"read Patient/2":      {Verb: auth.VerbRead, Type: "Patient", ID: "2", Owners: []string{"2"}},
	"read Obs of 1":       {Verb: auth.VerbRead, Type: "Observation", ID: "o1", Owners: []string{"1"}},
	"read Obs of 1 and 2": {Verb: auth.VerbRead, Type: "Observation", ID: "o12", Owners: []string{"1", "2"}},
	"read Obs of 2":       {Verb: auth.VerbRead, Type: "Observation", ID: "o2", Owners: []string{"2"}},
	"read Obs of nobody":  {Verb: auth.VerbRead, Type: "Observation", ID: "o0"},
	"read Encounter of 1": {Verb: auth.VerbRead, Type: "Encounter", ID: "e1", Owners: []string{"1"}},
	"search all":          {Verb: auth.VerbSearch},
	"search Obs":          {Verb: auth.VerbSearch, Type: "Observation"},
	"search Obs of 1":     {Verb: auth.VerbSearch, Type: "Observation", Owners: []string{"1"}},
	"search Obs of 1, 2":  {Verb: auth.VerbSearch, Type: "Observation", Owners: []string{"1", "2"}},
	"write Obs of 1":      {Verb: auth.VerbWrite, Type: "Observation", ID: "o1", Owners: []string{"1"}},
	"create Obs":          {Verb: auth.VerbWrite, Type: "Observation"},
	"move Obs 2 to 1":     {Verb: auth.VerbWrite, Type: "Observation", ID: "o12", Owners: []string{"1", "2"}},
	"delete Obs of 1":     {Verb: auth.VerbDelete, Type: "Observation", ID: "o1", Owners: []string{"1"}},
	"delete Obs of 2":     {Verb: auth.VerbDelete, Type: "Observation", ID: "o2", Owners: []string{"2"}},
	"transaction":         {Verb: auth.VerbTransaction},
	"everything of 1":     {Verb: auth.VerbEverything, Type: "Patient", ID: "1"},
	"package of 1":        {Verb: auth.VerbPackage, Level: "patient", Patients: []string{"1"}},
	"package of all":      {Verb: auth.VerbPackage, Level: "system"},
	"ehi-export of 1":     {Verb: auth.VerbEHIExport, ID: "1"},
	"change accounts":     {Verb: auth.VerbUsers},
	"make accounts":       {Verb: auth.VerbUserAdd},
	"see accounts":        {Verb: auth.VerbUserView},
	"own password":        {Verb: auth.VerbPassword},
	"audit":               {Verb: auth.VerbAudit},
	"see jobs":            {Verb: auth.VerbJobs},
	"cancel jobs":         {Verb: auth.VerbJobCancel},
	"pages":               {Verb: auth.VerbAdminWeb},
	"admin JSON":          {Verb: auth.VerbAdminJSON},
	"requests":            {Verb: auth.VerbRequest},
	"approve":             {Verb: auth.VerbApprove},
}

const (
	allReads   = "read Patient/1|read Patient/2|read Obs of 1|read Obs of 1 and 2|read Obs of 2|read Obs of nobody|read Encounter of 1|search all|search Obs|search Obs of 1|search Obs of 1, 2"
	obsReads   = "read Obs of 1|read Obs of 1 and 2|read Obs of 2|read Obs of nobody|search Obs|search Obs of 1|search Obs of 1, 2"
	obsWrites  = "write Obs of 1|create Obs|move Obs 2 to 1"
	obsDeletes = "delete Obs of 1|delete Obs of 2"
)

// allowed is what each authority alone allows: everything else of actions is denied.
var allowed = map[string]string{
	"ROLE_FHIR_CLIENT":                                         "capabilities",
	"ROLE_FHIR_CLIENT_SUPERUSER_RO":                            "capabilities|everything of 1|package of 1|ehi-export of 1|" + allReads,
	"ROLE_FHIR_CLIENT_SUPERUSER":                               "capabilities|everything of 1|package of 1|ehi-export of 1|transaction|" + allReads + "|" + obsWrites + "|" + obsDeletes,
	"ACCESS_FHIR_ENDPOINT":                                     "",
	"FHIR_CAPABILITIES":                                        "capabilities",
	"FHIR_ALL_READ":                                            allReads,
	"FHIR_READ_ALL_OF_TYPE:Observation":                        obsReads,
	"FHIR_READ_ALL_OF_TYPE:Encounter":                          "read Encounter of 1",
	"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1":                   "read Patient/1|read Obs of 1|read Obs of 1 and 2|read Encounter of 1|search Obs of 1",
	"FHIR_READ_ALL_IN_COMPARTMENT:Patient/9":                   "",
	"FHIR_READ_TYPE_IN_COMPARTMENT:Observation in Patient/1":   "read Obs of 1|read Obs of 1 and 2|search Obs of 1",
	"FHIR_READ_INSTANCE:Patient/1":                             "read Patient/1",
	"FHIR_READ_INSTANCE:Observation/o2":                        "read Obs of 2",
	"FHIR_ALL_WRITE":                                           obsWrites,
	"FHIR_WRITE_ALL_OF_TYPE:Observation":                       obsWrites,
	"FHIR_WRITE_ALL_OF_TYPE:Patient":                           "",
	"FHIR_WRITE_ALL_IN_COMPARTMENT:Patient/1":                  "write Obs of 1",
	"FHIR_WRITE_TYPE_IN_COMPARTMENT:Observation in Patient/1":  "write Obs of 1",
	"FHIR_WRITE_INSTANCE:Observation/o1":                       "write Obs of 1",
	"FHIR_ALL_DELETE":                                          obsDeletes,
	"FHIR_DELETE_ALL_OF_TYPE:Observation":                      obsDeletes,
	"FHIR_DELETE_ALL_IN_COMPARTMENT:Patient/1":                 "delete Obs of 1",
	"FHIR_DELETE_TYPE_IN_COMPARTMENT:Observation in Patient/2": "delete Obs of 2",
	"FHIR_TRANSACTION":                                         "transaction",
	"FHIR_OP_PATIENT_EVERYTHING":                               "",
	"FHIR_OP_BINARY_ACCESS_READ":                               "",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT":                        "ehi-export of 1",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_SYSTEM":                 "",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT":                "ehi-export of 1",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/1":      "ehi-export of 1",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/2":      "",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/a":          "",
	"CREATE_USER":              "make accounts",
	"UPDATE_USER":              "change accounts",
	"VIEW_USERS":               "see accounts",
	"CHANGE_OWN_PASSWORD":      "own password",
	"VIEW_AUDIT_LOG":           "audit",
	"VIEW_BATCH_JOBS":          "see jobs",
	"MANAGE_BATCH_JOBS":        "cancel jobs",
	"ACCESS_ADMIN_JSON":        "admin JSON",
	"ACCESS_ADMIN_WEB":         "pages",
	"SATCHEL_RECORD_REQUESTS":  "requests|ehi-export of 1",
	"SATCHEL_APPROVE_REQUESTS": "approve",
}

// Each authority alone allows exactly what its row says.
func TestMatrix(t *testing.T) {
	cells := 0
	for _, p := range auth.Permissions() {
		if p.Name != "ROLE_SUPERUSER" && !slices.ContainsFunc(keys(allowed), func(k string) bool { return authority(k).Permission == p.Name }) {
			t.Errorf("%s has no row", p.Name)
		}
	}
	for held, row := range allowed {
		may := strings.Split(row, "|")
		for _, m := range may {
			if _, ok := actions[m]; m != "" && !ok {
				t.Fatalf("no action %q", m)
			}
		}
		for name, do := range actions {
			cells++
			err := auth.Decide(account(held), do)
			if want := slices.Contains(may, name); (err == nil) != want {
				t.Errorf("%s: %s: %v", held, name, err)
			}
			if err != nil && code(err) != fhir.CodeForbidden {
				t.Errorf("%s: %s: %v", held, name, err)
			}
			if auth.Decide(account(), do) == nil {
				t.Errorf("an account with nothing may %s", name)
			}
			if err := auth.Decide(account("ROLE_SUPERUSER"), do); err != nil {
				t.Error(err)
			}
			for _, bar := range []storage.Account{{Name: "x", Locked: true}, {Name: "x", Disabled: true}} {
				bar.Authorities = account("ROLE_SUPERUSER").Authorities
				if code(auth.Decide(bar, do)) != fhir.CodeForbidden {
					t.Errorf("a barred account may %s", name)
				}
			}
		}
	}
	if cells < 192 {
		t.Errorf("only %d cells", cells)
	}
}

func keys[V any](m map[string]V) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}

// Who may start which export: the operation's permission against the address, with the right to read everything.
func TestExportMatrix(t *testing.T) {
	kickOffs := map[string]auth.Action{
		"/$export":                   export("system", nil),
		"/Patient/$export":           export("patient", nil),
		"/Patient/1/$export":         export("patient", []string{"1"}),
		"/Patient/2/$export":         export("patient", []string{"2"}),
		"/Patient/$export patient=1": export("patient", []string{"1"}),
		"patient=1,2":                export("patient", []string{"1", "2"}),
		"patient=1,3":                export("patient", []string{"1", "3"}),
		"/Group/a/$export":           export("group", nil),
		"/Group/A/$export":           {Verb: auth.VerbExport, Level: "group", Group: "A"},
		"/Group/a/$export patient=1": {Verb: auth.VerbExport, Level: "group", Group: "a", Patients: []string{"1"}},
		"no patients":                export("patient", []string{}),
		"no level":                   {Verb: auth.VerbExport},
	}
	all := keys(kickOffs)
	const e = "FHIR_OP_INITIATE_BULK_DATA_EXPORT"
	rows := []struct {
		held []string
		may  []string
	}{
		{nil, nil},
		{[]string{e}, all},
		{[]string{"ROLE_FHIR_CLIENT_SUPERUSER_RO"}, all},
		{[]string{"ROLE_FHIR_CLIENT_SUPERUSER"}, all},
		{[]string{"ROLE_SUPERUSER"}, all},
		{[]string{"ROLE_FHIR_CLIENT"}, nil},
		{[]string{e + "_SYSTEM"}, []string{"/$export"}},
		{[]string{e + "_PATIENT"}, []string{"/Patient/$export", "/Patient/1/$export", "/Patient/2/$export", "/Patient/$export patient=1", "patient=1,2", "patient=1,3"}},
		{[]string{e + "_PATIENT:Patient/1"}, []string{"/Patient/1/$export", "/Patient/$export patient=1"}},
		{[]string{e + "_PATIENT:Patient/1", e + "_PATIENT:Patient/2"}, []string{"/Patient/1/$export", "/Patient/$export patient=1", "/Patient/2/$export", "patient=1,2"}},
		{[]string{e + "_GROUP:Group/a"}, []string{"/Group/a/$export", "/Group/a/$export patient=1"}},
		{[]string{e + "_GROUP"}, nil},              // cannot be stored; if it is, it allows nothing
		{[]string{e + "_SYSTEM:Patient/1"}, nil},   // nor this
		{[]string{e + "_GROUP:Group/b"}, nil},      // another group
		{[]string{e + "_PATIENT:Patient/11"}, nil}, // a longer id
		{[]string{e + "_GROUP:Patient/1"}, nil},    // crossed
		{[]string{e + "_SYSTEM", e + "_GROUP:Group/A"}, []string{"/$export", "/Group/A/$export"}},
	}
	for _, row := range rows {
		for name, do := range kickOffs {
			want := slices.Contains(row.may, name)
			err := auth.Decide(account(append([]string{"FHIR_ALL_READ"}, row.held...)...), do)
			if (err == nil) != want {
				t.Errorf("%v: %s: %v", row.held, name, err)
			}
			reads := slices.ContainsFunc(row.held, func(h string) bool { return strings.Contains(h, "SUPERUSER") })
			if err := auth.Decide(account(row.held...), do); err == nil && !reads {
				t.Errorf("%v without a right to read: %s is allowed", row.held, name)
			}
		}
	}
}

// Who may make which package: the operation's permission, and the right to read all of it; for everything that is the audit
// log and the accounts as well. The same holds for the job that makes it.
func TestPackageMatrix(t *testing.T) {
	of := func(patients ...string) auth.Action {
		return auth.Action{Verb: auth.VerbPackage, Level: "patient", Patients: patients}
	}
	packages := map[string]auth.Action{"1": of("1"), "2": of("2"), "1 and 2": of("1", "2"), "all": {Verb: auth.VerbPackage, Level: "system"},
		"nobody": of(), "no level": {Verb: auth.VerbPackage, Patients: []string{"1"}}}
	const (
		op    = "FHIR_OP_INITIATE_BULK_DATA_EXPORT"
		one   = "FHIR_READ_ALL_IN_COMPARTMENT:Patient/1"
		two   = "FHIR_READ_ALL_IN_COMPARTMENT:Patient/2"
		admin = "VIEW_AUDIT_LOG VIEW_USERS"
	)
	for held, may := range map[string]string{
		"":                                      "",
		op:                                      "",
		op + " FHIR_ALL_READ":                   "1|2|1 and 2",
		op + "_PATIENT FHIR_ALL_READ":           "1|2|1 and 2",
		op + "_PATIENT " + one:                  "1",
		op + " " + one + " " + two:              "1|2|1 and 2",
		op + "_PATIENT:Patient/1 FHIR_ALL_READ": "1",
		op + "_PATIENT:Patient/1 " + two:        "",
		op + "_PATIENT:Patient/1 FHIR_READ_ALL_OF_TYPE:Patient FHIR_READ_ALL_OF_TYPE:Observation": "",
		op + "_SYSTEM FHIR_ALL_READ":                 "",
		op + "_SYSTEM FHIR_ALL_READ " + admin:        "all|nobody|no level",
		op + "_SYSTEM FHIR_ALL_READ VIEW_AUDIT_LOG":  "",
		op + "_SYSTEM FHIR_ALL_READ VIEW_USERS":      "",
		op + "_SYSTEM " + admin:                      "",
		op + " FHIR_ALL_READ " + admin:               "1|2|1 and 2|all|nobody|no level",
		op + "_GROUP:Group/a FHIR_ALL_READ " + admin: "",
		"ROLE_FHIR_CLIENT_SUPERUSER_RO":              "1|2|1 and 2",
		"ROLE_FHIR_CLIENT_SUPERUSER_RO " + admin:     "1|2|1 and 2|all|nobody|no level",
		"ROLE_SUPERUSER":                             "1|2|1 and 2|all|nobody|no level",
	} {
		for name, do := range packages {
			job := auth.Action{Verb: auth.VerbJob, Job: &auth.Job{Account: "front", Exclusive: true, Export: do}}
			want := slices.Contains(strings.Split(may, "|"), name)
			for _, do := range []auth.Action{do, job} {
				if err := auth.Decide(account(strings.Fields(held)...), do); (err == nil) != want {
					t.Errorf("%s: %s %s: %v", held, do.Verb, name, err)
				}
			}
			job.Job.Account = "other"
			if err := auth.Decide(account(strings.Fields(held)...), job); code(err) != fhir.CodeNotFound {
				t.Errorf("%s: somebody else's package %s: %v", held, name, err)
			}
		}
	}
}

// What an export holds is what the account may read; an explicitly named type outside it is refused by name.
func TestExportContent(t *testing.T) {
	const op = "FHIR_OP_INITIATE_BULK_DATA_EXPORT"
	types := []string{"Encounter", "Observation", "Organization", "Patient"}
	for _, tt := range []struct {
		held []string
		do   auth.Action
		want string
	}{
		{[]string{"FHIR_ALL_READ"}, export("system", nil), "Encounter Observation Organization Patient"},
		{[]string{"FHIR_READ_ALL_OF_TYPE:Observation"}, export("system", nil), "Observation"},
		{[]string{"FHIR_READ_ALL_OF_TYPE:Organization"}, export("system", nil), "Organization"}, // which is in no compartment
		{[]string{"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1"}, export("system", nil), ""},
		{[]string{"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1"}, export("patient", nil), ""},
		{[]string{"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1"}, export("group", nil), ""},
		{[]string{"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1"}, export("patient", []string{"1"}), "Encounter Observation Patient"},
		{[]string{"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1"}, export("patient", []string{"2"}), ""},
		{[]string{"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1"}, export("patient", []string{"1", "2"}), ""},
		{[]string{"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1", "FHIR_READ_TYPE_IN_COMPARTMENT:Observation in Patient/2"}, export("patient", []string{"1", "2"}), "Observation"},
		{[]string{"FHIR_READ_TYPE_IN_COMPARTMENT:Observation in Patient/1"}, export("patient", []string{"1"}), "Observation"},
		{[]string{"FHIR_READ_INSTANCE:Patient/1"}, export("patient", []string{"1"}), ""},
		{[]string{"ROLE_SUPERUSER"}, export("system", nil), "Encounter Observation Organization Patient"},
		{[]string{"ROLE_FHIR_CLIENT"}, export("system", nil), ""},
	} {
		got := strings.Join(auth.Readable(account(tt.held...), tt.do, types), " ")
		if got != tt.want {
			t.Errorf("%v %+v: %s, want %s", tt.held, tt.do, got, tt.want)
		}
		err := auth.Decide(account(append(tt.held, op)...), tt.do)
		if (err == nil) != (tt.want != "") {
			t.Errorf("%v %+v: %v", tt.held, tt.do, err)
		}
		for _, typ := range types {
			do := tt.do
			do.Types = []string{typ}
			err := auth.Decide(account(append(tt.held, op)...), do)
			if (err == nil) != slices.Contains(strings.Fields(tt.want), typ) {
				t.Errorf("%v type %s: %v", tt.held, typ, err)
			}
			if err != nil && !strings.Contains(err.Error(), "FHIR_READ_ALL_OF_TYPE for "+typ) {
				t.Errorf("the refusal does not name type and permission: %v", err)
			}
		}
	}
}

// A refusal says what is missing and how to grant it.
func TestRefusalText(t *testing.T) {
	err := auth.Decide(account("FHIR_ALL_READ"), export("patient", []string{"123"}))
	want := `account "front" lacks the permission FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT for Patient/123; ` +
		`an administrator can grant it with: satchel user grant front --permission FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/123`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	// Every refusal names a permission that can be granted as it stands there, and then it is no longer missing.
	for name, do := range actions {
		a := account()
		for range 5 {
			err := auth.Decide(a, do)
			if err == nil {
				break
			}
			_, flag, ok := strings.Cut(err.Error(), "--permission ")
			x := authority(strings.Trim(flag, `"`))
			if err := auth.CheckAuthority(x); !ok || err != nil || slices.Contains(a.Authorities, x) {
				t.Fatalf("%s: %v: %v", name, flag, err)
			}
			a.Authorities = append(a.Authorities, x)
		}
		if err := auth.Decide(a, do); err != nil {
			t.Errorf("%s: after granting what was said: %v", name, err)
		}
	}
}

// Whose job it is, whether jobs are exclusive and what the account still may decide over a job.
func TestJobs(t *testing.T) {
	const op = "FHIR_OP_INITIATE_BULK_DATA_EXPORT"
	job := func(owner string, exclusive bool, e auth.Action) auth.Action {
		return auth.Action{Verb: auth.VerbJob, Job: &auth.Job{Account: owner, Exclusive: exclusive, Export: e}}
	}
	system, typed := export("system", nil), export("system", nil, "Observation")
	for _, tt := range []struct {
		held string
		do   auth.Action
		want fhir.Code
	}{
		{op + " FHIR_ALL_READ", job("front", true, system), ""},
		{op + " FHIR_ALL_READ", job("front", false, system), ""},
		{op + " FHIR_ALL_READ", job("other", true, system), fhir.CodeNotFound},
		{op + " FHIR_ALL_READ", job("other", false, system), ""},
		{op + "_PATIENT FHIR_ALL_READ", job("other", false, system), fhir.CodeForbidden},
		{op + "_PATIENT FHIR_ALL_READ", job("front", true, system), fhir.CodeForbidden}, // lost the permission since
		{op, job("front", true, system), fhir.CodeForbidden},                            // lost the right to read
		{op + " FHIR_READ_ALL_OF_TYPE:Observation", job("front", true, system), fhir.CodeForbidden},
		{op + " FHIR_READ_ALL_OF_TYPE:Observation", job("front", true, typed), ""},
		{op + " FHIR_READ_ALL_OF_TYPE:Encounter", job("front", true, typed), fhir.CodeForbidden},
		{"ROLE_SUPERUSER", job("other", true, system), fhir.CodeNotFound},
		{"ROLE_SUPERUSER", job("other", false, system), ""},
		{"MANAGE_BATCH_JOBS VIEW_BATCH_JOBS", job("other", true, system), fhir.CodeNotFound},
		{"ROLE_SUPERUSER", auth.Action{Verb: auth.VerbJob}, fhir.CodeNotFound},
	} {
		if got := code(auth.Decide(account(strings.Fields(tt.held)...), tt.do)); got != tt.want {
			t.Errorf("%s: %+v: %q, want %q", tt.held, tt.do.Job, got, tt.want)
		}
	}
	if code(auth.Decide(account("ROLE_SUPERUSER"), auth.Action{Verb: "unheard-of"})) != fhir.CodeForbidden {
		t.Error("an unknown verb is allowed")
	}
}

// Authorities only add up: a set meets exactly the needs that one of its members meets, so it allows no more than its
// members together, and adding one never takes anything away.
func TestAuthoritiesAddUp(t *testing.T) {
	var names []string
	for name := range allowed {
		names = append(names, name)
	}
	names = append(names, "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/1", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/2",
		"FHIR_READ_ALL_IN_COMPARTMENT:Patient/2", "FHIR_WRITE_ALL_IN_COMPARTMENT:Patient/2", "ROLE_SUPERUSER")
	slices.Sort(names)
	id := rapid.SampledFrom([]string{"1", "2", "a", "A"})
	ids := rapid.SliceOfNDistinct(id, 0, 2, rapid.ID)
	typ := rapid.SampledFrom([]string{"Patient", "Observation", "Encounter", "Organization"})
	verbs := rapid.SampledFrom([]auth.Verb{auth.VerbRead, auth.VerbSearch, auth.VerbWrite, auth.VerbDelete, auth.VerbEverything,
		auth.VerbTransaction, auth.VerbExport, auth.VerbPackage, auth.VerbUsers, auth.VerbCapabilities})
	rapid.Check(t, func(t *rapid.T) {
		held := rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, "held")
		do := auth.Action{
			Verb: verbs.Draw(t, "verb"), Type: typ.Draw(t, "type"), ID: id.Draw(t, "id"), Owners: ids.Draw(t, "owners"),
			Level: rapid.SampledFrom([]string{"system", "patient", "group"}).Draw(t, "level"), Group: id.Draw(t, "group"),
			Patients: ids.Draw(t, "patients"), Types: rapid.SliceOfNDistinct(typ, 1, 3, rapid.ID).Draw(t, "types"),
		}
		for i, need := range auth.Needs(do) {
			together := need(account(held...))
			alone := slices.ContainsFunc(held, func(h string) bool { return need(account(h)) })
			if together != alone {
				t.Fatalf("need %d of %+v: together %v, one alone %v", i, do, together, alone)
			}
		}
		if auth.Decide(account(held...), do) == nil {
			for _, more := range names {
				if err := auth.Decide(account(append([]string{more}, held...)...), do); err != nil {
					t.Fatalf("with %s in addition: %v", more, err)
				}
			}
		}
		all := fmt.Sprint(auth.Readable(account(held...), do, fhir.Types()))
		for _, h := range held {
			for _, one := range auth.Readable(account(h), do, []string{"Patient", "Observation"}) {
				if !strings.Contains(all, one) {
					t.Fatalf("%s may read %s, but not together with others", h, one)
				}
			}
		}
	})
}
