package tracker

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"helpdeskd/migrations"
)

// eraseRun is one erasure under way. Each of its steps is done over where a
// crash came before its commit; the person's addresses are forgotten last.
type eraseRun struct {
	uid     string
	actor   Actor
	who     Erasing
	keep    bool
	more    bool // somebody else is erased under the same name: it is not done yet
	noScrub bool // the caller sees to it
	told    func(done, all int)
}

// inHand are the erasures that this process is at.
type inHand struct {
	mu  sync.Mutex
	all map[string]bool
}

func (h *inHand) has(uid string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[uid]
}

func (h *inHand) take(uid string) (done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[string]bool{}
	}
	h.all[uid] = true
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.all, uid)
	}
}

func (s *Store) eraseRun(ctx context.Context, r eraseRun) error {
	defer s.erasing.take(r.uid)()
	own, others, err := s.ticketsOf(ctx, s.db, r.who)
	if err != nil {
		return err
	}
	loose, err := s.looseMessages(ctx, r.who)
	if err != nil {
		return err
	}
	all, done := len(own)+len(others)+len(loose)+5, 0
	step := func(err error) error {
		if done++; err == nil && r.told != nil {
			r.told(min(done, all-1), all)
		}
		return err
	}
	for _, id := range own {
		if r.keep {
			err = s.scrubTicket(ctx, r, id, true)
		} else {
			err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
				if _, err := lockNumbersTx(ctx, tx); err != nil {
					return err
				}
				err := s.deleteTicketTx(ctx, tx, r.actor, id, CauseErased, "")
				if migrations.KindOf(err) == migrations.NotFound {
					return nil
				}
				return err
			})
		}
		if err := step(err); err != nil {
			return err
		}
	}
	for _, id := range others {
		if err := step(s.scrubTicket(ctx, r, id, false)); err != nil {
			return err
		}
	}
	for _, id := range loose {
		if err := step(s.scrubLoose(ctx, r, id)); err != nil {
			return err
		}
	}
	for _, do := range []func(context.Context, eraseRun) error{s.eraseMail, s.eraseMentions, s.eraseRaw, s.eraseRest} {
		if err := step(do(ctx, r)); err != nil {
			return err
		}
	}
	s.noteErased(ctx)
	if !r.noScrub {
		if err := s.scrub(ctx); err != nil {
			return err
		}
	}
	if r.told != nil {
		r.told(all, all)
	}
	return nil
}

// in returns "column IN (?, …)" for the person's addresses, or what is never
// true, and its arguments.
func (p Erasing) in(column string) (string, []any) {
	if len(p.Addresses) == 0 {
		return `FALSE`, nil
	}
	return column + ` IN (` + marks(len(p.Addresses)) + `)`, anys(p.Addresses)
}

// ticketsOf returns the tickets that a person requested, and the others in
// which they wrote or took part.
func (s *Store) ticketsOf(ctx context.Context, q read, p Erasing) (own, others []int64, err error) {
	mine, args := p.in(`LOWER(client_address)`)
	if err := q.Select(ctx, &own, `SELECT id FROM ticket WHERE client_id = ? OR (client_id IS NULL AND `+mine+`) ORDER BY id`, append([]any{p.ClientID}, args...)...); err != nil {
		return nil, nil, fmt.Errorf("list a person's tickets: %w", err)
	}
	from, fromArgs := p.in(`LOWER(from_address)`)
	to, toArgs := p.in(`to_address`)
	var all []int64
	err = q.Select(ctx, &all, `SELECT ticket_id FROM message WHERE ticket_id IS NOT NULL AND (client_id = ? OR `+from+`)
		UNION SELECT ticket_id FROM participant WHERE client_id = ? UNION SELECT ticket_id FROM reply_token WHERE client_id = ?
		UNION SELECT ticket_id FROM outbox WHERE ticket_id IS NOT NULL AND (client_id = ? OR `+to+`)`,
		slices.Concat([]any{p.ClientID}, fromArgs, []any{p.ClientID, p.ClientID, p.ClientID}, toArgs)...)
	if err != nil {
		return nil, nil, fmt.Errorf("list the tickets that a person took part in: %w", err)
	}
	slices.Sort(all)
	return own, slices.DeleteFunc(all, func(id int64) bool { return slices.Contains(own, id) }), nil
}

