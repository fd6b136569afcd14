package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// ErrLocked is the error of [LockFile] when another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// LockFile takes the exclusive lock of the file at path, which it creates, without waiting: [ErrLocked] if another
// holds it. The lock ends with release or with the process, however that ends; the file stays.
func LockFile(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	ok, err := tryLock(f)
	if err == nil && !ok {
		err = ErrLocked
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %q: %w", path, err)
	}
	return func() {
		unlock(f) // closing alone would leave it to a program that is being started just now and has not let go of the file yet
		f.Close()
	}, nil
}

// waitLock is [LockFile] that waits until the lock is free or ctx ends.
func waitLock(ctx context.Context, path string) (release func(), err error) {
	for {
		release, err := LockFile(path)
		if !errors.Is(err, ErrLocked) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", err, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
