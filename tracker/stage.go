package tracker

import (
	"context"
	"fmt"
	"strconv"

	"helpdeskd/migrations"
)

// StageChange says where a ticket goes, and what that needs.
type StageChange struct {
	Stage  Stage    // "" stays
	Fix    string   // what solved it; replaces what was recorded, where not empty
	Reason string   // why it is dropped
	Files  []Upload // kept with the fix

	Summary    string // what it was and why, in one sentence for a manager; replaces, where not empty
	Workaround bool   // the fix is a work-around. With a Fix, false says that it is none; without, it changes nothing
	TakeBack   bool   // the mail that asks whether it helped can be taken back; else it goes at once
}

// maxReason bounds why a ticket is dropped, in bytes.
const maxReason = 2000

// SetStage moves a ticket. Confirming and completed need a fix, dropped needs
// a reason; into confirming the client is asked by mail. Moving a completed,
// dropped or archived ticket elsewhere re-opens it.
func (s *Store) SetStage(ctx context.Context, actor Actor, number int64, c StageChange, version int64) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if t, err = s.takeTicketTx(ctx, tx, number, version); err != nil {
			return err
		}
		if c.Stage == "" {
			c.Stage = t.Stage
		}
		if t.Archived() && c.Stage.Closed() {
			return errArchived(&t)
		}
		ask, was := c.Stage == Confirming && t.Stage != Confirming, stateOf(&t)
		if err := s.setStageTx(ctx, tx, actor, &t, c); err != nil {
			return err
		}
		if err := s.addFilesTx(ctx, tx, actor, Thing{Kind: "fix", ID: t.ID}, c.Files); err != nil || !ask {
			return err
		}
		asked, err := s.askTx(ctx, tx, actor, &t, c.TakeBack)
		if err != nil {
			return err
		}
		return s.offerBackTx(ctx, tx, actor, asked, "fix", was, &t)
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("move HD-%d: %w", number, err)
	}
	return t, nil
}

// setStageTx moves a ticket that was taken before, and leaves it as it is now.
func (s *Store) setStageTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, c StageChange) error {
	if !c.Stage.Valid() {
		return migrations.Invalidf("There is no stage %q.", clip(string(c.Stage), 40))
	}
	if err := s.recordFixTx(ctx, tx, actor, t, c.Fix); err != nil {
		return err
	}
	if err := s.recordSummaryTx(ctx, tx, actor, t, c.Summary); err != nil {
		return err
	}
	if c.Workaround || manyLines(c.Fix) != "" {
		if err := s.markWorkaroundTx(ctx, tx, actor, t, c.Workaround); err != nil {
			return err
		}
	}
	reason := manyLines(c.Reason)
	switch {
	case (c.Stage == Confirming || c.Stage == Completed) && t.Fix == "":
		return migrations.Invalidf("Please write what solved it first, even if it was only switching it off and on.")
	case c.Stage == Dropped && reason == "":
		return migrations.Invalidf("Please write why this is dropped.")
	case len(reason) > maxReason:
		return migrations.Invalidf("This reason is too long: please say it in up to 2,000 characters, and put the rest into a note.")
	case c.Stage == t.Stage && !t.Archived():
		return nil
	}
	was, now := t.Stage, s.stamp()
	kind := "stage"
	columns, args := `stage = ?, stage_at = ?, unconfirmed = FALSE`, []any{c.Stage, now}
	switch {
	case c.Stage.Closed():
		columns, args = columns+`, closed_at = ?, news = FALSE`, append(args, now)
	case was.Closed():
		kind = "reopened"
		columns += `, closed_at = NULL, archived_at = NULL`
	}
	if c.Stage == Dropped {
		columns, args = columns+`, drop_reason = ?`, append(args, reason)
	}
	if err := t.setTx(ctx, tx, columns, args...); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return err
	}
	if err := s.changedTx(ctx, tx, actor, t, kind, string(was), string(c.Stage)); err != nil {
		return err
	}
	if c.Stage == Confirming && t.Waiting != "" { // what it waited for is done; that the client confirms is another matter
		if err := s.stopWaitingTx(ctx, tx, actor, t.ID, t.Waiting); err != nil {
			return err
		}
	}
	if err := s.recountedTx(ctx, tx, actor, t); err != nil {
		return err
	}
	switch {
	case c.Stage == Completed:
		return s.askRatingTx(ctx, tx, t.ID)
	case kind == "reopened":
		if err := dropClosedTx(ctx, tx, t.ID); err != nil {
			return err
		}
		return s.tellReopenedTx(ctx, tx, actor, t)
	}
	return nil
}

