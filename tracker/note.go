package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// NoteKind says what a note is about.
type NoteKind string

// The kinds of notes. System notes are written by helpdeskd itself.
const (
	NoteNote     NoteKind = "note"
	NotePhone    NoteKind = "phone"     // what was said on the telephone
	NoteInPerson NoteKind = "in_person" // what was said face to face
	NoteFinding  NoteKind = "finding"   // what was found out
	NoteSystem   NoteKind = "system"
)

// NoteKinds returns the kinds that people write.
func NoteKinds() []NoteKind { return []NoteKind{NoteNote, NotePhone, NoteInPerson, NoteFinding} }

// Note is an internal note on a ticket; no mail ever carries it.
type Note struct {
	ID          int64            `db:"id"`
	TicketID    int64            `db:"ticket_id"`
	AccountID   int64            `db:"account_id"` // 0: the system
	AccountName string           `db:"account_name"`
	Kind        NoteKind         `db:"kind"`
	Body        string           `db:"body"`
	At          migrations.Stamp `db:"at"`
	Version     int64            `db:"version"`
}

const noteSelect = `SELECT n.id, n.ticket_id, COALESCE(n.account_id, 0) AS account_id, COALESCE(a.name, '') AS account_name, n.kind, n.body, n.at, n.version
	FROM note n LEFT JOIN account a ON a.id = n.account_id `

// maxBody bounds what a person writes in one go, in bytes.
const maxBody = 200 << 10

func checkBody(body, what string) (string, error) {
	body = manyLines(body)
	if body == "" {
		return "", migrations.Invalidf("Please write something: %s is empty.", what)
	}
	if len(body) > maxBody {
		return "", migrations.Invalidf("This is too long: %s can have up to 200,000 characters. Attach it as a file instead.", what)
	}
	return body, nil
}

// AddNote writes a note on a ticket that is not archived.
func (s *Store) AddNote(ctx context.Context, actor Actor, number int64, kind NoteKind, body string) (Note, error) {
	var n Note
	_, err := s.addToTicket(ctx, "write a note on", number, func(tx *migrations.Tx, t *Ticket) (err error) {
		n, err = s.addNoteTx(ctx, tx, actor, t, kind, body)
		return err
	})
	return n, err
}

func (s *Store) addNoteTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, kind NoteKind, body string) (n Note, err error) {
	if kind == "" {
		kind = NoteNote
	}
	known := false
	for _, k := range NoteKinds() {
		known = known || k == kind
	}
	if !known {
		return n, migrations.Invalidf("There is no kind of note %q.", clip(string(kind), 40))
	}
	if body, err = checkBody(body, "the note"); err != nil {
		return n, err
	}
	id, err := tx.Insert(ctx, `INSERT INTO note (ticket_id, account_id, kind, body, at) VALUES (?, ?, ?, ?, ?) RETURNING id`,
		t.ID, orNull(actor.AccountID), kind, body, s.stamp())
	if err != nil {
		return n, fmt.Errorf("write note: %w", err)
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return n, err
	}
	if err := tx.Get(ctx, &n, noteSelect+`WHERE n.id = ?`, id); err != nil {
		return n, fmt.Errorf("read note: %w", err)
	}
	return n, s.changedTx(ctx, tx, actor, t, "note", "", string(kind))
}

// EditNote changes the text of a note that the actor wrote.
func (s *Store) EditNote(ctx context.Context, actor Actor, id int64, body string, version int64) (Note, error) {
	var n Note
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if body, err = checkBody(body, "the note"); err != nil {
			return err
		}
		if err := tx.Get(ctx, &n, noteSelect+`WHERE n.id = ?`, id); err != nil {
			if migrations.KindOf(err) == migrations.NotFound {
				return migrations.NotFoundf("There is no such note.")
			}
			return err
		}
		if n.AccountID == 0 || n.AccountID != actor.AccountID {
			return migrations.Deniedf("Only who wrote a note can change it. Write another one instead.")
		}
		t, err := ticketWhere(ctx, tx, `t.id = ?`, n.TicketID)
		if err != nil {
			return err
		}
		if t.Archived() {
			return errArchived(&t)
		}
		changed, err := tx.Exec(ctx, `UPDATE note SET body = ?, version = version + 1 WHERE id = ? AND (version = ? OR ? = -1)`, body, id, version, version)
		if err != nil {
			return err
		}
		if changed == 0 {
			return errStale()
		}
		n.Body, n.Version = body, n.Version+1
		if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
			return err
		}
		return s.changedTx(ctx, tx, actor, &t, "note_edited", "", "")
	})
	if err != nil {
		return Note{}, fmt.Errorf("edit note %d: %w", id, err)
	}
	return n, nil
}
