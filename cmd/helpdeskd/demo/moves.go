package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"helpdeskd/inventory"
)

// scenes returns everything that happens to things, each at its time.
// opened says when the ticket whose subject begins so was opened.
func (k *keeper) scenes(opened func(begins string, by time.Time) time.Time) []scene {
	var all []scene
	at := func(when time.Time, what string, do func(ctx context.Context) error) {
		all = append(all, scene{at: when, what: what, do: do})
	}
	ago := func(days int, hours float64) time.Time {
		return workday(k.now.Add(-time.Duration(days) * day)).Add(time.Duration(hours * float64(hour)))
	}
	move := func(when time.Time, by, key, to string, pieces int64, why string) {
		at(when, "move "+key, func(ctx context.Context) error { return k.move(ctx, by, key, to, pieces, why) })
	}
	register := func(when time.Time, by, key, host, kit, to string, pieces int64) {
		at(when, "register "+key, func(ctx context.Context) error { return k.register(ctx, by, key, host, kit, to, pieces) })
	}
	count := func(when time.Time, key string, n int64, why string) {
		at(when, "count "+key, func(ctx context.Context) error { return k.count(ctx, mara, key, n, why) })
	}
	gone := func(when time.Time, key string, to inventory.Status, why string) {
		at(when, "retire "+key, func(ctx context.Context) error { return k.retire(ctx, tobias, key, to, why) })
	}

	// People come, and some leave.
	at(beginning(k.now), "the first inventory", k.begin)
	for _, m := range company(k.now) {
		if m.from.After(beginning(k.now)) {
			ready, why := workday(m.from.AddDate(0, 0, -4)).Add(6*hour), "Starts on "+m.from.Format("2 January")
			register(workday(m.from.AddDate(0, 0, -20)).Add(2*hour), tobias, hosts[m.Name], hosts[m.Name], "slate14", storeRoom, 1)
			at(ready, "welcome "+m.Name, func(ctx context.Context) error { return k.welcome(ctx, m.Person) })
			move(ready.Add(4*minute), tobias, hosts[m.Name], m.Name, 0, why)
			move(ready.Add(6*minute), tobias, "dock", m.Name, 1, why)
			move(ready.Add(9*minute), tobias, "headset", m.Name, 1, why)
		}
		if !m.until.IsZero() {
			at(m.until, m.Name+" leaves", func(ctx context.Context) error { return k.farewell(ctx, m.Name) })
		}
	}
	move(ago(660, 3), tobias, "headset", "Hugo Lindley", 1, "For the switchboard")
	move(ago(560, 4), tobias, "keyset", "Walter Brook", 1, "Left-handed mouse, on request")
	gone(ago(24, 4), hosts["Percy Wren"], inventory.Retired, "Over five years old, wiped, kept for parts")

	// After five years a computer is renewed.
	for i, name := range renewed {
		key, old := renewedHost(i), hosts[name]
		register(ago(330, 1.5+float64(i)/20), tobias, key, key, "slate14", storeRoom, 1)
		d := ago(318-i, 2)
		move(d, tobias, key, name, 0, "Replaces "+old+" after five years")
		move(d.Add(40*minute), tobias, old, storeRoom, 0, "Replaced by "+key)
		if i < 2 {
			gone(ago(280, 3), old, inventory.Disposed, "Wiped twice, given to the recycler")
		} else {
			gone(ago(278, 3), old, inventory.Retired, "Wiped, kept for parts")
		}
	}
	register(ago(95, 5), tobias, "FH-NB-0235", "FH-NB-0235", "slate14", storeRoom, 1)
	register(ago(95, 5.1), tobias, "FH-NB-0236", "FH-NB-0236", "slate14", storeRoom, 1)
	move(ago(5, 4), jun, "FH-NB-0235", "Dmitri Vale", 0, "On loan while FH-NB-0121 is in repair")

	// Several alike come and go.
	for i, days := range []int{600, 421, 305} {
		move(ago(days, 3), tobias, "charger", "Theo Mbeki", 1, "Left the last one in a train")
		gone(ago(days-90-i*7, 5), "charger/Theo Mbeki", inventory.Disposed, "Lost on a journey")
	}
	move(opened("laptop charger (again)", k.now).Add(25*minute), tobias, "charger", "Theo Mbeki", 1, "The fourth this year")
	for _, name := range []string{"Agnes Thornbury", "Dmitri Vale", "Clara Whitlock", "Yuki Tanabe"} {
		move(ago(640+len(name), 2), tobias, "dock", name, 1, "One cable instead of four")
	}
	move(ago(455, 3), tobias, "desk5", house+" > Hall B", 2, "For the new benches")
	move(ago(370, 3), tobias, "desk5", glashutte+" > Ground floor", 1, "The old one crackled")
	move(ago(230, 3), tobias, "keyset", "Margit Soares", 1, "Tea in the old one")
	move(ago(205, 3), tobias, "headset", "Lena Marchetti", 1, "For calls from the hall")
	move(ago(90, 4), tobias, "adapter", house+" > Meeting room Escapement", 1, "Stays on the lectern, with a chain")
	move(ago(75, 4), tobias, "adapter", "Callum Ashby", 1, "For customers' projectors")
	move(ago(33, 4), jun, "adapter", house+" > Sales office", 3, "One for each desk")
	move(ago(149, 3), tobias, "ssd", house+" > Service workshop", 1, "Built into the test bench")
	for _, c := range []struct {
		days int
		key  string
		n    int64
		why  string
	}{
		{650, "toner", 6, "Three used since the summer"}, {540, "toner", 3, "Three used"}, {538, "toner", 11, "Delivery of eight"}, {400, "toner", 7, "Four used"},
		{250, "toner", 4, "Three used"}, {180, "toner", 9, "Delivery of five"}, {20, "toner", 2, "Counted: seven used since spring"}, {500, "labels", 18, "Counted"}, {498, "labels", 58, "Delivery of forty"},
		{300, "labels", 31, "Counted"}, {121, "labels", 71, "Delivery of forty rolls, 38 mm"}, {16, "labels", 44, "Counted at the end of the month"}, {260, "memory", 4, "One built into FH-NB-0123"}, {44, "memory", 3, "One built into PC-LAB-2"},
		{45, "keyset", 9, "Counted: three handed out without a note"},
	} {
		count(ago(c.days, 7), c.key, c.n, c.why)
	}

	// Things wander.
	for i, days := range []int{610, 430, 250, 70} {
		fair := []string{"Dresden", "Basel", "Dresden", "Lyon"}[i]
		move(ago(days, 2), tobias, "AV-LOAN", house+" > Sales office", 0, "Fair in "+fair+" until Friday")
		move(ago(days-7, 3), tobias, "AV-LOAN", storeRoom, 0, "Back from the fair, complete")
	}
	move(ago(12, 6), tobias, "AV-LOAN", house+" > Meeting room Pendulum", 0, "While AV-PENDULUM is in repair")
	move(ago(480, 5), tobias, "FH-TB-0022", house+" > Hall A", 0, "Bench 2 moves to hall A for the church clock of Aldbourne")
	move(ago(395, 5), tobias, "FH-TB-0022", house+" > Hall B", 0, "Back at bench 2")
	move(ago(575, 4), tobias, "AV-TOUR-1", house+" > Reception", 0, "Long night of the museums")
	move(ago(571, 1), tobias, "AV-TOUR-1", house+" > Museum", 0, "Back in the museum")
	move(ago(210, 4), tobias, "AV-TOUR-1", house+" > Reception", 0, "Open day")
	move(ago(206, 1), tobias, "AV-TOUR-1", house+" > Museum", 0, "Back in the museum")
	move(ago(160, 3), tobias, "SW-HALL-1", house+" > Hall A", 0, "The cabinet was moved with the crane")
	move(ago(340, 2), tobias, "OF-02", house+" > Design studio", 0, "Better in the middle of the floor")
	register(ago(505, 2), tobias, "screen-new-1", "", "bright27", storeRoom, 1)
	register(ago(505, 2.1), tobias, "screen-new-2", "", "bright27", storeRoom, 1)
	register(ago(120, 2), tobias, "screen-new-3", "", "bright27", storeRoom, 1)
	move(ago(470, 4), tobias, "screen-new-1", house+" > Design studio", 0, "Second screen for the drawings of the exhibition")
	move(ago(404, 4), tobias, "screen-new-2", "Heike Lorenz", 0, "Second screen")
	register(ago(590, 3), tobias, "HB-08", "HB-08", "ap60", house+" > Hall B", 1)
	register(ago(590, 3.1), tobias, "ap-spare", "", "ap60", storeRoom, 1)
	register(ago(213, 3), tobias, "PR-FIN-1", "PR-FIN-1", "m420", house+" > Finance", 1)
	register(ago(400, 2), tobias, "FH-MP-0077", "FH-MP-0077", "mobile", storeRoom, 1)
	register(ago(270, 2), tobias, "mobile-spare", "FH-MP-0078", "mobile", storeRoom, 1)
	register(ago(270, 2.2), tobias, "tablet-spare", "FH-TB-0032", "leaf", storeRoom, 1)
	register(ago(260, 2), tobias, "HS-3", "HS-3", "hand", storeRoom, 1)
	register(opened("Request: faster internet", k.now).Add(3*day), tobias, "SW-LAB-1", "SW-LAB-1", "sw24", house+" > Quality laboratory", 1)
	register(ago(12, 3), tobias, "LP-BESANCON-1", "LP-BESANCON-1", "l60", besancon+" > Workshop", 1)
	phone := opened("phone in fountain", k.now)
	move(phone.Add(30*minute), tobias, "FH-MP-0077", "Theo Mbeki", 0, "Replaces FH-MP-0063, which fell into a fountain")
	gone(phone.Add(2*day+10*minute), "FH-MP-0063", inventory.Disposed, "Fell into a fountain at a customer's")
	for key, ticket := range map[string]string{"FH-MP-0077": "phone in fountain", "SW-LAB-1": "Request: faster internet", "LP-BESANCON-1": "L'imprimante", "FH-TB-0031": "The price list on the tablet", "HS-1": "Scanner beeps", "FH-NB-0148": "The invoice program stops", "FH-NB-0231": "New colleague starts"} {
		after := 50 * minute
		if key == "SW-LAB-1" { // bought because of it
			after += 3 * day
		}
		at(opened(ticket, k.now).Add(after), "link "+key, func(ctx context.Context) error { return k.link(ctx, tobias, key, ticket) })
	}

	// Pictures.
	for i, p := range []struct {
		days          int
		by, key, name string
		picture       func() []byte
	}{
		{700, tobias, "PR-FIN-1", "PR-FIN-1 front.png", printerPicture}, {689, tobias, "FH-NB-0117", "keyboard with coffee.png", coffeePicture}, {600, mara, "FH-SRV-1", "rack, front.png", rackPicture},
		{512, tobias, "AV-ESCAPEMENT", "ceiling.png", projectorPicture}, {211, tobias, "PR-FIN-1", "the new one.png", printerPicture}, {120, tobias, "FH-TB-0026", "broken glass.png", tabletPicture}, {12, tobias, "AV-PENDULUM", "red lamp.png", projectorPicture},
		{4, jun, "FH-NB-0121", "left fan.png", laptopPicture},
	} {
		drawn := sync.OnceValue(p.picture)
		k.pictures = append(k.pictures, drawn)
		at(ago(p.days, 8.2+float64(i)/50), "photo of "+p.key, func(ctx context.Context) error { return k.photo(ctx, p.by, p.key, p.name, drawn()) })
	}

	// Repairs.
	for _, r := range repairs() {
		when := k.now.Add(-r.ago)
		usual := func(t time.Time) time.Time { return t }
		if r.ago > 14*day {
			usual = atWork
		}
		when = usual(when)
		if r.ticket != "" {
			if first := opened(r.ticket, when.Add(3*day)).Add(40 * minute); when.Before(first) {
				when = first
			}
		}
		at(when, "open "+r.title, func(ctx context.Context) error { return k.open(ctx, r) })
		for i, w := range r.steps {
			when = usual(when.Add(w.after))
			last := i == len(r.steps)-1
			at(when, fmt.Sprintf("%s: %s", r.title, w.status), func(ctx context.Context) error {
				if last {
					if err := k.bill(ctx, r); err != nil {
						return err
					}
				}
				return k.work(ctx, r, w)
			})
		}
	}
	return all
}
