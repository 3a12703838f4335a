package tracker

import (
	"bytes"
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

func TestKeepIsIdempotent(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		mails := []RawMail{{UIDValidity: 7, UID: 1, ReceivedAt: d.now.Add(time.Hour), Data: []byte("a")}, {UIDValidity: 7, UID: 2, Data: []byte("b")}}
		ids, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, mails)
		d.ok(err)
		again, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, mails)
		d.ok(err)
		if ids[0] == 0 || ids[1] == 0 || again[0] != 0 || again[1] != 0 {
			t.Fatalf("ids %v, then %v", ids, again)
		}
		if n := d.count(`SELECT count(*) FROM inbox WHERE received_at <= kept_at AND received_at > 0`); n != 2 {
			t.Fatal("the time of arrival was not clamped to our clock")
		}
		known, err := d.KnownUIDs(d.ctx, d.mailbox.ID, "", 7, 2)
		d.ok(err)
		if len(known) != 1 || !known[2] {
			t.Fatalf("known %v", known)
		}
		unmoved, err := d.Unmoved(d.ctx, d.mailbox.ID, "", 7, 10)
		d.ok(err)
		d.ok(d.MarkMoved(d.ctx, d.mailbox.ID, "", 7, unmoved[:1]))
		rest, err := d.Unmoved(d.ctx, d.mailbox.ID, "", 7, 10)
		d.ok(err)
		if len(unmoved) != 2 || len(rest) != 1 || rest[0] != 2 {
			t.Fatalf("unmoved %v, then %v", unmoved, rest)
		}
	})
}

// A mail that kills the process is found out at its third try and costs the
// mails claimed with it nothing.
func TestAKillerIsQuarantinedAlone(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: 1, Data: []byte("good")}, {UIDValidity: 1, UID: 2, Data: []byte("killer")}, {UIDValidity: 1, UID: 3, Data: []byte("fine")}})
		d.ok(err)
		crash := func() {
			d.ok(d.lease.Release(d.ctx))
			d.lease, err = d.Acquire(d.ctx, d.lease.name)
			d.ok(err)
		}
		decided, tries, waited := 0, 0, false
		for range 20 {
			work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
			d.ok(err)
			if len(work) == 0 && !waited && tries == MaxAttempts-1 {
				waited, d.now = true, d.now.Add(crashPause)
				continue
			}
			if len(work) == 0 {
				break
			}
			killed := false
			for _, w := range work {
				if w.Digest == Digest([]byte("killer")) {
					killed = true
					tries++
				}
			}
			if killed { // nothing of this claim is decided
				crash()
				continue
			}
			for _, w := range work {
				_, err := d.Receive(d.ctx, d.lease, []Item{{w, d.mail()}})
				d.ok(err)
				decided++
			}
		}
		if decided != 2 || tries != MaxAttempts {
			t.Fatalf("%d decided, the killer was tried %d times", decided, tries)
		}
		if n := d.count(`SELECT count(*) FROM inbox WHERE fate = 'quarantine' AND state = 'done'`); n != 1 {
			t.Fatalf("%d quarantined", n)
		}
	})
}

// A process that dies soon after each start, whatever the reason, does not use
// up the tries of the mail that it happens to have in hand.
func TestCrashLoopQuarantinesNobody(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: 1, Data: []byte("one")}, {UIDValidity: 1, UID: 2, Data: []byte("two")}})
		d.ok(err)
		for range 20 {
			_, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
			d.ok(err)
			d.now = d.now.Add(100 * time.Millisecond)
			d.ok(d.lease.Release(d.ctx))
			d.lease, err = d.Acquire(d.ctx, d.lease.name)
			d.ok(err)
		}
		if n := d.count(`SELECT count(*) FROM inbox WHERE state = 'done'`); n != 0 {
			t.Fatalf("%d set aside", n)
		}
		d.now = d.now.Add(crashPause)
		for range 2 {
			work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
			d.ok(err)
			if len(work) != 1 || work[0].Attempts != MaxAttempts {
				t.Fatalf("claimed %+v", work)
			}
		}
	})
}

