package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"helpdeskd/migrations"
)

// appendTx adds a participant's mail to its ticket.
func (s *Store) appendTx(ctx context.Context, tx *migrations.Tx, d *decision, ticketID int64) error {
	d.ticket = ticketID
	d.fate(FateAppend, "")
	d.account = nil // who takes part as a client writes as one
	id, err := s.messageTx(ctx, tx, d, ticketID, "shown", "")
	if err != nil {
		return err
	}
	var h heard
	if d.in.Class == ClassHuman {
		if h, err = s.hearTx(ctx, tx, spoken{Actor: clientActor(d.client), TicketID: ticketID, MessageID: id, Text: d.in.Text, Reply: d.in.Reply, Answers: d.in.answers()}); err != nil {
			return err
		}
	}
	return s.joinTx(ctx, tx, joining{
		Actor: clientActor(d.client), TicketID: ticketID, MessageID: id, Quiet: s.stale(d),
		Answers: d.in.Class == ClassHuman && !h.Understood && !isThanks(d.in.Reply), Human: d.in.Class == ClassHuman,
		Confirms: d.in.Class == ClassHuman && !h.Understood && isConfirmation(d.in.Reply),
	})
}

// joining is a message that has just become part of its ticket.
type joining struct {
	Actor     Actor
	TicketID  int64
	MessageID int64
	Human     bool // automatic mail changes nothing but the conversation
	Answers   bool // it says something that needs a look: more than thanks
	Confirms  bool // it says that all is well: it completes a ticket in confirming
	Quiet     bool // too old to tell anybody
	FromPage  bool // it was said on the employee's page
}

// joinTx does what a client's new message does to its ticket: it is news, it
// re-opens what was closed (in progress when assigned, else requested), and
// takes a ticket out of confirming, since something was said that needs a
// look, unless it confirms. Automatic mail and a bare "thanks" never do.
func (s *Store) joinTx(ctx context.Context, tx *migrations.Tx, j joining) error {
	var t struct {
		Stage      string `db:"stage"`
		AssigneeID *int64 `db:"assignee_id"`
	}
	if j.Human && j.Answers {
		if err := s.markParentTx(ctx, tx, j.Actor, j.TicketID); err != nil {
			return err
		}
	}
	// Locked, so that nobody moves it between this look and what follows from it.
	if err := tx.Get(ctx, &t, `UPDATE ticket SET stage = stage WHERE id = ? RETURNING stage, assignee_id`, j.TicketID); err != nil {
		return fmt.Errorf("take ticket %d: %w", j.TicketID, err)
	}
	if err := s.IndexTx(ctx, tx, "ticket", j.TicketID); err != nil {
		return err
	}
	kind := "message"
	if !j.Human {
		kind = "auto_message"
	}
	if err := s.RecordTx(ctx, tx, Event{Actor: j.Actor, Subject: "ticket", SubjectID: j.TicketID, Kind: kind}); err != nil {
		return err
	}
	if !j.Human {
		return nil
	}
	if j.Confirms && t.Stage == string(Confirming) {
		return s.confirmTx(ctx, tx, j)
	}
	if j.Answers {
		if err := s.clientSpokeTx(ctx, tx, j.Actor, j.TicketID); err != nil {
			return err
		}
	}
	now := s.stamp()
	reopen := j.Answers && (t.Stage == "completed" || t.Stage == "dropped" || t.Stage == "confirming")
	if !reopen {
		if _, err := tx.Exec(ctx, `UPDATE ticket SET news = (news OR ?), updated_at = ? WHERE id = ?`, j.Answers, now, j.TicketID); err != nil {
			return fmt.Errorf("mark ticket %d: %w", j.TicketID, err)
		}
	} else {
		stage := "requested"
		if t.AssigneeID != nil {
			stage = "in_progress"
		}
		_, err := tx.Exec(ctx, `UPDATE ticket SET stage = ?, stage_at = ?, closed_at = NULL, archived_at = NULL, unconfirmed = FALSE, news = TRUE, updated_at = ?, version = version + 1 WHERE id = ?`,
			stage, now, now, j.TicketID)
		if err != nil {
			return fmt.Errorf("re-open ticket %d: %w", j.TicketID, err)
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: j.Actor, Subject: "ticket", SubjectID: j.TicketID, Kind: "reopened", Was: t.Stage, Became: stage}); err != nil {
			return err
		}
		if err := dropClosedTx(ctx, tx, j.TicketID); err != nil {
			return err
		}
	}
	if j.Answers {
		if err := s.deadlinesTx(ctx, tx, j.Actor, j.TicketID); err != nil {
			return err
		}
	}
	if j.Quiet {
		return nil
	}
	return s.notifyTx(ctx, tx, j.TicketID, j.MessageID, reopen)
}

// maxWaiting is how many notifications may wait for one technician: more
// would only tell them what the board shows.
const maxWaiting = 50

