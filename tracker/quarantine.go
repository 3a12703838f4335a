package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// What a person, or a rule of theirs, decided about a mail.
const (
	DecidedRetried   = "retried"   // it is read once more
	DecidedDiscarded = "discarded" // nothing becomes of it
	DecidedIgnored   = "ignored"   // nothing becomes of it, nor of further mail of its sender
	DecidedOpened    = "opened"    // it opened a ticket
	DecidedAttached  = "attached"  // it joined a ticket
	DecidedApproved  = "approved"  // it was held, and is let in
	DecidedRejected  = "rejected"  // it was held, and is not
)

// decidedRow is a mail that a person decides about, locked.
type decidedRow struct {
	ID           int64            `db:"id"`
	MailboxID    int64            `db:"mailbox_id"`
	Digest       string           `db:"digest"`
	Size         int64            `db:"size"`
	ReceivedAt   migrations.Stamp `db:"received_at"`
	State        string           `db:"state"`
	Fate         string           `db:"fate"`
	Attempts     int              `db:"attempts"`
	Sender       string           `db:"sender"`
	Reason       string           `db:"reason"`
	ReasonBefore string           `db:"reason_before"`
	Decision     string           `db:"decision"`
	ResolvedBy   int64            `db:"resolved_by"`
	TicketID     int64            `db:"ticket_id"`
	Erased       bool             `db:"erased"` // its bytes are gone
}

// lockMailTx takes a mail of the ledger for a decision.
func lockMailTx(ctx context.Context, tx *migrations.Tx, id int64) (r decidedRow, err error) {
	err = tx.Get(ctx, &r, `UPDATE inbox SET state = state WHERE id = ? RETURNING id, mailbox_id, digest, size, received_at, state, fate, attempts, sender, reason, reason_before,
		decision, COALESCE(resolved_by, 0) AS resolved_by, COALESCE(ticket_id, 0) AS ticket_id, erased_at IS NOT NULL AS erased`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return r, migrations.NotFoundf("There is no such mail.")
	}
	if err != nil {
		return r, fmt.Errorf("take mail %d: %w", id, err)
	}
	return r, nil
}

// again reports whether the same person has already decided just this, as a
// double click does.
func (r decidedRow) again(actor Actor, decision string) bool {
	return r.Decision == decision && r.ResolvedBy == actor.AccountID && actor.AccountID != 0
}

// meanwhile says who decided about a mail, and what.
func meanwhile(ctx context.Context, q read, r decidedRow) error {
	if r.Erased {
		return migrations.Conflictf("This mail was erased: nothing can be made of it any more.")
	}
	did := map[string]string{DecidedRetried: "had this mail read again", DecidedDiscarded: "discarded this mail", DecidedIgnored: "had its sender ignored",
		DecidedOpened: "opened a ticket with this mail", DecidedAttached: "added this mail to a ticket", DecidedApproved: "approved this mail", DecidedRejected: "rejected this mail"}[r.Decision]
	if did == "" || r.ResolvedBy == 0 {
		return migrations.Conflictf("This mail is not in quarantine, held or discarded (any more).")
	}
	var name string
	if err := q.Get(ctx, &name, `SELECT name FROM account WHERE id = ?`, r.ResolvedBy); err != nil {
		return fmt.Errorf("name who decided: %w", err)
	}
	if r.TicketID != 0 {
		var n int64
		if err := q.Get(ctx, &n, `SELECT number FROM ticket WHERE id = ?`, r.TicketID); err == nil {
			did += " (" + TicketName(n) + ")"
		}
	}
	return migrations.Conflictf("%s %s meanwhile.", name, did)
}

