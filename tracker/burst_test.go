package tracker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// by is a mail of one of the house's people, as its own server vouches for them.
func by(name string) func(*Inbound) {
	return func(in *Inbound) {
		in.From = []Address{{Name: name, Address: strings.ToLower(name) + "@aldermere.example"}}
	}
}

func about(subject, words string) func(*Inbound) {
	return func(in *Inbound) { in.Subject, in.Reply, in.Text = subject, words, words }
}

// TestSeveralAlikeReports: three people within the hour make a burst, which
// changes what is suggested for the earlier tickets too, and says why; the next
// one joins it.
func TestSeveralAlikeReports(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		read := func(number int64) Ticket {
			t.Helper()
			return must(d.TicketByNumber(d.ctx, number))(t)
		}
		d.receive(d.mail(by("Anna"), about("No internet", "Nothing loads since 9.")))
		d.now = d.now.Add(10 * time.Minute)
		d.receive(d.mail(by("Bela"), about("Internet is down?", "I can't open any page.")))
		d.now = d.now.Add(5 * time.Minute)
		d.receive(d.mail(by("Cleo"), about("Outlook signature", "How do I change it?")))
		// The same person once more is no third person.
		d.receive(d.mail(by("Anna"), about("Internet still down", "Any news? It is broken here.")))
		if one := read(1); one.BurstID != 0 || one.SuggestedStar {
			t.Fatalf("two people make a burst: %+v", one)
		}
		d.now = d.now.Add(25 * time.Minute)
		d.receive(d.mail(by("Dora"), about("Kein Internet", "Seit 9 Uhr geht das Netz nicht mehr.")))
		const why = "Three people reported something alike within 40 minutes: HD-1, HD-2, HD-4 and HD-5"
		for _, n := range []int64{1, 2, 4, 5} {
			if x := read(n); x.BurstID == 0 || x.SuggestedLevel != 3 || !x.SuggestedStar || x.SuggestedReason != why || x.BurstPeople != 3 || x.TriagedAt != 0 || x.Level != 1 {
				t.Errorf("HD-%d: burst %d, suggested %d %v %q", n, x.BurstID, x.SuggestedLevel, x.SuggestedStar, x.SuggestedReason)
			}
		}
		if x := read(3); x.BurstID != 0 || x.SuggestedStar {
			t.Errorf("another request is taken for one of them: %+v", x)
		}
		if n := d.count(`SELECT count(*) FROM event WHERE subject = 'ticket' AND kind = 'burst'`); n != 4 {
			t.Errorf("%d tickets tell that they joined, want 4", n)
		}
		// The next one joins, and the reason of all counts it; one that comes later than an hour does not.
		d.now = d.now.Add(10 * time.Minute)
		d.receive(d.mail(by("Emil"), about("Wifi and internet not working", "")))
		one := read(1)
		if !strings.HasPrefix(one.SuggestedReason, "Four people reported something alike within 50 minutes: HD-1, ") || read(6).BurstID != one.BurstID {
			t.Errorf("the fourth: %q, %+v", one.SuggestedReason, read(6))
		}
		d.now = d.now.Add(3 * time.Hour)
		d.receive(d.mail(by("Finn"), about("No internet", "at all")))
		if x := read(7); x.BurstID != 0 {
			t.Error("a report of three hours later joined")
		}

		b := must(d.BurstOf(d.ctx, &one))(t)
		if len(b.Tickets) != 5 || b.People != 4 || b.Tickets[0].Number != 1 || b.Since != one.OpenedAt {
			t.Fatalf("the burst: %+v", b)
		}
		// A person says that one is about something else: it leaves for good.
		tess := must(d.CreateAccount(d.ctx, Actor{}, NewAccount{Email: "tess@desk.example", Name: "Tess", Role: Technician}))(t)
		left := must(d.LeaveBurst(d.ctx, Actor{AccountID: tess.ID}, 6))(t)
		if left.BurstID != 0 || left.SuggestedStar || !strings.HasPrefix(read(1).SuggestedReason, "Three people") {
			t.Errorf("after it left: %+v, %q", left, read(1).SuggestedReason)
		}
		// With too few left it is over; deleting counts as leaving.
		d.ok(d.DeleteTicket(d.ctx, Actor{AccountID: tess.ID}, 5, "a trial"))
		if x := read(1); x.BurstID != 0 || x.SuggestedStar || x.SuggestedReason != "" {
			t.Errorf("two are left: %+v", x)
		}
		if n := d.count(`SELECT count(*) FROM burst`); n != 0 {
			t.Errorf("%d bursts are left", n)
		}
		if _, err := d.BurstOf(d.ctx, &one); migrations.KindOf(err) != migrations.NotFound {
			t.Errorf("a burst that is over: %v", err)
		}
	})
}