// notifyTx queues notifications of a client's message: to the assignee and
// to who watches it, and, where nobody has the ticket who could work it, to
// all who wish to hear of everything; where it was opened again by it, also
// where who has it wishes to hear of nothing.
func (s *Store) notifyTx(ctx context.Context, tx *migrations.Tx, ticketID, messageID int64, reopened bool) error {
	var to []struct {
		ID        int64  `db:"id"`
		Email     string `db:"email"`
		Name      string `db:"name"`
		MailboxID int64  `db:"mailbox_id"`
	}
	err := tx.Select(ctx, &to, `SELECT a.id, a.email, a.name, t.mailbox_id FROM ticket t JOIN account a ON a.enabled AND a.role <> 'manager'
			AND ((t.assignee_id = a.id AND a.notify <> 'none') OR (a.notify = 'all'
			AND NOT EXISTS (SELECT 1 FROM account x WHERE x.id = t.assignee_id AND x.enabled AND x.role <> 'manager' AND (x.notify <> 'none' OR NOT ?)))
				OR (a.notify <> 'none' AND EXISTS (SELECT 1 FROM watcher w WHERE w.ticket_id = t.id AND w.account_id = a.id)))
		WHERE t.id = ? AND t.mailbox_id IS NOT NULL AND a.email <> t.client_address ORDER BY a.id`, reopened, ticketID)
	if err != nil {
		return fmt.Errorf("find whom to notify: %w", err)
	}
	for _, a := range to {
		var waiting int
		err := tx.Get(ctx, &waiting, `SELECT count(*) FROM (SELECT 1 FROM outbox WHERE account_id = ? AND kind = 'notify' AND state = 'queued' LIMIT 50) waiting`, a.ID)
		if err != nil {
			return fmt.Errorf("count notifications: %w", err)
		}
		if waiting >= maxWaiting {
			continue
		}
		if _, err := s.EnqueueTx(ctx, tx, Mail{Kind: MailNotify, MailboxID: a.MailboxID, TicketID: ticketID, MessageID: messageID, AccountID: a.ID, ToAddress: a.Email, ToName: a.Name}); err != nil {
			return err
		}
	}
	return nil
}

// thanks are the words that a mail may consist of and still say nothing new.
var thanks = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(`thanks thank you thx ty cheers many so very much a lot great perfect super ok okay all good works now it fine
		merci beaucoup parfait bien super nickel danke vielen dank schon besten herzlichen grazie mille gracias muchas obrigado obrigada bedankt dank je tack hartelijk
		again for your the help and best kind regards everything`) {
		words[w] = true
	}
	return words
}()

// isThanks reports whether a mail's new words are a bare "thanks".
func isThanks(reply string) bool {
	folded := Fold(reply)
	if len(folded) > 80 {
		return false
	}
	said := false
	for _, w := range strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
		if !thanks[w] {
			return false
		}
		said = said || strings.HasPrefix(w, "than") || strings.HasPrefix(w, "thx") || w == "ty" || w == "cheers" || w == "merci" || strings.HasPrefix(w, "dank") ||
			w == "grazie" || w == "gracias" || strings.HasPrefix(w, "obrigad") || w == "bedankt" || w == "tack"
	}
	return said
}

// settleTechnician passes a technician's mail on to the client, when all five
// conditions hold: one From that is an enabled technician's, a verdict of our
// own server, a reply token bound to this technician and this ticket, the
// right to act on it now, and no automatic mail. Otherwise it is held.
func (s *Store) settleTechnician(ctx context.Context, tx *migrations.Tx, d *decision, m match) error {
	if d.in.Class != ClassHuman {
		d.ticket = m.ticket
		d.fate(FateNone, "an automatic mail of a technician: kept, passed on to nobody")
		return nil
	}
	reason := m.held
	switch {
	case !d.account.Enabled:
		reason = "the account of " + d.author.Address + " is disabled"
	case d.verdict == verdictFail:
		reason = "our mail server says that it does not come from " + d.author.Address
	case d.verdict != verdictPass:
		reason = "our mail server did not vouch that it comes from " + d.author.Address
	case reason != "":
	case m.token == nil || m.token.AccountID == nil || *m.token.AccountID != d.account.ID:
		reason = "it carries no reply token of " + d.author.Address
	case len(d.in.From) != 1:
		reason = "it names more than one author"
	case !May(*d.account, WorkTickets):
		reason = d.author.Address + " may not answer tickets"
	case strings.TrimSpace(d.in.Reply) == "":
		reason = "it says nothing new"
	case d.work.Quiet:
		reason = "it was taken later than it came, and may have been passed on before"
	}
	if reason != "" {
		d.checks = technicianChecks(d, m)
		return s.holdTx(ctx, tx, d, m.ticket, reason)
	}
	if c := ReadCommands(d.in.Reply, d.in.Forwarded != nil); len(c.Commands) > 0 || c.Unclear != "" {
		return s.obeyTx(ctx, tx, d, m.ticket, c)
	}
	d.ticket = m.ticket
	d.fate(FateAppend, "")
	d.client = nil
	id, err := s.messageTx(ctx, tx, d, m.ticket, "shown", "")
	if err != nil {
		return err
	}
	return s.sendMessageTx(ctx, tx, d.account.Actor(), m.ticket, id)
}

