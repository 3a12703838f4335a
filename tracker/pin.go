package tracker

import (
	"context"
	"fmt"
	"strconv"

	"helpdeskd/migrations"
)

// Pin is a message or note that is shown above its ticket's conversation.
type Pin struct {
	Kind string           `db:"kind"` // message, note
	ID   int64            `db:"id"`
	Who  string           `db:"who"` // who wrote it, "" for the system
	Body string           `db:"body"`
	At   migrations.Stamp `db:"at"` // when it was written
	By   string           `db:"pinned_name"`
}

// maxPins is how many of each a ticket can have: more would bury the rest.
const maxPins = 10

// Pins returns what is pinned on a ticket, in the order in which it was written.
func (s *Store) Pins(ctx context.Context, ticketID int64) (list []Pin, err error) {
	err = s.db.Select(ctx, &list, `SELECT p.kind, p.id, p.who, p.body, p.at, COALESCE(a.name, '') AS pinned_name FROM (
			SELECT 'message' AS kind, m.id, COALESCE(NULLIF(m.from_name, ''), m.from_address) AS who, SUBSTR(m.body, 1, 1000) AS body, m.at, m.pinned_by
				FROM message m WHERE m.ticket_id = ? AND m.pinned_at IS NOT NULL AND m.state = 'shown'
			UNION ALL SELECT 'note', n.id, COALESCE(w.name, ''), SUBSTR(n.body, 1, 1000), n.at, n.pinned_by
				FROM note n LEFT JOIN account w ON w.id = n.account_id WHERE n.ticket_id = ? AND n.pinned_at IS NOT NULL) AS p
		LEFT JOIN account a ON a.id = p.pinned_by ORDER BY p.at, p.kind, p.id`, ticketID, ticketID)
	if err != nil {
		return nil, fmt.Errorf("read what is pinned on ticket %d: %w", ticketID, err)
	}
	return list, nil
}

// SetPin pins a message or a note (kind), or takes the pin off. It returns the
// ticket. What is so already is left as it is.
func (s *Store) SetPin(ctx context.Context, actor Actor, kind string, id int64, on bool) (Ticket, error) {
	var t Ticket
	if kind != "message" && kind != "note" {
		return t, fmt.Errorf("pin %q: no such kind", kind)
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var ticket int64
		shown := ``
		if kind == "message" {
			shown = ` AND state = 'shown' AND ticket_id IS NOT NULL`
		}
		err := tx.Get(ctx, &ticket, `SELECT ticket_id FROM `+kind+` WHERE id = ?`+shown, id)
		if migrations.KindOf(err) == migrations.NotFound {
			return migrations.NotFoundf("There is no such %s.", kind)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE ticket SET updated_at = ? WHERE id = ?`, s.stamp(), ticket); err != nil {
			return err
		}
		if t, err = ticketWhere(ctx, tx, `t.id = ?`, ticket); err != nil {
			return err
		}
		if t.Archived() {
			return errArchived(&t)
		}
		what, query, args := "unpinned", `UPDATE `+kind+` SET pinned_at = NULL, pinned_by = NULL WHERE id = ? AND ticket_id = ? AND pinned_at IS NOT NULL`, []any{id, ticket}
		if on {
			var n int
			if err := tx.Get(ctx, &n, `SELECT count(*) FROM `+kind+` WHERE ticket_id = ? AND pinned_at IS NOT NULL AND id <> ?`, ticket, id); err != nil {
				return err
			}
			if n >= maxPins {
				return migrations.Invalidf("There are %d pins already: take one off first.", n)
			}
			what, query, args = "pinned", `UPDATE `+kind+` SET pinned_at = ?, pinned_by = ? WHERE id = ? AND ticket_id = ? AND pinned_at IS NULL`, []any{s.stamp(), orNull(actor.AccountID), id, ticket}
		}
		n, err := tx.Exec(ctx, query, args...)
		if err != nil || n == 0 {
			return err
		}
		return s.changedTx(ctx, tx, actor, &t, what, "", kind+":"+strconv.FormatInt(id, 10))
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("pin %s %d: %w", kind, id, err)
	}
	return t, nil
}
