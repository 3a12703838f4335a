package tracker

import (
	"strings"
	"testing"
)

// leave has every due mail sent with words that it cites, or be on its way back
// into the queue; it returns the Message-IDs by mail.
func (d *mailDesk) leave(cites string, retried bool) map[int64]string {
	d.t.Helper()
	l, err := d.Acquire(d.ctx, "outbox")
	d.ok(err)
	defer l.Release(d.ctx)
	items, err := d.DueOutbox(d.ctx, l, 100)
	d.ok(err)
	ids := map[int64]string{}
	for _, it := range items {
		data := "To: " + it.ToAddress + "\r\n\r\n"
		if it.AccountID != 0 {
			data += strings.Repeat(cites+"\r\n", SmallBlob/len(cites)*2)
		}
		token, hash := NewToken()
		id := tokenID(hash[:20])
		if it.MailID != "" {
			id = it.MailID
		}
		ids[it.ID] = id
		d.ok(d.Rendered(d.ctx, l, it.ID, Rendered{Bytes: []byte(data), MailID: id, Token: token}))
		d.ok(d.Sending(d.ctx, l, it.ID))
		if retried && it.AccountID != 0 {
			d.ok(d.Retry(d.ctx, l, it.ID, "busy", d.now))
		} else {
			d.ok(d.Sent(d.ctx, l, it.ID, "250 OK", ""))
		}
	}
	return ids
}

// A notification cites other tickets: their words go with them, whether it was
// sent or waits still.
func TestCitedWordsAreForgotten(t *testing.T) {
	for _, retried := range []bool{false, true} {
		eachMailDesk(t, func(d *mailDesk) {
			ines := d.technician("ines@desk.example")
			d.want(d.receive(d.mail(from("bob@client.example"), says("hello"), func(in *Inbound) { in.Subject = "The quetzal door" })), FateNew, "HD-1", 1)
			d.want(d.receive(d.mail(says("hello"), func(in *Inbound) { in.Subject = "The axolotl lamp" })), FateNew, "HD-2", 1)
			d.want(d.receive(d.mail(from("carl@client.example"), says("My lamp."), func(in *Inbound) { in.Subject = "Lamp" })), FateNew, "HD-3", 1)
			must(d.Assign(d.ctx, Actor{}, 3, ines.ID, AnyVersion))(t)
			ids := d.leave("The quetzal door; The axolotl lamp of Anna Berg", retried)
			d.ok(d.DeleteTicket(d.ctx, Actor{}, 1, "by mistake"))
			d.ok(d.Erase(d.ctx, Actor{}, Erasure{Address: anna}, nil))
			d.nothingLeft(t, "quetzal", "axolotl", "Anna Berg")
			if n := d.count(`SELECT count(*) FROM outbox WHERE account_id IS NOT NULL AND ticket_id IS NOT NULL`); n == 0 {
				t.Fatal("nobody who works here was told of anything")
			}
			if retried { // it leaves all the same, as the mail that it was
				for id, now := range d.leave("nothing", false) {
					if now != ids[id] {
						t.Errorf("mail %d is %s now, and was %s", id, now, ids[id])
					}
				}
			}
			if n := d.count(`SELECT count(*) FROM outbox WHERE account_id IS NOT NULL AND (state <> 'sent' OR digest <> '')`); n != 0 {
				t.Errorf("%d mails to technicians wait or are kept", n)
			}
		})
	}
}
