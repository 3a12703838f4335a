package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// Why two people may be one.
const (
	AlikeName    = "name"    // the same name
	AlikeAddress = "address" // the same before the @, at two of our domains
)

// maxOurDomains bounds how many domains are compared with each other.
const maxOurDomains = 8

// AlikePair are two people who may be one, the earlier first.
type AlikePair struct {
	A, B Client
	Why  string
	AtA  string // their main addresses
	AtB  string
}

// AlikePeople returns pairs of people who may be one, and whom nobody has told
// apart yet: by name, and by their addresses at the domains of our mailboxes
// and accounts.
func (s *Store) AlikePeople(ctx context.Context, limit int) ([]AlikePair, error) {
	var rows []alikeRow
	const apart = ` AND NOT EXISTS (SELECT 1 FROM not_same n WHERE n.a_id = a.id AND n.b_id = b.id) `
	// A name that is but an address tells nothing.
	err := s.db.Select(ctx, &rows, `SELECT a.id AS a_id, b.id AS b_id, 'name' AS why FROM client a JOIN client b ON b.name_folded = a.name_folded AND b.id > a.id
		WHERE a.erased_at IS NULL AND b.erased_at IS NULL AND a.name_folded <> '' AND a.name_folded NOT LIKE '%@%'`+apart+`ORDER BY a.name_folded, a.id, b.id LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("look for people of one name: %w", err)
	}
	domains, err := s.ourDomains(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range domains {
		for _, e := range domains {
			if d == e || len(rows) >= limit {
				continue
			}
			var more []alikeRow
			err := s.db.Select(ctx, &more, `SELECT a.id AS a_id, b.id AS b_id, 'address' AS why FROM client_address x
				JOIN client_address y ON y.address = SUBSTR(x.address, 1, LENGTH(x.address) - CAST(? AS INTEGER)) || ?
				JOIN client a ON a.id = x.client_id JOIN client b ON b.id = y.client_id
				WHERE x.address LIKE ? ESCAPE '\' AND b.id > a.id AND a.erased_at IS NULL AND b.erased_at IS NULL`+apart+`ORDER BY a.id, b.id LIMIT ?`,
				len(d), e, "%@"+likeEscape.Replace(d), limit)
			if err != nil {
				return nil, fmt.Errorf("look for people of one address: %w", err)
			}
			rows = append(rows, more...)
		}
	}
	return s.alikePairs(ctx, rows, limit)
}

type alikeRow struct {
	A   int64  `db:"a_id"`
	B   int64  `db:"b_id"`
	Why string `db:"why"`
}

func (s *Store) alikePairs(ctx context.Context, rows []alikeRow, limit int) ([]AlikePair, error) {
	seen := map[[2]int64]bool{}
	var ids []int64
	rows = slices.DeleteFunc(rows, func(r alikeRow) bool {
		pair := [2]int64{r.A, r.B}
		twice := seen[pair]
		seen[pair] = true
		return twice
	})
	rows = rows[:min(len(rows), limit)]
	for _, r := range rows {
		ids = append(ids, r.A, r.B)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	var people []ClientRow
	if err := s.db.Select(ctx, &people, clientRowSelect+`client c WHERE c.id IN (`+marks(len(ids))+`)`, anys(ids)...); err != nil {
		return nil, fmt.Errorf("read people: %w", err)
	}
	by := map[int64]ClientRow{}
	for _, p := range people {
		by[p.ID] = p
	}
	var all []AlikePair
	for _, r := range rows {
		all = append(all, AlikePair{A: by[r.A].Client, B: by[r.B].Client, AtA: by[r.A].Address, AtB: by[r.B].Address, Why: r.Why})
	}
	return all, nil
}

// ourDomains returns the domains of our mailboxes and of those who sign in.
func (s *Store) ourDomains(ctx context.Context) ([]string, error) {
	var addresses, all []string
	if err := s.db.Select(ctx, &addresses, `SELECT LOWER(address) FROM mailbox UNION SELECT LOWER(email) FROM account WHERE enabled`); err != nil {
		return nil, fmt.Errorf("read our addresses: %w", err)
	}
	for _, a := range addresses {
		if _, domain, ok := strings.Cut(a, "@"); ok && domain != "" && !slices.Contains(all, domain) {
			all = append(all, domain)
		}
	}
	slices.Sort(all)
	return all[:min(len(all), maxOurDomains)], nil
}

// NotSamePerson remembers that two people are two, so that they are not
// suggested again.
func (s *Store) NotSamePerson(ctx context.Context, actor Actor, a, b int64) error {
	a, b = min(a, b), max(a, b)
	if a == b {
		return migrations.Invalidf("This is one person already: choose another.")
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		for _, id := range []int64{a, b} {
			c, err := clientByID(ctx, tx, id)
			if err == nil {
				err = c.there()
			}
			if err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `INSERT INTO not_same (a_id, b_id, account_id, at) VALUES (?, ?, ?, ?) ON CONFLICT (a_id, b_id) DO NOTHING`, a, b, orNull(actor.AccountID), s.stamp())
		if err != nil || n == 0 {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: KindClient, SubjectID: a, Kind: "not_same", Became: clientRef(b)})
	})
	if err != nil {
		return fmt.Errorf("tell client %d from %d: %w", a, b, err)
	}
	return nil
}

// notSameMergeTx has whoever was told from one be told from the other.
func notSameMergeTx(ctx context.Context, tx *migrations.Tx, from, into int64) error {
	var others []struct {
		ID      int64            `db:"id"`
		Account *int64           `db:"account_id"`
		At      migrations.Stamp `db:"at"`
	}
	err := tx.Select(ctx, &others, `SELECT CASE WHEN a_id = ? THEN b_id ELSE a_id END AS id, account_id, at FROM not_same WHERE a_id = ? OR b_id = ?`, from, from, from)
	if err != nil {
		return fmt.Errorf("read who was told apart: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM not_same WHERE a_id = ? OR b_id = ?`, from, from); err != nil {
		return err
	}
	for _, o := range others {
		if o.ID == into {
			continue
		}
		_, err := tx.Exec(ctx, `INSERT INTO not_same (a_id, b_id, account_id, at) VALUES (?, ?, ?, ?) ON CONFLICT (a_id, b_id) DO NOTHING`, min(o.ID, into), max(o.ID, into), o.Account, o.At)
		if err != nil {
			return fmt.Errorf("tell apart: %w", err)
		}
	}
	return nil
}

// BelongsTo counts what names a person: tickets, and what other packages keep.
func (s *Store) BelongsTo(ctx context.Context, clientID int64) ([]Count, error) {
	all := []Count{{What: "tickets"}}
	if err := s.db.Get(ctx, &all[0].N, `SELECT count(*) FROM ticket WHERE client_id = ?`, clientID); err != nil {
		return nil, fmt.Errorf("count the tickets of client %d: %w", clientID, err)
	}
	for _, a := range s.alsoPerson {
		more, err := a.Count(ctx, s.db, Erasing{ClientID: clientID})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}
