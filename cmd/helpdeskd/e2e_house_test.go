//go:build linux

package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/mailgen"
	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

const (
	helpAddress = "help@corp.example"
	helpLogin   = "help"
	helpSecret  = "correct horse"
)

// engines are both databases.
var engines = []migrations.Engine{migrations.SQLite, migrations.Postgres}

// house is a helpdesk with everything around it: a real Dovecot, an SMTP
// sink, a database, a configuration, and the record of what was put in.
type house struct {
	t      testing.TB
	imap   *imaptest.Server
	sink   *checker.Sink
	dsn    string
	dir    string // of the configuration and the data
	listen string
	record checker.Record
	box    []string // lines for [[mailbox]]
	top    []string // lines above it
	imapTo string   // host:port, where not Dovecot's own
	smtpTo string
	secret string
	// imapAuth are lines for [mailbox.imap], in the place of the password.
	imapAuth string
	accounts map[string]bool // made so far
	rate     int             // of mails a minute; 0: as many as there are
	env      []string        // of every helpdesk started here
	patience string          // added to the database's address, for helpdeskd alone
}

// newHouse starts the servers around a helpdesk that is not started yet.
func newHouse(t testing.TB, engine migrations.Engine) *house {
	t.Helper()
	return newHouseOn(t, freshDSN(t, engine), imaptest.Options{})
}

// freshDSN returns the address of a fresh database.
func freshDSN(t testing.TB, engine migrations.Engine) string {
	t.Helper()
	return dbtest.DSN(t, engine)
}

// newHouseOn is newHouse on a database of one's own, with a mail server that
// may be a poorer one.
func newHouseOn(t testing.TB, dsn string, o imaptest.Options) *house {
	t.Helper()
	sink, err := checker.NewSink()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	o.Users = []imaptest.User{{Name: helpLogin, Password: helpSecret}}
	s := imaptest.New(t, o)
	h := &house{t: t, imap: s, sink: sink, dsn: dsn, dir: t.TempDir(), listen: freeAddr(t), secret: helpSecret}
	h.imapTo = net.JoinHostPort(s.Host, fmt.Sprint(s.Port))
	h.smtpTo = sink.Addr
	h.record = checker.Record{Address: helpAddress, Staff: []string{technician, adminAddress}}
	return h
}

