package tracker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// An alarm begins at once, since what is judged has lasted already, and ends
// when nobody has seen it wrong for a while: the longer, the more often the
// same began within a day, so that what comes and goes is told once.
const (
	clearAfter  = 2 * time.Minute
	clearAtMost = time.Hour
	clearWithin = 24 * time.Hour
)

// The edges of an alarm.
const (
	EdgeBegin = "begin"
	EdgeClear = "clear"
)

// Alarm is something that is wrong, or was.
type Alarm struct {
	ID        int64            `db:"id"`
	Key       string           `db:"key"`
	Kind      string           `db:"kind"`
	About     string           `db:"about"`
	Node      string           `db:"node"`
	Detail    string           `db:"detail"`
	Since     migrations.Stamp `db:"since"`
	RaisedAt  migrations.Stamp `db:"raised_at"`
	WellSince migrations.Stamp `db:"well_since"` // 0: it was wrong when somebody looked last
	ClearedAt migrations.Stamp `db:"cleared_at"` // 0: it is open
	SeenBy    string           `db:"seen_by"`    // a name
	SeenAt    migrations.Stamp `db:"seen_at"`
	Until     migrations.Stamp `db:"until"` // it is muted until then, 0 for not
}

// Open reports whether it is still wrong.
func (a Alarm) Open() bool { return a.ClearedAt == 0 }

const alarmSelect = `SELECT a.id, a.key, a.kind, a.about, a.node, a.detail, a.since, a.raised_at, COALESCE(a.well_since, 0) AS well_since,
	COALESCE(a.cleared_at, 0) AS cleared_at, COALESCE(c.name, '') AS seen_by, COALESCE(a.seen_at, 0) AS seen_at, COALESCE(m.until, 0) AS until
	FROM alarm a LEFT JOIN account c ON c.id = a.seen_by LEFT JOIN alarm_mute m ON m.key = a.key AND m.until > ? `

// OpenAlarms returns what is wrong now, the oldest first, muted ones included.
func (s *Store) OpenAlarms(ctx context.Context) ([]Alarm, error) {
	var list []Alarm
	if err := s.db.Select(ctx, &list, alarmSelect+`WHERE a.cleared_at IS NULL ORDER BY a.id`, s.stamp()); err != nil {
		return nil, fmt.Errorf("read alarms: %w", err)
	}
	return list, nil
}