// resolveTx writes a decision about a locked mail, and counts it. reason "" is
// as it was; ticketID 0 too.
func (s *Store) resolveTx(ctx context.Context, tx *migrations.Tx, sums tally, actor Actor, r decidedRow, decision, fate, reason string, ticketID int64) error {
	before := r.Reason
	if reason == "" {
		reason, before = r.Reason, r.ReasonBefore
	}
	_, err := tx.Exec(ctx, `UPDATE inbox SET fate = ?, reason = ?, reason_before = ?, decision = ?, resolved_by = ?, ticket_id = COALESCE(?, ticket_id) WHERE id = ?`,
		fate, clip(oneLine(reason), 500), before, decision, orNull(actor.AccountID), orNull(ticketID), r.ID)
	if err != nil {
		return fmt.Errorf("decide about mail %d: %w", r.ID, err)
	}
	sums.refate(r.MailboxID, r.Fate, fate)
	return nil
}

// onMail runs a decision about one mail in one transaction.
func (s *Store) onMail(ctx context.Context, doing string, id int64, fn func(tx *migrations.Tx, sums tally, r decidedRow) error) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// First, as everybody does who decides: whatever follows may need them.
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		r, err := lockMailTx(ctx, tx, id)
		if err != nil {
			return err
		}
		sums := tally{}
		if err := fn(tx, sums, r); err != nil {
			return err
		}
		return sums.writeTx(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("%s mail %d: %w", doing, id, err)
	}
	return nil
}

// quarantined reports whether a mail is in quarantine.
func (r decidedRow) quarantined() bool { return r.State == inboxDone && r.Fate == FateQuarantine }

// unread reports whether nothing of a mail is stored but its bytes, and a
// person may still make something of it.
func (r decidedRow) unread(ctx context.Context, tx *migrations.Tx) (bool, error) {
	if r.State != inboxDone || r.Fate != FateQuarantine && r.Fate != FateNone || r.TicketID != 0 || r.Erased {
		return false, nil
	}
	stored, err := exists(ctx, tx, `SELECT 1 FROM message WHERE digest = ? AND inbox_id = ?`, r.Digest, r.ID)
	return !stored, err
}

// RetryQuarantined has a quarantined mail, or one that a rule ignored,
// understood once more, as if it had just been taken; but one that had all its
// tries is not read in the daemon itself again.
func (s *Store) RetryQuarantined(ctx context.Context, actor Actor, id int64) error {
	return s.onMail(ctx, "retry", id, func(tx *migrations.Tx, sums tally, r decidedRow) error {
		if r.again(actor, DecidedRetried) && r.State != inboxDone {
			return nil
		}
		byRule := r.State == inboxDone && r.Fate == FateNone && r.Decision == DecidedIgnored && r.ResolvedBy == 0
		if !r.quarantined() && !byRule || r.Erased {
			return meanwhile(ctx, tx, r)
		}
		attempts := 0
		if r.Attempts >= MaxAttempts {
			attempts = 1
		}
		_, err := tx.Exec(ctx, `UPDATE inbox SET state = 'kept', attempts = ?, fence = 0, retry_at = NULL, fate = '', reason = '', reason_before = '', decision = ?, done_at = NULL, resolved_by = ? WHERE id = ?`,
			attempts, DecidedRetried, orNull(actor.AccountID), id)
		if err != nil {
			return err
		}
		sums.refate(r.MailboxID, r.Fate, "")
		tx.AfterCommit(func() { signal(s.inboxNews) })
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "inbox", SubjectID: id, Kind: DecidedRetried})
	})
}

// DiscardQuarantined decides that nothing becomes of a quarantined mail. It
// is kept, with the reason, and TakeBack undoes it.
func (s *Store) DiscardQuarantined(ctx context.Context, actor Actor, id int64, why string) error {
	if why = oneLine(why); why == "" {
		return migrations.InvalidAt("reason", "Please write why this mail is discarded.")
	}
	return s.onMail(ctx, "discard", id, func(tx *migrations.Tx, sums tally, r decidedRow) error {
		if r.again(actor, DecidedDiscarded) && r.Fate == FateNone {
			return nil
		}
		if !r.quarantined() {
			return meanwhile(ctx, tx, r)
		}
		if err := s.resolveTx(ctx, tx, sums, actor, r, DecidedDiscarded, FateNone, "discarded: "+why, 0); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "inbox", SubjectID: id, Kind: DecidedDiscarded})
	})
}

