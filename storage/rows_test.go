package storage

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"satchel/fhir"
)

// Whatever goes wrong with a query, its rows, or reading on, collect returns as an error, never as a shorter list.
func TestCollect(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	numbers := func(ctx context.Context, text string, one func(row) (int64, error)) ([]int64, error) {
		rows, err := query(ctx, s.reads, text)
		return collect(rows, err, one)
	}
	const three = `VALUES (1), (2), (3)`
	if all, err := numbers(t.Context(), three, oneColumn); err != nil || !slices.Equal(all, []int64{1, 2, 3}) {
		t.Error(all, err)
	}
	if all, err := numbers(t.Context(), `SELECT 1 WHERE FALSE`, oneColumn); err != nil || all != nil {
		t.Error(all, err)
	}
	stop, cancel := context.WithCancel(t.Context())
	defer cancel()
	bad := errors.New("bad row")
	for name, c := range map[string]struct {
		text string
		one  func(row) (int64, error)
	}{
		"no such table":   {`SELECT x FROM nothing`, oneColumn[int64]},
		"not a number":    {`VALUES (1), ('x')`, oneColumn[int64]},
		"refused by one":  {three, func(row) (int64, error) { return 0, bad }},
		"broken off":      {`WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT i FROM n`, cancelling(cancel)},
		"too few columns": {three, func(scan row) (int64, error) { var a, b int64; return a, scan(&a, &b) }},
	} {
		if all, err := numbers(stop, c.text, c.one); err == nil || all != nil {
			t.Errorf("%s: %d rows (%v)", name, len(all), err)
		}
		if name == "broken off" {
			stop = t.Context()
		}
	}
	ctx, end := context.WithTimeout(t.Context(), 20*time.Second)
	defer end()
	for range 20 { // more than there are connections: each was given back
		if _, err := numbers(ctx, three, func(row) (int64, error) { return 0, bad }); err != bad {
			t.Fatal(err)
		}
	}
}

// cancelling reads a row and ends the context of the query.
func cancelling(cancel context.CancelFunc) func(row) (int64, error) {
	return func(scan row) (int64, error) {
		cancel()
		return oneColumn[int64](scan)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	known := fhir.Errorf(fhir.CodeNotFound, "there is none")
	bad := errors.New("bad")
	if wrap("read", nil) != nil || wrap("read", known) != known {
		t.Error("what the caller may see was changed")
	}
	if err := wrap("read jobs", bad); !errors.Is(err, bad) || err.Error() != "read jobs: bad" {
		t.Error(err)
	}
}
