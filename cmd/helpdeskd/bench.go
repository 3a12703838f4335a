//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"helpdeskd/cmd/helpdeskd/config"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/seal"
)

// benchCmd measures this machine with this program. Every measurement runs
// `helpdeskd serve` as a process of its own, as people would, and says what
// it did; docs/performance.md explains the figures.
type benchCmd struct {
	Seed   benchSeedCmd   `cmd:"" help:"Fill a database with believable requests of the past."`
	Ingest benchIngestCmd `cmd:"" help:"Mail: messages a second from an IMAP server to tickets with their acknowledgements queued, beside the bare rate of fetching them; then how long one new mail takes."`
	Web    benchWebCmd    `cmd:"" help:"Pages: start time, first page, idle memory."`
	Reply  benchReplyCmd  `cmd:"" help:"Mail out: how long a technician's reply takes behind queued acknowledgements."`
}

// benchPlace is where a measurement happens.
type benchPlace struct {
	Database string `help:"The database: sqlite:PATH or postgres://… It is filled and written to: never name one that holds real mail. A temporary SQLite where nothing is said." placeholder:"DSN"`
	Tickets  int    `help:"How many tickets are already there; missing ones are made first." default:"100000"`
	Assets   int    `help:"How many assets there are; missing ones are made first." default:"0"`
	Messages int    `name:"talk" help:"How many messages the tickets that are made have on average." default:"2"`
}

const (
	benchAddress  = "help@corp.example"
	benchMailbox  = "help"
	benchAdmin    = "bench@corp.example"
	benchPassword = "four quiet bicycles"
)

// bench is a place that has been made ready.
type bench struct {
	*session
	dir  string // of everything temporary
	dsn  config.DSN
	bars *mpb.Progress // nil where stderr is no terminal
}

// prepare makes the place ready. Call the function that it returns at the end.
func (p benchPlace) prepare(s *session) (*bench, func(), error) {
	dir, err := os.MkdirTemp("", "helpdeskd-bench-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	b := &bench{session: s, dir: dir, dsn: config.DSN(p.Database)}
	if b.dsn == "" {
		b.dsn = config.DSN("sqlite:" + filepath.Join(b.data(), "helpdeskd.db"))
	}
	if f, ok := s.err.(*os.File); ok && terminal(f) {
		b.bars = mpb.NewWithContext(s.ctx, mpb.WithOutput(f), mpb.WithWidth(50))
	}
	done := func() {
		if b.bars != nil {
			b.bars.Shutdown()
		}
		os.RemoveAll(dir)
	}
	if err := b.layKey(); err != nil {
		done()
		return nil, nil, err
	}
	if err := b.fill(p.Tickets, p.Messages, p.Assets); err != nil {
		done()
		return nil, nil, err
	}
	return b, done, nil
}

// layKey lays a key file into the data folder. Every measurement has the same,
// since one database serves for many of them and the folders are temporary.
func (b *bench) layKey() error {
	secret := sha256.Sum256([]byte("no secret: a database to measure with holds none"))
	err := os.MkdirAll(b.data(), 0o700)
	if err == nil {
		err = os.WriteFile(b.keyFile(), seal.Text(secret[:]), 0o600)
	}
	if err != nil {
		return fmt.Errorf("lay the key file: %w", err)
	}
	return nil
}

func (b *bench) data() string    { return filepath.Join(b.dir, "data") }
func (b *bench) keyFile() string { return filepath.Join(b.data(), "key") }

// bar shows progress on a terminal; step is called with what was done since.
func (b *bench) bar(what string, total int) (step func(n int), end func()) {
	if b.bars == nil {
		fmt.Fprintf(b.err, "%s…\n", what)
		return func(int) {}, func() {}
	}
	bar := b.bars.AddBar(int64(total),
		mpb.PrependDecorators(decor.Name(what, decor.WCSyncSpaceR), decor.CountersNoUnit("%d/%d", decor.WCSyncSpace)),
		mpb.AppendDecorators(decor.AverageSpeed(0, "%.0f/s", decor.WCSyncSpace), decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace)))
	return func(n int) { bar.IncrBy(n) }, func() { bar.SetTotal(-1, true); bar.Wait() }
}

// store opens the tracker on the bench's database, with its mailbox and an
// account to sign in with.
func (b *bench) store(ctx context.Context) (*tracker.Store, tracker.Mailbox, error) {
	st, err := b.openBriefly(ctx, &config.Config{Database: b.dsn, KeyFile: b.keyFile()}, tracker.Options{})
	if err != nil {
		return nil, tracker.Mailbox{}, err
	}
	box, err := st.OpenMailbox(ctx, benchMailbox, benchAddress, tracker.Begin{Everything: true})
	if err != nil {
		st.DB().Close()
		return nil, tracker.Mailbox{}, err
	}
	_, err = st.AccountByEmail(ctx, benchAdmin)
	if migrations.KindOf(err) == migrations.NotFound {
		_, err = st.CreateAccount(ctx, tracker.Actor{}, tracker.NewAccount{Email: benchAdmin, Name: "Bench", Role: tracker.Admin, Notify: tracker.NotifyNone, Password: benchPassword})
	}
	if err != nil {
		st.DB().Close()
		return nil, tracker.Mailbox{}, err
	}
	return st, box, nil
}

// figure prints one line of figures.
func figure(w io.Writer, what, format string, args ...any) {
	fmt.Fprintf(w, "%-44s %s\n", what, fmt.Sprintf(format, args...))
}

// engine says which database is measured, without its password.
func (b *bench) engine() string {
	u, err := url.Parse(string(b.dsn))
	if err != nil || u.Scheme == "sqlite" {
		return "SQLite"
	}
	return "PostgreSQL"
}

// quantile returns the q-quantile of sorted durations.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
