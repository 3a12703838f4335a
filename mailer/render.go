package mailer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"

	"helpdeskd/tracker"
)

// LoopHeader marks every mail that helpdeskd sends, with the mailbox it is
// from: a mail that comes back with it is our own.
const LoopHeader = "X-Helpdeskd-Loop"

// errAddress is a recipient that no mail can be sent to.
var errAddress = errors.New("not a mail address")

// errContent is stored content that can not be read now.
var errContent = errors.New("stored content can not be read")

// desk is what mails say about the helpdesk itself.
type desk struct {
	company   string
	brand     string // "<company> Helpdesk", or the configured name
	formLink  string
	publicURL string
	plus      bool

	texts map[string]string // what staff worded anew, by its key
	hours tracker.Hours     // when the desk is open
	tells bool              // acknowledgements say when it opens

	linkDays   int    // for which links to the employee's page work; 0: mails carry none
	page       string // of the mail that is written: the address of its recipient's page, "" for none
	silentDays int    // after which a request that its client does not confirm is closed; 0 for never
}

// renderer writes mails. It is pure but for the blobs of attachments.
type renderer struct {
	words words
	forms *forms
	now   func() time.Time
	zone  *time.Location // in which times are written
	open  func(ctx context.Context, digest string) (*tracker.Blob, error)
}

func newRenderer(language string, zone *time.Location, now func() time.Time, open func(context.Context, string) (*tracker.Blob, error)) (*renderer, error) {
	w, err := loadWords(language)
	if err != nil {
		return nil, err
	}
	f, err := loadForms()
	if err != nil {
		return nil, err
	}
	return &renderer{words: w, forms: f, now: now, zone: zone, open: open}, nil
}

// addresses returns the envelope of an item. An address that can not be
// written to is errAddress.
func addresses(it tracker.OutboxItem) (envelope, error) {
	from, err := cleanAddress(it.MailboxAddress)
	if err != nil || !isASCII(from) {
		return envelope{}, fmt.Errorf("the mailbox's own address %q can not send", it.MailboxAddress)
	}
	to, err := cleanAddress(it.ToAddress)
	if err != nil {
		return envelope{}, fmt.Errorf("%w: %w", errAddress, err)
	}
	return envelope{from: from, to: to, utf8: !isASCII(to)}, nil
}

// render writes an item as the bytes that will be sent. A panic in what we
// build upon becomes an error: no mail stops the queue.
func (r *renderer) render(ctx context.Context, it tracker.OutboxItem, d desk, token string) (out tracker.Rendered, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = tracker.Rendered{}, fmt.Errorf("write the mail: %v", p)
		}
	}()
	e, err := addresses(it)
	if err != nil {
		return tracker.Rendered{}, err
	}
	page := ""
	if it.ClientID != 0 && it.TicketID != 0 && d.linkDays > 0 && isWebLink(d.publicURL) {
		page, _ = tracker.NewToken()
		d.page = strings.TrimRight(d.publicURL, "/") + "/r/" + page
	}
	if it.Kind == tracker.MailCode {
		token = tracker.NewCode()
	}
	l, err := r.letter(it, d, token)
	if err != nil {
		return tracker.Rendered{}, err
	}
	txt, htm, err := r.forms.write(l)
	if err != nil {
		return tracker.Rendered{}, err
	}
	_, domain := splitAddress(e.from)
	name := token
	if it.Kind == tracker.MailAccount || it.Kind == tracker.MailCode {
		name, _ = tracker.NewToken() // the token opens an account: it stands in the text alone
	}
	id := "hd." + name + "@" + domain
	if it.MailID != "" { // its bytes were forgotten, not what it is
		id = it.MailID
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP))
	m.SetDateWithValue(r.now().In(r.zone))
	m.SetMessageIDWithValue(id)
	thread := r.threadIndex(it, id)
	h := r.head(it, e, d, token)
	h.field("Thread-Index", []string{thread})
	first, rest, _ := strings.Cut(h.b.String(), ": ")
	m.SetGenHeaderPreformatted(mail.Header(first), rest)
	m.SetBodyString(mail.TypeTextPlain, txt)
	m.AddAlternativeString(mail.TypeTextHTML, htm)
	if it.Message != nil {
		files := it.Message.Attachments
		if it.Kind != tracker.MailReply {
			files, _ = toSee(it)
		}
		closeAll, err := r.attach(ctx, m, files)
		defer closeAll()
		if err != nil && it.Kind == tracker.MailReply {
			return tracker.Rendered{}, err
		}
		if err != nil { // a technician is told all the same: the file is on the ticket, if anywhere
			m.SetAttachments(nil)
		}
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return tracker.Rendered{}, fmt.Errorf("write the mail: %w", err)
	}
	if err := wellFormed(b.Bytes()); err != nil {
		return tracker.Rendered{}, fmt.Errorf("write the mail: %w", err)
	}
	out = tracker.Rendered{Bytes: b.Bytes(), MailID: id, Token: token, Page: page, Thread: thread, Subject: r.subject(it, d)}
	if it.Kind == tracker.MailNotice || it.Kind == tracker.MailDue {
		out.Token = "" // an answer to it is not meant for the client: nothing may relay it
	}
	return out, nil
}