// TestTheCommonReportNeedNotComeLast: two that are alike only with a third
// between them are of one burst with it, in whatever order they come.
func TestTheCommonReportNeedNotComeLast(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.receive(d.mail(by("Wendy"), about("Wi-Fi in reception is gone", "The visitor screen is dark, too.")))
		d.receive(d.mail(by("Theo"), about("internet???", "Is the internet down?")))
		d.receive(d.mail(by("Luis"), about("No network in hall B", "All tablets say no connection.")))
		if n := d.count(`SELECT count(*) FROM ticket WHERE burst_id IS NOT NULL`); n != 3 {
			t.Errorf("%d tickets are of the burst, want 3", n)
		}
		// One of them was Wendy's, too, who telephoned for herself: two people are no burst.
		tess := must(d.CreateAccount(d.ctx, Actor{}, NewAccount{Email: "tess@desk.example", Name: "Tess", Role: Technician}))(t)
		one := must(d.SetRequester(d.ctx, Actor{AccountID: tess.ID}, 2, Address{Address: "wendy@aldermere.example"}, AnyVersion))(t)
		if n := d.count(`SELECT count(*) FROM ticket WHERE burst_id IS NOT NULL`); n != 0 || one.BurstID != 0 {
			t.Errorf("%d tickets are of a burst of two people", n)
		}
	})
}

// Two reporters who turn out to be one person are one of a burst.
func TestABurstCountsWhoWasMergedOnce(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		for _, name := range []string{"Anna", "Bela", "Cleo", "Dora"} {
			d.receive(d.mail(by(name), about("Internet down", "It is broken.")))
		}
		people := func() int {
			return d.count(`SELECT COALESCE(MAX(people), 0) FROM burst`)
		}
		who := func(name string) Client {
			return must(d.ClientByAddress(d.ctx, strings.ToLower(name)+"@aldermere.example"))(t)
		}
		if people() != 4 {
			t.Fatalf("%d people are of the burst, want 4", people())
		}
		d.ok(second(d.same(who("Dora"), who("Anna"))))
		if people() != 3 {
			t.Errorf("%d people are of the burst once two are one, want 3", people())
		}
		d.ok(second(d.same(who("Cleo"), who("Bela"))))
		if n := d.count(`SELECT count(*) FROM ticket WHERE burst_id IS NOT NULL OR burst_person <> ''`); people() != 0 || n != 0 {
			t.Errorf("two people are a burst of %d tickets", n)
		}
	})
}

// Whom an administrator lets in counts as a person, also when others of the
// burst go again.
func TestAdmittedMailCountsByItsPeople(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		boss := must(d.CreateAccount(d.ctx, Actor{}, NewAccount{Email: "boss@desk.example", Name: "Boss", Role: Admin}))(t)
		for i := range 5 {
			o := d.receive(d.mail(by(fmt.Sprintf("Person%d", i)), about("Internet down", "It is broken."), func(in *Inbound) {
				in.AuthAs, in.AuthResults = "", []string{"dmarc=fail header.from=aldermere.example"}
			}))
			d.want(o, FatePending, "", 0)
			d.ok(second(d.ApproveHeld(d.ctx, boss.Actor(), d.heldMessage().ID, Approval{})))
			if n := d.count(`SELECT COALESCE(MAX(people), 0) FROM burst`); i >= 2 && n != i+1 {
				t.Errorf("after %d of them the burst has %d people", i+1, n)
			}
		}
	})
}

