package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"

	"satchel/storage"
)

const (
	cacheLife = 5 * time.Minute
	cacheSize = 1000
)

// cache remembers for a short time which passwords were right, so that a script with HTTP Basic does not pay a costly
// hash per request. It holds no password: its keys are HMACs, under a key that only this process knows, over name,
// password and stored hash. A new password therefore makes an old entry useless.
type cache struct {
	mu     sync.Mutex
	secret []byte
	until  map[[sha256.Size]byte]time.Time
}

// has reports whether the password was right for the account a moment ago.
func (c *cache) has(a storage.Account, password string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return now.Before(c.until[c.key(a, password)])
}

// add remembers that the password is right.
func (c *cache) add(a storage.Account, password string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.key(a, password)
	if len(c.until) >= cacheSize {
		clear(c.until) // rare, and costs each holder one hash
	}
	c.until[key] = now.Add(cacheLife)
}

// key is called under the lock; it makes the secret and the map at the first use.
func (c *cache) key(a storage.Account, password string) [sha256.Size]byte {
	if c.secret == nil {
		c.secret = make([]byte, 32)
		rand.Read(c.secret) // never fails (crypto/rand)
		c.until = map[[sha256.Size]byte]time.Time{}
	}
	m := hmac.New(sha256.New, c.secret)
	for _, part := range []string{a.Name, password, a.Password} {
		m.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		m.Write([]byte(part))
	}
	return [sha256.Size]byte(m.Sum(nil))
}
