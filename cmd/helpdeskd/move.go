package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/migrations"
	"helpdeskd/migrations/archive"
	"helpdeskd/tracker"
	"helpdeskd/tracker/carry"
)

type moveCmd struct {
	To   string `help:"The database to move to: sqlite:PATH or postgres://…; it must be empty." placeholder:"DSN" env:"HELPDESKD_MOVE_TO"`
	Keep bool   `help:"Leave this database as it is, instead of marking it as moved: only to try the other one out, since mails would be taken twice."`
	Undo bool   `help:"Open a database again that was marked as moved."`
	quietFor
}

// Run moves the database of the configuration.
func (c moveCmd) Run(s *session) error {
	conf, err := s.configuration()
	if err != nil {
		return err
	}
	if (c.To == "") == !c.Undo {
		return &exitError{2, errors.New("give --to with the database to move to, or --undo")}
	}
	if missing(conf.Database) {
		return fmt.Errorf("there is no database at %s", conf.Database)
	}
	place, err := openPlace(conf.DataDir)
	if err != nil {
		return err
	}
	defer place.Close()
	db, err := migrations.Connect(s.ctx, conf.Database.Reveal())
	if err != nil {
		return fmt.Errorf("open the database %s: %w", conf.Database, err)
	}
	defer db.Close()
	if c.Undo {
		return c.undo(s, conf, db)
	}
	m := &moving{session: s, conf: conf, from: db, to: config.DSN(c.To), keep: c.Keep}
	if m.same() {
		return errors.New("--to names the very database that is to be moved")
	}
	closed, err := db.Closed(s.ctx)
	if err != nil {
		return err
	}
	if closed != nil && closed.Reason == migrations.ClosedMoved && closed.Other == m.to.String() {
		return m.settle() // all but the last step was done before
	}
	if err := db.Refuse(s.ctx); err != nil {
		return fmt.Errorf("the database %s: %w", conf.Database, err)
	}
	if err := db.Migrate(s.ctx); err != nil {
		return err
	}
	if err := s.nobodyWorks(db, c.LeaseWait); err != nil {
		return err
	}
	if err := m.run(); err != nil {
		return s.interrupted(err, "this database is as it was, and the other one is empty or says that it is unfinished; run the command again")
	}
	return nil
}

func (c moveCmd) undo(s *session, conf *config.Config, db *migrations.DB) error {
	closed, err := db.Closed(s.ctx)
	if err != nil {
		return err
	}
	if closed == nil || closed.Reason != migrations.ClosedMoved {
		return fmt.Errorf("%s is not marked as moved: nothing was changed", conf.Database)
	}
	if err := db.Reopen(s.ctx); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s is open again. What was done since %s in %s is not in it: stop every helpdeskd there first.\n", conf.Database, closed.At.Time().Format("2006-01-02 15:04 UTC"), closed.Other)
	return nil
}

// moving is a move under way.
type moving struct {
	*session
	conf *config.Config
	from *migrations.DB
	to   config.DSN
	keep bool
	snap *migrations.Snapshot
	bar  *progress
	sent archive.Manifest // what was there
	came archive.Manifest // what arrived
	mend []string
}

func (m *moving) same() bool {
	a, b := m.conf.Database.File(), m.to.File()
	if a == "" || b == "" {
		return m.conf.Database.Reveal() == m.to.Reveal()
	}
	x, err1 := filepath.Abs(a)
	y, err2 := filepath.Abs(b)
	return err1 == nil && err2 == nil && x == y
}

func (m *moving) run() (err error) {
	release, err := tracker.HoldBlobs(m.ctx, m.from)
	if err != nil {
		return err
	}
	defer release()
	if m.snap, err = m.from.Freeze(m.ctx); err != nil {
		return err
	}
	defer m.snap.Close()
	schema, err := migrations.SchemaVersion(m.ctx, m.snap)
	if err != nil {
		return err
	}
	a := carry.Arrival{DSN: m.to.Reveal(), Schema: schema, Stay: true, Fill: m.fill, After: m.after,
		Mark: migrations.Closed{Reason: migrations.ClosedArriving, Other: m.conf.Database.String(), At: migrations.At(time.Now())}}
	_, err = a.Run(m.ctx)
	m.bar.end()
	if errors.Is(err, carry.ErrInUse) {
		return fmt.Errorf("%s is not empty: make an empty database and name that one", m.to)
	}
	if err != nil {
		return err
	}
	m.table()
	if !m.keep {
		if err := m.snap.Leave(m.ctx, migrations.Closed{Reason: migrations.ClosedMoved, Other: m.to.String(), At: migrations.At(time.Now())}); err != nil {
			return err
		}
	}
	return m.settle()
}

