package tracker

import (
	"context"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// readLately is how recently a mailbox must have been read before a client is
// reminded: after a night without network the answer may still lie in it.
const readLately = 30 * time.Minute

// officeHours are when reminders go where the desk has no hours: on working
// days by the server's clock.
func officeHours() Hours {
	h := Hours{Zone: "Local"}
	for d := time.Monday; d <= time.Friday; d++ {
		h.Week[d] = []Span{{8 * 60, 17 * 60}}
	}
	return h
}

// working reports whether the desk is at work, so that it may remind people.
func (s *Store) working(ctx context.Context) (bool, error) {
	h, err := s.Hours(ctx)
	if err != nil {
		return false, err
	}
	if !h.Set() {
		o := officeHours()
		o.Holidays = h.Holidays
		h = o
	}
	return h.Open(s.Now()), nil
}

// mayRemind is the condition on ticket t, mailbox b, under which its client
// is reminded. Its parameters: how often at most; four times the instant of so
// many days ago; since when the mailbox must have been read. Nothing newer was
// said, nothing of ours is on its way, nothing is held or unread, the address
// works and is a person's.
const mayRemind = `t.waiting = 'client' AND t.archived_at IS NULL AND t.stage IN ('requested', 'in_progress') AND NOT t.news AND t.client_id IS NOT NULL
	AND t.reminded < ? AND t.waiting_since <= ? AND COALESCE(t.reminded_at, 0) <= ?
	AND NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = t.id AND (m.state = 'held' OR m.state = 'shown' AND m.at > ?))
	AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.ticket_id = t.id AND o.kind IN ('reply', 'remind') AND (o.state IN ('queued', 'sending', 'uncertain', 'held', 'dead') OR o.sent_at > ? OR o.bounce = 'failed'))
	AND (NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = t.id AND m.direction = 'in') OR EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = t.id AND m.direction = 'in' AND m.state = 'shown' AND m.class = 'human'))
	AND NOT EXISTS (SELECT 1 FROM client_address a WHERE a.address = t.client_address AND a.bounced_at IS NOT NULL)
	AND b.last_ok_at >= ? AND b.shadow <> 'on' AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.mailbox_id = b.id AND i.state <> 'done')`

const remindFrom = ` FROM ticket t JOIN mailbox b ON b.id = COALESCE(t.mailbox_id, (SELECT MIN(id) FROM mailbox)) WHERE `

// RemindClients writes to clients who are waited for, SetRemindDays after the
// last that was said, at most SetRemindMost times, while the desk is open. How
// often and when stands on the ticket, with the mail, so that a crash neither
// forgets nor repeats one. It returns how many there were.
func (s *Store) RemindClients(ctx context.Context, l *Lease) (int, error) {
	days, err := s.numberSetting(ctx, SetRemindDays, 0)
	if err != nil || days == 0 {
		return 0, err
	}
	most, err := s.numberSetting(ctx, SetRemindMost, 2)
	if err != nil {
		return 0, err
	}
	if open, err := s.working(ctx); err != nil || !open {
		return 0, err
	}
	total := 0
	for after := int64(0); ; {
		now := s.Now()
		before := migrations.At(now.AddDate(0, 0, -days))
		args := []any{most, before, before, before, before, migrations.At(now.Add(-readLately))}
		var ids []int64
		if err := s.db.Select(ctx, &ids, `SELECT t.id`+remindFrom+mayRemind+` AND t.id > ? ORDER BY t.id LIMIT ?`, append(args, after, clockBatch)...); err != nil {
			return total, fmt.Errorf("find clients to remind: %w", err)
		}
		if len(ids) == 0 {
			return total, nil
		}
		n := 0
		err := s.underLease(ctx, l, func(tx *migrations.Tx) error {
			n = 0
			for _, id := range ids {
				done, err := s.remindTx(ctx, tx, id, args)
				if err != nil {
					return err
				}
				if done {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("remind clients: %w", err)
		}
		total += n
		after = ids[len(ids)-1]
	}
}

// remindTx reminds one client, where the condition still holds now that the
// ticket is locked.
func (s *Store) remindTx(ctx context.Context, tx *migrations.Tx, id int64, args []any) (bool, error) {
	if err := s.lockTicketTx(ctx, tx, id); err != nil {
		return false, err
	}
	var r struct {
		ClientID  int64  `db:"client_id"`
		Name      string `db:"name"`
		Address   string `db:"client_address"`
		MailboxID int64  `db:"mailbox_id"`
		Reminded  int64  `db:"reminded"`
		Last      int64  `db:"last"`
	}
	err := tx.Get(ctx, &r, `SELECT t.client_id, t.client_address, b.id AS mailbox_id, t.reminded, (SELECT c.name FROM client c WHERE c.id = t.client_id) AS name,
		(SELECT COALESCE(MAX(m.id), 0) FROM message m WHERE m.ticket_id = t.id AND m.direction = 'out' AND m.state = 'shown'
			AND EXISTS (SELECT 1 FROM outbox o WHERE o.message_id = m.id AND o.kind = 'reply' AND o.client_id = t.client_id)) AS last`+remindFrom+mayRemind+` AND t.id = ?`, append(args, id)...)
	if migrations.KindOf(err) == migrations.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !sendable(r.Address) || s.policy(r.MailboxID).isOurs(r.Address) {
		return false, nil
	}
	if _, err := tx.Exec(ctx, `UPDATE ticket SET reminded = reminded + 1, reminded_at = ?, nudged_at = NULL WHERE id = ?`, s.stamp(), id); err != nil {
		return false, err
	}
	_, err = s.EnqueueTx(ctx, tx, Mail{Kind: MailRemind, MailboxID: r.MailboxID, TicketID: id, MessageID: r.Last, ClientID: r.ClientID, ToAddress: r.Address, ToName: nameUnless(r.Name, r.Address)})
	if err != nil {
		return false, err
	}
	return true, s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: id, Kind: "reminded", Became: fmt.Sprint(r.Reminded + 1)})
}

// NudgeAssignees tells assignees, while the desk is open, that a vendor's day
// has passed (once for each day that was given), and of what waits and on which
// nothing has happened for SetRemindQuiet days: one mail a person, whatever has
// gathered. It returns how many tickets there were.
func (s *Store) NudgeAssignees(ctx context.Context, l *Lease) (int, error) {
	vendor, err := s.Setting(ctx, SetRemindVendor)
	if err != nil {
		return 0, err
	}
	quiet, err := s.numberSetting(ctx, SetRemindQuiet, 0)
	if err != nil || vendor != "on" && quiet == 0 {
		return 0, err
	}
	if open, err := s.working(ctx); err != nil || !open {
		return 0, err
	}
	reminds, err := s.numberSetting(ctx, SetRemindDays, 0)
	if err != nil {
		return 0, err
	}
	most, err := s.numberSetting(ctx, SetRemindMost, 2)
	if err != nil {
		return 0, err
	}
	if reminds == 0 {
		most = 0
	}
	h, err := s.Hours(ctx)
	if err != nil {
		return 0, err
	}
	zone := time.Local
	if h.Set() {
		zone = h.Location()
	}
	today, before := s.Now().In(zone).Format(time.DateOnly), migrations.At(s.Now().AddDate(0, 0, -max(quiet, 1)))
	// A wait is quiet that nobody has touched, of which no day is known that
	// is still to come, and whose client is not being reminded any more.
	where := `t.waiting <> '' AND t.archived_at IS NULL AND t.stage NOT IN ('completed', 'dropped') AND (
		(? = 'on' AND t.waiting = 'vendor' AND t.expected_on <> '' AND t.expected_on < ? AND t.nudged_at IS NULL)
		OR (? > 0 AND t.waiting_since <= ? AND COALESCE(t.nudged_at, 0) <= ? AND COALESCE(t.reminded_at, 0) <= ? AND t.expected_on < ? AND (t.waiting = 'vendor' OR t.reminded >= ?)
			AND NOT EXISTS (SELECT 1 FROM message m WHERE m.ticket_id = t.id AND m.at > ?)
			AND NOT EXISTS (SELECT 1 FROM note n WHERE n.ticket_id = t.id AND n.at > ?)))`
	args := []any{vendor, today, quiet, before, before, before, today, most, before, before}
	some, err := exists(ctx, s.db, `SELECT 1 FROM ticket t WHERE `+where+` LIMIT 1`, args...)
	if err != nil || !some {
		return 0, err
	}
	n := 0
	err = s.underLease(ctx, l, func(tx *migrations.Tx) error {
		var rows []struct {
			ID       int64            `db:"id"`
			Number   int64            `db:"number"`
			Level    int64            `db:"level"`
			Star     bool             `db:"star"`
			Waiting  string           `db:"waiting"`
			Since    migrations.Stamp `db:"waiting_since"`
			Expected string           `db:"expected_on"`
			Nudged   migrations.Stamp `db:"nudged_at"`
			Assignee int64            `db:"assignee_id"`
		}
		err := tx.Select(ctx, &rows, `SELECT t.id, t.number, t.level, t.star, t.waiting, t.waiting_since, t.expected_on, COALESCE(t.nudged_at, 0) AS nudged_at, COALESCE(t.assignee_id, 0) AS assignee_id
			FROM ticket t WHERE `+where+` ORDER BY t.id LIMIT 1000`, args...)
		if err != nil {
			return err
		}
		n = 0
		var told []toldOf
		for _, r := range rows {
			mine, err := tx.Exec(ctx, `UPDATE ticket SET nudged_at = ? WHERE id = ? AND COALESCE(nudged_at, 0) = ?`, s.stamp(), r.ID, r.Nudged)
			if err != nil {
				return err
			}
			if mine == 0 { // somebody told of it since it was read
				continue
			}
			n++
			it := DueItem{TicketID: r.ID, Number: r.Number, Priority: priorityName(r.Level, r.Star), What: QuietWait, At: r.Since}
			if r.Waiting == WaitingVendor && r.Expected != "" && r.Nudged == 0 {
				it.What = LateVendor
				if day, err := time.ParseInLocation(time.DateOnly, r.Expected, zone); err == nil {
					it.At = migrations.At(day)
				}
			}
			if err := s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: r.ID, Kind: "nudged", Became: it.What}); err != nil {
				return err
			}
			told = append(told, toldOf{it, r.Assignee})
		}
		return s.tellPeopleTx(ctx, tx, told, nil)
	})
	if err != nil {
		return 0, fmt.Errorf("tell of what waits: %w", err)
	}
	return n, nil
}
