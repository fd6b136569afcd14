package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/kardianos/service"

	"satchel/config"
)

// eventHandler writes everything to a handler, and to the Windows Event Log what an administrator looks for there:
// start, stop, warnings and errors.
type eventHandler struct {
	slog.Handler
	events service.Logger
	attrs  []slog.Attr
}

// serviceLog makes the log of a Windows service: a file that rotates, and the Event Log.
func serviceLog(cfg *config.Config, events service.Logger) (*slog.Logger, io.Closer, error) {
	file, err := newRotatingFile(cfg.LogFile(), 10<<20, 5)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(&eventHandler{Handler: slog.NewJSONHandler(file, logOptions(cfg)), events: events}), file, nil
}

// Handle is slog.Handler.
func (h *eventHandler) Handle(ctx context.Context, r slog.Record) error {
	text := h.text(r)
	switch {
	case r.Level >= slog.LevelError:
		_ = h.events.Error(text) // the file has it, too
	case r.Level >= slog.LevelWarn:
		_ = h.events.Warning(text)
	case r.Message == logStarted || r.Message == logStopped:
		_ = h.events.Info(text)
	}
	return h.Handler.Handle(ctx, r)
}

// text is a record as one line for people.
func (h *eventHandler) text(r slog.Record) string {
	var b strings.Builder
	b.WriteString(r.Message)
	add := func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%q", a.Key, a.Value.String())
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	return b.String()
}

// WithAttrs is slog.Handler.
func (h *eventHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &eventHandler{h.Handler.WithAttrs(attrs), h.events, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup is slog.Handler.
func (h *eventHandler) WithGroup(name string) slog.Handler {
	return &eventHandler{h.Handler.WithGroup(name), h.events, h.attrs}
}
