package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// In shadow mode a mailbox is read and its mail is kept, but nothing is done:
// nothing is moved, no ticket is opened, nothing is answered. Each mail is
// decided in a transaction that is rolled back, and what it would have done
// is noted beside it. The mailbox leaves shadow mode once, by a person, in
// one transaction with what becomes of the mails that were seen.
const (
	ShadowOn  = "on"
	ShadowOff = "off" // a person switched the mailbox on: the configuration does not bring shadow mode back
)

// InShadow reports whether the mailbox is only looked at.
func (m Mailbox) InShadow() bool { return m.Shadow == ShadowOn }

// Rehearsal is what would have been done to a mail.
type Rehearsal struct {
	Fate      string `json:"fate"` // FateNew and its like
	Reason    string `json:"reason,omitempty"`
	Ticket    int64  `json:"ticket,omitempty"`  // the number of the ticket that it would have joined
	Behind    int64  `json:"behind,omitempty"`  // or the mail, by inbox id, that would have opened it
	Subject   string `json:"subject,omitempty"` // of that ticket, or of the one that it would open
	Requester string `json:"requester,omitempty"`
	Level     int    `json:"level,omitempty"` // the suggested priority, for a new ticket
	Star      bool   `json:"star,omitempty"`
	Why       string `json:"why,omitempty"`      // that priority
	Ack       string `json:"ack,omitempty"`      // whom it would acknowledge
	Notified  int    `json:"notified,omitempty"` // technicians who would be told
	Answered  int    `json:"answered,omitempty"` // clients to whom a technician's words would go
}

var (
	errShadow    = errors.New("the mailbox is in shadow mode")
	errRehearsed = errors.New("this was a rehearsal")
)

func (s *Store) beginShadowTx(ctx context.Context, tx *migrations.Tx, name string) error {
	var id int64
	err := tx.Get(ctx, &id, `UPDATE mailbox SET shadow = 'on', shadow_at = ? WHERE name = ? AND shadow = '' RETURNING id`, s.stamp(), name)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return s.RecordTx(ctx, tx, Event{Subject: "mailbox", SubjectID: id, Kind: "shadow", Became: ShadowOn})
}

// BeginShadow has a mailbox only looked at from now on, whatever it did before.
func (s *Store) BeginShadow(ctx context.Context, actor Actor, mailboxID int64) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error { return s.shadowTx(ctx, tx, actor, mailboxID) })
	if err != nil {
		return fmt.Errorf("begin shadow mode of mailbox %d: %w", mailboxID, err)
	}
	return nil
}

func (s *Store) shadowTx(ctx context.Context, tx *migrations.Tx, actor Actor, mailboxID int64) error {
	if _, err := lockNumbersTx(ctx, tx); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `UPDATE mailbox SET shadow = 'on', shadow_at = ? WHERE id = ? AND shadow <> 'on'`, s.stamp(), mailboxID)
	if err != nil {
		return err
	}
	if n == 0 {
		return knownMailboxTx(ctx, tx, mailboxID)
	}
	return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "mailbox", SubjectID: mailboxID, Kind: "shadow", Became: ShadowOn})
}

// setShadowTx switches the mailbox of a connection, where there is one yet.
func (s *Store) setShadowTx(ctx context.Context, tx *migrations.Tx, actor Actor, name string, on bool) error {
	var m Mailbox
	err := tx.Get(ctx, &m, `SELECT `+mailboxColumns+` FROM mailbox WHERE name = ?`, name)
	switch {
	case migrations.KindOf(err) == migrations.NotFound:
		return nil
	case err != nil:
		return err
	case on:
		return s.shadowTx(ctx, tx, actor, m.ID)
	case m.InShadow():
		_, err = s.endShadowTx(ctx, tx, actor, m.ID, ApplySeen)
	}
	return err
}

// shadowed reports whether mails are of a mailbox in shadow mode. All mails
// of one call are of one mailbox.
func (s *Store) shadowed(ctx context.Context, q read, items []Item) (bool, error) {
	if len(items) == 0 {
		return false, nil
	}
	return exists(ctx, q, `SELECT 1 FROM mailbox WHERE id = ? AND shadow = 'on'`, items[0].Work.MailboxID)
}

// rehearse notes what would become of mails, one by one.
func (s *Store) rehearse(ctx context.Context, l *Lease, items []Item) ([]Outcome, error) {
	var out []Outcome
	for _, it := range items {
		r, o, err := s.rehearseOne(ctx, l, it)
		if err == nil {
			err = s.rehearsed(ctx, l, it, r, &o)
		}
		if err == nil {
			out = append(out, o)
			continue
		}
		if ctx.Err() != nil || leaseLost(l) {
			return out, fmt.Errorf("rehearse mail %d: %w", it.Work.InboxID, err)
		}
		if err := s.failed(ctx, l, it, err); err != nil {
			return out, err
		}
	}
	return out, nil
}