// head returns the fields that depend on the item. Dates and ids apart,
// every name and subject in them is cleaned by head.
func (r *renderer) head(it tracker.OutboxItem, e envelope, d desk, token string) *head {
	h := &head{}
	h.address("From", d.brand, e.from)
	toName := it.ToName
	if it.Kind == tracker.MailAck {
		toName = "" // the sender wrote it: nothing of theirs comes back
	}
	h.address("To", toName, e.to)
	if d.plus && it.Kind != tracker.MailDigest && it.Kind != tracker.MailNotice && it.Kind != tracker.MailDue && it.Kind != tracker.MailAccount && it.Kind != tracker.MailCode {
		local, domain := splitAddress(e.from)
		h.address("Reply-To", d.brand, local+"+"+token+"@"+domain)
	}
	h.text("Subject", r.subject(it, d))
	h.ids("In-Reply-To", it.InReplyTo)
	h.ids("References", lastOf(it.References, 20)...)
	if topic := r.topic(it); topic != "" {
		h.text("Thread-Topic", topic)
	}
	h.text(LoopHeader, e.from)
	switch it.Kind {
	case tracker.MailReply: // a person's words: nothing automatic about them
	case tracker.MailAck:
		h.text("Auto-Submitted", "auto-replied") // RFC 3834 section 5
		h.text("X-Auto-Response-Suppress", "All")
	default:
		h.text("Auto-Submitted", "auto-generated")
		h.text("X-Auto-Response-Suppress", "All")
	}
	return h
}

// subject returns the subject line, which carries the ticket's tag.
func (r *renderer) subject(it tracker.OutboxItem, d desk) string {
	if it.Kind == tracker.MailAccount && it.Account != nil {
		return r.words.say("account."+it.Account.About+".subject", d.brand)
	}
	if it.Kind == tracker.MailCode {
		return r.words.say("code.subject", d.brand)
	}
	tag := ""
	if it.TicketNumber != 0 {
		tag = " [" + number(it) + "]"
	}
	base := oneLine(baseSubject(it.TicketSubject), 150)
	if base == "" {
		base = r.words.say("no_subject")
	}
	switch it.Kind {
	case tracker.MailAck:
		if it.Ack == nil || !it.Ack.EchoSubject {
			return r.words.say("ack.subject") + tag
		}
		return "Re: " + base + tag
	case tracker.MailClosed: // whatever the ticket is called, it was not we who said so
		return r.words.say("closed.subject") + tag
	case tracker.MailNotice:
		if it.TicketNumber == 0 {
			return r.words.say("notice.subject")
		}
		return r.words.say("notice.subject") + ": " + base + tag
	case tracker.MailDue:
		if len(it.Due)+it.DueMore != 1 {
			return r.words.say("due.heading.many", len(it.Due)+it.DueMore)
		}
		return r.words.say("due.subject."+it.Due[0].What) + ": " + base + tag
	case tracker.MailDigest:
		return r.digestSubject(it)
	case tracker.MailNotify:
		if len(it.References) == 0 {
			return base + tag
		}
	}
	return "Re: " + base + tag
}

// topic returns Outlook's Thread-Topic, of the mail that is answered. An
// acknowledgement that echoes nothing has none.
func (r *renderer) topic(it tracker.OutboxItem) string {
	if it.Kind == tracker.MailAck && (it.Ack == nil || !it.Ack.EchoSubject) || it.Kind == tracker.MailClosed {
		return ""
	}
	return oneLine(it.ThreadTopic, 250)
}

// threadIndex returns Outlook's Thread-Index: that of the mail answered with a
// block more, or a new conversation, whose GUID comes from our Message-ID. An
// index of its own for each answer would take the answers apart in Outlook.
func (r *renderer) threadIndex(it tracker.OutboxItem, id string) string {
	sum := sha256.Sum256([]byte("conversation:" + id))
	if x, ok := tracker.ReadThreadIndex(it.ThreadIndex); ok {
		return x.Answered(r.now(), sum[16]).String()
	}
	return tracker.NewThreadIndex(r.now(), [16]byte(sum[:16])).String()
}

func number(it tracker.OutboxItem) string {
	if it.TicketNumber == 0 {
		return ""
	}
	return fmt.Sprintf("HD-%d", it.TicketNumber)
}

func lastOf(ids []string, n int) []string {
	if len(ids) > n {
		return ids[len(ids)-n:]
	}
	return ids
}
