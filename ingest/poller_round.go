package ingest

import (
	"context"
	"time"

	"helpdeskd/tracker"
)

// inJunk is why a mail of the Junk folder is held, in words.
const inJunk = "it was in the Junk folder"

// round is what one connection looks into, again and again: the folder that
// is read, and beside it, without getting in its way, others.
type round struct {
	*Poller
	s     *session
	lease *tracker.Lease
	inbox *visit
	junk  *visit // nil where it is not read, or not found yet
}

func (p *Poller) round(s *session, l *tracker.Lease) *round {
	return &round{Poller: p, s: s, lease: l, inbox: p.visit(s, l, p.cfg.Folder, tracker.RoleInbox, "")}
}

// look looks into every folder once. An error of another folder than the one
// that is read is soft, and the last to be told of.
func (r *round) look(ctx context.Context) error {
	m, err := r.store.Mailbox(ctx, r.id)
	if err != nil {
		return failure(r.cfg, stageStore, err)
	}
	if m.InShadow() != r.inbox.shadow {
		r.inbox.shadow, r.inbox.full = m.InShadow(), time.Time{}
	}
	if r.isAsked(m) { // of that which is read, too
		r.inbox.full = time.Time{}
	}
	soft := r.inbox.look(ctx)
	if soft != nil && (r.s.dead() || !isSoft(soft)) {
		return soft
	}
	for _, aside := range []func(context.Context, tracker.Mailbox) error{r.lookIntoJunk, r.reconcile, r.seek} {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := aside(ctx, m)
		if err != nil && (r.s.dead() || !isSoft(err)) {
			return err
		}
		if soft == nil {
			soft = err
		}
	}
	return soft
}

// lookIntoJunk keeps what lies in the Junk folder, and leaves it there: who
// moves a mail from it to the inbox in a mail program says that it is none.
func (r *round) lookIntoJunk(ctx context.Context, m tracker.Mailbox) error {
	if r.cfg.Junk == "" {
		return nil
	}
	if r.junk == nil {
		name, err := r.s.findFolder(r.cfg.Junk, junkFolder)
		if err != nil {
			return err
		}
		r.junk = r.visit(r.s, r.lease, name, tracker.RoleJunk, inJunk)
	}
	r.junk.shadow = m.InShadow()
	return r.junk.look(ctx)
}
