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

// keeping is a batch on its way into the inbox.
type keeping struct {
	uids []uint32
	done chan error
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
			if v.role == tracker.RoleInbox {
				v.report(ctx, v.validity, v.s.waiting(), nil)
			}
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
			v.vanished++
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
		m.Folder, m.Hold, m.Stays = v.name, v.hold, v.role != tracker.RoleInbox
		m.Quiet = v.isQuiet(m)
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
	if v.role == tracker.RoleProcessed {
		var err error
		if mails, err = v.unknown(ctx, mails); err != nil || len(mails) == 0 {
			return err
		}
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
			v.work.meters.taken.WithLabelValues(v.cfg.Name).Add(float64(len(mails)))
			for _, m := range mails {
				v.work.meters.bytes.WithLabelValues(v.cfg.Name).Add(float64(max(m.Size, int64(len(m.Data)))))
			}
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
