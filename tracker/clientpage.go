package tracker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"helpdeskd/migrations"
)

// ClientPage is a ticket as its client, or somebody else who takes part, may
// see it: their own mails and what was sent to them, nothing of the desk's.
type ClientPage struct {
	Guest  Guest
	Name   string // of the person, "" where only the address is known
	Mine   bool   // the person is the requester
	Ticket Ticket // of which pages show the number, subject, stages and times
	Said   []Said // oldest first
	More   bool   // there is more, older
	Rating *Satisfaction
	Rates  bool       // the desk asks how content people are
	Asked  []FactItem // what the person was asked and is still unknown
	Days   int        // after which silence completes a ticket in confirming; 0 for never
}

// Said is one message of a ClientPage.
type Said struct {
	ID    int64
	Mine  bool
	From  string // the technician's name, where it is not the person's own
	At    migrations.Stamp
	Body  string
	Cut   bool
	Form  *Form
	Files []Attachment
}

// maxSaid is how many messages a ClientPage shows.
const maxSaid = 200

// saidTo chooses the messages that a person may see: what they wrote
// themselves and people did not hold back, and the answers that went to them.
// Its parameters are the ticket and twice the person.
const saidTo = `m.ticket_id = ? AND m.state = 'shown' AND ((m.direction = 'in' AND m.client_id = ? AND m.class = 'human')
	OR (m.direction = 'out' AND EXISTS (SELECT 1 FROM outbox o WHERE o.message_id = m.id AND o.kind = 'reply' AND o.client_id = ? AND o.state NOT IN ('queued', 'held', 'cancelled'))))`

// ClientPage returns what a guest sees of their ticket. NotFound where they do
// not take part (any more).
func (s *Store) ClientPage(ctx context.Context, g Guest) (ClientPage, error) {
	p := ClientPage{Guest: g}
	g, err := s.guest(ctx, s.db, g.ClientID, g.TicketID)
	if err != nil {
		return p, err
	}
	p.Guest = g
	if p.Ticket, err = s.TicketByID(ctx, g.TicketID); err != nil {
		return p, err
	}
	p.Mine = p.Ticket.ClientID == g.ClientID
	if err := s.calledFor(ctx, s.db, &p.Ticket, g.ClientID); err != nil {
		return p, err
	}
	who, err := s.ClientByID(ctx, g.ClientID)
	if err != nil {
		return p, err
	}
	if p.Name = who.Name; strings.Contains(who.Name, "@") {
		p.Name = "" // only the address is known
	}
	list, err := s.messagesWhere(ctx, shownMessages()+`WHERE `+saidTo+` ORDER BY m.at DESC, m.id DESC LIMIT ?`, g.TicketID, g.ClientID, g.ClientID, maxSaid+1)
	if err != nil {
		return p, err
	}
	if p.More = len(list) > maxSaid; p.More {
		list = list[:maxSaid]
	}
	slices.Reverse(list)
	for _, m := range list {
		one := Said{ID: m.ID, Mine: m.Direction == "in", At: m.At, Body: withoutTokens(WithoutLinks(m.Body)), Cut: m.Cut, Form: m.Form, Files: m.Files()}
		if !one.Mine {
			one.From = m.FromName
		}
		p.Said = append(p.Said, one)
	}
	if p.Rating, err = rating(ctx, s.db, g.TicketID, g.ClientID); err != nil {
		return p, err
	}
	ask, err := s.Setting(ctx, SetSatisfaction)
	if err != nil {
		return p, err
	}
	p.Rates = ask == "on"
	if p.Asked, err = s.toldOf(ctx, g, &p.Ticket); err != nil {
		return p, err
	}
	p.Days, err = s.numberSetting(ctx, SetSilentDays, 7)
	return p, err
}

// ClientFile returns a file of a guest's ticket by the random name in its
// link, if it belongs to a message that they may see.
func (s *Store) ClientFile(ctx context.Context, g Guest, uid string) (Attachment, error) {
	var a Attachment
	if _, err := s.guest(ctx, s.db, g.ClientID, g.TicketID); err != nil {
		return a, err
	}
	err := s.db.Get(ctx, &a, `SELECT `+attachmentColumns+` FROM attachment WHERE uid = ? AND role = 'file' AND message_id IN (SELECT m.id FROM message m WHERE `+saidTo+`)`,
		clip(uid, 100), g.TicketID, g.ClientID, g.ClientID)
	if migrations.KindOf(err) == migrations.NotFound {
		return a, migrations.NotFoundf("There is no such file.")
	}
	if err != nil {
		return a, fmt.Errorf("read attachment: %w", err)
	}
	return a, nil
}

// maxRequests is how many of their requests a person is shown.
const maxRequests = 200

// ClientTickets returns the tickets that a person asked for or takes part in,
// the newest first.
func (s *Store) ClientTickets(ctx context.Context, clientID int64) ([]Ticket, error) {
	var list []Ticket
	err := s.db.Select(ctx, &list, ticketSelect+`WHERE t.merged_into_id IS NULL AND (t.client_id = ? OR t.id IN (SELECT p.ticket_id FROM participant p WHERE p.client_id = ?)) ORDER BY t.id DESC LIMIT ?`, clientID, clientID, maxRequests)
	if err != nil {
		return nil, fmt.Errorf("list the tickets of client %d: %w", clientID, err)
	}
	var called []struct {
		ID      int64  `db:"id"`
		Subject string `db:"subject"`
	}
	err = s.db.Select(ctx, &called, `SELECT d.merged_into_id AS id, d.subject FROM ticket d WHERE d.merged_into_id IS NOT NULL AND (d.client_id = ? OR d.id IN (SELECT x.ticket_id FROM participant x WHERE x.client_id = ?)) ORDER BY d.id`, clientID, clientID)
	if err != nil {
		return nil, fmt.Errorf("list what was merged of client %d: %w", clientID, err)
	}
	for _, c := range called { // as of calledFor
		if i := slices.IndexFunc(list, func(t Ticket) bool { return t.ID == c.ID && t.ClientID != clientID }); i >= 0 {
			list[i].Subject = c.Subject
		}
	}
	return list, nil
}

// GuestByNumber returns a person's view of one of their tickets by its number.
func (s *Store) GuestByNumber(ctx context.Context, clientID, number int64) (Guest, error) {
	t, err := s.TicketByNumber(ctx, number)
	if migrations.KindOf(err) == migrations.NotFound {
		return Guest{}, errNoPage()
	}
	if err != nil {
		return Guest{}, err
	}
	return s.guest(ctx, s.db, clientID, t.ID)
}
