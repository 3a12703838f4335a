package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// Goes is what an erasure would take, in numbers.
type Goes struct {
	ClientID  int64
	Name      string
	Addresses []string
	Tickets   int // that they requested
	Others    int // other people's, in which they wrote or took part: those stay, without them
	Messages  int // that they wrote
	Mails     int // raw mails of theirs
	Files     int // in those messages
	Sent      int // mails of ours to them
	Unsent    int // and those that have not left: they never will
	Held      int // mails of theirs that wait for a decision
	Also      []Count
	Notes     []NamingNote // the newest
	Refused   string       // why they can not be erased now, in words; "" when they can
}

// NamingNote is a note that perhaps names a person: only a human can tell.
type NamingNote struct {
	ID     int64            `db:"id"`
	Number int64            `db:"number"` // of its ticket
	Body   string           `db:"body"`   // its beginning
	At     migrations.Stamp `db:"at"`
}

const maxNaming = 100

// ErasePreview returns what erasing the person with an address would take.
// NotFound where nobody is known by it.
func (s *Store) ErasePreview(ctx context.Context, address string) (Goes, error) {
	var g Goes
	p, err := s.erasingOf(ctx, s.db, address)
	if err != nil {
		return g, err
	}
	g.ClientID, g.Addresses, g.Name = p.ClientID, p.Addresses, address
	if p.ClientID != 0 {
		c, err := s.ClientByID(ctx, p.ClientID)
		if err != nil {
			return g, err
		}
		g.Name = c.Name
	}
	if err := s.refuseErasing(ctx, s.db, p); err != nil {
		if g.Refused = migrations.SafeMessage(err); g.Refused == "" {
			return g, err
		}
	}
	own, others, err := s.ticketsOf(ctx, s.db, p)
	if err != nil {
		return g, err
	}
	g.Tickets, g.Others = len(own), len(others)
	from, fromArgs := p.in(`LOWER(m.from_address)`)
	to, toArgs := p.in(`to_address`)
	sender, senderArgs := p.in(`LOWER(sender)`)
	theirs := `m.direction = 'in' AND (m.client_id = ? OR ` + from + `)`
	ask := append([]any{p.ClientID}, fromArgs...)
	mine := append([]any{p.ClientID}, toArgs...)
	for _, q := range []struct {
		dest  *int
		query string
		args  []any
	}{
		{&g.Messages, `SELECT count(*) FROM message m WHERE ` + theirs, ask},
		{&g.Held, `SELECT count(*) FROM message m WHERE m.state = 'held' AND ` + theirs, ask},
		{&g.Files, `SELECT count(*) FROM message m JOIN attachment a ON a.message_id = m.id AND a.role = 'file' WHERE ` + theirs, ask},
		{&g.Mails, `SELECT count(*) FROM inbox WHERE erased_at IS NULL AND ` + sender, senderArgs},
		{&g.Sent, `SELECT count(*) FROM outbox WHERE state = 'sent' AND (client_id = ? OR ` + to + `)`, mine},
		{&g.Unsent, `SELECT count(*) FROM outbox WHERE state IN ('queued', 'uncertain', 'held', 'dead') AND (client_id = ? OR ` + to + `)`, mine},
	} {
		if err := s.db.Get(ctx, q.dest, q.query, q.args...); err != nil {
			return g, fmt.Errorf("count what belongs to a person: %w", err)
		}
	}
	for _, a := range s.alsoPerson {
		counts, err := a.Count(ctx, s.db, p)
		if err != nil {
			return g, err
		}
		g.Also = append(g.Also, counts...)
	}
	g.Notes, err = s.notesNaming(ctx, p)
	return g, err
}

// notesNaming returns the notes in which a part of the person's name or
// address stands, the newest first.
func (s *Store) notesNaming(ctx context.Context, p Erasing) ([]NamingNote, error) {
	var words []string
	for _, t := range p.Names {
		for _, w := range strings.Fields(strings.ReplaceAll(t, ",", " ")) {
			if len(w) > 2 {
				words = append(words, strings.ToLower(w))
			}
		}
	}
	words = append(words, p.Addresses...)
	slices.Sort(words)
	if words = slices.Compact(words); len(words) == 0 {
		return nil, nil
	}
	var conditions []string
	var args []any
	for _, w := range words {
		conditions, args = append(conditions, `LOWER(n.body) LIKE ? ESCAPE '\'`), append(args, "%"+likeEscape.Replace(w)+"%")
	}
	var list []NamingNote
	err := s.db.Select(ctx, &list, `SELECT n.id, t.number, SUBSTR(n.body, 1, 200) AS body, n.at FROM note n JOIN ticket t ON t.id = n.ticket_id
		WHERE n.kind <> 'system' AND (`+strings.Join(conditions, ` OR `)+`) ORDER BY n.id DESC LIMIT ?`, append(args, maxNaming)...)
	if err != nil {
		return nil, fmt.Errorf("look for notes that name a person: %w", err)
	}
	return list, nil
}