// tellReopenedTx tells who had a ticket that somebody else opened again. Where
// they wish to hear of nothing or can not work it, who wishes to hear of
// everything is told, as of tickets that nobody has.
func (s *Store) tellReopenedTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket) error {
	if t.AssigneeID == 0 || t.AssigneeID == actor.AccountID || actor.AccountID == 0 || t.MailboxID == 0 {
		return nil
	}
	a, err := accountWhere(ctx, tx, `id = ?`, t.AssigneeID)
	if err != nil {
		return err
	}
	by, err := accountWhere(ctx, tx, `id = ?`, actor.AccountID)
	if err != nil {
		return err
	}
	to, words := []Account{a}, fmt.Sprintf("%s opened %s again. It is still yours: it was completed or dropped before.", by.Name, t.Name())
	if !May(a, WorkTickets) || a.Notify == NotifyNone {
		words = fmt.Sprintf("%s opened %s again. It is still %s's, who is told nothing by mail.", by.Name, t.Name(), a.Name)
		to = nil
		err := tx.Select(ctx, &to, `SELECT `+accountColumns+` FROM account WHERE enabled AND role <> 'manager' AND notify = 'all' AND id <> ? ORDER BY id`, by.ID)
		if err != nil {
			return fmt.Errorf("find whom to tell: %w", err)
		}
	}
	for _, p := range to {
		if _, err := s.EnqueueTx(ctx, tx, Mail{Kind: MailNotice, MailboxID: t.MailboxID, TicketID: t.ID, AccountID: p.ID, ToAddress: p.Email, ToName: p.Name, Notice: words}); err != nil {
			return err
		}
	}
	return nil
}

// RecordFix writes down what solved a ticket.
func (s *Store) RecordFix(ctx context.Context, actor Actor, number int64, text string, version int64) (Ticket, error) {
	return s.editTicket(ctx, "record the fix of", number, version, func(tx *migrations.Tx, t *Ticket) error {
		text, err := checkBody(text, "the fix")
		if err != nil {
			return err
		}
		return s.recordFixTx(ctx, tx, actor, t, text)
	})
}

// recordFixTx records a fix unless text is empty or nothing new.
func (s *Store) recordFixTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, text string) error {
	text = manyLines(text)
	if text == "" || text == t.Fix {
		return nil
	}
	if len(text) > maxBody {
		return migrations.Invalidf("This is too long: the fix can have up to 200,000 characters.")
	}
	if err := t.setTx(ctx, tx, `fix = ?, fixed_at = ?`, text, s.stamp()); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "fix", "", "")
}

// SetPriority triages a ticket. The star belongs to level 3 only.
func (s *Store) SetPriority(ctx context.Context, actor Actor, number, level int64, star bool, version int64) (Ticket, error) {
	return s.editTicket(ctx, "set the priority of", number, version, func(tx *migrations.Tx, t *Ticket) error {
		return s.setPriorityTx(ctx, tx, actor, t, level, star)
	})
}

func (s *Store) setPriorityTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, level int64, star bool) error {
	if level < 1 || level > 3 || star && level != 3 {
		return migrations.Invalidf("The priority must be 1, 2 or 3, and only 3 can have a star.")
	}
	if t.TriagedAt != 0 && t.Level == level && t.Star == star {
		return nil
	}
	was := ""
	if t.TriagedAt != 0 {
		was = priorityName(t.Level, t.Star)
	}
	if err := t.setTx(ctx, tx, `level = ?, star = ?, triaged_at = COALESCE(triaged_at, ?)`, level, star, s.stamp()); err != nil {
		return err
	}
	if err := s.changedTx(ctx, tx, actor, t, "priority", was, priorityName(level, star)); err != nil {
		return err
	}
	return s.recountedTx(ctx, tx, actor, t)
}

// priorityName returns a priority as events hold it: 1, 2, 3, 3*.
func priorityName(level int64, star bool) string {
	if star {
		return "3*"
	}
	return strconv.FormatInt(level, 10)
}

// Assign gives a ticket to somebody who may work it, or with 0 to nobody.
// Who is given one by another is told by mail, unless they want no mails.
func (s *Store) Assign(ctx context.Context, actor Actor, number, accountID, version int64) (Ticket, error) {
	return s.editTicket(ctx, "assign", number, version, func(tx *migrations.Tx, t *Ticket) error {
		return s.assignTx(ctx, tx, actor, t, accountID, true)
	})
}

// Take assigns a ticket to the actor, and begins it where nobody has yet.
func (s *Store) Take(ctx context.Context, actor Actor, number, version int64) (Ticket, error) {
	return s.editTicket(ctx, "take", number, version, func(tx *migrations.Tx, t *Ticket) error {
		if err := s.assignTx(ctx, tx, actor, t, actor.AccountID, true); err != nil || t.Stage != Requested {
			return err
		}
		return s.setStageTx(ctx, tx, actor, t, StageChange{Stage: InProgress})
	})
}

