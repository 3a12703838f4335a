package tracker

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"helpdeskd/migrations"
)

// Client is a person who asks, known by one or more addresses.
type Client struct {
	ID             int64            `db:"id"`
	Name           string           `db:"name"`
	Department     string           `db:"department"`
	Phone          string           `db:"phone"`
	HighManagement bool             `db:"high_management"`
	CreatedAt      migrations.Stamp `db:"created_at"`
	Version        int64            `db:"version"`
	ErasedAt       migrations.Stamp `db:"erased_at"`      // 0: not erased, nor merged
	MergedIntoID   int64            `db:"merged_into_id"` // the same person as that one; 0: not merged
}

const clientColumns = `id, name, department, phone, high_management, created_at, version, COALESCE(erased_at, 0) AS erased_at, COALESCE(merged_into_id, 0) AS merged_into_id`

// Fold returns text as it is compared: lower case, without marks, single
// spaces. Both engines compare what Go folded, so they agree.
func Fold(s string) string {
	// Latin letters, as most texts are written in, without looking up each.
	out := make([]byte, 0, len(s))
	space := false
	for _, r := range s {
		if r >= rune(len(foldedLatin)) {
			return foldAny(strings.ToLower(s))
		}
		folded := foldedLatin[r]
		if folded == " " {
			space = len(out) > 0
			continue
		}
		if space && folded != "" {
			out, space = append(out, ' '), false
		}
		out = append(out, folded...)
	}
	return string(out)
}

// foldedLatin are the folded forms of the first characters, up to the end of
// the Latin letters; a space for all that is one.
var foldedLatin = func() (table [0x250]string) {
	for r := range table {
		table[r] = foldAny(strings.ToLower(string(rune(r))))
		if strings.ContainsFunc(norm.NFKD.String(string(rune(r))), unicode.IsSpace) {
			table[r] = " "
		}
	}
	return table
}()

// foldAny folds a lower-case text of any letters.
func foldAny(s string) string {
	var b strings.Builder
	space := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case r >= 0x300 && unicode.Is(unicode.Mn, r):
		case unicode.IsSpace(r):
			space = b.Len() > 0
		default:
			if space {
				b.WriteByte(' ')
				space = false
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// clientByAddress returns whom an address belongs to, nil for nobody.
func clientByAddress(ctx context.Context, q read, address string) (*Client, error) {
	var c Client
	err := q.Get(ctx, &c, `SELECT c.id, c.name, c.department, c.phone, c.high_management, c.created_at, c.version
		FROM client_address a JOIN client c ON c.id = a.client_id WHERE a.address = ?`, strings.ToLower(address))
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up client: %w", err)
	}
	return &c, nil
}

// clientTx returns the client of an address, made on first sight. A better
// name than the bare address is taken over.
func (s *Store) clientTx(ctx context.Context, tx *migrations.Tx, a Address) (*Client, error) {
	name := strings.TrimSpace(a.Name)
	c, err := clientByAddress(ctx, tx, a.Address)
	if err != nil {
		return nil, err
	}
	if c != nil {
		if name == "" || c.Name != strings.ToLower(a.Address) || name == c.Name {
			return c, nil
		}
		_, err := tx.Exec(ctx, `UPDATE client SET name = ?, name_folded = ?, version = version + 1 WHERE id = ?`, clip(name, 200), Fold(clip(name, 200)), c.ID)
		if err != nil {
			return nil, fmt.Errorf("name client: %w", err)
		}
		c.Name = clip(name, 200)
		if err := s.IndexTx(ctx, tx, KindClient, c.ID); err != nil {
			return nil, err
		}
		return c, s.indexNamedTx(ctx, tx, c.ID)
	}
	if name == "" {
		name = strings.ToLower(a.Address)
	}
	return s.newClientTx(ctx, tx, Address{Name: clip(name, 200), Address: strings.ToLower(a.Address)})
}

func (s *Store) newClientTx(ctx context.Context, tx *migrations.Tx, a Address) (*Client, error) {
	now := s.stamp()
	id, err := tx.Insert(ctx, `INSERT INTO client (name, name_folded, created_at) VALUES (?, ?, ?) RETURNING id`, a.Name, Fold(a.Name), now)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO client_address (address, client_id, created_at) VALUES (?, ?, ?)`, a.Address, id, now); err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	if err := s.IndexTx(ctx, tx, "client", id); err != nil {
		return nil, err
	}
	return &Client{ID: id, Name: a.Name, CreatedAt: now, Version: 1}, nil
}

// takesPart reports whether a client is a ticket's requester or participant.
func takesPart(ctx context.Context, q read, ticketID, clientID int64) (bool, error) {
	return exists(ctx, q, `SELECT 1 FROM ticket WHERE id = ? AND client_id = ?
		UNION ALL SELECT 1 FROM participant WHERE ticket_id = ? AND client_id = ? LIMIT 1`, ticketID, clientID, ticketID, clientID)
}
