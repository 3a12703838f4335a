package tracker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"helpdeskd/migrations"
)

// ClientRow is a client in a list.
type ClientRow struct {
	Client
	Address string `db:"address"` // the first of their addresses
	Open    int    `db:"open"`    // tickets that are not closed
}

const clientRowSelect = `SELECT c.id, c.name, c.department, c.phone, c.high_management, c.created_at, c.version,
	COALESCE((SELECT MIN(a.address) FROM client_address a WHERE a.client_id = c.id), '') AS address,
	(SELECT count(*) FROM ticket t WHERE t.client_id = c.id AND t.closed_at IS NULL) AS open FROM `

// Clients returns clients by name, or those whom the words of query find, and
// what to give as after for the next ones ("" at the end).
func (s *Store) Clients(ctx context.Context, query, after string, limit int) (list []ClientRow, more string, err error) {
	if limit <= 0 || limit > 500 {
		limit = 50
	}
	var from int64
	if after != "" {
		if from, err = strconv.ParseInt(after, 10, 64); err != nil {
			return nil, "", migrations.Invalidf("This page of the list is not known. Please start from its first page.")
		}
	}
	if strings.TrimSpace(query) != "" {
		return s.findClients(ctx, query, from, limit)
	}
	err = s.db.Select(ctx, &list, clientRowSelect+`client c WHERE (c.name_folded, c.id) > (COALESCE((SELECT f.name_folded FROM client f WHERE f.id = ?), ''), ?)
		ORDER BY c.name_folded, c.id LIMIT ?`, from, from, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("list clients: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		more = strconv.FormatInt(list[limit-1].ID, 10)
	}
	return list, more, nil
}

// findClients returns the newest clients first, each page sorted by name.
func (s *Store) findClients(ctx context.Context, query string, before int64, limit int) (list []ClientRow, more string, err error) {
	page, err := s.Search(ctx, query, KindClient, before, limit)
	if err != nil || len(page.Hits) == 0 {
		return nil, "", err
	}
	var ids []any
	for _, h := range page.Hits {
		ids = append(ids, h.Client.ID)
	}
	if err := s.db.Select(ctx, &list, clientRowSelect+`client c WHERE c.id IN (`+marks(len(ids))+`) ORDER BY c.name_folded, c.id`, ids...); err != nil {
		return nil, "", fmt.Errorf("list clients: %w", err)
	}
	if page.More != 0 {
		more = strconv.FormatInt(page.More, 10)
	}
	return list, more, nil
}

// ClientAddress is one of a client's mail addresses.
type ClientAddress struct {
	Address      string           `db:"address"`
	BouncedAt    migrations.Stamp `db:"bounced_at"` // 0: mail reaches it, as far as we know
	BounceReason string           `db:"bounce_reason"`
}

// Profile is a client with what they asked.
type Profile struct {
	Client
	Addresses []ClientAddress
	Open      int // tickets that are not closed
	Total     int
	Tickets   []Ticket // the newest first, archived ones too
	More      string   // to Tickets, with the client in the filter and ArchivedAlso
}

// ClientByID returns a client.
func (s *Store) ClientByID(ctx context.Context, id int64) (Client, error) {
	return clientByID(ctx, s.db, id)
}

func clientByID(ctx context.Context, q read, id int64) (Client, error) {
	var c Client
	err := q.Get(ctx, &c, `SELECT `+clientColumns+` FROM client WHERE id = ?`, id)
	if migrations.KindOf(err) == migrations.NotFound {
		return c, migrations.NotFoundf("There is no such person.")
	}
	if err != nil {
		return c, fmt.Errorf("read client: %w", err)
	}
	return c, nil
}

// ClientProfile returns a client with addresses and the newest tickets.
func (s *Store) ClientProfile(ctx context.Context, id int64, tickets int) (Profile, error) {
	var p Profile
	var err error
	if p.Client, err = s.ClientByID(ctx, id); err != nil {
		return p, err
	}
	if p.Addresses, err = clientAddresses(ctx, s.db, id); err != nil {
		return p, err
	}
	var n struct {
		Total int `db:"total"`
		Open  int `db:"open"`
	}
	err = s.db.Get(ctx, &n, `SELECT count(*) AS total, count(CASE WHEN closed_at IS NULL THEN 1 END) AS open FROM ticket WHERE client_id = ?`, id)
	if err != nil {
		return p, fmt.Errorf("count tickets of client %d: %w", id, err)
	}
	p.Total, p.Open = n.Total, n.Open
	p.Tickets, p.More, err = s.Tickets(ctx, TicketFilter{ClientID: id, Archived: ArchivedAlso}, "", tickets)
	return p, err
}

func clientAddresses(ctx context.Context, q read, id int64) ([]ClientAddress, error) {
	var list []ClientAddress
	err := q.Select(ctx, &list, `SELECT address, COALESCE(bounced_at, 0) AS bounced_at, bounce_reason FROM client_address WHERE client_id = ? ORDER BY created_at, address`, id)
	if err != nil {
		return nil, fmt.Errorf("list addresses of client %d: %w", id, err)
	}
	return list, nil
}

// ClientChange says what to change of a client; nil leaves it alone.
type ClientChange struct {
	Name, Department, Phone *string
	HighManagement          *bool
}

// UpdateClient changes a client.
func (s *Store) UpdateClient(ctx context.Context, actor Actor, id int64, c ClientChange, version int64) (Client, error) {
	var now Client
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE client SET version = version + 1 WHERE id = ? AND (version = ? OR ? = -1)`, id, version, version)
		if err != nil {
			return err
		}
		was, err := clientByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return errStale()
		}
		now = was
		if err := c.apply(&now); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE client SET name = ?, name_folded = ?, department = ?, phone = ?, high_management = ? WHERE id = ?`,
			now.Name, Fold(now.Name), now.Department, now.Phone, now.HighManagement, id)
		if err != nil {
			return err
		}
		return s.clientChangedTx(ctx, tx, actor, was, now)
	})
	if err != nil {
		return Client{}, fmt.Errorf("update client %d: %w", id, err)
	}
	return now, nil
}

