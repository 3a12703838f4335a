package tracker

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
	"helpdeskd/tracker/erased"
)

// annaEverywhere writes to the desk as Anna in every way that it knows.
func annaEverywhere(d *mailDesk) (first Inbound, raw string) {
	d.t.Helper()
	boss := d.technician("ines@desk.example")
	raw = "From: Anna Berg <anna@aldermere.example>\r\nSubject: The quetzal printer\r\n\r\nIt is quetzal again."
	first = d.mail(func(in *Inbound) { in.Subject = "The quetzal printer" }, says("It is quetzal again."))
	d.want(d.takeRaw(first, raw), FateNew, "HD-1", 1)
	// Somebody else's ticket, in which Anna was copied, made a participant, wrote and is quoted.
	bob := d.mail(from("bob@client.example"), says("My chair squeaks."), func(in *Inbound) { in.Cc = []Address{{Name: "Berg, Anna", Address: "anna@aldermere.example"}} })
	d.want(d.takeRaw(bob, "From: bob@client.example\r\nCc: \"Berg, Anna\" <anna@aldermere.example>\r\n\r\nMy chair squeaks."), FateNew, "HD-2", 1)
	_, err := d.AddParticipant(d.ctx, Actor{AccountID: boss.ID}, 2, Address{Name: "Anna Berg", Address: "anna@aldermere.example"})
	d.ok(err)
	d.want(d.takeRaw(d.mail(answers(bob.MessageID), says("My chair quetzals, too.")), "quetzal chair"+strings.Repeat(" quetzal", SmallBlob/4)), FateAppend, "HD-2", 0)
	body := "Subject: quote\r\n\r\nSee above.\r\n> My chair quetzals, too.\r\n--x\r\nplan of the chair"
	d.want(d.takeRaw(d.mail(from("bob@client.example"), answers(bob.MessageID), says("I agree with Anna Berg, see anna@aldermere.example."), func(in *Inbound) {
		in.Quoted = "> My chair quetzals, too."
		in.Parts = []Part{{Role: RoleFile, Name: "Plan of Anna Berg.txt", ContentType: "text/plain", Offset: int64(strings.Index(body, "plan")), Length: 17, Size: 17},
			{Role: RoleHTML, Name: "", ContentType: "text/html", Offset: 0, Length: 17, Size: 17}}
	}), body), FateAppend, "HD-2", 0)
	// A mail of hers that is held, one in quarantine, one that a bounce names.
	d.want(d.takeRaw(d.mail(says("quetzal held"), func(in *Inbound) {
		in.AuthAs = ""
		in.AuthResults = []string{"dmarc=fail header.from=aldermere.example"}
	}), "held quetzal"), FatePending, "", 0)
	d.want(d.takeRaw(d.mail(func(in *Inbound) { in.FromDefect = "two authors" }), "From: anna@aldermere.example\r\nFrom: x\r\n\r\nquetzal"), FateQuarantine, "", 0)
	d.want(d.takeRaw(d.mail(from("mailer-daemon@mx.example"), func(in *Inbound) { in.Class, in.Subject = ClassBounce, "Undelivered" }), "To: ANNA@aldermere.example failed, quetzal"), FateNone, "", 0)
	// A third ticket that only names her.
	d.want(d.takeRaw(d.mail(from("carl@client.example"), says("Please ask anna@aldermere.example.")), "no address"), FateNew, "HD-3", 1)
	for _, n := range []int64{2, 3} {
		_, err = d.AddNote(d.ctx, Actor{AccountID: boss.ID}, n, NoteNote, "Anna called, anna@aldermere.example.")
		d.ok(err)
	}
	d.send()
	_, err = d.IndexPending(d.ctx, nil)
	d.ok(err)
	d.ok(d.SetSetting(d.ctx, Actor{}, SetSenders, "flow@aldermere.example\nanna@aldermere.example"))
	return first, raw
}

