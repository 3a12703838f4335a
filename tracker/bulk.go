package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// Bounds on bulk actions.
const (
	MaxBulk    = 500              // rows of one
	UndoWithin = 10 * time.Minute // how long one can be taken back
	tellUpTo   = 10               // who is given more tickets at once gets no mail about each
)

// BulkRow is a ticket as it was seen when it was selected.
type BulkRow struct{ Number, Version int64 }

// BulkAction says what to do with several tickets: one of its fields after Do.
type BulkAction struct {
	Do         string // stage, priority, assignee, category
	Stage      Stage
	Fix        string // for confirming and completed, where a ticket has none yet
	Reason     string // for dropped
	Level      int64
	Star       bool
	AssigneeID int64 // 0 for nobody
	CategoryID int64 // 0 for none
}

// String returns the action as it is kept: stage:completed, priority:3*,
// assignee:7, category:2.
func (a BulkAction) String() string {
	switch a.Do {
	case "stage":
		return "stage:" + string(a.Stage)
	case "priority":
		return "priority:" + priorityName(a.Level, a.Star)
	case "assignee":
		return "assignee:" + strconv.FormatInt(a.AssigneeID, 10)
	}
	return "category:" + strconv.FormatInt(a.CategoryID, 10)
}

// Bulk is a bulk action that was done.
type Bulk struct {
	ID        int64
	AccountID int64
	Action    string    // stage:completed, priority:3*, assignee:7, category:2
	Done      []BulkWas // in the order of their numbers
	Same      int       // that were so already
	Refused   []Refusal
	At        migrations.Stamp
	UndoneAt  migrations.Stamp // 0: it stands
	Stayed    []Refusal        // what undoing did not take back
	Counts    BulkCounts
}

// BulkCounts is how many tickets a bulk action met. It stays when the tickets
// and the reasons are forgotten, which is when it can not be undone any more.
type BulkCounts struct {
	Done    int64 `db:"done"`
	Same    int64 `db:"same"`
	Refused int64 `db:"refused"`
	Stayed  int64 `db:"stayed"`
}

func (b *Bulk) count() {
	b.Counts = BulkCounts{int64(len(b.Done)), int64(b.Same), int64(len(b.Refused)), int64(len(b.Stayed))}
}

// Undoable reports whether a bulk action can still be taken back.
func (b Bulk) Undoable(now time.Time) bool {
	return b.UndoneAt == 0 && len(b.Done) > 0 && now.Sub(b.At.Time()) <= UndoWithin
}

// Refusal is a ticket that stayed as it was, and why.
type Refusal struct {
	Number int64  `json:"number"`
	Why    string `json:"why"`
}

// BulkWas is a ticket that a bulk action changed.
type BulkWas struct {
	ID      int64 `json:"id"`
	Number  int64 `json:"number"`
	Version int64 `json:"version"` // afterwards
	// What was before.
	Stage       Stage            `json:"stage,omitempty"`
	StageAt     migrations.Stamp `json:"stage_at,omitempty"`
	ClosedAt    migrations.Stamp `json:"closed_at,omitempty"`
	ArchivedAt  migrations.Stamp `json:"archived_at,omitempty"`
	Fix         string           `json:"fix,omitempty"`
	FixedAt     migrations.Stamp `json:"fixed_at,omitempty"`
	DropReason  string           `json:"drop_reason,omitempty"`
	Unconfirmed bool             `json:"unconfirmed,omitempty"`
	News        bool             `json:"news,omitempty"`
	Level       int64            `json:"level,omitempty"`
	Star        bool             `json:"star,omitempty"`
	TriagedAt   migrations.Stamp `json:"triaged_at,omitempty"`
	AssigneeID  int64            `json:"assignee_id,omitempty"`
	CategoryID  int64            `json:"category_id,omitempty"`
}

// bulkDetail is what the column detail holds.
type bulkDetail struct {
	Done    []BulkWas `json:"done"`
	Same    int       `json:"same,omitempty"`
	Refused []Refusal `json:"refused,omitempty"`
	Stayed  []Refusal `json:"stayed,omitempty"`
}

// errSame is for a ticket that is already what it should become.
var errSame = errors.New("nothing to change")

