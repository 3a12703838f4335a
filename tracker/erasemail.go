package tracker

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"helpdeskd/migrations"
)

// scrubOutboxTx drops the bytes of a mail of ours, and whom it went to where
// that is the person. What has not left for the person never does.
func (s *Store) scrubOutboxTx(ctx context.Context, tx *migrations.Tx, r eraseRun, id int64, blobs *[]string) error {
	var o struct {
		State    string `db:"state"`
		ClientID int64  `db:"client_id"`
		To       string `db:"to_address"`
		Name     string `db:"to_name"`
		Detail   string `db:"detail"`
		Digest   string `db:"digest"`
		Response string `db:"response"`
		Bounce   string `db:"bounce_reason"`
	}
	if err := tx.Get(ctx, &o, `SELECT state, COALESCE(client_id, 0) AS client_id, to_address, to_name, detail, digest, response, bounce_reason FROM outbox WHERE id = ?`, id); err != nil {
		return err
	}
	if o.State == OutboxSending {
		return migrations.Conflictf("A mail about them is being sent this very moment. Please try again in a minute.")
	}
	theirs := r.who.ClientID != 0 && o.ClientID == r.who.ClientID || slices.Contains(r.who.Addresses, o.To)
	state := o.State
	switch {
	case o.State == OutboxSent, o.State == OutboxCancelled:
	case theirs, o.State != OutboxQueued: // what a person may resend must be the same bytes
		state = OutboxCancelled
	}
	to, name, detail := o.To, r.who.Redact(o.Name), r.who.Redact(o.Detail)
	if theirs {
		to, name, detail = "", "", ""
	}
	*blobs = append(*blobs, o.Digest)
	_, err := tx.Exec(ctx, `UPDATE outbox SET state = ?, to_address = ?, to_name = ?, detail = ?, digest = '', response = ?, bounce_reason = ? WHERE id = ?`,
		state, to, name, detail, r.who.Redact(o.Response), r.who.Redact(o.Bounce), id)
	return err
}

// eraseBatch is how many mails one transaction takes the person out of.
const eraseBatch = 100

// eraseMail takes the person out of the inbox and the outbox where no ticket
// leads there: bounces, quarantine, what was discarded.
func (s *Store) eraseMail(ctx context.Context, r eraseRun) error {
	sender, args := r.who.in(`LOWER(sender)`)
	to, toArgs := r.who.in(`to_address`)
	taken := func(after int64, tx *migrations.Tx, blobs *[]string) (last int64, err error) {
		var rows []struct {
			ID     int64  `db:"id"`
			Digest string `db:"digest"`
		}
		err = tx.Select(ctx, &rows, `SELECT id, digest FROM inbox WHERE state = 'done' AND erased_at IS NULL AND id > ? AND `+sender+` ORDER BY id LIMIT ?`,
			slices.Concat([]any{after}, args, []any{eraseBatch})...)
		for i := 0; err == nil && i < len(rows); i++ {
			last = rows[i].ID
			*blobs = append(*blobs, rows[i].Digest)
			err = s.eraseInboxTx(ctx, tx, r, last, rows[i].Digest)
		}
		return last, err
	}
	owed := func(after int64, tx *migrations.Tx, blobs *[]string) (last int64, err error) {
		var mails []int64
		err = tx.Select(ctx, &mails, `SELECT id FROM outbox WHERE id > ? AND (client_id = ? OR `+to+`) ORDER BY id LIMIT ?`,
			slices.Concat([]any{after, r.who.ClientID}, toArgs, []any{eraseBatch})...)
		for i := 0; err == nil && i < len(mails); i++ {
			last = mails[i]
			err = s.scrubOutboxTx(ctx, tx, r, last, blobs)
		}
		return last, err
	}
	for _, some := range []func(int64, *migrations.Tx, *[]string) (int64, error){taken, owed} {
		for after, last := int64(0), int64(-1); last != 0; after = last {
			err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
				// First, as everybody does who decides about mails: they count them, too.
				if _, err := lockNumbersTx(ctx, tx); err != nil {
					return err
				}
				var blobs []string
				if last, err = some(after, tx, &blobs); err != nil {
					return err
				}
				return s.dropBlobsTx(ctx, tx, blobs)
			})
			if err != nil {
				return fmt.Errorf("take a person out of inbox and outbox: %w", err)
			}
		}
	}
	return nil
}

