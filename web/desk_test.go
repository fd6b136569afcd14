package web

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deadlined notes what is said of the time to read.
type deadlined struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (d *deadlined) SetReadDeadline(t time.Time) error { d.until = t; return nil }

// Nobody holds a connection by a form that never ends; one that has arrived sets no end to what follows.
func TestFormsComeInTime(t *testing.T) {
	t.Parallel()
	w := &deadlined{ResponseRecorder: httptest.NewRecorder()}
	body := inTime(w, io.NopCloser(strings.NewReader("a=b")))
	if left := time.Until(w.until); left <= 0 || left > Slowest {
		t.Errorf("%v to read", left)
	}
	if text, err := io.ReadAll(body); err != nil || string(text) != "a=b" || !w.until.IsZero() {
		t.Errorf("%q %v %v", text, err, w.until)
	}
}