// assignTx gives a ticket that was taken before to somebody; tell has them told by mail.
func (s *Store) assignTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, accountID int64, tell bool) error {
	if t.AssigneeID == accountID {
		return nil
	}
	if accountID != 0 {
		a, err := accountWhere(ctx, tx, `id = ?`, accountID)
		if err != nil {
			return err
		}
		if !May(a, WorkTickets) {
			return migrations.Invalidf("%s cannot be given tickets.", a.Name)
		}
		if tell && accountID != actor.AccountID && a.Notify != NotifyNone && t.MailboxID != 0 {
			if err := s.tellAssigneeTx(ctx, tx, t, a); err != nil {
				return err
			}
		}
	}
	was := t.AssigneeID
	if err := t.setTx(ctx, tx, `assignee_id = ?`, orNull(accountID)); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "assigned", accountRef(was), accountRef(accountID))
}

// tellAssigneeTx queues a notification that carries the client's last words.
func (s *Store) tellAssigneeTx(ctx context.Context, tx *migrations.Tx, t *Ticket, a Account) error {
	var last int64
	err := tx.Get(ctx, &last, `SELECT COALESCE(MAX(id), 0) FROM message WHERE ticket_id = ? AND direction = 'in' AND state = 'shown'`, t.ID)
	if err != nil {
		return fmt.Errorf("find the last message of %s: %w", t.Name(), err)
	}
	_, err = s.EnqueueTx(ctx, tx, Mail{Kind: MailNotify, MailboxID: t.MailboxID, TicketID: t.ID, MessageID: last, AccountID: a.ID, ToAddress: a.Email, ToName: a.Name})
	return err
}

// accountRef is how events name an account: account:7, or "" for nobody.
func accountRef(id int64) string {
	if id == 0 {
		return ""
	}
	return Actor{AccountID: id}.String()
}

// SetCategory puts a ticket into a category, or with 0 into none.
func (s *Store) SetCategory(ctx context.Context, actor Actor, number, categoryID, version int64) (Ticket, error) {
	return s.editTicket(ctx, "set the category of", number, version, func(tx *migrations.Tx, t *Ticket) error {
		return s.setCategoryTx(ctx, tx, actor, t, categoryID)
	})
}

func (s *Store) setCategoryTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, categoryID int64) error {
	if t.CategoryID == categoryID {
		return nil
	}
	if categoryID != 0 {
		known, err := exists(ctx, tx, `SELECT 1 FROM category WHERE id = ? AND NOT archived`, categoryID)
		if err != nil {
			return err
		}
		if !known {
			return migrations.Invalidf("There is no such category (any more).")
		}
	}
	was := t.CategoryID
	if err := t.setTx(ctx, tx, `category_id = ?`, orNull(categoryID)); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "category", strconv.FormatInt(was, 10), strconv.FormatInt(categoryID, 10))
}

// SetSubject words a ticket's subject anew.
func (s *Store) SetSubject(ctx context.Context, actor Actor, number int64, subject string, version int64) (Ticket, error) {
	return s.editTicket(ctx, "name", number, version, func(tx *migrations.Tx, t *Ticket) error {
		subject, err := checkSubject(subject)
		if err != nil || subject == t.Subject {
			return err
		}
		if err := t.setTx(ctx, tx, `subject = ?`, subject); err != nil {
			return err
		}
		if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
			return err
		}
		return s.changedTx(ctx, tx, actor, t, "subject", "", "")
	})
}

func checkSubject(subject string) (string, error) {
	subject = oneLine(subject)
	if subject == "" {
		return "", migrations.InvalidAt("subject", "Please write a subject.")
	}
	if len(subject) > 500 {
		return "", migrations.InvalidAt("subject", "This subject is too long: please say it in up to 500 characters.")
	}
	return subject, nil
}

// MarkSeen notes that somebody looked at what the client wrote.
func (s *Store) MarkSeen(ctx context.Context, actor Actor, number int64) error {
	if some, err := exists(ctx, s.db, `SELECT 1 FROM ticket WHERE number = ? AND news`, number); err != nil || !some {
		return err
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var id int64
		err := tx.Get(ctx, &id, `UPDATE ticket SET news = FALSE WHERE number = ? AND news RETURNING id`, number)
		if migrations.KindOf(err) == migrations.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: id, Kind: "seen"})
	})
	if err != nil {
		return fmt.Errorf("mark HD-%d as seen: %w", number, err)
	}
	return nil
}
