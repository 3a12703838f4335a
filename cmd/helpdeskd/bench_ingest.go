//go:build linux

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"helpdeskd/cmd/helpdeskd/mailgen"
	"helpdeskd/ingest/imaptest"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

type benchIngestCmd struct {
	benchPlace
	Messages int    `help:"How many mails wait in the mailbox." default:"5000"`
	Size     int    `help:"Bytes that a mail has at least." default:"4000"`
	Single   int    `help:"How many new mails are then delivered one by one, to see how long each takes." default:"100"`
	IMAP     string `help:"An IMAP server without TLS on this machine, host:port; its mailbox is filled. Where nothing is said a Dovecot is started." placeholder:"ADDR"`
	User     string `help:"The user at --imap." default:"help"`
	Password string `help:"The password at --imap." default:"secret"`
}

// Run measures mail coming in.
func (c benchIngestCmd) Run(s *session) error {
	b, done, err := c.prepare(s)
	if err != nil {
		return err
	}
	defer done()
	box, stop, err := c.mailbox(b)
	if err != nil {
		return err
	}
	defer stop()
	g := mailgen.New(uint64(time.Now().UnixNano()), benchAddress, c.Messages, mailgen.Mix{Plain: true}, time.Now())
	g.Size = c.Size
	total, err := c.deliver(b, box, g)
	if err != nil {
		return err
	}
	figure(b.out, "mails waiting", "%d of %d bytes on average", c.Messages, total/int64(max(1, c.Messages)))
	bare, err := box.fetchAll()
	if err != nil {
		return err
	}
	figure(b.out, "bare fetching from the IMAP server", "%.0f a second", float64(c.Messages)/bare.Seconds())
	return c.measure(b, box, g)
}

// measure runs helpdeskd on the full mailbox, then delivers single mails.
func (c benchIngestCmd) measure(b *bench, box *benchBox, g *mailgen.Generator) error {
	out, err := newDrain(nil)
	if err != nil {
		return err
	}
	defer out.server.Close()
	st, _, err := b.store(b.ctx)
	if err != nil {
		return err
	}
	defer st.DB().Close()
	var last int64
	if err := st.DB().Get(b.ctx, &last, `SELECT COALESCE(MAX(id), 0) FROM inbox`); err != nil {
		return fmt.Errorf("look at the inbox: %w", err)
	}
	d, err := b.serve(box.endpoint, out.endpoint, 25)
	if err != nil {
		return err
	}
	defer d.stop()
	if err := c.backlog(b, d, st, last); err != nil {
		return err
	}
	figure(b.out, "peak memory (VmHWM)", "%.0f MB", float64(d.memory("VmHWM"))/1e6)
	return c.singles(b, d, st, box, g)
}

// backlog waits for the waiting mails, and says how fast they became tickets.
func (c benchIngestCmd) backlog(b *bench, d *served, st *tracker.Store, last int64) error {
	step, end := b.bar("mails to tickets", c.Messages)
	seen := 0
	err := d.await(b.ctx, 200*time.Millisecond, 30*time.Minute, "mail still waits", func() (bool, error) {
		var n int
		if err := st.DB().Get(b.ctx, &n, `SELECT COUNT(*) FROM inbox WHERE id > ? AND state = 'done'`, last); err != nil {
			return false, err
		}
		step(n - seen)
		seen = n
		return n >= c.Messages, nil
	})
	end()
	if err != nil {
		return err
	}
	var t struct {
		First   migrations.Stamp `db:"first"`
		Kept    migrations.Stamp `db:"kept"`
		Done    migrations.Stamp `db:"done"`
		Tickets int              `db:"tickets"`
	}
	err = st.DB().Get(b.ctx, &t, `SELECT MIN(kept_at) AS first, MAX(kept_at) AS kept, MAX(done_at) AS done, COUNT(DISTINCT ticket_id) AS tickets FROM inbox WHERE id > ?`, last)
	if err != nil {
		return fmt.Errorf("read the times: %w", err)
	}
	var acks int
	if err := st.DB().Get(b.ctx, &acks, `SELECT COUNT(*) FROM outbox o JOIN inbox i ON i.ticket_id = o.ticket_id WHERE i.id > ? AND o.kind = 'ack'`, last); err != nil {
		return fmt.Errorf("count acknowledgements: %w", err)
	}
	figure(b.out, "", "%d tickets, %d acknowledgements, on %s with %d tickets before", t.Tickets, acks, b.engine(), c.Tickets)
	whole := t.Done.Time().Sub(d.began)
	work := t.Done.Time().Sub(t.First.Time())
	figure(b.out, "from the start of the process to the last ticket", "%.2f s, %.0f mails a second", whole.Seconds(), float64(c.Messages)/whole.Seconds())
	figure(b.out, "from the first kept mail to the last ticket", "%.2f s, %.0f mails a second", work.Seconds(), float64(c.Messages)/work.Seconds())
	figure(b.out, "processor time of helpdeskd", "%.2f s, %.2f ms a mail", d.cpu().Seconds(), 1000*d.cpu().Seconds()/float64(c.Messages))
	begun := time.Now()
	err = d.await(b.ctx, 50*time.Millisecond, 10*time.Minute, "mail is not moved", func() (bool, error) {
		var n int
		err := st.DB().Get(b.ctx, &n, `SELECT COUNT(*) FROM inbox WHERE id > ? AND moved_at IS NULL`, last)
		return n == 0, err
	})
	if err == nil {
		figure(b.out, "then until all were moved", "%.2f s", time.Since(begun).Seconds())
	}
	return err
}

