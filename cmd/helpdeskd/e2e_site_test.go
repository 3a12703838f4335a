//go:build linux

package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
)

const (
	adminAddress  = "ada@corp.example"
	adminPassword = "nine patient lanterns"
)

// person is somebody at the site.
type person struct {
	*visitor
	h *house
}

// admin signs the administrator in, who is made at the first call. The
// daemon must be ready.
func (h *house) admin() *person { return h.person(adminAddress, "Ada Admin", "admin") }

func (h *house) person(address, name, role string) *person {
	h.t.Helper()
	h.account(address, name, role)
	v, err := signInAs(h.t.Context(), h.listen, address, adminPassword)
	if err != nil {
		h.t.Fatal(err)
	}
	return &person{v, h}
}

// account makes an account, unless there is one.
func (h *house) account(address, name, role string) {
	h.t.Helper()
	if h.accounts[address] {
		return
	}
	d := launchIn(h.t, strings.NewReader(adminPassword+"\n"), nil, helpdeskd(h.t), "--config", h.write(), "user", "add", address, "--name", name, "--role", role)
	if code := d.exit(h.t, 30*time.Second); code != 0 {
		h.t.Fatalf("add %s: exit status %d: %s", address, code, d.log.String())
	}
	if h.accounts == nil {
		h.accounts = map[string]bool{}
	}
	h.accounts[address] = true
}

// page returns the text of a page.
func (p *person) page(path string) string {
	p.h.t.Helper()
	req, err := http.NewRequestWithContext(p.h.t.Context(), http.MethodGet, p.base+path, nil)
	if err != nil {
		p.h.t.Fatal(err)
	}
	r, err := p.client.Do(req)
	if err != nil {
		p.h.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		p.h.t.Fatalf("GET %s: %s, %v", path, r.Status, err)
	}
	return string(b)
}

// submit posts a form: pairs of names and values.
func (p *person) submit(path string, pairs ...string) {
	p.h.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	if _, err := p.post(p.h.t.Context(), path, form); err != nil {
		p.h.t.Fatal(err)
	}
}

// query reads one value from the database, by the checker's own connection.
func (h *house) query(dest any, q string, args ...any) {
	h.t.Helper()
	db, err := checker.Connect(h.dsn)
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(h.t.Context(), q, args...).Scan(dest); err != nil {
		h.t.Fatalf("%s: %v", q, err)
	}
}

// memory reads a line of the daemon's /proc status, in bytes.
func memory(d *daemon, line string) int64 {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(d.cmd.Process.Pid) + "/status")
	for l := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(l, line+":"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}
