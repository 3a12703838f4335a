package tracker

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"helpdeskd/migrations"
)

// File is a file or photo that somebody added to a thing.
type File struct {
	ID          int64            `db:"id"`
	UID         string           `db:"uid"` // random, in links
	OwnerKind   string           `db:"owner_kind"`
	OwnerID     int64            `db:"owner_id"`
	Name        string           `db:"name"`
	ContentType string           `db:"content_type"`
	Digest      string           `db:"digest"`
	Size        int64            `db:"size"` // bytes
	AccountID   *int64           `db:"account_id"`
	CreatedAt   migrations.Stamp `db:"created_at"`
}

// Image reports whether browsers show the file as a picture.
func (f File) Image() bool {
	switch f.ContentType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// MaxFile is the largest file, in bytes, that people may add.
const MaxFile = 25 << 20

const fileColumns = `id, uid, owner_kind, owner_id, name, content_type, digest, size, account_id, created_at`

// AddFile stores a file and adds it to a thing that the caller has looked up.
func (s *Store) AddFile(ctx context.Context, actor Actor, owner Thing, name string, r io.Reader) (File, error) {
	name = cleanFileName(name)
	limited := &io.LimitedReader{R: r, N: MaxFile + 1}
	head := make([]byte, 512)
	n, err := io.ReadFull(limited, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		if err == io.EOF {
			return File{}, migrations.Invalidf("The file %s is empty.", name)
		}
		return File{}, fmt.Errorf("read the file %s: %w", name, err)
	}
	head = head[:n]
	digest, size, err := s.PutBlob(ctx, io.MultiReader(strings.NewReader(string(head)), limited))
	if err != nil {
		return File{}, fmt.Errorf("store the file %s: %w", name, err)
	}
	if size > MaxFile {
		return File{}, migrations.Invalidf("The file %s is larger than %d MB, so it was not kept.", name, MaxFile>>20)
	}
	uid, _ := NewToken()
	f := File{UID: uid, OwnerKind: owner.Kind, OwnerID: owner.ID, Name: name, ContentType: contentType(head), Digest: digest, Size: size,
		AccountID: orNull(actor.AccountID), CreatedAt: s.stamp()}
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		f.ID, err = tx.Insert(ctx, `INSERT INTO file (uid, owner_kind, owner_id, name, content_type, digest, size, account_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			f.UID, f.OwnerKind, f.OwnerID, f.Name, f.ContentType, f.Digest, f.Size, f.AccountID, f.CreatedAt)
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: owner.Kind, SubjectID: owner.ID, Kind: "file_added", Became: fmt.Sprintf("file:%d", f.ID)})
	})
	if err != nil {
		return File{}, fmt.Errorf("keep the file %s: %w", name, err)
	}
	return f, nil
}

// contentType reads a file's type from its first bytes. What browsers could
// run is a download.
func contentType(head []byte) string {
	t, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch {
	case t == "text/html", t == "text/xml", t == "image/svg+xml":
		return "application/octet-stream"
	}
	return t
}

// cleanFileName returns the last part of a name, without what no file system likes.
func cleanFileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, "_"), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"|?*`, r) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '_'
		}
		return r
	}, strings.TrimSpace(name))
	if name = clip(strings.Trim(name, ". "), 200); name == "" || name == "/" {
		return "file"
	}
	return name
}

// Files returns the files of a thing, the newest first.
func (s *Store) Files(ctx context.Context, owner Thing) ([]File, error) {
	var all []File
	if err := s.db.Select(ctx, &all, `SELECT `+fileColumns+` FROM file WHERE owner_kind = ? AND owner_id = ? ORDER BY id DESC LIMIT 500`, owner.Kind, owner.ID); err != nil {
		return nil, fmt.Errorf("read the files of %s: %w", owner, err)
	}
	return all, nil
}

// FileByUID returns one file.
func (s *Store) FileByUID(ctx context.Context, uid string) (File, error) {
	var f File
	if err := s.db.Get(ctx, &f, `SELECT `+fileColumns+` FROM file WHERE uid = ?`, uid); err != nil {
		return File{}, fmt.Errorf("read file: %w", err)
	}
	return f, nil
}

// RemoveFile takes a file away from its thing. Its content is swept a day
// later where nothing else refers to it.
func (s *Store) RemoveFile(ctx context.Context, actor Actor, uid string) error {
	return s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var f File
		if err := tx.Get(ctx, &f, `DELETE FROM file WHERE uid = ? RETURNING `+fileColumns, uid); err != nil {
			return fmt.Errorf("remove file: %w", err)
		}
		// The day that the sweeper leaves begins now, so that an undo finds it.
		if _, err := tx.Exec(ctx, `UPDATE blob SET created_at = ? WHERE digest = ?`, s.stamp(), f.Digest); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: f.OwnerKind, SubjectID: f.OwnerID, Kind: "file_removed", Was: fmt.Sprintf("file:%d", f.ID)})
	})
}
