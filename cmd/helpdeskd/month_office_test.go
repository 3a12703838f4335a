package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helpdeskd/cmd/helpdeskd/checker"
	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/cmd/helpdeskd/quiet"
	"helpdeskd/ingest"
	"helpdeskd/inventory"
	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

const (
	monthDesk  = "help@" + monthDomain
	monthForms = "forms@" + monthDomain
	monthURL   = "https://desk." + monthDomain
	monthTrust = "Authentication-Results: mx." + monthDomain + "; dmarc=pass header.from=" + monthDomain
)

var monthBegins = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// office plays the month on the real program: mails come in by the pipe's
// door, leave by the mailer into a sink, people use the site, and answer what
// the sink has received for them. Only the clock is ours.
type office struct {
	t      *testing.T
	ctx    context.Context
	dsn    string
	dir    string
	now    atomic.Int64 // microseconds
	sink   *checker.Sink
	served *httptest.Server
	staff  map[string]*visitor
	signed map[string]time.Time

	db     *migrations.DB
	desk   *desk
	store  *tracker.Store
	pipe   *ingest.Pipe
	news   chan struct{}
	close  func()
	box    int64
	mails  int
	record checker.Record

	number map[string]int64  // of tickets, by the script's names
	thing  map[string]int64  // assets
	order  map[string]int64  // work orders, by the matter that they were opened for
	last   map[string][]byte // the last mail that opened a matter
	read   int               // how much of the sink was read
	boxes  map[string][]checker.Received
}

// woken is a store whose mailer can be told that time has passed.
type woken struct {
	*tracker.Store
	news chan struct{}
}

func (w woken) OutboxNews() <-chan struct{} { return w.news }

func newOffice(t *testing.T, engine migrations.Engine) *office {
	sink, err := checker.NewSink()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	o := &office{t: t, ctx: t.Context(), dsn: freshDSN(t, engine), dir: t.TempDir(), sink: sink, staff: map[string]*visitor{}, signed: map[string]time.Time{},
		number: map[string]int64{}, thing: map[string]int64{}, order: map[string]int64{}, last: map[string][]byte{}, boxes: map[string][]checker.Received{}}
	o.set(monthBegins)
	o.record = checker.Record{Address: monthDesk}
	o.open()
	t.Cleanup(func() { o.close() })
	o.furnish()
	return o
}

func (o *office) time() time.Time  { return time.UnixMicro(o.now.Load()).UTC() }
func (o *office) set(at time.Time) { o.now.Store(at.UnixMicro()) }
func monthMail(who string) string  { return who + "@" + monthDomain }
func monthPersonOf(who string) string {
	return (&mail.Address{Name: monthPeople[who], Address: monthMail(who)}).String()
}

// configuration is what the file of such an office says.
func (o *office) configuration() *config.Config {
	host, port, _ := strings.Cut(o.sink.Addr, ":")
	n, _ := strconv.Atoi(port)
	c := config.Default()
	c.PublicURL, c.DataDir, c.Database, c.KeyFile = monthURL, o.dir, config.DSN(o.dsn), filepath.Join(o.dir, "key")
	c.Ack.Rate = 100_000
	c.Origin["ack.rate"], c.Origin["public_url"] = "test", "test"
	c.Mailboxes = []config.Mailbox{{Name: "help", Address: monthDesk, Display: "IT helpdesk", OwnDomains: []string{monthDomain}, Trust: "authserv-id", AuthservID: "mx." + monthDomain,
		FormSenders: []string{monthForms}, PlusAddressing: true, Folder: "INBOX", Processed: "Processed", Begin: "everything", Poll: time.Minute, PipeOnly: true,
		SMTP: config.Server{Host: host, Port: n, Security: "plain", Auth: "none"}}}
	return c
}

