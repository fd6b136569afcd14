// Package interrupt catches Ctrl-C and SIGTERM from the first moment that a Go program has. Only package main imports it:
// a program that has it in itself no longer ends by these signals alone.
package interrupt

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// caught gets the signals. It is made with the package, before the larger packages of the program prepare their tables,
// so that a signal which comes while they do is not lost.
var caught = func() chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	return c
}()

// Context returns a context that ends with the first Ctrl-C or SIGTERM, also with one that came before the call. A second
// one ends the program at once.
func Context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-caught
		signal.Stop(caught)
		cancel()
	}()
	return ctx
}
