package tracker

import (
	"context"
	"fmt"
	"strconv"

	"helpdeskd/migrations"
)

// The kinds of things that can be linked, found and given files. A kind's id
// is its row's.
const (
	KindTicket    = "ticket"
	KindClient    = "client"
	KindAsset     = "asset"
	KindWorkOrder = "work_order"
)

// Thing names one row of one kind: ticket 12, asset 7.
type Thing struct {
	Kind string
	ID   int64
}

// String returns the thing as events hold it: asset:7.
func (t Thing) String() string { return t.Kind + ":" + strconv.FormatInt(t.ID, 10) }

func (t Thing) less(o Thing) bool { return t.Kind < o.Kind || t.Kind == o.Kind && t.ID < o.ID }

// inOrderOf returns two things as links hold them, the lesser first.
func inOrderOf(a, b Thing) (lo, hi Thing) {
	if b.less(a) {
		return b, a
	}
	return a, b
}

var linkable = map[string]bool{KindTicket: true, KindClient: true, KindAsset: true, KindWorkOrder: true}

// Link is a thing linked with the one that was asked about.
type Link struct {
	Thing
	At migrations.Stamp
	By int64 // account, 0 for the system
}

// LinkTx links two things, of any kinds, in the transaction that has a reason
// to, and logs it on both. It reports whether the link is new. That both exist
// is the caller's to know.
func (s *Store) LinkTx(ctx context.Context, tx *migrations.Tx, actor Actor, a, b Thing) (bool, error) {
	if !linkable[a.Kind] || !linkable[b.Kind] || a.ID <= 0 || b.ID <= 0 {
		return false, migrations.Invalidf("These two can not be linked.")
	}
	if a == b {
		return false, migrations.Invalidf("This can not be linked with itself.")
	}
	lo, hi := inOrderOf(a, b)
	n, err := tx.Exec(ctx, `INSERT INTO link (a_kind, a_id, b_kind, b_id, created_by, created_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (a_kind, a_id, b_kind, b_id) DO NOTHING`, lo.Kind, lo.ID, hi.Kind, hi.ID, orNull(actor.AccountID), s.stamp())
	if err != nil {
		return false, fmt.Errorf("link %s with %s: %w", a, b, err)
	}
	if n == 0 {
		return false, nil
	}
	return true, s.recordBothTx(ctx, tx, actor, a, b, "linked")
}

func (s *Store) recordBothTx(ctx context.Context, tx *migrations.Tx, actor Actor, a, b Thing, kind string) error {
	e := Event{Actor: actor, Subject: a.Kind, SubjectID: a.ID, Kind: kind, Became: b.String()}
	if err := s.RecordTx(ctx, tx, e); err != nil {
		return err
	}
	e.Subject, e.SubjectID, e.Became = b.Kind, b.ID, a.String()
	return s.RecordTx(ctx, tx, e)
}

// Link links two things that the caller has looked up.
func (s *Store) Link(ctx context.Context, actor Actor, a, b Thing) error {
	return s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := s.LinkTx(ctx, tx, actor, a, b)
		return err
	})
}

// Unlink takes a link away, and logs it on both. A link that is gone already
// is no failure.
func (s *Store) Unlink(ctx context.Context, actor Actor, a, b Thing) error {
	return s.db.Tx(ctx, func(tx *migrations.Tx) error { return s.unlinkTx(ctx, tx, actor, a, b) })
}

func (s *Store) unlinkTx(ctx context.Context, tx *migrations.Tx, actor Actor, a, b Thing) error {
	lo, hi := inOrderOf(a, b)
	n, err := tx.Exec(ctx, `DELETE FROM link WHERE a_kind = ? AND a_id = ? AND b_kind = ? AND b_id = ?`, lo.Kind, lo.ID, hi.Kind, hi.ID)
	if err != nil {
		return fmt.Errorf("unlink %s from %s: %w", a, b, err)
	}
	if n == 0 {
		return nil
	}
	return s.recordBothTx(ctx, tx, actor, a, b, "unlinked")
}

// maxLinks is how many links of a thing are read at most.
const maxLinks = 500

// Links returns what a thing is linked with, the newest link first.
func (s *Store) Links(ctx context.Context, t Thing) ([]Link, error) { return links(ctx, s.db, t) }

// LinksTx is Links within a transaction.
func (s *Store) LinksTx(ctx context.Context, tx *migrations.Tx, t Thing) ([]Link, error) {
	return links(ctx, tx, t)
}

func links(ctx context.Context, q read, t Thing) ([]Link, error) {
	var rows []struct {
		Kind string           `db:"kind"`
		ID   int64            `db:"id"`
		At   migrations.Stamp `db:"created_at"`
		By   *int64           `db:"created_by"`
	}
	err := q.Select(ctx, &rows, `SELECT kind, id, created_at, created_by FROM (
			SELECT b_kind AS kind, b_id AS id, created_at, created_by FROM link WHERE a_kind = ? AND a_id = ?
			UNION ALL SELECT a_kind, a_id, created_at, created_by FROM link WHERE b_kind = ? AND b_id = ?) AS l
		ORDER BY created_at DESC, kind, id DESC LIMIT ?`, t.Kind, t.ID, t.Kind, t.ID, maxLinks)
	if err != nil {
		return nil, fmt.Errorf("read the links of %s: %w", t, err)
	}
	all := make([]Link, len(rows))
	for i, r := range rows {
		all[i] = Link{Thing: Thing{r.Kind, r.ID}, At: r.At}
		if r.By != nil {
			all[i].By = *r.By
		}
	}
	return all, nil
}
