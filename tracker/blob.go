package tracker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"helpdeskd/migrations"
)

// SmallBlob is the largest content, in bytes, that is held in a database row.
// Larger ones are files beside SQLite, and chunks in PostgreSQL.
const SmallBlob = 256 << 10

// ChunkSize is how much of a large content a row of blob_chunk holds, in bytes.
const ChunkSize = 1 << 20

// Blob is stored content, open for reading. Its Bytes are valid until Close;
// those of a large one are mapped from a file, not held in memory.
type Blob struct {
	data   []byte
	mapped bool
}

// Bytes returns the whole content, which must not be changed.
func (b *Blob) Bytes() []byte { return b.data }

// Size returns the content's length in bytes.
func (b *Blob) Size() int64 { return int64(len(b.data)) }

// ReadAt reads from an offset, as io.ReaderAt.
func (b *Blob) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(b.data).ReadAt(p, off)
}

// Close releases the content.
func (b *Blob) Close() error {
	if b.mapped {
		b.mapped = false
		d := b.data
		b.data = nil
		return syscall.Munmap(d)
	}
	return nil
}

// Digest returns the name of content: its SHA-256 in hex.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// PutBlob stores a stream of any size and returns its name and length. When
// it returns, the content is on disk. Until something refers to it, it is
// swept after a day.
func (s *Store) PutBlob(ctx context.Context, r io.Reader) (digest string, size int64, err error) {
	head := make([]byte, SmallBlob+1)
	n, err := io.ReadFull(r, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		data := head[:n]
		digest = Digest(data)
		err = s.db.Tx(ctx, func(tx *migrations.Tx) error { return s.putSmallTx(ctx, tx, digest, data) })
		if err != nil {
			return "", 0, fmt.Errorf("store %d bytes: %w", n, err)
		}
		return digest, int64(n), nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("read content to store: %w", err)
	}
	digest, size, err = s.putLarge(ctx, io.MultiReader(bytes.NewReader(head), r))
	if err != nil {
		return "", 0, fmt.Errorf("store large content: %w", err)
	}
	return digest, size, nil
}

// putSmallTx renews created_at of content that is there already, so that the
// sweep leaves it alone while it gains a reference.
func (s *Store) putSmallTx(ctx context.Context, tx *migrations.Tx, digest string, data []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO blob (digest, size, place, data, created_at) VALUES (?, ?, 'row', ?, ?)
		ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at`, digest, int64(len(data)), data, s.stamp())
	return err
}

// putLaterTx is putSmallTx for many at a time; tx.Flush writes them.
func (s *Store) putLaterTx(ctx context.Context, tx *migrations.Tx, digest string, data []byte) error {
	return tx.Later(ctx, `INSERT INTO blob (digest, size, place, data, created_at)`, `ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at`,
		digest, int64(len(data)), "row", data, s.stamp())
}

func (s *Store) putLarge(ctx context.Context, r io.Reader) (digest string, size int64, err error) {
	dir := ""
	if s.db.Engine == migrations.SQLite {
		dir = filepath.Join(s.db.Dir, "blobs", "new")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", 0, err
		}
	}
	f, err := os.CreateTemp(dir, "blob-*")
	if err != nil {
		return "", 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(io.MultiWriter(f, h), r); err != nil {
		return "", 0, err
	}
	digest = hex.EncodeToString(h.Sum(nil))
	if s.db.Engine == migrations.Postgres {
		return digest, size, s.putChunks(ctx, digest, size, f)
	}
	// Written and synced before the row that names it is committed.
	if err := f.Sync(); err != nil {
		return "", 0, err
	}
	final := s.blobFile(digest)
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return "", 0, err
	}
	// Renamed inside the transaction, so that a sweep sees file and row together.
	return digest, size, s.putPlace(ctx, digest, size, "file", func(*migrations.Tx) error {
		if err := os.Rename(f.Name(), final); err != nil {
			return err
		}
		return syncDir(filepath.Dir(final))
	})
}

func (s *Store) putPlace(ctx context.Context, digest string, size int64, place string, store func(tx *migrations.Tx) error) error {
	return s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO blob (digest, size, place, created_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (digest) DO UPDATE SET created_at = excluded.created_at`, digest, size, place, s.stamp())
		if err != nil {
			return err
		}
		return store(tx)
	})
}

