package tracker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker/erased"
)

// journalled gives a desk a journal of erasures.
func (d *mailDesk) journalled(path string) {
	d.Store.erased = erased.New(path, []byte("a key of the house, for tests"))
	d.Store.synced = [2]int64{}
}

// takeRaw is receive with bytes that a test chooses.
func (d *mailDesk) takeRaw(in Inbound, raw string) Outcome {
	d.t.Helper()
	d.uid++
	m := RawMail{UIDValidity: 1, UID: d.uid, ReceivedAt: d.now, Data: []byte(raw)}
	if len(raw) > SmallBlob {
		var err error
		m.Data = nil
		m.Digest, m.Size, err = d.PutBlob(d.ctx, strings.NewReader(raw))
		d.ok(err)
	}
	_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{m})
	d.ok(err)
	work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 10)
	d.ok(err)
	in.Digest = Digest([]byte(raw))
	out, err := d.Receive(d.ctx, d.lease, []Item{{Work: work[0], Mail: in}})
	d.ok(err)
	return out[0]
}

// copyOf returns the database as it is, another Store on it, as a restored
// backup would be: SQLite only, by its file.
func (d *mailDesk) copyOf(t *testing.T) *mailDesk {
	t.Helper()
	dir := t.TempDir()
	d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error { return nil }))
	path := filepath.Join(dir, "helpdeskd.db")
	err := d.db.VacuumInto(d.ctx, path)
	d.ok(err)
	d.ok(os.CopyFS(filepath.Join(dir, "blobs"), os.DirFS(filepath.Join(d.db.Dir, "blobs"))))
	db, err := migrations.Open(d.ctx, "sqlite:"+path)
	d.ok(err)
	t.Cleanup(func() { db.Close() })
	d.ok(db.Hasten(d.ctx))
	return newMailDesk(t, db)
}

func TestADeletedTicketLeavesATombstoneAndNothingElse(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		journal := filepath.Join(t.TempDir(), erased.FileName)
		d.journalled(journal)
		first := d.mail(says("The unicorn printer is on fire."))
		raw := "Subject: fire\r\n\r\nThe unicorn printer is on fire."
		big := raw + strings.Repeat(" unicorn", SmallBlob/4)
		d.want(d.takeRaw(first, raw), FateNew, "HD-1", 1)
		second := d.mail(answers(first.MessageID), says("And a unicorn burns, too."))
		d.want(d.takeRaw(second, big), FateAppend, "HD-1", 0)
		d.want(d.takeRaw(first, "X: trace\r\n"+raw), FateDuplicate, "HD-1", 0)
		other := d.mail(from("bob@client.example"), says("Another matter."))
		d.want(d.takeRaw(other, "other"), FateNew, "HD-2", 1)
		token := d.send()["anna@aldermere.example"]
		_, err := d.IndexPending(d.ctx, nil)
		d.ok(err)
		_, err = d.AddFile(d.ctx, Actor{}, Thing{"fix", 1}, "fix.txt", strings.NewReader("unicorn fix"))
		d.ok(err)
		d.ok(d.Link(d.ctx, Actor{}, Thing{KindTicket, 1}, Thing{KindTicket, 2}))
		boss := d.technician("ines@desk.example")

		if err := d.DeleteTicket(d.ctx, Actor{AccountID: boss.ID}, 1, " "); migrations.KindOf(err) != migrations.Invalid {
			t.Fatalf("without a reason: %v", err)
		}
		d.ok(d.DeleteTicket(d.ctx, Actor{AccountID: boss.ID}, 1, "a test"))
		if _, err := d.TicketByNumber(d.ctx, 1); migrations.KindOf(err) != migrations.NotFound {
			t.Fatalf("the ticket is there: %v", err)
		}
		stone, err := d.TombstoneOf(d.ctx, 1)
		d.ok(err)
		if stone.By != "ines" || stone.Reason != "a test" || stone.Messages != 2 || stone.Files != 1 || stone.Cause != CauseDeleted || stone.Sent == 0 {
			t.Fatalf("tombstone %+v", stone)
		}
		for _, table := range []string{`message WHERE ticket_id = 1`, `message_ref WHERE ticket_id = 1`, `conversation WHERE ticket_id = 1`, `outbox WHERE ticket_id = 1`, `reply_token WHERE ticket_id = 1`,
			`attachment`, `file`, `link`, `blob WHERE place <> 'row'`} {
			if n := d.count(`SELECT count(*) FROM ` + table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
		if n := d.count(`SELECT count(*) FROM inbox WHERE ticket_id = 1 AND reason = 'ticket deleted' AND fate IN ('new', 'append', 'duplicate') AND sender = '' AND subject = ''`); n != 3 {
			t.Errorf("%d lines of the ledger say that the ticket was deleted, not 3", n)
		}
		d.ok(d.scrub(d.ctx))
		d.nothingLeft(t, "unicorn")
		if p, err := d.Ledger(d.ctx, MailFilter{}, 0, 10); err != nil || p.Mails[len(p.Mails)-1].TicketNumber != 1 || p.Mails[len(p.Mails)-1].ErasedAt == 0 || p.Mails[len(p.Mails)-1].GoneAt == 0 || p.Mails[len(p.Mails)-1].GoneCause == "" {
			t.Errorf("the ledger shows %+v, %v", p, err)
		}
		// The same mail again, under another UID, and with changed trace headers.
		d.want(d.takeRaw(first, raw), FateDuplicate, "HD-1", 0)
		d.want(d.takeRaw(first, "X: another trace\r\n"+raw), FateDuplicate, "HD-1", 0)
		d.want(d.takeRaw(second, big), FateDuplicate, "HD-1", 0)
		if n := d.count(`SELECT count(*) FROM blob WHERE size > 0 AND digest IN (SELECT digest FROM inbox WHERE ticket_id = 1)`); n != 0 {
			t.Errorf("%d of the copies were kept", n)
		}
		// What is new is welcome, whatever it answers; ids and numbers are not given again.
		d.want(d.receive(d.mail(answers(first.MessageID), func(in *Inbound) { in.SubjectTags, in.ReplyTokens = []int64{1}, []string{token} })), FateNew, "HD-3", 1)
		if n := d.count(`SELECT count(*) FROM ticket WHERE id = 1`); n != 0 {
			t.Error("the id was given again")
		}
		entries, err := erased.Read(journal)
		if err != nil || len(entries) != 1 || entries[0].Number != 1 || len(entries[0].Mails) < 4 {
			t.Fatalf("journal %+v, %v", entries, err)
		}
	})
}

