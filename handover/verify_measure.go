package handover

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// measure reads every file once, several at a time.
func (c *check) measure(ctx context.Context) error {
	c.measured = map[string]measured{}
	var paths []string
	var total int64
	for path, size := range c.source.sizes {
		paths = append(paths, path)
		total += size
	}
	// The largest first, so that no worker is left with one at the end.
	slices.SortFunc(paths, func(a, b string) int { return int(min(max(c.source.sizes[b]-c.source.sizes[a], -1), 1)) })
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
	var mu sync.Mutex
	var group sync.WaitGroup
	for range c.options.Workers {
		group.Go(func() {
			buffer := make([]byte, 256<<10)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(paths) {
					return
				}
				m, broken, err := c.measureFile(ctx, paths[i], buffer, &done, total)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				c.measured[paths[i]] = m
				if broken != "" {
					c.finding(Altered, paths[i], "%s", broken)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// measureFile reads a file. broken says what is wrong with a ZIP entry; the error is about the disk.
func (c *check) measureFile(ctx context.Context, path string, buffer []byte, done *atomic.Int64, total int64) (m measured, broken string, err error) {
	r, err := c.source.open(path)
	if err != nil {
		return m, fmt.Sprintf("cannot be read: %v", err), nil
	}
	defer r.Close()
	sum := sha256.New()
	lined := strings.HasSuffix(path, ".ndjson")
	for {
		n, err := r.Read(buffer)
		if n > 0 {
			sum.Write(buffer[:n])
			m.bytes += int64(n)
			if lined {
				m.lines += int64(bytes.Count(buffer[:n], newline))
				m.cutOff = buffer[n-1] != '\n'
			}
			if now := done.Add(int64(n)); c.options.Progress != nil {
				c.options.Progress(now, total)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return m, fmt.Sprintf("cannot be read to its end: %v", err), nil
		}
		if ctx.Err() != nil {
			return m, "", context.Cause(ctx)
		}
	}
	m.sha256 = hex.EncodeToString(sum.Sum(nil))
	return m, "", nil
}
