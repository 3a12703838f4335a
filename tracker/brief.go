package tracker

import (
	"context"
	"log/slog"
	"strings"

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
		if s.things != nil {
			b.Held, err = s.things.HeldNames(ctx, t.ClientID, briefThings)
			missed("what its client has", err)
		}
	}
	known, err := s.Facts(ctx, t.ID)
	missed("what is unknown", err)
	if err == nil && !t.Stage.Closed() {
		b.Unknown = Missing(known)
	}
	alike, err := s.Similar(ctx, &t, SimilarTo{}, 12)
	missed("similar requests", err)
	for _, x := range alike {
		if strings.TrimSpace(x.Fix) == "" || len(b.Similar) == briefSimilar {
			continue
		}
		b.Similar = append(b.Similar, BriefSimilar{Number: x.Number, Subject: x.Subject, Fix: beginning(oneLine(x.Fix), 300)})
	}
	return b
}
