package watch_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/demo"
	"helpdeskd/cmd/helpdeskd/watch"
	"helpdeskd/ingest"
	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// clock is a time that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// chat is a webhook that keeps what is posted.
type chat struct {
	*httptest.Server
	secret string
	mu     sync.Mutex
	bad    bool // answers 500
	got    []string
	wrong  []string
}

func newChat(t *testing.T) *chat {
	c := &chat{secret: "a secret between two"}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.bad {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		var p struct {
			Text   string
			Test   bool
			Alarms []struct{ Edge, Kind, About string }
		}
		if err := json.Unmarshal(body, &p); err != nil || p.Text == "" {
			c.wrong = append(c.wrong, string(body))
		}
		if r.Header.Get("X-Helpdeskd-Signature") != "sha256="+watch.Sign(c.secret, r.Header.Get("X-Helpdeskd-Timestamp"), body) {
			c.wrong = append(c.wrong, "signature")
		}
		if p.Test {
			c.got = append(c.got, "test")
		}
		for _, a := range p.Alarms {
			c.got = append(c.got, a.Edge+" "+a.Kind+" "+a.About)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) said() []string { c.mu.Lock(); defer c.mu.Unlock(); return slices.Clone(c.got) }
func (c *chat) fail(is bool)   { c.mu.Lock(); defer c.mu.Unlock(); c.bad = is }

// house is a desk on one database with a mail server of its own, a second one
// for alarms, and a chat.
type house struct {
	t     *testing.T
	db    *migrations.DB
	clock *clock
	chat  *chat
	desk  *demo.Hub // the helpdesk's mail server
	other *demo.Hub // the one that alarms go by
	pass  [2]string
	nodes map[string]*node
	box   tracker.Mailbox
}

// node is one process.
type node struct {
	store *tracker.Store
	watch *watch.Watch
	stop  func()
}

func newHub(t *testing.T, domain, address string) (*demo.Hub, string) {
	hub, err := demo.NewHub(domain, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hub.Close() })
	password, err := hub.AddAccount(address)
	if err != nil {
		t.Fatal(err)
	}
	return hub, password
}

func newHouse(t *testing.T, db *migrations.DB) *house {
	h := &house{t: t, db: db, clock: &clock{at: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}, chat: newChat(t), nodes: map[string]*node{}}
	h.desk, h.pass[0] = newHub(t, "aster.example", "desk@aster.example")
	h.other, h.pass[1] = newHub(t, "lead.example", "lead@lead.example")
	return h
}

// start begins a node as a new process does: nothing is remembered. It holds
// the leases that are free, and reads the mailbox.
func (h *house) start(name string) *node {
	t := h.t
	n := &node{store: tracker.New(h.db, tracker.Options{Clock: h.clock.now, Node: name})}
	var err error
	h.box, err = n.store.OpenMailbox(t.Context(), "desk", "desk@aster.example", tracker.Begin{Everything: true})
	if err != nil {
		t.Fatal(err)
	}
	hook, err := watch.NewWebhook(h.chat.URL, h.chat.secret)
	if err != nil {
		t.Fatal(err)
	}
	routes := []watch.Route{hook, watch.Mail{To: []string{"lead@lead.example"}, SMTP: mailer.SMTPConfig{
		Address: "lead@lead.example", Host: "127.0.0.1", Port: h.other.SMTPAddr().Port, Security: "plain", Auth: "plain", Username: "lead@lead.example", Password: h.pass[1]}}}
	n.watch, err = watch.New(n.store, watch.Options{
		Mailboxes: func(context.Context) []tracker.Watched {
			return []tracker.Watched{{ID: h.box.ID, Name: "desk", Poll: 5 * time.Second}}
		},
		Routes: func(context.Context) []watch.Route { return routes }, PublicURL: "https://desk.aster.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := ingest.NewPoller(n.store, h.box.ID, ingest.MailboxConfig{Name: "desk", Address: "desk@aster.example", Host: "127.0.0.1", Port: h.desk.IMAPAddr().Port,
		Security: "plain", Auth: "plain", Username: "desk@aster.example", Password: h.pass[0], Poll: time.Second}, ingest.PollerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { p.Run(ctx) })
	for _, lease := range []string{tracker.BeatOutbox, tracker.BeatIndex, tracker.BeatClock} {
		all.Go(func() {
			if l, err := n.store.Acquire(ctx, lease); err == nil {
				<-ctx.Done()
				l.Release(context.Background())
			}
		})
	}
	n.stop = func() { cancel(); all.Wait() }
	t.Cleanup(func() { n.stop() })
	h.nodes[name] = n
	return n
}

// beat shows that the holders of the leases live, however little time a test
// takes for an hour.
func (h *house) beat() {
	err := h.db.Tx(h.t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(h.t.Context(), `UPDATE lease SET beat = beat + 1`)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// passes has every node look every twenty seconds for a time. Good says that
// the mailbox is read meanwhile.
func (h *house) passes(d time.Duration, good bool) {
	for i := range int(d / (20 * time.Second)) {
		h.clock.add(20 * time.Second)
		h.beat()
		for _, n := range h.nodes {
			n.store.Alive(tracker.BeatDecide + strconv.FormatInt(h.box.ID, 10))
			if good && i > 0 { // time goes faster than the poller
				if err := n.store.PollResult(h.t.Context(), h.box.ID, tracker.Poll{}); err != nil {
					h.t.Fatal(err)
				}
			}
		}
		if good && i == 0 {
			h.read()
		}
		for _, name := range slices.Sorted(mapsKeys(h.nodes)) {
			h.nodes[name].watch.Round(h.t.Context())
		}
		for _, name := range slices.Sorted(mapsKeys(h.nodes)) {
			h.nodes[name].watch.Told()
		}
	}
}

func mapsKeys(m map[string]*node) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// read waits until the poller has looked at the time that it is now.
func (h *house) read() {
	h.await("the mailbox is read", func() bool {
		for _, n := range h.nodes {
			m, err := n.store.Mailbox(h.t.Context(), h.box.ID)
			return err == nil && h.clock.now().Sub(migrations.Or(m.LastOKAt).Time()) < 15*time.Second
		}
		return false
	})
}

func (h *house) await(what string, ok func() bool) {
	h.t.Helper()
	for until := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(until) {
			h.t.Fatalf("it does not come to pass that %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// mails returns the subjects of the alarms that came by mail.
func (h *house) mails() []string {
	var all []string
	for _, l := range h.other.Letters("lead@lead.example") {
		if l.Sent {
			continue
		}
		for line := range strings.SplitSeq(string(l.Raw), "\n") {
			if s, ok := strings.CutPrefix(line, "Subject: "); ok {
				all = append(all, strings.TrimSpace(s))
			}
		}
	}
	return all
}

// TestTheMailServerDies: one alarm by webhook and one by another mail server
// within five minutes, though there are two nodes, and both are killed and
// started anew; and one of each when it lives again.
func TestTheMailServerDies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		h := newHouse(t, db)
		h.start("one")
		h.start("two")
		h.passes(2*time.Minute, true)
		if got := h.chat.said(); len(got) != 0 {
			t.Fatalf("all is well, but the chat was told %q", got)
		}
		h.desk.Close()
		h.await("the poller finds out", func() bool {
			m, err := h.nodes["one"].store.Mailbox(t.Context(), h.box.ID)
			return err == nil && m.LastError != ""
		})
		died := h.clock.now()
		for len(h.chat.said()) == 0 {
			h.passes(20*time.Second, false)
			if h.clock.now().Sub(died) > 5*time.Minute {
				t.Fatal("no alarm within five minutes")
			}
		}
		for _, name := range []string{"one", "two"} { // killed: nothing is taken back
			h.nodes[name].stop()
			h.start(name)
			h.passes(3*time.Minute, false)
		}
		const begin, clear = "begin unread desk", "clear unread desk"
		if got := h.chat.said(); !slices.Equal(got, []string{begin}) {
			t.Errorf("the chat was told %q", got)
		}
		if got := h.mails(); len(got) != 1 || !strings.Contains(got[0], "Alarm: The mailbox desk is not read") {
			t.Errorf("by mail came %q", got)
		}
		h.desk, h.pass[0] = newHub(t, "aster.example", "desk@aster.example")
		for _, name := range []string{"one", "two"} {
			h.nodes[name].stop()
			h.start(name)
		}
		h.passes(5*time.Minute, true)
		if got := h.chat.said(); !slices.Equal(got, []string{begin, clear}) {
			t.Errorf("the chat was told %q", got)
		}
		if got := h.mails(); len(got) != 2 || !strings.Contains(got[1], "Over: The mailbox desk is not read") {
			t.Errorf("by mail came %q", got)
		}
		if len(h.chat.wrong) > 0 {
			t.Errorf("the webhook got what it should not: %q", h.chat.wrong)
		}
	})
}

// TestARouteThatFails is tried again, shown, and told of by the other one.
func TestARouteThatFails(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, migrations.SQLite))
	n := h.start("one")
	h.chat.fail(true)
	if err := n.watch.Test(t.Context(), tracker.Actor{}, tracker.RouteWebhook); err != nil {
		t.Fatal(err)
	}
	routes, err := n.store.AlarmRoutes(t.Context())
	if err != nil || !strings.Contains(routes[tracker.RouteWebhook].Error, "500") || strings.Contains(routes[tracker.RouteWebhook].Error, h.chat.URL) {
		t.Errorf("it fares %+v, %v", routes, err)
	}
	h.passes(time.Minute, true)
	h.desk.Close()
	h.await("the poller finds out", func() bool {
		m, err := n.store.Mailbox(t.Context(), h.box.ID)
		return err == nil && m.LastError != ""
	})
	h.passes(10*time.Minute, false)
	if got := h.mails(); len(got) != 2 || !strings.Contains(got[1], "Alarms do not get out by the webhook") {
		t.Errorf("by mail came %q", got)
	}
	h.chat.fail(false)
	h.passes(20*time.Minute, false)
	if got := h.chat.said(); !slices.Equal(got, []string{"begin unread desk"}) {
		t.Errorf("the chat was told %q", got)
	}
	if err := n.watch.Test(t.Context(), tracker.Actor{}, "pigeon"); migrations.KindOf(err) != migrations.NotFound {
		t.Errorf("a route that is not there: %v", err)
	}
}

// TestTheDatabaseDies: the node tells so by itself, once, across starts.
func TestTheDatabaseDies(t *testing.T) {
	db := dbtest.Open(t, migrations.SQLite)
	h := newHouse(t, db)
	dir := t.TempDir()
	hook, err := watch.NewWebhook(h.chat.URL, h.chat.secret)
	if err != nil {
		t.Fatal(err)
	}
	begin := func(db *migrations.DB) *watch.Watch {
		w, err := watch.New(tracker.New(db, tracker.Options{Clock: h.clock.now, Node: "one"}), watch.Options{DataDir: dir,
			Routes: func(context.Context) []watch.Route { return []watch.Route{hook} }})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	rounds := func(w *watch.Watch, n int) {
		for range n {
			h.clock.add(20 * time.Second)
			w.Round(t.Context())
			w.Told()
		}
	}
	dead := dbtest.Open(t, migrations.SQLite)
	dead.Close()
	rounds(begin(db), 3)
	if reasons := begin(dead).Ready(t.Context()); len(reasons) != 1 || reasons[0] != "the database can not be written" {
		t.Errorf("readiness says %q", reasons)
	}
	rounds(begin(dead), 12)
	rounds(begin(dead), 12) // another start
	if got := h.chat.said(); !slices.Equal(got, []string{"begin database "}) {
		t.Fatalf("the chat was told %q", got)
	}
	w := begin(db)
	for range 12 {
		h.beat()
		rounds(w, 1)
	}
	got := slices.DeleteFunc(h.chat.said(), func(s string) bool { return strings.Contains(s, "lease") }) // nobody works here
	if !slices.Equal(got, []string{"begin database ", "clear database "}) {
		t.Errorf("the chat was told %q", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "alarm-database")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was remembered is not forgotten: %v", err)
	}
}

// TestWebhookAddresses: nothing leaves readable, and nothing is followed.
func TestWebhookAddresses(t *testing.T) {
	for _, bad := range []string{"http://chat.example/x", "ftp://chat.example", "https://user:pass@chat.example/", "", "chat.example", "http://127.0.0.1.example/"} {
		if _, err := watch.NewWebhook(bad, ""); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	asked := 0
	to := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer to.Close()
	from := httptest.NewServer(http.RedirectHandler(to.URL, http.StatusTemporaryRedirect))
	defer from.Close()
	h, err := watch.NewWebhook(from.URL+"/secret-part", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Tell(t.Context(), watch.Letter{ID: "x"}); err == nil || asked != 0 || strings.Contains(err.Error(), "secret-part") {
		t.Errorf("a redirect: %v, followed %d times", err, asked)
	}
	from.Close()
	if _, err := h.Tell(t.Context(), watch.Letter{ID: "x"}); err == nil || strings.Contains(err.Error(), "secret-part") {
		t.Errorf("a server that is away: %v", err)
	}
}