// What a mail in shadow mode would be told of is the burst that it would join.
func TestABurstIsRehearsed(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		for _, name := range []string{"Anna", "Bela", "Cleo"} {
			d.receive(d.mail(by(name), about("Internet down", "It is broken.")))
		}
		d.ok(d.BeginShadow(d.ctx, Actor{}, d.mailbox.ID))
		d.want(d.receive(d.mail(by("Dora"), about("Internet down", "It is broken."))), FateShadow, "", 0)
		list, _, err := d.ShadowMails(d.ctx, d.mailbox.ID, 0, 10)
		d.ok(err)
		if len(list) != 1 || !list[0].Would.Star || list[0].Would.Level != 3 || !strings.HasPrefix(list[0].Would.Why, "Four people reported") {
			t.Errorf("it would be %+v", list)
		}
		if n := d.count(`SELECT people FROM burst`) + d.count(`SELECT count(*) FROM ticket WHERE burst_id IS NOT NULL`); n != 6 {
			t.Errorf("the rehearsal left something behind: %d", n)
		}
	})
}

// TestNobodyMakesABurstAlone: one who mails five times, a stranger with five
// addresses of a domain or with none that anybody vouches for, robots, and
// what our server says is forged.
func TestNobodyMakesABurstAlone(t *testing.T) {
	burst := func(d *mailDesk, why string) {
		t.Helper()
		if n := d.count(`SELECT count(*) FROM ticket WHERE burst_id IS NOT NULL`) + d.count(`SELECT count(*) FROM burst`); n != 0 {
			t.Errorf("%s makes a burst", why)
		}
		d.now = d.now.Add(3 * time.Hour)
	}
	eachMailDesk(t, func(d *mailDesk) {
		down := about("Internet down", "It is broken.")
		outside := func(in *Inbound) { in.AuthAs = "Anonymous" }
		for range 5 {
			d.receive(d.mail(by("Anna"), down))
		}
		burst(d, "one person with five mails")
		for i := range 5 {
			d.receive(d.mail(from(fmt.Sprintf("m%d@throwaway.example", i)), outside, down))
		}
		burst(d, "a stranger with five addresses")
		for i := range 5 {
			d.receive(d.mail(by(fmt.Sprintf("Colleague%d", i)), outside, down))
		}
		burst(d, "who writes colleagues' addresses, for whom our server does not vouch,")
		for i := range 5 {
			d.receive(d.mail(by(fmt.Sprintf("Forged%d", i)), outside, down, func(in *Inbound) {
				in.AuthResults = []string{"spf=fail smtp.mailfrom=evil.example; dmarc=fail header.from=aldermere.example"}
			}))
		}
		burst(d, "who is found out by our server")
		for i := range 5 {
			d.receive(d.mail(by(fmt.Sprintf("Monitor%d", i)), down, func(in *Inbound) { in.Class = ClassAutoReply }))
		}
		burst(d, "a machine")
		// Several who ask for something are no outage, and the setting can say never.
		for i := range 5 {
			d.receive(d.mail(by(fmt.Sprintf("Starter%d", i)), about("Password reset", "Please reset it.")))
		}
		burst(d, "who asks for something")
		tess := must(d.CreateAccount(d.ctx, Actor{}, NewAccount{Email: "tess@desk.example", Name: "Tess", Role: Admin}))(t)
		_, version, err := d.Settings(d.ctx, SetBurst)
		d.ok(err)
		d.ok(d.ChangeSettings(d.ctx, Actor{AccountID: tess.ID}, map[string]string{SetBurst: "0"}, version))
		for i := range 5 {
			d.receive(d.mail(by(fmt.Sprintf("Person%d", i)), down))
		}
		burst(d, "a desk that wants none")
		_, version, err = d.Settings(d.ctx, SetBurst)
		d.ok(err)
		if err := d.ChangeSettings(d.ctx, Actor{AccountID: tess.ID}, map[string]string{SetBurst: "1"}, version); migrations.KindOf(err) != migrations.Invalid {
			t.Errorf("one person shall be a burst: %v", err)
		}
	})
}

