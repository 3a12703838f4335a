//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"helpdeskd/migrations"
)

type benchWebCmd struct {
	benchPlace
	Pages int           `help:"How often each page is asked for." default:"50"`
	Idle  time.Duration `help:"How long to rest before the memory is read." default:"15s"`
}

// Run measures start, memory and pages.
func (c benchWebCmd) Run(s *session) error {
	b, done, err := c.prepare(s)
	if err != nil {
		return err
	}
	defer done()
	imap, smtp, stop, err := b.mailServers(nil)
	if err != nil {
		return err
	}
	defer stop()
	d, err := b.serve(imap, smtp.endpoint, 25)
	if err != nil {
		return err
	}
	defer d.stop()
	start, err := d.answers(b.ctx)
	if err != nil {
		return err
	}
	figure(b.out, "", "on %s with %d tickets", b.engine(), c.Tickets)
	figure(b.out, "from the start to the first answer", "%d ms", start.Milliseconds())
	if err := rest(b.ctx, c.Idle); err != nil {
		return err
	}
	figure(b.out, "idle memory (VmRSS) after "+c.Idle.String(), "%.0f MB", float64(d.memory("VmRSS"))/1e6)
	v, err := signIn(b.ctx, d.listen)
	if err != nil {
		return err
	}
	pages, err := b.webPages()
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := c.page(b, v, p); err != nil {
			return err
		}
	}
	if err := b.similar(); err != nil {
		return err
	}
	if err := rest(b.ctx, c.Idle); err != nil {
		return err
	}
	figure(b.out, "idle memory (VmRSS) after the pages", "%.0f MB, at its peak %.0f MB", float64(d.memory("VmRSS"))/1e6, float64(d.memory("VmHWM"))/1e6)
	return nil
}

// webPage is a page to measure, and the time within which 95 of 100 should
// have come.
type webPage struct {
	path string
	want time.Duration
}

// webPages are the first pages of every list, the pages of single things, and
// searches for common and for rare words.
func (b *bench) webPages() ([]webPage, error) {
	db, err := migrations.Connect(b.ctx, b.dsn.Reveal())
	if err != nil {
		return nil, err
	}
	defer db.Close()
	// most returns the owner of the most rows, so that single pages are full ones.
	most := func(query string) (n int64, err error) {
		err = db.Get(b.ctx, &n, query)
		if migrations.KindOf(err) == migrations.NotFound {
			return 0, nil
		}
		return n, err
	}
	const list, search = 50 * time.Millisecond, 20 * time.Millisecond
	pages := []webPage{{"/board", list}, {"/tickets", list}, {"/tickets?stage=completed&archived=also", list}, {"/tickets?who=nobody", list}, {"/tickets?category=3", list},
		{"/people", list}, {"/held", list}, {"/assets", list}, {"/assets?status=stowed", list}, {"/models", list}, {"/locations", list}, {"/orders", list}, {"/audit", list}, {"/mail", list}}
	const insight = 100 * time.Millisecond
	pages = append(pages, webPage{"/trends", insight}, webPage{"/trends?months=36", insight}, webPage{"/overview", insight}, webPage{"/overview?month=" + time.Now().AddDate(0, -2, 1-time.Now().Day()).Format("2006-01"), insight})
	for _, one := range []struct{ path, query string }{
		{"/tickets/%d", `SELECT MAX(number) FROM ticket`},
		{"/tickets/%d", `SELECT t.number FROM ticket t JOIN message m ON m.ticket_id = t.id GROUP BY t.number ORDER BY COUNT(*) DESC LIMIT 1`},
		{"/people/%d", `SELECT client_id FROM ticket GROUP BY client_id ORDER BY COUNT(*) DESC LIMIT 1`},
		{"/assets/%d", `SELECT asset_id FROM movement GROUP BY asset_id ORDER BY COUNT(*) DESC LIMIT 1`},
		{"/locations/%d", `SELECT location_id FROM asset WHERE location_id IS NOT NULL GROUP BY location_id ORDER BY COUNT(*) DESC LIMIT 1`},
		{"/orders/%d", `SELECT number FROM work_order ORDER BY number DESC LIMIT 1`},
	} {
		n, err := most(one.query)
		if err != nil {
			return nil, fmt.Errorf("find a full page %s: %w", one.path, err)
		}
		if n != 0 {
			pages = append(pages, webPage{fmt.Sprintf(one.path, n), list})
		}
	}
	for _, words := range []string{"printer", "pr", "printer paper jam", "reference meeting certificate", "sn100", "HD-4711", "pc-00017", "nothinglikeit", "printer nothinglikeit"} {
		pages = append(pages, webPage{"/search?q=" + url.QueryEscape(words), search})
	}
	return pages, nil
}

