package tracker

import (
	"fmt"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// lateDesk keeps mails under the Message-IDs that their headers have, and
// decides what is claimed.
type lateDesk struct {
	*mailDesk
	mails map[int64]Inbound
}

func (d *lateDesk) keep(mails ...Inbound) (ids []int64) {
	d.t.Helper()
	for _, in := range mails {
		d.uid++
		got, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: d.uid, ReceivedAt: d.now, Data: fmt.Appendf(nil, "raw %d", d.uid), MailID: in.MessageID}})
		d.ok(err)
		d.mails[got[0]] = in
		ids = append(ids, got[0])
	}
	return ids
}

// work claims what is due and decides it, but for what is put off for a minute.
func (d *lateDesk) work(off ...int64) {
	d.t.Helper()
	for {
		work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
		d.ok(err)
		if len(work) == 0 {
			return
		}
		var items []Item
		for _, w := range work {
			if len(off) > 0 && w.InboxID == off[0] {
				off = off[1:]
				d.ok(d.Release(d.ctx, d.lease, w.InboxID, "it hung", d.now.Add(time.Minute)))
				continue
			}
			items = append(items, Item{Work: w, Mail: d.mails[w.InboxID]})
		}
		if len(items) > 0 {
			_, err = d.Receive(d.ctx, d.lease, items)
			d.ok(err)
		}
	}
}

func (d *lateDesk) became(id int64, fate, ticket string, acks, attempts int) {
	d.t.Helper()
	o, _, err := d.OutcomeOf(d.ctx, id)
	d.ok(err)
	if n := d.count(`SELECT attempts FROM inbox WHERE id = ?`, id); o.Fate != fate || o.Ticket != ticket || o.Acks != acks || n != attempts {
		d.t.Errorf("mail %d: %q in %q, %d acks, %d tries (%s); want %q in %q, %d, %d", id, o.Fate, o.Ticket, o.Acks, n, o.Reason, fate, ticket, acks, attempts)
	}
}

func eachLateDesk(t *testing.T, fn func(d *lateDesk)) {
	eachMailDesk(t, func(d *mailDesk) { fn(&lateDesk{d, map[int64]Inbound{}}) })
}

// What answers a mail that was put off waits for it, and so does what answers
// that; all other mail goes on. Nobody is acknowledged twice.
func TestAnswersWaitForAMailThatIsLate(t *testing.T) {
	eachLateDesk(t, func(d *lateDesk) {
		first := d.mail(func(in *Inbound) { in.Cc = []Address{{Address: "ben@aldermere.example"}} })
		reply := d.mail(answers(first.MessageID), says("Still."))
		onlyReply := d.mail(answers(reply.MessageID), says("And still."))
		copied := first
		copied.Digest, copied.ContentDigest = Digest([]byte("copy")), first.ContentDigest
		other := d.mail(from("cora@aldermere.example"), says("No sound."))
		ids := d.keep(first, reply, onlyReply, copied, other)
		d.work(ids[0])
		d.became(ids[0], "", "", 0, 1)
		d.became(ids[1], "", "", 0, 0)
		d.became(ids[2], "", "", 0, 0)
		d.became(ids[3], "", "", 0, 0)
		d.became(ids[4], FateNew, "HD-1", 1, 1)
		late := d.keep(d.mail(answers(first.MessageID), says("Hello?"))) // comes while the others wait
		d.work()
		d.became(late[0], "", "", 0, 0)
		d.now = d.now.Add(time.Minute)
		d.work()
		d.now = d.now.Add(lateEvery)
		d.work()
		d.became(ids[0], FateNew, "HD-2", 1, 2)
		d.became(ids[1], FateAppend, "HD-2", 0, 1)
		d.became(ids[2], FateAppend, "HD-2", 0, 1)
		d.became(ids[3], FateDuplicate, "HD-2", 0, 1)
		d.became(late[0], FateAppend, "HD-2", 0, 1)
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'ack'`); n != 2 {
			t.Errorf("%d acknowledgements for two requests", n)
		}
	})
}

// A mail that is set aside lets go of what waited for it.
func TestNobodyWaitsForAMailThatIsSetAside(t *testing.T) {
	eachLateDesk(t, func(d *lateDesk) {
		first := d.mail()
		ids := d.keep(first, d.mail(answers(first.MessageID)))
		for range MaxAttempts - 1 {
			d.work(ids[0])
			d.now = d.now.Add(2 * time.Minute)
		}
		work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
		d.ok(err)
		if len(work) != 1 || work[0].InboxID != ids[0] {
			t.Fatalf("claimed %+v", work)
		}
		d.ok(d.Quarantine(d.ctx, d.lease, ids[0], "it hangs"))
		d.work()
		d.became(ids[1], FateNew, "HD-1", 1, 1)
	})
}

// However often the mail before it is put off, a mail waits for so long only.
func TestNoMailWaitsForEver(t *testing.T) {
	eachLateDesk(t, func(d *lateDesk) {
		first := d.mail()
		ids := d.keep(first, d.mail(answers(first.MessageID)))
		putOff := func(id int64) {
			d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
				_, err := tx.Exec(d.ctx, `UPDATE inbox SET state = 'kept', attempts = 1, retry_at = ? WHERE id = ?`, migrations.At(d.now.Add(time.Minute)), id)
				return err
			}))
		}
		begun := d.now
		for d.now.Sub(begun) <= lateAtMost {
			d.became(ids[1], "", "", 0, 0)
			putOff(ids[0])
			d.work()
			d.now = d.now.Add(time.Minute)
		}
		putOff(ids[0])
		d.work()
		d.became(ids[1], FateNew, "HD-1", 1, 1)
	})
}

// The other way round nobody waits: an answer that came first opens the
// ticket, and the mail that it answers joins it.
func TestAMailDoesNotWaitForWhatCameAfterIt(t *testing.T) {
	eachLateDesk(t, func(d *lateDesk) {
		first := d.mail()
		reply := d.mail(answers(first.MessageID))
		ids := d.keep(reply, first)
		d.work(ids[1])
		d.became(ids[0], FateNew, "HD-1", 1, 1)
		d.now = d.now.Add(time.Minute)
		d.work()
		d.became(ids[1], FateAppend, "HD-1", 0, 2)
	})
}
