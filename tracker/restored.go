package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// heldByRestore stands as the response of mails that a restore held.
const (
	heldByRestore      = "held: the database was restored, and this mail may have been sent after the backup"
	heldByRestoreDoubt = "held: the database was restored; this mail was being sent when the backup was taken, and may have arrived"
)

// setRestored is the setting that tells of the last restore, a Restored as JSON.
const setRestored = "restored"

// Restored tells of a restore.
type Restored struct {
	TakenAt    migrations.Stamp `json:"taken_at"`    // the moment that the backup shows
	RestoredAt migrations.Stamp `json:"restored_at"` // when it was restored
	Held       int64            `json:"held"`        // mails that were held then
	NextTicket int64            `json:"next_ticket"` // the number that the next ticket gets

	Waiting int64 `json:"-"` // mails that are still held
}

// AfterRestore makes a database that was filled from a backup of takenAt fit to
// go on, in one transaction. Numbers jump ahead, so that none that was given
// out after the backup is given again. Mail that waits to be sent is held, as
// it may have been sent. What arrived before now is not acknowledged, as it
// may have been. Leases are free, under fences above those of the backup and of
// before, which are those of the database that was there. The mailboxes are to
// be looked through for mail that came after the backup. What search knew is
// queued to be indexed.
func (s *Store) AfterRestore(ctx context.Context, takenAt time.Time, before []LeaseState) (Restored, error) {
	now := s.stamp()
	r := Restored{TakenAt: migrations.At(takenAt), RestoredAt: now}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := jumpTx(ctx, tx, takenAt, now.Time()); err != nil {
			return err
		}
		if err := tx.Get(ctx, &r.NextTicket, `SELECT value + 1 FROM counter WHERE name = 'ticket'`); err != nil {
			return err
		}
		for state, why := range map[string]string{OutboxQueued: heldByRestore, OutboxSending: heldByRestoreDoubt} {
			n, err := tx.Exec(ctx, `UPDATE outbox SET state = 'held', response = ? WHERE state = ? AND state <> 'sent'`, why, state)
			if err != nil {
				return err
			}
			r.Held += n
		}
		for _, q := range []string{`DELETE FROM session`, `DELETE FROM throttle`, `UPDATE lease SET holder = '', fence = fence + 1, beat = beat + 1`} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
		}
		for _, l := range before {
			_, err := tx.Exec(ctx, `INSERT INTO lease (name, holder, fence, beat) VALUES (?, '', ?, 1)
				ON CONFLICT (name) DO UPDATE SET fence = excluded.fence WHERE lease.fence < excluded.fence`, l.Name, l.Fence+1)
			if err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE mailbox SET uidvalidity = 0, reconcile_at = ?, no_acks_before = ?`, now, now); err != nil {
			return err
		}
		if err := indexAllTx(ctx, tx); err != nil {
			return err
		}
		said, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO setting (name, value, updated_at) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = setting.version + 1, updated_at = excluded.updated_at`, setRestored, string(said), now)
		if err != nil {
			return err
		}
		tx.AfterCommit(s.known.forget)
		return s.RecordTx(ctx, tx, Event{Subject: "setting", Kind: "changed", Became: setRestored})
	})
	if err != nil {
		return r, fmt.Errorf("make the restored database fit: %w", err)
	}
	r.Waiting = r.Held
	return r, nil
}

// AfterMove makes a database that was filled from another one fit to go on:
// leases are free, and search must index anew what it knew.
func (s *Store) AfterMove(ctx context.Context) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE lease SET holder = '', fence = fence + 1, beat = beat + 1`); err != nil {
			return err
		}
		return indexAllTx(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("make the moved database fit: %w", err)
	}
	return nil
}

// indexAllTx queues all that search ever knew, the newest first.
func indexAllTx(ctx context.Context, tx *migrations.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO search_queue (kind, ref) SELECT kind, ref FROM search_doc WHERE TRUE ORDER BY id DESC`)
	return err
}

