package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// watchPost is one node that looks after a desk, with its own clock.
type watchPost struct {
	*Store
	t    *testing.T
	o    Observer
	box  Mailbox
	skew time.Duration
	day  *time.Time
}

// watchPosts are nodes on one database whose time a test sets.
func watchPosts(t *testing.T, db *migrations.DB, names ...string) (now *time.Time, posts []*watchPost) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	now = &at
	for _, name := range names {
		p := &watchPost{t: t, day: now}
		p.Store = New(db, Options{Clock: func() time.Time { return now.Add(p.skew) }, Node: name})
		p.knownFor = 0
		p.restart()
		posts = append(posts, p)
	}
	for _, name := range []string{BeatOutbox, BeatIndex, BeatClock, fmt.Sprintf("mailbox:%d", posts[0].box.ID)} {
		l, err := posts[0].Acquire(t.Context(), name)
		posts[0].ok(err)
		t.Cleanup(func() { l.Release(context.Background()) })
	}
	return now, posts
}

func (p *watchPost) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// restart forgets all that a process remembers.
func (p *watchPost) restart() {
	var err error
	p.box, err = p.OpenMailbox(p.t.Context(), "helpdesk", "helpdesk@aldermere.example", Begin{Everything: true})
	p.ok(err)
	p.o = Observer{Mailboxes: []Watched{{ID: p.box.ID, Name: "helpdesk", Poll: 45 * time.Second}}}
}

// beatLeases shows that the holders of all leases live, as their own goroutines do.
func (p *watchPost) beatLeases() {
	p.ok(p.db.Tx(p.t.Context(), func(tx *migrations.Tx) error {
		_, err := tx.Exec(p.t.Context(), `UPDATE lease SET beat = beat + 1 WHERE holder <> ''`)
		return err
	}))
}

// polled is a good look into the mailbox.
func (p *watchPost) polled() {
	p.ok(p.PollResult(p.t.Context(), p.box.ID, Poll{UIDValidity: 1}))
}

// look is one look of the node, and returns what is wrong in its eyes.
func (p *watchPost) look() []string {
	p.t.Helper()
	p.ok(p.WriteBeats(p.t.Context()))
	problems, unsure, err := p.Look(p.t.Context(), &p.o)
	p.ok(err)
	p.ok(p.Judge(p.t.Context(), problems, unsure, []string{RouteMail, RouteWebhook}))
	var keys []string
	for _, x := range problems {
		keys = append(keys, x.Key())
	}
	slices.Sort(keys)
	return keys
}

// open returns the keys of the open alarms.
func (p *watchPost) open() string {
	list, err := p.OpenAlarms(p.t.Context())
	p.ok(err)
	var keys []string
	for _, a := range list {
		keys = append(keys, a.Key)
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}

// tell sends what a route is due, and returns it as edges.
func (p *watchPost) tell(route, start string) []string {
	list, err := p.ClaimNotices(p.t.Context(), route, start, 50)
	p.ok(err)
	var told []string
	for _, n := range list {
		told = append(told, n.Edge+" "+n.Key)
	}
	if len(list) > 0 {
		p.ok(p.NoticesSent(p.t.Context(), route, list))
	}
	return told
}

// TestAMailboxThatIsNotRead is told once by each route when it begins and once
// when it ends, whichever of two nodes looks, and though both start anew.
func TestAMailboxThatIsNotRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		now, posts := watchPosts(t, db, "one", "two")
		told := map[string][]string{}
		step := func(d time.Duration, good bool) {
			for range int(d / (20 * time.Second)) {
				*now = now.Add(20 * time.Second)
				posts[0].beatLeases()
				if good {
					posts[0].polled()
				}
				for _, p := range posts {
					p.look()
				}
				for i, p := range posts {
					for _, route := range []string{RouteMail, RouteWebhook} {
						told[route] = append(told[route], p.tell(route, fmt.Sprint("start", i))...)
					}
				}
			}
		}
		step(2*time.Minute, true)
		if got := posts[0].open(); got != "" {
			t.Fatalf("all is well, but there is an alarm: %s", got)
		}
		died := *now
		posts[0].ok(posts[0].PollResult(t.Context(), posts[0].box.ID, Poll{Err: "The server does not answer.", Kind: "connect"}))
		for posts[0].open() == "" {
			step(20*time.Second, false)
			if now.Sub(died) > 5*time.Minute {
				t.Fatal("no alarm within five minutes")
			}
		}
		posts[0].restart()
		posts[1].restart()
		step(10*time.Minute, false)
		const begin, clear = "begin unread|helpdesk|", "clear unread|helpdesk|"
		for _, route := range []string{RouteMail, RouteWebhook} {
			if !slices.Equal(told[route], []string{begin}) {
				t.Fatalf("%s was told %q", route, told[route])
			}
		}
		posts[1].restart()
		step(10*time.Minute, true)
		for _, route := range []string{RouteMail, RouteWebhook} {
			if !slices.Equal(told[route], []string{begin, clear}) {
				t.Fatalf("%s was told %q", route, told[route])
			}
		}
		past, _, err := posts[0].PastAlarms(t.Context(), 0, 10)
		posts[0].ok(err)
		if len(past) != 1 || past[0].Detail != "The server does not answer." || past[0].Open() {
			t.Errorf("the history holds %+v", past)
		}
	})
}

