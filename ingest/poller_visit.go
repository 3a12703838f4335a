package ingest

import (
	"context"
	"log/slog"
	"time"

	"helpdeskd/tracker"
)

// visit is what one connection does in one folder.
type visit struct {
	*Poller
	s     *session
	lease *tracker.Lease
	name  string // of the folder
	role  string // as of a tracker.Folder
	hold  string // why its mails are held; "" where they are not
	seen  *ledger

	quiet    time.Time // what came before is not answered by itself
	shadow   bool      // the mailbox is only looked at
	folder   tracker.Folder
	validity uint32
	messages int       // in the folder, as far as the server said
	full     time.Time // of the last look at the whole folder
	from     uint32    // the first UID that is ours
	since    time.Time // mail that arrived earlier is not ours; zero: all is
	unmoved  bool      // there may be kept mail that the folder still has
	noIdle   bool
	woken    bool // the server hinted at mail
	quick    bool // a hint led to nothing: look again soon

	keeping  *keeping        // the batch that is being kept while the next is fetched
	kept     []uint32        // kept, to be moved
	done     map[uint32]bool // settled in this look
	vanished int             // gone in this look before they could be fetched
	known    int             // of the processed folder: in the ledger already, byte for byte
	noPlace  bool            // a large message could not be stored
	soft     error           // what the server refused, without harm to taking mail
}

func (p *Poller) hook(edge string) {
	if p.crash != nil {
		p.crash(edge)
	}
}

func (p *Poller) visit(s *session, l *tracker.Lease, name, role, hold string) *visit {
	if p.seen[name] == nil {
		p.seen[name] = newLedger(p.times)
	}
	return &visit{Poller: p, s: s, lease: l, name: name, role: role, hold: hold, seen: p.seen[name]}
}

// touches reports whether anything in the folder may be changed.
func (v *visit) touches() bool {
	return v.role == tracker.RoleInbox && !v.cfg.LeaveInPlace && !v.shadow
}

// look takes what is new and finishes what was left.
func (v *visit) look(ctx context.Context) error {
	if err := v.open(ctx); err != nil {
		return err
	}
	v.soft, v.done, v.vanished = nil, map[uint32]bool{}, 0
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
	if v.unmoved && v.soft == nil && v.role == tracker.RoleInbox && !v.shadow {
		if err := v.moveLeft(ctx); err != nil {
			return err
		}
	}
	v.messages = v.s.waiting()
	v.folder, err = v.store.Looked(ctx, v.folder, tracker.FolderLook{UIDValidity: v.validity, Messages: v.messages, Waiting: len(uids) - len(v.done), Vanished: v.vanished})
	if err != nil {
		return failure(v.cfg, stageStore, err)
	}
	return v.soft
}

// open makes sure that the folder is selected, and enters it anew now and
// then: what was said about it may have been missed.
func (v *visit) open(ctx context.Context) error {
	stale := v.full.IsZero() || time.Since(v.full) > v.times.full
	if !stale && v.s.selected == v.name && v.s.readOnly == !v.touches() {
		return nil
	}
	if err := v.s.open(v.name, !v.touches()); err != nil {
		return v.aside(err)
	}
	if stale || v.s.validity != v.validity {
		return v.enter(ctx)
	}
	return nil
}

// aside says of a failure to open a folder that it is not the one that is
// read: all else goes on.
func (v *visit) aside(err error) error {
	if f := failure(v.cfg, stageSelect, err); v.role != tracker.RoleInbox && isRefusal(err) && f.Wait == 0 {
		return &Failure{Stage: string(stageAside), Err: f.Err, What: "The folder " + v.name + " can not be opened",
			Do: "All other mail is taken. Correct the folder's name, or give " + v.cfg.Username + " the right to open it."}
	}
	return err
}

// enter finds out what of the folder is ours: it may have been numbered anew.
func (v *visit) enter(ctx context.Context) error {
	v.validity = v.s.validity
	f, err := v.store.OpenFolder(ctx, v.id, v.name, v.role)
	if err != nil {
		return failure(v.cfg, stageStore, err)
	}
	if !f.Begun {
		if f, err = v.begin(ctx, f); err != nil {
			return err
		}
	}
	v.from, v.since = 1, time.Time{}
	switch {
	case f.BeginAt == nil:
	case f.BeginUID > 0 && f.BeginValidity == int64(v.validity):
		v.from = uint32(f.BeginUID)
	default:
		v.since = f.BeginAt.Time()
	}
	if f.UIDValidity != 0 && f.UIDValidity != int64(v.validity) {
		v.log.Warn("the server numbered the folder anew", slog.String("folder", v.name), slog.Int64("was", f.UIDValidity), slog.Uint64("is", uint64(v.validity)))
		if err := v.forgetNumbers(ctx, uint32(f.UIDValidity)); err != nil {
			return failure(v.cfg, stageStore, err)
		}
	}
	// From here on kept mail has this number, also where the look comes to nothing.
	f, err = v.store.Looked(ctx, f, tracker.FolderLook{UIDValidity: v.validity, Messages: v.s.waiting(), Waiting: int(f.Waiting)})
	if err != nil {
		return failure(v.cfg, stageStore, err)
	}
	v.folder = f
	v.seen.reset(v.validity)
	v.seen.low = v.from
	v.unmoved = true
	v.full = time.Now()
	if v.touches() {
		// Without it mail is still taken; the failure is shown all the same.
		if err := v.s.folder(); err != nil && (v.s.dead() || !isSoft(err)) {
			return err
		}
	}
	return nil
}

// begin records the first UID that is ours, for "from now on": the first that
// arrived since the folder was named, though we connect only now.
func (v *visit) begin(ctx context.Context, f tracker.Folder) (tracker.Folder, error) {
	first, err := v.s.nextUID()
	if err != nil {
		return f, err
	}
	if f.BeginAt != nil {
		at := f.BeginAt.Time()
		uids, err := v.s.search(1, at.AddDate(0, 0, -1))
		if err != nil {
			return f, err
		}
		arrived, err := v.s.dates(uids)
		if err != nil {
			return f, err
		}
		for _, u := range uids {
			if t, ok := arrived[u]; ok && t.After(at) && u < first {
				first = u
			}
		}
	}
	if err := v.s.alive(stageSearch); err != nil { // after a BYE every answer looks empty
		return f, err
	}
	if f, err = v.store.BeginFolder(ctx, f, v.validity, first); err != nil {
		return f, failure(v.cfg, stageStore, err)
	}
	v.log.Info("reading begins", slog.String("folder", v.name), slog.Uint64("uidvalidity", uint64(v.validity)), slog.Uint64("uid", uint64(first)))
	return f, nil
}

// forgetNumbers settles the kept mail of an old UIDVALIDITY: its UIDs name
// nothing any more. What still lies in the folder comes again under new
// numbers, and Receive knows it.
func (v *visit) forgetNumbers(ctx context.Context, old uint32) error {
	for {
		uids, err := v.store.Unmoved(ctx, v.id, v.name, old, 1000)
		if err != nil || len(uids) == 0 {
			return err
		}
		if err := v.store.MarkMoved(ctx, v.id, v.name, old, uids); err != nil {
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
	known, err := v.store.KnownUIDs(ctx, v.id, v.name, v.validity, found[0])
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
	if v.s.selected != v.name {
		before := v.messages
		if err := v.s.open(v.name, !v.touches()); err != nil {
			return err
		}
		if v.s.validity != v.validity || v.s.waiting() > before { // mail came meanwhile
			return nil
		}
		select {
		case <-v.s.hint:
		default:
		}
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