// PastAlarms returns what was wrong, the newest first, and what to give as
// before for the next ones (0 at the end).
func (s *Store) PastAlarms(ctx context.Context, before int64, limit int) (list []Alarm, more int64, err error) {
	limit = pageSize(limit)
	where, args := `WHERE a.cleared_at IS NOT NULL`, []any{s.stamp()}
	if before != 0 {
		where, args = where+` AND a.id < ?`, append(args, before)
	}
	if err := s.db.Select(ctx, &list, alarmSelect+where+` ORDER BY a.id DESC LIMIT ?`, append(args, limit+1)...); err != nil {
		return nil, 0, fmt.Errorf("read past alarms: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		more = list[limit-1].ID
	}
	return list, more, nil
}

// Judge takes what a node has found to be wrong, and what it could not tell.
// An alarm begins once, whoever finds it first, and ends once: all that
// matters stands in its row. Routes are told of what begins and ends, but not
// of what is muted; here are the names of those that there are.
func (s *Store) Judge(ctx context.Context, problems []Problem, unsure map[string]bool, routes []string) error {
	open, err := s.OpenAlarms(ctx)
	if err != nil {
		return err
	}
	wrong := map[string]Problem{}
	for _, p := range problems {
		wrong[p.Key()] = p
	}
	here := map[string]bool{}
	var change []func(tx *migrations.Tx) error
	for _, a := range open {
		here[a.Key] = true
		p, bad := wrong[a.Key]
		switch {
		case bad:
			if a.WellSince != 0 || a.Kind != p.Kind || a.Detail != clip(p.Detail, 1000) {
				change = append(change, func(tx *migrations.Tx) error {
					_, err := tx.Exec(ctx, `UPDATE alarm SET well_since = NULL, kind = ?, detail = ? WHERE id = ? AND cleared_at IS NULL`, p.Kind, clip(p.Detail, 1000), a.ID)
					return err
				})
			}
		case unsure[a.Key]:
		default:
			step, err := s.wellAgain(ctx, a)
			if err != nil {
				return err
			}
			if step != nil {
				change = append(change, step)
			}
		}
	}
	for _, p := range problems {
		if !here[p.Key()] {
			here[p.Key()] = true
			change = append(change, func(tx *migrations.Tx) error { return s.raiseTx(ctx, tx, p) })
		}
	}
	if len(change) > 0 {
		err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
			for _, do := range change {
				if err := do(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("judge alarms: %w", err)
		}
	}
	return s.owe(ctx, routes)
}

func (s *Store) raiseTx(ctx context.Context, tx *migrations.Tx, p Problem) error {
	now := s.stamp()
	since := now
	if !p.Since.IsZero() {
		since = min(now, migrations.At(p.Since))
	}
	n, err := tx.Exec(ctx, `INSERT INTO alarm (key, kind, about, node, detail, since, raised_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (key) WHERE cleared_at IS NULL DO NOTHING`, p.Key(), p.Kind, p.About, p.Node, clip(p.Detail, 1000), since, now)
	if err != nil || n == 0 {
		return err // another node was first
	}
	var id int64
	if err := tx.Get(ctx, &id, `SELECT id FROM alarm WHERE key = ? AND cleared_at IS NULL`, p.Key()); err != nil {
		return err
	}
	return s.RecordTx(ctx, tx, Event{Subject: "alarm", SubjectID: id, Kind: "raised", Became: p.Kind})
}

// wellAgain returns what to do about an open alarm that is not wrong in this
// node's eyes, nil for nothing. What is a matter of another node is that
// node's to say, as long as it is expected to live.
func (s *Store) wellAgain(ctx context.Context, a Alarm) (func(tx *migrations.Tx) error, error) {
	if a.Node != "" && a.Node != s.node {
		there, err := exists(ctx, s.db, `SELECT 1 FROM beat WHERE name = ?`, BeatNode+a.Node)
		if err != nil || there {
			return nil, err
		}
	}
	now := s.stamp()
	if a.WellSince == 0 {
		return func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE alarm SET well_since = ? WHERE id = ? AND well_since IS NULL AND cleared_at IS NULL`, now, a.ID)
			return err
		}, nil
	}
	var before int
	if err := s.db.Get(ctx, &before, `SELECT count(*) FROM alarm WHERE key = ? AND raised_at > ? AND id < ?`, a.Key, migrations.At(s.Now().Add(-clearWithin)), a.ID); err != nil {
		return nil, fmt.Errorf("count alarms: %w", err)
	}
	if s.Now().Sub(a.WellSince.Time()) < min(clearAfter<<min(before, 6), clearAtMost) {
		return nil, nil
	}
	return func(tx *migrations.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE alarm SET cleared_at = ? WHERE id = ? AND cleared_at IS NULL AND well_since = ?`, now, a.ID, a.WellSince)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO alarm_notice (alarm_id, route, edge, state, due_at) SELECT alarm_id, route, 'clear', 'due', ? FROM alarm_notice
			WHERE alarm_id = ? AND edge = 'begin' ON CONFLICT (alarm_id, route, edge) DO NOTHING`, now, a.ID)
		if err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Subject: "alarm", SubjectID: a.ID, Kind: "cleared", Was: a.Kind})
	}, nil
}

// owe has every route told of every open alarm that is not muted, once.
func (s *Store) owe(ctx context.Context, routes []string) error {
	for _, route := range routes {
		const missing = ` FROM alarm a WHERE a.cleared_at IS NULL AND NOT EXISTS (SELECT 1 FROM alarm_mute m WHERE m.key = a.key AND m.until > ?)
			AND NOT EXISTS (SELECT 1 FROM alarm_notice n WHERE n.alarm_id = a.id AND n.route = ? AND n.edge = 'begin')
			AND NOT (a.kind = 'route' AND a.about = ?)`
		now := s.stamp()
		some, err := exists(ctx, s.db, `SELECT 1`+missing+` LIMIT 1`, now, route, route)
		if err != nil {
			return fmt.Errorf("look for alarms to tell: %w", err)
		}
		if !some {
			continue
		}
		err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO alarm_notice (alarm_id, route, edge, state, due_at) SELECT a.id, CAST(? AS TEXT), 'begin', 'due', CAST(? AS BIGINT)`+missing+
				` ON CONFLICT (alarm_id, route, edge) DO NOTHING`, route, now, now, route, route)
			return err
		})
		if err != nil {
			return fmt.Errorf("note alarms to tell: %w", err)
		}
	}
	return nil
}

// SeeAlarm notes that somebody has seen an open alarm and looks after it.
func (s *Store) SeeAlarm(ctx context.Context, actor Actor, id int64) error {
	return s.changeAlarm(ctx, actor, id, "seen", "", func(tx *migrations.Tx, _ Alarm) error {
		_, err := tx.Exec(ctx, `UPDATE alarm SET seen_by = ?, seen_at = ? WHERE id = ? AND seen_by IS NULL`, actor.AccountID, s.stamp(), id)
		return err
	})
}

// MuteAlarm has nobody told of an alarm, and no banner show it, for a time; 0
// ends that. If it is still wrong after that, the routes are told.
func (s *Store) MuteAlarm(ctx context.Context, actor Actor, id int64, d time.Duration) error {
	if d < 0 || d > 31*24*time.Hour {
		return migrations.Invalidf("An alarm is muted for 31 days at most.")
	}
	kind := "muted"
	if d == 0 {
		kind = "unmuted"
	}
	return s.changeAlarm(ctx, actor, id, kind, strings.TrimSuffix(d.String(), "0m0s"), func(tx *migrations.Tx, a Alarm) error {
		if d == 0 {
			_, err := tx.Exec(ctx, `DELETE FROM alarm_mute WHERE key = ?`, a.Key)
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO alarm_mute (key, until, account_id) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET until = excluded.until, account_id = excluded.account_id`, a.Key, migrations.At(s.Now().Add(d)), actor.AccountID)
		return err
	})
}

func (s *Store) changeAlarm(ctx context.Context, actor Actor, id int64, kind, became string, do func(tx *migrations.Tx, a Alarm) error) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		var a Alarm
		err := tx.Get(ctx, &a, alarmSelect+`WHERE a.id = ?`, s.stamp(), id)
		if migrations.KindOf(err) == migrations.NotFound {
			return migrations.NotFoundf("There is no such alarm.")
		}
		if err != nil {
			return err
		}
		if !a.Open() {
			return migrations.Conflictf("This alarm is over already.")
		}
		if err := do(tx, a); err != nil {
			return err
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "alarm", SubjectID: id, Kind: kind, Became: became})
	})
	if err != nil {
		return fmt.Errorf("%s alarm %d: %w", kind, id, err)
	}
	return nil
}
