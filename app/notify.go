package app

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"time"

	"satchel/storage"
)

// alive asks whether the store answers and takes writes.
func alive(store *storage.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := store.AuditHead(ctx)
		return errors.Join(err, store.Healthy())
	}
}

// notify tells systemd how the service is doing. Without systemd it does nothing.
func notify(state string) {
	address := os.Getenv("NOTIFY_SOCKET")
	if address == "" {
		return
	}
	c, err := net.Dial("unixgram", address)
	if err != nil {
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte(state)) // systemd notices by its own timeout if this is lost
}

// watchdogEvery is how often systemd wants to hear that the service is alive: half of what it allows. 0: never.
func watchdogEvery() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0 // it is meant for another process
	}
	limit, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || limit <= 0 {
		return 0
	}
	return time.Duration(limit) * time.Microsecond / 2
}

// watch tells systemd that the service is alive as long as alive says so, until ctx ends. A service that keeps silent is
// started again: that is what a store needs which takes no more writes after the disk failed.
func watch(ctx context.Context, every time.Duration, alive func(context.Context) error) {
	if every <= 0 {
		return
	}
	for {
		limit, stop := context.WithTimeout(ctx, every)
		if alive(limit) == nil {
			notify("WATCHDOG=1")
		}
		stop()
		select {
		case <-ctx.Done():
			return
		case <-time.After(every):
		}
	}
}
