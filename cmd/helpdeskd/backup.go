package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
	"helpdeskd/tracker"
	"helpdeskd/tracker/carry"
)

// Exit statuses of backup, restore, verify and move, beside 0 and 1.
const (
	exitDamaged     = 3   // the backup is made, but contents in it were damaged before
	exitInterrupted = 130 // as a shell says it of a program that was interrupted
)

type backupCmd struct {
	File  string `arg:"" help:"The file to write, or - for stdout."`
	Force bool   `help:"Replace the file where there is one."`
	cryptTo
	WithKey bool `help:"Put the key file in as well, without which sealed secrets can not be opened. Only into an encrypted backup."`
}

// Run writes the backup, beside a daemon that runs.
func (c backupCmd) Run(s *session) error {
	conf, err := s.configuration()
	if err != nil {
		return err
	}
	recipients, err := c.recipients(s)
	if err != nil {
		return err
	}
	var key []byte
	if c.WithKey {
		if len(recipients) == 0 {
			return errors.New("--with-key needs --recipient, --recipients-file or --passphrase: who gets hold of database and key can read every secret")
		}
		if key, err = os.ReadFile(conf.KeyFile); err != nil {
			return fmt.Errorf("read the key file: %w", err)
		}
	}
	db, err := s.connect(conf)
	if err != nil {
		return err
	}
	defer db.Close()
	out, err := c.create(s)
	if err != nil {
		return err
	}
	defer out.abandon()
	begun := time.Now()
	m, at, err := c.write(s, db, out, recipients, key)
	if err == nil {
		err = out.finish()
	}
	if err != nil {
		return s.interrupted(err, "nothing was written")
	}
	made := tracker.BackupMade{TakenAt: migrations.At(at), EndedAt: migrations.At(time.Now()), File: out.path, Size: out.n, SHA256: hex.EncodeToString(out.sum.Sum(nil)),
		Encrypted: len(recipients) > 0, Damaged: int64(len(m.Damaged))}
	return c.report(s, conf, db, m, made, time.Since(begun))
}

// connect opens the database as it is, whatever its schema, for commands that
// only read. One that another command left unfinished is refused.
func (s *session) connect(c *config.Config) (*migrations.DB, error) {
	if missing(c.Database) {
		return nil, fmt.Errorf("there is no database at %s", c.Database)
	}
	db, err := migrations.Connect(s.ctx, c.Database.Reveal())
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", c.Database, err)
	}
	have, know, err := db.Version(s.ctx)
	if err == nil && have == 0 {
		err = errors.New("it is empty")
	}
	if err == nil && have > know {
		err = migrations.Invalidf("it was written by a newer helpdeskd (schema %d, this one knows %d): use that version", have, know)
	}
	if err == nil {
		err = db.Refuse(s.ctx)
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("the database %s: %w", c.Database, err)
	}
	return db, nil
}

// write has one moment of the database go into the file.
func (c backupCmd) write(s *session, db *migrations.DB, out io.Writer, to recipients, key []byte) (m archive.Manifest, at time.Time, err error) {
	release, err := tracker.HoldBlobs(s.ctx, db)
	if err != nil {
		return m, at, err
	}
	defer release()
	at = time.Now()
	snap, err := db.Snapshot(s.ctx)
	if err != nil {
		return m, at, err
	}
	defer snap.Close()
	sealed, err := to.seal(out)
	if err != nil {
		return m, at, err
	}
	w, err := archive.NewWriter(sealed)
	if err != nil {
		return m, at, err
	}
	defer w.Close()
	bar := s.progress("backing up")
	defer bar.end()
	source := &carry.Source{DB: db, Snap: snap, Program: buildVersion(), At: at, Key: key, Total: bar.total, Step: bar.step}
	if m, err = source.Pour(s.ctx, w); err != nil {
		return m, at, err
	}
	return m, at, sealed.Close()
}

