package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"satchel/engine"
)

// stopTime is how long open requests may take to end once the server is asked to stop. The rest ends at the next write.
const stopTime = 10 * time.Second

// serve runs HTTP and jobs until ctx ends or one of them fails, then stops both and waits for them.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, jobs *engine.Engine, log *slog.Logger, ready func(string)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 2)
	go func() { ended <- jobs.Run(ctx) }()
	go func() {
		err := server.Serve(listener)
		if errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
		ended <- err
	}()
	ready(listener.Addr().String())

	var failed error
	running := 2
	select {
	case <-ctx.Done():
	case failed = <-ended:
		running--
	}
	cancel()
	limit, stop := context.WithTimeout(context.Background(), stopTime)
	defer stop()
	if err := server.Shutdown(limit); err != nil {
		log.Warn("some requests were cut off", "err", err)
		server.Close()
	}
	for range running {
		failed = errors.Join(failed, <-ended)
	}
	return failed
}