func (c ClientChange) apply(now *Client) (err error) {
	if c.Name != nil {
		if now.Name, err = cleanName(*c.Name); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		from *string
		to   *string
		what string
	}{{c.Department, &now.Department, "department"}, {c.Phone, &now.Phone, "telephone number"}} {
		if f.from == nil {
			continue
		}
		if *f.to = oneLine(*f.from); utf8.RuneCountInString(*f.to) > 200 {
			return migrations.Invalidf("This %s is longer than 200 characters.", f.what)
		}
	}
	if c.HighManagement != nil {
		now.HighManagement = *c.HighManagement
	}
	return nil
}

// clientChangedTx records what changed, and has the client and their newest
// tickets indexed anew. The event names no personal text.
func (s *Store) clientChangedTx(ctx context.Context, tx *migrations.Tx, actor Actor, was, now Client) error {
	if was.HighManagement != now.HighManagement {
		e := Event{Actor: actor, Subject: "client", SubjectID: now.ID, Kind: "high_management", Was: strconv.FormatBool(was.HighManagement), Became: strconv.FormatBool(now.HighManagement)}
		if err := s.RecordTx(ctx, tx, e); err != nil {
			return err
		}
	}
	if was.Name == now.Name && was.Department == now.Department && was.Phone == now.Phone {
		return nil
	}
	if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "client", SubjectID: now.ID, Kind: "edited"}); err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindClient, now.ID); err != nil {
		return err
	}
	var tickets []int64
	if err := tx.Select(ctx, &tickets, `SELECT id FROM ticket WHERE client_id = ? ORDER BY id DESC LIMIT 500`, now.ID); err != nil {
		return err
	}
	slices.Sort(tickets)
	for _, id := range tickets {
		if err := s.IndexTx(ctx, tx, KindTicket, id); err != nil {
			return err
		}
	}
	return nil
}
