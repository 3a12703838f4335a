package tracker

import (
	"context"
	"fmt"
	"strings"

	"helpdeskd/migrations"
)

// Stage is where a ticket stands.
type Stage string

// The stages, in their order; dropped is reached from any.
const (
	Requested  Stage = "requested"
	InProgress Stage = "in_progress"
	Confirming Stage = "confirming" // a fix is recorded, the client is asked
	Completed  Stage = "completed"
	Dropped    Stage = "dropped"
)

// Stages returns every stage in its order.
func Stages() []Stage { return []Stage{Requested, InProgress, Confirming, Completed, Dropped} }

// Valid reports whether x is one of the stages.
func (x Stage) Valid() bool {
	return x == Requested || x == InProgress || x == Confirming || x.Closed()
}

// Closed reports whether nothing more is to be done in this stage.
func (x Stage) Closed() bool { return x == Completed || x == Dropped }

// Nobody, as an assignee or category in a filter, finds what has none.
const Nobody int64 = -1

// Ticket is one support request. Ids are 0 where there is none, and times 0
// where it did not happen.
type Ticket struct {
	ID      int64  `db:"id"`
	Number  int64  `db:"number"`
	Subject string `db:"subject"`
	Stage   Stage  `db:"stage"`

	Level           int64            `db:"level"` // 1 to 3
	Star            bool             `db:"star"`  // on level 3 only
	TriagedAt       migrations.Stamp `db:"triaged_at"`
	SuggestedLevel  int64            `db:"suggested_level"`
	SuggestedStar   bool             `db:"suggested_star"`
	SuggestedReason string           `db:"suggested_reason"`
	BurstID         int64            `db:"burst_id"`     // one of several alike reports
	BurstPeople     int              `db:"burst_people"` // how many people reported it

	ClientID         int64  `db:"client_id"` // 0: unknown (via form)
	ClientName       string `db:"client_name"`
	ClientAddress    string `db:"client_address"` // where answers go
	ClientDepartment string `db:"client_department"`
	ClientHigh       bool   `db:"client_high"`   // high management
	ForClientID      int64  `db:"for_client_id"` // whom we support, where not the requester
	ForClientName    string `db:"for_client_name"`
	ForClientHigh    bool   `db:"for_client_high"` // of high management
	AssigneeID       int64  `db:"assignee_id"`
	AssigneeName     string `db:"assignee_name"`
	CategoryID       int64  `db:"category_id"`
	CategoryName     string `db:"category_name"`
	MailboxID        int64  `db:"mailbox_id"`

	Fix         string           `db:"fix"`
	FixedAt     migrations.Stamp `db:"fixed_at"`
	DropReason  string           `db:"drop_reason"`
	Summary     string           `db:"summary"`     // what it was and why, in one sentence for a manager
	Unconfirmed bool             `db:"unconfirmed"` // completed because the client was silent
	News        bool             `db:"news"`        // the client wrote and nobody has answered or looked

	Workaround       bool             `db:"workaround"` // the fix is one: it is to be fixed properly
	WorkaroundAt     migrations.Stamp `db:"workaround_at"`
	WorkaroundDoneAt migrations.Stamp `db:"workaround_done_at"` // fixed properly, or left to another ticket

	Waiting      string           `db:"waiting"` // on whom: WaitingClient, WaitingVendor, or ""
	WaitingSince migrations.Stamp `db:"waiting_since"`
	VendorID     int64            `db:"vendor_id"`
	Vendor       string           `db:"vendor"`
	ExpectedOn   string           `db:"expected_on"` // 2026-11-22
	Reminded     int64            `db:"reminded"`    // how often the client was, in this wait
	RemindedAt   migrations.Stamp `db:"reminded_at"`

	DueAt         migrations.Stamp `db:"due_at"`  // by hand
	DueDay        bool             `db:"due_day"` // only the day counts
	FirstAnswerAt migrations.Stamp `db:"first_answer_at"`
	RespondBy     migrations.Stamp `db:"respond_by"` // by the response targets
	SolveBy       migrations.Stamp `db:"solve_by"`
	Deadline      migrations.Stamp `db:"deadline"` // the nearest that still runs

	OpenedAt   migrations.Stamp `db:"opened_at"` // when the mail arrived
	StageAt    migrations.Stamp `db:"stage_at"`
	ClosedAt   migrations.Stamp `db:"closed_at"`
	ArchivedAt migrations.Stamp `db:"archived_at"`
	Keep       bool             `db:"keep"` // the purge leaves it alone

	MergedIntoID int64 `db:"merged_into_id"` // its conversation is there
	ParentID     int64 `db:"parent_id"`      // the problem behind it

	CreatedAt migrations.Stamp `db:"created_at"`
	UpdatedAt migrations.Stamp `db:"updated_at"`
	Version   int64            `db:"version"`
}

