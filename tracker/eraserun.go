package tracker

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

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
	var told time.Time
	step := func(err error) error {
		if done++; err != nil {
			return err
		}
		if r.told != nil {
			r.told(min(done, all-1), all)
		}
		if time.Since(told) < time.Second {
			return nil
		}
		told = time.Now()
		err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE erasure SET step = ?, steps = ? WHERE uid = ?`, min(done, all-1), all, r.uid)
			return err
		})
		if err != nil {
			return fmt.Errorf("note how far an erasure is: %w", err)
		}
		return nil
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
		UNION SELECT id FROM ticket WHERE for_client_id = ?
		UNION SELECT ticket_id FROM outbox WHERE ticket_id IS NOT NULL AND (client_id = ? OR `+to+`)`,
		slices.Concat([]any{p.ClientID}, fromArgs, []any{p.ClientID, p.ClientID, p.ClientID, p.ClientID}, toArgs)...)
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
