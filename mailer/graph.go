package mailer

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// GraphURL is Microsoft Graph's address, but for national clouds.
const GraphURL = "https://graph.microsoft.com/v1.0"

// graph sends mail by Microsoft Graph, for tenants without SMTP AUTH. Source:
// Microsoft's pages on user: sendMail and on sending MIME content.
//
// One request is one mail: POST /users/MAILBOX/sendMail, the rendered bytes as
// base64 in text/plain. Graph takes the recipients from the headers, keeps our
// Message-ID and, unlike SMTP elsewhere, always puts a copy into Sent Items.
// 202 means accepted. The application needs Mail.Send.
type graph struct {
	of     *outlet
	config SMTPConfig
	client *http.Client
	wait   timeouts
	onSent func() // called when the request is out and its answer is not in
	used   time.Time
	mails  int
}

// openGraph makes sure that there is a token, and connects with the first mail.
func openGraph(ctx context.Context, c SMTPConfig, wait timeouts) (*graph, error) {
	if _, err := c.Tokens.Token(ctx); err != nil {
		return nil, &trouble{stage: stageToken, err: err}
	}
	config, err := c.tlsConfig()
	if err != nil {
		return nil, &trouble{stage: stageEncryption, err: err}
	}
	config.ServerName = "" // the endpoint's own
	// A connection serves one request, and no request is sent twice: over a kept
	// one the transport would try again by itself.
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, DisableKeepAlives: true, DisableCompression: true,
		TLSHandshakeTimeout: wait.dial, ResponseHeaderTimeout: wait.final, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &graph{config: c, client: &http.Client{Transport: transport, CheckRedirect: stay}, wait: wait, used: time.Now()}, nil
}

func (g *graph) outlet() *outlet    { return g.of }
func (g *graph) stale() bool        { return false }
func (g *graph) idle() bool         { return time.Since(g.used) > g.wait.idle }
func (g *graph) carried() int       { return g.mails }
func (g *graph) onDotDo(do func())  { g.onSent = do }
func (g *graph) belongs(to *outlet) { g.of = to }
func (g *graph) close()             { g.client.CloseIdleConnections() }
func (g *graph) drop()              { g.close() }

// deliver sends one mail. Commit is called when the connection stands and
// nothing of the mail has left.
func (g *graph) deliver(ctx context.Context, e envelope, data []byte, commit func() error) verdict {
	defer func() { g.used = time.Now(); g.mails++ }()
	if err := onlyRecipient(data, e.to); err != nil {
		return verdict{fate: refused, why: &trouble{stage: stageRecipient, key: "graph_recipient", err: err}}
	}
	committed := false
	once := func() error {
		if committed {
			return nil
		}
		if err := commit(); err != nil {
			return err
		}
		committed = true
		return nil
	}
	body := make([]byte, base64.StdEncoding.EncodedLen(len(data)))
	base64.StdEncoding.Encode(body, data)
	v := g.post(ctx, body, once, func(refused string) bool { return g.config.Tokens.Refused(refused) })
	if v.again { // it was not taken for its token, and there is another now
		v = g.post(ctx, body, once, func(refused string) bool { g.config.Tokens.Refused(refused); return false })
	}
	if committed && v.fate == blocked {
		v.fate = deferred // the row stands as sending
	}
	return v.verdict
}

// posted is what one request came to.
type posted struct {
	verdict
	again bool
}

