package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// What a guest may do within throttleWindow: of one person, and of a network.
const (
	guestPerPerson  = 40
	guestPerNetwork = 200

	// Forms with files of one person a day, each of at most some 20 MB: who
	// reports a broken thing with photos needs a handful, and whoever has a link
	// that went astray fills no disk.
	guestFilesPerDay = 60
)

const tooLongSaid = "This is too long: please say it in up to 200,000 characters, or add it as a file."

// ClientSays is what somebody writes on the employee's page.
type ClientSays struct {
	Text   string
	Files  []Upload
	Reopen bool   // they say that it must be opened again, whatever the words
	Once   string // random key of the form: the same words sent again are said once
	IP     string // of who sends it, for counting
}

// GuestSends counts a form with files before these are stored: what is refused
// only afterwards would fill the disk all the same. It is Temporary for who
// sends too many.
func (s *Store) GuestSends(ctx context.Context, g Guest, ip string) error {
	err := s.count(ctx, tries{
		{name: fmt.Sprintf("page-files:%d", g.ClientID), limit: guestPerPerson},
		{name: "page-files-from:" + network(ip), limit: guestPerNetwork},
		{name: fmt.Sprintf("page-files-day:%d", g.ClientID), limit: guestFilesPerDay, of: throttleDay},
	})
	if err != nil {
		return fmt.Errorf("take a client's files: %w", err)
	}
	return nil
}

