package tracker

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"helpdeskd/migrations"
)

// Doing is what somebody does on a ticket's page.
type Doing string

// What people do there, the least first.
const (
	Looking      Doing = "look"
	WritingNote  Doing = "note"
	WritingFix   Doing = "fix"
	WritingReply Doing = "reply"
)

var doings = []Doing{Looking, WritingNote, WritingFix, WritingReply}

// PresenceBeat is how often an open page says that it is open still, and
// presenceTTL how long it counts without: it was closed without a word, or its
// machine sleeps.
const (
	PresenceBeat = 15 * time.Second
	presenceTTL  = 40 * time.Second
	// presenceOld is when a row is nobody's any more, whatever clocks say.
	presenceOld = 10 * time.Minute
	// presenceLook is how often rows are read while pages listen: other nodes
	// write them too.
	presenceLook = 500 * time.Millisecond
	maxPages     = 64 // of one account
)

// Present is somebody who has a ticket's page before them.
type Present struct {
	AccountID int64
	Name      string
	Doing     Doing
}

type presenceRow struct {
	Page      string           `db:"page"`
	TicketID  int64            `db:"ticket_id"`
	AccountID int64            `db:"account_id"`
	Name      string           `db:"name"`
	Doing     Doing            `db:"doing"`
	N         int64            `db:"n"`
	At        migrations.Stamp `db:"at"`
}

// Here notes that somebody has a ticket's page before them, and what they do
// there. Page is random, of one open page. A page says so when that changes,
// and each PresenceBeat. It writes no event: it is no change of the desk.
func (s *Store) Here(ctx context.Context, actor Actor, ticketID int64, page string, doing Doing) error {
	if len(page) < 16 || len(page) > 64 || !slices.Contains(doings, doing) {
		return migrations.Invalidf("The form arrived damaged.")
	}
	now := s.stamp()
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE presence SET doing = ?, at = ?, n = n + 1 WHERE page = ? AND ticket_id = ? AND account_id = ?`, doing, now, page, ticketID, actor.AccountID)
		if err != nil || n > 0 {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM presence WHERE at < ?`, migrations.At(s.Now().Add(-presenceOld))); err != nil {
			return err
		}
		var pages int
		if err := tx.Get(ctx, &pages, `SELECT count(*) FROM presence WHERE account_id = ?`, actor.AccountID); err != nil || pages >= maxPages {
			return err
		}
		known, err := exists(ctx, tx, `SELECT 1 FROM ticket WHERE id = ?`, ticketID)
		if err != nil || !known {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO presence (page, ticket_id, account_id, doing, n, at) VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT (page) DO NOTHING`, page, ticketID, actor.AccountID, doing, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("note who is here: %w", err)
	}
	s.presence.nudge()
	return nil
}

// Left notes that a page was closed, or is not looked at.
func (s *Store) Left(ctx context.Context, actor Actor, page string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM presence WHERE page = ? AND account_id = ?`, clip(page, 64), actor.AccountID)
		return err
	})
	if err != nil {
		return fmt.Errorf("note who left: %w", err)
	}
	s.presence.nudge()
	return nil
}

// presence knows who is where: the rows as they were read last, and since when
// each did not beat, by this process's own clock.
type presence struct {
	mu       sync.Mutex
	beats    map[string]changed // by page
	watchers map[chan []int64]bool
	stop     context.CancelFunc // of the reader, which runs while somebody watches
	news     chan struct{}
	was      map[int64]string // by ticket, what its page shows
}

// changed is when a row's number last grew.
type changed struct {
	n  int64
	at time.Time
}

func (p *presence) nudge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.news != nil {
		signal(p.news)
	}
}

