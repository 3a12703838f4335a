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
	Files       []File           `db:"-"`
}

// NoteInput is what a person writes as a note. Once is the random key of the
// form: the same note sent again, since the answer was lost, is one note.
type NoteInput struct {
	Kind  NoteKind
	Body  string // may be empty where there are files
	Files []Upload
	Once  string
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

// checkNote lets a note be without words where it has files.
func checkNote(body string, files bool) (string, error) {
	if files && manyLines(body) == "" {
		return "", nil
	}
	return checkBody(body, "the note")
}

// NoteByID returns one note, with its files.
func (s *Store) NoteByID(ctx context.Context, id int64) (Note, error) {
	n, err := noteWhere(ctx, s.db, `n.id = ?`, id)
	if err != nil {
		return n, err
	}
	files, err := s.filesOf(ctx, "note", []any{id})
	n.Files = files[id]
	return n, err
}

func noteWhere(ctx context.Context, q read, where string, args ...any) (Note, error) {
	var n Note
	err := q.Get(ctx, &n, noteSelect+`WHERE `+where, args...)
	if migrations.KindOf(err) == migrations.NotFound {
		return n, migrations.NotFoundf("There is no such note.")
	}
	if err != nil {
		return n, fmt.Errorf("read note: %w", err)
	}
	return n, nil
}

// AddNote writes a note on a ticket that is not archived.
func (s *Store) AddNote(ctx context.Context, actor Actor, number int64, kind NoteKind, body string) (Note, error) {
	return s.WriteNote(ctx, actor, number, NoteInput{Kind: kind, Body: body})
}

// WriteNote writes a note, with files, on a ticket that is not archived.
func (s *Store) WriteNote(ctx context.Context, actor Actor, number int64, in NoteInput) (Note, error) {
	var n Note
	_, err := s.addToTicket(ctx, "write a note on", number, func(tx *migrations.Tx, t *Ticket) error {
		id, err := s.writtenTx(ctx, tx, "note", actor, t, in.Once, in.Body)
		if err != nil {
			return err
		}
		if id != 0 {
			n, err = noteWhere(ctx, tx, `n.id = ?`, id)
			return err
		}
		n, err = s.addNoteTx(ctx, tx, actor, t, in)
		return err
	})
	return n, err
}

func (s *Store) addNoteTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, in NoteInput) (n Note, err error) {
	kind, body := in.Kind, in.Body
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
	if body, err = checkNote(body, len(in.Files) > 0); err != nil {
		return n, err
	}
	id, err := tx.Insert(ctx, `INSERT INTO note (ticket_id, account_id, kind, body, once, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
		t.ID, orNull(actor.AccountID), kind, body, in.Once, s.stamp())
	if err != nil {
		return n, fmt.Errorf("write note: %w", err)
	}
	if err := s.addFilesTx(ctx, tx, actor, Thing{Kind: "note", ID: id}, in.Files); err != nil {
		return n, err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return n, err
	}
	if n, err = noteWhere(ctx, tx, `n.id = ?`, id); err != nil {
		return n, err
	}
	if err := s.changedTx(ctx, tx, actor, t, "note", "", string(kind)); err != nil || actor.AccountID == 0 || kind != NotePhone && kind != NoteInPerson {
		return n, err
	}
	return n, s.firstAnswerTx(ctx, tx, actor, t.ID) // a call or a visit answers, too
}

// EditNote changes the text of a note that the actor wrote.
func (s *Store) EditNote(ctx context.Context, actor Actor, id int64, body string, version int64) (Note, error) {
	var n Note
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if n, err = noteWhere(ctx, tx, `n.id = ?`, id); err != nil {
			return err
		}
		files, err := exists(ctx, tx, `SELECT 1 FROM file WHERE owner_kind = 'note' AND owner_id = ? LIMIT 1`, id)
		if err != nil {
			return err
		}
		if body, err = checkNote(body, files); err != nil {
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
		if body == n.Body && (version == n.Version || version == AnyVersion) {
			return nil
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
