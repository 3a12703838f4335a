package mailer

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/oauth/oauthtest"
)

// graphServer is a made-up Graph: it checks each request as Graph does, and
// then does as the test says.
type graphServer struct {
	*httptest.Server
	t      *testing.T
	id     *oauthtest.Server
	mu     sync.Mutex
	mails  []string // as they were taken
	ids    []string // client-request-id
	answer func(w http.ResponseWriter, r *http.Request, n int) bool
	n      int
}

func newGraph(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, n int) bool) (*graphServer, SMTPConfig) {
	t.Helper()
	g := &graphServer{t: t, id: oauthtest.New(t), answer: answer}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g, SMTPConfig{Address: "helpdesk@acme.example", Graph: g.URL + "/v1.0", Tokens: g.id.Account(t, g.id.Config()).Graph()}
}

func graphError(w http.ResponseWriter, status int, code string) bool {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("request-id", "r-1")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":"made up words\nof two lines","innerError":{"request-id":"r-1"}}}`, code)
	return true
}

func hangUp(w http.ResponseWriter) bool {
	c, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		c.Close()
	}
	return true
}

func (g *graphServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n++
	g.ids = append(g.ids, r.Header.Get("client-request-id"))
	if r.Method != http.MethodPost || r.URL.Path != "/v1.0/users/helpdesk@acme.example/sendMail" || r.Header.Get("Content-Type") != "text/plain" {
		g.t.Errorf("%s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	if scope, ok := g.id.Good(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")); !ok || scope != oauth.GraphScope {
		graphError(w, 401, "InvalidAuthenticationToken")
		return
	}
	if g.answer != nil && g.answer(w, r, g.n) {
		return
	}
	body, err := io.ReadAll(r.Body)
	raw, err64 := base64.StdEncoding.DecodeString(string(body))
	if err != nil || err64 != nil {
		graphError(w, 400, "ErrorMimeContentInvalidBase64String")
		return
	}
	g.mails = append(g.mails, string(raw))
	w.Header().Set("request-id", "r-1")
	w.WriteHeader(http.StatusAccepted)
}

func (g *graphServer) asked() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.n
}

func (g *graphServer) taken() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.mails)
}

var graphMail = []byte("From: helpdesk@acme.example\r\nTo: \"Anna\" <anna@acme.example>\r\nSubject: x\r\nMessage-ID: <1@acme.example>\r\n\r\nbody\r\n")

func openTestGraph(t *testing.T, c SMTPConfig) *graph {
	t.Helper()
	if bad := c.Validate(); len(bad) > 0 {
		t.Fatal(bad)
	}
	wait := quick
	wait.final = 400 * time.Millisecond
	g, err := openGraph(t.Context(), c, wait)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestGraphAnswers plays every answer that Graph is known to give.
func TestGraphAnswers(t *testing.T) {
	type answer = func(w http.ResponseWriter, r *http.Request, n int) bool
	refuse := func(status int, code string) answer {
		return func(w http.ResponseWriter, r *http.Request, n int) bool { return graphError(w, status, code) }
	}
	read := func(then answer) answer {
		return func(w http.ResponseWriter, r *http.Request, n int) bool {
			io.Copy(io.Discard, r.Body)
			return then(w, r, n)
		}
	}
	for _, c := range []struct {
		name    string
		answer  answer
		fate    fate
		mailbox bool   // every mail would meet it
		says    string // of what is said and advised
		asked   int
	}{
		{"accepted", nil, delivered, false, "", 1},
		{"throttled", func(w http.ResponseWriter, r *http.Request, n int) bool {
			w.Header().Set("Retry-After", "17")
			return graphError(w, 429, "ApplicationThrottled")
		}, deferred, true, "left alone", 1},
		{"unavailable", refuse(503, "ServiceUnavailable"), deferred, true, "left alone", 1},
		{"denied", refuse(403, "ErrorAccessDenied"), deferred, true, "Mail.Send", 1},
		{"send as", refuse(403, "ErrorSendAsDenied"), deferred, true, "Add-RecipientPermission", 1},
		{"no such mailbox", refuse(404, "ErrorInvalidUser"), deferred, true, "knows no mailbox", 1},
		{"bad recipient", refuse(400, "ErrorInvalidRecipients"), refused, false, "recipient's address", 1},
		{"bad mail", refuse(400, "ErrorMimeContentInvalid"), refused, false, "refuses this mail", 1},
		{"too large", refuse(413, "RequestEntityTooLarge"), refused, false, "larger than", 1},
		{"daily limit", refuse(400, "ErrorSubmissionQuotaExceeded"), deferred, true, "", 1},
		{"redirect", func(w http.ResponseWriter, r *http.Request, n int) bool {
			http.Redirect(w, r, "http://127.0.0.1:1/steal", http.StatusTemporaryRedirect)
			return true
		}, deferred, true, "graph_url", 1},
		{"token always refused", refuse(401, "InvalidAuthenticationToken"), deferred, true, "access token", 2},
		{"answer lost", read(func(w http.ResponseWriter, r *http.Request, n int) bool { return hangUp(w) }), uncertain, false, "", 1},
		{"no answer", read(func(w http.ResponseWriter, r *http.Request, n int) bool { <-r.Context().Done(); return true }), uncertain, false, "", 1},
		{"gateway timeout", read(refuse(504, "UnknownError")), uncertain, false, "Sent Items", 1},
		{"internal error", read(refuse(500, "ErrorInternalServerError")), uncertain, false, "Sent Items", 1},
		{"a proxy's page", read(func(w http.ResponseWriter, r *http.Request, n int) bool { fmt.Fprint(w, "<html>"); return true }), uncertain, false, "Sent Items", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, config := newGraph(t, c.answer)
			g := openTestGraph(t, config)
			commits := 0
			v := g.deliver(t.Context(), simple, graphMail, func() error { commits++; return nil })
			if v.fate != c.fate || commits > 1 || commits == 0 && (c.fate == delivered || c.fate == uncertain) || server.asked() != c.asked {
				t.Fatalf("%+v %v, %d commits, asked %d times", v, v.why, commits, server.asked())
			}
			if want := map[bool]int{true: 1}[c.fate == delivered]; server.taken() != want {
				t.Errorf("%d mails taken", server.taken())
			}
			if c.fate == delivered {
				if server.mails[0] != string(graphMail) {
					t.Errorf("changed on the way: %q", server.mails[0])
				}
				if v.text != "202 Accepted (request-id r-1)" {
					t.Errorf("last words: %q", v.text)
				}
				return
			}
			if v.why.ofMailbox() != c.mailbox {
				t.Errorf("of the mailbox: %v", !c.mailbox)
			}
			w, _ := loadWords("en")
			if text := w.because(config, v.why); !strings.Contains(text, c.says) || strings.Contains(text, "ACCESS-") || strings.ContainsAny(text, "\n\r") {
				t.Errorf("%q", text)
			}
			if c.name == "throttled" && v.why.wait != 17*time.Second {
				t.Errorf("waits %s", v.why.wait)
			}
			if c.name == "denied" && v.why.text != "ErrorAccessDenied made up words of two lines (request-id r-1)" {
				t.Errorf("%q", v.why.text)
			}
		})
	}
}