func TestReleasedMailWaits(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: 1, Data: []byte("placeholder")}})
		d.ok(err)
		work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
		d.ok(err)
		d.ok(d.Release(d.ctx, d.lease, work[0].InboxID, "not there yet", d.now.Add(time.Minute)))
		if work, _ = d.Claim(d.ctx, d.lease, d.mailbox.ID, 10); len(work) != 0 {
			t.Fatal("it was claimed before its time")
		}
		d.now = d.now.Add(2 * time.Minute)
		if work, _ = d.Claim(d.ctx, d.lease, d.mailbox.ID, 10); len(work) != 1 || work[0].Attempts != 2 {
			t.Fatalf("claimed %+v", work)
		}
	})
}

func TestBlobsOfEverySize(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		now := time.Now()
		s := New(db, Options{Clock: func() time.Time { return now }})
		for _, size := range []int{0, 1, SmallBlob, SmallBlob + 1, 3*ChunkSize + 17} {
			data := make([]byte, size)
			rand.Read(data)
			digest, n, err := s.PutBlob(ctx, bytes.NewReader(data))
			if err != nil || n != int64(size) || digest != Digest(data) {
				t.Fatalf("put %d bytes: %v, %d", size, err, n)
			}
			if _, _, err := s.PutBlob(ctx, bytes.NewReader(data)); err != nil {
				t.Fatalf("put %d bytes again: %v", size, err)
			}
			b, err := s.OpenBlob(ctx, digest)
			if err != nil {
				t.Fatalf("open %d bytes: %v", size, err)
			}
			if !bytes.Equal(b.Bytes(), data) {
				t.Fatalf("%d bytes came back changed", size)
			}
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.SweepBlobs(ctx); n != 0 || err != nil {
			t.Fatalf("young blobs were swept: %d, %v", n, err)
		}
		now = now.Add(25 * time.Hour)
		if n, err := s.SweepBlobs(ctx); n != 5 || err != nil {
			t.Fatalf("swept %d, %v", n, err)
		}
		if _, err := s.OpenBlob(ctx, Digest(nil)); migrations.KindOf(err) != migrations.NotFound {
			t.Fatalf("a swept blob gave %v", err)
		}
	})
}

func TestLeases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		ctx := t.Context()
		node := func(name string) *Store {
			return New(db, Options{Node: name, LeaseTTL: time.Second})
		}
		a, b := node("a"), node("b")
		first, err := a.Acquire(ctx, "outbox")
		if err != nil {
			t.Fatal(err)
		}
		if l, err := b.TryAcquire(ctx, "outbox"); l != nil || err != nil {
			t.Fatalf("a held lease was given away: %v, %v", l, err)
		}
		short, stop := context.WithTimeout(ctx, 2*time.Second)
		defer stop()
		if _, err := b.Acquire(short, "outbox"); err == nil {
			t.Fatal("a beating holder was overthrown")
		}
		first.stop() // frozen: no beat, no release
		second, err := b.Acquire(ctx, "outbox")
		if err != nil || second.Fence() <= first.Fence() {
			t.Fatalf("takeover: %v", err)
		}
		late := a.underLease(ctx, first, func(tx *migrations.Tx) error { return nil })
		if migrations.KindOf(late) != migrations.Conflict {
			t.Fatalf("a frozen holder's late write gave %v", late)
		}
		select {
		case <-first.Lost():
		default:
			t.Fatal("the frozen holder was not told")
		}
		// A new start of the same node does not wait for the old one.
		third, err := node("b").TryAcquire(ctx, "outbox")
		if err != nil || third == nil || third.Fence() <= second.Fence() {
			t.Fatalf("restart: %v %v", third, err)
		}
		if err := third.Release(ctx); err != nil {
			t.Fatal(err)
		}
		if l, err := a.TryAcquire(ctx, "outbox"); l == nil || err != nil {
			t.Fatalf("a released lease was not free: %v", err)
		}
	})
}

