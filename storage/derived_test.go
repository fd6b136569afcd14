package storage

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/fhir"
	"satchel/internal/audittest"
)

// sound fails the test unless owners, index and hashes are what the documents say.
func sound(t tester, s *Store) {
	t.Helper()
	lines, err := s.CheckOwners(background)
	if err != nil || lines != nil {
		t.Fatalf("derived rows: %v %v", lines, err)
	}
	_, damaged, err := s.VerifyHashes(background)
	if err != nil || damaged != nil {
		t.Fatalf("hashes: %v %v", damaged, err)
	}
}

// dump are the rows of a table as text.
func dump(t tester, s *Store, table string) []string {
	t.Helper()
	rows, err := s.reads.db.Query(`SELECT * FROM ` + table)
	if err != nil {
		t.Fatalf("dump: %v", err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	var all []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(sql.NullString)
		}
		rows.Scan(values...)
		var line strings.Builder
		for _, v := range values {
			fmt.Fprintf(&line, "%v|", v.(*sql.NullString).String)
		}
		all = append(all, line.String())
	}
	return all
}

// empty removes all resources.
func empty(t tester, s *Store) {
	t.Helper()
	err := s.write(background, func(tx *Tx) error {
		for _, table := range []string{"entry", "owner", "tie", "history", "resource"} {
			if err := tx.exec(`DELETE FROM ` + table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("empty: %v", err)
	}
}

// anyDocument draws a document whose owners and entries differ much from draw to draw.
func anyDocument(t *rapid.T) *fhir.Document {
	id := rapid.IntRange(0, 3).Draw(t, "id")
	patient := func(name string) int { return rapid.IntRange(0, 3).Draw(t, name) }
	switch rapid.IntRange(0, 2).Draw(t, "kind") {
	case 0:
		return parse(t, `{"resourceType":"Patient","id":"%d","gender":"%s","link":[{"other":{"reference":"Patient/%d"},"type":"seealso"}]}`,
			id, rapid.SampledFrom([]string{"male", "female"}).Draw(t, "gender"), patient("link"))
	case 1:
		return parse(t, `{"resourceType":"Observation","id":"%d","status":"final","code":{"coding":[{"code":"c%d"}]},"subject":{"reference":"Patient/%d"},"performer":[{"reference":"Patient/%d"}]}`,
			id, rapid.IntRange(0, 2).Draw(t, "code"), patient("subject"), patient("performer"))
	}
	return parse(t, `{"resourceType":"Organization","id":"%d","name":"%s"}`, id, rapid.SampledFrom([]string{"Ash", "Elm"}).Draw(t, "name"))
}

// anyWrites empties a store and fills it by writes of all kinds, of documents that are drawn.
func anyWrites(t *rapid.T, s *Store, draw func(*rapid.T) *fhir.Document) {
	empty(t, s)
	for range rapid.IntRange(1, 25).Draw(t, "steps") {
		switch rapid.IntRange(0, 3).Draw(t, "step") {
		case 0:
			docs := make([]*fhir.Document, rapid.IntRange(1, 5).Draw(t, "batch"))
			for i := range docs {
				docs[i] = draw(t)
			}
			if _, err := s.Import(background, audittest.Who, docs); err != nil {
				t.Fatalf("import: %v", err)
			}
		case 1:
			d := draw(t)
			remove(t, s, d.Type(), d.ID())
		default:
			put(t, s, draw(t))
		}
	}
	sound(t, s)
}

// Whatever is written in whatever way, the derived tables are those that a rebuild makes.
func TestDerivedRowsKeepUp(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	rapid.Check(t, func(t *rapid.T) {
		anyWrites(t, s, anyDocument)
		owners, entries := dump(t, s, "owner"), dump(t, s, "entry")
		if err := s.RebuildOwners(background); err != nil {
			t.Fatalf("rebuild: %v", err)
		}
		if !slices.Equal(owners, dump(t, s, "owner")) || !slices.Equal(entries, dump(t, s, "entry")) {
			t.Fatalf("a rebuild changed the tables")
		}
	})
}

// The doctor sees each kind of damage, and a rebuild heals it.
func TestDoctor(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	for i := range 3 {
		put(t, s, parse(t, `{"resourceType":"Patient","id":"%d","gender":"male"}`, i))
		put(t, s, parse(t, `{"resourceType":"Observation","id":"%d","status":"final","code":{"coding":[{"code":"c"}]},"subject":{"reference":"Patient/%d"}}`, i, i))
		put(t, s, parse(t, `{"resourceType":"Observation","id":"%d","status":"final","code":{"coding":[{"code":"c"}]},"subject":{"reference":"Patient/9"}}`, i))
	}
	sound(t, s)
	for _, damage := range []string{
		`DELETE FROM owner WHERE patient = '1'`,
		`DELETE FROM entry WHERE rid = 2`,
		`INSERT INTO entry VALUES (0, 1, 2, 3)`,
		`INSERT INTO owner VALUES ('x', 1, 1, NULL, 1)`,
		`UPDATE owner SET until = NULL`,
		`UPDATE resource SET owned = 0 WHERE rid = 1`,
		`UPDATE history SET owned = 0`,
	} {
		if err := s.write(t.Context(), func(tx *Tx) error { return tx.exec(damage) }); err != nil {
			t.Fatal(err)
		}
		if lines, err := s.CheckOwners(t.Context()); err != nil || lines == nil {
			t.Errorf("%s: not seen (%v)", damage, err)
		}
		if err := s.RebuildOwners(t.Context()); err != nil {
			t.Fatal(err)
		}
		sound(t, s)
	}
	if err := s.write(t.Context(), func(tx *Tx) error {
		return tx.exec(`UPDATE history SET body = replace(CAST(body AS TEXT), 'final', 'fimal') WHERE rid = 2`)
	}); err == nil {
		t.Error("STRICT took a text for a blob")
	}
	if err := s.write(t.Context(), func(tx *Tx) error {
		return tx.exec(`UPDATE history SET body = CAST(replace(CAST(body AS TEXT), 'final', 'fimal') AS BLOB) WHERE rid = 2`)
	}); err != nil {
		t.Fatal(err)
	}
	if n, damaged, err := s.VerifyHashes(t.Context()); err != nil || n != 9 || !slices.Equal(damaged, []string{"Observation/0 version 1"}) {
		t.Errorf("%d checked, damaged %v (%v)", n, damaged, err)
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	observe := func(patient string) {
		put(t, s, parse(t, `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/%s"}}`, patient))
	}
	put(t, s, parse(t, `{"resourceType":"Patient","id":"a"}`))
	put(t, s, parse(t, `{"resourceType":"Patient","id":"b"}`))
	observe("a")
	one := snapshot(t, s)
	observe("b")
	two := snapshot(t, s)
	remove(t, s, "Observation", "o")
	three := snapshot(t, s)
	observe("a")
	four := snapshot(t, s)
	for _, c := range []struct {
		at      Snapshot
		patient string
		deleted bool
		want    []string
	}{
		{one, "a", false, []string{"Patient/a#1", "Observation/o#1"}}, {one, "b", false, []string{"Patient/b#1"}},
		{two, "a", false, []string{"Patient/a#1"}}, {two, "b", false, []string{"Patient/b#1", "Observation/o#2"}},
		{three, "b", false, []string{"Patient/b#1"}}, {three, "b", true, []string{"Observation/o#3"}}, {three, "a", true, []string{}},
		{four, "a", false, []string{"Patient/a#1", "Observation/o#4"}}, {four, "b", false, []string{"Patient/b#1"}}, {four, "b", true, []string{}},
	} {
		if got := keys(t, s, c.at, Selection{Patients: []string{c.patient}, Deleted: c.deleted}); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
	sound(t, s)
}
