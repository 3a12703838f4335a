package tracker

import (
	"context"
	"fmt"
	"strconv"

	"helpdeskd/migrations"
)

// Actor is who does something: an account, a client, or (the zero value) the
// system itself.
type Actor struct {
	AccountID int64
	ClientID  int64
}

// String returns the actor as events hold it: account:7, client:12, system.
func (a Actor) String() string {
	switch {
	case a.AccountID != 0:
		return "account:" + strconv.FormatInt(a.AccountID, 10)
	case a.ClientID != 0:
		return "client:" + strconv.FormatInt(a.ClientID, 10)
	}
	return "system"
}

// Event is one change, for ever. Was and Became hold values and references,
// never personal text, so that erasing a person leaves the audit standing.
type Event struct {
	Actor     Actor
	Subject   string // ticket, client, account, inbox, outbox, mailbox, setting
	SubjectID int64
	Kind      string // opened, stage, priority, assigned, …
	Was       string
	Became    string
}

// EventRow is an Event as it was recorded.
type EventRow struct {
	ID        int64            `db:"id"`
	At        migrations.Stamp `db:"at"`
	Actor     string           `db:"actor"`
	Subject   string           `db:"subject"`
	SubjectID int64            `db:"subject_id"`
	Kind      string           `db:"kind"`
	Was       string           `db:"was"`
	Became    string           `db:"became"`
}

// RecordTx writes an event in the transaction that makes the change, and has
// those who watch told once it is committed.
func (s *Store) RecordTx(ctx context.Context, tx *migrations.Tx, e Event) error {
	err := tx.Later(ctx, `INSERT INTO event (at, actor, subject, subject_id, kind, was, became)`, "",
		s.stamp(), e.Actor.String(), e.Subject, e.SubjectID, e.Kind, e.Was, e.Became)
	if err != nil {
		return fmt.Errorf("record %s of %s %d: %w", e.Kind, e.Subject, e.SubjectID, err)
	}
	tx.AfterCommit(s.live.nudge)
	return nil
}

// IndexTx notes that a thing must be indexed for search anew, once the
// transaction is committed.
func (s *Store) IndexTx(ctx context.Context, tx *migrations.Tx, kind string, ref int64) error {
	return s.IndexManyTx(ctx, tx, kind, []int64{ref})
}

// IndexManyTx is IndexTx for many things of a kind.
func (s *Store) IndexManyTx(ctx context.Context, tx *migrations.Tx, kind string, refs []int64) error {
	for _, ref := range refs {
		if err := tx.Later(ctx, `INSERT INTO search_queue (kind, ref)`, "", kind, ref); err != nil {
			return fmt.Errorf("queue %s %d for the index: %w", kind, ref, err)
		}
	}
	return nil
}

// EventsByID returns some events, in no order; unknown ones are left out.
func (s *Store) EventsByID(ctx context.Context, ids []int64) ([]EventRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	var list []EventRow
	if err := s.db.Select(ctx, &list, `SELECT `+eventColumns+` FROM event WHERE id IN (`+marks(len(ids))+`)`, args...); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return list, nil
}
