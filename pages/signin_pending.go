package pages

import (
	"crypto/rand"
	"sync"
	"time"

	"satchel/storage"
)

// A sign-in is pending between the right password and the code.
const (
	pendingLife = 5 * time.Minute
	pendingMost = 1000
)

// pending are the sign-ins that wait for a code, by a random token that the form carries. They are in memory only: after a
// restart people begin anew.
type pending struct {
	mu  sync.Mutex
	all map[string]pendingSignIn
}

type pendingSignIn struct {
	account storage.Account // as it was when its password was right; a session of it needs that password still
	then    string
	until   time.Time
}

// add remembers a sign-in and answers its token.
func (p *pending) add(a storage.Account, then string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for token, one := range p.all {
		if now.After(one.until) || len(p.all) >= pendingMost {
			delete(p.all, token)
		}
	}
	if p.all == nil {
		p.all = map[string]pendingSignIn{}
	}
	token := rand.Text()
	p.all[token] = pendingSignIn{a, then, now.Add(pendingLife)}
	return token
}

// find is the sign-in of a token, unless its time is over.
func (p *pending) find(token string) (pendingSignIn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.all[token]
	return one, ok && time.Now().Before(one.until)
}

func (p *pending) forget(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, token)
}
