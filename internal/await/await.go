// Package await lets a test wait for something that happens beside it, such as the end of a job, where nothing tells it.
package await

import (
	"testing"
	"time"
)

// How long a test waits at most, and from one look to the next. A machine that is busy with other things is slow.
const (
	longest = 2 * time.Minute
	pause   = 5 * time.Millisecond
)

// Until returns when done is true, and ends the test when that takes minutes. what says what was waited for.
func Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	end := time.NewTimer(longest)
	defer end.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("%s: not so within %v", what, longest)
		}
	}
}

// Value is Until for something that is asked for and comes with its answer.
func Value[T any](t testing.TB, what string, ask func() (T, bool)) (got T) {
	t.Helper()
	Until(t, what, func() (ok bool) {
		got, ok = ask()
		return ok
	})
	return got
}