// rehearseOne decides a mail and takes everything back.
func (s *Store) rehearseOne(ctx context.Context, l *Lease, it Item) (r Rehearsal, o Outcome, err error) {
	err = s.underLease(ctx, l, func(tx *migrations.Tx) error {
		b, err := s.gather(ctx, tx, []Item{it})
		if err != nil {
			return err
		}
		var last int64 // tickets up to here are real
		if err := tx.Get(ctx, &last, `SELECT COALESCE(MAX(id), 0) FROM ticket`); err != nil {
			return err
		}
		if o, err = s.receiveTx(ctx, tx, b, it); err != nil {
			return err
		}
		if err := s.countGrownTx(ctx, tx, b); err != nil {
			return err
		}
		if err := tx.Flush(ctx); err != nil {
			return err
		}
		if r, err = s.reviewTx(ctx, tx, it.Work.InboxID, last); err != nil {
			return err
		}
		r.Fate, r.Reason = o.Fate, o.Reason
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		err = nil
	}
	return r, o, err
}

// reviewTx reads what a mail has done so far in this transaction.
func (s *Store) reviewTx(ctx context.Context, tx *migrations.Tx, inboxID, lastTicket int64) (Rehearsal, error) {
	var r Rehearsal
	var t struct {
		ID        int64  `db:"id"`
		Number    int64  `db:"number"`
		Subject   string `db:"subject"`
		Requester string `db:"requester"`
		Level     int    `db:"suggested_level"`
		Star      bool   `db:"suggested_star"`
		Why       string `db:"suggested_reason"`
	}
	err := tx.Get(ctx, &t, `SELECT t.id, t.number, t.subject, COALESCE(c.name, '') AS requester, `+suggestedColumns+`
		FROM inbox i JOIN ticket t ON t.id = i.ticket_id LEFT JOIN client c ON c.id = t.client_id LEFT JOIN burst u ON u.id = t.burst_id WHERE i.id = ?`, inboxID)
	if migrations.KindOf(err) == migrations.NotFound {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.Subject = t.Subject
	if t.ID <= lastTicket {
		r.Ticket = t.Number
	} else {
		r.Requester, r.Level, r.Star, r.Why = t.Requester, t.Level, t.Star, t.Why
	}
	var mails []struct {
		Kind string `db:"kind"`
		To   string `db:"to_address"`
	}
	err = tx.Select(ctx, &mails, `SELECT o.kind, o.to_address FROM outbox o JOIN message m ON m.id = o.message_id WHERE m.inbox_id = ? ORDER BY o.id`, inboxID)
	if err != nil {
		return r, err
	}
	for _, m := range mails {
		switch m.Kind {
		case MailAck:
			r.Ack = m.To
		case MailReply:
			r.Answered++
		default:
			r.Notified++
		}
	}
	return r, nil
}

// rehearsed writes a mail's rehearsal. Where a person has switched the mailbox
// on meanwhile, the mail waits to be decided for good.
func (s *Store) rehearsed(ctx context.Context, l *Lease, it Item, r Rehearsal, o *Outcome) error {
	return s.underLease(ctx, l, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		on, err := s.shadowed(ctx, tx, []Item{it})
		if err != nil {
			return err
		}
		if !on {
			tx.AfterCommit(func() { signal(s.inboxNews) })
			_, err := tx.Exec(ctx, `UPDATE inbox SET state = 'kept', attempts = attempts - 1 WHERE id = ? AND state = 'working'`, it.Work.InboxID)
			return err
		}
		author := authorOf(&it.Mail)
		if err := s.seenBeforeTx(ctx, tx, it, author, &r); err != nil {
			return err
		}
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE inbox SET state = 'done', fate = ?, class = ?, sender = ?, subject = ?, reason = 'seen in shadow mode', rehearsal = ?, done_at = ? WHERE id = ? AND state = 'working'`,
			FateShadow, string(o.Class), clip(author.Address, 320), clip(it.Mail.Subject, 300), string(text), s.stamp(), it.Work.InboxID)
		if err == nil && n == 0 {
			err = errUndecided
		}
		if err != nil {
			return err
		}
		sums := tally{}
		sums.add(it.Work.MailboxID, FateShadow, 1)
		*o = Outcome{InboxID: it.Work.InboxID, Fate: FateShadow, Class: o.Class, Reason: "in shadow mode: nothing was done"}
		return sums.writeTx(ctx, tx)
	})
}

// seenBeforeTx recognises copies of, and answers to, mails that were only
// rehearsed too: the tables, which a rehearsal is held against, know nothing
// of them.
func (s *Store) seenBeforeTx(ctx context.Context, tx *migrations.Tx, it Item, author Address, r *Rehearsal) error {
	ids := slices.Concat([]string{it.Mail.MessageID}, it.Mail.InReplyTo, it.Mail.References)
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	if r.Fate != FateNew || len(ids) == 0 {
		return nil
	}
	for i := range ids {
		ids[i] = clip(ids[i], 998)
	}
	var before []struct {
		ID        int64  `db:"id"`
		MailID    string `db:"mail_id"`
		Sender    string `db:"sender"`
		Subject   string `db:"subject"`
		Rehearsal string `db:"rehearsal"`
	}
	err := selectIn(ctx, tx, &before, `SELECT id, mail_id, sender, subject, rehearsal FROM inbox WHERE mail_id IN (?) AND mail_id <> '' AND +mailbox_id = ? AND state = 'done' AND fate || '' = 'shadow' AND id <> ? ORDER BY id`,
		ids[:min(len(ids), 100)], it.Work.MailboxID, it.Work.InboxID)
	if err != nil {
		return fmt.Errorf("look for mails that were rehearsed: %w", err)
	}
	for _, b := range before {
		if !strings.EqualFold(b.Sender, author.Address) { // only who takes part may join
			continue
		}
		*r = Rehearsal{Fate: FateAppend, Behind: b.ID, Subject: b.Subject, Notified: r.Notified}
		if b.MailID == clip(it.Mail.MessageID, 998) {
			*r = Rehearsal{Fate: FateDuplicate, Reason: "we have this mail already", Behind: b.ID, Subject: b.Subject}
		}
		var first Rehearsal // what that one stands behind, so that all of a conversation name its first
		if err := json.Unmarshal([]byte(b.Rehearsal), &first); err == nil {
			switch {
			case first.Ticket != 0:
				r.Ticket, r.Subject, r.Behind = first.Ticket, first.Subject, 0
			case first.Behind != 0:
				r.Behind, r.Subject = first.Behind, first.Subject
			}
		}
		return nil
	}
	return nil
}

// ShadowEnd is what becomes of the mails that were seen in shadow mode.
type ShadowEnd string

// The ways to leave shadow mode.
const (
	// FromNowOn leaves them alone, in the mailbox too: the desk begins with
	// what comes from now on.
	FromNowOn ShadowEnd = "now"
	// ApplySeen decides them as if they had just come. None of them is
	// acknowledged, since somebody may have answered them by hand.
	ApplySeen ShadowEnd = "apply"
	// ApplyAndAck is ApplySeen, and acknowledges those that are young enough.
	ApplyAndAck ShadowEnd = "ack"
)

// EndShadow switches a mailbox on, for good, and returns how many mails that
// were seen this decided about.
func (s *Store) EndShadow(ctx context.Context, actor Actor, mailboxID int64, how ShadowEnd) (n int64, err error) {
	if how != FromNowOn && how != ApplySeen && how != ApplyAndAck {
		return 0, migrations.Invalidf("Please choose what becomes of the mails that were seen.")
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err = s.endShadowTx(ctx, tx, actor, mailboxID, how)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("switch mailbox %d on: %w", mailboxID, err)
	}
	return n, nil
}

func (s *Store) endShadowTx(ctx context.Context, tx *migrations.Tx, actor Actor, mailboxID int64, how ShadowEnd) (n int64, err error) {
	// Whoever rehearses a mail has these locked when they write it down.
	if _, err := lockNumbersTx(ctx, tx); err != nil {
		return 0, err
	}
	now := s.stamp()
	on, err := tx.Exec(ctx, `UPDATE mailbox SET shadow = 'off', shadow_at = ? WHERE id = ? AND shadow = 'on'`, now, mailboxID)
	if err != nil {
		return 0, err
	}
	if on == 0 {
		if err := knownMailboxTx(ctx, tx, mailboxID); err != nil {
			return 0, err
		}
		return 0, migrations.Conflictf("This mailbox is switched on already.")
	}
	sums := tally{}
	if how == FromNowOn {
		var open int64
		if err := tx.Get(ctx, &open, `SELECT count(*) FROM inbox WHERE mailbox_id = ? AND state <> 'done'`, mailboxID); err != nil {
			return 0, err
		}
		n, err = tx.Exec(ctx, `UPDATE inbox SET state = 'done', fate = 'none', reason = 'seen in shadow mode; the desk began with later mail', rehearsal = '', done_at = ?, resolved_by = ?
			WHERE mailbox_id = ? AND (state <> 'done' OR fate = 'shadow')`, now, orNull(actor.AccountID), mailboxID)
		sums.add(mailboxID, FateNone, n)
		sums.add(mailboxID, FateShadow, open-n)
		if err == nil { // they stay where they lie
			_, err = tx.Exec(ctx, `UPDATE inbox SET moved_at = ? WHERE mailbox_id = ? AND moved_at IS NULL AND uid IS NOT NULL`, now, mailboxID)
		}
	} else {
		if _, err := tx.Exec(ctx, `UPDATE inbox SET quiet = (quiet OR ?) WHERE mailbox_id = ? AND state <> 'done'`, how == ApplySeen, mailboxID); err != nil {
			return 0, err
		}
		n, err = tx.Exec(ctx, `UPDATE inbox SET state = 'kept', attempts = 0, fence = 0, retry_at = NULL, fate = '', reason = '', rehearsal = '', done_at = NULL, quiet = (quiet OR ?)
			WHERE mailbox_id = ? AND state = 'done' AND fate = 'shadow'`, how == ApplySeen, mailboxID)
		sums.add(mailboxID, FateShadow, -n)
	}
	if err != nil {
		return 0, err
	}
	if err := sums.writeTx(ctx, tx); err != nil {
		return 0, err
	}
	tx.AfterCommit(func() {
		signal(s.inboxNews)
		s.log.Info("a mailbox was switched on", slog.Int64("mailbox", mailboxID), slog.String("how", string(how)), slog.Int64("mails", n))
	})
	return n, s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "mailbox", SubjectID: mailboxID, Kind: "shadow", Was: ShadowOn, Became: string(how)})
}

func knownMailboxTx(ctx context.Context, tx *migrations.Tx, id int64) error {
	known, err := exists(ctx, tx, `SELECT 1 FROM mailbox WHERE id = ?`, id)
	if err == nil && !known {
		err = migrations.NotFoundf("There is no such mailbox.")
	}
	return err
}

// ShadowMail is a mail that was seen in shadow mode, with what would have
// been done to it.
type ShadowMail struct {
	InboxRow
	Would Rehearsal
}

// ShadowMails returns the mails of a mailbox that were seen in shadow mode,
// the newest first, and what to give as before for the next ones (0 at the end).
func (s *Store) ShadowMails(ctx context.Context, mailboxID, before int64, limit int) (list []ShadowMail, more int64, err error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	limit = pageSize(limit)
	var rows []struct {
		InboxRow
		Rehearsal string `db:"rehearsal"`
	}
	const columns = `i.rehearsal, `
	query := strings.Replace(inboxSelect, `SELECT `, `SELECT `+columns, 1) + `WHERE i.fate = 'shadow' AND i.mailbox_id = ? AND i.id < ? ORDER BY i.id DESC LIMIT ?`
	if err := s.db.Select(ctx, &rows, query, mailboxID, before, limit+1); err != nil {
		return nil, 0, fmt.Errorf("list mails seen in shadow mode: %w", err)
	}
	for _, r := range rows {
		m := ShadowMail{InboxRow: r.InboxRow}
		if err := json.Unmarshal([]byte(r.Rehearsal), &m.Would); err != nil {
			return nil, 0, fmt.Errorf("read the rehearsal of mail %d: %w", r.ID, err)
		}
		list = append(list, m)
	}
	if len(list) > limit {
		list = list[:limit]
		more = list[limit-1].ID
	}
	return list, more, nil
}

// ShadowCounts returns how many mails of a mailbox were seen in shadow mode,
// by the fate that they would have had, how many would have been acknowledged,
// and how many there are in all.
func (s *Store) ShadowCounts(ctx context.Context, mailboxID int64) (fates []Count, acks, all int, err error) {
	var rows []string
	err = s.db.Select(ctx, &rows, `SELECT rehearsal FROM inbox WHERE fate = 'shadow' AND mailbox_id = ?`, mailboxID)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("count mails seen in shadow mode: %w", err)
	}
	for _, f := range []string{FateNew, FateAppend, FateRevision, FateDuplicate, FatePending, FateNone, FateQuarantine} {
		fates = append(fates, Count{What: f})
	}
	for _, text := range rows {
		var r Rehearsal
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, 0, 0, fmt.Errorf("read a rehearsal: %w", err)
		}
		if i := slices.IndexFunc(fates, func(c Count) bool { return c.What == r.Fate }); i >= 0 {
			fates[i].N++
		}
		if r.Ack != "" {
			acks++
		}
	}
	return fates, acks, len(rows), nil
}
