package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
	"helpdeskd/tracker"
	"helpdeskd/tracker/carry"
	"helpdeskd/tracker/erased"
	"helpdeskd/tracker/seal"
)

type restoreCmd struct {
	File   string   `arg:"" help:"The backup." type:"existingfile"`
	Force  bool     `help:"Replace a database that is in use; asks you to type a word first."`
	Erased []string `help:"Journals of erasures of other nodes (the file erased in their data_dir): what they say was erased after the backup is erased again. This node's is always applied." type:"existingfile" placeholder:"FILE"`
	cryptFrom
	quietFor
}

// quietFor is for commands that must be alone on a database.
type quietFor struct {
	LeaseWait time.Duration `hidden:"" default:"17s" help:"How long a lease must be silent before its holder counts as dead."`
}

// Run restores the backup into the database of the configuration.
func (c restoreCmd) Run(s *session) error {
	conf, err := s.configuration()
	if err != nil {
		return err
	}
	place, err := openPlace(conf.DataDir)
	if err != nil {
		return err
	}
	defer place.Close()
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	opened, err := c.open(s, f)
	if err != nil {
		return err
	}
	head, err := archive.ReadHead(opened)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	taken, err := time.Parse(time.RFC3339, head.TakenAt)
	if err != nil {
		return fmt.Errorf("%s: it does not say when it was made: %w", c.File, err)
	}
	if err := c.mayReplace(s, conf, taken); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if opened, err = c.open(s, f); err != nil {
		return err
	}
	r := &restoring{session: s, conf: conf, file: opened, head: head, taken: taken, journals: c.Erased}
	a := carry.Arrival{DSN: conf.Database.Reveal(), Schema: head.Schema, Replace: c.Force, Fill: r.fill, After: r.after,
		Mark: migrations.Closed{Reason: migrations.ClosedRestoring, Other: filepath.Base(c.File), At: migrations.At(time.Now())}}
	aside, err := a.Run(s.ctx)
	r.bar.end()
	if errors.Is(err, carry.ErrInUse) {
		return fmt.Errorf("%s is not empty: name an empty database in the configuration, or give --force to replace this one", conf.Database)
	}
	if err != nil {
		return s.interrupted(fmt.Errorf("%s: %w", c.File, err), "the database is as it was, or says that it is unfinished; run the command again")
	}
	return r.report(aside)
}

// mayReplace makes sure that nobody works on the database, and has a person
// type a word before one that is in use is replaced.
func (c restoreCmd) mayReplace(s *session, conf *config.Config, taken time.Time) error {
	if missing(conf.Database) {
		return nil
	}
	db, err := migrations.Connect(s.ctx, conf.Database.Reveal())
	if err != nil {
		return fmt.Errorf("open the database %s: %w", conf.Database, err)
	}
	defer db.Close()
	if err := s.nobodyWorks(db, c.LeaseWait); err != nil {
		return err
	}
	used, err := carry.InUse(s.ctx, db)
	if err != nil || !used || !c.Force {
		return err
	}
	// What was erased in it may not be in the journal yet.
	if key, err := seal.Read(conf.KeyFile); err == nil {
		if err := tracker.New(db, tracker.Options{Erased: journal(conf, key)}).SyncErased(s.ctx); err != nil {
			fmt.Fprintf(s.err, "what was erased in the database that is replaced could not be read: %v\n", err)
		}
	}
	fmt.Fprintf(s.err, "%s is in use. Everything in it is replaced by what was on %s; what came later is lost.\nType the word replace to go on: ", conf.Database, taken.Format("2006-01-02 15:04 UTC"))
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != "replace" {
		return errors.New("nothing was changed")
	}
	return nil
}

// nobodyWorks waits until it is sure that no node holds a lease and lives.
func (s *session) nobodyWorks(db *migrations.DB, wait time.Duration) error {
	tables, err := migrations.Tables(s.ctx, db)
	if err != nil || len(tables) == 0 {
		return err
	}
	st := tracker.New(db, tracker.Options{})
	first, err := st.Leases(s.ctx)
	if err != nil {
		return err
	}
	held := map[tracker.LeaseState]bool{}
	for _, l := range first {
		if l.Holder != "" {
			held[l] = true
		}
	}
	if len(held) == 0 {
		return nil
	}
	fmt.Fprintf(s.err, "looking for %s whether a helpdeskd is at work on this database…\n", wait.Round(time.Second))
	tick := time.NewTicker(min(time.Second, wait/4+time.Millisecond))
	defer tick.Stop()
	end := time.After(wait)
	for {
		now, err := st.Leases(s.ctx)
		if err != nil {
			return err
		}
		for _, l := range now {
			if l.Holder != "" && !held[l] {
				return fmt.Errorf("a helpdeskd (node %s) is at work on this database: stop it first", l.HolderNode())
			}
		}
		select {
		case <-s.ctx.Done():
			return s.interrupted(s.ctx.Err(), "nothing was changed")
		case <-tick.C:
		case <-end:
			return nil
		}
	}
}

// restoring is a restore under way.
type restoring struct {
	*session
	conf     *config.Config
	file     io.Reader
	head     archive.Head
	taken    time.Time
	bar      *progress
	manifest archive.Manifest
	done     tracker.Restored
	mended   []string
	key      []byte
	journals []string // of erasures, of other nodes
	erased   int
}