// TestTelephonedReportsCount: what a technician writes down counts like mail,
// of people whom nobody knew too.
func TestTelephonedReportsCount(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		for i, who := range []string{"ada@away.example", "bo@away.example", "cy@away.example"} {
			d.clock.add(time.Minute)
			x := must(d.OpenTicket(t.Context(), Actor{AccountID: d.tech.ID}, NewTicket{Subject: "Telefon tot", Text: "ruft vom Mobiltelefon an", Via: NotePhone, Requester: Address{Address: who}}))(t)
			if got := x.BurstID != 0; got != (i == 2) {
				t.Fatalf("after %d calls: %+v", i+1, x)
			}
		}
		one := must(d.TicketByNumber(t.Context(), 1))(t)
		if want := "Three people reported something alike within 2 minutes: HD-1, HD-2 and HD-3"; one.SuggestedReason != want {
			t.Errorf("got %q, want %q", one.SuggestedReason, want)
		}
	})
}

// TestSuggestionFollowsWhoAsks: high management gives a star, and so does the
// person whom a ticket is for; a star of two reasons says both.
func TestSuggestionFollowsWhoAsks(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		tess := must(d.CreateAccount(d.ctx, Actor{}, NewAccount{Email: "tess@desk.example", Name: "Tess", Role: Technician}))(t)
		act := Actor{AccountID: tess.ID}
		d.receive(d.mail(by("Anna"), about("Zoom for tomorrow", "I can not work at all without it. Thanks")))
		one := must(d.TicketByNumber(d.ctx, 1))(t)
		if one.SuggestedLevel != 3 || one.SuggestedStar || one.SuggestedReason != "the mail says: “I can not work at all without it”" {
			t.Errorf("a mail: %d %v %q", one.SuggestedLevel, one.SuggestedStar, one.SuggestedReason)
		}
		yes, no := true, false
		chief := must(d.AddClient(d.ctx, act, Address{Name: "Nora Chief", Address: "nora@aldermere.example"}, ClientChange{HighManagement: &yes}))(t)
		one = must(d.SetFor(d.ctx, act, 1, chief.ID, AnyVersion))(t)
		if !one.SuggestedStar || one.SuggestedReason != "Nora Chief belongs to high management" {
			t.Errorf("for the chief: %v %q", one.SuggestedStar, one.SuggestedReason)
		}
		must(d.UpdateClient(d.ctx, act, chief.ID, ClientChange{HighManagement: &no}, AnyVersion))(t)
		if one = must(d.TicketByNumber(d.ctx, 1))(t); one.SuggestedStar || one.SuggestedLevel != 3 {
			t.Errorf("who is no chief any more: %v %q", one.SuggestedStar, one.SuggestedReason)
		}
		must(d.UpdateClient(d.ctx, act, chief.ID, ClientChange{HighManagement: &yes}, AnyVersion))(t)
		one = must(d.SetRequester(d.ctx, act, 1, Address{Address: "nora@aldermere.example"}, AnyVersion))(t)
		if !one.SuggestedStar {
			t.Errorf("asked by the chief: %q", one.SuggestedReason)
		}
		form := &Form{Requester: Address{}, Answers: []Answer{{Question: "Effect", Answer: "I cannot work at all", Meaning: MeansEffect}}}
		chief.HighManagement = true
		if level, star, why := suggest(form, "", &chief); level != 3 || !star || why != "Nora Chief belongs to high management; the form says about the effect on work: “I cannot work at all”" {
			t.Errorf("two reasons: %d %v %q", level, star, why)
		}
		for _, usual := range []string{"", "Please install it.", "I can still work.", "It does not work on my machine", "Danke, ich kann weiter arbeiten"} {
			if level, star, why := suggest(nil, usual); level != 1 || star || why != "" {
				t.Errorf("%q: %d %v %q", usual, level, star, why)
			}
		}
	})
}
