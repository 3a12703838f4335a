package tracker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// The scores of Satisfaction.
const (
	ScoreBad  = 1
	ScoreSoSo = 2
	ScoreGood = 3
)

// Satisfaction is how content a person was with what was done.
type Satisfaction struct {
	TicketID int64            `db:"ticket_id"`
	ClientID int64            `db:"client_id"`
	Name     string           `db:"name"` // of the person
	Score    int64            `db:"score"`
	Comment  string           `db:"comment"`
	At       migrations.Stamp `db:"at"`
}

const satisfactionSelect = `SELECT f.ticket_id, f.client_id, COALESCE(c.name, '') AS name, f.score, f.comment, f.at FROM satisfaction f LEFT JOIN client c ON c.id = f.client_id `

// Satisfactions returns how content those were who said so of a ticket, the oldest first.
func (s *Store) Satisfactions(ctx context.Context, ticketID int64) ([]Satisfaction, error) {
	return satisfactions(ctx, s.db, ticketID)
}

func satisfactions(ctx context.Context, q read, ticketID int64) (list []Satisfaction, err error) {
	if err := q.Select(ctx, &list, satisfactionSelect+`WHERE f.ticket_id = ? ORDER BY f.at, f.client_id`, ticketID); err != nil {
		return nil, fmt.Errorf("read how content people were: %w", err)
	}
	return list, nil
}

// rating returns what one person said of a ticket, nil for nothing.
func rating(ctx context.Context, q read, ticketID, clientID int64) (*Satisfaction, error) {
	var f Satisfaction
	err := q.Get(ctx, &f, satisfactionSelect+`WHERE f.ticket_id = ? AND f.client_id = ?`, ticketID, clientID)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how content a person was: %w", err)
	}
	return &f, nil
}

// maxRated bounds the words beside a score, in bytes.
const maxRated = 2000

// Rate records how content a guest is, in place of what they said before. It
// is Conflict where the desk does not ask, and while the ticket is open.
func (s *Store) Rate(ctx context.Context, g Guest, score int64, comment, ip string) error {
	comment = manyLines(comment)
	switch {
	case score < ScoreBad || score > ScoreGood:
		return migrations.InvalidAt("score", "Please choose one of the three.")
	case len(comment) > maxRated:
		return migrations.InvalidAt("comment", "This is too long: please say it in up to 2,000 characters.")
	}
	err := s.asGuest(ctx, g, ip, func(tx *migrations.Tx, t *Ticket) error {
		ask, err := s.setting(ctx, tx, SetSatisfaction)
		if err != nil {
			return err
		}
		if ask != "on" || !t.Stage.Closed() {
			return migrations.Conflictf("This request is open (again), so it is too early to say.")
		}
		_, err = tx.Exec(ctx, `INSERT INTO satisfaction (ticket_id, client_id, score, comment, at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (ticket_id, client_id) DO UPDATE SET score = excluded.score, comment = excluded.comment, at = excluded.at`,
			t.ID, g.ClientID, score, WithoutLinks(comment), s.stamp())
		if err != nil {
			return fmt.Errorf("record how content a person is: %w", err)
		}
		return s.RecordTx(ctx, tx, Event{Actor: g.Actor(), Subject: "ticket", SubjectID: t.ID, Kind: "rated", Became: fmt.Sprint(score)})
	})
	if err != nil {
		return fmt.Errorf("rate: %w", err)
	}
	return nil
}

// closedEvery is how long nobody is asked again about one ticket.
const closedEvery = 7 * 24 * time.Hour

// askRatingTx queues the mail that says that a ticket is completed and asks
// how it was, where the desk asks that. It goes to the requester only, and not
// where automatic mail never goes: to robots, addresses that bounced, our own,
// who has said so before, or was asked within a week.
func (s *Store) askRatingTx(ctx context.Context, tx *migrations.Tx, ticketID int64) error {
	ask, err := s.setting(ctx, tx, SetSatisfaction)
	if err != nil || ask != "on" {
		return err
	}
	t, err := ticketWhere(ctx, tx, `t.id = ?`, ticketID)
	if err != nil {
		return err
	}
	to := strings.ToLower(t.ClientAddress)
	if t.ClientID == 0 || !sendable(to) || noReply(to) {
		return nil
	}
	never, err := exists(ctx, tx, `SELECT 1 FROM satisfaction WHERE ticket_id = ?
		UNION ALL SELECT 1 FROM outbox WHERE ticket_id = ? AND kind = 'closed' AND created_at > ?
		UNION ALL SELECT 1 FROM client_address WHERE address = ? AND bounced_at > ?
		UNION ALL SELECT 1 FROM mailbox WHERE LOWER(address) = ?
		UNION ALL SELECT 1 FROM message WHERE ticket_id = ? AND direction = 'in' AND state = 'shown' AND client_id = ? AND class <> 'human'
			AND NOT EXISTS (SELECT 1 FROM message h WHERE h.ticket_id = ? AND h.direction = 'in' AND h.state = 'shown' AND h.class = 'human')`,
		ticketID, ticketID, migrations.At(s.Now().Add(-closedEvery)), to, migrations.At(s.Now().Add(-closedEvery)), to, ticketID, t.ClientID, ticketID)
	if err != nil || never {
		return err
	}
	box := t.MailboxID
	if box == 0 {
		if box = s.accountBox(); box == 0 {
			return nil
		}
	}
	_, err = s.EnqueueTx(ctx, tx, Mail{Kind: MailClosed, MailboxID: box, TicketID: ticketID, ClientID: t.ClientID, ToAddress: to, ToName: nameUnless(t.ClientName, t.ClientAddress)})
	return err
}

// dropClosedTx takes back the word that a ticket is completed, where nobody has
// it yet: it is open again, or the answer that completed it was taken back.
func dropClosedTx(ctx context.Context, tx *migrations.Tx, ticketID int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM outbox WHERE ticket_id = ? AND kind = 'closed' AND state = 'queued' AND attempts = 0 AND digest = ''`, ticketID)
	if err != nil {
		return fmt.Errorf("take back the word that ticket %d is completed: %w", ticketID, err)
	}
	return nil
}

// noReply reports whether nobody reads what is sent to an address.
func noReply(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	local = strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	return strings.Contains(local, "noreply") || strings.Contains(local, "donotreply") || strings.HasPrefix(local, "nepasrepondre") ||
		local == "mailerdaemon" || local == "postmaster" || strings.HasPrefix(local, "bounce") || local == "notifications"
}