func (r *restoring) fill(db *migrations.DB, l *migrations.Load) (err error) {
	r.bar = r.progress("restoring")
	var units int64
	for _, t := range r.head.Tables {
		units += t.Rows * carry.RowUnits
	}
	r.bar.total(units + r.head.Blobs.Bytes)
	to := carry.NewTarget(r.ctx, db, l, r.bar.step)
	r.manifest, err = archive.Read(r.ctx, r.file, to)
	r.mended, r.key = to.Mended(), to.KeyFile
	return err
}

func (r *restoring) after(db *migrations.DB, before []tracker.LeaseState) (err error) {
	st := tracker.New(db, tracker.Options{})
	if r.done, err = st.AfterRestore(r.ctx, r.taken, before); err != nil {
		return err
	}
	return r.eraseAgain(db)
}

// eraseAgain erases what was erased after the backup, before anybody sees it.
func (r *restoring) eraseAgain(db *migrations.DB) error {
	key, err := seal.Read(r.conf.KeyFile)
	if errors.Is(err, fs.ErrNotExist) && r.key != nil {
		key, err = seal.Parse(r.key)
	}
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := erased.Read(filepath.Join(r.conf.DataDir, erased.FileName))
		if err == nil && len(entries) == 0 && len(r.journals) == 0 {
			return nil
		}
		return errors.Join(err, fmt.Errorf("what was erased after the backup must be erased again, and the journal of it can only be read with the key file %s: put that back first", r.conf.KeyFile))
	}
	if err != nil {
		return err
	}
	st := tracker.New(db, tracker.Options{Erased: journal(r.conf, key)})
	inventory.New(st) // which keeps things of people, too
	bar := r.progress("erasing again")
	defer bar.end()
	r.erased, err = st.ReapplyErasures(r.ctx, r.journals, bar.of())
	return err
}

// report tells what was done and what is left to do.
func (r *restoring) report(aside string) error {
	fmt.Fprintf(r.out, "restored %s as it was on %s: %d contents of %s, schema %d\n", r.conf.Database, r.taken.Format("2006-01-02 15:04 UTC"),
		r.manifest.Blobs.Count, bytesWord(r.manifest.Blobs.Bytes), r.head.Schema)
	if aside != "" {
		fmt.Fprintf(r.out, "the former database is kept as %s: delete it when you are sure\n", aside)
	}
	fmt.Fprintf(r.out, "the next ticket is HD-%d, so that no number is given twice\n", r.done.NextTicket)
	if r.erased > 0 {
		fmt.Fprintf(r.out, "erased again: %d people and tickets that were erased after the backup\n", r.erased)
	}
	if r.done.Held > 0 {
		fmt.Fprintf(r.out, "%d mails are held, as they may have been sent after the backup: decide on them on the site, under Mail\n", r.done.Held)
	}
	if len(r.mended) > 0 {
		fmt.Fprintf(r.out, "characters that PostgreSQL can not hold were replaced in: %s\n", strings.Join(r.mended, ", "))
	}
	if err := r.keepKey(); err != nil {
		return err
	}
	for _, d := range r.manifest.Damaged {
		fmt.Fprintf(r.err, "content %s was damaged before the backup: %s\n", d.Digest, d.What)
	}
	if err := r.session.index(r.conf); err != nil {
		return err
	}
	fmt.Fprintln(r.out, "next: helpdeskd verify, then start helpdeskd")
	if len(r.manifest.Damaged) > 0 {
		return &exitError{exitDamaged, fmt.Errorf("all was restored, but %d contents were damaged before the backup", len(r.manifest.Damaged))}
	}
	return nil
}

// keepKey writes the key file that came with the backup, never over another one.
func (r *restoring) keepKey() error {
	if r.key == nil {
		return nil
	}
	have, err := os.ReadFile(r.conf.KeyFile)
	switch {
	case err == nil && bytes.Equal(have, r.key):
		return nil
	case err == nil:
		path := r.conf.KeyFile + ".restored"
		if err := os.WriteFile(path, r.key, 0o600); err != nil {
			return fmt.Errorf("keep the key of the backup: %w", err)
		}
		fmt.Fprintf(r.out, "the key file %s is another one than that of the backup, which is now %s: the restored secrets need that one\n", r.conf.KeyFile, path)
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("keep the key of the backup: %w", err)
	}
	if err := os.WriteFile(r.conf.KeyFile, r.key, 0o600); err != nil {
		return fmt.Errorf("keep the key of the backup: %w", err)
	}
	fmt.Fprintf(r.out, "the key file came with the backup, and is %s\n", r.conf.KeyFile)
	return nil
}

// index fills the search index. It may be interrupted: the daemon goes on.
func (s *session) index(conf *config.Config) error {
	db, err := migrations.Open(s.ctx, conf.Database.Reveal())
	if err != nil {
		return err
	}
	defer db.Close()
	st := tracker.New(db, tracker.Options{})
	inventory.New(st) // which tells the index of its things
	var left int64
	count := func(ctx context.Context) (n int64, err error) {
		return n, db.Get(ctx, &n, `SELECT COUNT(*) FROM search_queue`)
	}
	if left, err = count(s.ctx); err != nil || left == 0 {
		return err
	}
	bar := s.progress("indexing")
	bar.total(left << 18) // a step is shown at once
	defer bar.end()
	done := make(chan error, 1)
	go func() {
		_, err := st.IndexPending(s.ctx, nil)
		done <- err
	}()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			bar.end()
			if s.ctx.Err() != nil {
				fmt.Fprintln(s.out, "search is not complete yet: helpdeskd goes on with it when it runs")
				return nil
			}
			return err
		case <-tick.C:
			if n, err := count(s.ctx); err == nil {
				bar.step((left - n) << 18)
				left = n
			}
		}
	}
}
