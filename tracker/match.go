package tracker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"helpdeskd/migrations"
)

// match is where a mail belongs, and what is in its way.
type match struct {
	ticket int64
	token  *tokenRow // the reply token that led there, bound to this author
	held   string    // why a person must decide, "" when nothing stands in the way
}

type tokenRow struct {
	Hash      string `db:"hash"`
	TicketID  int64  `db:"ticket_id"`
	ClientID  *int64 `db:"client_id"`
	AccountID *int64 `db:"account_id"`
	OutboxID  int64  `db:"outbox_id"`
}

// identify finds out whom From names, without making anybody.
func (s *Store) identify(ctx context.Context, tx *migrations.Tx, d *decision) error {
	d.account = d.batch.accounts[strings.ToLower(d.author.Address)]
	d.client = d.batch.clientOf(d.author.Address)
	return nil
}

// tokensOf returns the hashes of the reply tokens that a mail may carry, the
// mail it answers first, then from the newest reference back, then the
// plus-addresses it was sent to.
func tokensOf(in *Inbound) []string {
	var plain []string
	add := func(id string) {
		local, _, _ := strings.Cut(id, "@")
		if t, ok := strings.CutPrefix(strings.ToLower(local), "hd."); ok && IsToken(t) && !slices.Contains(plain, t) {
			plain = append(plain, t)
		}
	}
	for _, id := range in.InReplyTo {
		add(id)
	}
	for _, id := range slices.Backward(in.References) {
		add(id)
	}
	for _, t := range in.ReplyTokens {
		if IsToken(t) && !slices.Contains(plain, t) {
			plain = append(plain, t)
		}
	}
	if len(plain) > 60 {
		plain = plain[:60]
	}
	for i, t := range plain {
		plain[i] = HashToken(t)
	}
	return plain
}

// answers returns the ids that a mail names as what it answers: In-Reply-To,
// then References from the newest back.
func (in *Inbound) answers() []string {
	ids := slices.Clone(in.InReplyTo)
	for _, id := range slices.Backward(in.References) {
		ids = append(ids, id)
	}
	return ids
}

// selectIn runs a query with one IN list, in the order of the list's keys.
func selectIn(ctx context.Context, q read, dest any, query string, list []string, more ...any) error {
	query, args, err := sqlx.In(query, append([]any{list}, more...)...)
	if err != nil {
		return err
	}
	return q.Select(ctx, dest, query, args...)
}

// settleMatched finds the ticket that a mail belongs to, strongest sign first
// (see docs/design.md), and appends it, holds it there, or, from a
// technician, passes it on.
func (s *Store) settleMatched(ctx context.Context, tx *migrations.Tx, d *decision) error {
	m, err := s.matchByToken(ctx, tx, d)
	if err == nil && m.ticket == 0 {
		m, err = s.matchByReference(ctx, tx, d)
	}
	if err == nil && m.ticket == 0 {
		m, err = s.matchByTag(ctx, tx, d)
	}
	if err == nil && m.ticket == 0 {
		m, err = s.matchByConversation(ctx, tx, d)
	}
	if err != nil || m.ticket == 0 {
		return err
	}
	if d.account != nil && (m.token != nil && m.token.AccountID != nil || m.held != "") {
		return s.settleTechnician(ctx, tx, d, m)
	}
	if m.held == "" && d.verdict == verdictFail {
		m.held = "our mail server says that it does not come from " + d.author.Address
	}
	if m.held != "" {
		if d.ignored() != nil {
			return s.settleIgnored(ctx, tx, d)
		}
		d.checks = clientChecks(d, m)
		return s.holdTx(ctx, tx, d, m.ticket, m.held)
	}
	return s.appendTx(ctx, tx, d, m.ticket)
}

// matchByToken: a reply token from its person decides; in anybody else's
// hand the mail is held on its ticket.
func (s *Store) matchByToken(ctx context.Context, tx *migrations.Tx, d *decision) (match, error) {
	hashes := tokensOf(d.in)
	if len(hashes) == 0 {
		return match{}, nil
	}
	var rows []tokenRow
	err := selectIn(ctx, tx, &rows, `SELECT r.hash, COALESCE(t.merged_into_id, t.id) AS ticket_id, r.client_id, r.account_id, r.outbox_id FROM reply_token r JOIN ticket t ON t.id = r.ticket_id WHERE r.hash IN (?) AND r.revoked_at IS NULL`, hashes)
	if err != nil {
		return match{}, fmt.Errorf("look up reply tokens: %w", err)
	}
	slices.SortFunc(rows, func(a, b tokenRow) int { return slices.Index(hashes, a.Hash) - slices.Index(hashes, b.Hash) })
	for _, r := range rows {
		mine := r.AccountID != nil && d.account != nil && *r.AccountID == d.account.ID ||
			r.ClientID != nil && d.client != nil && *r.ClientID == d.client.ID
		if mine {
			return match{ticket: r.TicketID, token: &r}, nil
		}
	}
	if len(rows) == 0 {
		return match{}, nil
	}
	// Not theirs. Participants may quote each other's mails; a technician's
	// token opens nothing for others.
	r := rows[0]
	if r.AccountID == nil && d.client != nil && d.account == nil {
		in, err := takesPart(ctx, tx, r.TicketID, d.client.ID)
		if err != nil || in {
			return match{ticket: r.TicketID}, err
		}
	}
	return match{ticket: r.TicketID, held: "it answers a mail that we sent to somebody else"}, nil
}

