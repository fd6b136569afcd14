package bulk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"satchel/engine/imports"
	"satchel/fhir"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// wide is a store of so many rows that several readers scan it, some of the rows larger than a page.
func wide(t *testing.T) *storage.Store {
	s := open(t)
	var text strings.Builder
	for i := range partsAhead*partRows + partRows/4 {
		fmt.Fprintf(&text, `{"resourceType":"Patient","id":"%d"}`+"\n", i)
		if i%1500 == 0 {
			fmt.Fprintf(&text, `{"resourceType":"Binary","id":"%d","data":"%s"}`+"\n", i, strings.Repeat("QUJD", pageSize/3))
		}
	}
	dir := testpractice.Files(t, map[string]string{"a.ndjson": text.String()})
	if _, err := (&imports.Import{Store: s}).Run(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestScanAhead(t *testing.T) {
	t.Parallel()
	s := wide(t)
	t.Run("keeps order", func(t *testing.T) { testScanAheadKeepsOrder(t, s) })
	t.Run("stops", func(t *testing.T) { testScanAheadStops(t, s) })
}

// Several readers give the same files as one.
func testScanAheadKeepsOrder(t *testing.T, s *storage.Store) {
	e := New(s, Options{FileCount: 5000})
	ahead, err := e.Export(t.Context(), Request{Level: LevelSystem}, rootDir(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	one, err := e.Export(t.Context(), Request{Level: LevelSystem, Types: fhir.Types()}, rootDir(t), nil) // types: one reader
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(ahead.Files, one.Files) || len(one.Files) != 4 {
		t.Errorf("several readers: %+v\none: %+v", ahead.Files, one.Files)
	}
	owned, err := e.Export(t.Context(), Request{Level: LevelPatient}, rootDir(t), nil)
	if err != nil || !reflect.DeepEqual(owned.Files, one.Files[1:]) {
		t.Errorf("patient level: %+v, %v", owned.Files, err)
	}
}

// Wherever it is stopped, an export ends soon, with the reason and without files.
func testScanAheadStops(t *testing.T, s *storage.Store) {
	e := New(s, Options{FileCount: 500})
	for range 12 {
		root := rootDir(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(150))*time.Millisecond)
		_, err := e.Export(ctx, Request{Level: LevelSystem}, root, nil)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if left := names(t, root); err != nil && len(left) != 0 {
			t.Errorf("left %v", left)
		}
	}
	root := rootDir(t)
	root.WriteFile("Binary.0001.ndjson", nil, 0o600)
	if _, err := e.Export(t.Context(), Request{Level: LevelSystem}, root, nil); !strings.Contains(fmt.Sprint(err), "Binary.0001.ndjson") {
		t.Errorf("error %v", err)
	}
}
