package inventory

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sort"
	"strconv"
	"testing"
	"time"

	"helpdeskd/migrations"
)

// replay is what a person with paper and pencil would know: every thing's
// states one after the other. It shares nothing with the code that it checks.
type replay struct {
	places map[int64]LocationKind
	people []int64
	things map[int64]*paper
	ids    []int64
}

// paper is one thing's sheet.
type paper struct {
	model  int64
	serial bool
	from   int64 // what it was split from
	lines  []line1
}

type line1 struct {
	at            migrations.Stamp
	kind          string
	status        string
	place, person int64
	pieces        int64
	other, order  int64
}

func (p *paper) last() line1 { return p.lines[len(p.lines)-1] }

func (p *paper) n() int64 { return int64(len(p.lines)) }

func (l line1) String() string {
	return fmt.Sprintf("%s @%d >%d x%d", l.status, l.place, l.person, l.pieces)
}

func over(status string) bool { return status == "retired" || status == "disposed" }

// faults gathers why something must be refused.
type faults []migrations.Kind

func (f *faults) when(is bool, k migrations.Kind) {
	if is {
		*f = append(*f, k)
	}
}

// target says what is wrong with a state that something should come to.
func (r *replay) target(f *faults, status string, place, person, pieces int64, serial bool) {
	kind, known := r.places[place]
	f.when(place != 0 && !known, migrations.NotFound)
	f.when(person != 0 && !slices.Contains(r.people, person), migrations.NotFound)
	f.when(pieces < 0 || serial && pieces > 1, migrations.Invalid)
	switch status {
	case "stowed":
		f.when(place == 0 || kind == Vendor || person != 0, migrations.Invalid)
	case "deployed":
		f.when(place == 0 && person == 0, migrations.Invalid)
	default:
		f.when(true, migrations.Invalid)
	}
}

func (r *replay) seen(f *faults, id, seen int64) *paper {
	p := r.things[id]
	if p == nil {
		f.when(true, migrations.NotFound)
		return nil
	}
	f.when(seen != p.n(), migrations.Conflict)
	return p
}

// move returns why a movement must be refused; else it writes it down. made
// is the id of what splits off, when something does.
func (r *replay) move(at migrations.Stamp, id int64, status string, place, person, pieces, seen int64, made func() int64) faults {
	var f faults
	p := r.seen(&f, id, seen)
	if p == nil {
		return f
	}
	was := p.last()
	all := pieces == 0 || pieces == was.pieces
	r.target(&f, status, place, person, max(pieces, 0), false)
	f.when(pieces < 0 || pieces > was.pieces, migrations.Invalid)
	f.when(was.pieces == 0 && (status == "deployed" || over(was.status)), migrations.Invalid)
	f.when(was.status == "disposed" && status == "deployed", migrations.Invalid)
	f.when(was.status == status && was.place == place && was.person == person, migrations.Invalid)
	f.when(!all && was.status != "stowed" && was.status != "deployed", migrations.Invalid)
	if len(f) > 0 {
		return f
	}
	kind := map[string]string{"stowed": "stow", "deployed": "deploy"}[status]
	if over(was.status) {
		kind = "recover"
	}
	now := line1{at: at, kind: kind, status: status, place: place, person: person, pieces: was.pieces}
	if !all {
		other := made()
		left := was
		left.at, left.kind, left.pieces, left.other, left.order = at, "split", was.pieces-pieces, other, 0
		p.lines = append(p.lines, left)
		now.kind, now.pieces, now.other = "split", pieces, id
		r.things[other] = &paper{model: p.model, from: id, lines: []line1{now}}
		r.ids = append(r.ids, other)
		return nil
	}
	if status == "stowed" && !p.serial && !over(was.status) {
		for up := p.from; up != 0; up = r.things[up].from {
			o := r.things[up]
			l := o.last()
			if l.status == "stowed" && l.place == place && !o.serial && o.model == p.model {
				l.at, l.kind, l.pieces, l.other, l.order = at, "join", l.pieces+was.pieces, id, 0
				o.lines = append(o.lines, l)
				p.lines = append(p.lines, line1{at: at, kind: "join", status: "disposed", other: up})
				return nil
			}
		}
	}
	p.lines = append(p.lines, now)
	return nil
}

