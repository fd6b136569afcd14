package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// server is the running binary.
type server struct {
	cmd  *exec.Cmd
	base string // http://127.0.0.1:port/fhir
	data string
	http *http.Client
}

func startServer(ctx context.Context, o options, dir string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	data := filepath.Join(dir, "data")
	s := &server{base: "http://" + addr + "/fhir", data: data}
	s.cmd = exec.CommandContext(ctx, o.satchel, "serve", "--data", data)
	s.cmd.Env = append(os.Environ(), "SATCHEL_HTTP__LISTEN="+addr,
		"SATCHEL_BULK_EXPORT__FILE_MAX_CAPACITY="+strconv.Itoa(o.capacity), "SATCHEL_LOG__LEVEL=error")
	s.cmd.Stderr = os.Stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	for range 600 {
		if r, err := s.http.Get("http://" + addr + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return s, nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("the server did not become ready within 30 s")
}

// stop ends the process that startServer started.
func (s *server) stop() {
	s.cmd.Process.Signal(os.Interrupt)
	s.cmd.Wait()
}

func (s *server) do(ctx context.Context, method, url string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	r.SetBasicAuth(adminName, adminPassword)
	r.Header.Set("Accept", "application/fhir+json")
	r.Header.Set("Prefer", "respond-async")
	return s.http.Do(r)
}

// read is one GET whose body is read to its end and dropped.
func (s *server) read(ctx context.Context, path string) error {
	r, err := s.do(ctx, http.MethodGet, s.base+path)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, r.Status)
	}
	return nil
}

// peakRSS is VmHWM of the process in bytes; 0 where there is no /proc.
func (s *server) peakRSS() int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if v, ok := strings.CutPrefix(sc.Text(), "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(v), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}