// singles delivers mails one by one into a mailbox at rest.
func (c benchIngestCmd) singles(b *bench, d *served, st *tracker.Store, box *benchBox, g *mailgen.Generator) error {
	if c.Single == 0 {
		return nil
	}
	if err := d.await(b.ctx, 200*time.Millisecond, 10*time.Minute, "the index is not done", func() (bool, error) {
		n, err := unindexed(b.ctx, st)
		return n == 0, err
	}); err != nil {
		return err
	}
	step, end := b.bar("single mails", c.Single)
	var took []time.Duration
	for i := range c.Single {
		m := g.Next()
		sum := sha256.Sum256(m.Raw)
		digest := hex.EncodeToString(sum[:])
		begun := time.Now()
		if err := box.deliver(m.Raw); err != nil {
			return err
		}
		if err := d.await(b.ctx, 2*time.Millisecond, time.Minute, "a new mail is no ticket", func() (bool, error) {
			var n int
			err := st.DB().Get(b.ctx, &n, `SELECT COUNT(*) FROM inbox WHERE digest = ? AND state = 'done' AND ticket_id IS NOT NULL`, digest)
			return n > 0, err
		}); err != nil {
			return err
		}
		took = append(took, time.Since(begun))
		step(1)
		// Not in step with anything that the server or the poller does by the clock.
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(time.Duration(50+(i*137)%400) * time.Millisecond):
		}
	}
	end()
	slices.Sort(took)
	figure(b.out, "a new mail is a ticket within", "p50 %d ms, p95 %d ms, worst %d ms of %d",
		quantile(took, 0.5).Milliseconds(), quantile(took, 0.95).Milliseconds(), took[len(took)-1].Milliseconds(), len(took))
	return nil
}

// benchBox is the mailbox that is measured.
type benchBox struct {
	endpoint
	dovecot *imaptest.Server // nil for another's server
}

// mailbox finds or starts the IMAP server.
func (c benchIngestCmd) mailbox(b *bench) (*benchBox, func(), error) {
	if c.IMAP != "" {
		host, port, err := net.SplitHostPort(c.IMAP)
		if err != nil {
			return nil, nil, fmt.Errorf("--imap: %w", err)
		}
		p, err := strconv.Atoi(port)
		if err != nil {
			return nil, nil, fmt.Errorf("--imap: %q is no port", port)
		}
		return &benchBox{endpoint: endpoint{Host: host, Port: p, User: c.User, Password: c.Password}}, func() {}, nil
	}
	// Dovecot runs as somebody else where we are root: its folder is not in ours.
	dir := filepath.Join(filepath.Dir(b.dir), filepath.Base(b.dir)+"-dovecot")
	s, stop, err := startDovecot(b.ctx, dir, c.User, c.Password)
	if errors.Is(err, imaptest.ErrMissing) {
		return nil, nil, fmt.Errorf("%w, or name a server with --imap", err)
	}
	if err != nil {
		return nil, nil, err
	}
	return &benchBox{endpoint: endpoint{Host: s.Host, Port: s.Port, User: c.User, Password: c.Password}, dovecot: s}, stop, nil
}

// deliver fills the mailbox, and returns how many bytes went in.
func (c benchIngestCmd) deliver(b *bench, box *benchBox, g *mailgen.Generator) (int64, error) {
	step, end := b.bar(fmt.Sprintf("delivering %d mails", c.Messages), c.Messages)
	defer end()
	total := int64(0)
	for range c.Messages {
		m := g.Next()
		total += int64(len(m.Raw))
		if err := box.deliver(m.Raw); err != nil {
			return 0, err
		}
		step(1)
		if b.ctx.Err() != nil {
			return 0, b.ctx.Err()
		}
	}
	return total, nil
}

func (x *benchBox) dial() (*imapclient.Client, error) {
	c, err := imapclient.DialInsecure(net.JoinHostPort(x.Host, strconv.Itoa(x.Port)), nil)
	if err != nil {
		return nil, fmt.Errorf("connect to the IMAP server: %w", err)
	}
	if err := c.Login(x.User, x.Password).Wait(); err != nil {
		c.Close()
		return nil, fmt.Errorf("sign in at the IMAP server: %w", err)
	}
	return c, nil
}

// deliver puts a mail into the inbox: into Dovecot's folder as a delivery
// agent would, into another's server by APPEND.
func (x *benchBox) deliver(raw []byte) error {
	if x.dovecot != nil {
		return x.dovecot.Deliver(x.User, "INBOX", raw, time.Time{})
	}
	c, err := x.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	cmd := c.Append("INBOX", int64(len(raw)), nil)
	if _, err := cmd.Write(raw); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	if err := cmd.Close(); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	_, err = cmd.Wait()
	return err
}

// fetchAll reads every mail as the poller must, does nothing with it, and
// returns how long that took.
func (x *benchBox) fetchAll() (time.Duration, error) {
	c, err := x.dial()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if _, err := c.Select("INBOX", nil).Wait(); err != nil {
		return 0, fmt.Errorf("select: %w", err)
	}
	begun := time.Now()
	var all imap.UIDSet
	all.AddRange(1, 0)
	cmd := c.Fetch(all, &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true, Flags: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		if _, err := m.Collect(); err != nil {
			return 0, errors.Join(fmt.Errorf("fetch: %w", err), cmd.Close())
		}
	}
	if err := cmd.Close(); err != nil {
		return 0, fmt.Errorf("fetch: %w", err)
	}
	return time.Since(begun), nil
}