func TestAnErasedPersonIsNowhere(t *testing.T) {
	for _, keep := range []bool{false, true} {
		dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
			d := newMailDesk(t, db)
			journal := filepath.Join(t.TempDir(), erased.FileName)
			d.journalled(journal)
			first, raw := annaEverywhere(d)
			goes, err := d.ErasePreview(d.ctx, "Anna@Aldermere.example")
			d.ok(err)
			if goes.Tickets != 1 || goes.Others != 1 || goes.Messages != 3 || goes.Sent == 0 || goes.Held != 1 || len(goes.Notes) != 2 {
				t.Errorf("preview %+v", goes)
			}
			var steps, of int
			d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "Anna@Aldermere.example", Keep: keep}, func(done, all int) { steps, of = done, all }))
			if steps == 0 || steps != of {
				t.Errorf("it told of %d steps of %d", steps, of)
			}
			d.nothingLeft(t, "quetzal", "anna@aldermere", "Anna Berg", "Berg, Anna")
			if data, err := os.ReadFile(journal); err != nil || strings.Contains(strings.ToLower(string(data)), "anna") || strings.Contains(string(data), "quetzal") {
				t.Errorf("the journal: %s, %v", data, err)
			}
			if n := d.count(`SELECT count(*) FROM erasure WHERE done_at IS NOT NULL`); n != 1 {
				t.Errorf("%d erasures are done", n)
			}
			if keep {
				tk, err := d.TicketByNumber(d.ctx, 1)
				d.ok(err)
				if tk.Subject != Erased || tk.ClientAddress != "" || tk.ClientName != Erased || tk.Stage != Requested {
					t.Errorf("kept %+v", tk)
				}
			} else if stone, err := d.TombstoneOf(d.ctx, 1); err != nil || stone.Cause != CauseErased {
				t.Errorf("tombstone %+v, %v", stone, err)
			}
			// Bob's ticket stays, with his words and his file.
			talk, err := d.Conversation(d.ctx, 2, 0)
			d.ok(err)
			var bobs []string
			for _, e := range talk.Entries {
				if e.Message == nil || e.Message.FromAddress != "bob@client.example" {
					continue
				}
				bobs = append(bobs, e.Message.Body)
				for _, a := range e.Message.Files() {
					b, err := d.OpenBlob(d.ctx, a.Digest)
					d.ok(err)
					if string(b.Bytes()) != "plan of the chair" || a.Name != "Plan of [erased].txt" || a.Size != 17 {
						t.Errorf("Bob's file is %q: %q", a.Name, b.Bytes())
					}
				}
			}
			if strings.Join(bobs, "|") != "My chair squeaks.|I agree with [erased], see [erased]." {
				t.Errorf("Bob says %q", bobs)
			}
			if err := d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example"}, nil); migrations.KindOf(err) != migrations.NotFound {
				t.Errorf("erasing again: %v", err)
			}
			// Her old mail is not taken again, a new one is welcome.
			o := d.takeRaw(first, raw)
			if o.Fate != FateDuplicate {
				t.Errorf("the old mail became %+v", o)
			}
			d.want(d.receive(d.mail()), FateNew, "HD-4", 1)
			if n := d.count(`SELECT count(*) FROM client WHERE erased_at IS NULL AND name = 'Anna Berg'`); n != 1 {
				t.Error("the new mail made no new person")
			}
		})
	}
}

// A robot's mails are many: who decides about mail meanwhile waits for a few of
// them only, and never for somebody who waits for him.
func TestErasingWaitsForWhoDecides(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		const mails = 2*eraseBatch + 10
		for i := range mails {
			d.uid++
			_, err := d.Keep(d.ctx, d.lease, d.mailbox.ID, []RawMail{{UIDValidity: 1, UID: d.uid, ReceivedAt: d.now, Data: fmt.Appendf(nil, "From: robot@client.example\r\n\r\n%d", i)}})
			d.ok(err)
		}
		for {
			work, err := d.Claim(d.ctx, d.lease, d.mailbox.ID, 500)
			d.ok(err)
			if len(work) == 0 {
				break
			}
			for _, w := range work {
				d.ok(d.Quarantine(d.ctx, d.lease, w.InboxID, "it could not be read"))
			}
		}
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE inbox SET sender = 'robot@client.example'`)
			return err
		}))
		erased := make(chan error, 1)
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			// As a decision does: the mail, and at last its count.
			if _, err := lockNumbersTx(d.ctx, tx); err != nil {
				return err
			}
			if _, err := tx.Exec(d.ctx, `UPDATE inbox SET fate = 'none' WHERE id = (SELECT MAX(id) FROM inbox)`); err != nil {
				return err
			}
			go func() { erased <- d.Erase(d.ctx, Actor{}, Erasure{Address: "robot@client.example"}, nil) }()
			for waits := 0; d.db.Engine == migrations.Postgres && waits == 0; { // SQLite has one who writes
				waits = d.count(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE a.datname = current_database() AND NOT l.granted`)
			}
			sums := tally{}
			sums.refate(d.mailbox.ID, FateQuarantine, FateNone)
			return sums.writeTx(d.ctx, tx)
		}))
		d.ok(<-erased)
		if n := d.count(`SELECT count(*) FROM inbox WHERE erased_at IS NOT NULL AND fate = 'none' AND sender = ''`); n != mails {
			d.t.Errorf("%d of %d mails are erased", n, mails)
		}
	})
}

