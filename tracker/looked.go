package tracker

import (
	"context"
	"fmt"
	"time"

	"helpdeskd/migrations"
)

// LookedAt records that an account looked at a person's data: once a day, so
// that the audit tells who did without drowning in it. A client 0 is nobody.
func (s *Store) LookedAt(ctx context.Context, actor Actor, clientID int64) error {
	return s.looked(ctx, actor, Thing{KindClient, clientID})
}

// LookedAtMail is LookedAt of a mail of the ledger: at the person who sent it,
// where that is known, else at the mail.
func (s *Store) LookedAtMail(ctx context.Context, actor Actor, m InboxRow) error {
	c, err := clientByAddress(ctx, s.db, m.Sender)
	if err != nil {
		return err
	}
	if c != nil {
		return s.LookedAt(ctx, actor, c.ID)
	}
	return s.looked(ctx, actor, Thing{"inbox", m.ID})
}

func (s *Store) looked(ctx context.Context, actor Actor, at Thing) error {
	if at.ID == 0 || actor.AccountID == 0 {
		return nil
	}
	day := migrations.At(s.Now().Truncate(24 * time.Hour))
	const seen = `SELECT 1 FROM event WHERE subject = ? AND subject_id = ? AND kind = 'looked' AND actor = ? AND at >= ?`
	known, err := exists(ctx, s.db, seen, at.Kind, at.ID, actor.String(), day)
	if err != nil || known {
		return err
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: at.Kind, SubjectID: at.ID, Kind: "looked"})
	})
	if err != nil {
		return fmt.Errorf("record who looked at %s: %w", at, err)
	}
	return nil
}
