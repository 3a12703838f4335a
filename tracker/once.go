package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// maxOnce bounds the key of a form, in bytes.
const maxOnce = 64

// writtenTx returns the id of what an actor has already written under a
// form's key, 0 for nothing yet: a form whose answer was lost may be sent
// again. It is Conflict when that had other words. The ticket is locked, so
// that two at once are one after the other.
func (s *Store) writtenTx(ctx context.Context, tx *migrations.Tx, table string, actor Actor, t *Ticket, once, body string) (int64, error) {
	if once == "" {
		return 0, nil
	}
	if len(once) > maxOnce {
		return 0, migrations.Invalidf("The form arrived damaged.")
	}
	var was struct {
		ID        int64  `db:"id"`
		TicketID  int64  `db:"ticket_id"`
		AccountID int64  `db:"account_id"`
		Body      string `db:"body"`
	}
	err := tx.Get(ctx, &was, `SELECT id, COALESCE(ticket_id, 0) AS ticket_id, COALESCE(account_id, 0) AS account_id, body FROM `+table+` WHERE once = ? AND once <> ''`, once)
	if migrations.KindOf(err) == migrations.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for what was written before: %w", err)
	}
	if was.TicketID != t.ID || was.AccountID != actor.AccountID {
		return 0, migrations.Invalidf("The form arrived damaged.")
	}
	if strings.TrimSpace(was.Body) != strings.TrimSpace(manyLines(body)) {
		return 0, migrations.Conflictf("This was already saved on %s with other words. Please look at it before you send this too.", t.Name())
	}
	return was.ID, nil
}

// addFilesTx keeps uploads with a thing of a ticket: note, fix.
func (s *Store) addFilesTx(ctx context.Context, tx *migrations.Tx, actor Actor, owner Thing, files []Upload) error {
	if len(files) > maxFiles {
		return migrations.Invalidf("These are too many files: please add up to %d at a time.", maxFiles)
	}
	for _, f := range files {
		if f.Size > MaxFile {
			return migrations.Invalidf("The file %s is larger than %d MB, so nothing was saved.", cleanFileName(f.Name), MaxFile>>20)
		}
		uid, _ := NewToken()
		id, err := tx.Insert(ctx, `INSERT INTO file (uid, owner_kind, owner_id, name, content_type, digest, size, account_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			uid, owner.Kind, owner.ID, cleanFileName(f.Name), contentTypeName(f.ContentType), f.Digest, f.Size, orNull(actor.AccountID), s.stamp())
		if err != nil {
			return fmt.Errorf("keep a file: %w", err)
		}
		if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: owner.Kind, SubjectID: owner.ID, Kind: "file_added", Became: fmt.Sprintf("file:%d", id)}); err != nil {
			return err
		}
	}
	return nil
}

// contentTypeName is a type as files hold it: what browsers could run is a
// download.
func contentTypeName(t string) string {
	t, _, _ = strings.Cut(t, ";")
	switch {
	case t == "", len(t) > 200, t == "text/html", t == "text/xml", t == "image/svg+xml":
		return "application/octet-stream"
	}
	return t
}

// filesOf returns the files of several things of one kind, by the thing's id,
// the oldest first.
func (s *Store) filesOf(ctx context.Context, kind string, ids []any) (map[int64][]File, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var all []File
	err := s.db.Select(ctx, &all, `SELECT `+fileColumns+` FROM file WHERE owner_kind = ? AND owner_id IN (`+marks(len(ids))+`) ORDER BY id`, append([]any{kind}, ids...)...)
	if err != nil {
		return nil, fmt.Errorf("read files: %w", err)
	}
	of := map[int64][]File{}
	for _, f := range all {
		of[f.OwnerID] = append(of[f.OwnerID], f)
	}
	return of, nil
}