// TestFlappingIsToldOnce has a mailbox come and go every three minutes.
func TestFlappingIsToldOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		now, posts := watchPosts(t, db, "one")
		p := posts[0]
		var told []string
		step := func(d time.Duration, bad bool) {
			for range int(d / time.Minute) {
				*now = now.Add(time.Minute)
				p.beatLeases()
				var problems []Problem
				if bad {
					problems = []Problem{{Kind: AlarmDisk, About: "host"}}
				}
				p.ok(p.Judge(t.Context(), problems, nil, []string{RouteMail}))
				told = append(told, p.tell(RouteMail, "s")...)
			}
		}
		for range 40 { // four hours
			step(3*time.Minute, true)
			step(3*time.Minute, false)
		}
		if len(told) > 8 {
			t.Errorf("something that comes and goes for four hours was told %d times", len(told))
		}
		step(2*time.Hour, false)
		if p.open() != "" || told[len(told)-1] != "clear disk|host|" {
			t.Errorf("it did not end: %q, told %q", p.open(), told)
		}
	})
}

// TestBeatsUnderWrongClocks has nodes whose clocks are an hour apart: who
// lives is not taken for dead, and who is dead is found out.
func TestBeatsUnderWrongClocks(t *testing.T) {
	for _, skew := range []time.Duration{0, time.Hour, -time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			db := dbtest.Open(t, migrations.SQLite)
			now, posts := watchPosts(t, db, "worker", "looker")
			worker, looker := posts[0], posts[1]
			worker.skew = skew
			alive := func(jobs ...string) []string {
				*now = now.Add(20 * time.Second)
				worker.beatLeases()
				worker.polled()
				for _, j := range jobs {
					worker.Alive(j)
				}
				worker.ok(worker.WriteBeats(t.Context()))
				return looker.look()
			}
			for range 30 {
				if wrong := alive(BeatOutbox, BeatClock); len(wrong) > 0 {
					t.Fatalf("all is well, but the looker finds %q", wrong)
				}
			}
			hung := *now
			for {
				if wrong := alive(BeatClock); slices.Contains(wrong, "stalled|sending|") {
					break
				}
				if now.Sub(hung) > 5*time.Minute {
					t.Fatal("a sender that hangs is not found within five minutes")
				}
			}
			looker.restart()
			for range 30 {
				if wrong := alive(BeatClock); slices.Contains(wrong, "stalled|regular jobs|") {
					t.Fatalf("the clock works, but the looker finds %q", wrong)
				}
			}
			if got := looker.open(); got != "stalled|sending|" {
				t.Errorf("after the looker's restart there is %q", got)
			}
		})
	}
}

