package tracker

import (
	"strings"
	"testing"

	"helpdeskd/migrations"
)

func (d *mailDesk) messageID(in Inbound) int64 {
	d.t.Helper()
	var id int64
	d.ok(d.db.Get(d.ctx, &id, `SELECT id FROM message WHERE mail_id = ?`, in.MessageID))
	return id
}

func TestSplitIsATicketOfItsOwn(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		anna, _, _ := d.pair()
		wantKind(t, second(d.Split(d.ctx, tomas, Splitting{MessageID: d.messageID(anna)})), migrations.Invalid)
		other := d.mail(says("By the way, my chair squeaks"), answers(anna.MessageID), func(in *Inbound) {
			in.Subject = "Re: chair"
			in.Parts = []Part{{Role: RoleFile, Name: "chair.txt", ContentType: "text/plain", Length: 3, Size: 3}}
		})
		d.want(d.receive(other), FateAppend, "HD-1", 0)
		d.now = d.now.Add(60e9)
		more := d.mail(says("A lot"), answers(other.MessageID))
		d.want(d.receive(more), FateAppend, "HD-1", 0)
		d.ok(second(d.AddNote(d.ctx, tomas, 1, NoteNote, "The chair is from 1999")))
		got, err := d.Split(d.ctx, tomas, Splitting{MessageID: d.messageID(other), Follow: true, Subject: "Squeaking chair", Acknowledge: true})
		d.ok(err)
		d.sound()
		if got.Number != 3 || got.Subject != "Squeaking chair" || got.ClientAddress != "anna@aldermere.example" || d.count(`SELECT count(*) FROM message WHERE ticket_id = ?`, got.ID) != 2 ||
			d.count(`SELECT count(*) FROM note WHERE ticket_id = ?`, got.ID) != 1 || d.count(`SELECT count(*) FROM attachment a JOIN message m ON m.id = a.message_id WHERE m.ticket_id = ?`, got.ID) != 1 {
			t.Fatalf("split off: %+v", got)
		}
		known, err := d.Facts(d.ctx, got.ID)
		d.ok(err)
		if known[FactWho].Value == "" || !strings.Contains(known[FactWhat].Value, "chair squeaks") || known[FactWhat].MessageID != d.messageID(other) {
			t.Errorf("of what was split off is known: %+v", known)
		}
		tokens := d.send()
		if tokens["anna@aldermere.example"] == "" {
			t.Error("she was not told")
		}
		d.want(d.receive(d.mail(says("And the desk"), answers(more.MessageID))), FateAppend, "HD-3", 0)
		d.want(d.receive(d.mail(says("And the lamp"), answers(tokenID(tokens["anna@aldermere.example"])))), FateAppend, "HD-3", 0)
		d.want(d.receive(d.mail(says("It burns still"), answers(anna.MessageID))), FateAppend, "HD-1", 0)
		linked, err := d.Links(d.ctx, Thing{KindTicket, got.ID})
		d.ok(err)
		if len(linked) != 1 {
			t.Errorf("linked with %v", linked)
		}
		// And back together.
		d.ok(second(d.Merge(d.ctx, tomas, 3, 1, AnyVersion)))
		d.sound()
		d.want(d.receive(d.mail(says("And the floor"), answers(more.MessageID))), FateAppend, "HD-1", 0)
		wantKind(t, second(d.Split(d.ctx, tomas, Splitting{MessageID: 999})), migrations.NotFound)
		// What came of the first mail goes with its acknowledgement.
		d.ok(second(d.Split(d.ctx, tomas, Splitting{MessageID: d.messageID(anna), Acknowledge: true})))
		d.sound()
		if n := d.count(`SELECT count(*) FROM outbox WHERE kind = 'ack'`); n != 3 {
			t.Errorf("%d acknowledgements", n)
		}
	})
}

func TestPins(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		anna, _, _ := d.pair()
		n, err := d.AddNote(d.ctx, tomas, 1, NoteFinding, "It is the fuse")
		d.ok(err)
		d.ok(second(d.SetPin(d.ctx, tomas, "note", n.ID, true)))
		d.ok(second(d.SetPin(d.ctx, tomas, "note", n.ID, true)))
		d.ok(second(d.SetPin(d.ctx, tomas, "message", d.messageID(anna), true)))
		pins, err := d.Pins(d.ctx, d.ticketOf(1).ID)
		d.ok(err)
		if len(pins) != 2 || pins[1].Body != "It is the fuse" || pins[1].By != "tomas" || pins[0].Who != "Anna Berg" {
			t.Errorf("pins: %+v", pins)
		}
		if k := d.count(`SELECT count(*) FROM event WHERE kind = 'pinned'`); k != 2 {
			t.Errorf("%d events", k)
		}
		d.ok(second(d.Merge(d.ctx, tomas, 1, 2, AnyVersion)))
		if pins, err = d.Pins(d.ctx, d.ticketOf(2).ID); err != nil || len(pins) != 2 {
			t.Errorf("after the merge: %+v %v", pins, err)
		}
		d.ok(second(d.SetPin(d.ctx, tomas, "note", n.ID, false)))
		if pins, err = d.Pins(d.ctx, d.ticketOf(2).ID); err != nil || len(pins) != 1 {
			t.Errorf("after unpinning: %+v %v", pins, err)
		}
		wantKind(t, second(d.SetPin(d.ctx, tomas, "message", 999, true)), migrations.NotFound)
	})
}

