//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"helpdeskd/cmd/helpdeskd/mailgen"
	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

type benchSeedCmd struct {
	benchPlace
	N int `arg:"" help:"How many tickets there should be."`
}

// Run fills the database that --database names.
func (c benchSeedCmd) Run(s *session) error {
	if c.Database == "" {
		return fmt.Errorf("name the database to fill, for example --database sqlite:/tmp/bench/helpdeskd.db")
	}
	c.Tickets = c.N
	_, done, err := c.prepare(s)
	if err != nil {
		return err
	}
	defer done()
	fmt.Fprintf(s.out, "%d tickets\n", c.N)
	return nil
}

// fill brings the database to n tickets of so many messages on average and to
// so many assets, with the search index.
func (b *bench) fill(n, messages, assets int) error {
	st, box, err := b.store(b.ctx)
	if err != nil {
		return err
	}
	defer st.DB().Close()
	things := inventory.New(st) // the index asks it for its words
	var have int
	if err := st.DB().Get(b.ctx, &have, `SELECT COUNT(*) FROM ticket`); err != nil {
		return fmt.Errorf("count tickets: %w", err)
	}
	admin, err := st.AccountByEmail(b.ctx, benchAdmin)
	if err != nil {
		return err
	}
	if have < n {
		if err := b.recall(st, box, admin, have, n, messages); err != nil {
			return err
		}
	}
	if err := b.furnish(st, things, admin, assets); err != nil {
		return err
	}
	return b.index(st)
}

// recall adds the tickets that are missing.
func (b *bench) recall(st *tracker.Store, box tracker.Mailbox, admin tracker.Account, have, n, messages int) error {
	h := newHistory(uint64(have), n-have, messages, admin.ID)
	step, end := b.bar(fmt.Sprintf("making %d tickets", n-have), n-have)
	for at := have; at < n; {
		size := min(500, n-at)
		if err := st.Seed(b.ctx, box.ID, h.next(size)); err != nil {
			return err
		}
		at += size
		step(size)
	}
	end()
	return nil
}

// index fills the search index.
func (b *bench) index(st *tracker.Store) error {
	waiting, err := unindexed(b.ctx, st)
	if err != nil || waiting == 0 {
		return err
	}
	step, end := b.bar(fmt.Sprintf("indexing %d", waiting), waiting)
	defer end()
	done := make(chan error, 1)
	go func() {
		_, err := st.IndexPending(b.ctx, nil)
		done <- err
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if left, err := unindexed(b.ctx, st); err == nil {
				step(waiting - left)
				waiting = left
			}
		}
	}
}

// unindexed returns how many things wait to be indexed.
func unindexed(ctx context.Context, st *tracker.Store) (int, error) {
	var n int
	if err := st.DB().Get(ctx, &n, `SELECT COUNT(*) FROM search_queue`); err != nil {
		return 0, fmt.Errorf("count what must be indexed: %w", err)
	}
	return n, nil
}

// history makes up requests of the past: three years of them, most done with,
// the last few days' still open.
type history struct {
	g     *mailgen.Generator
	r     *rand.Rand
	made  int
	total int
	admin int64
	start time.Time
	// messages is how many messages a request has on average.
	messages int
}

func newHistory(seed uint64, total, messages int, admin int64) *history {
	start := time.Now().AddDate(-3, 0, 0)
	g := mailgen.New(seed+1, benchAddress, max(10, total/25), mailgen.Mix{Plain: true}, start)
	return &history{g: g, r: rand.New(rand.NewPCG(seed, 3)), total: total, admin: admin, start: start, messages: messages}
}

func (h *history) next(n int) []tracker.Past {
	span := time.Since(h.start)
	out := make([]tracker.Past, n)
	for i := range out {
		m := h.g.Next()
		opened := h.start.Add(time.Duration(float64(span) * float64(h.made) / float64(h.total)))
		h.made++
		p := tracker.Past{
			Client: tracker.Address{Name: m.Name, Address: m.From}, Department: departments[h.r.IntN(len(departments))],
			Subject: m.Subject, Raw: m.Raw, Body: m.Body, MessageID: m.MessageID,
			Level: 1 + h.r.IntN(3), CategoryID: int64(1 + h.r.IntN(8)), OpenedAt: opened, StageAt: opened.Add(time.Duration(1+h.r.IntN(60)) * time.Hour),
		}
		p.Star = p.Level == 3 && h.r.IntN(20) == 0
		h.stage(&p)
		h.talk(&p)
		out[i] = p
	}
	return out
}

func (h *history) stage(p *tracker.Past) {
	age := time.Since(p.OpenedAt)
	x := h.r.IntN(100)
	switch {
	case age < 48*time.Hour && x < 60:
		p.Stage, p.StageAt = "requested", p.OpenedAt
		return
	case age < 7*24*time.Hour && x < 70:
		p.Stage, p.AccountID = "in_progress", h.admin
	case age < 9*24*time.Hour:
		p.Stage, p.AccountID, p.Fix = "confirming", h.admin, "Restarted the service."
	case x < 6:
		p.Stage = "dropped"
	default:
		p.Stage, p.AccountID, p.Fix = "completed", h.admin, fixes[h.r.IntN(len(fixes))]
	}
	if now := time.Now(); p.StageAt.After(now) {
		p.StageAt = now
	}
	if p.AccountID != 0 && x%2 == 0 {
		p.Answer = "Hello,\n\nthank you for telling us. " + fixes[h.r.IntN(len(fixes))] + "\n\nYour helpdesk"
	}
	p.Archived = (p.Stage == "completed" || p.Stage == "dropped") && time.Since(p.StageAt) > 62*24*time.Hour
}

// talk makes up what was said after the first mail, so that there are as many
// messages a request as h.messages says: most requests are short, a few long.
func (h *history) talk(p *tracker.Past) {
	more := h.messages - 1
	if p.Answer != "" {
		more--
	}
	if more <= 0 {
		return
	}
	n := int(h.r.ExpFloat64() * float64(more))
	for i := range min(n, 400) {
		m := h.g.Next()
		w := tracker.PastWords{Raw: m.Raw, Body: m.Body, MessageID: m.MessageID, At: p.OpenedAt.Add(time.Duration(i+1) * 37 * time.Minute)}
		if i%2 == 0 && h.admin != 0 {
			w = tracker.PastWords{AccountID: h.admin, Body: m.Body, At: w.At}
		}
		p.Said = append(p.Said, w)
	}
}

var departments = []string{"Finance", "Sales", "Warehouse", "Human resources", "Production", "Research", "Legal", "Reception"}

var fixes = []string{
	"Switched it off and on.", "Replaced the toner and cleaned the rollers.", "Renewed the certificate.", "Reset the password and the telephone's app.",
	"Reinstalled the driver.", "Moved the socket to the right network.", "Gave access to the folder.", "Exchanged the docking station.", "Updated the firmware of the access point.",
}
