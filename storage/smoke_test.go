package storage

import (
	"fmt"
	"satchel/fhir"
	"testing"
)

func TestSmoke(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, t.TempDir()+"/d/s.db", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, err := fhir.Parse([]byte(`{"resourceType":"Patient","id":"a","birthDate":"2001-02-03"}`))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err = s.Write(ctx, func(tx *Tx) error { r, c, err := tx.Put(d, ""); fmt.Printf("%s %v\n", r.JSON, c); return err })
		if err != nil {
			t.Fatal(err)
		}
	}
	err = s.Write(ctx, func(tx *Tx) error { r, c, err := tx.Delete("Patient", "a"); fmt.Println(r, c); return err })
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(ctx, func(tx *Tx) error { r, c, err := tx.Put(d, ""); fmt.Printf("%s %v\n", r.JSON, c); return err })
	if err != nil {
		t.Fatal(err)
	}
	at, _ := s.Snapshot(ctx)
	c, err := s.Import(ctx, []*fhir.Document{d, d})
	fmt.Println(c, err)
	for _, sel := range []Selection{{}, {Patients: []string{"a"}}, {Types: []string{"Patient"}}} {
		err = s.Scan(ctx, at, sel, func(r Row) error { fmt.Printf("%d %s %s\n", r.RID, r.Type, r.JSON); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println(s.Types(ctx))
	fmt.Println(s.Version(ctx, "Patient", "a", 2))
}
