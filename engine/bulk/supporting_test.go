package bulk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/storage"
)

// supported is a practice with what resources of p1 and p2 point to, and what they do not.
func supported(t *testing.T) *storage.Store {
	s := practice(t)
	put(t, s, `{"resourceType":"Practitioner","id":"doc"}`, `{"resourceType":"Practitioner","id":"stranger"}`, `{"resourceType":"Organization","id":"owner"}`,
		`{"resourceType":"PractitionerRole","id":"role","practitioner":{"reference":"Practitioner/doc"},"organization":{"reference":"Organization/owner"}}`,
		`{"resourceType":"Location","id":"room"}`, `{"resourceType":"Device","id":"scale"}`, `{"resourceType":"Device","id":"of-p2","patient":{"reference":"Patient/p2"}}`,
		`{"resourceType":"Observation","id":"weighed","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"performer":[{"reference":"PractitionerRole/role"}],"device":{"reference":"Device/scale"}}`,
		`{"resourceType":"Encounter","id":"seen","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p1"},"location":[{"location":{"reference":"Location/room"}},{"location":{"reference":"Location/gone"}}]}`,
		`{"resourceType":"DeviceUseStatement","id":"planted","status":"active","subject":{"reference":"Patient/p1"},"device":{"reference":"Device/of-p2"}}`)
	return s
}

// Exports of patients hold what their resources point to and what that points to, but nothing of another patient.
func TestSupportingResources(t *testing.T) {
	t.Parallel()
	e := New(supported(t), Options{})
	all := SupportingTypes()
	for _, c := range []struct {
		name    string
		request Request
		want    string
	}{
		{"one patient", Request{Level: LevelPatient, Patients: []string{"p1"}, Supporting: all}, "Device/scale Location/room Organization/owner Practitioner/doc PractitionerRole/role"},
		{"all patients", Request{Level: LevelPatient, Supporting: all}, "Device/of-p2 Device/scale Location/room Organization/owner Practitioner/doc PractitionerRole/role"},
		{"switched off", Request{Level: LevelPatient, Patients: []string{"p1"}}, ""},
		{"by type", Request{Level: LevelPatient, Patients: []string{"p1"}, Types: []string{"Patient", "Location"}, Supporting: []string{"Location"}}, "Location/room"},
		{"without the types that point there", Request{Level: LevelPatient, Patients: []string{"p1"}, Types: []string{"Device"}, Supporting: []string{"Device"}}, "Device/scale"},
		{"nothing new", Request{Level: LevelPatient, Patients: []string{"p1"}, Since: time.Now().Add(time.Hour), Supporting: all}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, keys := export(t, e, c.request)
			var got []string
			for _, key := range keys {
				if typ, _, _ := strings.Cut(key, "/"); slices.Contains(all, typ) {
					got = append(got, key)
				}
			}
			if missing := slices.Contains(keys, "!"); missing != strings.Contains(c.want, "Location/room") {
				t.Errorf("says that Location/gone is not there: %t", missing)
			}
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