func (c benchWebCmd) page(b *bench, v *visitor, p webPage) error {
	var took []time.Duration
	size := 0
	for range c.Pages {
		begun := time.Now()
		n, err := v.get(b.ctx, p.path)
		if err != nil {
			return err
		}
		took, size = append(took, time.Since(begun)), n
	}
	first := took[0]
	slices.Sort(took)
	p95, met := quantile(took, 0.95), "asked"
	if p95 > p.want {
		met = "MISSED"
	}
	figure(b.out, "page "+p.path, "first %5.1f ms, then p50 %5.1f ms, p95 %5.1f ms (%s: %d ms), %d KB", ms(first), ms(quantile(took, 0.5)), ms(p95), met, p.want.Milliseconds(), size/1000)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// rest waits, or ends early with the context.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// someTicket returns the number of the newest ticket of the database.
func (b *bench) someTicket() (int64, error) {
	db, err := migrations.Connect(b.ctx, b.dsn.Reveal())
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var n int64
	if err := db.Get(b.ctx, &n, `SELECT COALESCE(MAX(number), 0) FROM ticket`); err != nil {
		return 0, fmt.Errorf("find a ticket: %w", err)
	}
	return n, nil
}

// mailServers starts an empty Dovecot and an SMTP server.
func (b *bench) mailServers(seen func(to string, data []byte)) (endpoint, *drain, func(), error) {
	smtp, err := newDrain(seen)
	if err != nil {
		return endpoint{}, nil, nil, err
	}
	dir := filepath.Join(filepath.Dir(b.dir), filepath.Base(b.dir)+"-dovecot")
	s, stop, err := startDovecot(b.ctx, dir, benchMailbox, "secret")
	if err != nil {
		smtp.server.Close()
		return endpoint{}, nil, nil, err
	}
	return endpoint{Host: s.Host, Port: s.Port, User: benchMailbox, Password: "secret"}, smtp, func() {
		stop()
		smtp.server.Close()
	}, nil
}

// visitor is somebody who has signed in.
type visitor struct {
	base   string
	client *http.Client
}

// signIn signs the bench's account in.
func signIn(ctx context.Context, listen string) (*visitor, error) {
	return signInAs(ctx, listen, benchAdmin, benchPassword)
}

// signInAs signs an account in.
func signInAs(ctx context.Context, listen, email, password string) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &visitor{base: "http://" + listen, client: &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if _, err := v.post(ctx, "/login", url.Values{"email": {email}, "password": {password}}); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	return v, nil
}

// get reads a page, and returns its size.
func (v *visitor) get(ctx context.Context, path string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.base+path, nil)
	if err != nil {
		return 0, err
	}
	r, err := v.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer r.Body.Close()
	n, err := io.Copy(io.Discard, r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", path, r.Status)
	}
	return int(n), err
}

// post sends a form, and returns where the answer leads.
func (v *visitor) post(ctx context.Context, path string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", v.base)
	r, err := v.client.Do(req)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	io.Copy(io.Discard, r.Body)
	if r.StatusCode != http.StatusSeeOther {
		return "", fmt.Errorf("POST %s: %s", path, r.Status)
	}
	return r.Header.Get("Location"), nil
}
