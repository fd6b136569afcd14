package desk_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"satchel/desk"
	"satchel/internal/browser"
	"satchel/storage"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }

// signed is a browser in which somebody has signed in.
func (p *practice) signed(t testing.TB, account string) *browser.Browser {
	t.Helper()
	b := browser.Start(t)
	b.Open(p.url + "/sign-in")
	b.Fill("Name", account)
	b.Fill("Password", password)
	b.Click("Sign in")
	b.Wait("Sign out")
	return b
}

// looks checks what every page must be: accessible by day and by night, no wider than a phone, readable at 200 %, quiet, and
// asking nobody else. It keeps pictures under the name.
func (p *practice) looks(b *browser.Browser, name string) {
	b.Light()
	b.WantAccessible()
	b.Screenshot(name)
	b.Dark()
	b.WantAccessible()
	b.Screenshot(name + "-dark")
	b.Light()
	b.Zoom(200)
	if n := b.Overflow(); n > 0 {
		p.t.Errorf("%s: %d pixels too wide at 200 %%", name, n)
	}
	b.Zoom(100)
	b.Phone()
	b.WantAccessible()
	if n := b.Overflow(); n > 0 {
		p.t.Errorf("%s: %d pixels too wide for a phone", name, n)
	}
	b.Screenshot(name + "-phone")
	b.Window(1280, 900)
	b.WantQuiet(p.url)
}

// code is what an authenticator app shows for a secret, steps of 30 seconds from now.
func code(t testing.TB, secret string, steps int64) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, key)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30+steps)))
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

func TestPagesLook(t *testing.T) {
	p := open(t, func(s *settings) {
		s.Still = true
		s.Desk.Backup = func() desk.Backup {
			return desk.Backup{Planned: true, Last: time.Now().Add(-5 * time.Hour), Every: 24 * time.Hour}
		}
		s.Desk.Notices = func(context.Context) []desk.Notice {
			return []desk.Notice{{Problem: true, Text: "The certificate ends in less than 7 days.", Do: "put a new one into tls.cert_file"},
				{Text: "A newer version of the programme is installed.", Do: "restart the server when convenient"}}
		}
	})
	for i := range 2 {
		job := storage.Job{Kind: "bulk", Account: "fred", Request: []byte(`{}`)}
		if _, err := p.store.AddJob(t.Context(), job, 0); err != nil {
			t.Fatal(i, err)
		}
	}
	b := browser.Start(t)
	b.Open(p.url + "/")
	b.Wait("Sign in")
	p.looks(b, "sign-in")
	b.Fill("Name", "ann")
	b.Fill("Password", "wrong words of mine")
	b.Click("Sign in")
	b.Wait("That did not work")
	b.Forget() // the console tells of status 422
	p.looks(b, "sign-in-wrong")
	b.Fill("Password", password)
	b.Click("Sign in")
	b.Wait("Today")
	for _, page := range []string{"", "account", "account/password", "account/two-factor", "help"} {
		b.Open(p.url + "/" + page)
		p.looks(b, "page-"+strings.ReplaceAll(page, "/", "-"))
	}
	b.Open(p.url + "/nothing/here")
	b.Wait("There is nothing here")
	b.Forget()
	p.looks(b, "missing")
}
