package storage

import "testing"

// sequential skips a long test without concurrency in short mode, which is how the tests run under the race detector:
// it is slow there and has nothing to find.
func sequential(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("long, and without concurrency: not in short mode")
	}
}
