package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// timeouts bound every wait for the server. Those of usual are within RFC
// 5321 section 4.5.3.2, which wants ten minutes of patience after the dot,
// because giving up there leaves us not knowing.
type timeouts struct {
	dial    time.Duration // name, connection, TLS and greeting
	command time.Duration
	block   time.Duration // one block of the mail
	final   time.Duration // the answer to the dot
	look    time.Duration // a last look for an answer that came too early
	late    time.Duration // for an answer that explains a broken connection
	idle    time.Duration // an unused connection is given up
	fresh   time.Duration // an unused connection is asked whether it still lives
	again   time.Duration // after our own database failed
}

var usual = timeouts{
	dial: 20 * time.Second, command: time.Minute, block: 3 * time.Minute, final: 10 * time.Minute,
	look: 2 * time.Millisecond, late: time.Second, idle: 30 * time.Second, fresh: 5 * time.Second, again: 5 * time.Second,
}

// maxPerConnection is how many mails one connection carries: servers tire.
const maxPerConnection = 100

// session is a connection to the server, signed in and ready for a mail.
type session struct {
	client *smtp.Client
	wire   *wire
	wait   timeouts
	used   time.Time // when it was last used
	sent   int
	of     *outlet // whose settings it was made with
	onDot  func()  // called when the dot is out and its answer is not in
}

// connect dials, protects, greets and signs in. It fails with a *trouble that
// names the step. Step is told each step as it begins, and may be nil.
func connect(ctx context.Context, c SMTPConfig, wait timeouts, step func(stage)) (*session, error) {
	begin := func(s stage) stage {
		if step != nil {
			step(s)
		}
		return s
	}
	at := begin(stageConnect)
	dialer := net.Dialer{Timeout: wait.dial}
	raw, err := dialer.DialContext(ctx, "tcp", c.addr())
	if err != nil {
		return nil, &trouble{stage: at, err: err}
	}
	s := &session{wire: &wire{Conn: raw}, wait: wait}
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	fail := func(err error) (*session, error) {
		raw.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		var known *trouble
		if errors.As(err, &known) {
			return nil, known
		}
		return nil, newTrouble(at, err)
	}
	config, err := c.tlsConfig()
	if err != nil {
		return fail(err)
	}
	if err := raw.SetDeadline(time.Now().Add(wait.dial)); err != nil {
		return fail(err)
	}
	var conn net.Conn = s.wire
	if c.Security == SecurityTLS {
		at = begin(stageEncryption)
		secure := tls.Client(s.wire, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return fail(err)
		}
		conn = secure
	}
	at = begin(stageGreeting)
	if s.client, err = smtp.NewClient(conn, c.Host); err != nil {
		return fail(err)
	}
	s.client.SkipSMTPUTF8(true)
	if err := s.client.Hello(c.hello()); err != nil {
		return fail(err)
	}
	if c.Security == SecurityStartTLS {
		at = begin(stageEncryption)
		if ok, _ := s.client.Extension("STARTTLS"); !ok {
			return fail(errNoStartTLS)
		}
		if err := s.client.StartTLS(config); err != nil {
			return fail(err)
		}
	}
	if c.Auth != AuthNone {
		token := ""
		if c.Auth == AuthXOAuth2 {
			at = begin(stageToken)
			if token, err = c.Tokens.Token(ctx); err != nil {
				return fail(err)
			}
			// The greeting's deadline may have passed while we waited for it.
			if err := s.client.UpdateDeadline(s.wait.command); err != nil {
				return fail(err)
			}
		}
		at = begin(stageLogin)
		if err := s.login(c, token); err != nil {
			return fail(err)
		}
	}
	s.used = time.Now()
	return s, nil
}

// login signs in, by the one mechanism that is configured.
func (s *session) login(c SMTPConfig, token string) error {
	_, offered := s.client.Extension("AUTH")
	mechanism := map[string]string{AuthPlain: "PLAIN", AuthLogin: "LOGIN", AuthXOAuth2: "XOAUTH2"}[c.Auth]
	if !slices.Contains(strings.Fields(strings.ToUpper(offered)), mechanism) {
		return &trouble{stage: stageLogin, err: errNoMechanism, text: strings.TrimSpace(offered)}
	}
	if err := s.client.UpdateDeadline(s.wait.command); err != nil {
		return err
	}
	if err := s.client.Auth(c.auth(token)); err != nil {
		if t := newTrouble(stageLogin, err); c.Auth == AuthXOAuth2 && t.code >= 500 && c.Tokens.Refused(token) {
			return errors.Join(errOldToken, err)
		}
		return err
	}
	return nil
}

// stale reports whether the connection should be replaced before it is used.
func (s *session) stale() bool {
	if s.sent >= maxPerConnection || time.Since(s.used) > s.wait.idle {
		return true
	}
	if time.Since(s.used) < s.wait.fresh {
		return false
	}
	return s.client.UpdateDeadline(s.wait.late) != nil || s.client.Noop() != nil
}

// close says goodbye, without waiting long for the answer.
func (s *session) close() {
	if s.client.UpdateDeadline(s.wait.late) == nil {
		s.client.Quit()
	}
	s.wire.Close()
}

// fate is what one attempt came to.
type fate int

const (
	delivered fate = iota // the server took it
	deferred              // surely not taken, worth another try
	refused               // surely not taken, and never will be
	uncertain             // nobody knows
	blocked               // the mailbox can not send: nothing to do with this mail
	abandoned             // our own side failed before DATA
)