// Name returns the ticket's number as people write it: HD-12.
func (t *Ticket) Name() string { return TicketName(t.Number) }

// Archived reports whether the ticket is read-only until it is re-opened.
func (t *Ticket) Archived() bool { return t.ArchivedAt != 0 }

// ticketSelect reads Tickets; what follows it may name t, c (client), a
// (assignee), k (category), f (whom we support) and u (burst).
const ticketSelect = `SELECT ` + ticketColumns + ` FROM ticket t ` + ticketJoins

const ticketColumns = `t.id, t.number, t.subject, t.stage, t.level, t.star, COALESCE(t.triaged_at, 0) AS triaged_at,
	` + suggestedColumns + `, COALESCE(t.burst_id, 0) AS burst_id, COALESCE(u.people, 0) AS burst_people,
	COALESCE(t.client_id, 0) AS client_id, COALESCE(c.name, '') AS client_name, t.client_address,
	COALESCE(c.department, '') AS client_department, COALESCE(c.high_management, FALSE) AS client_high,
	COALESCE(t.for_client_id, 0) AS for_client_id, COALESCE(f.name, '') AS for_client_name, COALESCE(f.high_management, FALSE) AS for_client_high,
	COALESCE(t.assignee_id, 0) AS assignee_id, COALESCE(a.name, '') AS assignee_name,
	COALESCE(t.category_id, 0) AS category_id, COALESCE(k.name, '') AS category_name, COALESCE(t.mailbox_id, 0) AS mailbox_id,
	COALESCE(t.merged_into_id, 0) AS merged_into_id, COALESCE(t.parent_id, 0) AS parent_id,
	t.fix, COALESCE(t.fixed_at, 0) AS fixed_at, t.drop_reason, t.unconfirmed, t.news,
	t.summary, t.workaround, COALESCE(t.workaround_at, 0) AS workaround_at, COALESCE(t.workaround_done_at, 0) AS workaround_done_at,
	t.waiting, COALESCE(t.waiting_since, 0) AS waiting_since, COALESCE(t.vendor_id, 0) AS vendor_id, t.vendor, t.expected_on, t.reminded, COALESCE(t.reminded_at, 0) AS reminded_at,
	COALESCE(t.due_at, 0) AS due_at, t.due_day, COALESCE(t.first_answer_at, 0) AS first_answer_at, COALESCE(t.respond_by, 0) AS respond_by, COALESCE(t.solve_by, 0) AS solve_by, COALESCE(t.deadline, 0) AS deadline,
	t.opened_at, t.stage_at, COALESCE(t.closed_at, 0) AS closed_at, COALESCE(t.archived_at, 0) AS archived_at,
	t.keep, t.created_at, t.updated_at, t.version`

// suggestedColumns are the suggested priority of a ticket (t): what its burst
// (u) says goes before what it says by itself.
const suggestedColumns = `CASE WHEN u.id IS NULL THEN t.suggested_level ELSE 3 END AS suggested_level, (t.suggested_star OR u.id IS NOT NULL) AS suggested_star,
	COALESCE(u.reason || CASE WHEN t.suggested_star THEN '; ' || t.suggested_reason ELSE '' END, t.suggested_reason) AS suggested_reason`

const ticketJoins = `LEFT JOIN client c ON c.id = t.client_id LEFT JOIN account a ON a.id = t.assignee_id
	LEFT JOIN category k ON k.id = t.category_id LEFT JOIN client f ON f.id = t.for_client_id LEFT JOIN burst u ON u.id = t.burst_id `

// TicketByNumber returns a ticket, archived or not.
func (s *Store) TicketByNumber(ctx context.Context, number int64) (Ticket, error) {
	return ticketWhere(ctx, s.db, `t.number = ?`, number)
}