func (r *replay) retire(at migrations.Stamp, id int64, to, reason string, seen int64) faults {
	var f faults
	p := r.seen(&f, id, seen)
	if p == nil {
		return f
	}
	was := p.last()
	f.when(reason == "" || was.status == to || was.status == "disposed", migrations.Invalid)
	if len(f) == 0 {
		now := line1{at: at, kind: map[string]string{"retired": "retire", "disposed": "dispose"}[to], status: to, place: was.place, pieces: was.pieces}
		if to == "disposed" {
			now.place = 0
		}
		p.lines = append(p.lines, now)
	}
	return f
}

func (r *replay) count(at migrations.Stamp, id, pieces, seen int64) faults {
	var f faults
	p := r.seen(&f, id, seen)
	if p == nil {
		return f
	}
	now := p.last()
	f.when(p.serial || pieces < 0 || pieces == now.pieces || now.status != "stowed" && now.status != "deployed", migrations.Invalid)
	if len(f) == 0 {
		now.at, now.kind, now.pieces, now.other, now.order = at, "count", pieces, 0, 0
		p.lines = append(p.lines, now)
	}
	return f
}

// stands reports whether the line of a number still says how things are: the
// later ones only tell of pieces that came and went.
func (p *paper) stands(n int64) bool {
	for _, l := range p.lines[n:] {
		if l.other == 0 {
			return false
		}
	}
	return p.lines[n-1].String() == p.last().String()
}

// undo takes the line seen back.
func (r *replay) undo(at migrations.Stamp, id, seen int64) faults {
	var f faults
	p := r.things[id]
	f.when(p == nil, migrations.NotFound)
	f.when(p != nil && (seen < 1 || seen > p.n() || !p.stands(seen)), migrations.Conflict)
	if len(f) > 0 {
		return f
	}
	l := p.lines[seen-1]
	before := func(p *paper, n, other int64) line1 {
		now := line1{status: "disposed"}
		if n > 1 {
			now = p.lines[n-2]
		}
		now.at, now.kind, now.other, now.order = at, "back", other, 0
		return now
	}
	f.when(l.order != 0, migrations.Invalid)
	f.when(seen > 1 && p.lines[seen-2].status == "repair", migrations.Invalid)
	f.when(seen == 1 && l.other == 0, migrations.Invalid)
	var o *paper
	var half int64 // the number of the other's line
	if l.other != 0 {
		o = r.things[l.other]
		pairs := 0
		for _, x := range p.lines[:seen] {
			if x.other == l.other {
				pairs++
			}
		}
		for i, x := range o.lines {
			if x.other == id {
				if pairs--; pairs == 0 {
					half = int64(i) + 1
				}
			}
		}
		f.when(!o.stands(half), migrations.Conflict)
	}
	if len(f) > 0 {
		return f
	}
	if o != nil {
		o.lines = append(o.lines, before(o, half, id))
	}
	p.lines = append(p.lines, before(p, seen, l.other))
	return nil
}

// order does what a work order does: take away, and bring back.
func (r *replay) order(at migrations.Stamp, id, seen int64) (f faults, to line1) {
	p := r.seen(&f, id, seen)
	if p == nil {
		return f, to
	}
	now := p.last()
	f.when(over(now.status), migrations.Invalid)
	if now.status == "repair" {
		for _, l := range p.lines {
			if l.status == "stowed" || l.status == "deployed" {
				to = l
			}
		}
		to.kind = "back"
	} else {
		to = now
		to.kind, to.status = "repair", "repair"
	}
	to.at, to.other, to.order, to.pieces = at, 0, 77, now.pieces
	if len(f) == 0 {
		p.lines = append(p.lines, to)
	}
	return f, to
}

// steps is how many random movements a test makes.
func steps() int {
	if n, err := strconv.Atoi(os.Getenv("HELPDESKD_TEST_STEPS")); err == nil {
		return n
	}
	return 5_000
}

