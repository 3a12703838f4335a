package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"helpdeskd/migrations"
)

// Participant is a client who takes part in a ticket beside its requester:
// they get every answer, and their mails join it.
type Participant struct {
	ClientID int64            `db:"client_id"`
	Name     string           `db:"name"`
	Address  string           `db:"address"`
	AddedAt  migrations.Stamp `db:"added_at"`
}

func participants(ctx context.Context, q read, ticketID int64) ([]Participant, error) {
	var list []Participant
	err := q.Select(ctx, &list, `SELECT p.client_id, c.name, `+mainAddress+` AS address, p.added_at
		FROM participant p JOIN client c ON c.id = p.client_id WHERE p.ticket_id = ? ORDER BY p.added_at, p.client_id`, ticketID)
	if err != nil {
		return nil, fmt.Errorf("list participants: %w", err)
	}
	return list, nil
}

// AddParticipant has somebody take part in a ticket, making them a client on
// first sight.
func (s *Store) AddParticipant(ctx context.Context, actor Actor, number int64, who Address) (Ticket, error) {
	return s.addToTicket(ctx, "add a participant to", number, func(tx *migrations.Tx, t *Ticket) error {
		c, _, err := s.personTx(ctx, tx, who)
		if err != nil {
			return err
		}
		return s.joinPersonTx(ctx, tx, actor, t, c.ID)
	})
}

func (s *Store) joinPersonTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, clientID int64) error {
	if clientID == t.ClientID {
		return nil
	}
	n, err := tx.Exec(ctx, `INSERT INTO participant (ticket_id, client_id, added_by, added_at) VALUES (?, ?, ?, ?) ON CONFLICT (ticket_id, client_id) DO NOTHING`,
		t.ID, clientID, orNull(actor.AccountID), s.stamp())
	if err != nil || n == 0 {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return err
	}
	return s.changedTx(ctx, tx, actor, t, "participant_added", "", clientRef(clientID))
}

// RemoveParticipant ends somebody's part in a ticket; the reply tokens that
// they hold for it open nothing any more.
func (s *Store) RemoveParticipant(ctx context.Context, actor Actor, number, clientID int64) (Ticket, error) {
	return s.addToTicket(ctx, "remove a participant from", number, func(tx *migrations.Tx, t *Ticket) error {
		n, err := tx.Exec(ctx, `DELETE FROM participant WHERE ticket_id = ? AND client_id = ?`, t.ID, clientID)
		if err != nil {
			return err
		}
		if n == 0 {
			return migrations.NotFoundf("This person does not take part (any more).")
		}
		if err := s.revokeTokensTx(ctx, tx, t.ID, clientID); err != nil {
			return err
		}
		if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
			return err
		}
		return s.changedTx(ctx, tx, actor, t, "participant_removed", clientRef(clientID), "")
	})
}

func (s *Store) revokeTokensTx(ctx context.Context, tx *migrations.Tx, ticketID, clientID int64) error {
	_, err := tx.Exec(ctx, `UPDATE reply_token SET revoked_at = ? WHERE ticket_id = ? AND client_id = ? AND revoked_at IS NULL`, s.stamp(), ticketID, clientID)
	if err != nil {
		return fmt.Errorf("revoke reply tokens: %w", err)
	}
	_, err = s.revokeLinksTx(ctx, tx, ticketID, clientID)
	return err
}

// SetRequester says who asked: an address, whose person is made a client on
// first sight, or none for unknown (via form). Who was it before holds no
// reply token any more, unless they take part. A burst that it is one of has
// its people counted anew.
func (s *Store) SetRequester(ctx context.Context, actor Actor, number int64, who Address, version int64) (Ticket, error) {
	take := func(tx *migrations.Tx) (Ticket, error) {
		if _, err := lockNumbersTx(ctx, tx); err != nil { // as whoever changes other tickets, too
			return Ticket{}, err
		}
		return s.takeTicketTx(ctx, tx, number, version)
	}
	return s.onTicket(ctx, "set the requester of", number, func(tx *migrations.Tx, t *Ticket) error {
		var clientID int64
		var address string
		if strings.TrimSpace(who.Address) != "" {
			c, a, err := s.personTx(ctx, tx, who)
			if err != nil {
				return err
			}
			clientID, address = c.ID, a
		}
		if clientID == t.ClientID && address == t.ClientAddress {
			return nil
		}
		if t.ClientID != 0 && t.ClientID != clientID {
			part, err := exists(ctx, tx, `SELECT 1 FROM participant WHERE ticket_id = ? AND client_id = ?`, t.ID, t.ClientID)
			if err != nil {
				return err
			}
			if !part {
				if err := s.revokeTokensTx(ctx, tx, t.ID, t.ClientID); err != nil {
					return err
				}
			}
		}
		was := t.ClientID
		if err := t.setTx(ctx, tx, `client_id = ?, client_address = ?`, orNull(clientID), address); err != nil {
			return err
		}
		if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
			return err
		}
		if err := s.resuggestTx(ctx, tx, t.ID); err != nil {
			return err
		}
		if err := s.changedTx(ctx, tx, actor, t, "requester", clientRef(was), clientRef(clientID)); err != nil || t.BurstID == 0 {
			return err
		}
		if err := s.recountBurstTx(ctx, tx, t.BurstID, t.ID); err != nil {
			return err
		}
		now, err := ticketWhere(ctx, tx, `t.id = ?`, t.ID)
		*t = now
		return err
	}, take)
}

// personTx returns the client of an address that somebody typed.
func (s *Store) personTx(ctx context.Context, tx *migrations.Tx, who Address) (*Client, string, error) {
	address, err := cleanEmail(who.Address)
	if err != nil {
		return nil, "", err
	}
	c, err := s.clientTx(ctx, tx, Address{Name: clip(oneLine(who.Name), 200), Address: address})
	if err != nil {
		return nil, "", err
	}
	// One who is being merged at this moment is somebody else afterwards.
	there, err := clientThere(ctx, tx, c.ID)
	if err == nil && !there {
		c, err = clientByAddress(ctx, tx, address)
	}
	if err == nil && c == nil {
		err = migrations.Conflictf("This person was changed at this very moment. Please try again.")
	}
	return c, address, err
}

// clientRef is how events name a client: client:12, or "" for nobody.
func clientRef(id int64) string {
	if id == 0 {
		return ""
	}
	return "client:" + strconv.FormatInt(id, 10)
}