// TestNobodyHoldsALease, and a node that is silent.
func TestNobodyHoldsALease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		now, posts := watchPosts(t, db, "one", "two")
		one, two := posts[0], posts[1]
		one.look()
		for range 4 {
			*now = now.Add(20 * time.Second)
			one.beatLeases()
			one.polled()
			one.look()
			two.look()
		}
		if got := two.open(); got != "" {
			t.Fatalf("all is well, but there is an alarm: %s", got)
		}
		froze := *now // node one holds all leases, and shows nothing any more
		for two.open() == "" {
			*now = now.Add(20 * time.Second)
			two.look()
			if now.Sub(froze) > 5*time.Minute {
				t.Fatal("no alarm within five minutes")
			}
		}
		for range 15 {
			*now = now.Add(20 * time.Second)
			two.look()
		}
		for _, want := range []string{"lease|sending|", "lease|search|", "lease|regular jobs|", "lease|helpdesk|", "node|one|", "unread|helpdesk|"} {
			if !slices.Contains(strings.Split(two.open(), " "), want) && !strings.Contains(two.open(), want) {
				t.Errorf("there is no alarm %s: %s", want, two.open())
			}
		}
		// It wakes.
		for range 30 {
			*now = now.Add(20 * time.Second)
			one.beatLeases()
			one.polled()
			one.look()
			two.look()
		}
		if got := two.open(); got != "" {
			t.Errorf("all is well again, but there is an alarm: %s", got)
		}
		// It leaves cleanly: nobody misses it.
		one.ok(one.Leave(t.Context()))
		for range 15 {
			*now = now.Add(20 * time.Second)
			one.beatLeases()
			one.polled()
			two.look()
		}
		if got := two.open(); got != "" {
			t.Errorf("a node that left is missed: %s", got)
		}
		// A node that is gone for good is forgotten by a person, on the record.
		one.ok(one.WriteBeats(t.Context()))
		one.ok(two.ForgetNode(t.Context(), Actor{}, "nobody"))
		one.ok(two.ForgetNode(t.Context(), Actor{AccountID: 7}, "one"))
		var events []string
		one.ok(db.Select(t.Context(), &events, `SELECT was FROM event WHERE kind = 'node_forgotten' AND actor = 'account:7'`))
		if !slices.Equal(events, []string{"one"}) {
			t.Errorf("the record says %q", events)
		}
	})
}

// TestNoticesAreClaimedOnce by one of two processes; what a process had in
// hand when it died is told by its next start, and soon by another node.
func TestNoticesAreClaimedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		now, posts := watchPosts(t, db, "one", "two")
		one, two := posts[0], posts[1]
		one.ok(one.Judge(t.Context(), []Problem{{Kind: AlarmDisk, About: "host"}, {Kind: AlarmClock, About: "host"}}, nil, []string{RouteMail}))
		list, err := one.ClaimNotices(t.Context(), RouteMail, "a", 50)
		one.ok(err)
		if len(list) != 2 {
			t.Fatalf("%d notices for two alarms", len(list))
		}
		if again, err := one.ClaimNotices(t.Context(), RouteMail, "a", 50); err != nil || len(again) != 0 {
			t.Errorf("the same process took %d once more: %v", len(again), err)
		}
		if other := two.tell(RouteMail, "b"); len(other) != 0 {
			t.Errorf("another node told %q too", other)
		}
		one.ok(one.NoticesFailed(t.Context(), RouteMail, list[:1], "The server does not answer.", now.Add(time.Minute)))
		if early := two.tell(RouteMail, "b"); len(early) != 0 {
			t.Errorf("%q was tried again at once", early)
		}
		*now = now.Add(time.Minute)
		if got := two.tell(RouteMail, "b"); len(got) != 1 {
			t.Errorf("what failed was told %d times", len(got))
		}
		if got := one.tell(RouteMail, "next start"); len(got) != 1 {
			t.Errorf("what the dead process had in hand was told %d times", len(got))
		}
		routes, err := one.AlarmRoutes(t.Context())
		one.ok(err)
		if r := routes[RouteMail]; r.Error != "" || r.Failures != 0 || r.Waiting != 0 {
			t.Errorf("the route fares %+v", r)
		}
	})
}

