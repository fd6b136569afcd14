package bulk

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"satchel/fhir"
	"satchel/internal/fault"
)

// Members resolves a group to the ids of its patients, nested groups included, inactive and expired members left out.
// Not-found if there is no such group.
func (e *Exporter) Members(ctx context.Context, group string) ([]string, error) {
	m, err := e.members(ctx, group, time.Time{})
	return m.patients, err
}

// membership is what a group resolves to.
type membership struct {
	group    fhir.Resource
	patients []string // ids, sorted
	nobody   []string // members that count and lead to no patient: "Group/g: member[3]", and why. They name nobody themselves
	defined  bool     // the group only defines who would be in it, and lists nobody (R4 Group.actual is false)
}

// members resolves a group as it stood at a time; the zero time is now. Nested groups that do not exist have no members. A group
// that contains itself does no harm.
func (e *Exporter) members(ctx context.Context, id string, at time.Time) (m membership, err error) {
	if m.group, err = e.groupAt(ctx, id, at); err != nil {
		return m, err
	}
	now := at
	if now.IsZero() {
		now = e.store.Now()
	}
	patients, seen := map[string]string{}, map[string]bool{id: true}
	for queue := []fhir.Resource{m.group}; len(queue) > 0; queue = queue[1:] {
		nested, err := m.collect(queue[0], now, e.store.Bases(), patients)
		if err != nil {
			return m, err
		}
		for _, to := range nested {
			if seen[to.id] {
				continue
			}
			seen[to.id] = true
			g, err := e.groupAt(ctx, to.id, at)
			if fault.Missing(err) {
				m.nobody = append(m.nobody, to.where+" names a Group that is not there")
				continue
			}
			if err != nil {
				return m, err
			}
			queue = append(queue, g)
		}
	}
	m.patients = slices.AppendSeq([]string{}, maps.Keys(patients)) // never nil: that would be everybody
	slices.Sort(m.patients)
	return m, e.absent(ctx, &m, patients)
}

// absent tells of members that name patients who never were in the store. where has who names each.
func (e *Exporter) absent(ctx context.Context, m *membership, where map[string]string) error {
	rids, err := e.store.RIDs(ctx, "Patient", m.patients)
	if err != nil || len(rids) == len(m.patients) {
		return err
	}
	for _, id := range m.patients {
		rids, err := e.store.RIDs(ctx, "Patient", []string{id})
		if err != nil {
			return err
		}
		if len(rids) == 0 {
			m.nobody = append(m.nobody, where[id]+" names a Patient that is not there")
		}
	}
	return nil
}

// nestedGroup is a group that another one names, and where.
type nestedGroup struct{ id, where string }

// collect adds a group's own patients, with where they are named, and returns the groups in it.
func (m *membership) collect(r fhir.Resource, now time.Time, own fhir.Bases, patients map[string]string) (nested []nestedGroup, err error) {
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return nil, fmt.Errorf("read members of %s: %w", r.Key(), err)
	}
	all := d.Members()
	if r.ID == m.group.ID {
		m.defined = len(all) == 0 && d.Definition()
	}
	for i, member := range all {
		if !Current(member, now) {
			continue
		}
		where := fmt.Sprintf("%s: member[%d]", r.Key(), i)
		switch r := fhir.ParseReference(member.Reference); {
		case member.Reference == "":
			m.nobody = append(m.nobody, where+" is named without a reference; let it name the Patient by its id")
		case !own.Owns(r):
			m.nobody = append(m.nobody, where+" names nobody of this server; let it name the Patient by its id")
		case r.Type == "Patient":
			if _, have := patients[r.ID]; !have {
				patients[r.ID] = where
			}
		case r.Type == "Group":
			nested = append(nested, nestedGroup{r.ID, where})
		case !slices.Contains(otherMembers, r.Type):
			m.nobody = append(m.nobody, fmt.Sprintf("%s names a %s, which is no member that FHIR knows; let it name the Patient", where, r.Type))
		}
	}
	return nested, nil
}

// otherMembers are what may be a member of a group (R4 Group.member.entity) and is no patient.
var otherMembers = []string{"Device", "Medication", "Practitioner", "PractitionerRole", "Substance"}

// strangers tells of the members of an exported group that lead to no patient.
func (w *writing) strangers(p plan) error {
	for i, text := range p.nobody {
		text += "; nothing of it is in this export"
		if i == mostDangling {
			text = fmt.Sprintf("%d more members lead to no patient", len(p.nobody)-i)
		}
		if err := w.out.issue(fhir.Issue{Severity: fhir.SeverityWarning, Code: fhir.CodeNotFound, Diagnostics: text}); err != nil || i == mostDangling {
			return err
		}
	}
	return nil
}

// Current reports whether a member counts at a time: it is not inactive, and its period, if it has one, holds the time.
func Current(m fhir.Member, at time.Time) bool { return !m.Inactive && within(m.Start, m.End, at) }

// groupAt is the version of a group that was current at a time; the zero time is now.
func (e *Exporter) groupAt(ctx context.Context, id string, at time.Time) (fhir.Resource, error) {
	r, err := e.store.Resource(ctx, "Group", id)
	for err == nil && !at.IsZero() && r.Updated.After(at) {
		if r.Version == 1 {
			return fhir.Resource{}, fhir.Errorf(fhir.CodeNotFound, "there is no Group/%s", id)
		}
		r, err = e.store.Version(ctx, "Group", id, r.Version-1)
	}
	if err == nil && r.Deleted {
		return fhir.Resource{}, fhir.Errorf(fhir.CodeDeleted, "Group/%s was deleted", id)
	}
	return r, err
}

// within reports whether now lies in a FHIR Period. Its ends may be days, months or years and are then meant
// inclusively, in UTC; an end that is absent or unreadable sets no bound.
func within(start, end string, now time.Time) bool {
	if from, _, ok := span(start); ok && now.Before(from) {
		return false
	}
	if _, to, ok := span(end); ok && !now.Before(to) {
		return false
	}
	return true
}

// span is the time that a FHIR dateTime covers: from its first instant to the first one after it.
func span(text string) (from, to time.Time, ok bool) {
	if t, err := fhir.ParseInstant(text); err == nil {
		return t, t.Add(time.Millisecond), true
	}
	for layout, step := range map[string][3]int{"2006": {1, 0, 0}, "2006-01": {0, 1, 0}, "2006-01-02": {0, 0, 1}} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, t.AddDate(step[0], step[1], step[2]), true
		}
	}
	return time.Time{}, time.Time{}, false
}