func (g *graph) post(ctx context.Context, body []byte, commit func() error, refused func(token string) bool) posted {
	token, err := g.config.Tokens.Token(ctx)
	if err != nil {
		return posted{verdict: verdict{fate: blocked, why: &trouble{stage: stageToken, err: err}}}
	}
	ctx, cancel := context.WithTimeout(ctx, g.wait.dial+g.wait.block+g.wait.final)
	defer cancel()
	b := &onceBody{rest: body, first: commit}
	var brokeWriting atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) {
		if i.Err != nil {
			brokeWriting.Store(true)
		} else if g.onSent != nil {
			g.onSent()
		}
	}})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.config.graphAddress(), b)
	if err != nil {
		return posted{verdict: verdict{fate: blocked, why: &trouble{stage: stageConnect, err: err}}}
	}
	id := requestID()
	r.ContentLength = int64(len(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "text/plain")
	r.Header.Set("User-Agent", "helpdeskd")
	r.Header.Set("client-request-id", id)
	r.Header.Set("return-client-request-id", "true")
	answer, err := g.client.Do(r)
	if err != nil {
		return posted{verdict: b.lost(withoutURL(err), brokeWriting.Load())}
	}
	defer answer.Body.Close()
	whole := b.finish() // an answer may come before all is sent: then nothing was taken
	said := readGraph(answer, id)
	if answer.StatusCode == http.StatusUnauthorized {
		why := &trouble{stage: stageLogin, code: said.status, text: said.text, key: "graph_token", mailbox: true}
		return posted{verdict: verdict{fate: deferred, why: why}, again: refused(token)}
	}
	v := said.verdict()
	if !whole && (v.fate == delivered || v.fate == uncertain) {
		v = verdict{fate: deferred, why: &trouble{stage: stageData, code: said.status, text: said.text, key: "graph_busy", mailbox: true, wait: said.wait}}
	}
	return posted{verdict: v}
}

// onceBody hands the request's body out once, and knows how far it got. The
// row is committed as sending when the connection asks for the first byte.
type onceBody struct {
	first func() error

	mu      sync.Mutex // the connection may still read when the request is given up
	rest    []byte
	began   bool
	emptied bool
	failed  error // of first
	over    bool
}

var errGivenUp = errors.New("the request was given up")

// Read implements io.Reader.
func (b *onceBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return 0, errGivenUp
	}
	if !b.began {
		b.began = true
		b.failed = b.first()
	}
	if b.failed != nil {
		return 0, b.failed
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	if len(b.rest) == 0 {
		b.emptied = true
		return n, io.EOF
	}
	return n, nil
}

// finish has nothing more handed out, and reports whether all was.
func (b *onceBody) finish() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	return b.emptied
}

// lost is what a request without an answer came to. What was not wholly handed
// to the connection was surely not taken, since its length is announced; what
// was may have been. Nothing more is handed out from then on.
func (b *onceBody) lost(err error, brokeWriting bool) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	switch {
	case !b.began:
		return verdict{fate: blocked, why: newTrouble(stageConnect, err), broken: true}
	case b.failed != nil:
		return verdict{fate: abandoned, err: b.failed, broken: true}
	case !b.emptied || brokeWriting:
		return verdict{fate: deferred, why: newTrouble(stageData, err), broken: true}
	}
	return verdict{fate: uncertain, why: newTrouble(stageData, err), broken: true}
}

// graphSaid is an answer of Graph.
type graphSaid struct {
	status int
	code   string // ErrorAccessDenied
	text   string // the code, the message and the request's id: the server's last words
	wait   time.Duration
}

// mostGraphAnswer is how much of an answer is read.
const mostGraphAnswer = 64 << 10

func readGraph(r *http.Response, ours string) graphSaid {
	body, _ := io.ReadAll(io.LimitReader(r.Body, mostGraphAnswer)) // the status says it all where this fails
	var v struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &v) // a proxy's page has no code
	id := r.Header.Get("request-id")
	if id == "" {
		id = ours
	}
	s := graphSaid{status: r.StatusCode, code: oneLine(v.Error.Code, 80)}
	words := []string{s.code, oneLine(v.Error.Message, 250)}
	if s.code == "" {
		words = []string{http.StatusText(r.StatusCode), ""}
	}
	s.text = strings.TrimSpace(strings.Join(words, " ")) + " (request-id " + oneLine(id, 60) + ")"
	if n, err := strconv.Atoi(r.Header.Get("Retry-After")); err == nil && n > 0 {
		s.wait = min(time.Duration(n)*time.Second, time.Hour)
	} else if at, err := http.ParseTime(r.Header.Get("Retry-After")); err == nil {
		s.wait = min(max(time.Until(at), 0), time.Hour)
	}
	return s
}