func (s *Store) looseMessages(ctx context.Context, p Erasing) ([]int64, error) {
	from, args := p.in(`LOWER(from_address)`)
	var ids []int64
	err := s.db.Select(ctx, &ids, `SELECT id FROM message WHERE ticket_id IS NULL AND (client_id = ? OR `+from+`) ORDER BY id`, append([]any{p.ClientID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("list a person's held mails: %w", err)
	}
	return ids, nil
}

// scrubTicket takes a person's words and name out of a ticket that stays.
func (s *Store) scrubTicket(ctx context.Context, r eraseRun, id int64, requester bool) error {
	var all []int64
	if err := s.db.Select(ctx, &all, `SELECT id FROM message WHERE ticket_id = ? ORDER BY id`, id); err != nil {
		return fmt.Errorf("list the messages of ticket %d: %w", id, err)
	}
	return s.scrubMessages(ctx, r, all, func(tx *migrations.Tx, blobs *[]string) error {
		var t Ticket
		t, err := ticketWhere(ctx, tx, `t.id = ?`, id)
		if migrations.KindOf(err) == migrations.NotFound {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		subject, address := r.who.Redact(t.Subject), r.who.Redact(t.ClientAddress)
		if requester {
			subject, address = Erased, ""
		}
		if err := t.setTx(ctx, tx, `subject = ?, client_address = ?, suggested_reason = '', fix = ?, drop_reason = ?, version = version + 1`,
			subject, address, r.who.Redact(t.Fix), r.who.Redact(t.DropReason)); err != nil {
			return err
		}
		var notes []struct {
			ID   int64  `db:"id"`
			Body string `db:"body"`
		}
		if err := tx.Select(ctx, &notes, `SELECT id, body FROM note WHERE ticket_id = ?`, id); err != nil {
			return err
		}
		for _, n := range notes {
			if now := r.who.Redact(n.Body); now != n.Body {
				if _, err := tx.Exec(ctx, `UPDATE note SET body = ?, version = version + 1 WHERE id = ?`, now, n.ID); err != nil {
					return err
				}
			}
		}
		var mails []int64
		if err := tx.Select(ctx, &mails, `SELECT id FROM outbox WHERE ticket_id = ?`, id); err != nil {
			return err
		}
		for _, m := range mails {
			if err := s.scrubOutboxTx(ctx, tx, r, m, blobs); err != nil {
				return err
			}
		}
		for _, q := range []string{`DELETE FROM participant WHERE ticket_id = ? AND client_id = ?`, `DELETE FROM reply_token WHERE ticket_id = ? AND client_id = ?`} {
			if _, err := tx.Exec(ctx, q, id, r.who.ClientID); err != nil {
				return err
			}
		}
		if err := s.IndexTx(ctx, tx, KindTicket, id); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: r.actor, Subject: "ticket", SubjectID: id, Kind: "words_erased"})
	})
}

func (s *Store) scrubLoose(ctx context.Context, r eraseRun, messageID int64) error {
	return s.scrubMessages(ctx, r, []int64{messageID}, func(*migrations.Tx, *[]string) error { return nil })
}

// scrubMessages erases those of some messages that the person wrote, and takes
// quotes, names and raw mails off the others, which keep their files. also
// runs in the same transaction.
func (s *Store) scrubMessages(ctx context.Context, r eraseRun, ids []int64, also func(tx *migrations.Tx, blobs *[]string) error) error {
	// Files are stored before, as transactions do not nest; what a failure
	// leaves of them is swept.
	files := map[int64]stored{}
	for _, id := range ids {
		if err := s.detach(ctx, r.who, id, files); err != nil {
			return err
		}
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		var blobs []string
		for _, id := range ids {
			if err := s.scrubMessageTx(ctx, tx, r, id, files, &blobs); err != nil {
				return err
			}
		}
		if err := also(tx, &blobs); err != nil {
			return err
		}
		return s.dropBlobsTx(ctx, tx, blobs)
	})
	if err != nil {
		return fmt.Errorf("take a person out of messages: %w", err)
	}
	return nil
}

// stored is content of its own.
type stored struct {
	digest string
	size   int64
}