// asGuest runs fn on a guest's ticket, locked, in a transaction: archived ones
// too, since what a client says opens them again. It is Temporary for who does
// too much, and NotFound for who does not take part (any more).
func (s *Store) asGuest(ctx context.Context, g Guest, ip string, fn func(tx *migrations.Tx, t *Ticket) error) error {
	err := s.count(ctx, tries{{name: fmt.Sprintf("page:%d", g.ClientID), limit: guestPerPerson}, {name: "page-from:" + network(ip), limit: guestPerNetwork}})
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// First, as who decides mail does: what is said also marks the ticket's
		// parent, and who joins the two takes them in the order of their ids.
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE ticket SET updated_at = ? WHERE id = ?`, s.stamp(), g.TicketID); err != nil {
			return fmt.Errorf("take ticket %d: %w", g.TicketID, err)
		}
		now, err := s.guest(ctx, tx, g.ClientID, g.TicketID)
		if err != nil {
			return err
		}
		if now != g {
			return migrations.Conflictf("Your request was joined with another one this very moment. Please send it once more.")
		}
		t, err := ticketWhere(ctx, tx, `t.id = ?`, g.TicketID)
		if err != nil {
			return err
		}
		return fn(tx, &t)
	})
}

// GuestSays adds a guest's words to their ticket, with all that a mail of
// theirs would do: it is news, it opens again what was closed unless it is a
// bare "thanks", it completes a ticket in confirming where it only says yes,
// and who works it is told.
func (s *Store) GuestSays(ctx context.Context, g Guest, in ClientSays) (t Ticket, err error) {
	err = s.asGuest(ctx, g, in.IP, func(tx *migrations.Tx, was *Ticket) error {
		text := manyLines(in.Text)
		if text == "" && len(in.Files) == 0 {
			return migrations.InvalidAt("text", "Please write something, or add a file.")
		}
		if len(text) > maxBody {
			return migrations.InvalidAt("text", tooLongSaid)
		}
		id, err := s.guestMessageTx(ctx, tx, g, was, text, in.Files, in.Once)
		if err != nil || id == 0 {
			return err
		}
		h, err := s.hearTx(ctx, tx, spoken{Actor: g.Actor(), TicketID: g.TicketID, MessageID: id, Text: text, Reply: text})
		if err != nil {
			return err
		}
		thanks := h.Understood || isThanks(text) && len(in.Files) == 0
		return s.joinTx(ctx, tx, joining{Actor: g.Actor(), TicketID: g.TicketID, MessageID: id, Human: true,
			Answers: in.Reopen || !thanks, Confirms: !in.Reopen && !h.Understood && len(in.Files) == 0 && isConfirmation(text), FromPage: true})
	})
	if err != nil {
		return t, fmt.Errorf("add what a client says: %w", err)
	}
	return s.TicketByID(ctx, g.TicketID)
}

// GuestAnswers answers the question whether all is solved. Yes completes a
// ticket in confirming, and takes the mark off one that silence completed; no
// opens it again, with why, "" for nothing more to say than the words no. It
// is Conflict where the ticket is being worked.
func (s *Store) GuestAnswers(ctx context.Context, g Guest, solved bool, no string, in ClientSays) (t Ticket, err error) {
	err = s.asGuest(ctx, g, in.IP, func(tx *migrations.Tx, was *Ticket) error {
		text := manyLines(in.Text)
		if len(text) > maxBody {
			return migrations.InvalidAt("text", tooLongSaid)
		}
		if !solved {
			if text = strings.TrimSpace(no + "\n\n" + text); !was.Stage.Closed() && was.Stage != Confirming {
				return s.guestAgainTx(ctx, tx, g, was, text, in)
			}
			id, err := s.guestMessageTx(ctx, tx, g, was, text, in.Files, in.Once)
			if err != nil || id == 0 {
				return err
			}
			return s.joinTx(ctx, tx, joining{Actor: g.Actor(), TicketID: g.TicketID, MessageID: id, Human: true, Answers: true})
		}
		return s.guestConfirmsTx(ctx, tx, g, was, text, in)
	})
	if err != nil {
		return t, fmt.Errorf("take a client's answer: %w", err)
	}
	return s.TicketByID(ctx, g.TicketID)
}

// guestAgainTx is a "no" on a ticket that is open: the same one sent again, or
// one that comes too late, which is said as any other words.
func (s *Store) guestAgainTx(ctx context.Context, tx *migrations.Tx, g Guest, t *Ticket, text string, in ClientSays) error {
	id, err := s.guestMessageTx(ctx, tx, g, t, text, in.Files, in.Once)
	if err != nil || id == 0 {
		return err
	}
	return s.joinTx(ctx, tx, joining{Actor: g.Actor(), TicketID: t.ID, MessageID: id, Human: true, Answers: true})
}

func (s *Store) guestConfirmsTx(ctx context.Context, tx *migrations.Tx, g Guest, t *Ticket, text string, in ClientSays) error {
	switch {
	case t.Stage == Completed && !t.Unconfirmed:
		return nil // said before, or done by others
	case t.Stage != Completed && t.Stage != Confirming:
		return migrations.Conflictf("This request is being worked on (again), so there is nothing to confirm yet. Please write to us below instead.")
	}
	j := joining{Actor: g.Actor(), TicketID: t.ID, Human: true, Confirms: true, FromPage: true}
	if text != "" || len(in.Files) > 0 {
		id, err := s.guestMessageTx(ctx, tx, g, t, text, in.Files, in.Once)
		if err != nil {
			return err
		}
		if j.MessageID = id; id != 0 {
			if err := s.RecordTx(ctx, tx, Event{Actor: g.Actor(), Subject: "ticket", SubjectID: t.ID, Kind: "message"}); err != nil {
				return err
			}
			if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
				return err
			}
		}
	}
	if t.Stage == Confirming {
		return s.confirmTx(ctx, tx, j)
	}
	if err := t.setTx(ctx, tx, `unconfirmed = FALSE, version = version + 1`); err != nil {
		return err
	}
	return s.RecordTx(ctx, tx, Event{Actor: g.Actor(), Subject: "ticket", SubjectID: t.ID, Kind: "confirmed", Was: string(Completed), Became: string(Completed)})
}

// guestMessageTx stores what a guest wrote as a message of theirs, and returns
// its id; 0 where it was stored before under the same key.
func (s *Store) guestMessageTx(ctx context.Context, tx *migrations.Tx, g Guest, t *Ticket, text string, files []Upload, once string) (int64, error) {
	text = WithoutLinks(text)
	if id, err := s.writtenTx(ctx, tx, "message", g.Actor(), t, once, text); err != nil || id != 0 {
		return 0, err
	}
	var who struct {
		Name    string `db:"name"`
		Address string `db:"address"`
	}
	err := tx.Get(ctx, &who, `SELECT c.name, `+mainAddress+` AS address FROM client c WHERE c.id = ?`, g.ClientID)
	if err != nil {
		return 0, fmt.Errorf("read client %d: %w", g.ClientID, err)
	}
	if t.ClientID == g.ClientID && t.ClientAddress != "" {
		who.Address = t.ClientAddress
	}
	id, err := tx.Insert(ctx, `INSERT INTO message (ticket_id, direction, state, client_id, from_name, from_address, subject, body, once, at)
		VALUES (?, 'in', 'shown', ?, ?, ?, ?, ?, ?, ?) RETURNING id`, t.ID, g.ClientID, nameUnless(who.Name, who.Address), who.Address, t.Subject, text, once, s.stamp())
	if err != nil {
		return 0, fmt.Errorf("store what a client says: %w", err)
	}
	return id, s.uploadsTx(ctx, tx, id, files)
}
