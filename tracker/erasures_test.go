package tracker

import (
	"path/filepath"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker/erased"
)

// TestWhatWasErasedStaysErasedAfterARestore: by the journal beside the
// database, and by that of another node.
func TestWhatWasErasedStaysErasedAfterARestore(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		d := newMailDesk(t, dbtest.Open(t, migrations.SQLite))
		journal := filepath.Join(t.TempDir(), erased.FileName)
		d.journalled(journal)
		first, raw := annaEverywhere(d)
		doomed := d.mail(from("dora@client.example"), says("delete zebra"))
		d.want(d.takeRaw(doomed, "delete zebra"), FateNew, "HD-4", 1)
		backup := d.copyOf(t)
		backup.uid = 1000
		// After the backup: a person is erased, a ticket deleted, and one that the backup never saw.
		late := d.mail(from("emil@client.example"), says("a late zebra"))
		d.want(d.takeRaw(late, "a late zebra"), FateNew, "HD-5", 1)
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example"}, nil))
		d.ok(d.DeleteTicket(d.ctx, Actor{}, 4, "a test"))
		d.ok(d.DeleteTicket(d.ctx, Actor{}, 5, "a test"))

		var more []string
		if foreign {
			backup.journalled(filepath.Join(t.TempDir(), erased.FileName))
			more = []string{journal}
		} else {
			backup.journalled(journal)
		}
		n, err := backup.ReapplyErasures(backup.ctx, more, nil)
		backup.ok(err)
		if n != 3 { // she, the ticket that she asked for, and Dora's
			t.Errorf("%d things were erased again, not 3", n)
		}
		backup.nothingLeft(t, "quetzal", "zebra", "anna@aldermere", "Anna Berg")
		if n, err := backup.ReapplyErasures(backup.ctx, more, nil); n != 0 || err != nil {
			t.Errorf("a second time did %d, %v", n, err)
		}
		if entries, err := erased.Read(backup.Store.erased.Path()); err != nil || len(entries) != 4 { // and her own ticket
			t.Errorf("the journal has %d entries: %+v, %v", len(entries), entries, err)
		}
		// What is in the mailbox still, or again, is not taken.
		for _, m := range []struct {
			in  Inbound
			raw string
		}{{first, raw}, {doomed, "delete zebra"}, {late, "a late zebra"}} {
			if o := backup.takeRaw(m.in, m.raw); o.Fate != FateDuplicate {
				t.Errorf("an erased mail became %+v", o)
			}
		}
		// The numbers stay taken.
		o := backup.receive(backup.mail(from("new@client.example")))
		if o.Ticket != "HD-6" {
			t.Errorf("the next ticket is %s", o.Ticket)
		}
	}
}

// TestANumberThatBelongsToAnotherIsNotDeletedAgain: the journal says when the
// ticket was made.
func TestANumberThatBelongsToAnotherIsNotDeletedAgain(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		journal := filepath.Join(t.TempDir(), erased.FileName)
		d.journalled(journal)
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		d.ok(d.Store.erased.Add(erased.Entry{ID: "x", Kind: erased.Ticket, Number: 1, CreatedAt: 5, Cause: CauseDeleted}))
		n, err := d.ReapplyErasures(d.ctx, nil, nil)
		d.ok(err)
		if _, err := d.TicketByNumber(d.ctx, 1); n != 0 || err != nil {
			t.Fatalf("%d deleted, %v", n, err)
		}
	})
}

// TestAnInterruptedErasureIsFinished: by the clock, after a crash anywhere.
func TestAnInterruptedErasureIsFinished(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.journalled(filepath.Join(t.TempDir(), erased.FileName))
		annaEverywhere(d)
		// As a crash leaves it: begun, one ticket done.
		p, err := d.erasingOf(d.ctx, d.db, "anna@aldermere.example")
		d.ok(err)
		hashes := d.hashAddress("anna@aldermere.example")
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `INSERT INTO erasure (uid, client_id, addresses, keep, begun_at) VALUES ('u', ?, ?, FALSE, 1)`, p.ClientID, hashes)
			if err != nil {
				return err
			}
			return d.deleteTicketTx(d.ctx, tx, Actor{}, 1, CauseErased, "")
		}))
		d.ok(d.ResumeErasures(d.ctx))
		d.nothingLeft(t, "quetzal", "anna@aldermere", "Anna Berg", "Berg, Anna")
		if n := d.count(`SELECT count(*) FROM erasure WHERE done_at IS NOT NULL`); n != 1 {
			t.Fatal("it is not done")
		}
	})
}
