package auth

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"satchel/fhir"
)

const (
	triesMax    = 5
	triesWindow = 15 * time.Minute
	triesNames  = 10_000
)

// tries counts wrong passwords by name, whether the name exists or not, and stops a name for a while after too many.
// The count lives in memory: a restart, which only the administrator of the machine can do, frees every name.
type tries struct {
	mu   sync.Mutex
	name map[string]*failures
}

// failures is the count of one name.
type failures struct {
	turn  chan struct{} // holds one token: checks of one name go one after the other
	users int           // checks that run or wait
	wrong int           // wrong passwords since first
	first time.Time
}

// begin waits for the name's turn, so that parallel guesses cannot outrun the count. The caller must call done once,
// and tells how it went: wrong, right, or neither (the check could not be made).
// No tries left is a fhir.Error throttled.
func (t *tries) begin(ctx context.Context, name string, now time.Time) (done func(wrong, right bool), err error) {
	name = strings.ToLower(name)
	f := t.join(name, now)
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		t.leave(name, f)
		return nil, ctx.Err()
	}
	if f.wrong > 0 && now.Sub(f.first) >= triesWindow {
		f.wrong = 0
	}
	if f.wrong >= triesMax {
		wait := f.first.Add(triesWindow).Sub(now)
		<-f.turn
		t.leave(name, f)
		return nil, fhir.Errorf(fhir.CodeThrottled,
			"too many wrong passwords for this name; try again in %d minutes", int(wait/time.Minute)+1)
	}
	return func(wrong, right bool) {
		if right {
			f.wrong = 0
		}
		if wrong {
			if f.wrong == 0 {
				f.first = now
			}
			f.wrong++
		}
		<-f.turn
		t.leave(name, f)
	}, nil
}

// join finds or makes the count of a name.
func (t *tries) join(name string, now time.Time) *failures {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.name == nil {
		t.name = map[string]*failures{}
	}
	f := t.name[name]
	if f == nil {
		t.makeRoom(now)
		f = &failures{turn: make(chan struct{}, 1)}
		t.name[name] = f
	}
	f.users++
	return f
}

// leave forgets a name that has no failures and no users; the others stay until makeRoom.
func (t *tries) leave(name string, f *failures) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f.users--
	if f.users == 0 && f.wrong == 0 && t.name[name] == f {
		delete(t.name, name)
	}
}

// makeRoom bounds the memory that made-up names can take: it drops what has run out, and if that is not enough, all
// that is not in use. Getting there takes so many hashes that nobody gains guesses by it.
func (t *tries) makeRoom(now time.Time) {
	if len(t.name) < triesNames {
		return
	}
	maps.DeleteFunc(t.name, func(_ string, f *failures) bool {
		return f.users == 0 && now.Sub(f.first) >= triesWindow
	})
	if len(t.name) >= triesNames {
		maps.DeleteFunc(t.name, func(_ string, f *failures) bool { return f.users == 0 })
	}
}
