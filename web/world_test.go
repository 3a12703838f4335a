package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"helpdeskd/inventory"
	"helpdeskd/mailer"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/seal"
)

const testPassword = "seven green umbrellas"

// world is a small company's desk on a fresh database, with the site before it.
type world struct {
	*tracker.Store
	t       testing.TB
	back    atomic.Int64 // how far the clock is set back, in nanoseconds
	mailbox tracker.Mailbox
	lease   *tracker.Lease
	uid     uint32

	admin, tech, manager tracker.Account
	things               *inventory.Store
	site                 http.Handler
	inFile               []AlarmWay // routes of alarms of the configuration file
}

// newWorld makes a desk with one account of each role and no tickets.
func newWorld(t testing.TB, db *migrations.DB) *world {
	t.Helper()
	return makeWorld(t, db, true)
}

// makeWorld makes a desk whose passwords are hashed cheaply, or at their cost.
func makeWorld(t testing.TB, db *migrations.DB, cheap bool) *world {
	t.Helper()
	w := &world{t: t}
	w.Store = tracker.New(db, tracker.Options{Clock: func() time.Time { return time.Now().Add(-time.Duration(w.back.Load())) }, Node: "test", CheapHashes: cheap, Key: testKey(t)})
	account := func(email, name string, role tracker.AccountRole) tracker.Account {
		a, err := w.CreateAccount(t.Context(), tracker.Actor{}, tracker.NewAccount{Email: email, Name: name, Role: role, Password: testPassword})
		w.ok(err)
		return a
	}
	w.admin = account("ines.admin@aldermere.example", "Ines Holm", tracker.Admin)
	w.tech = account("tomas@aldermere.example", "Tomas Rehak", tracker.Technician)
	w.manager = account("mara@aldermere.example", "Mara Lund", tracker.Manager)
	var err error
	w.mailbox, err = w.OpenMailbox(t.Context(), "helpdesk", "helpdesk@aldermere.example", tracker.Begin{Everything: true})
	w.ok(err)
	w.SetPolicy(tracker.Policy{MailboxID: w.mailbox.ID, Address: w.mailbox.Address, TrustAuthAs: true, TrustAuthResults: true, AuthservID: "mx.aldermere.example", FormSenders: []string{"flow@aldermere.example"}})
	w.SetAccountMailbox(w.mailbox.ID)
	w.lease, err = w.Acquire(t.Context(), fmt.Sprintf("mailbox:%d", w.mailbox.ID))
	w.ok(err)
	t.Cleanup(func() { w.lease.Release(context.Background()) })
	w.things = inventory.New(w.Store)
	replies, err := mailer.New(w.Store, mailer.Options{})
	w.ok(err)
	w.site, err = New(w.Store, w.things, Options{Version: "test", Styleguide: true, Mail: plainReader{}, Forms: realReader{}, Texts: sampleTexts{}, Replies: replies, Connect: sampleConnector{w}, Alarms: sampleAlarms{w}, Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))})
	w.ok(err)
	return w
}