func (s *Store) putChunks(ctx context.Context, digest string, size int64, f *os.File) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return s.putPlace(ctx, digest, size, "chunk", func(tx *migrations.Tx) error {
		// Looked at with the blob's row locked: a sweep takes both or none.
		known, err := exists(ctx, tx, `SELECT 1 FROM blob_chunk WHERE digest = ? LIMIT 1`, digest)
		if err != nil || known {
			return err
		}
		buf := make([]byte, ChunkSize)
		for n := 0; ; n++ {
			k, err := io.ReadFull(f, buf)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				return err
			}
			_, err = tx.Exec(ctx, `INSERT INTO blob_chunk (digest, n, data) VALUES (?, ?, ?) ON CONFLICT (digest, n) DO NOTHING`, digest, n, buf[:k])
			if err != nil {
				return err
			}
		}
	})
}

func (s *Store) blobFile(digest string) string { return BlobFile(s.db.Dir, digest) }

// BlobFile returns where large content lies beside an SQLite database, whose
// directory is dir. The digest is its whole name.
func BlobFile(dir, digest string) string { return filepath.Join(dir, "blobs", digest[:2], digest) }

// HoldBlobs keeps the sweep of every process from removing content files until
// the returned function is called or the process ends, for who reads those of
// a snapshot. It waits for a sweep that is under way.
func HoldBlobs(ctx context.Context, db *migrations.DB) (release func(), err error) {
	if db.Engine != migrations.SQLite {
		return func() {}, nil
	}
	l := flock.New(filepath.Join(db.Dir, blobsLock))
	if _, err := l.TryRLockContext(ctx, 50*time.Millisecond); err != nil {
		return nil, fmt.Errorf("hold the contents: %w", err)
	}
	return func() { l.Unlock() }, nil
}

const blobsLock = "blobs.lock"

