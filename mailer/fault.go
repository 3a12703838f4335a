package mailer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"syscall"
	"time"
)

// stage is a step on the way to a delivered mail.
type stage string

const (
	stageConnect    stage = "connect"
	stageEncryption stage = "encryption"
	stageGreeting   stage = "greeting"
	stageToken      stage = "token"
	stageLogin      stage = "login"
	stageSender     stage = "sender"
	stageRecipient  stage = "recipient"
	stageData       stage = "data"
)

var (
	errNoStartTLS    = errors.New("the server does not offer STARTTLS")
	errInternational = errors.New("the server does not take addresses with letters beyond ASCII (SMTPUTF8)")
	errOldToken      = errors.New("the server refused an access token that was kept")
	errEarly         = errors.New("the server answered before the mail was complete")
)

// tooLarge is a mail beyond what the server announced to take, in bytes.
type tooLarge struct{ size, limit int64 }

func (e *tooLarge) Error() string {
	return fmt.Sprintf("the mail has %d bytes, the server takes %d", e.size, e.limit)
}

// trouble is what went wrong at the server, or on the way to it.
type trouble struct {
	stage stage
	code  int    // the server's reply code, 0 where it said nothing
	text  string // the server's words
	err   error

	// Of Graph, whose answers are told apart where they are read:
	key     string        // of the words for it in the catalogue; "" where the reply is looked up
	mailbox bool          // every mail of the mailbox would meet it
	wait    time.Duration // that the server wants to be left alone
}

func newTrouble(at stage, err error) *trouble {
	t := &trouble{stage: at, err: err}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		t.code, t.text = reply.Code, reply.Msg
	}
	return t
}

// Error returns it for the log.
func (t *trouble) Error() string {
	if t.code != 0 {
		return fmt.Sprintf("%s: %d %s", t.stage, t.code, oneLine(t.text, 300))
	}
	return fmt.Sprintf("%s: %v", t.stage, t.err)
}

// Unwrap returns the cause.
func (t *trouble) Unwrap() error { return t.err }

// fate is what the trouble means for a mail that was surely not taken.
func (t *trouble) fate() fate {
	if t.code >= 500 && !t.ofMailbox() {
		return refused
	}
	return deferred
}

// ofMailbox reports trouble that every mail of the mailbox would meet: its
// rows must wait until a person has mended it, instead of dying one by one.
func (t *trouble) ofMailbox() bool {
	if t.key != "" {
		return t.mailbox
	}
	switch t.stage {
	case stageRecipient, stageData:
	default:
		return true
	}
	for _, r := range replies {
		if r.mailbox && r.matches(t) {
			return true
		}
	}
	return false
}

// reply is a known answer of servers, and the words for it in the catalogue.
type reply struct {
	stage   stage // "" for any
	code    int   // 0 for any
	has     string
	key     string
	mailbox bool // met by every mail of the mailbox, at whatever stage
}

func (r reply) matches(t *trouble) bool {
	return (r.stage == "" || r.stage == t.stage) && (r.code == 0 || r.code == t.code) &&
		strings.Contains(strings.ToLower(t.text), r.has)
}

// replies are tried in order. Sources: Microsoft's pages on client submission
// (SMTP AUTH) and its non-delivery codes, Google's SMTP error reference, RFC
// 4954 and RFC 3463.
var replies = []reply{
	{code: 535, has: "security defaults", key: "security_defaults", mailbox: true},
	{code: 535, has: "basic authentication is disabled", key: "basic_refused", mailbox: true},
	{code: 535, has: "disabled for the tenant", key: "smtp_auth_tenant", mailbox: true},
	{code: 535, has: "did not meet the criteria", key: "conditional_access", mailbox: true},
	{code: 535, has: "user credentials were incorrect", key: "login", mailbox: true},
	{code: 535, has: "5.7.139", key: "smtp_auth_disabled", mailbox: true},
	{code: 535, has: "5.7.3", key: "m365_login", mailbox: true},
	{code: 535, has: "5.7.8", key: "login", mailbox: true},
	{stage: stageLogin, code: 534, key: "app_password"},
	{stage: stageLogin, code: 538, key: "need_tls"},
	{stage: stageLogin, code: 454, key: "login_later"},
	{stage: stageLogin, code: 504, key: "mechanism"},
	{stage: stageLogin, code: 535, key: "login"},
	{code: 530, has: "starttls", key: "need_tls", mailbox: true},
	{code: 530, key: "need_login", mailbox: true},
	{has: "sendasdenied", key: "send_as", mailbox: true},
	{has: "5.7.60", key: "send_as", mailbox: true},
	{stage: stageSender, code: 553, key: "send_as"},
	{stage: stageSender, code: 550, has: "not owned", key: "send_as"},
	{has: "5.1.90", key: "daily_limit", mailbox: true},
	{has: "submissionquotaexceeded", key: "daily_limit", mailbox: true},
	{has: "recipientratelimit", key: "daily_limit", mailbox: true},
	{has: "5.1.8 ", key: "sender_blocked", mailbox: true},
	{has: "5.7.708", key: "sender_blocked", mailbox: true},
	{code: 432, key: "too_many", mailbox: true},
	{has: "4.3.2", key: "too_many", mailbox: true},
	{code: 421, key: "closing", mailbox: true},
	{stage: stageRecipient, code: 550, has: "5.1.1", key: "no_such_person"},
	{stage: stageData, code: 552, key: "too_large"},
}

// diagnose finds the words for trouble: a key of the catalogue (below
// "fault.") and what stands in them.
func diagnose(c SMTPConfig, err error) (key string, args []any) {
	host, port := c.Host, c.port()
	if c.Graph != "" {
		host, port = c.graphHost()
	}
	args = []any{host, port, c.user()}
	var t *trouble
	if !errors.As(err, &t) {
		return "unknown", args
	}
	if t.key != "" {
		return t.key, args
	}
	if t.code != 0 {
		for _, r := range replies {
			if r.matches(t) {
				return r.key, args
			}
		}
		return "refused_" + string(t.stage), args
	}
	var big *tooLarge
	switch {
	case errors.Is(t.err, errNoMechanism):
		return "mechanism", args
	case errors.Is(t.err, errNoStartTLS):
		return "no_starttls", args
	case errors.Is(t.err, errInternational):
		return "international", args
	case errors.As(t.err, &big):
		return "too_large", args
	}
	return diagnoseNetwork(t), args
}

func diagnoseNetwork(t *trouble) string {
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(t.err, &dns):
		return "no_such_host"
	case errors.Is(t.err, syscall.ECONNREFUSED):
		return "nothing_listens"
	case errors.As(t.err, &unknown):
		return "unknown_authority"
	case errors.As(t.err, &host):
		return "other_name"
	case errors.As(t.err, &invalid) && invalid.Reason == x509.Expired:
		return "expired"
	case errors.As(t.err, &invalid):
		return "bad_certificate"
	case errors.As(t.err, &record):
		return "not_tls"
	case errors.Is(t.err, os.ErrNotExist):
		return "ca_file"
	case errors.Is(t.err, context.Canceled):
		return "stopped"
	case errors.As(t.err, &timeout) && timeout.Timeout():
		if t.stage == stageGreeting {
			return "silent"
		}
		return "slow"
	case errors.Is(t.err, io.EOF), errors.Is(t.err, io.ErrUnexpectedEOF), errors.Is(t.err, syscall.ECONNRESET), errors.Is(t.err, syscall.EPIPE):
		return "hung_up"
	}
	return "unknown"
}
