package bulk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"satchel/fhir"
	"satchel/internal/fault"
)

// Members resolves a group to the ids of its patients, nested groups included, inactive and expired members left out.
// Not-found if there is no such group.
func (e *Exporter) Members(ctx context.Context, group string) ([]string, error) {
	_, members, err := e.members(ctx, group, time.Time{})
	return members, err
}

// members returns a group and the ids of its patients, sorted, as they stood at a time; the zero time is now.
// Nested groups that do not exist have no members. A group that contains itself does no harm.
func (e *Exporter) members(ctx context.Context, id string, at time.Time) (fhir.Resource, []string, error) {
	top, err := e.groupAt(ctx, id, at)
	if err != nil {
		return fhir.Resource{}, nil, err
	}
	now := at
	if now.IsZero() {
		now = e.store.Now()
	}
	patients, seen := map[string]bool{}, map[string]bool{id: true}
	for queue := []fhir.Resource{top}; len(queue) > 0; queue = queue[1:] {
		nested, err := collect(queue[0], now, e.store.Bases(), patients)
		if err != nil {
			return fhir.Resource{}, nil, err
		}
		for _, id := range nested {
			if seen[id] {
				continue
			}
			seen[id] = true
			g, err := e.groupAt(ctx, id, at)
			if fault.Missing(err) {
				continue
			}
			if err != nil {
				return fhir.Resource{}, nil, err
			}
			queue = append(queue, g)
		}
	}
	members := make([]string, 0, len(patients))
	for id := range patients {
		members = append(members, id)
	}
	slices.Sort(members)
	return top, members, nil
}

// collect adds a group's own patients and returns the ids of the groups in it.
func collect(r fhir.Resource, now time.Time, own fhir.Bases, patients map[string]bool) (nested []string, err error) {
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return nil, fmt.Errorf("read members of %s: %w", r.Key(), err)
	}
	for _, m := range d.Members() {
		if !Current(m, now) {
			continue
		}
		switch r := fhir.ParseReference(m.Reference); {
		case !own.Owns(r):
		case r.Type == "Patient":
			patients[r.ID] = true
		case r.Type == "Group":
			nested = append(nested, r.ID)
		}
	}
	return nested, nil
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
