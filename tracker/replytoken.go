package tracker

import (
	"context"
	"fmt"
	"strconv"

	"helpdeskd/migrations"
)

// AnswerHolder is somebody to whom we sent mail of a ticket that still
// carries a live reply token: an answer with it is taken for theirs, when it
// comes from their address.
type AnswerHolder struct {
	ClientID  int64            `db:"client_id"`  // a client,
	AccountID int64            `db:"account_id"` // or a technician
	Name      string           `db:"name"`
	N         int              `db:"n"`    // mails with a live token
	Last      migrations.Stamp `db:"last"` // when the latest was written
}

// AnswerHolders returns who holds live reply tokens of a ticket, technicians first.
func (s *Store) AnswerHolders(ctx context.Context, ticketID int64) (list []AnswerHolder, err error) {
	err = s.db.Select(ctx, &list, `SELECT COALESCE(r.client_id, 0) AS client_id, COALESCE(r.account_id, 0) AS account_id,
		COALESCE(MAX(a.name), MAX(c.name), '') AS name, count(*) AS n, MAX(r.created_at) AS last
		FROM reply_token r LEFT JOIN account a ON a.id = r.account_id LEFT JOIN client c ON c.id = r.client_id
		WHERE r.ticket_id = ? AND r.revoked_at IS NULL GROUP BY r.client_id, r.account_id ORDER BY 2 DESC, 3, 1`, ticketID)
	if err != nil {
		return nil, fmt.Errorf("list who can answer ticket %d by mail: %w", ticketID, err)
	}
	return list, nil
}

// RevokeAnswers makes the reply tokens void that one person holds of one
// ticket, and the links to its page. A technician's answer to those mails is held from then on; a client
// who takes part is still known by the thread, others are held.
func (s *Store) RevokeAnswers(ctx context.Context, actor Actor, number int64, clientID, accountID int64) (Ticket, error) {
	return s.addToTicket(ctx, "revoke answers by mail to", number, func(tx *migrations.Tx, t *Ticket) error {
		n, err := tx.Exec(ctx, `UPDATE reply_token SET revoked_at = ? WHERE ticket_id = ? AND COALESCE(client_id, 0) = ? AND COALESCE(account_id, 0) = ? AND revoked_at IS NULL`,
			s.stamp(), t.ID, clientID, accountID)
		if err != nil {
			return err
		}
		if clientID != 0 {
			links, err := s.revokeLinksTx(ctx, tx, t.ID, clientID)
			if err != nil {
				return err
			}
			n += links
		}
		if n == 0 {
			return migrations.NotFoundf("None of the mails to this person can be answered with its token (any more).")
		}
		who := clientRef(clientID)
		if accountID != 0 {
			who = "account:" + strconv.FormatInt(accountID, 10)
		}
		return s.changedTx(ctx, tx, actor, t, "answers_revoked", who, "")
	})
}

// RevokeAccountAnswers makes every reply token void that an account holds:
// whoever has a copy of the mails that went to it can not answer in its name.
// It returns how many mails lost theirs.
func (s *Store) RevokeAccountAnswers(ctx context.Context, actor Actor, accountID int64) (n int64, err error) {
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var one int
		if err := tx.Get(ctx, &one, `SELECT 1 FROM account WHERE id = ?`, accountID); err != nil {
			if migrations.KindOf(err) == migrations.NotFound {
				return migrations.NotFoundf("There is no such account.")
			}
			return err
		}
		var err error
		n, err = tx.Exec(ctx, `UPDATE reply_token SET revoked_at = ? WHERE account_id = ? AND revoked_at IS NULL`, s.stamp(), accountID)
		if err != nil || n == 0 {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "account", SubjectID: accountID, Kind: "answers_revoked"})
	})
	if err != nil {
		return 0, fmt.Errorf("revoke the answers by mail of account %d: %w", accountID, err)
	}
	return n, nil
}
