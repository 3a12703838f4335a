package tracker

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// SessionAccount is the key under which a session's data holds the id of its
// account, an int64. Sessions reads it, so that an account's sessions can be
// ended.
const SessionAccount = "account"

// Sessions keeps the sessions of the site in the database, under the SHA-256
// of their tokens. It is a store for github.com/alexedwards/scs/v2.
type Sessions struct{ s *Store }

// Sessions returns the store of sessions.
func (s *Store) Sessions() *Sessions { return &Sessions{s} }

// FindCtx returns a session's data. That of a disabled account is not found.
func (x *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := x.s.db.Get(ctx, &data, `SELECT data FROM session WHERE token = ? AND expires_at > ?
		AND (account_id IS NULL OR account_id IN (SELECT id FROM account WHERE enabled))`, HashToken(token), x.s.stamp())
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	return data, true, nil
}

// CommitCtx stores a session's data until expiry.
func (x *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	account, err := sessionAccount(data)
	if err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	err = x.s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO session (token, account_id, data, expires_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (token) DO UPDATE SET account_id = excluded.account_id, data = excluded.data, expires_at = excluded.expires_at`,
			HashToken(token), account, data, migrations.At(expiry))
		return err
	})
	if err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	return nil
}

// DeleteCtx ends a session.
func (x *Sessions) DeleteCtx(ctx context.Context, token string) error {
	err := x.s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM session WHERE token = ?`, HashToken(token))
		return err
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// Find, Commit and Delete are for scs, which asks for them but uses the
// methods above.

// Find is FindCtx without a context.
func (x *Sessions) Find(token string) ([]byte, bool, error) {
	return x.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (x *Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return x.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context.
func (x *Sessions) Delete(token string) error { return x.DeleteCtx(context.Background(), token) }

// sessionAccount reads the account's id out of what scs.GobCodec wrote, nil
// where nobody is signed in.
func sessionAccount(data []byte) (*int64, error) {
	var v struct {
		Deadline time.Time
		Values   map[string]any
	}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&v); err != nil {
		return nil, fmt.Errorf("read session data: %w", err)
	}
	if id, ok := v.Values[SessionAccount].(int64); ok && id != 0 {
		return &id, nil
	}
	return nil, nil
}

// endSessionsTx ends every session of an account but the one with the token keep.
func endSessionsTx(ctx context.Context, tx *migrations.Tx, accountID int64, keep string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM session WHERE account_id = ? AND token <> ?`, accountID, HashToken(keep)); err != nil {
		return fmt.Errorf("end sessions of account %d: %w", accountID, err)
	}
	return nil
}

// sweepSignIns forgets expired sessions and links, and old counts of tries.
func (s *Store) sweepSignIns(ctx context.Context, l *Lease) error {
	now := s.stamp()
	old, oldest := now-migrations.Stamp(throttleWindow.Microseconds()), now-migrations.Stamp(throttleDay.Microseconds())
	some, err := exists(ctx, s.db, `SELECT 1 FROM session WHERE expires_at <= ? UNION ALL SELECT 1 FROM throttle WHERE since < ? AND (name NOT LIKE 'day %' OR since < ?)
		UNION ALL SELECT 1 FROM account_token WHERE expires_at <= ? LIMIT 1`, now, old, oldest, now)
	if err != nil || !some {
		return err
	}
	return s.underLease(ctx, l, func(tx *migrations.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM session WHERE expires_at <= ?`, now); err != nil {
			return fmt.Errorf("sweep sessions: %w", err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM throttle WHERE since < ? AND (name NOT LIKE 'day %' OR since < ?)`, old, oldest); err != nil {
			return fmt.Errorf("sweep tries: %w", err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM account_token WHERE expires_at <= ?`, now); err != nil {
			return fmt.Errorf("sweep links: %w", err)
		}
		return nil
	})
}
