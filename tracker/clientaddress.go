package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// MaxAddresses is how many addresses a person may have.
const MaxAddresses = 50

// mainAddress is SQL for where mail to client c goes unless a ticket says
// otherwise: the address that was chosen, else the first; "" for none.
const mainAddress = `COALESCE((SELECT a.address FROM client_address a WHERE a.client_id = c.id ORDER BY a.main DESC, a.created_at, a.address LIMIT 1), '')`

// editClient changes a client under its version, which it raises. It fails
// with Invalid for somebody who was erased or merged into another.
func (s *Store) editClient(ctx context.Context, what string, id, version int64, change func(tx *migrations.Tx, was *Client) error) (Client, error) {
	var now Client
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE client SET version = version + 1 WHERE id = ? AND (version = ? OR ? = -1)`, id, version, version)
		if err != nil {
			return err
		}
		if now, err = clientByID(ctx, tx, id); err != nil {
			return err
		}
		if err := now.there(); err != nil {
			return err
		}
		if n == 0 {
			return errStale()
		}
		return change(tx, &now)
	})
	if err != nil {
		return Client{}, fmt.Errorf("%s client %d: %w", what, id, err)
	}
	return now, nil
}

// there refuses who is not there any more.
func (c Client) there() error {
	switch {
	case c.MergedIntoID != 0:
		return migrations.Invalidf("This person was found to be the same as another, and is there now.")
	case c.ErasedAt != 0:
		return migrations.Invalidf("This person was erased.")
	}
	return nil
}

// AddAddress gives a person a further address. One that somebody else has is
// Invalid at "address": whose it is, ClientByAddress tells.
func (s *Store) AddAddress(ctx context.Context, actor Actor, id int64, address string, version int64) (Client, error) {
	return s.editClient(ctx, "add an address to", id, version, func(tx *migrations.Tx, c *Client) error {
		clean, err := cleanEmail(address)
		if err != nil {
			return migrations.InvalidAt("address", "%s", migrations.SafeMessage(err))
		}
		if err := s.addAddressTx(ctx, tx, *c, clean); err != nil {
			return err
		}
		return s.addressesChangedTx(ctx, tx, actor, c.ID, "address_added")
	})
}

func (s *Store) addAddressTx(ctx context.Context, tx *migrations.Tx, c Client, address string) error {
	known, err := clientByAddress(ctx, tx, address)
	switch {
	case err != nil:
		return err
	case known != nil && known.ID == c.ID:
		return migrations.InvalidAt("address", "%s is one of their addresses already.", address)
	case known != nil:
		return migrations.InvalidAt("address", "%s is the address of %s.", address, known.Name)
	}
	ours, err := exists(ctx, tx, `SELECT 1 FROM mailbox WHERE LOWER(address) = ?`, address)
	if err != nil {
		return err
	}
	if ours {
		return migrations.InvalidAt("address", "%s is the address of the helpdesk itself.", address)
	}
	var n int
	if err := tx.Get(ctx, &n, `SELECT count(*) FROM client_address WHERE client_id = ?`, c.ID); err != nil {
		return fmt.Errorf("count addresses: %w", err)
	}
	if n >= MaxAddresses {
		return migrations.InvalidAt("address", "%s has %d addresses, and can not have more.", c.Name, n)
	}
	added, err := tx.Exec(ctx, `INSERT INTO client_address (address, client_id, created_at) VALUES (?, ?, ?) ON CONFLICT (address) DO NOTHING`, address, c.ID, s.stamp())
	if err != nil {
		return fmt.Errorf("add an address: %w", err)
	}
	if added == 0 { // in this very moment
		return migrations.InvalidAt("address", "%s is the address of somebody else.", address)
	}
	_, err = tx.Exec(ctx, `DELETE FROM former_address WHERE client_id = ? AND address = ?`, c.ID, address)
	return err
}

// addressesChangedTx records that a person's addresses changed, without
// naming them, and has the person and their tickets found by what they are now.
func (s *Store) addressesChangedTx(ctx context.Context, tx *migrations.Tx, actor Actor, id int64, kind string) error {
	if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: KindClient, SubjectID: id, Kind: kind}); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindClient, id); err != nil {
		return err
	}
	return s.indexTicketsOfTx(ctx, tx, id)
}

// indexTicketsOfTx has the newest tickets that name a client indexed anew.
func (s *Store) indexTicketsOfTx(ctx context.Context, tx *migrations.Tx, id int64) error {
	var ids []int64
	err := tx.Select(ctx, &ids, `SELECT id FROM ticket WHERE client_id = ? OR for_client_id = ? OR id IN (SELECT ticket_id FROM participant WHERE client_id = ?) ORDER BY id DESC LIMIT ?`, id, id, id, maxProfile)
	if err != nil {
		return fmt.Errorf("list tickets of client %d: %w", id, err)
	}
	return s.IndexManyTx(ctx, tx, KindTicket, ids)
}

// AddressUse is how many open tickets of a person are answered to one of their addresses.
func (s *Store) AddressUse(ctx context.Context, id int64, address string) (n int, err error) {
	err = s.db.Get(ctx, &n, `SELECT count(*) FROM ticket WHERE client_id = ? AND closed_at IS NULL AND LOWER(client_address) = ?`, id, cleanAddress(address))
	if err != nil {
		return 0, fmt.Errorf("count open tickets: %w", err)
	}
	return n, nil
}

func cleanAddress(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// RemoveAddress takes an address off a person; the last one stays. Their open
// tickets that were answered to it are answered to the main one from then.
// Mail from it is a stranger's then. Removing what is gone is done already.
func (s *Store) RemoveAddress(ctx context.Context, actor Actor, id int64, address string, version int64) (Client, error) {
	address = cleanAddress(address)
	return s.editClient(ctx, "remove an address of", id, version, func(tx *migrations.Tx, c *Client) error {
		list, err := clientAddresses(ctx, tx, id)
		if err != nil {
			return err
		}
		var left []string
		for _, a := range list {
			if a.Address != address {
				left = append(left, a.Address)
			}
		}
		switch {
		case len(left) == len(list):
			return nil
		case len(left) == 0:
			return migrations.InvalidAt("address", "This is the only address of %s. Add another one first.", c.Name)
		}
		for _, x := range []struct {
			query string
			args  []any
		}{
			{`DELETE FROM client_address WHERE client_id = ? AND address = ?`, []any{id, address}},
			{`INSERT INTO former_address (client_id, address, removed_at) VALUES (?, ?, ?) ON CONFLICT (address, client_id) DO NOTHING`, []any{id, address, s.stamp()}},
			{`UPDATE ticket SET client_address = ?, version = version + 1 WHERE client_id = ? AND LOWER(client_address) = ? AND closed_at IS NULL`, []any{left[0], id, address}},
		} {
			if _, err := tx.Exec(ctx, x.query, x.args...); err != nil {
				return fmt.Errorf("take an address away: %w", err)
			}
		}
		return s.addressesChangedTx(ctx, tx, actor, id, "address_removed")
	})
}

// SetMainAddress chooses the address to which a person is written by default.
// Tickets that are open are answered to where they were asked from.
func (s *Store) SetMainAddress(ctx context.Context, actor Actor, id int64, address string, version int64) (Client, error) {
	address = cleanAddress(address)
	return s.editClient(ctx, "choose the main address of", id, version, func(tx *migrations.Tx, _ *Client) error {
		if err := setMainTx(ctx, tx, id, address); err != nil {
			return err
		}
		return s.addressesChangedTx(ctx, tx, actor, id, "address_main")
	})
}

func setMainTx(ctx context.Context, tx *migrations.Tx, id int64, address string) error {
	n, err := tx.Exec(ctx, `UPDATE client_address SET main = TRUE WHERE client_id = ? AND address = ?`, id, address)
	if err != nil {
		return fmt.Errorf("choose an address: %w", err)
	}
	if n == 0 {
		return migrations.InvalidAt("address", "This is not one of their addresses (any more).")
	}
	_, err = tx.Exec(ctx, `UPDATE client_address SET main = FALSE WHERE client_id = ? AND address <> ?`, id, address)
	return err
}