// write writes the configuration.
func (h *house) write() string {
	h.t.Helper()
	ih, ip, _ := net.SplitHostPort(h.imapTo)
	sh, sp, _ := net.SplitHostPort(h.smtpTo)
	auth := fmt.Sprintf("password = %q", h.secret)
	if h.imapAuth != "" {
		auth = h.imapAuth
	}
	text := fmt.Sprintf(`listen = %q
database = %q
data_dir = %q
%s

[ack]
rate = %d

[[mailbox]]
name = "help"
address = %q
begin = "everything"
poll = "5s"
%s
[mailbox.imap]
host = %q
port = %s
security = "plain"
username = %q
%s
[mailbox.smtp]
host = %q
port = %s
security = "plain"
auth = "none"
`, h.listen, h.dsn+h.patience, h.dir, strings.Join(h.top, "\n"), cmp.Or(h.rate, 10000), helpAddress, strings.Join(h.box, "\n"), ih, ip, helpLogin, auth, sh, sp)
	path := filepath.Join(h.dir, "helpdeskd.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// serve starts the helpdesk.
func (h *house) serve(env ...string) *daemon {
	h.t.Helper()
	d := launch(h.t, slices.Concat(h.env, env), "--config", h.write(), "serve")
	d.listen = h.listen
	return d
}

// command runs another command of the helpdesk to its end.
func (h *house) command(args ...string) (int, string) {
	h.t.Helper()
	d := launch(h.t, nil, append([]string{"--config", h.write()}, args...)...)
	return d.exit(h.t, time.Minute), d.log.String()
}

// put delivers mails into the mailbox, in this order, and writes them down.
func (h *house) put(entries ...checker.Entry) {
	h.t.Helper()
	var mails [][]byte
	for _, e := range entries {
		mails = append(mails, e.Raw)
		h.record.Add(e)
	}
	if err := h.imap.DeliverAll(helpLogin, "INBOX", mails...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) options() checker.Options {
	return checker.Options{Maildir: filepath.Join(h.imap.Dir, "mail", helpLogin), Processed: "Processed", DSN: h.dsn}
}

// settle waits until every mail put in has been dealt with and every answer has left.
func (h *house) settle(timeout time.Duration) checker.State {
	h.t.Helper()
	s, err := checker.Wait(h.t.Context(), h.dsn, timeout, checker.Settled(len(h.record.Entries)))
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// check reports what the checker finds, and returns it.
func (h *house) check(opt checker.Options) []checker.Finding {
	h.t.Helper()
	found, err := checker.Check(h.t.Context(), &h.record, h.sink.All(), opt)
	if err != nil {
		h.t.Fatal(err)
	}
	for i, f := range found {
		if i == 30 {
			h.t.Errorf("and %d more findings", len(found)-i)
			break
		}
		h.t.Error(f)
	}
	if len(found) > 0 {
		h.disorder()
	}
	return found
}

// pardon deals with mail that was being read at three kills: the machine
// cannot know that it was not to blame, and sets it aside; an administrator
// tries it again, as a person would. It returns how many mails that were. The
// daemon must be ready.
func (h *house) pardon() int {
	h.t.Helper()
	ids := h.inbox(`fate = 'quarantine' AND attempts >= 3`)
	if len(ids) == 0 {
		return 0
	}
	h.overtaken()
	ada := h.admin()
	for _, id := range ids {
		ada.submit("/mail/quarantine/" + id + "/retry")
	}
	h.settle(time.Minute)
	return len(ids)
}

// overtaken changes what is right where a mail was set aside for a person:
// nothing waits for it any more, so that another mail of the thread opens the
// ticket. All else must be as ever.
func (h *house) overtaken() {
	h.t.Helper()
	for i := range h.record.Entries {
		e := &h.record.Entries[i]
		if e.Requester != "" && len(e.Fates) == 1 && (e.Fates[0] == "new" || e.Fates[0] == "append" || e.Fates[0] == "duplicate") {
			e.Fates, e.Ack = []string{"new", "append", "duplicate"}, checker.AckMust
		}
	}
}

// inbox returns the ids of the inbox rows that a condition holds for.
func (h *house) inbox(where string) []string { return h.ids("inbox", where) }

// outbox is the same of the outbox.
func (h *house) outbox(where string) []string { return h.ids("outbox", where) }

func (h *house) ids(table, where string) []string {
	h.t.Helper()
	list := "group_concat(id)"
	if strings.HasPrefix(h.dsn, "postgres") {
		list = "string_agg(CAST(id AS text), ',')"
	}
	var ids string
	h.query(&ids, `SELECT COALESCE(`+list+`, '') FROM `+table+` WHERE `+where)
	if ids == "" {
		return nil
	}
	return strings.Split(ids, ",")
}

// early reports mail that was moved before it was kept.
func (h *house) early() {
	h.t.Helper()
	found, err := checker.Early(h.t.Context(), h.options())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range found {
		h.t.Error(f)
	}
}

// generated turns generated mails into entries. Prefix keeps the threads of
// several batches apart.
func generated(prefix string, mails []mailgen.Mail) []checker.Entry {
	out := make([]checker.Entry, len(mails))
	for i, m := range mails {
		e := checker.Entry{Key: fmt.Sprintf("%s %d, a %s in %s", prefix, i, m.Kind, m.Shape), Raw: m.Raw, Marker: m.Marker}
		thread := func(n int) string { return fmt.Sprintf("%s %d", prefix, n) }
		switch m.Kind {
		case mailgen.Request:
			e.Thread, e.Fates, e.Ticket, e.Requester, e.Ack = thread(i), []string{"new"}, true, m.From, checker.AckMust
		case mailgen.Reply:
			e.Thread, e.Fates, e.Ticket, e.Requester = thread(m.Of), []string{"append"}, true, m.From
		case mailgen.Duplicate, mailgen.Traced:
			e.Thread, e.Fates, e.Requester = thread(m.Of), []string{"duplicate"}, m.From
		case mailgen.Bounce:
			e.Thread, e.Fates = thread(i), []string{"none", "new"}
		default: // robots: kept and shown to somebody, or kept only; never answered
			e.Thread, e.Fates = thread(i), []string{"new", "none"}
		}
		out[i] = e
	}
	return out
}

// corpusDir returns the folder of a set of the mail corpus, "" where there is
// none: the test then goes on without it, and says so.
func corpusDir(t testing.TB, set string) string {
	t.Helper()
	if dir := os.Getenv("HELPDESKD_CORPUS"); dir != "" {
		return filepath.Join(dir, set)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		c := filepath.Join(filepath.Dir(dir), "shared", "corpus", set)
		if _, err := os.Stat(c); err == nil {
			return c
		} else if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if filepath.Dir(dir) == dir {
			t.Logf("without the mails of %s: the corpus is not beside the project as ../shared/corpus, and HELPDESKD_CORPUS does not name it", set)
			return ""
		}
		dir = filepath.Dir(dir)
	}
}
