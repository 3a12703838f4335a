package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker/oauth"
)

// grants is the oauth.Keeper of one mailbox.
type grants struct {
	store   *Store
	mailbox string
}

// Grants keeps the sign-in of the mailbox with the given name, which need not
// be known yet. It is sealed: without the key file every call fails.
func (s *Store) Grants(mailbox string) oauth.Keeper { return grants{s, mailbox} }

type actorKey struct{}

// ActingAs has what is done under the context recorded as the actor's, where
// no actor is given otherwise: a sign-in that ends long after it was begun.
func ActingAs(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

func actingAs(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}

func (g grants) context() string { return "grant:" + g.mailbox }

// Grant returns the newest grant.
func (g grants) Grant(ctx context.Context) (oauth.Grant, error) {
	var row struct {
		N        int64            `db:"n"`
		ClientID string           `db:"client_id"`
		Subject  string           `db:"subject"`
		Refresh  string           `db:"refresh"`
		SignedAt migrations.Stamp `db:"signed_at"`
	}
	err := g.store.db.Get(ctx, &row, `SELECT n, client_id, subject, refresh, signed_at FROM mailbox_grant WHERE mailbox = ? ORDER BY n DESC LIMIT 1`, g.mailbox)
	if migrations.KindOf(err) == migrations.NotFound {
		return oauth.Grant{}, migrations.NotFoundf("nobody has signed in for the mailbox %s", g.mailbox)
	}
	if err != nil {
		return oauth.Grant{}, fmt.Errorf("read the sign-in of mailbox %s: %w", g.mailbox, err)
	}
	plain, err := g.store.Open(g.context(), row.Refresh)
	if err != nil {
		return oauth.Grant{}, fmt.Errorf("open the sign-in of mailbox %s: %w", g.mailbox, err)
	}
	return oauth.Grant{N: row.N, Refresh: string(plain), ClientID: row.ClientID, Subject: row.Subject, At: row.SignedAt.Time()}, nil
}

// Rotate stores a rotated refresh token. Two that rotate the same one want the
// same number, and the second is a Conflict.
func (g grants) Rotate(ctx context.Context, was int64, grant oauth.Grant) error {
	err := g.put(ctx, func(tx *migrations.Tx, newest int64) (int64, error) {
		if newest != was {
			return 0, &migrations.Error{Kind: migrations.Conflict, Message: "The mailbox's sign-in was renewed elsewhere."}
		}
		return was + 1, nil
	}, grant)
	if err != nil {
		return fmt.Errorf("rotate the sign-in of mailbox %s: %w", g.mailbox, err)
	}
	return nil
}

// Replace stores a person's new sign-in, also over one that is rotated in the
// same moment. Its number is never one that was there before, so that nobody
// who still has an old sign-in rotates over it.
func (g grants) Replace(ctx context.Context, grant oauth.Grant) error {
	var err error
	for range 10 {
		err = g.put(ctx, func(tx *migrations.Tx, newest int64) (int64, error) {
			return max(newest+1, int64(g.store.stamp())), g.recordTx(ctx, tx, actingAs(ctx), "signed_in")
		}, grant)
		if migrations.KindOf(err) != migrations.Conflict {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("store the sign-in of mailbox %s: %w", g.mailbox, err)
	}
	return nil
}

// put writes a grant under the number that choose gives, and ends those before
// it, in one transaction.
func (g grants) put(ctx context.Context, choose func(tx *migrations.Tx, newest int64) (int64, error), grant oauth.Grant) error {
	sealed, err := g.store.Seal(g.context(), []byte(grant.Refresh))
	if err != nil {
		return err
	}
	signed := migrations.At(grant.At)
	return g.store.db.Tx(ctx, func(tx *migrations.Tx) error {
		var newest struct {
			N        int64            `db:"n"`
			SignedAt migrations.Stamp `db:"signed_at"`
		}
		err := tx.Get(ctx, &newest, `SELECT n, signed_at FROM mailbox_grant WHERE mailbox = ? ORDER BY n DESC LIMIT 1`, g.mailbox)
		if err != nil && migrations.KindOf(err) != migrations.NotFound {
			return err
		}
		n, err := choose(tx, newest.N)
		if err != nil {
			return err
		}
		if signed == 0 {
			signed = newest.SignedAt
		}
		// On PostgreSQL another node may have inserted since: the key decides.
		changed, err := tx.Exec(ctx, `INSERT INTO mailbox_grant (mailbox, n, client_id, subject, refresh, signed_at, created_at, used_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (mailbox, n) DO NOTHING`, g.mailbox, n, grant.ClientID, grant.Subject, sealed, signed, g.store.stamp(), g.store.stamp())
		if err != nil {
			return err
		}
		if changed == 0 {
			return &migrations.Error{Kind: migrations.Conflict, Message: "The mailbox's sign-in was renewed elsewhere."}
		}
		_, err = tx.Exec(ctx, `DELETE FROM mailbox_grant WHERE mailbox = ? AND n < ?`, g.mailbox, n)
		return err
	})
}

// grantUsed is how often it is noted that a grant works.
const grantUsed = time.Hour

// Fared notes how the last use of a grant went.
func (g grants) Fared(ctx context.Context, n int64, refused string) error {
	now := g.store.stamp()
	query, args := `UPDATE mailbox_grant SET used_at = ?, refused_at = NULL, refused = '' WHERE mailbox = ? AND n = ? AND (refused_at IS NOT NULL OR used_at < ?)`,
		[]any{now, g.mailbox, n, now - migrations.Stamp(grantUsed.Microseconds())}
	if refused != "" {
		query, args = `UPDATE mailbox_grant SET refused_at = COALESCE(refused_at, ?), refused = ? WHERE mailbox = ? AND n = ? AND refused <> ?`,
			[]any{now, clip(refused, 500), g.mailbox, n, clip(refused, 500)}
	}
	// Most uses have nothing to write.
	err := g.store.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("note how the sign-in of mailbox %s fared: %w", g.mailbox, err)
	}
	return nil
}

// ForgetGrant ends a mailbox's sign-in here; NotFound where there is none. The
// account's owner may revoke it at the provider besides.
func (s *Store) ForgetGrant(ctx context.Context, actor Actor, mailbox string) error {
	g := grants{s, mailbox}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM mailbox_grant WHERE mailbox = ?`, mailbox)
		if err != nil {
			return err
		}
		if n == 0 {
			return migrations.NotFoundf("nobody has signed in for the mailbox %s", mailbox)
		}
		return g.recordTx(ctx, tx, actor, "signed_out")
	})
	if err != nil {
		return fmt.Errorf("forget the sign-in of mailbox %s: %w", mailbox, err)
	}
	return nil
}

// endGrantTx forgets the sign-in of a mailbox that was made on the site, with
// what it was for; one of the configuration file keeps its own.
func (s *Store) endGrantTx(ctx context.Context, tx *migrations.Tx, mailbox string) error {
	if slices.ContainsFunc(s.DeclaredMailboxes(), func(d Declared) bool { return d.Name == mailbox }) {
		return nil
	}
	if _, err := tx.Exec(ctx, `DELETE FROM mailbox_grant WHERE mailbox = ?`, mailbox); err != nil {
		return fmt.Errorf("forget the sign-in of mailbox %s: %w", mailbox, err)
	}
	return nil
}

func (g grants) recordTx(ctx context.Context, tx *migrations.Tx, actor Actor, kind string) error {
	var id int64
	if err := tx.Get(ctx, &id, `SELECT id FROM mailbox WHERE name = ?`, g.mailbox); err != nil && migrations.KindOf(err) != migrations.NotFound {
		return err
	}
	return g.store.RecordTx(ctx, tx, Event{Actor: actor, Subject: "mailbox", SubjectID: id, Kind: kind})
}
