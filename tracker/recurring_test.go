package tracker

import (
	"slices"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// kindsOf returns the problems as kind and number of tickets.
func kindsOf(all []Recurring) (out []string) {
	for _, r := range all {
		out = append(out, r.Kind+" "+string(rune('0'+r.N())))
	}
	return out
}

func TestRecurring(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		in := func(x Ticket, category int64) Ticket {
			t.Helper()
			return must(d.SetCategory(ctx, d.tech.Actor(), x.Number, category, AnyVersion))(t)
		}
		want := func(got []Recurring, want ...string) {
			t.Helper()
			if !slices.Equal(kindsOf(got), want) {
				t.Fatalf("%v, want %v: %+v", kindsOf(got), want, got)
			}
		}
		all := func() []Recurring { // as it is now: Recurring may be a minute behind
			t.Helper()
			return must(d.findRecurring(ctx, must(settledKeys(ctx, d.db))(t)))(t)
		}

		// Long ago: out of the window.
		in(d.open(t, "Paper jam on the second floor", "zora"), 5)
		d.clock.add(91 * 24 * time.Hour)
		// Alike subjects of different people, in other words and order.
		in(d.open(t, "Paper jam in the printer", "anna"), 5)
		in(d.open(t, "Jam: no more paper goes through", "bert"), 5)
		want(all())
		third := in(d.open(t, "PAPER JÀM again", "carla"), 5)
		in(d.open(t, "Toner is empty", "anna"), 5)
		want(all(), "words 3")
		// One person in one category; the same in others is nothing.
		for i, subject := range []string{"Locked out", "Cannot sign in to SAP", "Two-factor telephone lost"} {
			in(d.open(t, subject, "bert"), 3)
			in(d.open(t, subject+" too", "carla"), int64(1+i))
		}
		want(all(), "person 3", "words 3")
		// One asset, whoever asks: its tickets are no person's problem any more.
		asset := Thing{KindAsset, 7}
		var last Ticket
		for _, who := range []string{"bert", "dora", "emil"} {
			last = d.open(t, "Screen flickers for "+who, who)
			if err := d.Link(ctx, d.tech.Actor(), Thing{KindTicket, last.ID}, asset); err != nil {
				t.Fatal(err)
			}
		}
		want(all(), "asset 3", "person 3", "words 3")
		want(must(d.RecurringOfAsset(ctx, 7))(t), "asset 3")
		want(must(d.RecurringOfAsset(ctx, 8))(t))
		want(must(d.RecurringOfTicket(ctx, &third))(t), "words 3")
		want(must(d.RecurringOfTicket(ctx, &last))(t), "asset 3")
		bert := must(d.ClientByAddress(ctx, "bert@office.example"))(t)
		want(must(d.RecurringOfClient(ctx, bert.ID))(t), "asset 3", "person 3")
		if problems := all(); problems[0].People != 3 || problems[1].People != 1 || !slices.Equal(problems[2].Words, []string{"paper", "jam"}) {
			t.Fatalf("%+v", problems)
		}

		// A root-cause ticket: linked with all of them, nobody is mailed, and
		// two who press at once get the same one.
		words := all()[2]
		mails := func() (n int) {
			if err := d.db.Get(ctx, &n, `SELECT count(*) FROM outbox`); err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := mails()
		root, made, err := d.OpenRootCause(ctx, d.tech.Actor(), must(d.RecurringByKey(ctx, words.Key))(t), "Why does paper jam?", "Three times.")
		if err != nil || !made || root.CategoryID != 5 || root.ClientID != 0 {
			t.Fatalf("%+v %v %v", root, made, err)
		}
		if again, made, err := d.OpenRootCause(ctx, d.admin.Actor(), words, "x", "y"); err != nil || made || again.ID != root.ID {
			t.Fatalf("the second: %+v %v %v", again, made, err)
		}
		if links := must(d.Links(ctx, Thing{KindTicket, root.ID}))(t); len(links) != 3 || mails() != before {
			t.Fatalf("%d links, %d mails", len(links), mails()-before)
		}
		want(all(), "asset 3", "person 3", "words 3")
		if r := must(d.RecurringByKey(ctx, words.Key))(t); r.Suggested() || r.Root != root.Number {
			t.Fatalf("%+v", r)
		}
		// One more is of the same problem; a root-cause ticket itself is not.
		in(d.open(t, "Another paper jam", "dora"), 5)
		want(all(), "words 4", "asset 3", "person 3")
		// Solved: what came before is settled. Three more, and it was not the cause.
		must(d.SetStage(ctx, d.tech.Actor(), root.Number, StageChange{Stage: Completed, Fix: "New rollers"}, AnyVersion))(t)
		want(all(), "asset 3", "person 3")
		d.clock.add(time.Hour)
		for _, who := range []string{"dora", "emil", "fred"} {
			in(d.open(t, "Paper jam once more", who), 5)
		}
		if again := all(); len(again) != 3 || again[0].Kind != RecursWords || again[0].N() != 3 || !again[0].Suggested() {
			t.Fatalf("%+v", again)
		}

		// Set aside: until it came three times more.
		person := must(d.RecurringOfClient(ctx, bert.ID))(t)[1]
		if err := d.DismissRecurring(ctx, d.tech.Actor(), person); err != nil {
			t.Fatal(err)
		}
		want(must(d.RecurringOfClient(ctx, bert.ID))(t), "asset 3")
		_, err = d.RecurringByKey(ctx, person.Key)
		wantKind(t, err, "not found")
		d.clock.add(time.Hour)
		for range 3 {
			want(must(d.RecurringOfClient(ctx, bert.ID))(t), "asset 3")
			in(d.open(t, "Locked out", "bert"), 3)
		}
		want(must(d.RecurringOfClient(ctx, bert.ID))(t), "person 3", "asset 3")

		// Whoever is erased leaves no decision, and neither does a deleted ticket.
		if err := d.DismissRecurring(ctx, d.tech.Actor(), must(d.RecurringOfClient(ctx, bert.ID))(t)[0]); err != nil {
			t.Fatal(err)
		}
		if err := d.DeleteTicket(ctx, d.admin.Actor(), root.Number, "a test"); err != nil {
			t.Fatal(err)
		}
		var left []string
		if err := d.db.Select(ctx, &left, `SELECT key FROM recurrence`); err != nil || len(left) != 1 || left[0] != person.Key {
			t.Fatalf("%v %v", left, err)
		}
	})
}