// jumpTx has numbers go on so far ahead that those given out between the
// backup and now are surely passed over: at least a thousand tickets, and four
// times as many as the desk's last month lets one expect.
func jumpTx(ctx context.Context, tx *migrations.Tx, takenAt, now time.Time) error {
	var month int64
	since := migrations.At(takenAt.Add(-30 * 24 * time.Hour))
	if err := tx.Get(ctx, &month, `SELECT COUNT(*) FROM ticket WHERE created_at >= ?`, since); err != nil {
		return err
	}
	days := max(0, int64(now.Sub(takenAt)/(24*time.Hour))) + 1
	var counters []struct {
		Name  string `db:"name"`
		Value int64  `db:"value"`
	}
	if err := tx.Select(ctx, &counters, `SELECT name, value FROM counter WHERE name <> 'settings'`); err != nil {
		return err
	}
	for _, c := range counters {
		ahead := max(100, c.Value/10)
		if c.Name == "ticket" {
			ahead = max(1000, 4*(month/30+1)*days)
		}
		to := (c.Value + ahead + 99) / 100 * 100
		if _, err := tx.Exec(ctx, `UPDATE counter SET value = ? WHERE name = ?`, to, c.Name); err != nil {
			return err
		}
	}
	return nil
}

// restoredBoxes returns, for mailboxes that were restored, since when mail is
// acknowledged again.
func restoredBoxes(ctx context.Context, q read) (map[int64]migrations.Stamp, error) {
	var rows []struct {
		ID int64            `db:"id"`
		At migrations.Stamp `db:"no_acks_before"`
	}
	if err := q.Select(ctx, &rows, `SELECT id, no_acks_before FROM mailbox WHERE no_acks_before > 0`); err != nil {
		return nil, fmt.Errorf("read which mailboxes were restored: %w", err)
	}
	boxes := map[int64]migrations.Stamp{}
	for _, r := range rows {
		boxes[r.ID] = r.At
	}
	return boxes, nil
}

const restoredHeld = `state = 'held' AND state <> 'sent' AND response IN (?, ?)`

// LastRestore returns what is to be told of the last restore; nil where there
// was none, or where nothing of it is left to decide.
func (s *Store) LastRestore(ctx context.Context) (*Restored, error) {
	value, err := s.Setting(ctx, setRestored)
	if err != nil || value == "" {
		return nil, err
	}
	var r Restored
	if err := json.Unmarshal([]byte(value), &r); err != nil {
		return nil, fmt.Errorf("read of the last restore: %w", err)
	}
	if err := s.db.Get(ctx, &r.Waiting, `SELECT COUNT(*) FROM outbox WHERE `+restoredHeld, heldByRestore, heldByRestoreDoubt); err != nil {
		return nil, fmt.Errorf("count the mails that the restore held: %w", err)
	}
	if r.Waiting == 0 {
		return nil, nil
	}
	return &r, nil
}

// SettleRestored decides on all mails that a restore held: they are queued, or
// cancelled. Acknowledgements are cancelled either way, since a client must
// never get two, and nobody can know whether theirs went out after the backup.
func (s *Store) SettleRestored(ctx context.Context, actor Actor, release bool) (released, cancelled int64, err error) {
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if release {
			released, err = tx.Exec(ctx, `UPDATE outbox SET state = 'queued', due_at = ?, attempts = 0 WHERE kind <> 'ack' AND `+restoredHeld, s.stamp(), heldByRestore, heldByRestoreDoubt)
			if err != nil {
				return err
			}
		}
		cancelled, err = tx.Exec(ctx, `UPDATE outbox SET state = 'cancelled' WHERE `+restoredHeld, heldByRestore, heldByRestoreDoubt)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() { signal(s.outboxNews) })
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "setting", Kind: "changed", Became: setRestored + ".mail"})
	})
	if err != nil {
		return 0, 0, fmt.Errorf("decide on the mails that the restore held: %w", err)
	}
	return released, cancelled, nil
}
