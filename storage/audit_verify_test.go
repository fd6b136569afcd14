package storage

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"satchel/audit"
)

// tear cuts bytes off the end of a file.
func tear(t *testing.T, path string, bytes int64) {
	t.Helper()
	i, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, i.Size()-bytes)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// unguarded are statements that remove all triggers.
func unguarded() string {
	var b strings.Builder
	for _, name := range auditGuards {
		b.WriteString("DROP TRIGGER " + name + ";")
	}
	return b.String()
}

// guards are statements that put the triggers back, so that their absence tells nothing.
func guards(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		b.WriteString(text + ";")
	}
	return b.String()
}

// tampered is a store whose file is attacked again and again, each time from the same state.
type tampered struct {
	t       *testing.T
	master  string // the file as it was written
	restore string
	anchor  audit.Anchor
	n       int
}

const tamperedRows = 1200 // more than two pages of the walk

func newTampered(t *testing.T) *tampered {
	s, path := auditStore(t)
	fillAudit(t, s, tamperedRows)
	tp := &tampered{t: t, master: path, anchor: mustHead(t, s)}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	tp.restore = guards(t, path)
	return tp
}

// verdict attacks a copy with the triggers dropped and put back afterwards, and verifies it.
func (tp *tampered) verdict(statements string, anchors ...audit.Anchor) audit.Verdict {
	tp.t.Helper()
	tp.n++
	path := filepath.Join(tp.t.TempDir(), "copy.db")
	data, err := os.ReadFile(tp.master)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		tp.t.Fatal(err)
	}
	defer os.Remove(path)
	attack(tp.t, path, unguarded()+statements+";"+tp.restore)
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		tp.t.Fatal(err)
	}
	defer s.Close()
	return mustVerify(tp.t, s, anchors...)
}