// BulkTickets does one thing to several tickets, each by the rules of a single
// edit that was made looking at its version. What is refused is named with the
// reason, the rest is done; all of it is one transaction, with what UndoBulk needs.
func (s *Store) BulkTickets(ctx context.Context, actor Actor, rows []BulkRow, a BulkAction) (Bulk, error) {
	b := Bulk{AccountID: actor.AccountID, Action: a.String(), At: s.stamp()}
	rows = slices.Clone(rows)
	// In order, lest two bulk actions wait for each other.
	slices.SortFunc(rows, func(x, y BulkRow) int { return int(x.Number - y.Number) })
	rows = slices.CompactFunc(rows, func(x, y BulkRow) bool { return x.Number == y.Number })
	switch {
	case len(rows) == 0:
		return b, migrations.Invalidf("Please select some tickets first.")
	case len(rows) > MaxBulk:
		return b, migrations.Invalidf("These are %d tickets: please change at most %d at once.", len(rows), MaxBulk)
	}
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		// Deciding mail touches several tickets too, in the order of the mails.
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		if err := a.check(ctx, tx); err != nil {
			return err
		}
		for _, r := range rows {
			var was BulkWas
			err := tx.Try(ctx, func() (err error) {
				was, err = s.bulkOneTx(ctx, tx, actor, r, a, len(rows) <= tellUpTo)
				return err
			})
			why, refused := refusal(err)
			switch {
			case err == nil:
				b.Done = append(b.Done, was)
			case errors.Is(err, errSame):
				b.Same++
			case refused:
				b.Refused = append(b.Refused, Refusal{r.Number, why})
			default:
				return err
			}
		}
		detail, err := json.Marshal(bulkDetail{Done: b.Done, Same: b.Same, Refused: b.Refused})
		if err != nil {
			return err
		}
		b.count()
		b.ID, err = tx.Insert(ctx, `INSERT INTO bulk (account_id, list, action, detail, done, same, refused, at) VALUES (?, 'tickets', ?, ?, ?, ?, ?, ?) RETURNING id`,
			b.AccountID, b.Action, string(detail), b.Counts.Done, b.Counts.Same, b.Counts.Refused, b.At)
		return err
	})
	if err != nil {
		return Bulk{}, fmt.Errorf("change %d tickets: %w", len(rows), err)
	}
	return b, nil
}

// refusal reports whether err refuses one ticket, and why.
func refusal(err error) (why string, refused bool) {
	switch migrations.KindOf(err) {
	case migrations.NotFound, migrations.Invalid, migrations.Conflict, migrations.Denied:
		return migrations.SafeMessage(err), true
	}
	return "", false
}

// check refuses what would be refused for every ticket.
func (a BulkAction) check(ctx context.Context, tx read) error {
	switch a.Do {
	case "stage":
		reason := manyLines(a.Reason)
		switch {
		case !a.Stage.Valid():
			return migrations.Invalidf("There is no stage %q.", clip(string(a.Stage), 40))
		case a.Stage == Dropped && reason == "":
			return migrations.Invalidf("Please write why these are dropped.")
		case len(reason) > maxReason:
			return migrations.Invalidf("This reason is too long: please say it in up to 2,000 characters.")
		case len(a.Fix) > maxReason:
			return migrations.Invalidf("This fix is too long for several tickets: please say it in up to 2,000 characters.")
		}
	case "priority":
		if a.Level < 1 || a.Level > 3 || a.Star && a.Level != 3 {
			return migrations.Invalidf("The priority must be 1, 2 or 3, and only 3 can have a star.")
		}
	case "assignee":
		if a.AssigneeID == 0 {
			return nil
		}
		to, err := accountWhere(ctx, tx, `id = ?`, a.AssigneeID)
		if migrations.KindOf(err) == migrations.NotFound && err != nil {
			return migrations.Invalidf("There is no such technician (any more).")
		}
		if err == nil && !May(to, WorkTickets) {
			return migrations.Invalidf("%s cannot be given tickets.", to.Name)
		}
		return err
	case "category":
		if a.CategoryID == 0 {
			return nil
		}
		known, err := exists(ctx, tx, `SELECT 1 FROM category WHERE id = ? AND NOT archived`, a.CategoryID)
		if err == nil && !known {
			return migrations.Invalidf("There is no such category (any more).")
		}
		return err
	default:
		return migrations.Invalidf("Please choose what to do with these tickets.")
	}
	return nil
}

