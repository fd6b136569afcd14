package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"satchel/auth/internal/cost"
	"satchel/fhir"
)

// The shape of a hash; what it costs is in the package cost.
const (
	hashThreads = 1
	hashKey     = 32 // bytes
	hashSalt    = 16 // bytes
)

// The bounds that a stored hash must keep, checked before anything is computed from it.
const (
	maxMemory  = 256 << 10 // KiB
	maxTime    = 10
	maxThreads = 4
)

// slots bounds how many hashes run at once, and queue how many wait, so that many sign-ins take time, not memory.
var (
	slots = make(chan struct{}, 2)
	queue atomic.Int32
)

const queueMax = 20

// dummyHash is checked in place of the hash of an account that does not exist. Nobody knows its password.
func dummyHash() string { return emptyHash().String() }

// emptyHash is a hash of today's cost whose salt and key are zero.
func emptyHash() phc {
	return phc{cost.Memory, cost.Time, hashThreads, make([]byte, hashSalt), make([]byte, hashKey)}
}

// phc is an argon2id hash in its parts.
type phc struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

// String writes the PHC string format: $argon2id$v=19$m=19456,t=2,p=1$salt$key.
func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.memory, p.time, p.threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.key))
}

// weaker reports whether the hash cost less than today's.
func (p phc) weaker() bool {
	return p.memory < cost.Memory || p.time < cost.Time || len(p.key) < hashKey || len(p.salt) < hashSalt
}

// parsePHC reads a PHC string and refuses costs beyond the bounds.
func parsePHC(s string) (phc, error) {
	part := strings.Split(s, "$")
	if len(part) != 6 || part[0] != "" || part[1] != "argon2id" || part[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, fmt.Errorf("stored password is not an argon2id hash of version %d", argon2.Version)
	}
	given := strings.Split(part[3], ",")
	if len(given) != 3 {
		return phc{}, fmt.Errorf("stored password hash has no m, t and p")
	}
	var n [3]uint32
	for i, limit := range []struct {
		name string
		max  uint32
	}{{"m", maxMemory}, {"t", maxTime}, {"p", maxThreads}} {
		text, ok := strings.CutPrefix(given[i], limit.name+"=")
		v, err := strconv.ParseUint(text, 10, 32)
		if !ok || err != nil || v < 1 || uint32(v) > limit.max {
			return phc{}, fmt.Errorf("stored password hash has %q; %s must be 1 to %d", given[i], limit.name, limit.max)
		}
		n[i] = uint32(v)
	}
	b64 := base64.RawStdEncoding.Strict()
	salt, err1 := b64.DecodeString(part[4])
	key, err2 := b64.DecodeString(part[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return phc{}, fmt.Errorf("stored password hash has a broken salt or key")
	}
	return phc{n[0], n[1], uint8(n[2]), salt, key}, nil
}

// derive computes the key of a password in one of the slots. A full queue is a fhir.Error throttled.
func (p phc) derive(ctx context.Context, password string) ([]byte, error) {
	if queue.Add(1) > queueMax+int32(cap(slots)) {
		queue.Add(-1)
		return nil, fhir.Errorf(fhir.CodeThrottled, "too many sign-ins at once; try again in a few seconds")
	}
	defer queue.Add(-1)
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-slots }()
	// The same password typed on two systems can come as different code points; NFKC makes them one.
	return argon2.IDKey(norm.NFKC.Bytes([]byte(password)), p.salt, p.time, p.memory, p.threads, uint32(len(p.key))), nil
}

// verify compares a password with a stored hash in constant time; stale says that the hash is weaker than today's.
func verify(ctx context.Context, stored, password string) (right, stale bool, err error) {
	p, err := parsePHC(stored)
	if err != nil {
		return false, false, err
	}
	if len(password) > passwordMax*4 { // bytes; no password of legal length is longer
		password = ""
	}
	key, err := p.derive(ctx, password)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(key, p.key) == 1, p.weaker(), nil
}

// hash makes a PHC string with today's cost and a new salt.
func hash(ctx context.Context, password string) (string, error) {
	p := emptyHash()
	rand.Read(p.salt) // never fails (crypto/rand)
	key, err := p.derive(ctx, password)
	if err != nil {
		return "", err
	}
	p.key = key
	return p.String(), nil
}
