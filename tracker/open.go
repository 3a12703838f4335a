package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// opening is what a new ticket is made of.
type opening struct {
	Actor     Actor
	MailboxID int64 // 0 for none
	Client    *Client
	Address   string // where answers go, "" for nowhere
	Subject   string
	OpenedAt  migrations.Stamp
	Form      *Form
	Text      string   // what the requester wrote
	Machine   bool     // a program wrote it: it says nothing of how many people are affected
	Vouched   vouching // who says that the requester wrote it
	Words     *reading // of Subject, Text and Form; made where it is nil
	batch     *batch   // of Receive, or nil
}

// openTx makes a ticket: level 1, not yet triaged, with the suggested
// priority beside it.
func (s *Store) openTx(ctx context.Context, tx *migrations.Tx, o opening) (id, number int64, err error) {
	if number, err = nextNumberTx(ctx, tx, o.batch); err != nil {
		return 0, 0, err
	}
	if o.Words == nil {
		o.Words = readingOf(o.Subject, o.Subject, o.Text, o.Form)
	}
	level, star, why := suggestBy(o.Form, o.Words.stops, o.Client)
	others, err := s.recentReports(ctx, tx, o.batch)
	if err != nil {
		return 0, 0, err
	}
	var clientID *int64
	if o.Client != nil {
		clientID = &o.Client.ID
	}
	now := s.stamp()
	id, err = tx.Insert(ctx, `INSERT INTO ticket (number, subject, stage, level, star, suggested_level, suggested_star, suggested_reason, client_id, client_address, mailbox_id, news, opened_at, stage_at, created_at, updated_at)
		VALUES (?, ?, 'requested', 1, FALSE, ?, ?, ?, ?, ?, ?, TRUE, ?, ?, ?, ?) RETURNING id`,
		number, o.Subject, level, star, why, clientID, strings.ToLower(o.Address), orNull(o.MailboxID), o.OpenedAt, now, now, now)
	if err != nil {
		return 0, 0, fmt.Errorf("open ticket: %w", err)
	}
	if err := s.IndexTx(ctx, tx, "ticket", id); err != nil {
		return 0, 0, err
	}
	if err := s.RecordTx(ctx, tx, Event{Actor: o.Actor, Subject: "ticket", SubjectID: id, Kind: "opened"}); err != nil {
		return 0, 0, err
	}
	if err := s.burstTx(ctx, tx, others, s.reportOf(id, number, o)); err != nil {
		return 0, 0, err
	}
	rules, err := s.targetRules(ctx, tx)
	if err != nil || !rules.on {
		return id, number, err
	}
	return id, number, s.deadlinesTx(ctx, tx, o.Actor, id)
}

// settleUntrusted holds a mail that our own server says is not its author's.
func (s *Store) settleUntrusted(ctx context.Context, tx *migrations.Tx, d *decision) error {
	if d.verdict != verdictFail || d.probe != nil {
		return nil
	}
	d.checks = clientChecks(d, match{})
	return s.holdTx(ctx, tx, d, 0, "our mail server says that it does not come from "+d.author.Address)
}

// holdTx keeps a mail for a person to decide: on a ticket, or without one.
// Nothing leaves, nothing else changes; a technician who wrote it is told.
func (s *Store) holdTx(ctx context.Context, tx *migrations.Tx, d *decision, ticketID int64, reason string) error {
	d.ticket = ticketID
	d.fate(FatePending, reason)
	id, err := s.messageTx(ctx, tx, d, ticketID, "held", reason)
	if err != nil {
		return err
	}
	if ticketID == 0 {
		return s.RecordTx(ctx, tx, Event{Subject: "inbox", SubjectID: d.work.InboxID, Kind: "held"})
	}
	if err := s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: ticketID, Kind: "held"}); err != nil {
		return err
	}
	return s.noticeHeldTx(ctx, tx, d, ticketID, id, reason)
}