// TestRecurringIsHeld: what was found holds for a minute, a decision shows at
// once; and what recurs with a person or an asset is seen behind any number
// of newer tickets.
func TestRecurringIsHeld(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		want := func(want ...string) []Recurring {
			t.Helper()
			got := must(d.Recurring(ctx))(t)
			if !slices.Equal(kindsOf(got), want) {
				t.Fatalf("%v, want %v: %+v", kindsOf(got), want, got)
			}
			return got
		}
		jam := func(subject, who string) Ticket {
			t.Helper()
			x := d.open(t, subject, who)
			return must(d.SetCategory(ctx, d.tech.Actor(), x.Number, 5, AnyVersion))(t)
		}
		jam("One thing", "anna")
		jam("Another matter", "anna")
		want()
		last := jam("Still something else", "anna")
		want()
		d.clock.add(time.Minute)
		got := want("person 3")
		if err := d.DismissRecurring(ctx, d.tech.Actor(), got[0]); err != nil {
			t.Fatal(err)
		}
		want()
		if err := d.UndismissRecurring(ctx, d.tech.Actor(), got[0].Key); err != nil {
			t.Fatal(err)
		}
		want("person 3")
		for _, o := range got[0].Tickets {
			if err := d.Link(ctx, d.tech.Actor(), Thing{KindTicket, o.ID}, Thing{KindAsset, 7}); err != nil {
				t.Fatal(err)
			}
		}
		d.clock.add(time.Hour)
		// One statement: as many tickets of others as are compared.
		err := d.db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ?)
				INSERT INTO ticket (number, subject, stage, level, star, opened_at, stage_at, created_at, updated_at)
				SELECT 1000 + n, 'Matter', 'requested', 1, FALSE, ?, ?, ?, ? FROM s`, recurringRead, d.stamp(), d.stamp(), d.stamp(), d.stamp())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		d.clock.add(time.Minute)
		if got := want("asset 3"); got[0].AssetID != 7 {
			t.Fatalf("%+v", got)
		}
		if err := d.Unlink(ctx, d.tech.Actor(), Thing{KindTicket, last.ID}, Thing{KindAsset, 7}); err != nil {
			t.Fatal(err)
		}
		d.clock.add(time.Minute)
		want("person 3")
		often := must(d.OftenAsked(ctx, last.ClientID))(t)
		if often.N != 3 || len(often.Categories) != 1 || often.Categories[0].ID != 5 || often.Categories[0].N != 3 || len(often.Assets) != 1 || often.Assets[0] != (AssetCount{7, 2}) {
			t.Fatalf("%+v", often)
		}
	})
}

// TestRecurringInABusyCategory: three of three hundred are not a problem.
func TestRecurringInABusyCategory(t *testing.T) {
	var rows []Occurrence
	for i := range 300 {
		subject := "word" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + " only"
		if i < 5 {
			subject = "Certificate expired"
		}
		if i >= 290 {
			subject = "Beamer flickers green"
		}
		rows = append(rows, Occurrence{ID: int64(i + 1), OpenedAt: 1, Subject: subject, CategoryID: 2, ClientID: int64(i + 1)})
	}
	got := wordProblems(rows, nil)
	if len(got) != 1 || got[0].N() != 10 || !slices.Equal(got[0].Words, []string{"beamer", "flickers", "green"}) {
		t.Fatalf("%+v", got)
	}
}

// A problem that many report at once came once: its reports, below one ticket,
// do not make it recur; what was merged does not count anywhere.
func TestOneProblemOfManyDoesNotRecur(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		c := must(d.AddCategory(ctx, d.admin.Actor(), "Tunnels"))(t)
		var all []Ticket
		for _, who := range []string{"anna", "bela", "cleo", "dora", "emil"} {
			x := d.open(t, "Zebra tunnel collapsed", who)
			ok(second(d.SetCategory(ctx, d.tech.Actor(), x.Number, c.ID, AnyVersion)))
			all = append(all, x)
			d.clock.add(time.Minute)
		}
		d.clock.add(time.Minute) // what was found before holds so long
		if n := len(must(d.Recurring(ctx))(t)); n != 1 {
			t.Fatalf("five separate reports make %d problems", n)
		}
		ok(second(d.Merge(ctx, d.tech.Actor(), all[4].Number, all[3].Number, AnyVersion)))
		ok(second(d.Adopt(ctx, d.tech.Actor(), all[0].Number, []int64{all[1].Number, all[2].Number, all[3].Number})))
		d.clock.add(time.Minute)
		if list := must(d.Recurring(ctx))(t); len(list) != 0 {
			t.Errorf("one outage recurs: %+v", list)
		}
		p := must(d.ClientProfile(ctx, all[4].ClientID, time.UTC))(t)
		if p.Total != 0 {
			t.Errorf("a duplicate is %d requests of its person", p.Total)
		}
		if n := must(d.Opened(ctx, d.clock.Now().Add(-time.Hour), d.clock.Now()))(t); n != 4 {
			t.Errorf("%d requests, want four people's", n)
		}
	})
}
