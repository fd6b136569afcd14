package storage

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"

	"satchel/audit"
)

// attacker changes one log again and again, and undoes it each time.
type attacker struct {
	t   *testing.T
	db  *sql.DB
	rnd *rand.Rand
}

const attackedRows = 60

func (a *attacker) exec(q string, args ...any) {
	a.t.Helper()
	if _, err := a.db.Exec(q, args...); err != nil {
		a.t.Fatalf("%s: %v", q, err)
	}
}

func (a *attacker) seq() int { return 1 + a.rnd.IntN(attackedRows) }

// edit flips one bit, or changes a number, in any column of any row.
func (a *attacker) edit() string {
	columns := []string{"time", "who", "kind", "source", "action", "target", "outcome", "status", "patients", "more", "detail", "request", "prev", "hash"}
	column, seq := columns[a.rnd.IntN(len(columns))], a.seq()
	var value any
	if err := a.db.QueryRow(`SELECT `+column+` FROM audit WHERE seq = ?`, seq).Scan(&value); err != nil {
		a.t.Fatal(err)
	}
	flip := func(b []byte) []byte { b[a.rnd.IntN(len(b))] ^= 1 << a.rnd.IntN(8); return b }
	switch v := value.(type) {
	case int64:
		value = v ^ 1<<a.rnd.IntN(40)
	case string:
		value = string(flip([]byte(v)))
	case []byte:
		value = flip(v)
	}
	a.exec(`UPDATE audit SET `+column+` = ? WHERE seq = ?`, value, seq)
	return fmt.Sprintf("edit %s of %d", column, seq)
}

// remove takes out a run of rows.
func (a *attacker) remove() string {
	from, n := a.seq(), a.rnd.IntN(5)
	a.exec(`DELETE FROM audit WHERE seq BETWEEN ? AND ?`, from, from+n)
	return fmt.Sprintf("remove %d rows from %d", n+1, from)
}

// reorder lets two rows change places.
func (a *attacker) reorder() string {
	x := a.seq()
	y := 1 + (x+a.rnd.IntN(attackedRows-1))%attackedRows
	a.exec(`UPDATE audit SET seq = -1 WHERE seq = ?`, x)
	a.exec(`UPDATE audit SET seq = ? WHERE seq = ?`, x, y)
	a.exec(`UPDATE audit SET seq = ? WHERE seq = -1`, y)
	return fmt.Sprintf("reorder %d and %d", x, y)
}

// insert makes room somewhere and puts a copy of another row there.
func (a *attacker) insert() string {
	at, from := a.seq(), a.seq()
	a.exec(`UPDATE audit SET seq = -seq - 1 WHERE seq >= ?`, at)
	a.exec(`UPDATE audit SET seq = -seq WHERE seq < 0`)
	a.exec(`INSERT INTO audit SELECT ?, time, who, kind, source, action, target, outcome, status, patients, more, detail, request, prev, hash FROM before WHERE seq = ?`, at, from)
	return fmt.Sprintf("insert a copy of %d at %d", from, at)
}

// truncate cuts the end off and turns the head back to what is left.
func (a *attacker) truncate() string {
	keep := a.rnd.IntN(attackedRows)
	a.exec(`DELETE FROM audit WHERE seq > ?`, keep)
	a.exec(`DELETE FROM audit_patient WHERE seq > ?`, keep)
	a.exec(`UPDATE clock SET audit_seq = ?1, audit_hash = coalesce((SELECT hash FROM audit WHERE seq = ?1), zeroblob(32))`, keep)
	return fmt.Sprintf("truncate after %d", keep)
}

// rewrite changes a row and makes all hashes from there on right again, that of the head included.
func (a *attacker) rewrite(all []audit.Event) string {
	from := a.seq()
	var prev [32]byte
	for _, e := range all {
		if e.Seq == int64(from) {
			e.Detail += "!"
		}
		sum := audit.Sum(prev, e)
		if e.Seq >= int64(from) {
			a.exec(`UPDATE audit SET detail = ?, prev = ?, hash = ? WHERE seq = ?`, e.Detail, prev[:], sum[:], e.Seq)
		}
		prev = sum
	}
	a.exec(`UPDATE clock SET audit_hash = ?`, prev[:])
	return fmt.Sprintf("rewrite from %d", from)
}

// A thousand attacks by somebody who has the file and knows the program: every one is found, given one anchor.
func TestAuditAttacks(t *testing.T) {
	t.Parallel()
	sequential(t)
	s, path := auditStore(t)
	fillAudit(t, s, attackedRows)
	anchor := mustHead(t, s)
	all := allEvents(t, s, audit.Filter{}, audit.Sort{})
	attack(t, path, unguarded())
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(OFF)&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	a := &attacker{t, db, rand.New(rand.NewPCG(1, 2))}
	a.exec(`CREATE TEMP TABLE before AS SELECT * FROM audit; CREATE TEMP TABLE patients AS SELECT * FROM audit_patient; CREATE TEMP TABLE head AS SELECT * FROM clock`)
	attacks := []func() string{a.edit, a.edit, a.edit, a.remove, a.reorder, a.insert, a.truncate, func() string { return a.rewrite(all) }}
	found := func() bool {
		v := mustVerify(t, s, anchor)
		n := 0
		for _, f := range v.Faults {
			if f.Kind != audit.Guard {
				n++
			}
		}
		return n > 0
	}
	if found() {
		t.Fatal("found something before the first attack")
	}
	missed := 0
	for i := range 1000 {
		what := attacks[i%len(attacks)]()
		if !found() {
			missed++
			t.Errorf("not found: %s", what)
		}
		a.exec(`DELETE FROM audit; INSERT INTO audit SELECT * FROM before; DELETE FROM audit_patient; INSERT INTO audit_patient SELECT * FROM patients;
			UPDATE clock SET (audit_seq, audit_hash) = (SELECT audit_seq, audit_hash FROM head)`)
	}
	if found() {
		t.Fatal("the attacks were not undone")
	}
	t.Logf("%d of 1000 attacks were missed", missed)
}
