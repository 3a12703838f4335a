package tracker

import "testing"

// Forged mails that borrow the identity of real ones.

// outside is a mail that our server vouches for nobody in.
func outside(in *Inbound) { in.AuthAs = "Anonymous" }

// forged is a mail that our server says is not its author's.
func forged(in *Inbound) {
	in.AuthAs = "Anonymous"
	in.AuthResults = []string{"spf=fail; dkim=none; dmarc=fail action=none header.from=aldermere.example"}
}

func TestForgedRevisionReplacesNothing(t *testing.T) {
	for name, as := range map[string]func(*Inbound){"unverified": outside, "forged": forged} {
		t.Run(name, func(t *testing.T) {
			eachMailDesk(t, func(d *mailDesk) {
				real := d.mail()
				d.want(d.receive(real), FateNew, "HD-1", 1)
				o := d.receive(d.mail(func(in *Inbound) { in.MessageID, in.Date = real.MessageID, real.Date }, says("Pay to this account."), as))
				if o.Fate == FateRevision || o.Fate == FateDuplicate || o.Acks != 0 {
					t.Errorf("a forged copy became %s with %d acknowledgements", o.Fate, o.Acks)
				}
				if n := d.count(`SELECT count(*) FROM message WHERE state = 'superseded'`); n != 0 {
					t.Error("a forged copy took the place of the real mail")
				}
				if name == "forged" && o.Fate != FatePending {
					t.Errorf("a forged copy became %s", o.Fate)
				}
			})
		})
	}
}

func TestForgedFirstTakesNothing(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		real := d.mail()
		d.want(d.receive(d.mail(func(in *Inbound) {
			in.MessageID, in.Date, in.ContentDigest = real.MessageID, real.Date, real.ContentDigest
		}, forged)), FatePending, "", 0)
		d.want(d.receive(d.mail(func(in *Inbound) { in.MessageID, in.Date = real.MessageID, real.Date }, says("Other words."), forged)), FateRevision, "", 0)
		d.want(d.receive(real), FateNew, "HD-1", 1)
		d.want(d.receive(real), FateDuplicate, "HD-1", 0)
	})
}

func TestCopyUnderAnotherVerdictIsADuplicate(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		real := d.mail(outside)
		d.want(d.receive(real), FateNew, "HD-1", 1)
		for _, as := range []func(*Inbound){forged, outside, func(in *Inbound) { in.AuthAs = "Internal" }} {
			again := real
			as(&again)
			d.want(d.receive(again), FateDuplicate, "HD-1", 0)
		}
	})
}

func TestBounceCountsOnce(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		id := tokenID(d.send()["anna@aldermere.example"])
		bounce := d.mail(from("postmaster@aldermere.example"), func(in *Inbound) {
			in.Class, in.Bounce = ClassBounce, &Bounce{Recipients: []string{"Anna@aldermere.example"}, OriginalMessageID: id, Permanent: true, Status: "5.1.1"}
		})
		for range 2 {
			d.want(d.receive(bounce), FateNone, "HD-1", 0)
		}
		if n := d.count(`SELECT count(*) FROM note`); n != 1 {
			t.Errorf("one bounce, taken twice, left %d notes", n)
		}
	})
}

func TestForgedBounceSilencesNobody(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.want(d.receive(d.mail()), FateNew, "HD-1", 1)
		id := tokenID(d.send()["anna@aldermere.example"])
		about := func(address string) func(*Inbound) {
			return func(in *Inbound) {
				in.Class, in.Bounce = ClassBounce, &Bounce{Recipients: []string{address}, OriginalMessageID: id, Permanent: true, Status: "5.1.1"}
			}
		}
		d.receive(d.mail(from("postmaster@evil.example"), about("somebody@else.example")))
		d.receive(d.mail(from("postmaster@aldermere.example"), about("anna@aldermere.example"), forged))
		if n := d.count(`SELECT count(*) FROM client_address WHERE bounced_at IS NOT NULL`); n != 0 {
			t.Error("a forged bounce marked an address as unreachable")
		}
		d.want(d.receive(d.mail()), FateNew, "HD-2", 1)
	})
}

func TestUnverifiedSubjectIsNotEchoed(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		for i, as := range []func(*Inbound){func(in *Inbound) { in.AuthAs = "Internal" }, outside} {
			d.receive(d.mail(as))
			it := d.dueAck()
			if it.Ack == nil || it.Ack.EchoSubject != (i == 0) {
				t.Errorf("the acknowledgement of an inside address echoes the subject: %+v", it.Ack)
			}
		}
	})
}

func TestAcksGoOnlyWhereMailCan(t *testing.T) {
	for address, want := range map[string]bool{
		"anna@aldermere.example": true, "o'neil+it@a-b.example": true, "a@xn--bcher-kva.example": true, "a_b=c@x.example": true,
		"a@exampl~.org": false, "a@example./plain": false, "a@x..example": false, "a@-x.example": false, "a..b@x.example": false, ".a@x.example": false, "a.@x.example": false,
		"a@=?iso-2022-jp?b?gyrc?=example.org": false, "a@[127.0.0.1]": false, "a b@x.example": false, "é@x.example": false,
	} {
		if sendable(address) != want {
			t.Errorf("sendable(%q) is not %v", address, want)
		}
	}
}

// dueAck sends what is due, and returns the one acknowledgement in it.
func (d *mailDesk) dueAck() OutboxItem {
	d.t.Helper()
	l, err := d.Acquire(d.ctx, "outbox")
	d.ok(err)
	items, err := d.DueOutbox(d.ctx, l, 10)
	d.ok(err)
	d.ok(l.Release(d.ctx))
	if len(items) != 1 || items[0].Kind != MailAck {
		d.t.Fatalf("due is %+v", items)
	}
	d.send()
	return items[0]
}