// sendWay is how an answer goes. The zero value: at once, to everybody.
type sendWay struct {
	Without []int64       // participants who do not get it, by the client's id
	After   time.Duration // how long its author can take it back
}

// sendMessageTx makes a stored message of a technician an answer that goes at
// once: outgoing, and queued for the requester and every participant. What it
// answers is no news any more.
func (s *Store) sendMessageTx(ctx context.Context, tx *migrations.Tx, actor Actor, ticketID, messageID int64) error {
	return s.sendAnswerTx(ctx, tx, actor, ticketID, messageID, sendWay{})
}

func (s *Store) sendAnswerTx(ctx context.Context, tx *migrations.Tx, actor Actor, ticketID, messageID int64, way sendWay) error {
	if _, err := tx.Exec(ctx, `UPDATE message SET direction = 'out', state = 'shown' WHERE id = ?`, messageID); err != nil {
		return fmt.Errorf("make message %d an answer: %w", messageID, err)
	}
	if err := s.queueAnswerTx(ctx, tx, ticketID, messageID, way); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE ticket SET news = FALSE, updated_at = ? WHERE id = ?`, s.stamp(), ticketID); err != nil {
		return fmt.Errorf("mark ticket %d answered: %w", ticketID, err)
	}
	if err := s.IndexTx(ctx, tx, "ticket", ticketID); err != nil {
		return err
	}
	if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: ticketID, Kind: "answered"}); err != nil {
		return err
	}
	return s.firstAnswerTx(ctx, tx, actor, ticketID)
}

// recipient is somebody who gets the answers of a ticket.
type recipient struct {
	Requester bool   `db:"requester"`
	ClientID  int64  `db:"client_id"`
	Name      string `db:"name"`
	Address   string `db:"address"`
	MailboxID int64  `db:"mailbox_id"` // 0 where the ticket was made by hand
}

// answerTo returns who gets the answers of a ticket: the requester first.
func answerTo(ctx context.Context, q read, ticketID int64) (to []recipient, err error) {
	err = q.Select(ctx, &to, `SELECT TRUE AS requester, c.id AS client_id, c.name, t.client_address AS address, COALESCE(t.mailbox_id, 0) AS mailbox_id
			FROM ticket t JOIN client c ON c.id = t.client_id WHERE t.id = ?
		UNION ALL
		SELECT FALSE, c.id, c.name, `+mainAddress+`, COALESCE(t.mailbox_id, 0)
			FROM participant p JOIN client c ON c.id = p.client_id JOIN ticket t ON t.id = p.ticket_id WHERE p.ticket_id = ? AND (t.client_id IS NULL OR c.id <> t.client_id)`, ticketID, ticketID)
	if err != nil {
		return nil, fmt.Errorf("find whom to answer: %w", err)
	}
	return to, nil
}

// queueAnswerTx queues an outgoing message for everybody who takes part: one
// mail each, since each carries its own reply token.
func (s *Store) queueAnswerTx(ctx context.Context, tx *migrations.Tx, ticketID, messageID int64, way sendWay) error {
	to, err := answerTo(ctx, tx, ticketID)
	if err != nil {
		return err
	}
	sent := 0
	for _, p := range to {
		if !sendable(p.Address) || !p.Requester && slices.Contains(way.Without, p.ClientID) {
			continue
		}
		if p.MailboxID == 0 { // a ticket made by hand answers from the first mailbox
			if p.MailboxID, err = mustMailbox(ctx, tx); err != nil {
				return err
			}
		}
		if _, err := s.EnqueueTx(ctx, tx, Mail{Kind: MailReply, MailboxID: p.MailboxID, TicketID: ticketID, MessageID: messageID, ClientID: p.ClientID, ToAddress: p.Address, ToName: nameUnless(p.Name, p.Address), After: way.After}); err != nil {
			return err
		}
		sent++
	}
	if sent == 0 {
		return migrations.Invalidf("this ticket has nobody to answer: set its requester first")
	}
	return nil
}

// noticeHeldTx tells a technician that their mail waits for a decision: at
// most three an hour, so that forged mails do not fill their mailbox.
func (s *Store) noticeHeldTx(ctx context.Context, tx *migrations.Tx, d *decision, ticketID, messageID int64, reason string) error {
	if d.account == nil || !d.account.Enabled || d.in.Class != ClassHuman || d.work.MailboxID == 0 || s.stale(d) {
		return nil
	}
	var recent int
	hour := migrations.At(s.Now().Add(-time.Hour))
	err := tx.Get(ctx, &recent, `SELECT count(*) FROM outbox WHERE ticket_id IS NOT NULL AND account_id = ? AND kind = 'notice' AND created_at > ?`, d.account.ID, hour)
	if err != nil || recent >= maxAcks {
		return err
	}
	_, err = s.EnqueueTx(ctx, tx, Mail{Kind: MailNotice, MailboxID: d.work.MailboxID, TicketID: ticketID, MessageID: messageID, AccountID: d.account.ID, ToAddress: d.account.Email, ToName: d.account.Name,
		Notice: "Your mail was kept, but not passed on: " + reason + ". Approve it on the ticket's page, or answer there."})
	return err
}
