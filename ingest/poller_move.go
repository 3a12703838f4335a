package ingest

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"

	"helpdeskd/tracker"
)

// moveKept moves what was kept since the last time.
func (v *visit) moveKept(ctx context.Context) error {
	uids := v.kept
	v.kept = nil
	if len(uids) == 0 || v.role != tracker.RoleInbox || v.shadow {
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
		v.hook("ingest.before-move")
		if err := v.s.move(uids); err != nil {
			if v.s.dead() {
				v.apart = time.Now().Add(v.times.grace)
			}
			return err
		}
		v.hook("ingest.after-move")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // it is done: record it
	defer cancel()
	if err := v.store.MarkMoved(ctx, v.id, v.name, v.validity, uids); err != nil {
		return failure(v.cfg, stageStore, err)
	}
	v.hook("ingest.after-mark")
	return nil
}

// moveLeft finishes what a crash or a refusal left: kept mail that is not
// recorded as moved. What the folder does not have any more is recorded.
//
// The server may still be at the MOVE of a start that was killed, or of a
// connection that broke. Dovecot copies a mail twice when two sessions move it
// at once, so some time is left between them.
func (v *visit) moveLeft(ctx context.Context) error {
	if !v.cfg.LeaveInPlace && time.Now().Before(v.apart) {
		return nil
	}
	for ctx.Err() == nil {
		uids, err := v.store.Unmoved(ctx, v.id, v.name, v.validity, 500)
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
		if err := v.store.MarkMoved(ctx, v.id, v.name, v.validity, gone); err != nil {
			return failure(v.cfg, stageStore, err)
		}
		if len(there) > 0 {
			if err := v.recall(ctx, there); err != nil {
				return err
			}
			err := v.deal(ctx, there)
			v.s.copied = nil
			if err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// recall finds out which of these mails a move that was cut off has copied,
// where the server can only copy.
func (v *visit) recall(ctx context.Context, uids []uint32) error {
	if v.cfg.LeaveInPlace || v.s.caps.Has(imap.CapMove) {
		return nil
	}
	mails, err := v.store.UnmovedMails(ctx, v.id, v.name, v.validity, uids)
	if err != nil {
		return failure(v.cfg, stageStore, err)
	}
	v.s.copied, err = v.copiedBefore(mails)
	return err
}
