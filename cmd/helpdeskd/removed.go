package main

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"helpdeskd/ingest"
	"helpdeskd/tracker"
)

// A mailbox that is not in the configuration (any more) has no worker, but
// mail that was kept is ours for ever: what it left undecided is decided here.
const (
	removedEvery = time.Minute
	// removedAfter is for how long mail must have waited, so that a mailbox
	// that only another node is configured for is left to that one.
	removedAfter = 10 * time.Minute
)

// watchRemoved decides, until ctx ends, what mailboxes left behind that are
// not in the configuration.
func (d *desk) watchRemoved(ctx context.Context) {
	tick := time.NewTicker(removedEvery)
	defer tick.Stop()
	for {
		if err := d.decideRemoved(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("mail of a removed mailbox can not be decided; it is tried again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// decideRemoved decides what waits now. Nothing of such mail is trusted, and
// nothing of it is acknowledged: there is no server to send by.
func (d *desk) decideRemoved(ctx context.Context) error {
	left, err := d.store.LeftBehind(ctx, removedAfter)
	if err != nil {
		return err
	}
	for _, m := range left {
		if d.boxes.runs(m.ID) {
			continue
		}
		d.log.Warn("a mailbox that is not in the configuration has left mail undecided: it is decided now", slog.String("mailbox", m.Name))
		policy := tracker.Policy{MailboxID: m.ID, Address: m.Address, NoAcks: true}
		d.store.SetPolicy(policy)
		if err := d.decideLeft(ctx, m, reading(d.store, policy, d.log, d.stuck, d.meters)); err != nil {
			return err
		}
	}
	return nil
}

// decideLeft holds the mailbox's lease until nothing of it waits.
func (d *desk) decideLeft(ctx context.Context, m tracker.Mailbox, o ingest.PollerOptions) error {
	ctx, stop := context.WithTimeout(ctx, removedEvery)
	defer stop()
	pipe := ingest.OpenPipe(ctx, d.store, m.ID, o)
	defer pipe.Close()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		left, err := d.store.LeftBehind(ctx, 0)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(left, func(l tracker.Mailbox) bool { return l.ID == m.ID }) {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	return nil // the next round goes on
}
