package audit

import (
	"fmt"
	"slices"
)

// MembersChanged is the event that is about a Group who joined and who left, by the ids of the patients before and after a
// write. False: nobody did. Who did it, and from where, is the caller's to add.
func MembersChanged(group string, before, after []string) (Event, bool) {
	without := func(all, some []string) []string {
		there := make(map[string]bool, len(some)) // a group can have thousands
		for _, id := range some {
			there[id] = true
		}
		return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return there[id] })
	}
	joined, left := without(after, before), without(before, after)
	if len(joined)+len(left) == 0 {
		return Event{}, false
	}
	return Event{Action: GroupMembers, Target: group, Patients: slices.Concat(joined, left),
		Detail: fmt.Sprintf("%d joined, %d left", len(joined), len(left))}, true
}