type scrubbed struct {
	ID        int64  `db:"id"`
	Direction string `db:"direction"`
	State     string `db:"state"`
	InboxID   int64  `db:"inbox_id"`
	ClientID  int64  `db:"client_id"`
	FromName  string `db:"from_name"`
	From      string `db:"from_address"`
	To        string `db:"to_line"`
	Cc        string `db:"cc_line"`
	Subject   string `db:"subject"`
	Body      string `db:"body"`
	Form      string `db:"form"`
	Forwarded string `db:"forwarded"`
	Topic     string `db:"thread_topic"`
	Held      string `db:"held_reason"`
	Digest    string `db:"digest"`
	MailID    string `db:"mail_id"`
}

const scrubColumns = `SELECT id, direction, state, COALESCE(inbox_id, 0) AS inbox_id, COALESCE(client_id, 0) AS client_id, from_name, from_address, to_line, cc_line, subject, body, form, forwarded,
	thread_topic, held_reason, digest, mail_id FROM message WHERE id = ?`

func (m scrubbed) theirs(p Erasing) bool {
	return m.Direction == "in" && (p.ClientID != 0 && m.ClientID == p.ClientID || slices.Contains(p.Addresses, strings.ToLower(m.From)))
}

// detach stores the files of somebody else's mail by themselves, since the raw
// mail of which they are ranges goes.
func (s *Store) detach(ctx context.Context, p Erasing, messageID int64, files map[int64]stored) error {
	var m scrubbed
	if err := s.db.Get(ctx, &m, scrubColumns, messageID); err != nil {
		if migrations.KindOf(err) == migrations.NotFound {
			return nil
		}
		return fmt.Errorf("read message %d: %w", messageID, err)
	}
	if m.theirs(p) || m.Digest == "" {
		return nil
	}
	var parts []Attachment
	if err := s.db.Select(ctx, &parts, `SELECT `+attachmentColumns+` FROM attachment WHERE message_id = ? AND digest = ? AND role IN ('file', 'inline')`, messageID, m.Digest); err != nil {
		return fmt.Errorf("read the attachments of message %d: %w", messageID, err)
	}
	if len(parts) == 0 {
		return nil
	}
	raw, err := s.OpenBlob(ctx, m.Digest)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil // nothing to keep
	}
	if err != nil {
		return err
	}
	defer raw.Close()
	for _, a := range parts {
		digest, size, err := s.PutBlob(ctx, OpenPart(raw, a.Part()))
		if err != nil {
			return fmt.Errorf("keep the file of a mail: %w", err)
		}
		files[a.ID] = stored{digest, size}
	}
	return nil
}

