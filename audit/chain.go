package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"satchel/fhir"
)

// Sum is the hash of an event that follows the one with hash prev; that of the first event follows 32 zero bytes.
// It is the SHA-256 of these, one after the other:
//
//	"satchel audit 1\n"
//	prev
//	seq, time (Unix milliseconds, 0 for the zero time)      each 8 bytes, big end first
//	who name, who kind, from, action, target, outcome       each 4 bytes of length, big end first, and the UTF-8 text
//	status                                                  8 bytes
//	patients, joined by single spaces                       length and text
//	more                                                    8 bytes
//	detail, request id                                      length and text
//
// Every field has its length, so no two events share an encoding. The event is taken as it is: clean it first. Its own
// Hash plays no part.
func Sum(prev [sha256.Size]byte, e Event) [sha256.Size]byte {
	b := make([]byte, 0, 512)
	b = append(b, "satchel audit 1\n"...)
	b = append(b, prev[:]...)
	b = appendInt(b, e.Seq)
	b = appendInt(b, millis(e.Time))
	for _, s := range []string{e.Who.Name, string(e.Who.Kind), e.From, string(e.Action), e.Target, string(e.Outcome)} {
		b = appendText(b, s)
	}
	b = appendInt(b, int64(e.Status))
	b = appendText(b, strings.Join(e.Patients, " "))
	b = appendInt(b, int64(e.More))
	b = appendText(b, e.Detail)
	b = appendText(b, e.RequestID)
	return sha256.Sum256(b)
}

func appendInt(b []byte, n int64) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }

func appendText(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

// millis is a time as the chain knows it: Unix milliseconds, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Anchor names one event and its hash, to be kept where whoever changes the log does not come: on paper, in a
// manifest, in the log of the operating system, in a file beside the database.
type Anchor struct {
	Seq  int64 // 0: the log was empty
	Hash [sha256.Size]byte
	Time time.Time // when the anchor was taken
}

// String writes an anchor as one line without its end: "2026-01-02T15:04:05.000Z 17 9f86…".
func (a Anchor) String() string {
	return fmt.Sprintf("%s %d %x", fhir.FormatInstant(a.Time), a.Seq, a.Hash)
}

// ParseAnchor reads what String wrote.
func ParseAnchor(s string) (Anchor, error) {
	bad := fmt.Errorf("%.120q is no anchor of the audit log; it looks like %q", s, "2026-01-02T15:04:05.000Z 17 9f86…")
	fields := strings.Fields(s)
	if len(fields) != 3 {
		return Anchor{}, bad
	}
	t, err := fhir.ParseInstant(fields[0])
	if err != nil {
		return Anchor{}, bad
	}
	seq, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || seq < 0 {
		return Anchor{}, bad
	}
	a := Anchor{Seq: seq, Time: t}
	if n, err := hex.Decode(a.Hash[:], []byte(fields[2])); len(fields[2]) != 2*len(a.Hash) || err != nil || n != len(a.Hash) {
		return Anchor{}, bad
	}
	return a, nil
}