// TicketByID returns a ticket, archived or not.
func (s *Store) TicketByID(ctx context.Context, id int64) (Ticket, error) {
	return ticketWhere(ctx, s.db, `t.id = ?`, id)
}

func ticketWhere(ctx context.Context, q read, where string, args ...any) (Ticket, error) {
	var t Ticket
	err := q.Get(ctx, &t, ticketSelect+`WHERE `+where, args...)
	if migrations.KindOf(err) == migrations.NotFound {
		return t, migrations.NotFoundf("There is no such ticket.")
	}
	if err != nil {
		return t, fmt.Errorf("read ticket: %w", err)
	}
	return t, nil
}

// takeTicketTx takes a ticket for an edit that was made looking at version,
// and raises that. The row is locked until the transaction ends.
func (s *Store) takeTicketTx(ctx context.Context, tx *migrations.Tx, number, version int64) (Ticket, error) {
	n, err := tx.Exec(ctx, `UPDATE ticket SET version = version + 1, updated_at = ? WHERE number = ? AND (version = ? OR ? = -1)`,
		s.stamp(), number, version, version)
	if err != nil {
		return Ticket{}, fmt.Errorf("take ticket: %w", err)
	}
	t, err := ticketWhere(ctx, tx, `t.number = ?`, number)
	if err == nil && t.MergedIntoID != 0 {
		return t, errMerged(&t)
	}
	if err == nil && n == 0 {
		return t, errStale()
	}
	return t, err
}

// setTx changes columns of a ticket, for example `level = ?, star = ?`.
func (t *Ticket) setTx(ctx context.Context, tx *migrations.Tx, columns string, args ...any) error {
	if _, err := tx.Exec(ctx, `UPDATE ticket SET `+columns+` WHERE id = ?`, append(args, t.ID)...); err != nil {
		return fmt.Errorf("change %s: %w", t.Name(), err)
	}
	return nil
}

// changedTx records an event of a ticket and reads it as it is now.
func (s *Store) changedTx(ctx context.Context, tx *migrations.Tx, actor Actor, t *Ticket, kind, was, became string) error {
	if err := s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "ticket", SubjectID: t.ID, Kind: kind, Was: was, Became: became}); err != nil {
		return err
	}
	now, err := ticketWhere(ctx, tx, `t.id = ?`, t.ID)
	*t = now
	return err
}

// editTicket runs fn on a ticket that is not archived, in a transaction of
// its own, for an edit that was made looking at version.
func (s *Store) editTicket(ctx context.Context, doing string, number, version int64, fn func(tx *migrations.Tx, t *Ticket) error) (Ticket, error) {
	return s.onTicket(ctx, doing, number, fn, func(tx *migrations.Tx) (Ticket, error) { return s.takeTicketTx(ctx, tx, number, version) })
}

// addToTicket is editTicket for what only adds something: it makes nobody's
// edit stale.
func (s *Store) addToTicket(ctx context.Context, doing string, number int64, fn func(tx *migrations.Tx, t *Ticket) error) (Ticket, error) {
	return s.onTicket(ctx, doing, number, fn, func(tx *migrations.Tx) (Ticket, error) {
		if _, err := tx.Exec(ctx, `UPDATE ticket SET updated_at = ? WHERE number = ?`, s.stamp(), number); err != nil {
			return Ticket{}, fmt.Errorf("take ticket: %w", err)
		}
		return ticketWhere(ctx, tx, `t.number = ?`, number)
	})
}

func (s *Store) onTicket(ctx context.Context, doing string, number int64, fn func(tx *migrations.Tx, t *Ticket) error, take func(tx *migrations.Tx) (Ticket, error)) (Ticket, error) {
	var t Ticket
	err := s.db.Tx(ctx, func(tx *migrations.Tx) (err error) {
		if t, err = take(tx); err != nil {
			return err
		}
		if t.MergedIntoID != 0 {
			return errMerged(&t)
		}
		if t.Archived() {
			return errArchived(&t)
		}
		return fn(tx, &t)
	})
	if err != nil {
		return Ticket{}, fmt.Errorf("%s %s: %w", doing, TicketName(number), err)
	}
	return t, nil
}

func errArchived(t *Ticket) error {
	return migrations.Conflictf("%s is archived and can only be read. Re-open it first.", t.Name())
}

// marks returns n parameter marks for IN: "?, ?, ?".
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// anys returns ids as arguments.
func anys[T any](ids []T) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}