// TestGraphTokenRevoked: a token that has served is replaced, and the mail is
// sent once, under one commit.
func TestGraphTokenRevoked(t *testing.T) {
	server, config := newGraph(t, nil)
	g := openTestGraph(t, config)
	server.id.Revoke()
	commits := 0
	v := g.deliver(t.Context(), simple, graphMail, func() error { commits++; return nil })
	if v.fate != delivered || commits != 1 || server.taken() != 1 || server.asked() != 2 || server.ids[0] == server.ids[1] || len(server.ids[0]) != 36 {
		t.Fatalf("%+v, %d commits, %d taken of %d: %v", v, commits, server.taken(), server.asked(), server.ids)
	}
}

// TestGraphSendsNothingUncommitted: where the row can not be committed, or
// there is no connection, the server has nothing.
func TestGraphSendsNothingUncommitted(t *testing.T) {
	server, config := newGraph(t, nil)
	g := openTestGraph(t, config)
	full := errors.New("disk full")
	if v := g.deliver(t.Context(), simple, graphMail, func() error { return full }); v.fate != abandoned || !errors.Is(v.err, full) {
		t.Fatalf("%+v", v)
	}
	config.Graph = "http://127.0.0.1:1/v1.0"
	g = openTestGraph(t, config)
	if v := g.deliver(t.Context(), simple, graphMail, func() error { t.Error("committed without a connection"); return nil }); v.fate != blocked || v.why.stage != stageConnect {
		t.Fatalf("%+v", v)
	}
	// The connection ends while the mail is on its way: it was surely not taken.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	over := make(chan struct{})
	defer close(over)
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.ReadFull(c, make([]byte, 3000))
			if n == 0 {
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
				continue
			}
			io.WriteString(c, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
			<-over
			c.Close()
		}
	}()
	large := append(bytes.Clone(graphMail), bytes.Repeat([]byte("0123456789abcdef\r\n"), 2<<20)...)
	for range 2 { // cut off, and accepted before it was read
		config.Graph = "http://" + l.Addr().String()
		g = openTestGraph(t, config)
		if v := g.deliver(t.Context(), simple, large, yes); v.fate != deferred {
			t.Fatalf("%+v %v", v, v.why)
		}
	}
	if server.taken() != 0 {
		t.Fatal("something was sent")
	}
}

