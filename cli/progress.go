package cli

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"satchel/internal/terminal"
)

// progress shows how far long work is: a bar on a terminal, elsewhere a line now and then. It writes to standard error.
type progress struct {
	what  string
	bytes bool // the numbers are bytes, otherwise resources
	bar   *progressbar.ProgressBar
	out   io.Writer
	every time.Duration
	last  time.Time
}

// newProgress begins to show work; bytes says what its numbers are.
func newProgress(what string, bytes bool) *progress {
	p := &progress{what: what, bytes: bytes, out: os.Stderr, every: 5 * time.Second, last: time.Now()}
	if terminal.Is(os.Stderr) {
		p.bar = progressbar.NewOptions64(-1,
			progressbar.OptionSetDescription(what),
			progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionShowBytes(bytes),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	return p
}

// step says how much is done; the total may be an estimate, and 0 if it is not known.
func (p *progress) step(done, total int64) {
	if p.bar != nil {
		if total > 0 && p.bar.GetMax64() != max(total, done) {
			p.bar.ChangeMax64(max(total, done))
		}
		_ = p.bar.Set64(done) // a bar that cannot be drawn is no reason to stop
		return
	}
	if time.Since(p.last) < p.every {
		return
	}
	p.last = time.Now()
	unit := " resources"
	show := func(n int64) string { return fmt.Sprint(n) }
	if p.bytes {
		unit, show = "", func(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
	}
	if total > 0 {
		fmt.Fprintf(p.out, "%s: %s of %s%s (%d%%)\n", p.what, show(done), show(total), unit, 100*done/max(total, done, 1))
	} else {
		fmt.Fprintf(p.out, "%s: %s%s\n", p.what, show(done), unit)
	}
}

// oneAtATime lets several goroutines tell their steps.
func oneAtATime(step func(done, total int64)) func(done, total int64) {
	var mu sync.Mutex
	return func(done, total int64) {
		mu.Lock()
		defer mu.Unlock()
		step(done, total)
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		_ = p.bar.Clear()
	}
}