// matchByReference: a Message-ID that we know, from a participant. It also
// finds the ticket of an answer that came before the mail it answers. Who was
// in To or Cc of the referenced mail is held there.
func (s *Store) matchByReference(ctx context.Context, tx *migrations.Tx, d *decision) (match, error) {
	refs := append([]string(nil), d.in.InReplyTo...)
	for _, id := range slices.Backward(d.in.References) {
		if !slices.Contains(refs, id) {
			refs = append(refs, id)
		}
	}
	if len(refs) > 100 { // all of one kind that Parse reports, and as many of the other
		refs = refs[:100]
	}
	ids := refs
	if d.in.MessageID != "" {
		ids = append(slices.Clone(refs), d.in.MessageID)
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "" || !d.batch.maybe(id) })
	if len(ids) == 0 {
		return match{}, nil
	}
	if err := tx.Flush(ctx); err != nil { // an earlier mail of this batch may have brought them
		return match{}, err
	}
	rows, err := s.referring(ctx, tx, d, ids)
	if err != nil {
		return match{}, err
	}
	held := match{}
	for _, r := range rows {
		// Known: we hold or sent that mail. Unknown counts only for this very
		// mail, which somebody answered before it reached us.
		if !r.Known && r.Ref != d.in.MessageID {
			continue
		}
		if d.client != nil {
			in, err := takesPart(ctx, tx, r.TicketID, d.client.ID)
			if err != nil || in {
				return match{ticket: r.TicketID}, err
			}
		}
		if held.ticket != 0 || !r.Known {
			continue
		}
		named, err := s.wasNamed(ctx, tx, r.TicketID, r.Ref, d.author.Address)
		if err != nil {
			return match{}, err
		}
		if named {
			held = match{ticket: r.TicketID, held: d.author.Address + " was copied in on this ticket, but does not take part in it yet"}
		} else if d.account != nil {
			held = match{ticket: r.TicketID, held: "it is a technician's, but carries no reply token of theirs"}
		}
	}
	if held.ticket != 0 || d.client == nil {
		return held, nil
	}
	// Two answers to a mail that has not reached us are one matter, while it
	// is open.
	for _, r := range rows {
		if r.Known || r.Ref == d.in.MessageID {
			continue
		}
		open, err := exists(ctx, tx, `SELECT 1 FROM ticket WHERE id = ? AND client_id = ? AND stage NOT IN ('completed', 'dropped')`, r.TicketID, d.client.ID)
		if err != nil || open {
			return match{ticket: r.TicketID}, err
		}
	}
	return match{}, nil
}

type refRow struct {
	Ref      string `db:"ref"`
	TicketID int64  `db:"ticket_id"`
	Known    bool   `db:"known"`
}

// referring returns the tickets that ids belong to, and those of the author
// whose mails only named one (an announcement may be named on thousands of
// others), in the order of ids, the newest ticket first. What was merged is
// found where it went.
func (s *Store) referring(ctx context.Context, tx *migrations.Tx, d *decision, ids []string) ([]refRow, error) {
	author := int64(0)
	if d.client != nil {
		author = d.client.ID
	}
	var rows []refRow
	err := selectIn(ctx, tx, &rows, `SELECT r.ref, COALESCE(d.merged_into_id, d.id) AS ticket_id, r.known FROM message_ref r JOIN ticket d ON d.id = r.ticket_id WHERE r.ref IN (?)
		AND (r.known OR EXISTS (SELECT 1 FROM ticket t WHERE t.id = r.ticket_id AND t.client_id = ?)
			OR EXISTS (SELECT 1 FROM participant p WHERE p.ticket_id = r.ticket_id AND p.client_id = ?))`, ids, author, author)
	if err != nil {
		return nil, fmt.Errorf("look up references: %w", err)
	}
	slices.SortFunc(rows, func(a, b refRow) int {
		return cmp.Or(slices.Index(ids, a.Ref)-slices.Index(ids, b.Ref), cmp.Compare(b.TicketID, a.TicketID))
	})
	return rows, nil
}

// wasNamed reports whether an address was in To or Cc of a mail of the ticket.
func (s *Store) wasNamed(ctx context.Context, tx *migrations.Tx, ticketID int64, mailID, address string) (bool, error) {
	var lines []string
	err := tx.Select(ctx, &lines, `SELECT to_line || ', ' || cc_line FROM message WHERE ticket_id = ? AND mail_id = ?`, ticketID, mailID)
	if err != nil {
		return false, fmt.Errorf("look up recipients: %w", err)
	}
	for _, line := range lines {
		if strings.Contains(strings.ToLower(line), "<"+strings.ToLower(address)+">") {
			return true, nil
		}
	}
	return false, nil
}

// matchByTag: the [HD-123] in the subject counts from participants only,
// since numbers can be guessed. A technician's is held there.
func (s *Store) matchByTag(ctx context.Context, tx *migrations.Tx, d *decision) (match, error) {
	for _, n := range d.in.SubjectTags {
		var id int64
		err := tx.Get(ctx, &id, `SELECT COALESCE(merged_into_id, id) FROM ticket WHERE number = ?`, n)
		if migrations.KindOf(err) == migrations.NotFound {
			continue
		}
		if err != nil {
			return match{}, fmt.Errorf("look up ticket tag: %w", err)
		}
		if d.client != nil {
			in, err := takesPart(ctx, tx, id, d.client.ID)
			if err != nil || in {
				return match{ticket: id}, err
			}
		}
		if d.account != nil {
			return match{ticket: id, held: "it is a technician's, but carries no reply token of theirs"}, nil
		}
	}
	return match{}, nil
}