// eraseInboxTx leaves of a mail its line in the ledger.
func (s *Store) eraseInboxTx(ctx context.Context, tx *migrations.Tx, r eraseRun, id int64, digest string) error {
	if err := noteGoneTx(ctx, tx, r.uid, goneRow{Hash: goneBytes(digest)}); err != nil {
		return err
	}
	err := recountTx(ctx, tx, []int64{id}, func() error {
		_, err := tx.Exec(ctx, `UPDATE inbox SET sender = '', subject = '', mail_id = '', reason = 'erased', reason_before = '', rehearsal = '', fate = CASE WHEN fate IN ('pending', 'quarantine', 'shadow') THEN 'none' ELSE fate END WHERE id = ?`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("empty mail %d: %w", id, err)
	}
	return s.emptiedTx(ctx, tx, `id = ?`, id)
}

// eraseRaw looks through every raw mail for the person's addresses as they
// are written: what is only found there, in headers and bounces, goes too.
func (s *Store) eraseRaw(ctx context.Context, r eraseRun) error {
	if len(r.who.Addresses) == 0 {
		return nil
	}
	for after := ""; ; {
		var digests []string
		err := s.db.Select(ctx, &digests, `SELECT digest FROM blob WHERE digest > ?
			AND (EXISTS (SELECT 1 FROM inbox i WHERE i.digest = blob.digest) OR EXISTS (SELECT 1 FROM outbox o WHERE o.digest = blob.digest AND o.digest <> '')) ORDER BY digest LIMIT 200`, after)
		if err != nil {
			return fmt.Errorf("look through raw mails: %w", err)
		}
		if len(digests) == 0 {
			return nil
		}
		after = digests[len(digests)-1]
		for _, digest := range digests {
			found, err := s.blobNames(ctx, digest, r.who.Addresses)
			if err == nil && found {
				err = s.eraseRawOne(ctx, r, digest)
			}
			if err != nil {
				return err
			}
		}
	}
}

// blobNames reports whether a raw mail names one of some addresses.
func (s *Store) blobNames(ctx context.Context, digest string, addresses []string) (bool, error) {
	b, err := s.OpenBlob(ctx, digest)
	if migrations.KindOf(err) == migrations.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer b.Close()
	// Windows overlap by more than an address on both sides, so that one always
	// lies whole within one, with what stands before and behind it.
	const window, more = 1 << 20, 400
	data := b.Bytes()
	for at := 0; at < len(data); at += window {
		part := bytes.ToLower(data[max(0, at-more):min(len(data), at+window+more)])
		for _, a := range addresses {
			if wholeIn(part, a) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (s *Store) eraseRawOne(ctx context.Context, r eraseRun, digest string) error {
	var messages []int64
	err := s.db.Select(ctx, &messages, `SELECT m.id FROM message m JOIN inbox i ON i.id = m.inbox_id WHERE i.digest = ? ORDER BY m.id`, digest)
	if err != nil {
		return fmt.Errorf("find the messages of a raw mail: %w", err)
	}
	return s.scrubMessages(ctx, r, messages, func(tx *migrations.Tx, blobs *[]string) error {
		*blobs = append(*blobs, digest)
		var rows []int64
		if err := tx.Select(ctx, &rows, `SELECT id FROM inbox WHERE digest = ? AND state = 'done' AND erased_at IS NULL`, digest); err != nil {
			return err
		}
		for _, id := range rows {
			if err := s.eraseInboxTx(ctx, tx, r, id, digest); err != nil {
				return err
			}
		}
		var mails []int64
		if err := tx.Select(ctx, &mails, `SELECT id FROM outbox WHERE digest = ?`, digest); err != nil {
			return err
		}
		for _, id := range mails {
			if err := s.scrubOutboxTx(ctx, tx, r, id, blobs); err != nil {
				return err
			}
		}
		return nil
	})
}