// TakeBack undoes that a mail was discarded, rejected or ignored by hand: it
// waits for a person again, in quarantine or held.
func (s *Store) TakeBack(ctx context.Context, actor Actor, id int64) error {
	return s.onMail(ctx, "take back", id, func(tx *migrations.Tx, sums tally, r decidedRow) error {
		if r.ResolvedBy == 0 || r.Fate != FateNone && r.Fate != FateRevision || r.Decision != DecidedDiscarded && r.Decision != DecidedRejected && r.Decision != DecidedIgnored {
			if r.Fate == FateQuarantine || r.Fate == FatePending {
				return nil // somebody, or the first of two clicks, did
			}
			return meanwhile(ctx, tx, r)
		}
		var rejected int64
		err := tx.Get(ctx, &rejected, `SELECT COALESCE(MAX(id), 0) FROM message WHERE state = 'rejected' AND (inbox_id = ? OR revision_of IN (SELECT id FROM message WHERE inbox_id = ?))`, id, id)
		if err != nil {
			return err
		}
		if rejected == 0 && r.Erased {
			return meanwhile(ctx, tx, r)
		}
		fate := FateQuarantine
		if rejected != 0 {
			fate = FatePending
			if _, err := tx.Exec(ctx, `UPDATE message SET state = 'held' WHERE id = ?`, rejected); err != nil {
				return err
			}
		}
		rows := []decidedRow{r}
		if rejected != 0 {
			if rows, err = heldRowsTx(ctx, tx, rejected); err != nil {
				return err
			}
		}
		for _, row := range rows {
			became := row.Fate
			if became == FateNone {
				became = fate
			}
			_, err := tx.Exec(ctx, `UPDATE inbox SET fate = ?, reason = reason_before, reason_before = '', decision = '', resolved_by = NULL WHERE id = ?`, became, row.ID)
			if err != nil {
				return err
			}
			sums.refate(row.MailboxID, row.Fate, became)
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "inbox", SubjectID: id, Kind: "taken_back"})
	})
}

// ByHand is what a person says about a mail that they make a ticket of.
type ByHand struct {
	Requester Address // who asks; Address "" for nobody known
	Subject   string
}

// OpenMail opens a ticket with a mail that opened none by itself: one in
// quarantine, or one of which nothing became. in is how it is read now; where
// it can not be, only its Digest, Size and what a person typed. Nobody is
// acknowledged.
func (s *Store) OpenMail(ctx context.Context, actor Actor, id int64, in Inbound, by ByHand) (Ticket, error) {
	var t Ticket
	err := s.onMail(ctx, "open a ticket with", id, func(tx *migrations.Tx, sums tally, r decidedRow) error {
		if r.again(actor, DecidedOpened) && r.TicketID != 0 {
			var err error
			t, err = ticketWhere(ctx, tx, `t.id = ?`, r.TicketID)
			return err
		}
		if ok, err := r.unread(ctx, tx); err != nil || !ok {
			return firstError(err, func() error { return meanwhile(ctx, tx, r) })
		}
		d, err := s.byHandTx(r, in)
		if err != nil {
			return err
		}
		o := opening{Actor: actor, MailboxID: r.MailboxID, OpenedAt: r.ReceivedAt, Form: in.Form, Text: in.Reply, Vouched: d.verdict.vouched(), Machine: in.Class != ClassHuman && in.Form == nil}
		if o.Subject, err = checkSubject(by.Subject); err != nil {
			return err
		}
		if strings.TrimSpace(by.Requester.Address) != "" {
			if o.Client, o.Address, err = s.personTx(ctx, tx, by.Requester); err != nil {
				return err
			}
			if d.author.Address == "" || in.FromDefect != "" {
				d.author = Address{Name: o.Client.Name, Address: o.Address}
			}
		}
		d.client = o.Client
		ticket, _, err := s.openTx(ctx, tx, o)
		if err != nil {
			return err
		}
		m, err := s.messageTx(ctx, tx, d, ticket, "shown", "")
		if err != nil {
			return err
		}
		if _, err := s.knowTx(ctx, tx, request{TicketID: ticket, MessageID: m, Client: o.Client, Form: in.Form, Subject: o.Subject, Text: in.Reply}); err != nil {
			return err
		}
		if t, err = ticketWhere(ctx, tx, `t.id = ?`, ticket); err != nil {
			return err
		}
		return s.byHandDoneTx(ctx, tx, sums, actor, r, d, DecidedOpened, FateNew, ticket)
	})
	return t, err
}

