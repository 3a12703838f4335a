package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Item is a claimed mail with what was understood of it.
type Item struct {
	Work Work
	Mail Inbound
}

// errUndecided rolls a mail's transaction back without blaming the mail.
var errUndecided = errors.New("the mail was not claimed any more")

// Receive decides what becomes of mails: each is deduplicated, matched,
// opened as a ticket, appended, held, parked or quarantined, with its client,
// message, attachments, events, outbox rows and its own fate in the same
// transaction. Several mails share one, for speed; when it fails they are
// done over one by one, so that one bad mail costs only its own try. It
// returns an outcome for every mail that was decided; what answers a mail that
// was put off is not, and waits. Of a mailbox in shadow mode mails are only
// rehearsed (shadow.go).
func (s *Store) Receive(ctx context.Context, l *Lease, items []Item) ([]Outcome, error) {
	if on, err := s.shadowed(ctx, s.db, items); err != nil {
		return nil, err
	} else if on {
		return s.rehearse(ctx, l, items)
	}
	var out []Outcome
	var b *batch
	err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
		out = out[:0]
		var err error
		b, err = s.gather(ctx, tx, items)
		if err != nil {
			return err
		}
		if on, err := s.shadowed(ctx, tx, items); err != nil {
			return err
		} else if on {
			return errShadow
		}
		for _, it := range items {
			if waits, err := s.waitTx(ctx, tx, b, it); err != nil {
				return err
			} else if waits {
				continue
			}
			o, err := s.receiveTx(ctx, tx, b, it)
			if err != nil {
				return err
			}
			out = append(out, o)
		}
		if err := s.countGrownTx(ctx, tx, b); err != nil {
			return err
		}
		if err := endNumbersTx(ctx, tx, b); err != nil {
			return err
		}
		return b.sums.writeTx(ctx, tx)
	})
	if err == nil {
		s.learnGists(b)
		return out, nil
	}
	if errors.Is(err, errShadow) { // since a moment
		return s.rehearse(ctx, l, items)
	}
	if ctx.Err() != nil || leaseLost(l) {
		return nil, fmt.Errorf("receive %d mails: %w", len(items), err)
	}
	if len(items) == 1 {
		return nil, s.failed(ctx, l, items[0], err)
	}
	out = nil
	for _, it := range items {
		one, err := s.Receive(ctx, l, []Item{it})
		if err != nil {
			return out, err
		}
		out = append(out, one...)
	}
	return out, nil
}

// failed gives one mail back after its transaction failed. When even that
// fails the database is in trouble, not the mail, and the error says so.
func (s *Store) failed(ctx context.Context, l *Lease, it Item, cause error) error {
	if errors.Is(cause, errUndecided) {
		return nil
	}
	wait := time.Duration(it.Work.Attempts) * 5 * time.Second
	if err := s.Release(ctx, l, it.Work.InboxID, "storing it failed and will be tried again: "+cause.Error(), s.Now().Add(wait)); err != nil {
		return fmt.Errorf("receive mail %d: %w", it.Work.InboxID, cause)
	}
	s.log.Error("a mail could not be stored and will be tried again", slog.Int64("inbox", it.Work.InboxID), slog.Int("attempt", it.Work.Attempts), slog.Any("error", cause))
	return nil
}

func leaseLost(l *Lease) bool {
	if l == nil {
		return false
	}
	select {
	case <-l.lost:
		return true
	default:
		return false
	}
}

// decision is the state of deciding one mail.
type decision struct {
	in      *Inbound
	work    Work
	policy  Policy
	verdict verdict
	author  Address  // whom From names
	account *Account // the staff account of that address, enabled or not
	client  *Client  // who wrote, where known already
	out     Outcome
	checks  string // of a mail that is held: see checks.go
	ticket  int64  // the ticket that the fate names
	probe   *Probe // by which somebody tries the mailbox
	gone    bool   // it was erased before: nothing of it is kept
	batch   *batch
}