// TestMutedAlarmsAreTold once the time is over, if they are still there.
func TestMutedAlarmsAreTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *migrations.DB) {
		now, posts := watchPosts(t, db, "one")
		p := posts[0]
		a, err := p.CreateAccount(t.Context(), Actor{}, NewAccount{Email: "ines@aldermere.example", Name: "Ines Holm", Role: Admin, Password: "seven green umbrellas"})
		p.ok(err)
		judge := func(bad ...Problem) { p.ok(p.Judge(t.Context(), bad, nil, []string{RouteMail})) }
		bad := Problem{Kind: AlarmDisk, About: "host"}
		judge(bad)
		list, err := p.OpenAlarms(t.Context())
		p.ok(err)
		p.ok(p.SeeAlarm(t.Context(), a.Actor(), list[0].ID))
		p.ok(p.MuteAlarm(t.Context(), a.Actor(), list[0].ID, 2*time.Hour))
		p.tell(RouteMail, "s")
		for range 10 { // it ends, and begins anew while it is muted
			*now = now.Add(time.Minute)
			judge()
		}
		if got := p.tell(RouteMail, "s"); !slices.Equal(got, []string{"clear disk|host|"}) {
			t.Fatalf("told %q at its end", got)
		}
		judge(bad)
		if got := p.tell(RouteMail, "s"); len(got) != 0 {
			t.Fatalf("told %q though it is muted", got)
		}
		*now = now.Add(2 * time.Hour)
		judge(bad)
		if got := p.tell(RouteMail, "s"); !slices.Equal(got, []string{"begin disk|host|"}) {
			t.Fatalf("told %q after the mute", got)
		}
		list, err = p.OpenAlarms(t.Context())
		p.ok(err)
		if len(list) != 1 || list[0].SeenBy != "" || list[0].Until != 0 {
			t.Errorf("open is %+v", list)
		}
	})
}

// TestWhatStandsInTheOutboxAndInbox is judged by age and number.
func TestWhatStandsInTheOutboxAndInbox(t *testing.T) {
	eachMailDesk(t, func(d *mailDesk) {
		d.knownFor = 0
		o := &Observer{Mailboxes: []Watched{{ID: d.mailbox.ID, Name: "helpdesk"}}}
		kinds := func() string {
			problems, _, err := d.Look(d.ctx, o)
			d.ok(err)
			var all []string
			for _, p := range problems {
				if p.Kind != AlarmLease {
					all = append(all, p.Kind)
				}
			}
			slices.Sort(all)
			return strings.Join(all, " ")
		}
		d.receive(d.mail()) // its acknowledgement is due
		if got := kinds(); got != "" {
			t.Fatalf("at once there is %s", got)
		}
		d.now = d.now.Add(20 * time.Minute)
		if got := kinds(); got != "" {
			t.Errorf("an acknowledgement of 20 minutes is judged: %s", got)
		}
		d.now = d.now.Add(20 * time.Minute)
		if got := kinds(); got != AlarmOutboxOld {
			t.Errorf("an acknowledgement of 40 minutes: %s", got)
		}
		d.ok(d.db.Tx(d.ctx, func(tx *migrations.Tx) error {
			if _, err := tx.Exec(d.ctx, `UPDATE outbox SET state = 'uncertain'`); err != nil {
				return err
			}
			if _, err := tx.Exec(d.ctx, `UPDATE inbox SET fate = 'quarantine'`); err != nil {
				return err
			}
			_, err := tx.Exec(d.ctx, `UPDATE inbox_tally SET what = 'quarantine' WHERE what = 'new'`)
			return err
		}))
		d.ok(d.SendResult(d.ctx, d.mailbox.ID, "The server refuses the password."))
		if got := kinds(); got != "quarantine uncertain" {
			t.Errorf("there is %q", got)
		}
		d.now = d.now.Add(3 * time.Minute)
		if got := kinds(); got != "quarantine send uncertain" {
			t.Errorf("there is %q", got)
		}
	})
}