// AttachMail adds such a mail to a ticket. participant also has its writer take
// part from now on.
func (s *Store) AttachMail(ctx context.Context, actor Actor, id int64, in Inbound, number int64, participant bool) (Ticket, error) {
	var t Ticket
	err := s.onMail(ctx, "attach", id, func(tx *migrations.Tx, sums tally, r decidedRow) (err error) {
		if t, err = ticketWhere(ctx, tx, `t.number = ?`, number); err != nil {
			return err
		}
		if t.MergedIntoID != 0 {
			if t, err = ticketWhere(ctx, tx, `t.id = ?`, t.MergedIntoID); err != nil {
				return err
			}
		}
		if r.again(actor, DecidedAttached) && r.TicketID == t.ID {
			return nil
		}
		if ok, err := r.unread(ctx, tx); err != nil || !ok {
			return firstError(err, func() error { return meanwhile(ctx, tx, r) })
		}
		d, err := s.byHandTx(r, in)
		if err != nil {
			return err
		}
		if sendable(d.author.Address) && in.FromDefect == "" {
			if d.client, err = s.clientTx(ctx, tx, d.author); err != nil {
				return err
			}
		}
		m, err := s.messageTx(ctx, tx, d, t.ID, "shown", "")
		if err != nil {
			return err
		}
		if err := s.joinTx(ctx, tx, joining{Actor: clientActor(d.client), TicketID: t.ID, MessageID: m, Human: true, Answers: !isThanks(in.Reply), Quiet: s.stale(d)}); err != nil {
			return err
		}
		if participant && d.client != nil {
			if err := s.joinPersonTx(ctx, tx, actor, &t, d.client.ID); err != nil {
				return err
			}
		}
		return s.byHandDoneTx(ctx, tx, sums, actor, r, d, DecidedAttached, FateAppend, t.ID)
	})
	return t, err
}

// firstError is err, or where there is none what other says.
func firstError(err error, other func() error) error {
	if err != nil {
		return err
	}
	return other()
}

// byHandTx prepares a mail that a person decides about.
func (s *Store) byHandTx(r decidedRow, in Inbound) (*decision, error) {
	if in.Digest != r.Digest {
		return nil, fmt.Errorf("mail %d was read as %s, but is %s", r.ID, in.Digest, r.Digest)
	}
	if in.Class == "" {
		in.Class = ClassMalformed
	}
	d := &decision{in: &in, policy: s.policy(r.MailboxID), batch: &batch{}, author: authorOf(&in),
		work: Work{InboxID: r.ID, MailboxID: r.MailboxID, Digest: r.Digest, Size: r.Size, ReceivedAt: r.ReceivedAt}}
	d.verdict = judge(d.policy, &in)
	return d, nil
}

// byHandDoneTx writes what became of it.
func (s *Store) byHandDoneTx(ctx context.Context, tx *migrations.Tx, sums tally, actor Actor, r decidedRow, d *decision, decision, fate string, ticketID int64) error {
	if err := s.resolveTx(ctx, tx, sums, actor, r, decision, fate, decision+" by hand", ticketID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE inbox SET sender = CASE WHEN sender = '' THEN ? ELSE sender END, subject = CASE WHEN subject = '' THEN ? ELSE subject END, class = CASE WHEN class = '' THEN ? ELSE class END WHERE id = ?`,
		clip(d.author.Address, 320), clip(d.in.Subject, 300), string(d.in.Class), r.ID)
	if err != nil {
		return err
	}
	return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "inbox", SubjectID: r.ID, Kind: decision, Became: fmt.Sprintf("ticket:%d", ticketID)})
}