func TestRandomMovementsAgreeWithAReplay(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		seed := uint64(time.Now().UnixNano())
		if n, err := strconv.ParseUint(os.Getenv("HELPDESKD_TEST_SEED"), 10, 64); err == nil {
			seed = n
		}
		t.Logf("HELPDESKD_TEST_SEED=%d", seed)
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := &replay{places: map[int64]LocationKind{d.site.ID: Site, d.room.ID: Room, d.depot.ID: Warehouse, d.vendor.ID: Vendor}, people: []int64{d.anna, d.carl}, things: map[int64]*paper{}}
		pick := func(ids ...int64) int64 { return ids[rnd.IntN(len(ids))] }
		place := func() int64 {
			if rnd.IntN(25) == 0 {
				return pick(d.vendor.ID, 9999)
			}
			return pick(0, d.site.ID, d.room.ID, d.room.ID, d.depot.ID)
		}
		person := func() int64 {
			if rnd.IntN(40) == 0 {
				return 9999
			}
			return pick(0, 0, d.anna, d.carl)
		}
		done, refusals := 0, 0
		n := steps()
		for step := range n {
			// Several steps share an instant.
			d.clock.add(time.Duration(rnd.IntN(7)) * time.Second)
			at := d.stamp()
			var id, seen int64
			if len(r.ids) > 0 {
				// The newest things are moved most, so that some have long ways.
				id = r.ids[len(r.ids)-1-min(rnd.IntN(len(r.ids)), rnd.IntN(len(r.ids)), rnd.IntN(40))]
				seen = r.things[id].n()
				if rnd.IntN(12) == 0 {
					seen += pick(-1, 1, 5)
				}
				if rnd.IntN(100) == 0 {
					id = 1_000_000
				}
			}
			var want faults
			var err error
			what := ""
			switch n := rnd.IntN(20); {
			case len(r.ids) == 0 || n < 2:
				what = "register"
				serial, pieces := rnd.IntN(3) == 0, int64(rnd.IntN(12)-1)
				in := AssetEdit{ModelID: d.mouse.ID}
				if serial {
					in, pieces = AssetEdit{ModelID: d.laptop.ID, Serial: fmt.Sprintf("S %d", step)}, int64(rnd.IntN(3))
				}
				to := Place{Status: []Status{Stowed, Deployed, Deployed, Retired}[rnd.IntN(4)], LocationID: place(), HolderID: person(), Quantity: pieces}
				r.target(&want, string(to.Status), to.LocationID, to.HolderID, pieces, serial)
				var a Asset
				if a, err = d.Register(ctx, d.ben, in, to); err == nil {
					r.things[a.ID] = &paper{model: in.ModelID, serial: serial, lines: []line1{{at: at, kind: "register", status: string(to.Status), place: to.LocationID, person: to.HolderID, pieces: max(pieces, 1)}}}
					r.ids = append(r.ids, a.ID)
				}
			case n < 11:
				what = "move"
				to := Place{Status: Stowed, LocationID: place()}
				if rnd.IntN(2) == 0 {
					to = Place{Status: Deployed, LocationID: place(), HolderID: person()}
				}
				if p := r.things[id]; p != nil && rnd.IntN(3) == 0 {
					to.Quantity = rnd.Int64N(p.last().pieces+3) - 1
				}
				// Sometimes back to what it was split from.
				if p := r.things[id]; p != nil && p.from != 0 && rnd.IntN(3) == 0 {
					to = Place{Status: Stowed, LocationID: r.things[p.from].last().place}
				}
				var a Asset
				a, err = d.Move(ctx, d.ben, id, to, seen)
				made := func() int64 { return a.ID }
				want = r.move(at, id, string(to.Status), to.LocationID, to.HolderID, to.Quantity, seen, made)
			case n < 13:
				what = "retire"
				to, reason := []Status{Retired, Disposed}[rnd.IntN(2)], []string{"broken", "old", " "}[rnd.IntN(3)]
				_, err = d.Retire(ctx, d.ben, id, to, reason, seen)
				want = r.retire(at, id, string(to), map[string]string{"broken": "x", "old": "x"}[reason], seen)
			case n < 14:
				what = "count"
				pieces := rnd.Int64N(15) - 1
				_, err = d.Count(ctx, d.ben, id, pieces, "", seen)
				want = r.count(at, id, pieces, seen)
			case n < 17:
				what = "undo"
				if p := r.things[id]; p != nil && rnd.IntN(4) == 0 {
					seen = 1 + rnd.Int64N(p.n())
				}
				_, err = d.UndoMove(ctx, d.ben, id, seen)
				want = r.undo(at, id, seen)
			default:
				what = "order"
				var to line1
				want, to = r.order(at, id, seen)
				err = d.db.Tx(ctx, func(tx *migrations.Tx) error {
					a, err := d.seenTx(ctx, tx, id, seen)
					if err != nil {
						return err
					}
					m := Movement{Kind: to.kind, Status: Status(to.status), LocationID: orNull(to.place), HolderID: orNull(to.person), Quantity: to.pieces, WorkOrderID: new(int64(77))}
					return d.moveTx(ctx, tx, d.ben, &a, m)
				})
			}
			if (err == nil) != (len(want) == 0) || err != nil && !slices.Contains(want, migrations.KindOf(err)) {
				t.Fatalf("step %d: %s of %d answered %v, the replay %v", step, what, id, err, want)
			}
			if err != nil {
				refusals++
			} else {
				done++
			}
			if step%250 == 0 {
				d.agree(t, r)
			}
		}
		d.agree(t, r)
		d.agreeOnLedger(t, r)
		d.agreeOnPast(t, r, rnd)
		kinds := map[string]int{}
		for _, p := range r.things {
			for _, l := range p.lines {
				kinds[l.kind]++
			}
		}
		t.Logf("%d things, %d steps done, %d refused, movements %v", len(r.ids), done, refusals, kinds)
		for _, kind := range []string{"register", "stow", "deploy", "repair", "back", "split", "join", "retire", "dispose", "recover", "count"} {
			if n >= 5_000 && kinds[kind] < 10 {
				t.Errorf("only %d movements of the kind %s: the test tells too little", kinds[kind], kind)
			}
		}
	})
}