// open starts the helpdesk on its database.
func (o *office) open() {
	o.t.Helper()
	db, err := migrations.Open(o.ctx, o.dsn)
	o.must(err)
	o.must(db.Hasten(o.ctx))
	c := o.configuration()
	log := slog.New(quiet.New(slog.NewTextHandler(testLog{o.t}, &slog.HandlerOptions{Level: slog.LevelWarn})))
	o.db = db
	key, err := tracker.OpenKey(o.ctx, db, c.KeyFile)
	o.must(err)
	o.store = tracker.New(db, tracker.Options{Clock: o.time, Log: log, Node: "month", Key: key, CheapHashes: true})
	o.desk, err = newDesk(o.ctx, c, o.store, "", log)
	o.must(err)
	boxes, err := o.store.Mailboxes(o.ctx)
	o.must(err)
	o.box = boxes[0].ID
	o.served = httptest.NewServer(o.desk.site)
	o.news = make(chan struct{}, 1)
	m, err := mailer.New(woken{o.store, o.news}, mailer.Options{SMTP: map[string]mailer.SMTPConfig{"help": smtpOf(c.Mailboxes[0], nil)}, PublicURL: monthURL, Zone: time.UTC, Log: log})
	o.must(err)
	ctx, stop := context.WithCancel(o.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = m.Run(ctx) // it returns nil
	}()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-o.store.OutboxNews():
				o.wake()
			}
		}
	}()
	o.pipe = ingest.OpenPipe(ctx, o.store, o.box, ingest.PollerOptions{Parse: parser(o.store, policyOf(o.box, c.Mailboxes[0], c.Ack)), Log: log})
	o.close = func() {
		o.pipe.Close()
		stop()
		<-ended
		o.served.Close()
		db.Close()
		o.close = func() {}
	}
}

type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Helper()
	if l.t.Context().Err() == nil {
		l.t.Logf("%s", bytes.TrimSpace(b))
	}
	return len(b), nil
}

