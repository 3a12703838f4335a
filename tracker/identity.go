package tracker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// identity names an item: the same Message-ID, From, Date and Subject are the
// same item; without a Message-ID its bytes are. A stored identity ends with
// the mark of the verdict under which it came.
func identity(in *Inbound) string {
	if in.MessageID == "" {
		return "bytes:" + in.Digest
	}
	h := sha256.New()
	for _, part := range []string{in.MessageID, authorOf(in).Address, in.Date.UTC().Format(time.RFC3339), in.Subject} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return "mail:" + hex.EncodeToString(h.Sum(nil))
}

// mark is how a stored identity ends. Whoever saw a mail can copy what makes
// up its identity, so the author's word must not weigh more than the verdict
// that it came with.
func (v verdict) mark() string {
	switch v {
	case verdictPass:
		return "/pass"
	case verdictFail:
		return "/fail"
	}
	return ""
}

// vouched says who vouches for the author of a mail that opens a ticket: of one
// that failed its checks whoever let it in.
func (v verdict) vouched() vouching {
	if v == verdictPass || v == verdictFail {
		return vouchedFor
	}
	return vouchedByNobody
}

// verdictOf returns the verdict that a stored identity carries.
func verdictOf(identity string) verdict {
	for _, v := range []verdict{verdictPass, verdictFail} {
		if strings.HasSuffix(identity, v.mark()) {
			return v
		}
	}
	return verdictNone
}

// underAnyVerdict returns an identity as it may be stored.
func underAnyVerdict(id string) []string {
	return []string{id, id + verdictPass.mark(), id + verdictFail.mark()}
}

// settleCopy recognises a further copy of a mail that we have. Changed trace
// headers make it only a duplicate; but what failed its checks never stands
// for the real mail that comes after it. Changed content makes it a revision,
// where our mail server said the same of both: else anybody could put their
// words into somebody's verified mail, or take its place before it comes.
func (s *Store) settleCopy(ctx context.Context, tx *migrations.Tx, d *decision) error {
	id := identity(d.in)
	if !d.batch.maybe(id) {
		return nil
	}
	var same []struct {
		ID       int64  `db:"id"`
		TicketID *int64 `db:"ticket_id"`
		Identity string `db:"identity"`
		Content  string `db:"content"`
		State    string `db:"state"`
	}
	err := selectIn(ctx, tx, &same, `SELECT id, ticket_id, identity, content, state FROM message WHERE identity IN (?) AND identity <> '' ORDER BY id`, underAnyVerdict(id))
	if err != nil {
		return err
	}
	var first, last int64
	var state string
	for _, m := range same {
		alike := m.Identity == id+d.verdict.mark()
		switch {
		case m.Content == d.in.ContentDigest && (alike || !strings.HasSuffix(m.Identity, verdictFail.mark())):
			d.fate(FateDuplicate, "we have this mail already")
		case !alike:
			continue
		case first == 0:
			first = m.ID
		}
		if m.TicketID != nil && d.ticket == 0 {
			d.ticket = *m.TicketID
		}
		if d.out.Fate != "" {
			return nil
		}
		last, state = m.ID, m.State
	}
	if first == 0 {
		return nil
	}
	d.fate(FateRevision, "a changed copy of a mail that we have")
	return s.reviseTx(ctx, tx, d, first, last, state)
}

// reviseTx stores a changed copy in the place of the one we have: it keeps
// the state and the author that were decided for the first.
func (s *Store) reviseTx(ctx context.Context, tx *migrations.Tx, d *decision, firstID, lastID int64, state string) error {
	var direction string
	if err := tx.Get(ctx, &direction, `SELECT direction FROM message WHERE id = ?`, lastID); err != nil {
		return err
	}
	sent := direction == "out"
	if sent { // what went out stays what is shown; the copy may hold commands, too
		state = "superseded"
	}
	id, err := s.messageTx(ctx, tx, d, d.ticket, state, "")
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE message SET revision_of = ?,
			client_id = (SELECT client_id FROM message WHERE id = ?), account_id = (SELECT account_id FROM message WHERE id = ?),
			held_reason = (SELECT held_reason FROM message WHERE id = ?) WHERE id = ?`, firstID, firstID, firstID, firstID, id)
	if err != nil {
		return err
	}
	if sent {
		return s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: d.ticket, Kind: "revised"})
	}
	if _, err := tx.Exec(ctx, `UPDATE message SET state = 'superseded' WHERE id = ?`, lastID); err != nil {
		return err
	}
	if d.ticket == 0 {
		return nil
	}
	if err := s.IndexTx(ctx, tx, "ticket", d.ticket); err != nil {
		return err
	}
	return s.RecordTx(ctx, tx, Event{Subject: "ticket", SubjectID: d.ticket, Kind: "revised"})
}