// finds wants just one kind of fault, at these events and nowhere else. A fault of the list of patients follows from
// others, and so does a broken link, or a head that differs, right after an edited row of which nothing is right.
func finds(t *testing.T, name string, v audit.Verdict, kind audit.FaultKind, at ...int64) {
	t.Helper()
	var got []int64
	for _, f := range v.Faults {
		if f.Kind == audit.Index && kind != audit.Index {
			continue
		}
		if kind == audit.Edited && (f.Kind == audit.Broken && slices.Contains(at, f.From-1) || f.Kind == audit.Head && slices.Contains(at, f.From)) {
			continue
		}
		if f.Kind != kind {
			t.Errorf("%s: %s", name, f)
		}
		for n := f.From; n <= f.To && len(got) < 5000; n++ {
			got = append(got, n)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, at) {
		t.Errorf("%s: got %s at %v, want %v", name, kind, got, at)
	}
}

func span(from, to int64) (n []int64) {
	for ; from <= to; from++ {
		n = append(n, from)
	}
	return n
}

func TestAuditUntouched(t *testing.T) {
	t.Parallel()
	tp := newTampered(t)
	if v := tp.verdict("", tp.anchor, audit.Anchor{}); !v.OK() || v.Rows != tamperedRows {
		t.Fatal(v)
	}
}

// Every column edited, in the first, a middle and the last row: found in that row and in no other.
func TestAuditEdited(t *testing.T) {
	t.Parallel()
	sequential(t)
	tp := newTampered(t)
	for column, value := range map[string]string{
		"time": "time + 1", "who": "upper(who)", "kind": "'user '", "source": "'::1'", "action": "'read '", "target": "target || char(0)",
		"outcome": "outcome || 'x'", "status": "status + 1", "patients": "patients || ' '", "more": "more + 1", "detail": "''",
		"request": "'x' || request", "prev": "randomblob(32)", "hash": "randomblob(32)",
	} {
		for _, seq := range []int64{1, tamperedRows / 2, tamperedRows} {
			v := tp.verdict(fmt.Sprintf(`UPDATE audit SET %s = %s WHERE seq = %d`, column, value, seq))
			finds(t, fmt.Sprint(column, " ", seq), v, audit.Edited, seq)
		}
	}
	for _, value := range []string{"x''", "zeroblob(31)", "prev"} {
		finds(t, "hash "+value, tp.verdict(`UPDATE audit SET hash = `+value+` WHERE seq = 7`), audit.Edited, 7)
	}
	finds(t, "another type of value", tp.verdict(`PRAGMA writable_schema = ON;
		UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'audit'; PRAGMA writable_schema = RESET;
		UPDATE audit SET detail = CAST(detail AS BLOB), more = 1.5 WHERE seq = 9`), audit.Edited, 9)
	t.Logf("%d edits", tp.n)
}

func TestAuditRemoved(t *testing.T) {
	t.Parallel()
	sequential(t)
	tp := newTampered(t)
	for _, c := range [][2]int64{{1, 1}, {1, 3}, {500, 500}, {501, 501}, {400, 1100}, {tamperedRows, tamperedRows}, {1000, tamperedRows}, {1, tamperedRows}} {
		v := tp.verdict(fmt.Sprintf(`DELETE FROM audit WHERE seq BETWEEN %d AND %d`, c[0], c[1]))
		finds(t, fmt.Sprint("with the head left ", c), v, audit.Removed, span(c[0], c[1])...)
	}
	finds(t, "two", tp.verdict(`DELETE FROM audit WHERE seq IN (5, 700)`), audit.Removed, 5, 700)
}

// Who also turns the head back leaves a sound, shorter chain: only an anchor tells.
func TestAuditTruncated(t *testing.T) {
	t.Parallel()
	sequential(t)
	tp := newTampered(t)
	for _, keep := range []int64{0, 1, 500, tamperedRows - 1} {
		cut := fmt.Sprintf(`DELETE FROM audit WHERE seq > %d; DELETE FROM audit_patient WHERE seq > %[1]d;
			UPDATE clock SET audit_seq = %[1]d, audit_hash = coalesce((SELECT hash FROM audit WHERE seq = %[1]d), zeroblob(32))`, keep)
		if v := tp.verdict(cut); !v.OK() {
			t.Errorf("keep %d: found without an anchor: %s", keep, v)
		}
		finds(t, fmt.Sprint("keep ", keep), tp.verdict(cut, tp.anchor, audit.Anchor{}), audit.Removed, span(keep+1, tamperedRows)...)
	}
}

func TestAuditReordered(t *testing.T) {
	t.Parallel()
	sequential(t)
	tp := newTampered(t)
	const columns = "time, who, kind, source, action, target, outcome, status, patients, more, detail, request"
	swap := func(a, b int64, columns string) string {
		return fmt.Sprintf(`CREATE TEMP TABLE x AS SELECT * FROM audit WHERE seq IN (%d, %d);
			UPDATE audit SET (%[3]s) = (SELECT %[3]s FROM x WHERE x.seq = %[1]d + %[2]d - audit.seq) WHERE seq IN (%[1]d, %[2]d); DROP TABLE x`, a, b, columns)
	}
	for _, c := range [][2]int64{{1, 2}, {1, tamperedRows}, {600, 601}, {3, 900}} {
		for what, columns := range map[string]string{"fields": columns, "fields and hash": columns + ", hash", "all": columns + ", prev, hash"} {
			finds(t, fmt.Sprint(what, c), tp.verdict(swap(c[0], c[1], columns)), audit.Edited, c[0], c[1])
		}
	}
	finds(t, "replayed", tp.verdict(`UPDATE audit SET (time, prev, hash) = (SELECT time, prev, hash FROM audit WHERE seq = 30) WHERE seq = 40`), audit.Edited, 40)
}

// forged are statements that put an event at seq, with a right hash over what it says.
func forged(t *testing.T, tp *tampered, seq int64, prev [32]byte, replace bool) string {
	t.Helper()
	e, err := someEvent(3).Clean()
	if err != nil {
		t.Fatal(err)
	}
	e.Seq, e.Time, e.Patients = seq, instant(1_700_000_000_000), nil
	verb := "INSERT"
	if replace {
		verb = "REPLACE"
	}
	return fmt.Sprintf(`%s INTO audit VALUES (%d, %d, '%s', '%s', '%s', '%s', '%s', '%s', %d, '', %d, '%s', '%s', x'%x', x'%x')`, verb, seq, millis(e.Time),
		e.Who.Name, e.Who.Kind, e.From, e.Action, e.Target, e.Outcome, e.Status, e.More, e.Detail, e.RequestID, prev, audit.Sum(prev, e))
}

func TestAuditForged(t *testing.T) {
	t.Parallel()
	sequential(t)
	tp := newTampered(t)
	end := tp.anchor
	finds(t, "appended", tp.verdict(forged(t, tp, end.Seq+1, end.Hash, false)), audit.Added, end.Seq+1)
	finds(t, "appended far away", tp.verdict(forged(t, tp, end.Seq+3, end.Hash, false)), audit.Added, span(end.Seq+1, end.Seq+3)...)
	finds(t, "appended, with the head", tp.verdict(forged(t, tp, end.Seq+1, [32]byte{}, false)+`; UPDATE clock SET (audit_seq, audit_hash) = (SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1)`),
		audit.Broken, end.Seq+1)
	finds(t, "put before", tp.verdict(forged(t, tp, 0, [32]byte{}, false)), audit.Added, 0)
	finds(t, "put before", tp.verdict(forged(t, tp, -7, [32]byte{}, false)), audit.Added, span(-7, 0)...)
	finds(t, "one rewritten", tp.verdict(forged(t, tp, 600, tp.hash(t, 599), true)), audit.Broken, 601)
	finds(t, "first rewritten", tp.verdict(forged(t, tp, 1, [32]byte{}, true)), audit.Broken, 2)
	finds(t, "last rewritten", tp.verdict(forged(t, tp, end.Seq, tp.hash(t, end.Seq-1), true)), audit.Head, end.Seq)
	both := forged(t, tp, end.Seq, tp.hash(t, end.Seq-1), true) + `; UPDATE clock SET audit_hash = (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1); DELETE FROM audit_patient WHERE seq = ` + fmt.Sprint(end.Seq)
	if v := tp.verdict(both); !v.OK() {
		t.Errorf("last rewritten with the head: found without an anchor: %s", v)
	}
	finds(t, "last rewritten with the head", tp.verdict(both, end), audit.Rewritten, end.Seq)
}

// hash reads the hash of one row.
func (tp *tampered) hash(t *testing.T, seq int64) (sum [32]byte) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+tp.master)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var hash []byte
	if err := db.QueryRow(`SELECT hash FROM audit WHERE seq = ?`, seq).Scan(&hash); err != nil {
		t.Fatal(err)
	}
	return [32]byte(hash)
}