func TestNothingIsMadeOfAnErasedMail(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		ines := d.technician("ines@desk.example").Actor()
		o := d.receive(d.mail(func(in *Inbound) { in.FromDefect = "two authors" }))
		d.want(o, FateQuarantine, "", 0)
		d.ok(d.DiscardQuarantined(d.ctx, ines, o.InboxID, "spam"))
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example"}, nil))
		_, err := d.OpenMail(d.ctx, ines, o.InboxID, Inbound{Digest: Digest(nil)}, ByHand{Subject: "Something"})
		wantKind(d.t, err, migrations.Conflict)
		wantKind(d.t, d.TakeBack(d.ctx, ines, o.InboxID), migrations.Conflict)
		wantKind(d.t, d.RetryQuarantined(d.ctx, ines, o.InboxID), migrations.Conflict)
		if n := d.count(`SELECT count(*) FROM inbox WHERE fate = 'none' AND erased_at IS NOT NULL`); n != 1 {
			d.t.Error("it waits for somebody again")
		}
	})
}

// Whose address only ends like hers loses nothing.
func TestErasingAnnaLeavesJoannaAlone(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		t := d.t
		joanna := from("joanna@aldermere.example")
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		mine := "From: joanna@aldermere.example\r\n\r\nMy door."
		o := d.mail(joanna, says("My door. Write to joanna@aldermere.example."), func(in *Inbound) { in.Quoted = "> On Monday joanna@aldermere.example wrote" })
		d.want(d.takeRaw(o, mine), FateNew, "HD-2", 1)
		_, err := d.AddNote(d.ctx, Actor{AccountID: d.technician("ines@desk.example").ID}, 2, NoteNote, "joanna@aldermere.example called.")
		d.ok(err)
		d.want(d.takeRaw(d.mail(joanna, func(in *Inbound) { in.FromDefect = "two authors" }), mine+" Broken."), FateQuarantine, "", 0)
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example"}, nil))
		if n := d.count(`SELECT count(*) FROM inbox WHERE erased_at IS NULL AND sender = 'joanna@aldermere.example' AND fate IN ('new', 'quarantine')`); n != 2 {
			t.Errorf("%d of Joanna's two mails are left", n)
		}
		if n := d.count(`SELECT count(*) FROM message WHERE erased_at IS NULL AND quoted <> '' AND from_address = 'joanna@aldermere.example'`); n != 1 {
			t.Error("Joanna's message was cut")
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'words_erased'`); n != 0 {
			t.Error("Joanna's ticket was erased from")
		}
	})
}

func TestErasingStopsForAnOpenAccount(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		a := d.technician("anna@aldermere.example")
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		if err := d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example"}, nil); migrations.KindOf(err) != migrations.Conflict {
			t.Fatalf("got %v", err)
		}
		off := false
		_, err := d.UpdateAccount(d.ctx, Actor{}, a.ID, AccountChange{Enabled: &off}, AnyVersion)
		d.ok(err)
		d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: "anna@aldermere.example"}, nil))
		d.nothingLeft(t, "anna@aldermere")
	})
}

// No statement looks through more than a span of ids, and none is passed over.
func TestMentionsAreErasedBySpans(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		annaEverywhere(d)
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(d.ctx, `UPDATE note SET id = id + 40 WHERE ticket_id = 3`)
			return err
		}))
		var ids, seen []int64
		d.ok(d.db.Select(d.ctx, &ids, `SELECT id FROM note ORDER BY id`))
		d.ok(d.eachSpan(d.ctx, "note", 3, func(from, to int64) error {
			if to-from > 2 || to < from {
				t.Errorf("a span from %d to %d", from, to)
			}
			var part []int64
			err := d.db.Select(d.ctx, &part, `SELECT id FROM note WHERE id BETWEEN ? AND ? ORDER BY id`, from, to)
			seen = append(seen, part...)
			return err
		}))
		if !slices.Equal(ids, seen) || len(ids) < 2 {
			t.Errorf("looked at %v of %v", seen, ids)
		}
		d.ok(d.eachSpan(d.ctx, "erasure", 3, func(from, to int64) error {
			t.Errorf("an empty table has a span from %d to %d", from, to)
			return nil
		}))
		who, err := d.erasingOf(d.ctx, d.db, anna)
		d.ok(err)
		d.ok(d.eraseMentionsBy(d.ctx, eraseRun{uid: "test", who: who}, 2))
		for _, q := range []string{`SELECT count(*) FROM message WHERE ticket_id = 3 AND body LIKE '%anna@%'`, `SELECT count(*) FROM note WHERE body LIKE '%anna@%'`} {
			if n := d.count(q); n != 0 {
				t.Errorf("%d are left: %s", n, q)
			}
		}
	})
}