// agree compares where everything is, and all that is counted.
func (d *desk) agree(t *testing.T, r *replay) {
	t.Helper()
	ctx := t.Context()
	list := must(d.AssetsByID(ctx, r.ids))(t)
	if len(list) != len(r.ids) {
		t.Fatalf("%d assets, the replay has %d", len(list), len(r.ids))
	}
	counts, here, holds := map[int64]ModelCount{}, map[int64]int64{}, map[int64][]int64{}
	shown := 0
	for _, a := range list {
		p := r.things[a.ID]
		l := p.last()
		if got := a.state(); got != l.String() || a.Moves != p.n() || a.MovedAt != l.at {
			t.Fatalf("%s is %s after %d movements at %d, the replay %s after %d at %d", a.Tag, got, a.Moves, a.MovedAt, l, p.n(), l.at)
		}
		c := counts[p.model]
		switch l.status {
		case "stowed":
			c.OnHand += l.pieces
		case "deployed":
			c.Deployed += l.pieces
		case "repair":
			c.Away += l.pieces
		}
		if !over(l.status) {
			c.Total += l.pieces
			here[l.place] += l.pieces
			shown++
		}
		counts[p.model] = c
		if l.person != 0 {
			holds[l.person] = append(holds[l.person], a.ID)
		}
	}
	for id, want := range counts {
		m := must(d.Model(ctx, id))(t)
		if m.OnHand != want.OnHand || m.Deployed != want.Deployed || m.Away != want.Away || m.Total != want.Total {
			t.Fatalf("counts of model %d are %+v, the replay's %+v", id, m, want)
		}
	}
	for _, l := range must(d.Locations(ctx, true))(t) {
		if l.Here != here[l.ID] || l.ID == d.site.ID && l.Within != here[d.site.ID]+here[d.room.ID] {
			t.Fatalf("in %s are %d (%d), the replay has %d", l.Path, l.Here, l.Within, here[l.ID])
		}
	}
	for _, who := range r.people {
		var got []int64
		for _, a := range must(d.HeldBy(ctx, who, 500))(t) {
			got = append(got, a.ID)
		}
		slices.Sort(got)
		slices.Sort(holds[who])
		if len(got) < 500 && !slices.Equal(got, holds[who]) {
			t.Fatalf("client %d has %v, the replay %v", who, got, holds[who])
		}
	}
	if n := must(d.CountAssets(ctx, AssetFilter{}, 1_000_000))(t); n != shown {
		t.Fatalf("%d assets are counted, the replay has %d", n, shown)
	}
}

