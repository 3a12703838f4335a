package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// BackupMade is a backup that was made.
type BackupMade struct {
	ID        int64            `db:"id"`
	TakenAt   migrations.Stamp `db:"taken_at"` // the moment that it shows
	EndedAt   migrations.Stamp `db:"ended_at"`
	File      string           `db:"file"`   // its path on the machine that made it; - for stdout
	Size      int64            `db:"size"`   // bytes
	SHA256    string           `db:"sha256"` // of the whole file
	Encrypted bool             `db:"encrypted"`
	Damaged   int64            `db:"damaged"` // contents that were damaged before and are so in it
}

// keptBackups is how many backups are remembered.
const keptBackups = 100

// RecordBackup remembers a backup that was made.
func (s *Store) RecordBackup(ctx context.Context, b BackupMade) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		id, err := tx.Insert(ctx, `INSERT INTO backup (taken_at, ended_at, file, size, sha256, encrypted, damaged) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			b.TakenAt, b.EndedAt, b.File, b.Size, b.SHA256, b.Encrypted, b.Damaged)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM backup WHERE id <= ?`, id-keptBackups)
		return err
	})
	if err != nil {
		return fmt.Errorf("record the backup: %w", err)
	}
	return nil
}

// Backups returns the last backups that were made, the newest first.
func (s *Store) Backups(ctx context.Context, limit int) ([]BackupMade, error) {
	var list []BackupMade
	err := s.db.Select(ctx, &list, `SELECT id, taken_at, ended_at, file, size, sha256, encrypted, damaged FROM backup ORDER BY id DESC LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("list the backups: %w", err)
	}
	return list, nil
}