// verdict is the outcome of an attempt, and the server's last words.
type verdict struct {
	fate   fate
	text   string
	why    *trouble
	err    error // our own failure, where abandoned
	broken bool  // the connection can not be used again
}

// deliver sends one mail to one recipient. Commit is called when the server
// has accepted sender and recipient and nothing was sent yet; when it fails,
// nothing is sent.
func (s *session) deliver(ctx context.Context, e envelope, data []byte, commit func() error) verdict {
	defer context.AfterFunc(ctx, func() { s.wire.Close() })()
	defer func() { s.used = time.Now(); s.sent++ }()
	if v, ok := s.fits(e, data); !ok {
		return v
	}
	s.client.SkipSMTPUTF8(!e.utf8)
	if err := s.command(func() error { return s.client.Mail("<" + e.from + ">") }); err != nil {
		why := newTrouble(stageSender, err)
		return verdict{fate: blocked, why: why, broken: true}
	}
	if err := s.command(func() error { return s.client.Rcpt("<" + e.to + ">") }); err != nil {
		return s.notTaken(stageRecipient, err)
	}
	if err := commit(); err != nil {
		s.reset()
		return verdict{fate: abandoned, err: err, broken: true}
	}
	return s.data(data)
}

func (s *session) command(f func() error) error {
	if err := s.client.UpdateDeadline(s.wait.command); err != nil {
		return err
	}
	return f()
}

// fits refuses, before anything is said, what the server has announced not to take.
func (s *session) fits(e envelope, data []byte) (verdict, bool) {
	if e.utf8 {
		if ok, _ := s.client.Extension("SMTPUTF8"); !ok {
			return verdict{fate: refused, why: &trouble{stage: stageRecipient, err: errInternational}}, false
		}
	}
	if ok, limit := s.client.Extension("SIZE"); ok {
		if n, err := strconv.ParseInt(strings.TrimSpace(limit), 10, 64); err == nil && n > 0 && int64(len(data)) > n {
			return verdict{fate: refused, why: &trouble{stage: stageData, err: &tooLarge{size: int64(len(data)), limit: n}}}, false
		}
	}
	return verdict{}, true
}

// data sends the content. Until the dot is sent, whatever goes wrong means
// that the mail was not taken.
func (s *session) data(data []byte) verdict {
	if err := s.client.UpdateDeadline(s.wait.command); err != nil {
		return s.notTaken(stageData, err)
	}
	w, err := s.client.Data()
	if err != nil {
		return s.notTaken(stageData, err)
	}
	for block := range slices.Chunk(data, 64<<10) {
		if err := s.client.UpdateDeadline(s.wait.block); err != nil {
			return s.cutShort(err)
		}
		if _, err := w.Write(block); err != nil {
			return s.cutShort(err)
		}
	}
	if err := s.client.Text.W.Flush(); err != nil {
		return s.cutShort(err)
	}
	if err := s.early(); err != nil {
		return s.cutShort(err)
	}
	return s.dot(w)
}

// dot ends the mail and waits for the server's word on it.
func (s *session) dot(w interface {
	Close() error
}) verdict {
	if err := s.client.UpdateDeadline(s.wait.final); err != nil {
		return s.cutShort(err)
	}
	s.wire.arm(s.onDot)
	err := w.Close()
	if err == nil {
		text := ""
		if r, ok := w.(interface{ ServerResponse() string }); ok {
			text = r.ServerResponse()
		}
		return verdict{fate: delivered, text: text}
	}
	why := newTrouble(stageData, err)
	switch {
	case why.code >= 200 && why.code < 300:
		return verdict{fate: delivered, text: why.text, broken: true}
	case why.code >= 400:
		return s.notTaken(stageData, err)
	case s.wire.dotLost():
		return verdict{fate: deferred, why: why, broken: true}
	}
	return verdict{fate: uncertain, why: why, broken: true}
}

// early takes a last look, before the dot, for an answer that came already or
// a connection that ended: both mean that the mail was not taken.
func (s *session) early() error {
	if err := s.client.UpdateDeadline(s.wait.look); err != nil {
		return err
	}
	_, err := s.client.Text.R.Peek(1)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return nil
	}
	if err == nil {
		return errEarly
	}
	return err
}

// cutShort is a mail that broke off before its dot. The server may have said why.
func (s *session) cutShort(err error) verdict {
	v := verdict{fate: deferred, why: newTrouble(stageData, err), broken: true}
	if s.client.UpdateDeadline(s.wait.late) != nil {
		return v
	}
	code, text, rerr := s.client.Text.ReadResponse(0)
	if rerr != nil || code < 400 {
		return v
	}
	v.why = &trouble{stage: stageData, code: code, text: text, err: err}
	v.fate = v.why.fate()
	return v
}

// notTaken is an explicit no, or a connection lost while nothing was sent.
func (s *session) notTaken(at stage, err error) verdict {
	why := newTrouble(at, err)
	v := verdict{fate: why.fate(), why: why}
	if why.code == 0 || why.code == 421 {
		v.broken = true
		return v
	}
	v.broken = s.reset() != nil
	return v
}

// reset ends a transaction that came to nothing, so that the connection can be used again.
func (s *session) reset() error {
	return s.command(s.client.Reset)
}
