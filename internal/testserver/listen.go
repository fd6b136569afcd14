package testserver

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

// Listen serves on loopback until the test ends and returns the server's URL. It is not httptest's server, whose Close also
// closes the idle connections of http.DefaultTransport, which tests beside it are about to use.
func Listen(t testing.TB, handler http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go s.Serve(l)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		s.Close()
	})
	return "http://" + l.Addr().String()
}
