package web

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// TestSlowBodies: a stranger who announces a form and never sends it must not
// hold a connection for ever, whatever address it is for.
func TestSlowBodies(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	var err error
	w.site, err = New(w.Store, inventory.New(w.Store), Options{Mail: plainReader{}, formTime: 200 * time.Millisecond})
	w.ok(err)
	srv := httptest.NewServer(w.site)
	defer srv.Close()
	for _, start := range []string{"POST /login", "POST /tickets", "GET /login", "POST /nowhere", "POST /import"} {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		w.ok(err)
		defer c.Close()
		fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nemail=", start)
		w.ok(c.SetReadDeadline(time.Now().Add(15 * time.Second)))
		in := bufio.NewReader(c)
		for err == nil {
			_, err = in.ReadByte()
		}
		if n, ok := err.(net.Error); ok && n.Timeout() {
			t.Errorf("%s: the connection is open after 15 s", start)
		}
	}
	// What arrives in time may be answered later than that.
	slow := httptest.NewServer((&site{opts: Options{formTime: 200 * time.Millisecond}}).hurry(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.ok(r.ParseForm())
		select {
		case <-r.Context().Done():
			t.Error("a request that had arrived was given up")
		case <-time.After(600 * time.Millisecond):
		}
		rw.WriteHeader(http.StatusTeapot)
	})))
	defer slow.Close()
	res, err := slow.Client().Post(slow.URL, "application/x-www-form-urlencoded", strings.NewReader("a=b"))
	w.ok(err)
	res.Body.Close()
	if res.StatusCode != http.StatusTeapot {
		t.Error(res.StatusCode)
	}
}