// settleNew opens a ticket, with its acknowledgement and notifications where
// they are due.
func (s *Store) settleNew(ctx context.Context, tx *migrations.Tx, d *decision) error {
	from, address, err := s.requesterTx(ctx, tx, d)
	if err != nil {
		return err
	}
	// Who wrote the mail is a client too, unless another was named for them.
	d.client = from
	id, number, err := s.openTx(ctx, tx, opening{
		Actor: clientActor(from), MailboxID: d.work.MailboxID, Client: from, Address: address,
		Subject: subjectOf(d.in), OpenedAt: d.work.ReceivedAt, Form: d.in.Form, batch: d.batch,
		Text: d.in.Reply, Words: d.in.reading(), Vouched: d.verdict.vouched(), Machine: d.probe != nil || d.in.Class != ClassHuman && d.in.Form == nil,
	})
	if err != nil {
		return err
	}
	d.ticket, d.out.Ticket = id, TicketName(number)
	account := d.account
	d.account = nil // a technician who asks for something is a client here
	messageID, err := s.messageTx(ctx, tx, d, id, "shown", "")
	if err != nil {
		return err
	}
	d.account = account
	d.fate(FateNew, "")
	missing := Missing(nil)
	if d.in.Class == ClassHuman && d.probe == nil {
		missing, err = s.knowTx(ctx, tx, request{TicketID: id, MessageID: messageID, Client: from, Form: d.in.Form, Subject: d.in.Subject, Text: d.in.Reply, Words: d.in.reading(), Copied: s.copied(d), batch: d.batch})
		if err != nil {
			return err
		}
	}
	if d.out.Acks, err = s.acknowledgeTx(ctx, tx, d, id, messageID, from, address, missing); err != nil {
		return err
	}
	if s.stale(d) || !d.batch.notifies || d.probe != nil {
		return nil
	}
	return s.notifyTx(ctx, tx, id, messageID, false)
}

// copied returns whom a mail went to beside us.
func (s *Store) copied(d *decision) []Address {
	var list []Address
	for _, a := range d.in.Cc {
		if sendable(a.Address) && !d.policy.isOurs(a.Address) && !strings.EqualFold(a.Address, d.author.Address) {
			list = append(list, a)
		}
	}
	return list
}

func clientActor(c *Client) Actor {
	if c == nil {
		return Actor{}
	}
	return Actor{ClientID: c.ID}
}

// requesterTx decides who asks: From; the responder, for mails of configured
// form senders and of the mailbox itself; the original sender, for a verified
// technician's forward. A form whose responder can not be resolved has no
// requester until a technician sets one.
func (s *Store) requesterTx(ctx context.Context, tx *migrations.Tx, d *decision) (*Client, string, error) {
	if d.probe != nil {
		return s.probeClientTx(ctx, tx, d.probe)
	}
	who := d.author
	switch {
	case d.in.Form != nil && s.speaksForOthers(d):
		who = d.in.Form.Requester
		if !sendable(who.Address) || d.policy.isOurs(who.Address) {
			return nil, "", nil
		}
	case d.in.Forwarded != nil && d.account != nil && d.account.Enabled && d.verdict == verdictPass && May(*d.account, WorkTickets) && sendable(d.in.Forwarded.From.Address):
		who = d.in.Forwarded.From
	}
	if c := d.batch.clientOf(who.Address); c != nil && (who.Name == "" || c.Name == who.Name) {
		return c, who.Address, nil
	}
	c, err := s.clientTx(ctx, tx, who)
	if err == nil {
		d.batch.clients[strings.ToLower(who.Address)] = c
	}
	return c, who.Address, err
}

// speaksForOthers reports whether the sender may name another as requester.
func (s *Store) speaksForOthers(d *decision) bool {
	if d.in.Form.Source == "ms_forms_native" || d.policy.isOurs(d.author.Address) {
		return true
	}
	for _, f := range d.policy.FormSenders {
		if strings.EqualFold(f, d.author.Address) {
			return true
		}
	}
	return slices.Contains(d.batch.formSenders, strings.ToLower(d.author.Address))
}