// bulkOneTx does the action to one ticket, and returns what it was.
func (s *Store) bulkOneTx(ctx context.Context, tx *migrations.Tx, actor Actor, r BulkRow, a BulkAction, tell bool) (BulkWas, error) {
	t, err := s.takeTicketTx(ctx, tx, r.Number, r.Version)
	if migrations.KindOf(err) == migrations.Conflict && err != nil {
		return BulkWas{}, migrations.Conflictf("Somebody else changed it meanwhile.")
	}
	if err != nil {
		return BulkWas{}, err
	}
	if t.Archived() && (a.Do != "stage" || a.Stage.Closed()) {
		return BulkWas{}, errArchived(&t)
	}
	before := t
	was := BulkWas{ID: t.ID, Number: t.Number, Version: t.Version}
	switch a.Do {
	case "stage":
		was.Stage, was.StageAt, was.ClosedAt, was.ArchivedAt = t.Stage, t.StageAt, t.ClosedAt, t.ArchivedAt
		was.Fix, was.FixedAt, was.DropReason, was.Unconfirmed, was.News = t.Fix, t.FixedAt, t.DropReason, t.Unconfirmed, t.News
		if t.Stage == a.Stage && !t.Archived() {
			return was, errSame
		}
		c := StageChange{Stage: a.Stage, Reason: a.Reason}
		if (a.Stage == Confirming || a.Stage == Completed) && t.Fix == "" {
			c.Fix = a.Fix
		}
		if err = s.setStageTx(ctx, tx, actor, &t, c); err == nil && a.Stage == Confirming {
			_, err = s.askTx(ctx, tx, actor, &t, false)
		}
	case "priority":
		was.Level, was.Star, was.TriagedAt = t.Level, t.Star, t.TriagedAt
		if err = s.setPriorityTx(ctx, tx, actor, &t, a.Level, a.Star); err == nil && t == before {
			err = errSame
		}
	case "assignee":
		was.AssigneeID = t.AssigneeID
		if err = s.assignTx(ctx, tx, actor, &t, a.AssigneeID, tell); err == nil && t == before {
			err = errSame
		}
	case "category":
		was.CategoryID = t.CategoryID
		if err = s.setCategoryTx(ctx, tx, actor, &t, a.CategoryID); err == nil && t == before {
			err = errSame
		}
	}
	was.Version = t.Version
	return was, err
}

type bulkRow struct {
	ID        int64            `db:"id"`
	AccountID int64            `db:"account_id"`
	Action    string           `db:"action"`
	Detail    string           `db:"detail"`
	At        migrations.Stamp `db:"at"`
	UndoneAt  migrations.Stamp `db:"undone_at"`
	BulkCounts
}

const bulkSelect = `SELECT id, account_id, action, detail, done, same, refused, stayed, at, COALESCE(undone_at, 0) AS undone_at FROM bulk `

func (r bulkRow) bulk() (Bulk, error) {
	var d bulkDetail
	if r.Detail == "" {
		d.Same = int(r.Same)
	} else if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
		return Bulk{}, fmt.Errorf("read bulk action %d: %w", r.ID, err)
	}
	return Bulk{ID: r.ID, AccountID: r.AccountID, Action: r.Action, Done: d.Done, Same: d.Same, Refused: d.Refused, At: r.At, UndoneAt: r.UndoneAt, Stayed: d.Stayed, Counts: r.BulkCounts}, nil
}

