package tracker

import (
	"context"
	"fmt"
	"slices"

	"helpdeskd/migrations"
)

// The roles of a mailbox's folders.
const (
	RoleInbox     = "inbox"     // the folder that is read
	RoleJunk      = "junk"      // read too, its mails held
	RoleProcessed = "processed" // where taken mail is moved to: compared, not read
)

// Folder is a folder of a mailbox as it was at the last look. UIDs mean
// something within one folder and one UIDValidity only.
type Folder struct {
	MailboxID     int64             `db:"mailbox_id"`
	Name          string            `db:"name"` // as the server calls it
	Role          string            `db:"role"`
	BeginAt       *migrations.Stamp `db:"begin_at"` // mail that arrived earlier is not ours; nil: everything is
	BeginUID      int64             `db:"begin_uid"`
	BeginValidity int64             `db:"begin_validity"`
	Begun         bool              `db:"begun"`
	UIDValidity   int64             `db:"uidvalidity"`
	LookedAt      *migrations.Stamp `db:"looked_at"`
	Messages      int64             `db:"messages"` // in the folder
	Waiting       int64             `db:"waiting"`  // of them: ours, and not taken yet
	Vanished      int64             `db:"vanished"` // ever: listed, and gone before they could be fetched
	VanishedAt    *migrations.Stamp `db:"vanished_at"`
	Found         int64             `db:"found"`      // ever: taken by a reconciliation
	FoundLast     int64             `db:"found_last"` // of them: by the last one
	ReconciledAt  *migrations.Stamp `db:"reconciled_at"`
	CheckedUID    int64             `db:"checked_uid"` // up to which a reconciliation compared it
}

const folderColumns = `mailbox_id, name, role, begin_at, begin_uid, begin_validity, begun, uidvalidity, looked_at, messages, waiting, vanished, vanished_at, found, found_last, reconciled_at, checked_uid`

// OpenFolder returns a folder of a mailbox, noting it at first sight. The
// folder that is read begins where the mailbox does; of any other what lies
// there at first sight is not ours.
func (s *Store) OpenFolder(ctx context.Context, mailboxID int64, name, role string) (Folder, error) {
	var f Folder
	err := s.db.Get(ctx, &f, `SELECT `+folderColumns+` FROM mailbox_folder WHERE mailbox_id = ? AND name = ?`, mailboxID, name)
	if err == nil && f.Role == role {
		return f, nil
	}
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return f, fmt.Errorf("open folder %s: %w", name, err)
	}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var m Mailbox
		if err := tx.Get(ctx, &m, `SELECT `+mailboxColumns+` FROM mailbox WHERE id = ?`, mailboxID); err != nil {
			return err
		}
		now := s.stamp()
		begin, begun := &now, false
		if role == RoleInbox {
			begin, begun = m.BeginAt, m.Begun
		}
		_, err := tx.Exec(ctx, `INSERT INTO mailbox_folder (mailbox_id, name, role, begin_at, begun) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (mailbox_id, name) DO UPDATE SET role = excluded.role`, mailboxID, name, role, begin, begun)
		if err != nil {
			return err
		}
		return tx.Get(ctx, &f, `SELECT `+folderColumns+` FROM mailbox_folder WHERE mailbox_id = ? AND name = ?`, mailboxID, name)
	})
	if err != nil {
		return Folder{}, fmt.Errorf("open folder %s: %w", name, err)
	}
	return f, nil
}