func TestAuditHeadAndIndexAndGuards(t *testing.T) {
	t.Parallel()
	sequential(t)
	tp := newTampered(t)
	finds(t, "head hash", tp.verdict(`UPDATE clock SET audit_hash = zeroblob(32)`), audit.Head, tamperedRows)
	finds(t, "head gone", tp.verdict(`DELETE FROM clock`), audit.Head, 0)
	finds(t, "head short", tp.verdict(`UPDATE clock SET audit_hash = x'00'`), audit.Head, 0)
	finds(t, "head back", tp.verdict(`UPDATE clock SET (audit_seq, audit_hash) = (SELECT seq, hash FROM audit WHERE seq = 1000)`), audit.Added, span(1001, tamperedRows)...)
	finds(t, "head ahead", tp.verdict(`UPDATE clock SET audit_seq = audit_seq + 2`), audit.Removed, tamperedRows+1, tamperedRows+2)
	finds(t, "index less", tp.verdict(`DELETE FROM audit_patient WHERE patient = 'q699'`), audit.Index, 700)
	finds(t, "index more", tp.verdict(`INSERT INTO audit_patient VALUES ('zz', 700)`), audit.Index, 700)
	finds(t, "index beyond", tp.verdict(`INSERT INTO audit_patient VALUES ('zz', 7000)`), audit.Index, 7000)
	finds(t, "index moved", tp.verdict(`UPDATE audit_patient SET seq = 701 WHERE patient = 'q699'`), audit.Index, 700, 701)
	finds(t, "index renamed", tp.verdict(`UPDATE audit_patient SET patient = 'zz' WHERE patient = 'q699'`), audit.Index, 700, 700)
	tp.restore = strings.Replace(tp.restore, "audit_no_delete", "other", 1)
	finds(t, "guard gone", tp.verdict(``), audit.Guard, 0)
}

// The triggers refuse what does not take the trouble to drop them.
func TestAuditIsInsertOnly(t *testing.T) {
	t.Parallel()
	s, path := auditStore(t)
	fillAudit(t, s, 3)
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{
		`UPDATE audit SET detail = ''`, `UPDATE audit SET detail = detail WHERE seq = 1`, `DELETE FROM audit`, `DELETE FROM audit WHERE seq = 3`,
		`REPLACE INTO audit SELECT * FROM audit WHERE seq = 2`, `INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 3`,
		`INSERT INTO audit SELECT 4, time, who, kind, source, action, target, outcome, status, patients, more, detail, request, prev, hash FROM audit WHERE seq = 3`,
		`INSERT INTO audit SELECT 9, time, who, kind, source, action, target, outcome, status, patients, more, detail, request, hash, hash FROM audit WHERE seq = 3`,
		`INSERT INTO audit SELECT NULL, time, who, kind, source, action, target, outcome, status, patients, more, detail, request, prev, hash FROM audit WHERE seq = 1`,
		`UPDATE clock SET audit_seq = 2`, `UPDATE clock SET audit_seq = 4`, `UPDATE clock SET audit_hash = zeroblob(32)`, `DELETE FROM clock`,
		`REPLACE INTO clock VALUES (1, 0, 0, 0, zeroblob(32))`, `DELETE FROM audit_patient`, `UPDATE audit_patient SET seq = 1`,
		`INSERT INTO audit_patient VALUES ('x', 1)`, `INSERT INTO audit_patient VALUES ('x', 99)`,
	} {
		if _, err := db.Exec(q); err == nil {
			t.Errorf("was done: %s", q)
		}
	}
	if v := mustVerify(t, s); !v.OK() || v.Rows != 3 {
		t.Error(v)
	}
}

// What comes while the chain is walked is no fault.
func TestAuditVerifyWhileWriting(t *testing.T) {
	t.Parallel()
	s, _ := auditStore(t)
	fillAudit(t, s, 1500)
	rounds := 30
	if testing.Short() {
		rounds = 8
	}
	for round := range rounds {
		var writing sync.WaitGroup
		writing.Go(func() {
			for i := range 40 {
				if err := s.Audit(context.Background(), someEvent(40*round+i)); err != nil {
					t.Error(err)
				}
			}
		})
		v := mustVerify(t, s, mustHead(t, s))
		writing.Wait()
		if !v.OK() {
			t.Fatal(v)
		}
	}
	ended, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.VerifyAudit(ended); err == nil {
		t.Error("verified although the context had ended")
	}
}
