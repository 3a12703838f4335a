package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

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
		if err := t.setTx(ctx, tx, `subject = ?, client_address = ?, suggested_reason = '', fix = ?, drop_reason = ?, summary = ?, vendor = ?, version = version + 1`,
			subject, address, r.who.Redact(t.Fix), r.who.Redact(t.DropReason), r.who.Redact(t.Summary), r.who.Redact(t.Vendor)); err != nil {
			return err
		}
		if err := scrubFactsTx(ctx, tx, r.who, id, requester); err != nil {
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
		for _, q := range []string{`DELETE FROM participant WHERE ticket_id = ? AND client_id = ?`, `DELETE FROM reply_token WHERE ticket_id = ? AND client_id = ?`,
			`DELETE FROM client_link WHERE ticket_id = ? AND client_id = ?`, `DELETE FROM satisfaction WHERE ticket_id = ? AND client_id = ?`} {
			if _, err := tx.Exec(ctx, q, id, r.who.ClientID); err != nil {
				return err
			}
		}
		said, err := satisfactions(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, f := range said {
			if now := r.who.Redact(f.Comment); now != f.Comment {
				if _, err := tx.Exec(ctx, `UPDATE satisfaction SET comment = ? WHERE ticket_id = ? AND client_id = ?`, now, id, f.ClientID); err != nil {
					return err
				}
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

// eraseSpan is how many ids one statement looks through for a person: no table
// may be so long that a statement's time runs out.
const eraseSpan = 2000

// eachSpan calls do for ranges of the ids that a table has now, both ends
// included.
func (s *Store) eachSpan(ctx context.Context, table string, span int64, do func(from, to int64) error) error {
	var ends struct {
		First int64 `db:"first"`
		Last  int64 `db:"last"`
	}
	if err := s.db.Get(ctx, &ends, `SELECT COALESCE(MIN(id), 1) AS first, COALESCE(MAX(id), 0) AS last FROM `+table); err != nil {
		return fmt.Errorf("read the ids of %s: %w", table, err)
	}
	for from := ends.First; from <= ends.Last; from += span {
		if err := do(from, min(from+span-1, ends.Last)); err != nil {
			return err
		}
	}
	return nil
}

type mentioned struct {
	ID     int64  `db:"id"`
	Ticket int64  `db:"ticket_id"` // 0 for none
	Words  string `db:"words"`
}

// mentions calls found for the rows of a table whose columns hold one of the
// person's addresses. LIKE also finds joanna@… for anna@…: what only holds
// such is left alone.
func (s *Store) mentions(ctx context.Context, p Erasing, span int64, table, ticket string, columns []string, found func(mentioned) error) error {
	like := `LOWER(` + strings.Join(columns, `) LIKE ? ESCAPE '\' OR LOWER(`) + `) LIKE ? ESCAPE '\'`
	query := `SELECT id, COALESCE(` + ticket + `, 0) AS ticket_id, ` + strings.Join(columns, ` || ' ' || `) + ` AS words FROM ` + table + ` WHERE id BETWEEN ? AND ? AND (` + like + `) ORDER BY id`
	return s.eachSpan(ctx, table, span, func(from, to int64) error {
		for _, l := range p.Like() {
			args := []any{from, to}
			for range columns {
				args = append(args, l)
			}
			var rows []mentioned
			if err := s.db.Select(ctx, &rows, query, args...); err != nil {
				return fmt.Errorf("look for a person's addresses: %w", err)
			}
			for _, m := range rows {
				if !p.named.MatchString(m.Words) {
					continue
				}
				if err := found(m); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// eraseMentions takes the person's addresses out of other people's texts.
func (s *Store) eraseMentions(ctx context.Context, r eraseRun) error {
	return s.eraseMentionsBy(ctx, r, eraseSpan)
}

func (s *Store) eraseMentionsBy(ctx context.Context, r eraseRun, span int64) error {
	err := s.mentions(ctx, r.who, span, "message", "ticket_id", []string{"to_line", "cc_line", "body", "quoted", "subject", "form", "forwarded", "held_reason"}, func(m mentioned) error {
		return s.scrubMessages(ctx, r, []int64{m.ID}, func(tx *migrations.Tx, _ *[]string) error {
			if m.Ticket == 0 {
				return nil
			}
			return s.IndexTx(ctx, tx, KindTicket, m.Ticket)
		})
	})
	if err != nil {
		return err
	}
	var tickets []int64
	for _, t := range []struct {
		name, ticket string
		columns      []string
	}{
		{"ticket", "id", []string{"subject", "suggested_reason", "fix", "drop_reason", "summary", "vendor", "client_address"}},
		{"note", "ticket_id", []string{"body"}},
		{"fact", "ticket_id", []string{"value"}},
		{"satisfaction", "ticket_id", []string{"comment"}},
		{"outbox", "ticket_id", []string{"detail", "response", "bounce_reason"}},
	} {
		err := s.mentions(ctx, r.who, span, t.name, t.ticket, t.columns, func(m mentioned) error {
			if m.Ticket != 0 && !slices.Contains(tickets, m.Ticket) {
				tickets = append(tickets, m.Ticket)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, id := range tickets {
		if err := s.scrubTicket(ctx, r, id, false); err != nil {
			return err
		}
	}
	return nil
}