// On PostgreSQL a holder keeps mail while it decides other mail, and beats
// meanwhile; but nobody takes the lease over in the middle of a transaction.
func TestAHolderWorksInParallel(t *testing.T) {
	db := dbtest.Open(t, migrations.Postgres)
	ctx := t.Context()
	a, b := New(db, Options{Node: "a", LeaseTTL: 200 * time.Millisecond}), New(db, Options{Node: "b", LeaseTTL: 200 * time.Millisecond})
	l, err := a.Acquire(ctx, "mailbox:1")
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan *Lease, 1)
	err = a.underLease(ctx, l, func(tx *migrations.Tx) error {
		quick, stop := context.WithTimeout(ctx, 5*time.Second)
		defer stop()
		if err := a.underLease(quick, l, func(*migrations.Tx) error { return nil }); err != nil {
			t.Errorf("a second transaction had to wait: %v", err)
		}
		if err := a.db.Tx(quick, func(tx *migrations.Tx) error { return l.beatTx(quick, tx) }); err != nil {
			t.Errorf("the beat had to wait: %v", err)
		}
		l.stop() // frozen in the middle of it
		go func() {
			other, err := b.Acquire(ctx, "mailbox:1")
			if err != nil {
				t.Error(err)
			}
			taken <- other
		}()
		select {
		case <-taken:
			t.Error("the lease was taken over in the middle of a transaction")
		case <-time.After(time.Second):
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	other := <-taken
	if other == nil || other.Fence() <= l.Fence() {
		t.Fatalf("takeover: %+v", other)
	}
	if err := a.underLease(ctx, l, func(*migrations.Tx) error { return nil }); migrations.KindOf(err) != migrations.Conflict {
		t.Errorf("the old holder's next transaction gave %v", err)
	}
}

// What a mail's reader or a mail server says may hold any bytes. PostgreSQL
// refuses some; the row would be claimed for ever.
func TestReasonsMayHoldAnyBytes(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		const why = "panicked: \xff\x00\xc3"
		item := d.claimed(d.mail())
		d.ok(d.Release(d.ctx, d.lease, item.Work.InboxID, why, d.now))
		d.ok(d.Quarantine(d.ctx, d.lease, item.Work.InboxID, why))
		d.ok(d.PollResult(d.ctx, d.mailbox.ID, Poll{Err: why}))
		d.ok(d.SendResult(d.ctx, d.mailbox.ID, why))
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		l := must(d.Acquire(d.ctx, "outbox"))(t)
		defer l.Release(d.ctx)
		due := must(d.DueOutbox(d.ctx, l, 1))(t)
		d.ok(d.Rendered(d.ctx, l, due[0].ID, Rendered{Bytes: []byte("x"), MailID: "x@y.example"}))
		d.ok(d.Sending(d.ctx, l, due[0].ID))
		d.ok(d.Retry(d.ctx, l, due[0].ID, why, d.now))
		d.ok(d.Sending(d.ctx, l, due[0].ID))
		d.ok(d.Sent(d.ctx, l, due[0].ID, why, ""))
	})
}

// A person who looks at a mail that was set aside is told what went wrong.
func TestQuarantineTellsWhyTheTriesFailed(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.now = d.now.Add(time.Hour) // the process has lived for a while
		item := d.claimed(d.mail())
		for range MaxAttempts {
			d.ok(d.Release(d.ctx, d.lease, item.Work.InboxID, "storing it failed: no such column", d.now))
			_, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 1)
			d.ok(err)
		}
		row := must(d.InboxMail(d.ctx, item.Work.InboxID))(t)
		if row.Fate != FateQuarantine || !strings.Contains(row.Reason, "3 times") || !strings.Contains(row.Reason, "no such column") {
			t.Errorf("set aside: %+v", row)
		}
	})
}
