package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// maxSummary bounds the sentence for a manager, in bytes.
const maxSummary = 500

// SetSummary writes down what a ticket was and why, in one sentence that a
// manager can read; "" takes it away. An archived ticket takes one too: it is
// said later where it was left out.
func (s *Store) SetSummary(ctx context.Context, actor Actor, number int64, text string, version int64) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if t, err = s.takeTicketTx(ctx, tx, number, version); err != nil {
			return err
		}
		return s.setSummaryTx(ctx, tx, actor, &t, text)
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("sum up %s: %w", TicketName(number), err)
	}
	return t, nil
}

// recordSummaryTx writes the sentence down unless it is empty.
func (s *Store) recordSummaryTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, text string) error {
	if oneLine(text) == "" {
		return nil
	}
	return s.setSummaryTx(ctx, tx, actor, t, text)
}

func (s *Store) setSummaryTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, text string) error {
	if text = oneLine(text); text == t.Summary {
		return nil
	}
	if len(text) > maxSummary {
		return migrations.InvalidAt("summary", "This is too long for one sentence: please say what and why in up to 500 characters.")
	}
	if err := t.setTx(ctx, tx, `summary = ?`, text); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "summary", "", "")
}

// SetWorkaround says whether what solved a ticket is a work-around only.
func (s *Store) SetWorkaround(ctx context.Context, actor Actor, number int64, on bool, version int64) (Ticket, error) {
	return s.editTicket(ctx, "mark the fix of", number, version, func(tx *migrations.Tx, t *Ticket) error {
		if on && t.Fix == "" {
			return migrations.Invalidf("Please write what was done first.")
		}
		return s.markWorkaroundTx(ctx, tx, actor, t, on)
	})
}

// markWorkaroundTx puts a ticket on the list of what is still to be fixed
// properly, or takes it off as if it had never been there.
func (s *Store) markWorkaroundTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, on bool) error {
	if on == t.Workaround && (!on || t.WorkaroundDoneAt == 0) {
		return nil
	}
	columns, args, became := `workaround = FALSE, workaround_at = NULL, workaround_done_at = NULL`, []any(nil), ""
	if on {
		columns, args, became = `workaround = TRUE, workaround_at = ?, workaround_done_at = NULL`, []any{s.stamp()}, "on"
	}
	if err := t.setTx(ctx, tx, columns, args...); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "workaround", "", became)
}

// WorkaroundDone takes a ticket off the list: it is fixed properly. An
// archived ticket's can be, too.
func (s *Store) WorkaroundDone(ctx context.Context, actor Actor, number int64) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if t, err = s.takeTicketTx(ctx, tx, number, AnyVersion); err != nil {
			return err
		}
		return s.workaroundDoneTx(ctx, tx, actor, &t, "")
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("take the work-around of %s off the list: %w", TicketName(number), err)
	}
	return t, nil
}

// workaroundDoneTx marks a work-around as dealt with: by another ticket, or "".
func (s *Store) workaroundDoneTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, by string) error {
	if !t.Workaround || t.WorkaroundDoneAt != 0 {
		return nil
	}
	if err := t.setTx(ctx, tx, `workaround_done_at = ?`, s.stamp()); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "workaround_done", "", by)
}

// Workarounds returns the tickets whose work-around is still to be fixed
// properly, the oldest first, at most limit.
func (s *Store) Workarounds(ctx context.Context, limit int) ([]Ticket, error) {
	var list []Ticket
	err := s.db.Select(ctx, &list, ticketSelect+`WHERE t.workaround AND t.workaround_done_at IS NULL ORDER BY t.workaround_at, t.id LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("list work-arounds: %w", err)
	}
	return list, nil
}

// Unsaid returns completed tickets without a sentence for managers, the
// latest first, at most limit.
func (s *Store) Unsaid(ctx context.Context, limit int) ([]Ticket, error) {
	var list []Ticket
	err := s.db.Select(ctx, &list, ticketSelect+`WHERE t.stage = 'completed' AND t.summary = '' ORDER BY t.closed_at DESC, t.id DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("list tickets without a sentence: %w", err)
	}
	return list, nil
}

// FollowUp opens a ticket of the actor's for what a work-around leaves to be
// done, linked with it, and takes the work-around off the list. subject goes
// before that of the ticket.
func (s *Store) FollowUp(ctx context.Context, actor Actor, number int64, subject string) (Ticket, error) {
	var next Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		t, err := s.takeTicketTx(ctx, tx, number, AnyVersion)
		if err != nil {
			return err
		}
		if !t.Workaround || t.WorkaroundDoneAt != 0 {
			return migrations.Conflictf("%s is not on the list (any more).", t.Name())
		}
		by, err := accountWhere(ctx, tx, `id = ?`, actor.AccountID)
		if err != nil {
			return err
		}
		next, err = s.openByHandTx(ctx, tx, actor, NewTicket{Subject: clip(oneLine(subject+" "+t.Subject), 500), Requester: Address{Name: by.Name, Address: by.Email}, CategoryID: t.CategoryID, AssigneeID: by.ID})
		if err != nil {
			return err
		}
		if _, err := s.LinkTx(ctx, tx, actor, Thing{KindTicket, t.ID}, Thing{KindTicket, next.ID}); err != nil {
			return err
		}
		return s.workaroundDoneTx(ctx, tx, actor, &t, Thing{KindTicket, next.ID}.String())
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("open a ticket for the work-around of %s: %w", TicketName(number), err)
	}
	return next, nil
}
