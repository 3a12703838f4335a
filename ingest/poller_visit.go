package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"helpdeskd/tracker"
)

const (
	chunkMails = 200     // asked for by one FETCH
	batchMails = 100     // kept in one transaction
	batchBytes = 4 << 20 // at most, in memory, a batch; two exist at a time
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

type keeping struct {
	uids []uint32
	done chan error
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

// take fetches, keeps and moves mail, chunk by chunk. While one batch is
// being kept the next is fetched.
func (v *visit) take(ctx context.Context, uids []uint32) (err error) {
	defer func() { // a batch still being kept is waited for, whatever happened
		if e := v.settle(); err == nil {
			err = e
		}
		if err == nil {
			err = v.moveKept(ctx)
		}
	}()
	shown := time.Now()
	for len(uids) > 0 && ctx.Err() == nil {
		n := min(len(uids), chunkMails)
		if v.seen.careful > 0 {
			n = 1
			v.seen.careful--
		}
		if err := v.chunk(ctx, uids[:n]); err != nil {
			return err
		}
		uids = uids[n:]
		if err := v.moveKept(ctx); err != nil {
			return err
		}
		if time.Since(shown) > 2*time.Second { // a long backlog is seen to shrink
			shown = time.Now()
			v.report(ctx, v.s.validity, v.s.waiting(), nil)
		}
	}
	return ctx.Err()
}

// chunk takes some UIDs, and reconciles what was asked for with what came.
func (v *visit) chunk(ctx context.Context, uids []uint32) error {
	got, err := v.fetch(ctx, uids)
	if err != nil && !declined(err) {
		return v.broken(ctx, uids, got, err)
	}
	var missing []uint32
	for _, u := range uids {
		if !got[u] {
			missing = append(missing, u)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	there, err := v.s.present(missing)
	if err != nil {
		return err
	}
	inARow := 0
	for _, u := range missing {
		if !there[u] { // somebody took it away meanwhile
			v.done[u] = true
			v.seen.settled(u)
			continue
		}
		one, err := v.fetch(ctx, []uint32{u})
		switch {
		case declined(err) && inARow < 5:
			inARow++
			v.notReady(u)
		case err != nil:
			return v.broken(ctx, []uint32{u}, one, err)
		case !one[u]:
			v.notReady(u)
		default:
			inARow = 0
		}
	}
	return nil
}

// declined reports whether the server said NO to a FETCH, as some do when one
// of the messages is gone, and may be asked for the others.
func declined(err error) bool {
	var f *Failure
	return isRefusal(err) && errors.As(err, &f) && f.Wait == 0 && f.Stage == string(stageFetch)
}

// notReady puts off a message that the server lists without its body.
func (v *visit) notReady(uid uint32) {
	if !v.seen.deferTo(uid, time.Now()) {
		v.seen.later[uid] = again{at: time.Now().Add(v.times.notReady), tries: v.seen.later[uid].tries}
		v.soft = &Failure{Stage: string(stageFetch), Err: fmt.Errorf("UID %d: %w", uid, errNotReady),
			What: "The server does not hand out one of its messages (UID " + fmt.Sprint(uid) + ")",
			Do:   "All other mail is taken. Open the message in a mail program, and forward or delete it; it is asked for again now and then."}
	}
	v.log.Warn("a message has no body yet", slog.Uint64("uid", uint64(uid)))
}

// broken notes at which message the connection ended, or which large one
// found no place, so that one which does it each time is put off.
func (v *visit) broken(ctx context.Context, uids []uint32, got map[uint32]bool, err error) error {
	var f *Failure
	if ctx.Err() != nil || !errors.As(err, &f) || f.Wait > 0 || isRefusal(err) {
		return err
	}
	if f.Stage != string(stageFetch) && !v.noPlace {
		return err
	}
	v.seen.careful = max(v.seen.careful, len(uids)-len(got))
	for _, u := range uids {
		if !got[u] {
			if v.seen.broke(u, time.Now()) {
				v.log.Error("taking one message fails each time: it is left for later", slog.Uint64("uid", uint64(u)))
			}
			break
		}
	}
	return err
}

// fetch gets bodies and hands them on in batches to be kept.
func (v *visit) fetch(ctx context.Context, uids []uint32) (got map[uint32]bool, err error) {
	got = make(map[uint32]bool, len(uids))
	var batch []tracker.RawMail
	size := 0
	put := func(r io.Reader) (string, int64, error) {
		digest, n, err := v.store.PutBlob(ctx, r)
		if err != nil && !errors.Is(err, errCutOff) {
			v.noPlace = true
			err = failure(v.cfg, stageStore, err)
		}
		return digest, n, err
	}
	err = v.s.fetch(uids, put, func(m tracker.RawMail) error {
		got[m.UID] = true
		if isPlaceholder(m.Data) && v.seen.deferTo(m.UID, time.Now()) {
			v.log.Warn("Exchange sent a placeholder: the message is asked for again later", slog.Uint64("uid", uint64(m.UID)))
			return nil
		}
		batch = append(batch, m)
		size += len(m.Data)
		if len(batch) < batchMails && size < batchBytes {
			return nil
		}
		full := batch
		batch, size = nil, 0
		return v.keep(ctx, full)
	})
	if len(batch) > 0 && ctx.Err() == nil { // what came whole is kept even when the connection broke
		if e := v.keep(ctx, batch); err == nil {
			err = e
		}
	}
	return got, err
}

// keep makes a batch ours, in the background once the former one is through.
func (v *visit) keep(ctx context.Context, mails []tracker.RawMail) error {
	if err := v.settle(); err != nil {
		return err
	}
	k := &keeping{done: make(chan error, 1)}
	for _, m := range mails {
		k.uids = append(k.uids, m.UID)
	}
	v.keeping = k
	go func() {
		v.hook("ingest.before-keep")
		_, err := v.store.Keep(ctx, v.lease, v.id, mails)
		v.hook("ingest.after-keep")
		if err != nil {
			err = failure(v.cfg, stageStore, err)
		} else {
			v.work.wake()
		}
		k.done <- err
	}()
	return nil
}

// settle waits for the batch that is being kept.
func (v *visit) settle() error {
	k := v.keeping
	if k == nil {
		return nil
	}
	v.keeping = nil
	if err := <-k.done; err != nil {
		return err
	}
	for _, u := range k.uids {
		v.seen.settled(u)
		v.done[u] = true
	}
	v.kept = append(v.kept, k.uids...)
	return nil
}

// moveKept moves what was kept since the last time.
func (v *visit) moveKept(ctx context.Context) error {
	uids := v.kept
	v.kept = nil
	if len(uids) == 0 {
		return nil
	}
	if v.soft != nil && !v.cfg.LeaveInPlace { // refused a moment ago: next look
		v.unmoved = true
		return nil
	}
	err := v.deal(ctx, uids)
	if err != nil && isSoft(err) && !v.s.dead() {
		v.soft, v.unmoved = err, true
		return nil
	}
	return err
}

// deal moves kept mail and records it.
func (v *visit) deal(ctx context.Context, uids []uint32) error {
	if !v.cfg.LeaveInPlace {
		if err := v.s.move(uids); err != nil {
			return err
		}
		v.hook("ingest.after-move")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // it is done: record it
	defer cancel()
	if err := v.store.MarkMoved(ctx, v.id, v.s.validity, uids); err != nil {
		return failure(v.cfg, stageStore, err)
	}
	v.hook("ingest.after-mark")
	return nil
}

// moveLeft finishes what a crash or a refusal left: kept mail that is not
// recorded as moved. What the folder does not have any more is recorded.
func (v *visit) moveLeft(ctx context.Context) error {
	for ctx.Err() == nil {
		uids, err := v.store.Unmoved(ctx, v.id, v.s.validity, 500)
		if err != nil {
			return failure(v.cfg, stageStore, err)
		}
		if len(uids) == 0 {
			v.unmoved = false
			return nil
		}
		var there, gone []uint32
		if v.cfg.LeaveInPlace {
			gone = uids
		} else {
			has, err := v.s.present(uids)
			if err != nil {
				return err
			}
			for _, u := range uids {
				if has[u] {
					there = append(there, u)
				} else {
					gone = append(gone, u)
				}
			}
		}
		if err := v.store.MarkMoved(ctx, v.id, v.s.validity, gone); err != nil {
			return failure(v.cfg, stageStore, err)
		}
		if len(there) > 0 {
			if err := v.deal(ctx, there); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// rest waits for the next look: at most the poll interval, less when the
// server hints at mail.
func (v *visit) rest(ctx context.Context) error {
	d := min(v.cfg.Poll, 10*time.Minute)
	if v.quick {
		d = min(d, 2*time.Second)
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