// report remembers the backup and tells of it.
func (c backupCmd) report(s *session, conf *config.Config, db *migrations.DB, m archive.Manifest, made tracker.BackupMade, took time.Duration) error {
	// Even when the wish to stop came just now: the file is there.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 30*time.Second)
	defer cancel()
	if err := tracker.New(db, tracker.Options{}).RecordBackup(ctx, made); err != nil {
		fmt.Fprintf(s.err, "helpdeskd backup: the backup is made, but the database does not know of it: %s\n", plain(err))
	}
	to := s.out
	if c.File == "-" {
		to = s.err
	}
	var rows int64
	for _, t := range m.Tables {
		rows += t.Rows
	}
	fmt.Fprintf(to, "%s: %s, %d rows in %d tables, %d contents of %s, in %s\nsha256 %s\n", made.File, bytesWord(made.Size), rows, len(m.Tables),
		m.Blobs.Count, bytesWord(m.Blobs.Bytes), took.Round(time.Second/10), made.SHA256)
	if !c.WithKey {
		fmt.Fprintf(to, "The key file %s is NOT in it: keep a copy elsewhere. Without it no sealed secret (mailbox passwords, tokens) can be opened after a restore.\n", conf.KeyFile)
	}
	if !made.Encrypted {
		fmt.Fprintln(to, "It is not encrypted: everybody who can read the file can read every mail. See --recipient and --passphrase.")
	}
	if len(m.Damaged) == 0 {
		return nil
	}
	for i, d := range m.Damaged {
		if i == 20 {
			fmt.Fprintf(s.err, "… and %d more\n", len(m.Damaged)-i)
			break
		}
		fmt.Fprintf(s.err, "content %s: %s\n", d.Digest, d.What)
	}
	return &exitError{exitDamaged, fmt.Errorf("the backup is made, but %d contents were damaged in the database before: look for them in an older backup (helpdeskd verify tells whose they are)", len(m.Damaged))}
}

// outFile is the backup while it is being written: under a name of its own
// until it is whole and on disk.
type outFile struct {
	path  string // where it will be, - for stdout
	part  string
	file  *os.File
	lock  *flock.Flock
	buf   *bufio.Writer
	sum   hash.Hash
	n     int64
	force bool
	done  bool
}

func (c backupCmd) create(s *session) (*outFile, error) {
	o := &outFile{path: c.File, sum: sha256.New(), force: c.Force}
	if c.File == "-" {
		if f, ok := s.out.(*os.File); ok && terminal(f) {
			return nil, errors.New("a backup is nothing to look at: name a file, or lead stdout into one")
		}
		o.buf = bufio.NewWriterSize(s.out, 1<<20)
		return o, nil
	}
	path, err := filepath.Abs(c.File)
	if err != nil {
		return nil, err
	}
	o.path, o.part = path, path+".part"
	if err := o.free(); err != nil {
		return nil, err
	}
	// What a killed one left is written over.
	o.lock = flock.New(o.part, flock.SetPermissions(0o600))
	ok, err := o.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("write the backup: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("another backup is writing %s", path)
	}
	o.file, err = os.OpenFile(o.part, os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		o.lock.Unlock()
		return nil, fmt.Errorf("write the backup: %w", err)
	}
	o.buf = bufio.NewWriterSize(o.file, 1<<20)
	return o, nil
}

// free makes sure that no file is replaced that should not be.
func (o *outFile) free() error {
	_, err := os.Stat(o.path)
	if err == nil && !o.force {
		return fmt.Errorf("%s is there already: name another file, or give --force to replace it", o.path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

// Write counts and digests what it writes.
func (o *outFile) Write(p []byte) (int, error) {
	o.sum.Write(p)
	o.n += int64(len(p))
	return o.buf.Write(p)
}

// finish has the file on disk, and gives it its name.
func (o *outFile) finish() error {
	if err := o.buf.Flush(); err != nil || o.file == nil {
		return err
	}
	if err := o.file.Sync(); err != nil {
		return err
	}
	if err := o.free(); err != nil {
		return err
	}
	if err := os.Rename(o.part, o.path); err != nil {
		return err
	}
	o.done = true
	o.file.Close()
	o.lock.Unlock()
	d, err := os.Open(filepath.Dir(o.path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// abandon leaves nothing behind of a backup that was not finished.
func (o *outFile) abandon() {
	if o.done || o.file == nil {
		return
	}
	os.Remove(o.part)
	o.file.Close()
	o.lock.Unlock()
}

// interrupted gives an error that is only the wish to stop its own status.
func (s *session) interrupted(err error, what string) error {
	if s.ctx.Err() != nil {
		return &exitError{exitInterrupted, errors.New("interrupted: " + what)}
	}
	return err
}

// bytesWord is a number of bytes for people.
func bytesWord(n int64) string {
	f, unit := float64(n), "B"
	for _, u := range []string{"kB", "MB", "GB", "TB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1000, u
	}
	if unit == "B" {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, unit)
}
