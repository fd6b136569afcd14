package pages

import (
	"satchel/audit"
	"satchel/auth"
	"satchel/exports"
	"satchel/storage"
)

func todayRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "", Kind: Public, Action: audit.NoEvent, Needs: needs(auth.VerbAdminWeb), Summary: "What is to be done today", Run: showToday, Nav: "nav.today"},
		{Method: "GET", Pattern: "today/jobs", Kind: Staff, Action: audit.NoEvent, Quiet: true, Needs: nothingElse, Summary: "For scripts: the jobs of today's page", Run: showTodayJobs},
	}
}

// cards are the boxes of today's page, in their order. A func answers the data of the part "card-NAME" that shows it, and
// false if whoever is signed in has nothing to see there. It must be quick: it reads a few rows and never the whole store.
var cards = []struct {
	name string
	data func(*Request) (data any, show bool, err error)
}{
	{"notices", noticesCard},
	{"requests", requestsCard},
	{"unassigned", unassignedCard},
	{"jobs", jobsCard},
	{"backup", backupCard},
}

// card is a box that is shown.
type card struct {
	Name string
	Data any
}

// showToday answers the first page: today's for staff; the own account for others; the sign-in, or the first run, for who
// is not signed in.
func showToday(v *Request) error {
	switch {
	case !v.SignedIn() && v.firstRun():
		return v.Redirect(setupPath)
	case !v.SignedIn():
		return v.Redirect(signInPath)
	case v.Session.Must != auth.MustNothing:
		return v.Redirect(dutyPath(v.Session.Must))
	case !v.May(auth.Action{Verb: auth.VerbAdminWeb}):
		return v.Redirect(accountPath)
	}
	var shown []card
	for _, c := range cards {
		data, show, err := c.data(v)
		if err != nil {
			return err
		}
		if show {
			shown = append(shown, card{c.name, data})
		}
	}
	return v.Render("today", map[string]any{"Cards": shown})
}

// noticesCard tells what is to be put right. Who does not administer accounts learns only that there is something.
func noticesCard(v *Request) (any, bool, error) {
	all := v.Installation.Notices(v.Context())
	problems := 0
	for _, n := range all {
		if n.Problem {
			problems++
		}
	}
	details := v.May(auth.Action{Verb: auth.VerbUsers})
	return map[string]any{"All": all, "Problems": problems, "Details": details}, details && len(all) > 0 || problems > 0, nil
}

// runningJob is a job as the card shows it.
type runningJob struct {
	storage.Job
	Percent int    // -1: not known
	Path    string // of its page; "" if who looks may not open it
}

// jobsMost is how many jobs the card shows.
const jobsMost = 5

// jobsCard shows jobs that wait or run: all of them to who may see all, and to others their own.
func jobsCard(v *Request) (any, bool, error) {
	list, note, err := v.Exports.Jobs(v.Context(), v.Actor(0), exports.Both)
	if v.Did(note, err); err != nil {
		return nil, false, err
	}
	var running []runningJob
	failed := 0
	for _, j := range list.Jobs {
		switch j.State {
		case storage.Queued, storage.Running:
			row := runningJob{Job: j.Job, Percent: percent(j.Job)}
			if j.May {
				row.Path = jobPath(j.Job)
			}
			running = append(running, row)
		case storage.Failed:
			failed++
		}
	}
	more := max(0, len(running)-jobsMost)
	return map[string]any{"Running": running[:len(running)-more], "More": more, "Failed": failed, "Everybody": list.All}, true, nil
}

// percent is how far a job is.
func percent(j storage.Job) int {
	if j.Total <= 0 {
		return -1
	}
	return int(min(100, j.Done*100/j.Total))
}

// showTodayJobs is the card of jobs alone.
func showTodayJobs(v *Request) error {
	data, _, err := jobsCard(v)
	if err != nil {
		return err
	}
	return v.Fragment("today", "card-jobs-list", data, len(data.(map[string]any)["Running"].([]runningJob)) > 0)
}

// backupCard tells of the last backup to who administers accounts.
func backupCard(v *Request) (any, bool, error) {
	return v.Installation.Backup(), v.May(auth.Action{Verb: auth.VerbUsers}), nil
}