func (o *office) wake() {
	select {
	case o.news <- struct{}{}:
	default:
	}
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// furnish brings in who works there and what they have.
func (o *office) furnish() {
	s := o.store
	by := tracker.Actor{}
	for who, name := range monthStaff {
		in := tracker.NewAccount{Email: monthMail(who), Name: name, Role: tracker.Technician, Password: adminPassword, Notify: tracker.NotifyMine}
		switch who {
		case "tina":
			in.Notify, in.Role = tracker.NotifyAll, tracker.Admin
		case "mona":
			in.Notify, in.Role = tracker.NotifyNone, tracker.Manager
		}
		a, err := s.CreateAccount(o.ctx, by, in)
		o.must(err)
		if who == "tina" {
			eight := int64(8)
			_, err = s.UpdateAccount(o.ctx, by, a.ID, tracker.AccountChange{DigestHour: &eight}, tracker.AnyVersion)
			o.must(err)
		}
		o.record.Staff = append(o.record.Staff, a.Email)
	}
	for _, k := range [][2]string{{tracker.SetSatisfaction, "on"}, {tracker.SetRemindDays, "3"}, {tracker.SetTell, tracker.TellNobody},
		{tracker.SetHours, `{"zone":"UTC","week":[[],[{"from":480,"to":1020}],[{"from":480,"to":1020}],[{"from":480,"to":1020}],[{"from":480,"to":1020}],[{"from":480,"to":1020}],[]]}`}} {
		o.must(s.SetSetting(o.ctx, by, k[0], k[1]))
	}
	o.must(s.AddHoliday(o.ctx, by, tracker.Holiday{Date: "2026-03-20", Name: "Founders' day"}))
	high := true
	_, err := s.AddClient(o.ctx, by, tracker.Address{Name: monthPeople["gina"], Address: monthMail("gina")}, tracker.ClientChange{HighManagement: &high})
	o.must(err)
	things := o.desk.things
	room, err := things.EnsureLocation(o.ctx, by, "Brook House > Store room", "room")
	o.must(err)
	model, err := things.CreateModel(o.ctx, by, inventory.ModelEdit{Name: "Book 14", Manufacturer: "Nordfell", Category: "computer"})
	o.must(err)
	for tag, holder := range monthThings {
		a, err := things.Register(o.ctx, by, inventory.AssetEdit{Tag: tag, ModelID: model.ID}, inventory.Place{Status: inventory.Stowed, LocationID: room.ID})
		o.must(err)
		o.thing[tag] = a.ID
		if holder == "" {
			continue
		}
		c, err := s.AddClient(o.ctx, by, tracker.Address{Name: monthPeople[holder], Address: monthMail(holder)}, tracker.ClientChange{})
		o.must(err)
		_, err = things.Move(o.ctx, by, a.ID, inventory.Place{Status: inventory.Deployed, HolderID: c.ID}, a.Moves)
		o.must(err)
	}
}

// until lets time pass: mails leave when they are due, and the clock's jobs
// run at nine and at five.
func (o *office) until(at time.Time) {
	o.t.Helper()
	for {
		next, tick := at, false
		now := o.time()
		for _, h := range []int{9, 17, 33} {
			x := now.Truncate(24 * time.Hour).Add(time.Duration(h)*time.Hour + 30*time.Second)
			if x.After(now) {
				if !x.After(next) {
					next, tick = x, true
				}
				break
			}
		}
		var due migrations.Stamp
		o.must(o.db.Get(o.ctx, &due, `SELECT COALESCE(MIN(due_at), 0) FROM outbox WHERE state = 'queued'`))
		if d := due.Time(); due != 0 && d.After(now) && d.Before(next) {
			next, tick = d, false
		}
		o.set(next)
		o.settle()
		if tick {
			o.tick()
			o.settle()
		}
		if !next.Before(at) {
			return
		}
	}
}

// tick does what the clock does each minute, and reads the mailbox in vain.
func (o *office) tick() {
	o.t.Helper()
	o.must(o.store.PollResult(o.ctx, o.box, tracker.Poll{UIDValidity: 1}))
	for _, job := range []func(context.Context, *tracker.Lease) (int, error){o.store.AutoComplete, o.store.RecountTargets, o.store.Escalate, o.store.RemindClients, o.store.NudgeAssignees, o.store.SendDigests, o.store.Archive} {
		_, err := job(o.ctx, nil)
		o.must(err)
	}
}

// settle waits until what is due has left, and hands it to its readers.
func (o *office) settle() {
	o.t.Helper()
	o.wake()
	for deadline := time.Now().Add(20 * time.Second); ; {
		var n int
		o.must(o.db.Get(o.ctx, &n, `SELECT count(*) FROM outbox WHERE state = 'sending' OR state = 'queued' AND due_at <= ?`, migrations.At(o.time())))
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("%s: %d mails do not leave", o.time(), n)
		}
		time.Sleep(time.Millisecond)
	}
	all := o.sink.All()
	for _, r := range all[o.read:] {
		o.boxes[r.To[0]] = append(o.boxes[r.To[0]], r)
	}
	o.read = len(all)
}

// letterTo is the newest mail to somebody about a matter; for an address with a
// kind of mail, for example "?solved=", the newest that has it.
func (o *office) letterTo(who, on, has string) (mail.Header, string) {
	o.t.Helper()
	list := o.boxes[monthMail(who)]
	for i := len(list) - 1; i >= 0; i-- {
		m, err := mail.ReadMessage(bytes.NewReader(list[i].Data))
		o.must(err)
		subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		text := plainText(list[i])
		if strings.Contains(subject, fmt.Sprintf("[HD-%d]", o.number[on])) && strings.Contains(text, has) {
			return m.Header, text
		}
	}
	o.t.Fatalf("%s: %s has no letter about %s (HD-%d) that says %q", o.time(), who, on, o.number[on], has)
	return nil, ""
}

// arrive has a mail come in, and returns what became of it.
func (o *office) arrive(raw []byte) tracker.Outcome {
	o.t.Helper()
	id, err := o.pipe.Keep(o.ctx, bytes.NewReader(raw))
	o.must(err)
	out, err := o.pipe.Outcome(o.ctx, id)
	o.must(err)
	o.record.Add(checker.Entry{Key: fmt.Sprintf("mail %d", len(o.record.Entries)+1), Raw: raw})
	return out
}