// present reads the rows of a ticket, or of all with 0, that are alive.
func (s *Store) present(ctx context.Context, ticketID int64) ([]presenceRow, error) {
	var rows []presenceRow
	err := s.db.Select(ctx, &rows, `SELECT p.page, p.ticket_id, p.account_id, a.name, p.doing, p.n, p.at FROM presence p JOIN account a ON a.id = p.account_id AND a.enabled
		WHERE (p.ticket_id = ? OR CAST(? AS BIGINT) = 0) ORDER BY a.name, p.account_id, p.page`, ticketID, ticketID)
	if err != nil {
		return nil, fmt.Errorf("read who is here: %w", err)
	}
	p, now, stamp := &s.presence, time.Now(), s.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.beats == nil {
		p.beats = map[string]changed{}
	}
	known := map[string]bool{}
	alive := rows[:0]
	for _, r := range rows {
		known[r.Page] = true
		c, ok := p.beats[r.Page]
		if !ok || c.n != r.N {
			c = changed{r.N, now}
			if age := stamp.Sub(r.At.Time()); !ok && age > 0 { // who has not looked before has the row's own word
				c.at = now.Add(-age)
			}
			p.beats[r.Page] = c
		}
		if now.Sub(c.at) < presenceTTL {
			alive = append(alive, r)
		}
	}
	if ticketID == 0 {
		for page := range p.beats {
			if !known[page] {
				delete(p.beats, page)
			}
		}
	}
	return alive, nil
}

// Present returns who else has a ticket's page before them, each once, with
// the most that they do there.
func (s *Store) Present(ctx context.Context, ticketID, but int64) ([]Present, error) {
	rows, err := s.present(ctx, ticketID)
	if err != nil {
		return nil, err
	}
	var list []Present
	for _, r := range rows {
		if r.AccountID == but {
			continue
		}
		if n := len(list); n > 0 && list[n-1].AccountID == r.AccountID {
			if slices.Index(doings, r.Doing) > slices.Index(doings, list[n-1].Doing) {
				list[n-1].Doing = r.Doing
			}
			continue
		}
		list = append(list, Present{r.AccountID, r.Name, r.Doing})
	}
	return list, nil
}

// WatchPresence returns a channel of the ids of tickets on whose pages people
// came, went, or began something else, on this node or another. It is closed
// when ctx ends, or when the watcher is too slow.
func (s *Store) WatchPresence(ctx context.Context) <-chan []int64 {
	ch := make(chan []int64, 32)
	p := &s.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.watchers == nil {
		p.watchers = map[chan []int64]bool{}
	}
	p.watchers[ch] = true
	if p.stop == nil {
		var reading context.Context
		reading, p.stop = context.WithCancel(context.WithoutCancel(ctx))
		p.news, p.was = make(chan struct{}, 1), nil
		go s.readPresence(reading, p.news)
	}
	context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.dropLocked(ch)
	})
	return ch
}

func (p *presence) dropLocked(ch chan []int64) {
	if !p.watchers[ch] {
		return
	}
	delete(p.watchers, ch)
	close(ch)
	if len(p.watchers) == 0 {
		p.stop()
		p.stop = nil
	}
}

// readPresence reads the rows, which are few, while somebody watches.
func (s *Store) readPresence(ctx context.Context, news <-chan struct{}) {
	tick := time.NewTicker(presenceLook)
	defer tick.Stop()
	for {
		if err := s.tellPresence(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("reading who is on which page failed, trying again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-tick.C:
		}
	}
}

func (s *Store) tellPresence(ctx context.Context) error {
	rows, err := s.present(ctx, 0)
	if err != nil {
		return err
	}
	now := map[int64]string{}
	for _, r := range rows {
		now[r.TicketID] += fmt.Sprint(r.AccountID, " ", r.Doing, ";")
	}
	p := &s.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return nil
	}
	var ids []int64
	for id, what := range now {
		if p.was[id] != what {
			ids = append(ids, id)
		}
	}
	for id := range p.was {
		if _, there := now[id]; !there {
			ids = append(ids, id)
		}
	}
	p.was = now
	if len(ids) == 0 {
		return nil
	}
	for ch := range p.watchers {
		select {
		case ch <- ids:
		default:
			p.dropLocked(ch)
		}
	}
	return nil
}
