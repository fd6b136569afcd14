package torture

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"satchel/internal/testsatchel"
)

// The real binary gets a signal at many moments of its first second, from the one on at which it has begun to listen for
// signals. What comes before, while the system and Go load it, ends any program without a word, as if it had never run.
func TestSignalAtAnyMoment(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the binary many times; not in short mode")
	}
	bin, err := binary()
	testsatchel.Must(t, err)
	cfg := testsatchel.New(t)
	for i := range 25 {
		wait, sig := time.Duration(i)*40*time.Millisecond, []os.Signal{os.Interrupt, syscall.SIGTERM}[i%2]
		if said, err := signalled(bin, cfg.Data, wait, sig); err != nil {
			t.Errorf("%v after %v: %v\n%s", sig, wait, err, said)
		}
	}
	if testsatchel.EveryStartStopped(t, cfg) == 0 {
		t.Error("no start came far enough to be noted")
	}
}

// signalled starts the server, sends it a signal some time after it began to listen for one, and returns what it said and
// what is wrong with its end.
func signalled(bin, data string, wait time.Duration, sig os.Signal) (said string, err error) {
	cmd := exec.Command(bin, "serve", "--data", data, "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1") // Go tells of each package that it has made ready
	errs, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	defer cmd.Process.Kill()
	var all strings.Builder
	lines := bufio.NewReader(errs)
	for !strings.Contains(all.String(), "init satchel/internal/interrupt ") {
		line, err := lines.ReadString('\n')
		if all.WriteString(line); err != nil {
			return all.String(), fmt.Errorf("it has not begun to listen: %w", err)
		}
	}
	time.AfterFunc(wait, func() { _ = cmd.Process.Signal(sig) })
	rest, err := io.ReadAll(lines)
	if err != nil {
		return all.String(), err
	}
	for line := range strings.Lines(string(rest)) {
		if strings.HasPrefix(line, "satchel: ") || strings.Contains(line, `"level":"ERROR"`) || strings.Contains(line, "cut off") {
			err = fmt.Errorf("it says %q", line)
		}
	}
	if ended := cmd.Wait(); ended != nil {
		err = ended
	}
	return string(rest), err
}