// receiveTx decides one mail and writes its fate.
func (s *Store) receiveTx(ctx context.Context, tx *migrations.Tx, b *batch, it Item) (Outcome, error) {
	d := &decision{in: &it.Mail, work: it.Work, policy: s.policy(it.Work.MailboxID), batch: b}
	d.author = authorOf(d.in)
	d.verdict = judge(d.policy, d.in)
	d.out = Outcome{InboxID: it.Work.InboxID, Class: d.in.Class}
	if err := s.decideTx(ctx, tx, d); err != nil {
		return Outcome{}, fmt.Errorf("decide mail %d: %w", it.Work.InboxID, err)
	}
	var ticket *int64
	if d.ticket != 0 {
		ticket = &d.ticket
		if d.out.Ticket == "" {
			var n int64
			if err := tx.Get(ctx, &n, `SELECT number FROM ticket WHERE id = ?`, d.ticket); err != nil {
				return Outcome{}, fmt.Errorf("name the ticket of mail %d: %w", it.Work.InboxID, err)
			}
			d.out.Ticket = TicketName(n)
		}
	}
	n, err := tx.Exec(ctx, `UPDATE inbox SET state = 'done', fate = ?, class = ?, sender = ?, subject = ?, reason = ?, decision = ?, ticket_id = ?, acks = ?, commands = ?, done_at = ?
		WHERE id = ? AND state = 'working'`,
		d.out.Fate, string(d.out.Class), clip(d.author.Address, 320), clip(d.in.Subject, 300), clip(d.out.Reason, 500), d.out.Decision, ticket, d.out.Acks, d.out.Commands, s.stamp(), it.Work.InboxID)
	if err != nil {
		return Outcome{}, fmt.Errorf("record the fate of mail %d: %w", it.Work.InboxID, err)
	}
	if n == 0 {
		return Outcome{}, errUndecided
	}
	b.sums.add(it.Work.MailboxID, d.out.Fate, 1)
	b.inTime(it)
	if d.gone {
		return d.out, s.forgetMailTx(ctx, tx, it.Work)
	}
	b.add(d.in)
	return d.out, nil
}

func (d *decision) fate(fate, reason string) { d.out.Fate, d.out.Reason = fate, reason }

// decideTx is the order of decisions; each step either settles the mail or
// leaves it to the next.
func (s *Store) decideTx(ctx context.Context, tx *migrations.Tx, d *decision) error {
	steps := []func(context.Context, *migrations.Tx, *decision) error{
		s.settleGone,      // it was erased, and comes again
		s.settleJunk,      // it lay in the Junk folder, or was moved out of it
		s.settleNotice,    // bounces, receipts and the like belong to the outbox
		s.settleUnclear,   // nobody can be named as its author
		s.settleKnown,     // duplicates and revisions
		s.settleOwn,       // our own mail coming back
		s.identify,        // whom From names
		s.settleDigest,    // it answers a digest, which belongs to no ticket
		s.settleMatched,   // it belongs to a ticket
		s.settleIgnored,   // a person wants nothing of its sender
		s.settleUntrusted, // an explicit failure is held
		s.settleNew,       // it opens a ticket
	}
	for _, step := range steps {
		if err := step(ctx, tx, d); err != nil || d.out.Fate != "" {
			return err
		}
	}
	return errors.New("no step decided the mail")
}

// settleUnclear sets a mail aside whose author is not beyond doubt.
func (s *Store) settleUnclear(ctx context.Context, tx *migrations.Tx, d *decision) error {
	reason := d.in.FromDefect
	switch {
	case d.in.Class == ClassPlaceholder:
		reason = "Exchange could not hand over the real mail; look for it in the mailbox"
	case reason == "" && d.in.Class == ClassMalformed:
		reason = "this is not a mail that can be read"
	case reason == "" && d.author.Address == "":
		reason = "it names no sender"
	}
	if reason == "" {
		return nil
	}
	d.fate(FateQuarantine, reason)
	return s.RecordTx(ctx, tx, Event{Subject: "inbox", SubjectID: d.work.InboxID, Kind: "quarantined"})
}