// BeginFolder records, once, the first UID of a folder that is ours.
func (s *Store) BeginFolder(ctx context.Context, f Folder, uidvalidity, first uint32) (Folder, error) {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE mailbox_folder SET begin_uid = ?, begin_validity = ?, begun = TRUE WHERE mailbox_id = ? AND name = ? AND NOT begun`,
			int64(first), int64(uidvalidity), f.MailboxID, f.Name)
		if err != nil {
			return err
		}
		if n > 0 {
			err = s.RecordTx(ctx, tx, Event{Subject: "mailbox", SubjectID: f.MailboxID, Kind: "begun", Became: clip(fmt.Sprintf("%s %d:%d", f.Name, uidvalidity, first), 200)})
			if err != nil {
				return err
			}
		}
		return tx.Get(ctx, &f, `SELECT `+folderColumns+` FROM mailbox_folder WHERE mailbox_id = ? AND name = ?`, f.MailboxID, f.Name)
	})
	if err != nil {
		return f, fmt.Errorf("begin folder %s: %w", f.Name, err)
	}
	return f, nil
}

// FolderLook is what one look into a folder found.
type FolderLook struct {
	UIDValidity uint32
	Messages    int // in the folder
	Waiting     int // of them: ours, and not taken yet
	Vanished    int // since the last look: listed, and gone before they could be fetched
}

// Looked records a look into a folder, where it changed anything. It returns
// the folder as it is now.
func (s *Store) Looked(ctx context.Context, f Folder, k FolderLook) (Folder, error) {
	now := s.stamp()
	if f.LookedAt != nil && f.UIDValidity == int64(k.UIDValidity) && f.Messages == int64(k.Messages) && f.Waiting == int64(k.Waiting) && k.Vanished == 0 {
		return f, nil
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if k.Vanished > 0 {
			_, err := tx.Exec(ctx, `UPDATE mailbox_folder SET vanished = vanished + ?, vanished_at = ? WHERE mailbox_id = ? AND name = ?`, k.Vanished, now, f.MailboxID, f.Name)
			if err != nil {
				return err
			}
			err = s.RecordTx(ctx, tx, Event{Subject: "mailbox", SubjectID: f.MailboxID, Kind: "vanished", Became: clip(fmt.Sprintf("%d in %s", k.Vanished, f.Name), 200)})
			if err != nil {
				return err
			}
		}
		return tx.Get(ctx, &f, `UPDATE mailbox_folder SET uidvalidity = ?, messages = ?, waiting = ?, looked_at = ? WHERE mailbox_id = ? AND name = ? RETURNING `+folderColumns,
			int64(k.UIDValidity), k.Messages, k.Waiting, now, f.MailboxID, f.Name)
	})
	if err != nil {
		return f, fmt.Errorf("record a look into %s: %w", f.Name, err)
	}
	return f, nil
}

// KnownMailIDs returns which of the Message-IDs of some messages, by UID, the
// inbox of a mailbox holds.
func (s *Store) KnownMailIDs(ctx context.Context, mailboxID int64, byUID map[uint32]string) (map[string]bool, error) {
	known := map[string]bool{}
	var list []string
	for _, id := range byUID {
		if id != "" {
			list = append(list, clip(id, 998))
		}
	}
	for part := range slices.Chunk(list, 1000) {
		var found []string
		if err := selectIn(ctx, s.db, &found, `SELECT DISTINCT mail_id FROM inbox WHERE mail_id IN (?) AND mail_id <> '' AND +mailbox_id = ?`, part, mailboxID); err != nil {
			return nil, fmt.Errorf("look up Message-IDs: %w", err)
		}
		for _, id := range found {
			known[id] = true
		}
	}
	return known, nil
}

// KnownDigests returns which of some raw mails, by their digests, the inbox of
// a mailbox holds.
func (s *Store) KnownDigests(ctx context.Context, mailboxID int64, digests []string) (map[string]bool, error) {
	known := map[string]bool{}
	for part := range slices.Chunk(digests, 1000) {
		var found []string
		if err := selectIn(ctx, s.db, &found, `SELECT DISTINCT digest FROM inbox WHERE digest IN (?) AND mailbox_id = ?`, part, mailboxID); err != nil {
			return nil, fmt.Errorf("look up raw mails: %w", err)
		}
		for _, d := range found {
			known[d] = true
		}
	}
	return known, nil
}

// AskReconciliation has the folders of a mailbox compared with the ledger as
// soon as its poller looks again.
func (s *Store) AskReconciliation(ctx context.Context, actor Actor, mailboxID int64) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE mailbox SET reconcile_at = ? WHERE id = ?`, s.stamp(), mailboxID)
		if err == nil && n == 0 {
			err = migrations.NotFoundf("There is no such mailbox.")
		}
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "mailbox", SubjectID: mailboxID, Kind: "reconcile_asked"})
	})
	if err != nil {
		return fmt.Errorf("ask for a reconciliation of mailbox %d: %w", mailboxID, err)
	}
	return nil
}

