package ingest

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// reconcileEvery is how often the processed folder is compared with the ledger.
const reconcileEvery = 24 * time.Hour

// reconcileBack is how far back it is looked where its numbers say nothing.
const reconcileBack = 7 * 24 * time.Hour

// reconcile compares the processed folder with the ledger: at the start, once a
// day, and when a person asks. What lies there and was never taken is taken:
// a person moved it, or the database is an older one, restored. Up to which
// UID this was done stands in the database too, so that an older database
// looks again at all that was moved since. Nothing that came before this start
// is answered by itself: it may have been.
func (r *round) reconcile(ctx context.Context, m tracker.Mailbox) error {
	asked := r.isAsked(m)
	if !asked && !r.reconciled.IsZero() && time.Since(r.reconciled) < reconcileEvery {
		return nil
	}
	if r.cfg.LeaveInPlace || m.InShadow() {
		return r.compared(ctx, m)
	}
	if err := r.s.folder(); err != nil {
		return err
	}
	v := r.visit(r.s, r.lease, r.s.target, tracker.RoleProcessed, "")
	if err := r.s.open(v.name, true); err != nil {
		return v.aside(err)
	}
	v.validity = r.s.validity
	f, err := r.store.OpenFolder(ctx, r.id, v.name, v.role)
	if err != nil {
		return failure(r.cfg, stageStore, err)
	}
	next, err := r.s.nextUID()
	if err != nil {
		return err
	}
	found, from, since := 0, uint32(f.CheckedUID)+1, time.Time{}
	if f.UIDValidity != int64(v.validity) {
		from = 1
		since = r.store.Now().Add(-reconcileBack)
		if f.BeginAt != nil && f.BeginAt.Time().After(since) {
			since = f.BeginAt.Time()
		}
	}
	uids, err := r.s.search(from, dayBefore(since))
	if err != nil {
		return err
	}
	if !since.IsZero() { // SINCE knows days only
		arrived, err := r.s.dates(uids)
		if err != nil {
			return err
		}
		uids = slices.DeleteFunc(uids, func(u uint32) bool { return arrived[u].Before(since) })
	}
	ids, err := r.s.mailIDs(uids)
	if err != nil {
		return err
	}
	known, err := r.store.KnownMailIDs(ctx, r.id, ids)
	if err != nil {
		return failure(r.cfg, stageStore, err)
	}
	v.done, v.seen, v.quiet = map[uint32]bool{}, newLedger(r.times), r.began
	var missing []uint32
	for _, u := range uids {
		if id := ids[u]; id == "" || !known[id] {
			missing = append(missing, u)
		}
	}
	if err := v.take(ctx, missing); err != nil {
		return err
	}
	found = len(v.done) - v.vanished - v.known
	checked := max(next, 1) - 1
	for _, u := range missing {
		if !v.done[u] { // it is asked for again
			checked = min(checked, u-1)
		}
	}
	err = r.store.Reconciled(ctx, f, tracker.FolderLook{UIDValidity: v.validity, Messages: r.s.waiting(), Waiting: len(missing) - len(v.done), Vanished: v.vanished}, found, checked)
	if err != nil {
		return failure(r.cfg, stageStore, err)
	}
	r.reconciled, r.asked = time.Now(), migrations.Or(m.ReconcileAt)
	if found > 0 {
		r.log.Warn("mail of the processed folder was not in the ledger, and is taken", slog.Int("mails", found))
	}
	return v.soft
}

// isAsked reports whether a person asked for a comparison that was not made yet.
func (r *round) isAsked(m tracker.Mailbox) bool {
	return m.ReconcileAt != nil && *m.ReconcileAt > r.asked
}

// compared records that the folder that is read was compared, where nothing is
// moved out of it: the look that has just ended began with its first UID that
// is ours.
func (r *round) compared(ctx context.Context, m tracker.Mailbox) error {
	f := r.inbox.folder
	if f.LookedAt == nil {
		return nil
	}
	look := tracker.FolderLook{UIDValidity: uint32(f.UIDValidity), Messages: int(f.Messages), Waiting: int(f.Waiting)}
	if err := r.store.Reconciled(ctx, f, look, 0, 0); err != nil {
		return failure(r.cfg, stageStore, err)
	}
	r.reconciled, r.asked = time.Now(), migrations.Or(m.ReconcileAt)
	return nil
}

// dayBefore leaves room for servers in other time zones.
func dayBefore(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.AddDate(0, 0, -1)
}

// isQuiet reports whether a mail found there may have been answered before.
func (v *visit) isQuiet(m tracker.RawMail) bool {
	return v.role == tracker.RoleProcessed && (m.ReceivedAt.IsZero() || m.ReceivedAt.Before(v.quiet))
}

// unknown returns those of some mails of the processed folder that the ledger
// does not hold, byte for byte: mail without a Message-ID is known by nothing
// else, and what lies there was most likely moved there by us.
func (v *visit) unknown(ctx context.Context, mails []tracker.RawMail) ([]tracker.RawMail, error) {
	digests := make([]string, len(mails))
	for i, m := range mails {
		if digests[i] = m.Digest; m.Digest == "" {
			digests[i] = tracker.Digest(m.Data)
		}
	}
	known, err := v.store.KnownDigests(ctx, v.id, digests)
	if err != nil {
		return nil, failure(v.cfg, stageStore, err)
	}
	var rest []tracker.RawMail
	for i, m := range mails {
		if !known[digests[i]] {
			rest = append(rest, m)
			continue
		}
		v.seen.settled(m.UID)
		v.done[m.UID] = true
		v.known++
	}
	return rest, nil
}

// mailIDs returns the Message-IDs of messages, reading only their headers.
func (s *session) mailIDs(uids []uint32) (map[uint32]string, error) {
	ids := make(map[uint32]string, len(uids))
	items := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Specifier: imap.PartSpecifierHeader, Peek: true}}}
	drop := func(r io.Reader) (string, int64, error) {
		n, err := io.Copy(io.Discard, r)
		return "", n, err
	}
	for len(uids) > 0 {
		n := min(len(uids), chunkMails)
		err := s.fetchItems(items, uids[:n], drop, func(m tracker.RawMail) error {
			ids[m.UID] = m.MailID
			return nil
		})
		if err != nil {
			return nil, err
		}
		uids = uids[n:]
	}
	return ids, nil
}