// mayRemove takes the lock of who removes content files; nil when somebody
// reads them.
func (s *Store) mayRemove() (release func(), err error) {
	if s.db.Engine != migrations.SQLite {
		return func() {}, nil
	}
	l := flock.New(filepath.Join(s.db.Dir, blobsLock))
	ok, err := l.TryLock()
	if err != nil || !ok {
		return nil, err
	}
	return func() { l.Unlock() }, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// OpenBlob opens stored content by its name.
func (s *Store) OpenBlob(ctx context.Context, digest string) (*Blob, error) {
	var row struct {
		Size  int64  `db:"size"`
		Place string `db:"place"`
		Data  []byte `db:"data"`
	}
	err := s.db.Get(ctx, &row, `SELECT size, place, data FROM blob WHERE digest = ?`, digest)
	if err != nil {
		return nil, fmt.Errorf("open content %.12s: %w", digest, err)
	}
	var b *Blob
	switch row.Place {
	case "row":
		return &Blob{data: row.Data}, nil
	case "file":
		b, err = mapFile(s.blobFile(digest))
	default:
		b, err = s.mapChunks(ctx, digest)
	}
	if err != nil {
		return nil, fmt.Errorf("open content %.12s: %w", digest, err)
	}
	if b.Size() != row.Size {
		b.Close()
		return nil, fmt.Errorf("open content %.12s: it has %d bytes instead of %d", digest, b.Size(), row.Size)
	}
	return b, nil
}

// OpenSmall opens those of some contents that lie in a row, with one query for
// all of them. The others are not in the map.
func (s *Store) OpenSmall(ctx context.Context, digests []string) (map[string]*Blob, error) {
	var rows []struct {
		Digest string `db:"digest"`
		Data   []byte `db:"data"`
	}
	if err := selectIn(ctx, s.db, &rows, `SELECT digest, data FROM blob WHERE digest IN (?) AND place = 'row'`, digests); err != nil {
		return nil, fmt.Errorf("open %d contents: %w", len(digests), err)
	}
	open := map[string]*Blob{}
	for _, r := range rows {
		open[r.Digest] = &Blob{data: r.Data}
	}
	return open, nil
}

func (s *Store) mapChunks(ctx context.Context, digest string) (*Blob, error) {
	f, err := os.CreateTemp("", "helpdeskd-blob-*")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	defer os.Remove(f.Name()) // the mapping outlives the name
	for n := 0; ; n++ {
		var part []byte
		err := s.db.Get(ctx, &part, `SELECT data FROM blob_chunk WHERE digest = ? AND n = ?`, digest, n)
		if migrations.KindOf(err) == migrations.NotFound {
			break
		}
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(part); err != nil {
			return nil, err
		}
	}
	return mapFile(f.Name())
}

func mapFile(name string) (*Blob, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() == 0 {
		return &Blob{}, nil
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return &Blob{data: data, mapped: true}, nil
}

// SweepBlobs removes content that nothing has referred to for a day, and
// returns how many pieces went.
func (s *Store) SweepBlobs(ctx context.Context) (int, error) {
	release, err := s.mayRemove()
	if err != nil {
		return 0, fmt.Errorf("look for unreferenced content: %w", err)
	}
	if release == nil { // a backup is reading: another time
		return 0, nil
	}
	defer release()
	return s.sweep(ctx, migrations.At(s.Now().Add(-24*time.Hour)))
}

// unreferenced is content that nothing refers to.
const unreferenced = `NOT EXISTS (SELECT 1 FROM inbox i WHERE i.digest = blob.digest)
	AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.digest = blob.digest)
	AND NOT EXISTS (SELECT 1 FROM file f WHERE f.digest = blob.digest)
	AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.digest = blob.digest AND o.digest <> '')`

// sweep removes content that nothing has referred to since before; for who
// holds the lock of who removes files.
func (s *Store) sweep(ctx context.Context, before migrations.Stamp) (int, error) {
	var dead []struct {
		Digest string `db:"digest"`
		Place  string `db:"place"`
	}
	err := s.db.Select(ctx, &dead, `SELECT digest, place FROM blob WHERE created_at < ? AND `+unreferenced+` ORDER BY created_at LIMIT 500`, before)
	if err != nil {
		return 0, fmt.Errorf("look for unreferenced content: %w", err)
	}
	swept := 0
	for _, d := range dead {
		err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
			n, err := tx.Exec(ctx, `DELETE FROM blob WHERE digest = ? AND created_at < ? AND `+unreferenced, d.Digest, before)
			if err != nil || n == 0 {
				return err
			}
			if _, err := tx.Exec(ctx, `DELETE FROM blob_chunk WHERE digest = ?`, d.Digest); err != nil {
				return err
			}
			swept++
			if d.Place != "file" {
				return nil
			}
			// Before the commit: a crash between leaves a row that nothing names,
			// and no file that nothing knows. putLarge renames in a transaction too.
			if err := os.Remove(s.blobFile(d.Digest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		})
		if err != nil {
			return swept, fmt.Errorf("sweep content: %w", err)
		}
	}
	return swept, nil
}

// let is when erased content was made, for the sweep: long ago.
const let migrations.Stamp = 1

// dropBlobsTx removes content that nothing refers to any more; files, which
// are no part of the transaction, after its commit.
func (s *Store) dropBlobsTx(ctx context.Context, tx *migrations.Tx, digests []string) error {
	files := false
	for _, digest := range digests {
		if digest == "" {
			continue
		}
		n, err := tx.Exec(ctx, `DELETE FROM blob WHERE digest = ? AND place <> 'file' AND `+unreferenced, digest)
		if err == nil && n > 0 {
			_, err = tx.Exec(ctx, `DELETE FROM blob_chunk WHERE digest = ?`, digest)
		}
		if err == nil && n == 0 {
			n, err = tx.Exec(ctx, `UPDATE blob SET created_at = ? WHERE digest = ? AND place = 'file' AND `+unreferenced, let, digest)
			files = files || n > 0
		}
		if err != nil {
			return fmt.Errorf("remove content: %w", err)
		}
	}
	if files {
		tx.AfterCommit(func() {
			if err := s.sweepErased(context.WithoutCancel(ctx)); err != nil {
				s.log.Warn("the file of something erased stays, trying again", slog.Any("error", err))
			}
		})
	}
	return nil
}

// sweepErased removes the files of what was erased. What a crash, or a backup
// that reads files, leaves is swept within the hour.
func (s *Store) sweepErased(ctx context.Context) error {
	release, err := s.mayRemove()
	if err != nil || release == nil {
		return err
	}
	defer release()
	_, err = s.sweep(ctx, let+1)
	return err
}

// emptiedTx has mails of the inbox name no content: what they were is gone.
func (s *Store) emptiedTx(ctx context.Context, tx *migrations.Tx, condition string, args ...any) error {
	if err := s.putSmallTx(ctx, tx, Digest(nil), []byte{}); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE inbox SET digest = ?, erased_at = COALESCE(erased_at, ?) WHERE `+condition, append([]any{Digest(nil), s.stamp()}, args...)...)
	if err != nil {
		return fmt.Errorf("empty mails of the inbox: %w", err)
	}
	return nil
}
