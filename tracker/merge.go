package tracker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
)

// UnmergeWithin is how long a merge can be taken back even though the other
// ticket went on.
const UnmergeWithin = 24 * time.Hour

// Merging says which ticket is a duplicate of which.
type Merging struct {
	From, Into int64  // numbers
	Version    int64  // of From, as it was seen
	Tell       string // what those who take part in From are told by mail; "" tells nobody
}

// mergeDetail is what taking a merge back needs: what the duplicate was, and
// the ids of what went to the other ticket.
type mergeDetail struct {
	Stage      Stage            `json:"stage"`
	StageAt    migrations.Stamp `json:"stage_at"`
	ClosedAt   migrations.Stamp `json:"closed_at,omitempty"`
	News       bool             `json:"news,omitempty"`
	Waiting    Waiting          `json:"waiting,omitzero"`
	Parent     int64            `json:"parent,omitempty"`
	Messages   []int64          `json:"messages,omitempty"`
	Notes      []int64          `json:"notes,omitempty"`
	Mails      []int64          `json:"mails,omitempty"` // of the outbox
	Inbox      []int64          `json:"inbox,omitempty"`
	Joined     []int64          `json:"joined,omitempty"` // clients who take part by it
	Linked     []Thing          `json:"linked,omitempty"`
	Duplicates []int64          `json:"duplicates,omitempty"` // tickets merged into it before
	Children   []int64          `json:"children,omitempty"`
	Watching   []int64          `json:"watching,omitempty"` // accounts that watch the other by it
}

// Merge makes a ticket a duplicate of another; both are numbers, the version
// is the duplicate's. See MergeTelling.
func (s *Store) Merge(ctx context.Context, actor Actor, from, into, version int64) (Ticket, error) {
	return s.MergeTelling(ctx, actor, Merging{From: from, Into: into, Version: version})
}

// MergeTelling joins a duplicate's conversation to another ticket, and returns
// that. Messages, notes, mails that we owe, reply tokens and links go there;
// whoever took part in the duplicate takes part there; mail that answers the
// duplicate lands there. The duplicate keeps its number, as a signpost. What
// was merged elsewhere before is led on to where that went. Merging the same
// pair twice is done once.
func (s *Store) MergeTelling(ctx context.Context, actor Actor, m Merging) (Ticket, error) {
	var into Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		into, err = s.mergeTx(ctx, tx, actor, m)
		return err
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("merge %s into %s: %w", TicketName(m.From), TicketName(m.Into), err)
	}
	return into, nil
}

