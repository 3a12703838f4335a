package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"helpdeskd/tracker"
)

// Pipe takes mails as an MTA's pipe hands them over, for the ingest command.
// Kept mail is decided by the daemon that holds the mailbox's lease, or by
// the Pipe itself where none does. The store must have a node name of its
// own, lest it take the lease from a living daemon.
type Pipe struct {
	store  *tracker.Store
	id     int64
	worker *Worker
	stop   context.CancelFunc
	done   chan struct{}
}

// OpenPipe begins to take mails for a mailbox. Close must be called.
func OpenPipe(ctx context.Context, store *tracker.Store, mailboxID int64, o PollerOptions) *Pipe {
	ctx, stop := context.WithCancel(ctx)
	p := &Pipe{store: store, id: mailboxID, worker: NewWorker(store, mailboxID, o), stop: stop, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.worker.Run(ctx)
	}()
	return p
}

// Close gives the lease up, if it was ours, once what is in hand is decided.
func (p *Pipe) Close() {
	p.stop()
	<-p.done
}

// Keep makes one mail ours and returns its inbox id. After an error nothing
// was kept, and the MTA must hold on to it (EX_TEMPFAIL).
func (p *Pipe) Keep(ctx context.Context, r io.Reader) (int64, error) {
	m := tracker.RawMail{ReceivedAt: p.store.Now()}
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, tracker.SmallBlob+1)
	m.MailID = mailID(head.Bytes())
	switch {
	case errors.Is(err, io.EOF):
		m.Data = head.Bytes()
		if n == 0 {
			return 0, errors.New("an empty message")
		}
	case err != nil:
		return 0, fmt.Errorf("read the message: %w", err)
	default:
		if m.Digest, m.Size, err = p.store.PutBlob(ctx, io.MultiReader(&head, r)); err != nil {
			return 0, err
		}
	}
	ids, err := p.store.Keep(ctx, nil, p.id, []tracker.RawMail{m})
	if err != nil {
		return 0, err
	}
	p.worker.wake()
	return ids[0], nil
}

// Outcome waits until it is decided what becomes of a kept mail.
func (p *Pipe) Outcome(ctx context.Context, inboxID int64) (tracker.Outcome, error) {
	wait := 2 * time.Millisecond
	for {
		o, done, err := p.store.OutcomeOf(ctx, inboxID)
		if err != nil || done {
			return o, err
		}
		pause(ctx, wait)
		if ctx.Err() != nil {
			return o, fmt.Errorf("wait for mail %d to be decided: %w", inboxID, ctx.Err())
		}
		wait = min(2*wait, 100*time.Millisecond)
	}
}
