// Package testserver runs whole servers for tests: a database from satchel/internal/testpractice, the engine, accounts, FHIR
// and the staff pages, behind a real listener on loopback. What tests ask of it they write themselves.
package testserver

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/audit"
	"satchel/auth"
	_ "satchel/auth/authtest" // cheap hashes
	"satchel/engine"
	"satchel/exports"
	"satchel/internal/audittest"
	"satchel/internal/testpractice"
	"satchel/storage"
	"satchel/web"
	"satchel/web/faces"
)

// Server is a server that runs until its test ends.
type Server struct {
	Store   *storage.Store
	Engine  *engine.Engine
	Auth    *auth.Service
	Options *web.Options // with which it runs
	File    string       // the database
	Exports string       // the folder of the jobs' files
	URL     string       // without a slash at its end
	Log     *Log
}

// Settings are what a test may alter before the server starts. Store, Exports, Auth and Tokens are there already.
type Settings struct {
	faces.Options
	Still bool // no job begins
}

// Open starts a server on a copy of a template. jobs are the engine's options, except for its log; change may be nil.
func Open(t testing.TB, of *testpractice.Template, jobs engine.Options, change func(*Settings)) *Server {
	t.Helper()
	dir := t.TempDir()
	p := &Server{File: filepath.Join(dir, "satchel.db"), Exports: filepath.Join(dir, "exports"), Log: &Log{}}
	p.Store = of.OpenAt(t, p.File, storage.Options{})
	jobs.Log = slog.New(slog.NewJSONHandler(p.Log, nil))
	p.Engine = engine.New(p.Store, folder(t, p.Exports), jobs)
	p.Auth = &auth.Service{Store: p.Store}
	s := &Settings{Options: faces.Options{Options: web.Options{Store: p.Store, Exports: &exports.Service{Store: p.Store, Engine: p.Engine, Enabled: true, Exclusive: true}, Auth: p.Auth, Tokens: &auth.TokenService{Store: p.Store}, Log: jobs.Log,
		Version: "test"}}}
	if change != nil {
		change(s)
	}
	p.Options = &s.Options.Options
	if !s.Still && s.Exports.Engine == p.Engine {
		Run(t, p.Engine)
	}
	handler, err := faces.New(s.Options)
	if err != nil {
		t.Fatal(err)
	}
	p.URL = Listen(t, handler)
	return p
}

// folder makes a folder and opens it until the test ends.
func folder(t testing.TB, path string) *os.Root {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// Run lets an engine work until the test ends.
func Run(t testing.TB, jobs *engine.Engine) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { _ = jobs.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
}

// Password is that of every account that [Account] makes.
const Password = "correct horse battery staple 7"

// hashed is the hash of Password, made once: it is costly on purpose.
var hashed = sync.OnceValues(func() (string, error) { return auth.HashPassword(Password) })

// Account adds an account with authorities written as "PERMISSION" or "PERMISSION:ARGUMENT".
func Account(s *storage.Store, name string, authorities ...string) error {
	hash, err := hashed()
	if err != nil {
		return err
	}
	a := storage.Account{Name: name, Password: hash, PasswordChanged: time.Now(), Created: time.Now()}
	for _, text := range authorities {
		permission, argument, _ := strings.Cut(text, ":")
		authority := storage.Authority{Permission: permission, Argument: argument}
		if err := auth.CheckAuthority(authority); err != nil {
			return err
		}
		a.Authorities = append(a.Authorities, authority)
	}
	return s.AddAccount(context.Background(), audittest.Event(audit.AccountCreate), a)
}
