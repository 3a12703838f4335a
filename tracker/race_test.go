package tracker

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// hold runs change in a transaction that stays open until the returned
// function is called.
func hold(t *testing.T, db *migrations.DB, change func(tx *migrations.Tx) error) (commit func()) {
	t.Helper()
	changed, goOn, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Tx(context.Background(), func(tx *migrations.Tx) error {
			err := change(tx)
			close(changed)
			<-goOn
			return err
		})
	}()
	<-changed
	return func() {
		t.Helper()
		close(goOn)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// waitBlocked waits until n transactions wait for a lock. On SQLite, where
// each waits for the only writer, there is nothing to wait for.
func waitBlocked(t *testing.T, db *migrations.DB, n int) {
	t.Helper()
	if db.Engine == migrations.SQLite {
		return
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		var waiting int
		if err := db.Get(t.Context(), &waiting, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`); err != nil {
			t.Fatal(err)
		}
		if waiting >= n {
			return
		}
	}
	t.Fatalf("no %d transactions wait for a lock", n)
}

// otherMailbox is a second mailbox of the same desk, as another node has it.
func (d *mailDesk) otherMailbox(name string) *mailDesk {
	d.t.Helper()
	o := &mailDesk{t: d.t, ctx: d.ctx, now: d.now}
	o.Store = New(d.DB(), Options{Clock: func() time.Time { return o.now }, Node: "node-" + name})
	var err error
	o.mailbox, err = o.OpenMailbox(d.ctx, name, name+"@aldermere.example", Begin{Everything: true})
	d.ok(err)
	o.policy = Policy{MailboxID: o.mailbox.ID, Address: o.mailbox.Address, TrustAuthAs: true}
	o.SetPolicy(o.policy)
	o.lease, err = o.Acquire(d.ctx, fmt.Sprintf("mailbox:%d", o.mailbox.ID))
	d.ok(err)
	d.t.Cleanup(func() { o.lease.Release(context.Background()) })
	return o
}

// claimed keeps and claims a mail.
func (d *mailDesk) claimed(in Inbound) Item {
	d.t.Helper()
	d.uid++
	_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: d.uid, ReceivedAt: d.now, Data: []byte(in.Digest)}})
	d.ok(err)
	work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 1)
	d.ok(err)
	return Item{Work: work[0], Mail: in}
}

// A mail to two mailboxes, which two nodes decide at the same moment.
func TestOneMailInTwoMailboxesIsOneTicket(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		other := d.otherMailbox("it")
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		in := d.mail(says("And now the scanner."))
		items := map[*mailDesk]Item{d: d.claimed(in), other: other.claimed(in)}
		commit := hold(t, d.DB(), func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE counter SET value = value WHERE name = 'ticket'`)
			return err
		})
		var both sync.WaitGroup
		for desk, item := range items {
			both.Go(func() {
				if _, err := desk.Receive(d.ctx, desk.lease, []Item{item}); err != nil {
					t.Error(err)
				}
			})
		}
		waitBlocked(t, d.DB(), 2)
		commit()
		both.Wait()
		if n := d.count(`SELECT count(*) FROM ticket`); n != 2 {
			t.Errorf("%d tickets", n)
		}
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'ack'`); n != 2 {
			t.Errorf("%d acknowledgements", n)
		}
		if n := d.count(`SELECT count(*) FROM inbox WHERE fate = 'duplicate'`); n != 1 {
			t.Errorf("%d duplicates", n)
		}
	})
}

// A client answers at the moment in which a technician closes the ticket.
func TestAnAnswerDuringTheCloseReopens(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		first := d.mail()
		d.want(d.receive(first), FateNew, "HD-1", 1)
		item := d.claimed(d.mail(answers(first.MessageID), says("It burns again")))
		commit := hold(t, d.DB(), func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'completed', closed_at = 1, fix = 'x', news = FALSE WHERE number = 1`)
			return err
		})
		done := make(chan error, 1)
		go func() {
			_, err := d.Receive(d.ctx, d.lease, []Item{item})
			done <- err
		}()
		waitBlocked(t, d.DB(), 1)
		commit()
		d.ok(<-done)
		if n := d.count(`SELECT count(*) FROM ticket WHERE stage = 'requested' AND closed_at IS NULL AND news`); n != 1 {
			t.Error("the answer did not re-open the ticket")
		}
	})
}

// A client answers at the moment in which the silent days end.
func TestAnAnswerDuringTheClockKeepsTheTicketOpen(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		ticket := d.confirming(d.technician("tomas@aldermere.example"))
		d.send()
		d.now = d.now.Add(8 * day)
		commit := hold(t, d.DB(), func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE ticket SET stage = 'in_progress', news = TRUE WHERE id = ?`, ticket.ID)
			return err
		})
		done := make(chan error, 1)
		go func() {
			_, err := d.AutoComplete(d.ctx, nil)
			done <- err
		}()
		waitBlocked(t, d.DB(), 1)
		commit()
		d.ok(<-done)
		if now := must(d.TicketByNumber(d.ctx, ticket.Number))(t); now.Stage != InProgress {
			t.Errorf("the ticket is %s", now.Stage)
		}
	})
}

// The same large content comes again at the moment in which it is swept.
func TestContentThatComesAgainDuringTheSweepIsWhole(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		data := bytes.Repeat([]byte("large "), SmallBlob)
		digest, _, err := d.PutBlob(d.ctx, bytes.NewReader(data))
		d.ok(err)
		commit := hold(t, d.DB(), func(tx *migrations.Tx) error {
			for _, table := range []string{"blob", "blob_chunk"} {
				if _, err := tx.Exec(d.ctx, `DELETE FROM `+table+` WHERE digest = ?`, digest); err != nil {
					return err
				}
			}
			return nil
		})
		done := make(chan error, 1)
		go func() {
			_, _, err := d.PutBlob(d.ctx, bytes.NewReader(data))
			done <- err
		}()
		waitBlocked(t, d.DB(), 1)
		commit()
		d.ok(<-done)
		b, err := d.OpenBlob(d.ctx, digest)
		d.ok(err)
		defer b.Close()
		if !bytes.Equal(b.Bytes(), data) {
			t.Errorf("%d bytes instead of %d", b.Size(), len(data))
		}
	})
}