// nothingLeft fails where words are in a file of the database, its log or its
// blobs; on PostgreSQL in any row.
func (d *mailDesk) nothingLeft(t *testing.T, words ...string) {
	t.Helper()
	if d.db.Engine == migrations.Postgres {
		var tables []string
		d.ok(d.db.Select(d.ctx, &tables, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`))
		for _, table := range tables {
			for _, w := range words {
				if n := d.count(`SELECT count(*) FROM ` + table + ` AS x WHERE LOWER(CAST(x AS TEXT)) LIKE '%' || LOWER('` + w + `') || '%'`); n != 0 {
					t.Errorf("%q is in %d rows of %s", w, n, table)
				}
			}
		}
		// Bytes are written in hex there.
		for _, w := range words {
			if n := d.count(`SELECT count(*) FROM blob WHERE position(CAST(? AS bytea) IN data) > 0`, []byte(w)); n != 0 {
				t.Errorf("%q is in %d blobs", w, n)
			}
		}
		return
	}
	err := filepath.WalkDir(d.db.Dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, w := range words {
			if i := strings.Index(strings.ToLower(string(data)), strings.ToLower(w)); i >= 0 {
				t.Errorf("%q is in %s: …%q…", w, filepath.Base(path), data[max(0, i-60):min(len(data), i+60)])
			}
		}
		return nil
	})
	d.ok(err)
}

func TestWhatIsBeingSentIsNotDeleted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		d := newMailDesk(t, db)
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		l, err := d.Acquire(d.ctx, "outbox")
		d.ok(err)
		defer l.Release(d.ctx)
		items, err := d.DueOutbox(d.ctx, l, 10)
		d.ok(err)
		d.ok(d.Rendered(d.ctx, l, items[0].ID, Rendered{Bytes: []byte("x"), MailID: "hd.x@aldermere.example"}))
		d.ok(d.Sending(d.ctx, l, items[0].ID))
		if err := d.DeleteTicket(d.ctx, Actor{}, 1, "a test"); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("got %v", err)
		}
		if err := d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example"}, nil); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("got %v", err)
		}
		d.ok(d.Sent(d.ctx, l, items[0].ID, "250 OK", ""))
		d.ok(d.DeleteTicket(d.ctx, Actor{}, 1, "a test"))
	})
}