func TestOneAnswerToAllWhoReported(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tomas := d.technician("tomas@aldermere.example").Actor()
		d.pair()
		d.want(d.receive(d.mail(from("cleo@aldermere.example"))), FateNew, "HD-3", 1)
		d.want(d.receive(d.mail(from("done@aldermere.example"))), FateNew, "HD-4", 1)
		// The problem itself was nobody's request.
		p, err := d.OpenTicket(d.ctx, tomas, NewTicket{Subject: "Fire in the cellar"})
		d.ok(err)
		d.ok(second(d.Adopt(d.ctx, tomas, p.Number, []int64{1, 2, 3, 4})))
		d.ok(second(d.SetStage(d.ctx, tomas, 4, StageChange{Stage: Completed, Fix: "Water"}, AnyVersion)))
		d.send()
		id, err := d.Reply(d.ctx, tomas, p.Number, ReplyInput{Text: "The fire brigade is here.", Children: true, Once: "abc"})
		d.ok(err)
		again, err := d.Reply(d.ctx, tomas, p.Number, ReplyInput{Text: "The fire brigade is here.", Children: true, Once: "abc"})
		d.ok(err)
		if again != id || id == 0 {
			t.Errorf("sent again it is message %d, not %d", again, id)
		}
		var rows []struct {
			Number  int64  `db:"number"`
			Address string `db:"to_address"`
		}
		d.ok(d.db.Select(d.ctx, &rows, `SELECT t.number, o.to_address FROM outbox o JOIN ticket t ON t.id = o.ticket_id WHERE o.kind = 'reply' ORDER BY t.number`))
		if len(rows) != 3 || rows[0].Address != "anna@aldermere.example" || rows[1].Number != 2 || rows[1].Address != "ben@aldermere.example" || rows[2].Address != "cleo@aldermere.example" {
			t.Errorf("mails: %+v", rows)
		}
		tokens := d.send()
		d.want(d.receive(d.mail(from("ben@aldermere.example"), says("Good to hear that they came"), answers(tokenID(tokens["ben@aldermere.example"])))), FateAppend, "HD-2", 0)
		// Taken back, it is taken back everywhere.
		d.ok(second(d.AddParticipant(d.ctx, tomas, p.Number, Address{Address: "boss@aldermere.example"})))
		before := d.count(`SELECT count(*) FROM message`)
		mistake, err := d.Reply(d.ctx, tomas, p.Number, ReplyInput{Text: "All is well!", Children: true, TakeBack: true})
		d.ok(err)
		if n := d.count(`SELECT count(*) FROM outbox WHERE state = 'queued' AND kind = 'reply'`); n != 4 {
			t.Errorf("%d mails wait", n)
		}
		d.ok(second(d.Unsend(d.ctx, tomas, mistake)))
		if n := d.count(`SELECT count(*) FROM message`); n != before || d.count(`SELECT count(*) FROM outbox WHERE state = 'queued' AND kind = 'reply'`) != 0 {
			t.Errorf("%d messages instead of %d are left", n, before)
		}
		d.ok(second(d.RemoveParticipant(d.ctx, tomas, p.Number, d.ticketParticipant(p.ID))))
		if !d.ticketOf(p.Number).News {
			t.Error("the parent does not show the child's answer")
		}
		if _, _, err := d.StageChildren(d.ctx, tomas, p.Number, Completed); migrations.KindOf(err) != migrations.Invalid {
			t.Errorf("without a fix: %v", err)
		}
		d.ok(second(d.SetStage(d.ctx, tomas, p.Number, StageChange{Stage: Completed, Fix: "Extinguished", Summary: "The cellar burned because of a heater."}, AnyVersion)))
		done, refused, err := d.StageChildren(d.ctx, tomas, p.Number, Confirming)
		d.ok(err)
		if len(done) != 3 || len(refused) != 0 || d.ticketOf(3).Stage != Confirming || d.ticketOf(3).Fix != "Extinguished" || d.ticketOf(3).Summary == "" || d.ticketOf(4).Fix != "Water" {
			t.Errorf("asked: %v %v", done, refused)
		}
		done, _, err = d.StageChildren(d.ctx, tomas, p.Number, Completed)
		d.ok(err)
		if len(done) != 3 || d.ticketOf(1).Stage != Completed {
			t.Errorf("completed: %v", done)
		}
		if tokens := d.send(); tokens["anna@aldermere.example"] == "" || tokens["ben@aldermere.example"] == "" || tokens["cleo@aldermere.example"] == "" || tokens["done@aldermere.example"] != "" {
			t.Errorf("asked by mail: %v", tokens)
		}
		d.sound()
	})
}

func (d *mailDesk) ticketParticipant(ticketID int64) (id int64) {
	d.t.Helper()
	d.ok(d.db.Get(d.ctx, &id, `SELECT MIN(client_id) FROM participant WHERE ticket_id = ?`, ticketID))
	return id
}