// testKey seals the secrets of the tests' desks.
func testKey(t testing.TB) *seal.Key {
	t.Helper()
	k, err := seal.New([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// ago sets the clock back.
func (w *world) ago(d time.Duration) { w.back.Store(int64(d)) }

// letter is a mail that somebody writes to the desk.
type letter struct {
	name, address, subject, text, quoted string
	html                                 string // with its pictures as cid:
	files                                []file
	form                                 *tracker.Form
	forwarded                            *tracker.Forwarded
	defects, notes                       []string
	answers                              string // Message-ID
	stranger                             bool   // fails DMARC
	cc                                   []tracker.Address
}

type file struct {
	name, contentType, cid string
	data                   []byte
}

// raw writes the letter as a MIME message, and its parts as ranges of it.
func (l letter) raw(id string) ([]byte, []tracker.Part) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s <%s>\r\nMessage-ID: <%s>\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n", l.name, l.address, id, l.subject, l.text)
	var parts []tracker.Part
	add := func(role tracker.Role, f file) {
		fmt.Fprintf(&b, "--b\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n", f.contentType)
		text := base64.StdEncoding.EncodeToString(f.data)
		parts = append(parts, tracker.Part{Role: role, Name: f.name, ContentType: f.contentType, ContentID: f.cid, Encoding: "base64", Charset: "utf-8",
			Offset: int64(b.Len()), Length: int64(len(text)), Size: int64(len(f.data))})
		b.WriteString(text + "\r\n")
	}
	if l.html != "" {
		add(tracker.RoleHTML, file{contentType: "text/html", data: []byte(l.html)})
	}
	for _, f := range l.files {
		role := tracker.RoleFile
		if f.cid != "" {
			role = tracker.RoleInline
		}
		add(role, f)
	}
	b.WriteString("--b--\r\n")
	return b.Bytes(), parts
}

// arrives keeps and decides a letter, and returns its outcome and Message-ID.
func (w *world) arrives(l letter) (tracker.Outcome, string) {
	w.t.Helper()
	ctx := w.t.Context()
	w.uid++
	id := fmt.Sprintf("m%d@mail.example", w.uid)
	raw, parts := l.raw(id)
	_, err := w.Keep(ctx, w.lease, w.mailbox.ID, []tracker.RawMail{{UIDValidity: 1, UID: w.uid, ReceivedAt: w.Now(), Data: raw}})
	w.ok(err)
	work, err := w.Claim(ctx, w.lease, w.mailbox.ID, 10)
	w.ok(err)
	in := tracker.Inbound{
		Digest: tracker.Digest(raw), ContentDigest: tracker.Digest(raw), Size: int64(len(raw)), MessageID: id, Date: w.Now(),
		From: []tracker.Address{{Name: l.name, Address: l.address}}, To: []tracker.Address{{Address: w.mailbox.Address}}, Cc: l.cc,
		Subject: l.subject, Class: tracker.ClassHuman, Text: l.text, Reply: l.text, Quoted: l.quoted, Parts: parts, Form: l.form, Forwarded: l.forwarded, Defects: l.defects, Notes: l.notes, AuthAs: "Internal",
	}
	if l.answers != "" {
		in.InReplyTo, in.References = []string{l.answers}, []string{l.answers}
	}
	if l.stranger {
		in.AuthAs, in.AuthResults = "", []string{"mx.aldermere.example; dmarc=fail header.from=aldermere.example"}
	}
	out, err := w.Receive(ctx, w.lease, []tracker.Item{{Work: work[0], Mail: in}})
	w.ok(err)
	if len(out) != 1 {
		w.t.Fatalf("got %d outcomes for one mail", len(out))
	}
	return out[0], id
}

// sampleTexts stands for the mailer's wordings.
type sampleTexts struct{}

func (sampleTexts) DefaultText(key string) string {
	return "Hello,\nyour request has reached us. Its number is {" + sampleMark(key) + "}. A technician will read it and answer you by mail."
}

func sampleMark(key string) string {
	t, _ := tracker.MailTextByKey(key)
	return t.Marks[0]
}

func (x sampleTexts) PreviewText(_ context.Context, key, wording string) (subject, text string, err error) {
	t, _ := tracker.MailTextByKey(key)
	if err := t.Check(wording); err != nil {
		return "", "", err
	}
	if wording == "" {
		wording = x.DefaultText(key)
	}
	return "Re: Printer prints half pages [HD-1024]", t.Fill(wording, map[string]string{t.Marks[0]: "HD-1024"}), nil
}

// plainReader opens parts as they were sent.
type plainReader struct{}

func (plainReader) OpenPart(raw io.ReaderAt, p tracker.Part) (io.Reader, error) {
	return tracker.OpenPart(raw, p), nil
}

func (plainReader) WholeText(raw []byte) string {
	_, body, _ := strings.Cut(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n\n")
	return body
}

// browse is a client of the site with its own cookies.
type browse struct {
	w      *world
	cookie []*http.Cookie
}

// as signs an account in.
func (w *world) as(a tracker.Account) *browse {
	w.t.Helper()
	b := &browse{w: w}
	res := b.post("/login", "email", a.Email, "password", testPassword)
	if res.Code != http.StatusSeeOther {
		w.t.Fatalf("sign-in of %s: %d %s", a.Email, res.Code, res.Body)
	}
	return b
}

// session signs an account in without the password, for tests that do it often.
func (w *world) session(a tracker.Account) *browse {
	w.t.Helper()
	token := rand.Text()
	a, err := w.Account(w.t.Context(), a.ID)
	w.ok(err)
	data, err := scs.GobCodec{}.Encode(time.Now().Add(time.Hour), map[string]any{tracker.SessionAccount: a.ID, sessionProof: proofOf(a), sessionSeen: w.Now().Unix()})
	w.ok(err)
	w.ok(w.Sessions().CommitCtx(w.t.Context(), token, data, time.Now().Add(time.Hour)))
	return &browse{w: w, cookie: []*http.Cookie{{Name: "helpdeskd", Value: token, HttpOnly: true, SameSite: http.SameSiteLaxMode}}}
}

// count reads one number from the database.
func (w *world) count(query string, args ...any) int {
	w.t.Helper()
	var n int
	w.ok(w.DB().Get(w.t.Context(), &n, query, args...))
	return n
}

func (b *browse) do(r *http.Request) *httptest.ResponseRecorder {
	for _, c := range b.cookie {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	b.w.site.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.Name == "helpdeskd" {
			b.cookie = []*http.Cookie{c}
		}
	}
	return rec
}

func (b *browse) get(path string) *httptest.ResponseRecorder {
	return b.do(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form of name, value pairs from our own page.
func (b *browse) post(path string, pairs ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form(pairs...)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func form(pairs ...string) string {
	v := map[string][]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v[pairs[i]] = append(v[pairs[i]], pairs[i+1])
	}
	return url.Values(v).Encode()
}

// testLog has what the site logs printed with the test.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Helper()
	l.t.Logf("%s", bytes.TrimSpace(b))
	return len(b), nil
}