func (s *Store) mergeTx(ctx context.Context, tx *migrations.Tx, actor Actor, m Merging) (into Ticket, err error) {
	// First, as who decides mail does: so no mail joins either meanwhile.
	if _, err := lockNumbersTx(ctx, tx); err != nil {
		return into, err
	}
	from, err := ticketWhere(ctx, tx, `t.number = ?`, m.From)
	if err != nil {
		return into, err
	}
	if into, err = s.leadOnTx(ctx, tx, m.Into); err != nil {
		return into, err
	}
	switch {
	case from.ID == into.ID && m.From == m.Into:
		return into, migrations.InvalidAt("into", "A ticket can not be merged into itself.")
	case from.ID == into.ID:
		return into, migrations.InvalidAt("into", "%s is itself merged into %s: that would be a circle.", TicketName(m.Into), from.Name())
	case from.MergedIntoID == into.ID:
		return into, nil
	}
	seen := from.Version
	if from, into, err = s.lockTwoTx(ctx, tx, from.ID, into.ID); err != nil {
		return into, err
	}
	switch {
	case from.MergedIntoID != 0:
		return into, errMerged(&from)
	case m.Version != AnyVersion && m.Version != seen:
		return into, errStale()
	case from.Archived():
		return into, errArchived(&from)
	case into.Archived():
		return into, errArchived(&into)
	}
	d := mergeDetail{Stage: from.Stage, StageAt: from.StageAt, ClosedAt: from.ClosedAt, News: from.News, Waiting: from.waits(), Parent: from.ParentID}
	if err := s.moveAllTx(ctx, tx, actor, &from, &into, &d); err != nil {
		return into, err
	}
	if into.Stage.Closed() && !from.Stage.Closed() { // what is asked for is not done
		stage := Requested
		if into.AssigneeID != 0 {
			stage = InProgress
		}
		if err := s.setStageTx(ctx, tx, actor, &into, StageChange{Stage: stage}); err != nil {
			return into, err
		}
	}
	if err := into.setTx(ctx, tx, `news = (news OR ?), keep = (keep OR ?)`, from.News && !into.Stage.Closed(), from.Keep); err != nil {
		return into, err
	}
	if !into.Stage.Closed() {
		if err := dropClosedTx(ctx, tx, into.ID); err != nil {
			return into, err
		}
	}
	now := s.stamp()
	err = from.setTx(ctx, tx, `stage = ?, stage_at = ?, closed_at = COALESCE(closed_at, ?), archived_at = ?, news = FALSE, parent_id = NULL, merged_into_id = ?`, Dropped, now, now, now, into.ID)
	if err != nil {
		return into, err
	}
	if m.Tell != "" {
		if err := s.tellMergedTx(ctx, tx, actor, &from, &into, m.Tell); err != nil {
			return into, err
		}
	}
	if err := s.recordPairTx(ctx, tx, actor, &from, &into, "merged", "merged_here"); err != nil {
		return into, err
	}
	detail, err := json.Marshal(d)
	if err != nil {
		return into, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO ticket_merge (ticket_id, into_id, detail, account_id, at) VALUES (?, ?, ?, ?, ?)`, from.ID, into.ID, string(detail), orNull(actor.AccountID), s.stamp())
	if err != nil {
		return into, fmt.Errorf("note the merge: %w", err)
	}
	return ticketWhere(ctx, tx, `t.id = ?`, into.ID)
}

// recordPairTx logs what happened to two tickets, each naming the other, and
// has both indexed anew.
func (s *Store) recordPairTx(ctx context.Context, tx *migrations.Tx, actor Actor, a, b *Ticket, ofA, ofB string) error {
	for _, e := range []Event{
		{Actor: actor, Subject: "ticket", SubjectID: a.ID, Kind: ofA, Became: Thing{KindTicket, b.ID}.String()},
		{Actor: actor, Subject: "ticket", SubjectID: b.ID, Kind: ofB, Became: Thing{KindTicket, a.ID}.String()},
	} {
		if err := s.IndexTx(ctx, tx, KindTicket, e.SubjectID); err != nil {
			return err
		}
		if err := s.RecordTx(ctx, tx, e); err != nil {
			return err
		}
		// What was said, and whether it is open, may be another's now.
		if err := s.answersAgainTx(ctx, tx, actor, e.SubjectID); err != nil {
			return err
		}
	}
	return nil
}

// lockTwoTx takes two tickets, in the order of their ids.
func (s *Store) lockTwoTx(ctx context.Context, tx *migrations.Tx, a, b int64) (first, second Ticket, err error) {
	if err := s.lockManyTx(ctx, tx, []int64{a, b}); err != nil {
		return first, second, err
	}
	if first, err = ticketWhere(ctx, tx, `t.id = ?`, a); err != nil {
		return first, second, err
	}
	second, err = ticketWhere(ctx, tx, `t.id = ?`, b)
	return first, second, err
}

// lockManyTx takes tickets by their ids, in that order, and raises their versions.
func (s *Store) lockManyTx(ctx context.Context, tx *migrations.Tx, ids []int64) error {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if _, err := tx.Exec(ctx, `UPDATE ticket SET version = version + 1, updated_at = ? WHERE id = ?`, s.stamp(), id); err != nil {
			return fmt.Errorf("take ticket %d: %w", id, err)
		}
	}
	return nil
}

// leadOnTx returns a ticket by its number, or the one that it was merged into.
// A number that nobody has, or that was deleted, is Invalid at "into".
func (s *Store) leadOnTx(ctx context.Context, q read, number int64) (Ticket, error) {
	t, err := ticketWhere(ctx, q, `t.number = ?`, number)
	if err == nil && t.MergedIntoID != 0 {
		t, err = ticketWhere(ctx, q, `t.id = ?`, t.MergedIntoID)
	}
	if err == nil || migrations.KindOf(err) != migrations.NotFound {
		return t, err
	}
	deleted, derr := exists(ctx, q, `SELECT 1 FROM tombstone WHERE number = ?`, number)
	if derr != nil {
		return t, derr
	}
	if deleted {
		return t, migrations.InvalidAt("into", "%s was deleted.", TicketName(number))
	}
	return t, migrations.InvalidAt("into", "There is no ticket %s.", TicketName(number))
}

func errMerged(t *Ticket) error {
	return migrations.Conflictf("%s was merged into another ticket: it goes on there.", t.Name())
}

// moveAllTx moves what belongs to a duplicate, and notes in d what that was.
// Message-IDs and Outlook conversations stay: matching leads on (match.go).
func (s *Store) moveAllTx(ctx context.Context, tx *migrations.Tx, actor Actor, from, into *Ticket, d *mergeDetail) error {
	for _, m := range []struct {
		table string
		ids   *[]int64
	}{{"message", &d.Messages}, {"note", &d.Notes}, {"outbox", &d.Mails}, {"inbox", &d.Inbox}} {
		if err := tx.Select(ctx, m.ids, `SELECT id FROM `+m.table+` WHERE ticket_id = ? ORDER BY id`, from.ID); err != nil {
			return fmt.Errorf("list what moves: %w", err)
		}
	}
	for _, table := range []string{"message", "note", "outbox", "inbox", "reply_token", "client_link"} {
		if _, err := tx.Exec(ctx, `UPDATE `+table+` SET ticket_id = ? WHERE ticket_id = ?`, into.ID, from.ID); err != nil {
			return fmt.Errorf("move each %s: %w", table, err)
		}
	}
	people, err := participants(ctx, tx, from.ID)
	if err != nil {
		return err
	}
	clients := []int64{}
	if from.ClientID != 0 {
		clients = append(clients, from.ClientID)
	}
	for _, p := range people {
		clients = append(clients, p.ClientID)
	}
	for _, id := range clients {
		takes, err := takesPart(ctx, tx, into.ID, id)
		if err != nil {
			return err
		}
		if takes {
			continue
		}
		if err := s.joinPersonTx(ctx, tx, actor, into, id); err != nil {
			return err
		}
		d.Joined = append(d.Joined, id)
	}
	err = tx.Select(ctx, &d.Watching, `INSERT INTO watcher (ticket_id, account_id, at) SELECT t.id, w.account_id, w.at FROM watcher w JOIN ticket t ON t.id = ? WHERE w.ticket_id = ?
		ON CONFLICT (ticket_id, account_id) DO NOTHING RETURNING account_id`, into.ID, from.ID)
	if err != nil {
		return fmt.Errorf("have them watch %s: %w", into.Name(), err)
	}
	linked, err := links(ctx, tx, Thing{KindTicket, from.ID})
	if err != nil {
		return err
	}
	for _, l := range linked {
		if l.Thing == (Thing{KindTicket, into.ID}) {
			continue
		}
		fresh, err := s.LinkTx(ctx, tx, actor, Thing{KindTicket, into.ID}, l.Thing)
		if err != nil {
			return err
		}
		if fresh {
			d.Linked = append(d.Linked, l.Thing)
		}
	}
	if err := mergeFactsTx(ctx, tx, from, into); err != nil {
		return err
	}
	return s.moveFamilyTx(ctx, tx, from, into, d)
}

// moveFamilyTx leads on what was merged into the duplicate before, and has its
// children be the other's, or its parent's.
func (s *Store) moveFamilyTx(ctx context.Context, tx *migrations.Tx, from, into *Ticket, d *mergeDetail) error {
	if err := tx.Select(ctx, &d.Duplicates, `SELECT id FROM ticket WHERE merged_into_id = ? ORDER BY id`, from.ID); err != nil {
		return err
	}
	if into.ParentID == from.ID { // a parent into its own child: that takes its place
		if err := into.setTx(ctx, tx, `parent_id = NULL`); err != nil {
			return err
		}
		d.Children = append(d.Children, into.ID)
		into.ParentID = 0
	}
	parent := into.ID
	if into.ParentID != 0 {
		parent = into.ParentID
	}
	var children []int64
	if err := tx.Select(ctx, &children, `SELECT id FROM ticket WHERE parent_id = ? ORDER BY id`, from.ID); err != nil {
		return err
	}
	d.Children = append(d.Children, children...)
	var has int
	if err := tx.Get(ctx, &has, `SELECT count(*) FROM ticket WHERE parent_id = ?`, parent); err != nil {
		return err
	}
	if len(children) > 0 && has+len(children) > MaxChildren { // an answer to all would pass some over
		return migrations.InvalidAt("into", "The two would have %d children together, and a ticket can have up to %d. Complete what is done, or answer them before.", has+len(children), MaxChildren)
	}
	for _, q := range []struct {
		query string
		to    int64
	}{
		{`UPDATE ticket SET merged_into_id = ? WHERE merged_into_id = ?`, into.ID},
		{`UPDATE ticket_merge SET into_id = ? WHERE into_id = ?`, into.ID},
		{`UPDATE ticket SET parent_id = ?, version = version + 1 WHERE parent_id = ?`, parent},
	} {
		if _, err := tx.Exec(ctx, q.query, q.to, from.ID); err != nil {
			return fmt.Errorf("lead on what belonged to %s: %w", from.Name(), err)
		}
	}
	return nil
}

// tellMergedTx writes to those who took part in the duplicate, on the ticket
// that it went to: each gets a mail of their own, with a token for that.
func (s *Store) tellMergedTx(ctx context.Context, tx *migrations.Tx, actor Actor, from, into *Ticket, text string) error {
	text, err := checkBody(text, "what they are told")
	if err != nil {
		return err
	}
	id, err := s.sayTx(ctx, tx, actor, into, text, "")
	if err != nil {
		return err
	}
	to, err := reachable(ctx, tx, from)
	if err != nil {
		return err
	}
	for _, p := range to {
		if err := s.mailToTx(ctx, tx, into, id, p); err != nil {
			return err
		}
	}
	if len(to) == 0 {
		return migrations.Invalidf("Nobody of %s can be told by mail: it has no address.", from.Name())
	}
	return nil
}
