package tracker

import (
	"context"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// On whom a ticket can wait; "" is on nobody but us.
const (
	WaitingClient = "client"
	WaitingVendor = "vendor"
)

// Waiting says on whom a ticket waits.
type Waiting struct {
	On       string // client, vendor, or "" to stop waiting
	VendorID int64  // a location of kind vendor; 0 where it is not said
	Vendor   string // its name
	Expected string // the day on which the vendor is to be through, 2026-11-22; "" where nobody knows
}

// SetWaiting marks a ticket as waiting on the client or on a vendor, or takes
// that off. The client's answer takes the first off, closing takes off
// both, and so does that the client is asked to confirm.
func (s *Store) SetWaiting(ctx context.Context, actor Actor, number int64, w Waiting, version int64) (Ticket, error) {
	return s.editTicket(ctx, "mark the waiting of", number, version, func(tx *migrations.Tx, t *Ticket) error {
		return s.setWaitingTx(ctx, tx, actor, t, w)
	})
}

func (s *Store) setWaitingTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, w Waiting) error {
	w.Vendor = clip(oneLine(w.Vendor), 200)
	switch {
	case w.On != "" && w.On != WaitingClient && w.On != WaitingVendor:
		return migrations.Invalidf("A request can wait on its client or on a vendor, not on %q.", clip(w.On, 40))
	case w.On != "" && t.Stage.Closed():
		return migrations.Conflictf("%s is closed: nothing waits any more. Re-open it first.", t.Name())
	case w.On == WaitingClient && t.ClientAddress == "" && t.ClientID == 0:
		return migrations.Invalidf("The client of %s is not known, so nobody can be waited for. Set its requester first.", t.Name())
	case w.On != WaitingVendor:
		w = Waiting{On: w.On}
	}
	if w.Expected != "" {
		if _, err := time.Parse(time.DateOnly, w.Expected); err != nil {
			return migrations.InvalidAt("expected", "This is not a day. It should look like 2026-12-31.")
		}
	}
	if w == t.waits() {
		return nil
	}
	was := t.Waiting
	since, more := t.WaitingSince, ``
	if was != w.On {
		since, more = s.stamp(), `, reminded = 0, reminded_at = NULL`
	}
	if w.On == "" {
		since = 0
	}
	err := t.setTx(ctx, tx, `waiting = ?, waiting_since = ?, vendor_id = ?, vendor = ?, expected_on = ?, nudged_at = NULL`+more,
		w.On, orNull(int64(since)), orNull(w.VendorID), w.Vendor, w.Expected)
	if err != nil {
		return err
	}
	if was == WaitingClient && w.On != was {
		if err := s.dropRemindersTx(ctx, tx, actor, t.ID); err != nil {
			return err
		}
	}
	if was == w.On { // the same wait, on another vendor or for longer
		return s.changedTx(ctx, tx, actor, t, "waiting_changed", "", "")
	}
	if err := s.changedTx(ctx, tx, actor, t, "waiting", was, w.On); err != nil {
		return err
	}
	return s.recountedTx(ctx, tx, actor, t)
}

// waits returns on whom the ticket waits.
func (t *Ticket) waits() Waiting {
	return Waiting{On: t.Waiting, VendorID: t.VendorID, Vendor: t.Vendor, Expected: t.ExpectedOn}
}

// stopWaitingTx takes the mark off where something else ended the waiting.
func (s *Store) stopWaitingTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64, was string) error {
	_, err := tx.Exec(ctx, `UPDATE ticket SET waiting = '', waiting_since = NULL, vendor_id = NULL, vendor = '', expected_on = '', reminded = 0, reminded_at = NULL, nudged_at = NULL WHERE id = ?`, id)
	if err != nil {
		return fmt.Errorf("end the waiting of ticket %d: %w", id, err)
	}
	if err := s.dropRemindersTx(ctx, tx, actor, id); err != nil {
		return err
	}
	return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: id, Kind: "waiting", Was: was})
}

// dropRemindersTx takes back reminders that have not left yet.
func (s *Store) dropRemindersTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64) error {
	var unsent []int64
	if err := tx.Select(ctx, &unsent, `UPDATE outbox SET state = 'cancelled' WHERE ticket_id = ? AND kind = 'remind' AND state = 'queued' RETURNING id`, id); err != nil {
		return fmt.Errorf("take back reminders of ticket %d: %w", id, err)
	}
	for _, mail := range unsent {
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "outbox", SubjectID: mail, Kind: "cancelled"}); err != nil {
			return err
		}
	}
	return nil
}

// clientSpokeTx ends the waiting on a client who has written.
func (s *Store) clientSpokeTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64) error {
	waits, err := exists(ctx, tx, `SELECT 1 FROM ticket WHERE id = ? AND waiting = 'client'`, id)
	if err != nil || !waits {
		return err
	}
	return s.stopWaitingTx(ctx, tx, actor, id, WaitingClient)
}

// recountedTx counts a ticket's deadlines anew and reads it as it is then.
func (s *Store) recountedTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket) error {
	if err := s.deadlinesTx(ctx, tx, actor, t.ID); err != nil {
		return err
	}
	now, err := ticketWhere(ctx, tx, `t.id = ?`, t.ID)
	*t = now
	return err
}

// DueDate is until when a ticket is to be done, set by hand.
type DueDate struct {
	At  migrations.Stamp // 0 for none
	Day bool             // only the day counts: At is its end
}

// SetDue sets until when a ticket is to be done, or takes that off.
func (s *Store) SetDue(ctx context.Context, actor Actor, number int64, due DueDate, version int64) (Ticket, error) {
	return s.editTicket(ctx, "set the due date of", number, version, func(tx *migrations.Tx, t *Ticket) error {
		return s.setDueTx(ctx, tx, actor, t, due)
	})
}

func (s *Store) setDueTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, due DueDate) error {
	if due.At == 0 {
		due.Day = false
	}
	if t.DueAt == due.At && t.DueDay == due.Day {
		return nil
	}
	if due.At != 0 {
		far := s.Now().AddDate(20, 0, 0)
		if due.At.Time().After(far) || due.At < 0 {
			return migrations.InvalidAt("due", "This day is too far away. Please give one within the next twenty years.")
		}
		if t.Stage.Closed() {
			return migrations.Conflictf("%s is closed. Re-open it before you give it a due date.", t.Name())
		}
	}
	was := t.DueAt
	if err := t.setTx(ctx, tx, `due_at = ?, due_day = ?, due_missed_at = NULL`, orNull(int64(due.At)), due.Day); err != nil {
		return err
	}
	if err := s.changedTx(ctx, tx, actor, t, "due", stampText(was), stampText(due.At)); err != nil {
		return err
	}
	return s.recountedTx(ctx, tx, actor, t)
}

// stampText is how events hold an instant: microseconds, "" for none.
func stampText(at migrations.Stamp) string {
	if at == 0 {
		return ""
	}
	return fmt.Sprint(int64(at))
}