// Bulks returns somebody's bulk actions on tickets, the latest first.
func (s *Store) Bulks(ctx context.Context, accountID int64, limit int) ([]Bulk, error) {
	var rows []bulkRow
	if err := s.db.Select(ctx, &rows, bulkSelect+`WHERE account_id = ? AND list = 'tickets' ORDER BY id DESC LIMIT ?`, accountID, limit); err != nil {
		return nil, fmt.Errorf("list bulk actions: %w", err)
	}
	all := make([]Bulk, 0, len(rows))
	for _, r := range rows {
		b, err := r.bulk()
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// UndoBulk takes a bulk action of the actor's own back, on the tickets that
// nobody has changed since. The others stay, and are named in Stayed. What
// went out by mail stays out.
func (s *Store) UndoBulk(ctx context.Context, actor Actor, id int64) (Bulk, error) {
	var b Bulk
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if _, err := lockNumbersTx(ctx, tx); err != nil {
			return err
		}
		var row bulkRow
		err := tx.Get(ctx, &row, bulkSelect+`WHERE id = ? AND account_id = ? AND list = 'tickets'`, id, actor.AccountID)
		if migrations.KindOf(err) == migrations.NotFound && err != nil {
			return migrations.NotFoundf("There is no such action of yours.")
		}
		if err != nil {
			return err
		}
		if b, err = row.bulk(); err != nil {
			return err
		}
		if b.UndoneAt != 0 {
			return migrations.Conflictf("This was taken back already.")
		}
		if !b.Undoable(s.Now()) {
			return migrations.Conflictf("This can not be taken back any more: that is possible for ten minutes.")
		}
		for _, was := range b.Done {
			err := tx.Try(ctx, func() error { return s.undoOneTx(ctx, tx, actor, was, b.Action) })
			why, refused := refusal(err)
			switch {
			case refused:
				b.Stayed = append(b.Stayed, Refusal{was.Number, why})
			case err != nil:
				return err
			}
		}
		b.UndoneAt = s.stamp()
		detail, err := json.Marshal(bulkDetail{Done: b.Done, Same: b.Same, Refused: b.Refused, Stayed: b.Stayed})
		if err != nil {
			return err
		}
		b.count()
		_, err = tx.Exec(ctx, `UPDATE bulk SET undone_at = ?, detail = ?, stayed = ? WHERE id = ?`, b.UndoneAt, string(detail), b.Counts.Stayed, id)
		return err
	})
	if err != nil {
		return Bulk{}, fmt.Errorf("undo bulk action %d: %w", id, err)
	}
	return b, nil
}

// ForgetBulks clears what bulk actions keep for undoing them, among it fixes
// and reasons that people wrote, once that is over. It returns how many there were.
func (s *Store) ForgetBulks(ctx context.Context, l *Lease) (n int64, err error) {
	before := migrations.At(s.Now().Add(-UndoWithin))
	const old = `detail <> '' AND at < ?`
	if due, err := exists(ctx, s.db, `SELECT 1 FROM bulk WHERE `+old+` LIMIT 1`, before); err != nil || !due {
		return 0, err
	}
	err = s.underLease(ctx, l, func(tx *migrations.Tx) error {
		n, err = tx.Exec(ctx, `UPDATE bulk SET detail = '' WHERE `+old, before)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("forget bulk actions: %w", err)
	}
	return n, nil
}

// undoOneTx gives one ticket back what it was, unless somebody changed it since.
func (s *Store) undoOneTx(ctx context.Context, tx *migrations.Tx, actor Actor, was BulkWas, action string) error {
	t, err := s.takeTicketTx(ctx, tx, was.Number, was.Version)
	if migrations.KindOf(err) == migrations.Conflict && err != nil {
		return migrations.Conflictf("Somebody has changed it since.")
	}
	if err != nil {
		return err
	}
	do, _, _ := strings.Cut(action, ":")
	kind, before, after := do, "", ""
	switch do {
	case "stage":
		before, after = string(t.Stage), string(was.Stage)
		if t.Stage.Closed() && !was.Stage.Closed() {
			kind = "reopened"
			if err := dropClosedTx(ctx, tx, t.ID); err != nil {
				return err
			}
		}
		err = t.setTx(ctx, tx, `stage = ?, stage_at = ?, closed_at = ?, archived_at = ?, fix = ?, fixed_at = ?, drop_reason = ?, unconfirmed = ?, news = (news OR ?)`,
			was.Stage, was.StageAt, orNull(int64(was.ClosedAt)), orNull(int64(was.ArchivedAt)), was.Fix, orNull(int64(was.FixedAt)), was.DropReason, was.Unconfirmed, was.News)
	case "priority":
		before, after = priorityName(t.Level, t.Star), priorityName(was.Level, was.Star)
		err = t.setTx(ctx, tx, `level = ?, star = ?, triaged_at = ?`, was.Level, was.Star, orNull(int64(was.TriagedAt)))
	case "assignee":
		kind, before, after = "assigned", accountRef(t.AssigneeID), accountRef(was.AssigneeID)
		err = t.setTx(ctx, tx, `assignee_id = ?`, orNull(was.AssigneeID))
	case "category":
		before, after = strconv.FormatInt(t.CategoryID, 10), strconv.FormatInt(was.CategoryID, 10)
		err = t.setTx(ctx, tx, `category_id = ?`, orNull(was.CategoryID))
	}
	if err != nil {
		return err
	}
	if err := s.IndexTx(ctx, tx, KindTicket, t.ID); err != nil {
		return err
	}
	if err := s.changedTx(ctx, tx, actor, &t, kind, before, after); err != nil {
		return err
	}
	return s.recountedTx(ctx, tx, actor, &t)
}