func (s *Store) scrubMessageTx(ctx context.Context, tx *migrations.Tx, r eraseRun, id int64, files map[int64]stored, blobs *[]string) error {
	var m scrubbed
	if err := tx.Get(ctx, &m, scrubColumns, id); err != nil {
		if migrations.KindOf(err) == migrations.NotFound {
			return nil
		}
		return err
	}
	if m.Direction == "in" {
		if err := s.goneMailTx(ctx, tx, r.uid, `id = ?`, id); err != nil {
			return err
		}
	}
	var inbox struct {
		Digest  string `db:"digest"`
		Subject string `db:"subject"`
		Reason  string `db:"reason"`
	}
	if m.InboxID != 0 {
		if err := tx.Get(ctx, &inbox, `SELECT digest, subject, reason FROM inbox WHERE id = ?`, m.InboxID); err != nil {
			return err
		}
	}
	*blobs = append(*blobs, m.Digest, inbox.Digest)
	if m.theirs(r.who) {
		var digests []string
		if err := tx.Select(ctx, &digests, `SELECT digest FROM attachment WHERE message_id = ?`, id); err != nil {
			return err
		}
		*blobs = append(*blobs, digests...)
		for _, q := range []string{
			`DELETE FROM attachment WHERE message_id = ?`,
			`UPDATE message SET from_name = '', from_address = '', to_line = '', cc_line = '', subject = '', body = '', quoted = '', form = '', forwarded = '', defects = '', notes = '', class_reason = '',
				digest = '', mail_id = '', thread_index = '', thread_topic = '', identity = '', content = '', form_key = '', held_reason = '', sent_date = NULL, erased_at = ` + fmt.Sprint(int64(s.stamp())) + `,
				state = CASE WHEN state = 'held' THEN 'rejected' ELSE state END WHERE id = ?`,
		} {
			if _, err := tx.Exec(ctx, q, id); err != nil {
				return err
			}
		}
		if m.MailID != "" {
			if _, err := tx.Exec(ctx, `DELETE FROM message_ref WHERE ref = ?`, m.MailID); err != nil {
				return err
			}
		}
		if m.InboxID == 0 {
			return nil
		}
		return s.eraseInboxTx(ctx, tx, r, m.InboxID, inbox.Digest)
	}
	for a, f := range files {
		_, err := tx.Exec(ctx, `UPDATE attachment SET digest = ?, start = 0, length = ?, size = ?, encoding = '', cuts = '' WHERE id = ? AND message_id = ?`, f.digest, f.size, f.size, a, id)
		if err != nil {
			return err
		}
	}
	if m.Digest != "" {
		if _, err := tx.Exec(ctx, `DELETE FROM attachment WHERE message_id = ? AND digest = ?`, id, m.Digest); err != nil {
			return err
		}
	}
	var named []struct {
		ID   int64  `db:"id"`
		Name string `db:"name"`
	}
	if err := tx.Select(ctx, &named, `SELECT id, name FROM attachment WHERE message_id = ?`, id); err != nil {
		return err
	}
	for _, a := range named {
		if now := r.who.Redact(a.Name); now != a.Name {
			if _, err := tx.Exec(ctx, `UPDATE attachment SET name = ? WHERE id = ?`, now, a.ID); err != nil {
				return err
			}
		}
	}
	x := r.who.Redact
	_, err := tx.Exec(ctx, `UPDATE message SET from_name = ?, to_line = ?, cc_line = ?, subject = ?, body = ?, quoted = '', form = ?, forwarded = ?, thread_topic = ?, held_reason = ?, digest = '', erased_at = ? WHERE id = ?`,
		x(m.FromName), x(m.To), x(m.Cc), x(m.Subject), x(m.Body), x(m.Form), x(m.Forwarded), x(m.Topic), x(m.Held), s.stamp(), id)
	if err != nil || m.InboxID == 0 {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE inbox SET subject = ?, reason = ? WHERE id = ?`, x(inbox.Subject), x(inbox.Reason), m.InboxID); err != nil {
		return err
	}
	return s.emptiedTx(ctx, tx, `id = ?`, m.InboxID)
}

// scrubOutboxTx drops the bytes of a mail of ours, and whom it went to where
// that is the person. What has not left for the person never does.
func (s *Store) scrubOutboxTx(ctx context.Context, tx *migrations.Tx, r eraseRun, id int64, blobs *[]string) error {
	var o struct {
		State    string `db:"state"`
		ClientID int64  `db:"client_id"`
		To       string `db:"to_address"`
		Name     string `db:"to_name"`
		Detail   string `db:"detail"`
		Digest   string `db:"digest"`
		Response string `db:"response"`
		Bounce   string `db:"bounce_reason"`
	}
	if err := tx.Get(ctx, &o, `SELECT state, COALESCE(client_id, 0) AS client_id, to_address, to_name, detail, digest, response, bounce_reason FROM outbox WHERE id = ?`, id); err != nil {
		return err
	}
	if o.State == OutboxSending {
		return migrations.Conflictf("A mail about them is being sent this very moment. Please try again in a minute.")
	}
	theirs := r.who.ClientID != 0 && o.ClientID == r.who.ClientID || slices.Contains(r.who.Addresses, o.To)
	state := o.State
	switch {
	case o.State == OutboxSent, o.State == OutboxCancelled:
	case theirs, o.State != OutboxQueued: // what a person may resend must be the same bytes
		state = OutboxCancelled
	}
	to, name, detail := o.To, r.who.Redact(o.Name), r.who.Redact(o.Detail)
	if theirs {
		to, name, detail = "", "", ""
	}
	*blobs = append(*blobs, o.Digest)
	_, err := tx.Exec(ctx, `UPDATE outbox SET state = ?, to_address = ?, to_name = ?, detail = ?, digest = '', response = ?, bounce_reason = ? WHERE id = ?`,
		state, to, name, detail, r.who.Redact(o.Response), r.who.Redact(o.Bounce), id)
	return err
}

// eraseMail takes the person out of the inbox and the outbox where no ticket
// leads there: bounces, quarantine, what was discarded.
func (s *Store) eraseMail(ctx context.Context, r eraseRun) error {
	sender, args := r.who.in(`LOWER(sender)`)
	to, toArgs := r.who.in(`to_address`)
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var blobs []string
		var rows []struct {
			ID     int64  `db:"id"`
			Digest string `db:"digest"`
		}
		if err := tx.Select(ctx, &rows, `SELECT id, digest FROM inbox WHERE state = 'done' AND erased_at IS NULL AND `+sender+` ORDER BY id`, args...); err != nil {
			return err
		}
		for _, i := range rows {
			if err := s.eraseInboxTx(ctx, tx, r, i.ID, i.Digest); err != nil {
				return err
			}
			blobs = append(blobs, i.Digest)
		}
		var mails []int64
		if err := tx.Select(ctx, &mails, `SELECT id FROM outbox WHERE client_id = ? OR `+to, append([]any{r.who.ClientID}, toArgs...)...); err != nil {
			return err
		}
		for _, id := range mails {
			if err := s.scrubOutboxTx(ctx, tx, r, id, &blobs); err != nil {
				return err
			}
		}
		return s.dropBlobsTx(ctx, tx, blobs)
	})
	if err != nil {
		return fmt.Errorf("take a person out of inbox and outbox: %w", err)
	}
	return nil
}

// eraseInboxTx leaves of a mail its line in the ledger.
func (s *Store) eraseInboxTx(ctx context.Context, tx *migrations.Tx, r eraseRun, id int64, digest string) error {
	if err := noteGoneTx(ctx, tx, r.uid, goneRow{Hash: goneBytes(digest)}); err != nil {
		return err
	}
	err := recountTx(ctx, tx, []int64{id}, func() error {
		_, err := tx.Exec(ctx, `UPDATE inbox SET sender = '', subject = '', mail_id = '', reason = 'erased', reason_before = '', rehearsal = '', fate = CASE WHEN fate IN ('pending', 'quarantine', 'shadow') THEN 'none' ELSE fate END WHERE id = ?`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("empty mail %d: %w", id, err)
	}
	return s.emptiedTx(ctx, tx, `id = ?`, id)
}

// eraseMentions takes the person's addresses out of other people's texts.
func (s *Store) eraseMentions(ctx context.Context, r eraseRun) error {
	for _, like := range r.who.Like() {
		var messages []int64
		err := s.db.Select(ctx, &messages, `SELECT id FROM message WHERE LOWER(to_line) LIKE ? ESCAPE '\' OR LOWER(cc_line) LIKE ? ESCAPE '\' OR LOWER(body) LIKE ? ESCAPE '\' OR LOWER(quoted) LIKE ? ESCAPE '\'
			OR LOWER(subject) LIKE ? ESCAPE '\' OR LOWER(form) LIKE ? ESCAPE '\' OR LOWER(forwarded) LIKE ? ESCAPE '\' OR LOWER(held_reason) LIKE ? ESCAPE '\' ORDER BY id`,
			like, like, like, like, like, like, like, like)
		if err != nil {
			return fmt.Errorf("look for a person's addresses: %w", err)
		}
		for _, id := range messages {
			var ticket *int64
			if err := s.db.Get(ctx, &ticket, `SELECT ticket_id FROM message WHERE id = ?`, id); err != nil {
				return err
			}
			err := s.scrubMessages(ctx, r, []int64{id}, func(tx *migrations.Tx, _ *[]string) error {
				if ticket == nil {
					return nil
				}
				return s.IndexTx(ctx, tx, KindTicket, *ticket)
			})
			if err != nil {
				return err
			}
		}
		var tickets []int64
		err = s.db.Select(ctx, &tickets, `SELECT id FROM ticket WHERE LOWER(subject) LIKE ? ESCAPE '\' OR LOWER(fix) LIKE ? ESCAPE '\' OR LOWER(drop_reason) LIKE ? ESCAPE '\' OR LOWER(client_address) LIKE ? ESCAPE '\'
			UNION SELECT ticket_id FROM note WHERE LOWER(body) LIKE ? ESCAPE '\'
			UNION SELECT ticket_id FROM outbox WHERE ticket_id IS NOT NULL AND (LOWER(detail) LIKE ? ESCAPE '\' OR LOWER(response) LIKE ? ESCAPE '\' OR LOWER(bounce_reason) LIKE ? ESCAPE '\')`,
			like, like, like, like, like, like, like, like)
		if err != nil {
			return fmt.Errorf("look for a person's addresses: %w", err)
		}
		for _, id := range tickets {
			if err := s.scrubTicket(ctx, r, id, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// eraseRaw looks through every raw mail for the person's addresses as they
// are written: what is only found there, in headers and bounces, goes too.
func (s *Store) eraseRaw(ctx context.Context, r eraseRun) error {
	var needles [][]byte
	for _, a := range r.who.Addresses {
		needles = append(needles, []byte(a))
	}
	if len(needles) == 0 {
		return nil
	}
	for after := ""; ; {
		var digests []string
		err := s.db.Select(ctx, &digests, `SELECT digest FROM blob WHERE digest > ?
			AND (EXISTS (SELECT 1 FROM inbox i WHERE i.digest = blob.digest) OR EXISTS (SELECT 1 FROM outbox o WHERE o.digest = blob.digest AND o.digest <> '')) ORDER BY digest LIMIT 200`, after)
		if err != nil {
			return fmt.Errorf("look through raw mails: %w", err)
		}
		if len(digests) == 0 {
			return nil
		}
		after = digests[len(digests)-1]
		for _, digest := range digests {
			found, err := s.blobNames(ctx, digest, needles)
			if err == nil && found {
				err = s.eraseRawOne(ctx, r, digest)
			}
			if err != nil {
				return err
			}
		}
	}
}

func (s *Store) blobNames(ctx context.Context, digest string, needles [][]byte) (bool, error) {
	b, err := s.OpenBlob(ctx, digest)
	if migrations.KindOf(err) == migrations.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer b.Close()
	const window = 1 << 20
	data := b.Bytes()
	for at := 0; at < len(data); at += window {
		part := bytes.ToLower(data[at:min(len(data), at+window+400)])
		for _, n := range needles {
			if bytes.Contains(part, n) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (s *Store) eraseRawOne(ctx context.Context, r eraseRun, digest string) error {
	var messages []int64
	err := s.db.Select(ctx, &messages, `SELECT m.id FROM message m JOIN inbox i ON i.id = m.inbox_id WHERE i.digest = ? ORDER BY m.id`, digest)
	if err != nil {
		return fmt.Errorf("find the messages of a raw mail: %w", err)
	}
	return s.scrubMessages(ctx, r, messages, func(tx *migrations.Tx, blobs *[]string) error {
		*blobs = append(*blobs, digest)
		var rows []int64
		if err := tx.Select(ctx, &rows, `SELECT id FROM inbox WHERE digest = ? AND state = 'done' AND erased_at IS NULL`, digest); err != nil {
			return err
		}
		for _, id := range rows {
			if err := s.eraseInboxTx(ctx, tx, r, id, digest); err != nil {
				return err
			}
		}
		var mails []int64
		if err := tx.Select(ctx, &mails, `SELECT id FROM outbox WHERE digest = ?`, digest); err != nil {
			return err
		}
		for _, id := range mails {
			if err := s.scrubOutboxTx(ctx, tx, r, id, blobs); err != nil {
				return err
			}
		}
		return nil
	})
}

// eraseRest empties the person's own rows and ends the erasure.
func (s *Store) eraseRest(ctx context.Context, r eraseRun) error {
	return s.db.Tx(ctx, func(tx *migrations.Tx) error {
		for _, a := range s.alsoPerson {
			if err := a.Erase(ctx, tx, r.who); err != nil {
				return err
			}
		}
		if err := s.eraseAccountTx(ctx, tx, r.who); err != nil {
			return err
		}
		if err := s.eraseRulesTx(ctx, tx, r); err != nil {
			return err
		}
		if id := r.who.ClientID; id != 0 {
			for _, q := range []string{
				`DELETE FROM client_address WHERE client_id = ?`, `DELETE FROM participant WHERE client_id = ?`, `DELETE FROM reply_token WHERE client_id = ?`,
			} {
				if _, err := tx.Exec(ctx, q, id); err != nil {
					return fmt.Errorf("empty client %d: %w", id, err)
				}
			}
			_, err := tx.Exec(ctx, `UPDATE client SET name = ?, name_folded = ?, department = '', phone = '', high_management = FALSE, erased_at = ?, version = version + 1 WHERE id = ?`,
				Erased, Fold(Erased), s.stamp(), id)
			if err != nil {
				return fmt.Errorf("empty client %d: %w", id, err)
			}
			if err := s.unindexTx(ctx, tx, KindClient, id); err != nil {
				return err
			}
			if err := s.indexNamedTx(ctx, tx, id); err != nil {
				return err
			}
			if err := s.RecordTx(ctx, tx, Event{Actor: r.actor, Subject: "client", SubjectID: id, Kind: "erased"}); err != nil {
				return err
			}
		}
		if r.more {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE erasure SET done_at = ? WHERE uid = ?`, s.stamp(), r.uid)
		return err
	})
}

// eraseAccountTx empties the accounts, closed by now, with the person's addresses.
func (s *Store) eraseAccountTx(ctx context.Context, tx *migrations.Tx, p Erasing) error {
	email, args := p.in(`LOWER(email)`)
	var ids []int64
	if err := tx.Select(ctx, &ids, `SELECT id FROM account WHERE NOT enabled AND `+email, args...); err != nil {
		return fmt.Errorf("look for an account: %w", err)
	}
	for _, id := range ids {
		for _, q := range []string{
			`DELETE FROM session WHERE account_id = ?`, `DELETE FROM account_token WHERE account_id = ?`, `DELETE FROM saved_view WHERE account_id = ? AND NOT shared`,
			`DELETE FROM outbox WHERE account_id = ? AND kind = 'account' AND state <> 'sending'`,
			`UPDATE message SET from_name = '` + Erased + `' WHERE account_id = ?`,
			`UPDATE account SET name = '` + Erased + `', email = 'erased-' || CAST(id AS TEXT) || '@erased.invalid', password_hash = '', version = version + 1 WHERE id = ?`,
		} {
			if _, err := tx.Exec(ctx, q, id); err != nil {
				return fmt.Errorf("empty account %d: %w", id, err)
			}
		}
	}
	return nil
}

// eraseRulesTx takes the person out of rules and counters.
func (s *Store) eraseRulesTx(ctx context.Context, tx *migrations.Tx, r eraseRun) error {
	if n := len(r.who.Addresses); n > 0 {
		if _, err := tx.Exec(ctx, `DELETE FROM sender_rule WHERE pattern IN (`+marks(n)+`)`, anys(r.who.Addresses)...); err != nil {
			return fmt.Errorf("take a person out of the ignored senders: %w", err)
		}
	}
	senders, err := s.setting(ctx, tx, SetSenders)
	if err != nil {
		return err
	}
	var left []string
	for _, a := range readSenders(senders) {
		if !slices.Contains(r.who.Addresses, strings.ToLower(a)) {
			left = append(left, a)
		}
	}
	if now := strings.Join(left, "\n"); len(left) != len(readSenders(senders)) {
		if err := s.setSettingTx(ctx, tx, r.actor, SetSenders, now); err != nil {
			return err
		}
	}
	for _, a := range r.who.Addresses {
		if _, err := tx.Exec(ctx, `DELETE FROM throttle WHERE name = ?`, HashToken("signin:"+a)); err != nil {
			return err
		}
		for _, q := range []string{`UPDATE mailbox SET last_error = '' WHERE LOWER(last_error) LIKE ? ESCAPE '\'`, `UPDATE mailbox SET send_error = '' WHERE LOWER(send_error) LIKE ? ESCAPE '\'`,
			`DELETE FROM saved_view WHERE LOWER(query) LIKE ? ESCAPE '\'`} {
			if _, err := tx.Exec(ctx, q, "%"+likeEscape.Replace(a)+"%"); err != nil {
				return fmt.Errorf("take a person out of rules: %w", err)
			}
		}
	}
	return nil
}

// scrub has the database forget what was deleted: not only rows, but bytes.
func (s *Store) scrub(ctx context.Context) error {
	if err := s.sweepErased(ctx); err != nil {
		return err
	}
	if _, err := s.IndexPending(ctx, nil); err != nil {
		return err
	}
	if s.db.Engine == migrations.SQLite {
		err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO search_words (search_words) VALUES ('optimize')`)
			return err
		})
		if err != nil {
			return fmt.Errorf("have search forget: %w", err)
		}
	}
	return s.db.Scrub(ctx)
}