// Reconciled records a reconciliation: how many mails it took, how many it
// could not (k.Waiting), and up to which UID the folder is known.
func (s *Store) Reconciled(ctx context.Context, f Folder, k FolderLook, found int, checked uint32) error {
	now := s.stamp()
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE mailbox_folder SET uidvalidity = ?, messages = ?, waiting = ?, looked_at = ?, vanished = vanished + ?, found = found + ?, found_last = ?,
			reconciled_at = ?, checked_uid = ? WHERE mailbox_id = ? AND name = ?`, int64(k.UIDValidity), k.Messages, k.Waiting, now, k.Vanished, found, found, now, int64(checked), f.MailboxID, f.Name)
		if err != nil || found == 0 {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Subject: "mailbox", SubjectID: f.MailboxID, Kind: "reconciled", Became: fmt.Sprint(found)})
	})
	if err != nil {
		return fmt.Errorf("record a reconciliation of %s: %w", f.Name, err)
	}
	return nil
}

// Folders returns the folders of a mailbox that were looked into: the one
// that is read first.
func (s *Store) Folders(ctx context.Context, mailboxID int64) ([]Folder, error) {
	var all []Folder
	err := s.db.Select(ctx, &all, `SELECT `+folderColumns+` FROM mailbox_folder WHERE mailbox_id = ? ORDER BY role, name`, mailboxID)
	if err != nil {
		return nil, fmt.Errorf("list folders: %w", err)
	}
	return all, nil
}

// Holding is what a mailbox holds, as far as was seen.
type Holding struct {
	Folders []Folder // that which is read first
	Unmoved int      // taken from that, and not moved yet
}

// Holdings returns what every mailbox holds, by its id.
func (s *Store) Holdings(ctx context.Context) (map[int64]Holding, error) {
	var folders []Folder
	if err := s.db.Select(ctx, &folders, `SELECT `+folderColumns+` FROM mailbox_folder ORDER BY mailbox_id, role, name`); err != nil {
		return nil, fmt.Errorf("list folders: %w", err)
	}
	var left []struct {
		MailboxID int64  `db:"mailbox_id"`
		Folder    string `db:"folder"`
		N         int    `db:"n"`
	}
	err := s.db.Select(ctx, &left, `SELECT mailbox_id, folder, count(*) AS n FROM inbox WHERE moved_at IS NULL AND uid IS NOT NULL GROUP BY mailbox_id, folder`)
	if err != nil {
		return nil, fmt.Errorf("count what is to be moved: %w", err)
	}
	all := map[int64]Holding{}
	for _, f := range folders {
		h := all[f.MailboxID]
		h.Folders = append(h.Folders, f)
		for _, l := range left {
			if l.MailboxID == f.MailboxID && l.Folder == f.Name {
				h.Unmoved += l.N
			}
		}
		all[f.MailboxID] = h
	}
	return all, nil
}

// Compared returns when the folders were last compared with the ledger, 0 for
// never, and how many missed mails that found.
func (h Holding) Compared() (at migrations.Stamp, found int) {
	for _, f := range h.Folders {
		if f.ReconciledAt != nil && *f.ReconciledAt > at {
			at, found = *f.ReconciledAt, int(f.FoundLast)
		}
	}
	return at, found
}