// write makes a mail. Headers stand above its text.
func (o *office) write(from, subject, text string, headers ...string) []byte {
	o.mails++
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <mail-%d@mail.%s>\r\nMIME-Version: 1.0\r\n", from, monthDesk, mime.QEncoding.Encode("utf-8", subject), o.time().Format(time.RFC1123Z), o.mails, monthDomain)
	kind := "text/plain"
	for _, h := range headers {
		if h == "html" {
			kind = "text/html"
			continue
		}
		b.WriteString(h + "\r\n")
	}
	fmt.Fprintf(&b, "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", kind)
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) // a Buffer does not fail
	_ = w.Close()
	b.WriteString("\r\n")
	return b.Bytes()
}

// answerTo writes an answer as a mail program does: with the earlier mail's
// Message-ID, and its words below.
func (o *office) answerTo(from string, h mail.Header, earlier, text string, headers ...string) []byte {
	id := h.Get("Message-Id")
	subject, _ := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	headers = append([]string{"In-Reply-To: " + id, "References: " + strings.TrimSpace(h.Get("References")+" "+id)}, headers...)
	quote := "\n\nOn " + h.Get("Date") + ", IT helpdesk wrote:\n> This is what you wrote, and so on.\n"
	return o.write(from, "Re: "+strings.TrimPrefix(subject, "Re: "), text+quote, headers...)
}

var pageLink = regexp.MustCompile(`/r/[a-z2-7]{20,}`)

// guest posts a form of the employee's page, by the link in their newest mail.
func (o *office) guest(who, on, has, what string, form url.Values) {
	o.t.Helper()
	_, text := o.letterTo(who, on, has)
	link := pageLink.FindString(text)
	if link == "" {
		o.t.Fatalf("no link in the letter to %s about %s:\n%s", who, on, text)
	}
	// As a link scanner does, and then the person: looking changes nothing.
	r, err := http.Get(o.served.URL + link + "?solved=yes")
	o.must(err)
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		o.t.Fatalf("%s: the page of %s: %s", o.time(), on, r.Status)
	}
	v := &visitor{base: o.served.URL, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if _, err := v.post(o.ctx, link+what, form); err != nil {
		o.t.Fatalf("%s: %s %s on the page of %s: %v", o.time(), who, what, on, err)
	}
}

// as returns somebody at the site, who signs in anew every few hours.
func (o *office) as(who string) *visitor {
	o.t.Helper()
	if v := o.staff[who]; v != nil && o.time().Sub(o.signed[who]) < 2*time.Hour && v.base == o.served.URL {
		return v
	}
	v, err := signInAs(o.ctx, strings.TrimPrefix(o.served.URL, "http://"), monthMail(who), adminPassword)
	o.must(err)
	o.staff[who], o.signed[who] = v, o.time()
	return v
}

// post sends a form of the site, pairs of names and values, and returns where it leads.
func (o *office) post(who, path string, pairs ...string) string {
	o.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	to, err := o.as(who).post(o.ctx, path, form)
	if err != nil {
		o.t.Fatalf("%s: %s: %v (%v)", o.time(), who, err, form)
	}
	return to
}

// ticket is the address of a matter's ticket, and its version.
func (o *office) ticket(on string) (path, version string) {
	o.t.Helper()
	n, ok := o.number[on]
	if !ok {
		o.t.Fatalf("%s: the script has no ticket %q yet", o.time(), on)
	}
	var v int64
	o.must(o.db.Get(o.ctx, &v, `SELECT version FROM ticket WHERE number = ?`, n))
	return fmt.Sprintf("/tickets/%d", n), strconv.FormatInt(v, 10)
}

// ask reads one number from the database: an id that stands in the page's form.
func (o *office) ask(query string, args ...any) (n int64) {
	o.t.Helper()
	if err := o.db.Get(o.ctx, &n, query, args...); err != nil {
		o.t.Fatalf("%s: %s %v: %v", o.time(), query, args, err)
	}
	return n
}
