package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
	"helpdeskd/tracker"
	"helpdeskd/tracker/carry"
)

type verifyCmd struct {
	File string `arg:"" optional:"" help:"A backup to look at, instead of the database." type:"existingfile"`
	cryptFrom
	All bool `help:"Name every check, not only those that found something."`
}

// Run verifies the database of the configuration, or a backup. It changes
// nothing.
func (c verifyCmd) Run(s *session) error {
	if c.File != "" {
		return c.file(s)
	}
	conf, err := s.configuration()
	if err != nil {
		return err
	}
	db, err := s.connect(conf)
	if err != nil {
		return err
	}
	defer db.Close()
	return c.database(s, conf, db)
}

// file reads a backup to its end.
func (c verifyCmd) file(s *session) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	bar := s.progress("reading")
	bar.total(st.Size())
	defer bar.end()
	opened, err := c.open(s, &telling{f, bar})
	if err != nil {
		return err
	}
	begun := time.Now()
	m, err := archive.Read(s.ctx, opened, nil)
	bar.end()
	if err != nil {
		return s.interrupted(fmt.Errorf("%s: %w", c.File, err), "nothing was found so far")
	}
	var rows int64
	for _, t := range m.Tables {
		rows += t.Rows
	}
	fmt.Fprintf(s.out, "%s is whole: the desk as it was on %s, written by %s from %s, schema %d; %d rows in %d tables, %d contents of %s; read in %s\n", c.File, m.TakenAt, m.Program, m.Engine,
		m.Schema, rows, len(m.Tables), m.Blobs.Count, bytesWord(m.Blobs.Bytes), time.Since(begun).Round(time.Second/10))
	if m.HasKey {
		fmt.Fprintln(s.out, "the key file is in it")
	}
	for _, d := range m.Damaged {
		fmt.Fprintf(s.out, "content %s was damaged before the backup: %s\n", d.Digest, d.What)
	}
	if len(m.Damaged) > 0 {
		return fmt.Errorf("%d contents in the backup were damaged before it was made: look for them in an older one", len(m.Damaged))
	}
	return nil
}

// telling tells a bar of what is read.
type telling struct {
	io.Reader
	bar *progress
}

func (t *telling) Read(p []byte) (int, error) {
	n, err := t.Reader.Read(p)
	t.bar.step(int64(n))
	return n, err
}

// database runs every check on one moment of the database.
func (c verifyCmd) database(s *session, conf *config.Config, db *migrations.DB) error {
	release, err := tracker.HoldBlobs(s.ctx, db)
	if err != nil {
		return err
	}
	defer release()
	snap, err := db.Snapshot(s.ctx)
	if err != nil {
		return err
	}
	defer snap.Close()
	have, know, err := db.Version(s.ctx)
	if err != nil {
		return err
	}
	if have < know {
		return fmt.Errorf("the database has the schema %d and this program checks %d: start it once, or run helpdeskd migrate", have, know)
	}
	begun := time.Now()
	v := &verifying{session: s, w: tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0), all: c.All}
	m, err := v.contents(db, snap)
	if err != nil {
		return s.interrupted(err, "nothing was found so far")
	}
	checks, err := migrations.Checks(s.ctx, snap)
	if err != nil {
		return err
	}
	checks = append(append(checks, tracker.Checks(db.Engine)...), inventory.Checks()...)
	bar := s.progress("checking")
	bar.total(int64(len(checks)) << 18)
	defer bar.end()
	for _, check := range checks {
		f, err := migrations.RunCheck(s.ctx, snap, check)
		if err != nil {
			return s.interrupted(err, "not everything was checked")
		}
		v.tell(check.Name, f)
		bar.step(1 << 18)
	}
	bar.end()
	v.key(conf, db)
	v.w.Flush()
	var rows int64
	for _, t := range m.Tables {
		rows += t.Rows
	}
	fmt.Fprintf(s.out, "%d checks of %d rows in %d tables and %d contents of %s, in %s\n", v.checks, rows, len(m.Tables), m.Blobs.Count, bytesWord(m.Blobs.Bytes), time.Since(begun).Round(time.Second/10))
	if len(v.bad) == 0 {
		fmt.Fprintln(s.out, "all is well")
		return nil
	}
	for _, f := range v.bad {
		fmt.Fprintf(s.out, "\n%s: %s\n", f.Check, f.Do)
		for _, e := range f.Examples {
			fmt.Fprintf(s.out, "  %s\n", e)
		}
		if f.Count > len(f.Examples) {
			fmt.Fprintf(s.out, "  … and %d more\n", f.Count-len(f.Examples))
		}
	}
	return fmt.Errorf("%d of %d checks found something wrong", len(v.bad), v.checks)
}

// verifying is a verification under way.
type verifying struct {
	*session
	w      *tabwriter.Writer
	all    bool
	checks int
	bad    []migrations.Finding
}

func (v *verifying) tell(name string, f *migrations.Finding) {
	v.checks++
	switch {
	case f != nil:
		v.bad = append(v.bad, *f)
		fmt.Fprintf(v.w, "WRONG\t%s\t%d\n", name, f.Count)
	case v.all:
		fmt.Fprintf(v.w, "well\t%s\t\n", name)
	}
}

// contents reads every row and every content.
func (v *verifying) contents(db *migrations.DB, snap *migrations.Snapshot) (archive.Manifest, error) {
	bar := v.progress("reading")
	defer bar.end()
	source := &carry.Source{DB: db, Snap: snap, Program: buildVersion(), At: time.Now(), Total: bar.total, Step: bar.step}
	m, err := source.Pour(v.ctx, nil)
	if err != nil {
		return m, err
	}
	const name = "every content is what its name says"
	if len(m.Damaged) == 0 {
		v.tell(name, nil)
		return m, nil
	}
	f := &migrations.Finding{Check: name, Count: len(m.Damaged), Do: "Stop, and restore from the last good backup; helpdeskd verify FILE says which is good. See what the disk did."}
	for _, d := range m.Damaged[:min(5, len(m.Damaged))] {
		owners, err := tracker.BlobOwners(v.ctx, snap, d.Digest)
		if err != nil {
			return m, err
		}
		whose := strings.Join(owners, ", ")
		if whose == "" {
			whose = "nobody's: it may be forgotten"
		}
		f.Examples = append(f.Examples, fmt.Sprintf("%s: %s (%s)", d.Digest, d.What, whose))
	}
	v.tell(name, f)
	return m, nil
}

// key looks whether the key file opens what is sealed.
func (v *verifying) key(conf *config.Config, db *migrations.DB) {
	const name = "the key file opens what is sealed"
	if _, err := tracker.CheckKey(v.ctx, db, conf.KeyFile); err != nil {
		v.tell(name, &migrations.Finding{Check: name, Count: 1, Examples: []string{plain(err)}, Do: "Put the right key file back: " + conf.KeyFile})
		return
	}
	v.tell(name, nil)
}
