package ingest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-imap/v2"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/oauth"
	"helpdeskd/tracker/remedy"
)

// stage is what we were about when something failed.
type stage string

const (
	stageDial     stage = "connect"
	stageStartTLS stage = "starttls"
	stageTLS      stage = "tls"
	stageGreeting stage = "greeting"
	stageToken    stage = "token"
	stageLogin    stage = "login"
	stageSelect   stage = "folder"
	stageFolder   stage = "processed folder"
	stageSearch   stage = "search"
	stageFetch    stage = "fetch"
	stageStore    stage = "store"
	stageMove     stage = "move"
	stageIdle     stage = "idle"
	stageAside    stage = "another folder" // Junk, Sent, what was processed: without it mail is taken all the same
)

// Failure is why a mailbox can not be read, in words for the person who can
// mend it. Error is for the log; Plain is for the mail-health page and check.
type Failure struct {
	Stage string
	What  string        // what went wrong
	Do    string        // what to do next
	Wait  time.Duration // how long the server wants to be left alone; 0: it did not say
	Login bool          // trying often would lock the account
	Case  remedy.Case   // of the table of known failures
	Err   error
}

func (f *Failure) Error() string { return f.Stage + ": " + f.What + ": " + f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Plain says what went wrong and what to do.
func (f *Failure) Plain() string { return f.What + ". " + f.Do }

var (
	errNotLoopback = errors.New("security plain, but the server is not on this machine")
	errNoValidity  = errors.New("no UIDVALIDITY")
	errNoPasswords = errors.New("LOGINDISABLED, and no AUTH=PLAIN: the server takes no passwords")
	errCutOff      = errors.New("the connection ended within a message")
)

// plain returns the words of err for people.
func plain(err error) string {
	var f *Failure
	if errors.As(err, &f) {
		return f.Plain()
	}
	if m := migrations.SafeMessage(err); m != "" {
		return m
	}
	return "An unexpected error: the log has it. It is tried again by itself."
}

// kindOf names an error for those who count: the step that failed, or that
// the server refuses our sign-in.
func kindOf(err error) string {
	var f *Failure
	switch {
	case !errors.As(err, &f):
		return "other"
	case f.Login:
		return tracker.PollSignIn
	case f.Wait > 0:
		return "throttled"
	}
	return strings.ReplaceAll(f.Stage, " ", "_")
}

// failure finds the words for an error of a stage.
func failure(cfg MailboxConfig, at stage, err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	f = &Failure{Stage: string(at), Err: err}
	f.What, f.Do = "The mail server "+cfg.addr()+" gave an unexpected answer", "It is tried again by itself; if it stays, the log has the details."
	var refused *imap.Error
	switch {
	case at == stageStore:
		f.storing()
	case at == stageToken:
		f.token(cfg)
	case throttled(f):
	case tokenRanOut(err):
		f.What = "The mail server ended the connection, because its token has run out"
		f.Do = "Nothing to do: a new one is asked for, as every hour."
	case errors.As(err, &refused):
		f.refused(cfg, at, refused)
	case at == stageStartTLS, at == stageTLS:
		f.security(cfg)
	case errors.As(err, new(*tokenRefused)):
		f.Login = true
		f.tokenRefused(cfg)
	case errors.Is(err, errNoPasswords):
		f.Login = true
		f.is(remedy.BasicRefused, cfg)
	case errors.Is(err, errNotLoopback):
		f.What = "Security is plain, but " + cfg.Host + " is not this machine"
		f.Do = "Use tls or starttls: the password would go through the network readable."
	case errors.Is(err, errNoValidity):
		f.What = "The server gives no UIDVALIDITY for the folder " + cfg.Folder
		f.Do = "Without it mail can not be told apart safely; ask the server's makers for an update (RFC 3501 requires it)."
	default:
		f.network(cfg, at)
	}
	return f
}

// tokenRanOut recognises how Exchange ends a session whose token has expired.
func tokenRanOut(err error) bool {
	return strings.Contains(strings.ToLower(err.Error()), "accesstokenexpired")
}

// is gives a failure the words of a known one.
func (f *Failure) is(c remedy.Case, cfg MailboxConfig) {
	f.Case = c
	f.What, f.Do = c.Explain(remedy.About{Host: cfg.Host, Mailbox: cfg.Username, Folder: cfg.Folder})
}

// tokenRefused explains a server that does not take a good token. Exchange's
// own names are all that tells it from another server before the sign-in.
func (f *Failure) tokenRefused(cfg MailboxConfig) {
	host := strings.ToLower(cfg.Host)
	if strings.HasSuffix(host, "office365.com") || strings.HasSuffix(host, "office365.us") || strings.HasSuffix(host, "outlook.cn") {
		f.is(remedy.PrincipalUnknown, cfg)
		return
	}
	f.is(remedy.MailboxOnly, cfg)
}

// throttled recognises a server that wants to be left alone.
func throttled(f *Failure) bool {
	if errors.As(f.Err, new(syscall.Errno)) { // this machine speaks: "too many open files"
		return false
	}
	text := f.Err.Error()
	low := strings.ToLower(text)
	var re *imap.Error
	limit := errors.As(f.Err, &re) && (re.Code == imap.ResponseCodeLimit || re.Code == imap.ResponseCodeUnavailable || re.Code == imap.ResponseCodeInUse)
	switch {
	case strings.Contains(low, "throttled"), strings.Contains(low, "suggested backoff"):
		f.Wait = 5 * time.Minute
	case strings.Contains(low, "server unavailable"), strings.Contains(low, "server busy"), strings.Contains(low, "too many"), limit:
		f.Wait = time.Minute
	default:
		return false
	}
	if _, after, ok := strings.Cut(low, "backoff time:"); ok {
		var ms int64
		if _, err := fmt.Sscanf(strings.TrimSpace(after), "%d", &ms); err == nil && ms > 0 {
			f.Wait = min(time.Duration(ms)*time.Millisecond, time.Hour)
		}
	}
	f.Case = remedy.Throttled
	f.What = "The mail server asks to be left alone for a while (throttled)"
	f.Do = fmt.Sprintf("Nothing to do: it is tried again in %s. If it happens often, see that no other program reads this mailbox many times a minute.", f.Wait.Round(time.Second))
	return true
}

// refused explains a NO or BAD.
func (f *Failure) refused(cfg MailboxConfig, at stage, e *imap.Error) {
	low := strings.ToLower(e.Text)
	switch {
	case strings.Contains(low, "authenticated but not connected"):
		f.Login = true // each try is a login, and many logins are one of its causes
		f.is(remedy.NotGranted, cfg)
	case e.Code == imap.ResponseCodePrivacyRequired, strings.Contains(low, "logindisabled"):
		f.Login = true
		f.What = "The server takes no password on an unprotected connection"
		f.Do = "Set security to tls or starttls."
	case at == stageLogin && cfg.Auth == AuthXOAuth2:
		f.Login = true
		f.tokenRefused(cfg)
	case at == stageLogin && strings.Contains(low, "application-specific password"):
		f.Login = true
		f.is(remedy.AppPassword, cfg)
	case at == stageLogin && strings.HasSuffix(strings.ToLower(cfg.Host), "office365.com"):
		f.Login = true
		f.is(remedy.BasicRefused, cfg)
	case at == stageLogin:
		f.Login, f.Case = true, remedy.PasswordRefused
		f.What = "The mail server refuses the user name or the password of " + cfg.Username
		f.Do = "Correct them. Microsoft 365 takes no passwords any more (use xoauth2); Google wants an app password."
	case at == stageSelect:
		f.Case = remedy.NoFolder
		f.What = "The folder " + cfg.Folder + " can not be opened"
		f.Do = "Correct the folder's name, or give " + cfg.Username + " the right to open it."
	case at == stageFolder, at == stageMove && e.Code == imap.ResponseCodeTryCreate:
		f.Case = remedy.NoProcessed
		f.What = "The folder " + cfg.Processed + " for processed mail can not be made or used"
		f.Do = "Make it in the mailbox by hand, name another, or set the mailbox to leave mail in place. Mail is taken all the same; it stays in " + cfg.Folder + " until then."
	case e.Code == imap.ResponseCodeOverQuota, strings.Contains(low, "quota"):
		f.What = "The mailbox is full"
		f.Do = "Empty its deleted items or raise its quota. Mail is taken all the same; it stays in " + cfg.Folder + " until then."
	case e.Code == imap.ResponseCodeNoPerm:
		f.What = "The mailbox lets us read but not move mail"
		f.Do = "Give " + cfg.Username + " the right to change the folder, or set the mailbox to leave mail in place."
	default:
		f.What = "The mail server refuses a command (" + string(at) + "): " + clean(e.Text)
	}
}

// security explains a failed STARTTLS or handshake.
func (f *Failure) security(cfg MailboxConfig) {
	var (
		refused   *refusal
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch err := f.Err; {
	case errors.As(err, &refused):
		f.Case = remedy.NoStartTLS
		f.What = "The server offers no STARTTLS: " + clean(refused.line)
		f.Do = "Choose TLS (usually port 993). Nothing was sent readable."
	case errors.As(err, &authority):
		f.Case = remedy.UnknownAuthority
		f.What = "The certificate of " + cfg.Host + " is signed by an authority that this machine does not know"
		f.Do = "Give it the company's own authority as PEM (on the mailbox's page; in the file: ca_file), or install a certificate of a public one."
	case errors.As(err, &host):
		f.Case = remedy.OtherName
		f.What = "The certificate is not for " + cfg.Host + ": " + clean(host.Error())
		f.Do = "Use the host name that stands in the certificate."
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.Case = remedy.Expired
		f.What = "The certificate of " + cfg.Host + " has expired or is not valid yet"
		f.Do = "Renew it on the mail server; check that the clock of this machine is right."
	case errors.As(err, &record):
		f.Case = remedy.NotTLS
		f.What = "The port " + cfg.addr() + " does not speak TLS"
		f.Do = "Choose STARTTLS for it, or another port (TLS is usually 993)."
	case migrations.KindOf(err) == migrations.Invalid:
		f.What, f.Do = migrations.SafeMessage(err), "Correct the configuration."
	default:
		f.network(cfg, stageTLS)
	}
}

// network explains an unreachable or vanished server.
func (f *Failure) network(cfg MailboxConfig, at stage) {
	var dns *net.DNSError
	err := f.Err
	timeout := errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
	if n := net.Error(nil); errors.As(err, &n) && n.Timeout() {
		timeout = true
	}
	switch {
	case errors.As(err, &dns):
		f.Case = remedy.UnknownName
		f.What = "The name " + cfg.Host + " is not known"
		f.Do = "Check the host's spelling and this machine's DNS."
		if dns.IsTemporary || dns.IsTimeout {
			f.What = "The name server does not answer about " + cfg.Host
			f.Do = "Check this machine's DNS and network; it is tried again by itself."
		}
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Case = remedy.NothingListens
		f.What = "Nothing answers at " + cfg.addr() + " (connection refused)"
		f.Do = "Check host and port, and that the mail server runs; it is tried again by itself."
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		f.What = "This machine has no free file descriptors"
		f.Do = "Raise the limit of open files (LimitNOFILE in the service)."
	case timeout && at == stageDial:
		f.Case = remedy.NoAnswer
		f.What = "The server " + cfg.addr() + " can not be reached (no answer)"
		f.Do = "Check host, port and the firewall between; it is tried again by itself."
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		f.What = "There is no way to " + cfg.addr() + " (network unreachable)"
		f.Do = "Check this machine's network; it is tried again by itself."
	case timeout:
		f.What = "The mail server stopped answering (" + string(at) + ")"
		f.Do = "Nothing is lost; it is tried again by itself. If it stays, check the network and the mail server."
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed), errors.Is(err, errCutOff):
		f.What = "The mail server closed the connection (" + string(at) + ")"
		f.Do = "Nothing is lost; it is tried again by itself. If it stays, check the mail server's log."
	}
}

// token explains why there is no token. The source of tokens itself sees to it
// that the endpoint is not asked too often.
func (f *Failure) token(cfg MailboxConfig) {
	var e *oauth.Error
	if !errors.As(f.Err, &e) {
		f.network(cfg, stageToken)
		return
	}
	f.What, f.Do = oauth.Explain(e)
	if e.Kind == oauth.TooOften {
		f.Wait = e.Wait
	}
}

// storing explains a database or disk that does not take mail.
func (f *Failure) storing() {
	low := strings.ToLower(f.Err.Error())
	f.What = "The mail could not be stored"
	f.Do = "Nothing is lost: the mail stays in the mailbox, and it is tried again by itself. The log has the details."
	switch {
	case errors.Is(f.Err, syscall.ENOSPC), errors.Is(f.Err, syscall.EDQUOT), strings.Contains(low, "disk is full"), strings.Contains(low, "no space left"):
		f.What = "The disk is full: mail can not be stored"
		f.Do = "Free some space in the data directory. Nothing is lost: mail stays in the mailbox until then."
	case errors.Is(f.Err, syscall.EROFS), errors.Is(f.Err, syscall.EACCES), strings.Contains(low, "readonly database"):
		f.What = "The data directory can not be written: mail can not be stored"
		f.Do = "Correct its owner and permissions. Nothing is lost: mail stays in the mailbox until then."
	case errors.Is(f.Err, syscall.EIO), strings.Contains(low, "disk i/o error"):
		f.What = "The disk reports an error: mail can not be stored"
		f.Do = "Check the disk and the system's log. Nothing is lost: mail stays in the mailbox until then."
	case errors.Is(f.Err, syscall.ECONNREFUSED), errors.Is(f.Err, io.EOF), strings.Contains(low, "connection"):
		f.What = "The database does not answer: mail can not be stored"
		f.Do = "Check that PostgreSQL runs. Nothing is lost: mail stays in the mailbox until then."
	}
}

// clean makes a server's words fit to be shown: one line, no control characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}