// TestGraphRecipients: Graph sends to everybody in the headers, so that they
// must name the one recipient and nobody else.
func TestGraphRecipients(t *testing.T) {
	server, config := newGraph(t, nil)
	g := openTestGraph(t, config)
	for _, head := range []string{
		"To: other@acme.example", "To: anna@acme.example, other@acme.example", "To: anna@acme.example\r\nCc: other@acme.example",
		"To: anna@acme.example\r\nBcc: other@acme.example", "To: anna@acme.example\r\nTo: other@acme.example", "Subject: nobody",
		"To: anna@acme.example\r\nResent-To: other@acme.example", "To: staff: anna@acme.example, other@acme.example;",
	} {
		v := g.deliver(t.Context(), simple, []byte("From: helpdesk@acme.example\r\n"+head+"\r\n\r\nbody\r\n"), func() error { t.Error("committed"); return nil })
		if v.fate != refused {
			t.Errorf("%q: %+v", head, v)
		}
	}
	if server.asked() != 0 {
		t.Fatal("something was sent")
	}
}

// TestGraphOutbox sends rows of the outbox, rendered mails and all, and loses
// an answer: what is uncertain is never sent again.
func TestGraphOutbox(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		b.setting(tracker.SetMailPerMin, "6000")
		server, config := newGraph(t, func(w http.ResponseWriter, r *http.Request, n int) bool {
			if n == 3 {
				io.Copy(io.Discard, r.Body)
				return hangUp(w)
			}
			return false
		})
		m, err := New(b.store, Options{SMTP: map[string]SMTPConfig{"main": config}})
		if err != nil {
			t.Fatal(err)
		}
		m.wait = quick
		ids := b.queue(tracker.MailAck, 2)
		run(t, m)
		for _, id := range ids {
			if r := b.until(id, tracker.OutboxSent); !strings.HasPrefix(r.Response, "202 Accepted (request-id") || r.Attempts != 1 {
				t.Errorf("%+v", r)
			}
		}
		lost := b.queue(tracker.MailAck, 1)[0]
		if r := b.until(lost, tracker.OutboxUncertain); r.MailID == "" {
			t.Errorf("%+v", r)
		}
		b.until(b.queue(tracker.MailAck, 1)[0], tracker.OutboxSent)
		if r := b.row(lost); r.State != tracker.OutboxUncertain || server.taken() != 3 || server.asked() != 4 {
			t.Errorf("%+v, %d taken of %d", r, server.taken(), server.asked())
		}
		for _, mail := range server.mails {
			if !strings.Contains(mail, "\r\nMessage-ID: <") && !strings.Contains(mail, "\r\nMessage-Id: <") {
				t.Errorf("no Message-ID of ours:\n%s", mail)
			}
		}
	})
}

// TestGraphPauses: throttled, the mailbox waits for as long as it is told.
func TestGraphPauses(t *testing.T) {
	b := newBench(t, dbtest.Open(t, migrations.SQLite))
	_, config := newGraph(t, func(w http.ResponseWriter, r *http.Request, n int) bool {
		w.Header().Set("Retry-After", "600")
		return graphError(w, 429, "ApplicationThrottled")
	})
	m, err := New(b.store, Options{SMTP: map[string]SMTPConfig{"main": config}})
	if err != nil {
		t.Fatal(err)
	}
	id := b.queue(tracker.MailAck, 1)[0]
	run(t, m)
	for end := time.Now().Add(20 * time.Second); b.row(id).Attempts == 0 || m.Status().Outlets[0].Trouble == ""; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v", b.row(id))
		}
	}
	s := m.Status().Outlets[0]
	if r := b.row(id); r.State != tracker.OutboxQueued || time.Until(r.DueAt.Time()) < 500*time.Second || time.Until(s.NextTry) < 500*time.Second {
		t.Errorf("due in %s, the mailbox in %s", time.Until(r.DueAt.Time()), time.Until(s.NextTry))
	}
}

func TestGraphCheck(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, r *http.Request, n int) bool
		says   string
	}{
		{"all well", nil, ""},
		{"denied", func(w http.ResponseWriter, r *http.Request, n int) bool {
			return graphError(w, 403, "ErrorAccessDenied")
		}, "Mail.Send"},
		{"another's mailbox", func(w http.ResponseWriter, r *http.Request, n int) bool {
			return graphError(w, 404, "ErrorInvalidUser")
		}, "knows no mailbox"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, config := newGraph(t, c.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			steps := Check(ctx, config, nil)
			last := steps[len(steps)-1]
			if last.OK != (c.says == "") || !strings.Contains(fmt.Sprint(last), c.says) || server.taken() != 0 {
				t.Errorf("%v", steps)
			}
		})
	}
	bad := SMTPConfig{Address: "helpdesk@acme.example", Graph: "http://graph.example/v1.0"}.Validate()
	if text := errors.Join(bad...).Error(); !strings.Contains(text, "https") || !strings.Contains(text, "tokens come from") {
		t.Errorf("%s", text)
	}
}
