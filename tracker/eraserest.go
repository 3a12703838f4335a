package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// eraseRest empties the person's own rows and ends the erasure.
func (s *Store) eraseRest(ctx context.Context, r eraseRun) error {
	return s.db.Tx(ctx, func(tx *migrations.Tx) error {
		for _, a := range s.alsoPerson {
			if err := a.Erase(ctx, tx, r.who); err != nil {
				return err
			}
		}
		if err := s.eraseAccountTx(ctx, tx, r.who); err != nil {
			return err
		}
		if err := s.eraseRulesTx(ctx, tx, r); err != nil {
			return err
		}
		if err := s.eraseTemplatesTx(ctx, tx, r); err != nil {
			return err
		}
		if err := s.forgetStaffTx(ctx, tx); err != nil {
			return err
		}
		if id := r.who.ClientID; id != 0 {
			for _, q := range []string{
				`DELETE FROM client_address WHERE client_id = ?`, `DELETE FROM recurrence WHERE client_id = ?`, `DELETE FROM participant WHERE client_id = ?`, `DELETE FROM reply_token WHERE client_id = ?`,
				`DELETE FROM client_link WHERE client_id = ?`, `DELETE FROM client_code WHERE client_id = ?`, `DELETE FROM client_session WHERE client_id = ?`,
				`DELETE FROM satisfaction WHERE client_id = ?`, `DELETE FROM former_address WHERE client_id = ?`, `DELETE FROM not_same WHERE a_id = ?`, `DELETE FROM not_same WHERE b_id = ?`,
			} {
				if _, err := tx.Exec(ctx, q, id); err != nil {
					return fmt.Errorf("empty client %d: %w", id, err)
				}
			}
			_, err := tx.Exec(ctx, `UPDATE client SET name = ?, name_folded = ?, department = '', phone = '', high_management = FALSE, erased_at = ?, version = version + 1 WHERE id = ?`,
				Erased, Fold(Erased), s.stamp(), id)
			if err != nil {
				return fmt.Errorf("empty client %d: %w", id, err)
			}
			if err := s.unindexTx(ctx, tx, KindClient, id); err != nil {
				return err
			}
			if err := s.indexNamedTx(ctx, tx, id); err != nil {
				return err
			}
			if err := s.RecordTx(ctx, tx, Event{Actor: r.actor, Subject: "client", SubjectID: id, Kind: "erased"}); err != nil {
				return err
			}
		}
		if r.more {
			return nil
		}
		_, err := tx.Exec(ctx, `UPDATE erasure SET done_at = ? WHERE uid = ?`, s.stamp(), r.uid)
		return err
	})
}

// eraseAccountTx empties the accounts, closed by now, with the person's addresses.
func (s *Store) eraseAccountTx(ctx context.Context, tx *migrations.Tx, p Erasing) error {
	email, args := p.in(`LOWER(email)`)
	var ids []int64
	if err := tx.Select(ctx, &ids, `SELECT id FROM account WHERE NOT enabled AND `+email, args...); err != nil {
		return fmt.Errorf("look for an account: %w", err)
	}
	for _, id := range ids {
		for _, q := range []string{
			`DELETE FROM session WHERE account_id = ?`, `DELETE FROM account_token WHERE account_id = ?`, `DELETE FROM saved_view WHERE account_id = ? AND NOT shared`,
			`DELETE FROM canned WHERE account_id = ?`, `DELETE FROM watcher WHERE account_id = ?`, `DELETE FROM presence WHERE account_id = ?`,
			`DELETE FROM outbox WHERE account_id = ? AND kind = 'account' AND state <> 'sending'`,
			`UPDATE message SET from_name = '` + Erased + `' WHERE account_id = ?`,
			`UPDATE account SET name = '` + Erased + `', email = 'erased-' || CAST(id AS TEXT) || '@erased.invalid', password_hash = '', signature = '', version = version + 1 WHERE id = ?`,
		} {
			if _, err := tx.Exec(ctx, q, id); err != nil {
				return fmt.Errorf("empty account %d: %w", id, err)
			}
		}
	}
	return nil
}

// eraseRulesTx takes the person out of rules and counters.
func (s *Store) eraseRulesTx(ctx context.Context, tx *migrations.Tx, r eraseRun) error {
	if n := len(r.who.Addresses); n > 0 {
		if _, err := tx.Exec(ctx, `DELETE FROM sender_rule WHERE pattern IN (`+marks(n)+`)`, anys(r.who.Addresses)...); err != nil {
			return fmt.Errorf("take a person out of the ignored senders: %w", err)
		}
	}
	senders, err := s.setting(ctx, tx, SetSenders)
	if err != nil {
		return err
	}
	var left []string
	for _, a := range readSenders(senders) {
		if !slices.Contains(r.who.Addresses, strings.ToLower(a)) {
			left = append(left, a)
		}
	}
	if now := strings.Join(left, "\n"); len(left) != len(readSenders(senders)) {
		if err := s.setSettingTx(ctx, tx, r.actor, SetSenders, now); err != nil {
			return err
		}
	}
	if err := s.eraseCannedTx(ctx, tx, r); err != nil {
		return err
	}
	for _, a := range r.who.Addresses {
		if _, err := tx.Exec(ctx, `DELETE FROM throttle WHERE name IN (?, ?, ?)`, HashToken("signin:"+a), HashToken("code:"+a), throttleName("code-day:"+a, throttleDay)); err != nil {
			return err
		}
		for _, q := range []string{`UPDATE mailbox SET last_error = '' WHERE LOWER(last_error) LIKE ? ESCAPE '\'`, `UPDATE mailbox SET send_error = '' WHERE LOWER(send_error) LIKE ? ESCAPE '\'`,
			`DELETE FROM saved_view WHERE LOWER(query) LIKE ? ESCAPE '\'`} {
			if _, err := tx.Exec(ctx, q, "%"+likeEscape.Replace(a)+"%"); err != nil {
				return fmt.Errorf("take a person out of rules: %w", err)
			}
		}
	}
	return nil
}

// eraseCannedTx takes the person out of replies that name them.
func (s *Store) eraseCannedTx(ctx context.Context, tx *migrations.Tx, r eraseRun) error {
	var all []Canned
	if err := tx.Select(ctx, &all, cannedSelect+`ORDER BY id`); err != nil {
		return fmt.Errorf("read replies: %w", err)
	}
	for _, c := range all {
		title, body := r.who.Redact(c.Title), r.who.Redact(c.Body)
		if title == c.Title && body == c.Body {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE canned SET title = ?, body = ?, version = version + 1 WHERE id = ?`, title, body, c.ID); err != nil {
			return fmt.Errorf("take a person out of replies: %w", err)
		}
	}
	return nil
}

// scrub has the database forget what was deleted: not only rows, but bytes.
func (s *Store) scrub(ctx context.Context) error {
	if err := s.sweepErased(ctx); err != nil {
		return err
	}
	if _, err := s.IndexPending(ctx, nil); err != nil {
		return err
	}
	if s.db.Engine == migrations.SQLite {
		err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO search_words (search_words) VALUES ('optimize')`)
			return err
		})
		if err != nil {
			return fmt.Errorf("have search forget: %w", err)
		}
	}
	return s.db.Scrub(ctx)
}