// verdict says what the answer means. 500, 502 and 504 come from in front of
// or within what sends, also after it has sent: nobody knows.
func (s graphSaid) verdict() verdict {
	of := func(f fate, at stage, key string, mailbox bool) verdict {
		return verdict{fate: f, text: s.text, why: &trouble{stage: at, code: s.status, text: s.text, key: key, mailbox: mailbox, wait: s.wait}}
	}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(strings.ToLower(s.code), strings.ToLower(w)) {
				return true
			}
		}
		return false
	}
	switch {
	case s.status == http.StatusAccepted:
		return verdict{fate: delivered, text: "202 Accepted " + s.text[strings.LastIndex(s.text, "("):]}
	case s.status == 429, s.status == 503, s.status == 509:
		return of(deferred, stageData, "graph_busy", true)
	case s.status == 500, s.status == 502, s.status == 504, s.status >= 200 && s.status < 300:
		return of(uncertain, stageData, "graph_unclear", false)
	case has("SendAsDenied", "SendOnBehalf"):
		return of(deferred, stageSender, "send_as", true)
	case has("QuotaExceeded", "MessageLimit", "SubmissionQuota"):
		return of(deferred, stageSender, "daily_limit", true)
	case s.status == 403:
		return of(deferred, stageSender, "graph_denied", true)
	case s.status == 404, s.status == 405, s.status == 410, s.status < 400:
		return of(deferred, stageSender, "graph_no_mailbox", true)
	case s.status == 413, has("MessageSizeExceeded", "RequestEntityTooLarge"):
		return of(refused, stageData, "too_large", false)
	case has("InvalidRecipients"):
		return of(refused, stageRecipient, "graph_recipients", false)
	case s.status == 408, s.status == 409, s.status == 423, s.status >= 500:
		return of(deferred, stageData, "graph_busy", false)
	}
	return of(refused, stageData, "graph_refused", false)
}

// onlyRecipient reports an error where the headers of a mail name anybody else
// than the one it is for: Graph sends to everybody whom they name.
func onlyRecipient(data []byte, to string) error {
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("read our own mail: %w", err)
	}
	for _, name := range []string{"Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"} {
		if len(m.Header[name]) > 0 {
			return fmt.Errorf("the mail has a header %s", name)
		}
	}
	list := m.Header["To"]
	if len(list) != 1 {
		return fmt.Errorf("the mail has %d headers To", len(list))
	}
	all, err := mail.ParseAddressList(list[0])
	if err != nil {
		return fmt.Errorf("read the header To: %w", err)
	}
	if len(all) != 1 || !strings.EqualFold(all[0].Address, to) {
		return errors.New("the header To names another recipient")
	}
	return nil
}

// try asks whether the mailbox may send, sending nothing: a body that is no
// base64 is refused with 400 by who would else have sent it.
func (g *graph) try(ctx context.Context) error {
	v := g.post(ctx, []byte("!"), func() error { return nil }, func(string) bool { return false })
	if v.why != nil && v.why.code == http.StatusBadRequest {
		return nil
	}
	if v.why == nil {
		return &trouble{stage: stageSender, key: "graph_unclear", err: errors.New("an empty mail was accepted")}
	}
	return v.why
}

// graphAddress is where mail of the mailbox is posted.
func (c SMTPConfig) graphAddress() string {
	return strings.TrimSuffix(c.Graph, "/") + "/users/" + url.PathEscape(c.user()) + "/sendMail"
}

// graphHost is Graph's name and port, for words about it.
func (c SMTPConfig) graphHost() (host string, port int) {
	u, err := url.Parse(c.Graph)
	if err != nil {
		return c.Graph, 443
	}
	if port, err = strconv.Atoi(u.Port()); err != nil {
		port = 443
	}
	return u.Hostname(), port
}

// withoutURL is a failed request's cause.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// requestID is a random id in the form that Graph wants (RFC 9562 version 4).
func requestID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails since Go 1.24
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
