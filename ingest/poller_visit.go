package ingest

import (
	"context"
	"log/slog"
	"time"

	"helpdeskd/tracker"
)

// visit is what one connection does in the folder.
type visit struct {
	*Poller
	s     *session
	lease *tracker.Lease

	full    time.Time // of the last look at the whole folder
	from    uint32    // the first UID that is ours
	since   time.Time // mail that arrived earlier is not ours; zero: all is
	unmoved bool      // there may be kept mail that the folder still has
	noIdle  bool
	woken   bool // the server hinted at mail
	quick   bool // a hint led to nothing: look again soon

	keeping *keeping        // the batch that is being kept while the next is fetched
	kept    []uint32        // kept, to be moved
	done    map[uint32]bool // settled in this look
	noPlace bool            // a large message could not be stored
	soft    error           // what the server refused, without harm to taking mail
}

func (p *Poller) hook(edge string) {
	if p.crash != nil {
		p.crash(edge)
	}
}

// look takes what is new and finishes what was left.
func (v *visit) look(ctx context.Context) error {
	if v.full.IsZero() || time.Since(v.full) > v.times.full {
		if err := v.enter(ctx); err != nil {
			return err
		}
	}
	v.soft, v.done = nil, map[uint32]bool{}
	select { // what is said from now on is news
	case <-v.s.hint:
	default:
	}
	uids, last, err := v.news(ctx)
	if err != nil {
		return err
	}
	v.quick = v.woken && len(uids) == 0 && !v.quick
	v.woken = false
	if err := v.take(ctx, v.dueNow(uids)); err != nil {
		return err
	}
	v.advance(uids, last)
	if v.unmoved && v.soft == nil {
		if err := v.moveLeft(ctx); err != nil {
			return err
		}
	}
	return v.soft
}

// enter selects the folder anew: it may have been numbered anew, and what was
// said about it may have been missed.
func (v *visit) enter(ctx context.Context) error {
	if err := v.s.open(); err != nil {
		return err
	}
	m, err := v.store.Mailbox(ctx, v.id)
	if err != nil {
		return failure(v.cfg, stageStore, err)
	}
	if !m.Begun {
		if m, err = v.begin(ctx, m); err != nil {
			return err
		}
	}
	v.from, v.since = 1, time.Time{}
	switch {
	case m.BeginAt == nil:
	case m.BeginUID > 0 && m.BeginValidity == int64(v.s.validity):
		v.from = uint32(m.BeginUID)
	default:
		v.since = m.BeginAt.Time()
	}
	if m.UIDValidity != 0 && m.UIDValidity != int64(v.s.validity) {
		v.log.Warn("the server numbered the folder anew", slog.Int64("was", m.UIDValidity), slog.Uint64("is", uint64(v.s.validity)))
		if err := v.forgetNumbers(ctx, uint32(m.UIDValidity)); err != nil {
			return failure(v.cfg, stageStore, err)
		}
	}
	v.seen.reset(v.s.validity)
	v.seen.low = v.from
	v.unmoved = true
	v.full = time.Now()
	if !v.cfg.LeaveInPlace {
		// Without it mail is still taken; the failure is shown all the same.
		if err := v.s.folder(); err != nil && (v.s.dead() || !isSoft(err)) {
			return err
		}
	}
	return nil
}

// begin records the first UID that is ours, for "from now on": the first that
// arrived since the mailbox was configured, though we connect only now.
func (v *visit) begin(ctx context.Context, m tracker.Mailbox) (tracker.Mailbox, error) {
	first, err := v.s.nextUID()
	if err != nil {
		return m, err
	}
	if m.BeginAt != nil {
		at := m.BeginAt.Time()
		uids, err := v.s.search(1, at.AddDate(0, 0, -1))
		if err != nil {
			return m, err
		}
		arrived, err := v.s.dates(uids)
		if err != nil {
			return m, err
		}
		for _, u := range uids {
			if t, ok := arrived[u]; ok && t.After(at) && u < first {
				first = u
			}
		}
	}
	if err := v.store.BeginMailbox(ctx, v.id, v.s.validity, first); err != nil {
		return m, failure(v.cfg, stageStore, err)
	}
	v.log.Info("reading begins", slog.Uint64("uidvalidity", uint64(v.s.validity)), slog.Uint64("uid", uint64(first)))
	if m, err = v.store.Mailbox(ctx, v.id); err != nil {
		return m, failure(v.cfg, stageStore, err)
	}
	return m, nil
}

// forgetNumbers settles the kept mail of an old UIDVALIDITY: its UIDs name
// nothing any more. What still lies in the folder comes again under new
// numbers, and Receive knows it.
func (v *visit) forgetNumbers(ctx context.Context, old uint32) error {
	for {
		uids, err := v.store.Unmoved(ctx, v.id, old, 1000)
		if err != nil || len(uids) == 0 {
			return err
		}
		if err := v.store.MarkMoved(ctx, v.id, old, uids); err != nil {
			return err
		}
	}
}

// news returns the UIDs that are ours and that the inbox does not know, and
// the last UID that was seen.
func (v *visit) news(ctx context.Context) (uids []uint32, last uint32, err error) {
	since := v.since
	if !since.IsZero() {
		since = since.AddDate(0, 0, -1) // SINCE compares days in the server's zone
	}
	found, err := v.s.search(v.seen.low, since)
	if err != nil || len(found) == 0 {
		return nil, 0, err
	}
	known, err := v.store.KnownUIDs(ctx, v.id, v.s.validity, found[0])
	if err != nil {
		return nil, 0, failure(v.cfg, stageStore, err)
	}
	for _, u := range found {
		if !known[u] {
			uids = append(uids, u)
		}
	}
	last = found[len(found)-1]
	if v.since.IsZero() || len(uids) == 0 {
		return uids, last, nil
	}
	arrived, err := v.s.dates(uids)
	if err != nil {
		return nil, 0, err
	}
	ours := uids[:0]
	for _, u := range uids {
		// One whose date did not come is taken rather than lost.
		if t, ok := arrived[u]; !ok || !t.Before(v.since) {
			ours = append(ours, u)
		}
	}
	return ours, last, nil
}

func (v *visit) dueNow(uids []uint32) []uint32 {
	now := time.Now()
	var due []uint32
	for _, u := range uids {
		if v.seen.due(u, now) {
			due = append(due, u)
		}
	}
	return due
}

// advance lets the next search begin at the first UID that is not settled.
func (v *visit) advance(uids []uint32, last uint32) {
	if last == 0 {
		return
	}
	v.seen.low = max(last, last+1) // the very last UID has no successor
	for _, u := range uids {
		if !v.done[u] {
			v.seen.low = u
			return
		}
	}
}

// rest waits for the next look: at most the poll interval, less when the
// server hints at mail.
func (v *visit) rest(ctx context.Context) error {
	d := min(v.cfg.Poll, 10*time.Minute)
	if v.quick {
		d = min(d, 2*time.Second)
	}
	if left := time.Until(v.apart); v.unmoved && left > 0 {
		d = min(d, left)
	}
	if v.noIdle || v.idleBroke > 1 || !v.s.caps.Has("IDLE") {
		pause(ctx, d)
		return nil
	}
	woken, err := v.s.idle(ctx, d)
	switch {
	case err == nil:
		v.idleBroke = 0
	case ctx.Err() != nil:
		return nil
	case isRefusal(err) && !v.s.dead():
		v.noIdle = true
		pause(ctx, d)
		return nil
	default:
		v.idleBroke++
		return err
	}
	v.woken = woken
	return nil
}
