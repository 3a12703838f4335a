package tracker

import (
	"context"
	"fmt"

	"helpdeskd/migrations"
)

// Attachment is a part of a message as a range of a blob.
type Attachment struct {
	ID          int64  `db:"id"`
	UID         string `db:"uid"` // random, in links
	MessageID   int64  `db:"message_id"`
	Role        Role   `db:"role"`
	Name        string `db:"name"`
	ContentType string `db:"content_type"`
	Charset     string `db:"charset"`
	ContentID   string `db:"content_id"`
	Encoding    string `db:"encoding"`
	Digest      string `db:"digest"`
	Start       int64  `db:"start"`  // bytes into the blob
	Length      int64  `db:"length"` // encoded bytes
	Size        int64  `db:"size"`   // decoded bytes
}

const attachmentColumns = `id, uid, message_id, role, name, content_type, charset, content_id, encoding, digest, start, length, size`

// Part returns the attachment as the reader of mails describes it.
func (a Attachment) Part() Part {
	return Part{Role: a.Role, Name: a.Name, ContentType: a.ContentType, Charset: a.Charset, ContentID: a.ContentID,
		Encoding: a.Encoding, Offset: a.Start, Length: a.Length, Size: a.Size}
}

// attachTx records parts of a blob as a message's attachments.
func (s *Store) attachTx(ctx context.Context, tx *migrations.Tx, messageID int64, digest string, parts []Part) error {
	for _, p := range parts {
		uid, _ := NewToken()
		_, err := tx.Exec(ctx, `INSERT INTO attachment (uid, message_id, role, name, content_type, charset, content_id, encoding, digest, start, length, size)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			uid, messageID, string(p.Role), p.Name, p.ContentType, p.Charset, p.ContentID, p.Encoding, digest, p.Offset, p.Length, p.Size)
		if err != nil {
			return fmt.Errorf("record attachment: %w", err)
		}
	}
	return nil
}