// formKey names a form's answers, or is "" for no form.
func formKey(f *Form) string {
	if f == nil || len(f.Answers) == 0 {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00", f.Title, strings.ToLower(f.Requester.Address), f.SubmittedAt, f.ResponseID)
	for _, a := range f.Answers {
		fmt.Fprintf(h, "%s\x00%s\x00", a.Question, a.Answer)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// settleKnown recognises duplicates and revisions. Form mails are compared by
// their answers too, because the flow that sends them retries under new
// Message-IDs; without a submission time only for 30 minutes. Only what the
// same sender sent counts, and of what was held or rejected nothing: else who
// guesses an answer, or forges the flow, could keep the real one from its ticket.
func (s *Store) settleKnown(ctx context.Context, tx *migrations.Tx, d *decision) error {
	if err := s.settleCopy(ctx, tx, d); err != nil || d.out.Fate != "" {
		return err
	}
	key := formKey(d.in.Form)
	if key == "" {
		return nil
	}
	since := d.work.ReceivedAt - migrations.Stamp(30*time.Minute/time.Microsecond)
	if d.in.Form.SubmittedAt != "" {
		since = 0
	}
	var known struct {
		TicketID *int64 `db:"ticket_id"`
	}
	err := tx.Get(ctx, &known, `SELECT ticket_id FROM message WHERE form_key = ? AND form_key <> '' AND at >= ? AND from_address = ? AND (state NOT IN ('held', 'rejected') OR ?) ORDER BY id LIMIT 1`,
		key, since, clip(d.author.Address, 320), d.verdict == verdictFail)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	d.fate(FateDuplicate, "the form sent this answer once before")
	if known.TicketID == nil {
		return nil
	}
	d.ticket = *known.TicketID
	return s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: d.ticket, Kind: "form_again"})
}

// messageTx stores the mail as a message, with its attachments and the ids
// that later mails may refer to.
func (s *Store) messageTx(ctx context.Context, tx *migrations.Tx, d *decision, ticketID int64, state, heldReason string) (int64, error) {
	in := d.in
	form := ""
	if in.Form != nil {
		b, err := json.Marshal(in.Form)
		if err != nil {
			return 0, err
		}
		form = string(b)
	}
	forwarded := ""
	if in.Forwarded != nil {
		b, err := json.Marshal(in.Forwarded)
		if err != nil {
			return 0, fmt.Errorf("store message: %w", err)
		}
		forwarded = string(b)
	}
	var sent *migrations.Stamp
	if !in.Date.IsZero() {
		at := migrations.At(in.Date)
		sent = &at
	}
	var clientID, accountID *int64
	if d.client != nil {
		clientID = &d.client.ID
	}
	if d.account != nil {
		accountID = &d.account.ID
	}
	body := in.Reply
	quoted := in.Quoted
	if strings.TrimSpace(body) == "" && quoted == "" {
		body = in.Text
	}
	body, quoted = WithoutLinks(body), WithoutLinks(quoted)
	id, err := tx.Insert(ctx, `INSERT INTO message (ticket_id, direction, state, held_reason, checks, inbox_id, client_id, account_id, from_name, from_address, to_line, cc_line,
			subject, body, quoted, class, class_reason, form, forwarded, defects, notes, digest, mail_id, thread_index, thread_topic, identity, content, form_key, sent_date, at)
		VALUES (?, 'in', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		orNull(ticketID), state, heldReason, d.checks, d.work.InboxID, clientID, accountID, clip(d.author.Name, 200), clip(d.author.Address, 320), addressLine(in.To), addressLine(in.Cc),
		in.Subject, body, quoted, string(in.Class), in.ClassReason, form, forwarded, clip(strings.Join(in.Defects, "\n"), 2000), clip(strings.Join(in.Notes, "\n"), 2000), in.Digest, in.MessageID, in.ThreadIndex, in.ThreadTopic, identity(in)+d.verdict.mark(), in.ContentDigest,
		formKey(in.Form), sent, d.work.ReceivedAt)
	if err != nil {
		return 0, fmt.Errorf("store message: %w", err)
	}
	if err := s.attachTx(ctx, tx, id, in.Digest, in.Parts); err != nil {
		return 0, err
	}
	if ticketID == 0 || state != "shown" {
		return id, nil
	}
	if err := s.reachedTx(ctx, tx, d); err != nil {
		return 0, err
	}
	if err := s.converseTx(ctx, tx, ticketID, in.ThreadIndex, in.Subject); err != nil {
		return 0, err
	}
	return id, s.referMailTx(ctx, tx, ticketID, in.MessageID, in.OriginalID, append(append([]string(nil), in.References...), in.InReplyTo...))
}

// addressLine joins addresses for display, at most 2,000 bytes of them.
func addressLine(list []Address) string {
	var b strings.Builder
	for i, a := range list {
		if b.Len() > 2000 {
			fmt.Fprintf(&b, " and %d more", len(list)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if a.Name != "" {
			b.WriteString(a.Name + " ")
		}
		b.WriteString("<" + a.Address + ">")
	}
	return b.String()
}

// referMailTx records a mail's own ids as known, and those that it names.
func (s *Store) referMailTx(ctx context.Context, tx *migrations.Tx, ticketID int64, own, original string, refs []string) error {
	for _, id := range []string{own, original} {
		if err := s.referTx(ctx, tx, ticketID, id, true); err != nil {
			return err
		}
	}
	for _, id := range refs {
		if err := s.referTx(ctx, tx, ticketID, id, false); err != nil {
			return err
		}
	}
	return nil
}

// referTx records that a Message-ID belongs to a ticket (known), or was named
// by a mail of it. An empty id belongs to nothing.
func (s *Store) referTx(ctx context.Context, tx *migrations.Tx, ticketID int64, id string, known bool) error {
	if id == "" {
		return nil
	}
	var err error
	if known {
		err = tx.Later(ctx, `INSERT INTO message_ref (ref, ticket_id, known)`, `ON CONFLICT (ref, ticket_id) DO UPDATE SET known = TRUE`, clip(id, 998), ticketID, true)
	} else {
		err = tx.Later(ctx, `INSERT INTO message_ref (ref, ticket_id, known)`, `ON CONFLICT (ref, ticket_id) DO NOTHING`, clip(id, 998), ticketID, false)
	}
	if err != nil {
		return fmt.Errorf("record Message-ID: %w", err)
	}
	return nil
}