// agreeOnLedger compares every movement there ever was, and that each begins
// where the one before it ended.
func (d *desk) agreeOnLedger(t *testing.T, r *replay) {
	t.Helper()
	total := 0
	for _, id := range r.ids {
		p := r.things[id]
		total += len(p.lines)
		n := p.n()
		var before *Movement
		for after := ""; ; {
			list, more, err := d.Movements(t.Context(), MovementFilter{AssetID: id}, after, 500)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				l := p.lines[n-1]
				got := line1{at: m.At, kind: m.Kind, status: string(m.Status), place: orZero(m.LocationID), person: orZero(m.HolderID), pieces: m.Quantity, other: orZero(m.OtherID), order: orZero(m.WorkOrderID)}
				if got != l || m.N != n {
					t.Fatalf("movement %d of asset %d is %+v, the replay's %d is %+v", m.N, id, got, n, l)
				}
				if before != nil && (before.WasStatus != m.Status || !same(before.WasLocationID, m.LocationID) || !same(before.WasHolderID, m.HolderID) || before.WasQuantity != m.Quantity) {
					t.Fatalf("movement %d of asset %d does not begin where the one before it ended", before.N, id)
				}
				before, n = &m, n-1
			}
			if after = more; more == "" {
				break
			}
		}
		if n != 0 {
			t.Fatalf("of asset %d's %d movements %d are not there", id, p.n(), n)
		}
	}
	var rows int
	if err := d.db.Get(t.Context(), &rows, `SELECT count(*) FROM movement`); err != nil || rows != total {
		t.Fatalf("the ledger has %d rows (%v), the replay %d", rows, err, total)
	}
	var apart int
	err := d.db.Get(t.Context(), &apart, `SELECT count(*) FROM asset a WHERE NOT EXISTS (SELECT 1 FROM movement v WHERE v.asset_id = a.id AND v.n = a.moves AND v.status = a.status
		AND v.quantity = a.quantity AND COALESCE(v.location_id, 0) = COALESCE(a.location_id, 0) AND COALESCE(v.holder_id, 0) = COALESCE(a.holder_id, 0) AND v.at = a.moved_at)`)
	if err != nil || apart != 0 {
		t.Fatalf("%d assets are not what their last movement says (%v)", apart, err)
	}
}

// agreeOnPast compares what was where at instants of the past.
func (d *desk) agreeOnPast(t *testing.T, r *replay, rnd *rand.Rand) {
	t.Helper()
	ctx := t.Context()
	begin := migrations.At(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	span := int64(d.stamp() - begin)
	compared := 0
	for range 40 {
		at := begin + migrations.Stamp(rnd.Int64N(span+1))
		if rnd.IntN(2) == 0 { // the very instant of some movement
			lines := r.things[r.ids[rnd.IntN(len(r.ids))]].lines
			at = lines[rnd.IntN(len(lines))].at
		}
		then := map[int64]line1{}
		for _, id := range r.ids {
			for _, l := range r.things[id].lines {
				if l.at <= at {
					then[id] = l
				}
			}
		}
		compare := func(f MovementFilter, is func(line1) bool) {
			var got, want []string
			list := must(d.AssetsAt(ctx, f, at, 500))(t)
			for _, m := range list {
				got = append(got, fmt.Sprintf("%d %s", m.AssetID, line1{status: string(m.Status), place: orZero(m.LocationID), person: orZero(m.HolderID), pieces: m.Quantity}))
			}
			for id, l := range then {
				if l.pieces > 0 && is(l) {
					want = append(want, fmt.Sprintf("%d %s", id, l))
				}
			}
			if len(list) == 500 {
				return
			}
			sort.Strings(got)
			sort.Strings(want)
			if !slices.Equal(got, want) {
				t.Fatalf("at %d %+v has %v, the replay %v", at, f, got, want)
			}
			compared += len(got)
		}
		for place := range r.places {
			compare(MovementFilter{LocationID: place}, func(l line1) bool { return l.place == place })
		}
		for _, who := range r.people {
			compare(MovementFilter{ClientID: who}, func(l line1) bool { return l.person == who })
		}
		id := r.ids[rnd.IntN(len(r.ids))]
		list := must(d.AssetsAt(ctx, MovementFilter{AssetID: id}, at, 5))(t)
		if l, ok := then[id]; ok != (len(list) == 1) || ok && (string(list[0].Status) != l.status || list[0].Quantity != l.pieces) {
			t.Fatalf("asset %d was %+v at %d, the replay %v", id, list, at, l)
		}
	}
	if compared == 0 {
		t.Error("nothing was anywhere at any time: the comparison compared nothing")
	}
}