func (m *moving) fill(db *migrations.DB, l *migrations.Load) (err error) {
	m.bar = m.progress("moving")
	at := time.Now()
	s := &carry.Source{DB: m.from, Snap: m.snap, Program: buildVersion(), At: at, Plain: db.Engine == migrations.Postgres, Total: func(n int64) { m.bar.total(2 * n) }, Step: m.bar.step}
	m.sent, err = s.Pour(m.ctx, carry.NewTarget(m.ctx, db, l, nil))
	m.mend = s.Mended
	return err
}

// after reads what arrived, and compares it with what was there.
func (m *moving) after(db *migrations.DB, _ []tracker.LeaseState) error {
	snap, err := db.Snapshot(m.ctx)
	if err != nil {
		return err
	}
	s := &carry.Source{DB: db, Snap: snap, Program: buildVersion(), At: time.Now(), Step: m.bar.step}
	m.came, err = s.Pour(m.ctx, nil)
	snap.Close()
	if err != nil {
		return err
	}
	if d := archive.Differ(m.sent, m.came); len(d) > 0 {
		return fmt.Errorf("what arrived is not what was sent: %s. Nothing is lost: this database is as it was. Please report this", strings.Join(d, ", "))
	}
	return tracker.New(db, tracker.Options{}).AfterMove(m.ctx)
}

// table prints what was compared.
func (m *moving) table() {
	w := tabwriter.NewWriter(m.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tROWS\tDIGEST THERE\tDIGEST HERE")
	here := map[string]string{}
	for _, t := range m.came.Tables {
		here[t.Name] = t.Digest
	}
	for _, t := range m.sent.Tables {
		fmt.Fprintf(w, "%s\t%d\t%.16s\t%.16s\n", t.Name, t.Rows, t.Digest, here[t.Name])
	}
	fmt.Fprintf(w, "contents (%s)\t%d\t%.16s\t%.16s\n", bytesWord(m.sent.Blobs.Bytes), m.sent.Blobs.Count, m.sent.Blobs.Digest, m.came.Blobs.Digest)
	w.Flush()
	if len(m.mend) > 0 {
		fmt.Fprintf(m.out, "characters that PostgreSQL can not hold were replaced in: %s\n", strings.Join(m.mend, ", "))
	}
	for _, d := range m.sent.Damaged {
		fmt.Fprintf(m.err, "content %s was damaged before: %s\n", d.Digest, d.What)
	}
}

// settle opens the new database, and says what to change.
func (m *moving) settle() error {
	db, err := migrations.Connect(m.ctx, m.to.Reveal())
	if err != nil {
		return fmt.Errorf("open the database %s: %w", m.to, err)
	}
	defer db.Close()
	closed, err := db.Closed(m.ctx)
	if err != nil {
		return err
	}
	if closed != nil && closed.Reason != migrations.ClosedArriving {
		return fmt.Errorf("the database %s: %w", m.to, db.Refuse(m.ctx))
	}
	if err := db.Reopen(m.ctx); err != nil {
		return err
	}
	there := *m.conf
	there.Database = m.to
	if err := m.session.index(&there); err != nil {
		return err
	}
	fmt.Fprintf(m.out, "moved. Change the configuration (%s) to:\n\n    database = %q\n\nthen run helpdeskd verify, and start helpdeskd.\n", m.conf.Path, m.to.String())
	if !m.keep {
		fmt.Fprintf(m.out, "The former database %s says that it was moved, and is refused from now on; helpdeskd move --undo opens it again.\n", m.conf.Database)
	}
	return nil
}
