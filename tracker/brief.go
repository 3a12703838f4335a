package tracker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"helpdeskd/migrations"
)

// Brief is what a technician wants to know of a ticket beside its words, so
// that they can act without opening it.
type Brief struct {
	Department, Phone string
	High              bool   // high management asks
	Suggested         string // a priority that nobody has accepted yet: 2, 3*
	Reason            string // why, in words
	Held              []string
	Unknown           []FactItem
	Waiting           string           // client, vendor, ""
	Deadline          migrations.Stamp // the nearest that still runs, 0 for none
	Similar           []BriefSimilar   // with their fixes, the most alike first
}

// BriefSimilar is a past request that may be solved alike.
type BriefSimilar struct {
	Number  int64
	Subject string
	Fix     string
}

// Bounds on a brief.
const (
	briefThings  = 8
	briefSimilar = 3
)

// brief gathers it. What can not be had is left out, since the mail itself
// must not wait for it.
func (s *Store) brief(ctx context.Context, ticketID int64) *Brief {
	b := &Brief{}
	missed := func(what string, err error) {
		if err != nil {
			s.log.Warn("a notification goes without "+what, slog.Int64("ticket", ticketID), slog.Any("error", err))
		}
	}
	t, err := s.TicketByID(ctx, ticketID)
	if err != nil {
		missed("what is known of its ticket", err)
		return nil
	}
	b.High, b.Department, b.Waiting, b.Deadline = t.ClientHigh, t.ClientDepartment, t.Waiting, t.Deadline
	if t.TriagedAt == 0 && t.SuggestedLevel > 0 {
		b.Suggested, b.Reason = priorityName(t.SuggestedLevel, t.SuggestedStar), t.SuggestedReason
	}
	if t.ClientID != 0 {
		c, err := s.ClientByID(ctx, t.ClientID)
		missed("the telephone number", err)
		b.Phone = c.Phone
	}
	to := SimilarTo{Fixed: true}
	helped := t.ClientID
	if t.ForClientID != 0 { // whose things matter is who is supported, as beside the ticket
		helped = t.ForClientID
	}
	if helped != 0 && s.things != nil {
		held, err := s.things.HeldNamed(ctx, helped, briefThings)
		missed("what its client has", err)
		for _, a := range held {
			b.Held, to.Held = append(b.Held, a.Name), append(to.Held, a.ID)
		}
	}
	known, err := s.Facts(ctx, t.ID)
	missed("what is unknown", err)
	if err == nil && !t.Stage.Closed() {
		b.Unknown = Missing(known)
	}
	b.Similar, err = s.briefSimilar(ctx, &t, to)
	missed("similar requests", err)
	return b
}

// briefSimilar returns the past requests of a brief. They are looked for once
// for all who are told of a ticket at the same time.
func (s *Store) briefSimilar(ctx context.Context, t *Ticket, to SimilarTo) ([]BriefSimilar, error) {
	key := briefKey{t.ID, t.Subject, t.ClientID, t.ForClientID}
	if list, ok := s.briefs.get(key, s.Now()); ok {
		return list, nil
	}
	linked, err := s.Links(ctx, Thing{Kind: KindTicket, ID: t.ID})
	if err != nil {
		return nil, err
	}
	for _, l := range linked {
		if l.Kind == KindAsset {
			to.Linked = append(to.Linked, l.ID)
		}
	}
	alike, err := s.Similar(ctx, t, to, briefSimilar)
	if err != nil {
		return nil, err
	}
	var list []BriefSimilar
	for _, x := range alike {
		list = append(list, BriefSimilar{Number: x.Number, Subject: x.Subject, Fix: beginning(oneLine(x.Fix), 300)})
	}
	s.briefs.put(key, list, s.Now())
	return list, nil
}

// briefCache holds the similar requests of the tickets that mails are being
// written about: a request that twenty technicians are told of is looked up
// once, and not twenty times.
type briefCache struct {
	mu   sync.Mutex
	list map[briefKey]briefEntry
}

type briefKey struct {
	TicketID              int64
	Subject               string
	ClientID, ForClientID int64
}

type briefEntry struct {
	similar []BriefSimilar
	at      time.Time
}

// Bounds on what is held: for how long, since a fix may be written or a ticket
// erased meanwhile, and of how many tickets.
const (
	briefFor  = 20 * time.Second
	briefKept = 32
)

func (c *briefCache) get(key briefKey, now time.Time) ([]BriefSimilar, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.list[key]
	age := now.Sub(e.at)
	return e.similar, ok && age >= 0 && age < briefFor
}

func (c *briefCache) put(key briefKey, similar []BriefSimilar, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list == nil || len(c.list) >= briefKept {
		c.list = map[briefKey]briefEntry{}
	}
	c.list[key] = briefEntry{similar, now}
}
