package tracker

import "testing"

func TestWhatConfirms(t *testing.T) {
	for reply, want := range map[string]bool{
		"Yes":                           true,
		"Yes, thank you!":               true,
		"Yes it is, many thanks":        true,
		"Thanks":                        true,
		"It works again. Thanks a lot!": true,
		"Solved":                        true,
		"Oui, tout marche, merci":       true,
		"Ja, es geht wieder. Danke":     true,
		"Résolu, merci !":               true,
		"":                              false,
		"It is":                         false,
		"Hello":                         false,
		"No":                            false,
		"No thanks":                     false,
		"Not yet":                       false,
		"Yes, but the second one fails": false,
		"Thanks, I will test tomorrow":  false,
		"It works?":                     false,
		"Solved? Thanks":                false,
		"It doesn't work, thanks":       false,
		"Ca ne marche pas, merci":       false,
		"Nein, es geht nicht":           false,
		"Yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes": false,
	} {
		if got := isConfirmation(reply); got != want {
			t.Errorf("%q: %v", reply, got)
		}
	}
}

func TestTheClientsYesCompletes(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tech := d.technician("tomas@aldermere.example")
		x := d.confirming(tech)
		yes := func(in *Inbound) { in.SubjectTags = []int64{x.Number} }
		// Somebody without a part in it says nothing to it.
		d.want(d.receive(d.mail(yes, from("carl@aldermere.example"), says("Yes, solved"))), FateNew, "HD-2", 1)
		d.want(d.receive(d.mail(yes, says("Away until Monday, yes"), func(in *Inbound) { in.Class = ClassAutoReply })), FateAppend, "HD-1", 0)
		if y := must(d.TicketByNumber(d.ctx, x.Number))(t); y.Stage != Confirming {
			t.Fatalf("still to be confirmed, but %+v", y)
		}
		d.want(d.receive(d.mail(yes, says("Yes, it works. Thank you!"))), FateAppend, "HD-1", 0)
		y := must(d.TicketByNumber(d.ctx, x.Number))(t)
		if y.Stage != Completed || y.Unconfirmed || y.News || y.ClosedAt == 0 {
			t.Fatalf("confirmed %+v", y)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE kind = 'confirmed' AND actor LIKE 'client:%'`); n != 1 {
			t.Fatalf("%d events", n)
		}
		d.want(d.receive(d.mail(yes, says("Thanks"))), FateAppend, "HD-1", 0)
		d.want(d.receive(d.mail(yes, says("Yes, but now the other one burns."))), FateAppend, "HD-1", 0)
		if y = must(d.TicketByNumber(d.ctx, x.Number))(t); y.Stage != Requested || !y.News {
			t.Fatalf("re-opened %+v", y)
		}
	})
}
