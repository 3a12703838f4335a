package tracker

import (
	"context"
	"strings"

	"helpdeskd/migrations"
)

// SetFor says whom we support where somebody else wrote: a client, or 0 for
// the requester.
func (s *Store) SetFor(ctx context.Context, actor Actor, number, clientID, version int64) (Ticket, error) {
	return s.editTicket(ctx, "say for whom is", number, version, func(tx *migrations.Tx, t *Ticket) error {
		return s.setForTx(ctx, tx, actor, t, clientID)
	})
}

// SetForAddress is SetFor by an address, which makes its client where nobody
// has it yet; "" is the requester.
func (s *Store) SetForAddress(ctx context.Context, actor Actor, number int64, who Address, version int64) (Ticket, error) {
	return s.editTicket(ctx, "say for whom is", number, version, func(tx *migrations.Tx, t *Ticket) error {
		if strings.TrimSpace(who.Address) == "" {
			return s.setForTx(ctx, tx, actor, t, 0)
		}
		c, _, err := s.personTx(ctx, tx, who)
		if err != nil {
			return err
		}
		return s.setForTx(ctx, tx, actor, t, c.ID)
	})
}

func (s *Store) setForTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, clientID int64) error {
	if clientID == t.ClientID {
		clientID = 0 // who wrote is supported anyway
	}
	if clientID == t.ForClientID {
		return nil
	}
	if clientID != 0 {
		known, err := clientThere(ctx, tx, clientID)
		if err != nil {
			return err
		}
		if !known {
			return migrations.Invalidf("There is no such person (any more).")
		}
	}
	was := t.ForClientID
	if err := t.setTx(ctx, tx, `for_client_id = ?`, orNull(clientID)); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return err
	}
	if err := s.resuggestTx(ctx, tx, t.ID); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "for", clientRef(was), clientRef(clientID))
}
