package mailer

import (
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker"
)

// TestReplyGoesFirst: behind very many acknowledgements, at the usual rate,
// a technician's reply leaves within five seconds.
func TestReplyGoesFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		n := 20_000
		if testing.Short() {
			n = 500
		}
		b.queue(tracker.MailAck, n)
		server := startSink(t, sinkOptions{})
		m := b.mailer(server.addr)
		run(t, m)
		server.wait(t, 4) // the burst is used up
		for range 2 {
			before := len(server.all())
			asked := time.Now()
			id := b.queue(tracker.MailReply, 1)[0]
			r := b.until(id, tracker.OutboxSent)
			took := r.SentAt.Time().Sub(asked)
			t.Logf("the reply left after %s, behind %d acknowledgements", took.Round(time.Millisecond), n-before)
			if took > 5*time.Second {
				t.Errorf("the reply left after %s", took)
			}
		}
		if s := m.Status(); s.PerMinute != 25 {
			t.Errorf("%+v", s)
		}
	})
}

// TestOvertakes: a server that dawdles over one mail does not keep people's
// replies waiting.
func TestOvertakes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		b := newBench(t, db)
		server := startSink(t, sinkOptions{})
		release := make(chan struct{})
		held := make(chan struct{})
		server.onData = func(n int) error {
			if n == 1 {
				close(held)
				<-release
			}
			return nil
		}
		m := b.mailer(server.addr)
		m.wait.final = time.Minute
		slow := b.queue(tracker.MailAck, 1)[0]
		run(t, m)
		<-held
		fast := b.queue(tracker.MailReply, 1)[0]
		b.until(fast, tracker.OutboxSent)
		if r := b.row(slow); r.State != tracker.OutboxSending {
			t.Errorf("%+v", r)
		}
		close(release)
		b.until(slow, tracker.OutboxSent)
	})
}