// subjectOf returns what the ticket is called.
func subjectOf(in *Inbound) string {
	subject := in.Subject
	if in.Form != nil && in.Form.Subject != "" {
		subject = in.Form.Subject
	}
	if strings.TrimSpace(subject) == "" {
		line, _, _ := strings.Cut(strings.TrimSpace(in.Reply), "\n")
		subject = beginning(oneLine(line), 80)
	}
	if subject = oneLine(subject); subject == "" {
		return "(no subject)"
	}
	return clip(subject, 998)
}

// sendable reports whether an address can be written to: a dot-atom of ASCII
// and a domain name (RFC 5321 section 4.1.2 without quoted strings and address
// literals, RFC 6531 addresses excepted). What looks like an encoded word is a
// trick. The mailer refuses the rest, as dead mail that a person must look at.
func sendable(address string) bool {
	local, domain, ok := cutAddress(address)
	if !ok || len(address) > 254 || len(local) > 64 || strings.Contains(local, "=?") || slices.Contains(strings.Split(local, "."), "") {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	for _, r := range address {
		if r >= utf8.RuneSelf || r <= ' ' || r == 0x7f || strings.ContainsRune(`"(),:;<>[\]`, r) {
			return false
		}
	}
	return strings.Count(address, "@") == 1
}

// maxAcks is how many acknowledgements one requester gets in an hour.
const maxAcks = 3

// stale reports whether a mail is too old for automatic answers, or may have
// had them before.
func (s *Store) stale(d *decision) bool {
	return d.work.Quiet || s.Now().Sub(d.work.ReceivedAt.Time()) > d.policy.ackMaxAge()
}

// acknowledgeTx queues the acknowledgement where one is due: to people only,
// never to robots, lists or ourselves, at most three an hour (RFC 3834
// section 2), never for old mail, nor for what may have been acknowledged
// before the database was restored.
func (s *Store) acknowledgeTx(ctx context.Context, tx *migrations.Tx, d *decision, ticketID, messageID int64, c *Client, address string, missing []FactItem) (int, error) {
	form := d.in.Form != nil && s.speaksForOthers(d)
	switch {
	case c == nil, d.probe != nil, d.work.MailboxID == 0, d.policy.NoAcks, d.in.Class != ClassHuman, d.in.SuppressAck && !form,
		!sendable(address), d.policy.isOurs(address), s.stale(d):
		return 0, nil
	}
	if !d.batch.acks || d.work.ReceivedAt < d.batch.noAcks[d.work.MailboxID] {
		return 0, nil
	}
	to := strings.ToLower(address)
	if d.batch.bounced[to] {
		return 0, nil
	}
	if d.batch.acked[to] >= maxAcks {
		return 0, s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: ticketID, Kind: "ack_withheld", Became: "more than 3 an hour"})
	}
	d.batch.acked[to]++
	if len(missing) > 0 {
		if err := s.askedByAckTx(ctx, tx, ticketID, missing); err != nil {
			return 0, err
		}
	}
	err := s.enqueueLaterTx(ctx, tx, Mail{
		Kind: MailAck, MailboxID: d.work.MailboxID, TicketID: ticketID, MessageID: messageID, ClientID: c.ID, ToAddress: address, ToName: nameUnless(c.Name, address),
		Ack: &AckDetail{EchoSubject: d.policy.isInside(address) && (d.verdict == verdictPass || !d.policy.judges()), AskQuestions: len(missing) > 0, Missing: missing},
	})
	return 1, err
}

// nameUnless returns a client's name, "" where it is only the address.
func nameUnless(name, address string) string {
	if strings.EqualFold(name, address) {
		return ""
	}
	return name
}
