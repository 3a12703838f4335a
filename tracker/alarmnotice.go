package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
)

// The names of the routes.
const (
	RouteMail    = "mail"
	RouteWebhook = "webhook"
)

// noticeLost is after what time whoever took notices to send them is taken for dead.
const noticeLost = 5 * time.Minute

// Notice is one edge of an alarm that a route is to be told of.
type Notice struct {
	NoticeID int64  `db:"notice_id"`
	Edge     string `db:"edge"`
	Attempts int    `db:"attempts"` // this one included
	Alarm
}

// ClaimNotices takes what a route is to be told of, for this process alone,
// the oldest first. What an earlier start of this node had taken, and perhaps
// told, is taken once more: an alarm twice is better than none, and its
// number, which is told too, stays the same.
func (s *Store) ClaimNotices(ctx context.Context, route, start string, limit int) ([]Notice, error) {
	now := s.stamp()
	const due = `route = ? AND state <> 'sent' AND (state = 'due' AND due_at <= ? OR state = 'sending' AND (claimed_at < ? OR claim LIKE ? AND claim NOT LIKE ?))`
	args := []any{route, now, now - migrations.Stamp(noticeLost.Microseconds()), s.node + "/%", s.node + "/" + start + "/%"}
	some, err := exists(ctx, s.db, `SELECT 1 FROM alarm_notice WHERE `+due+` LIMIT 1`, args...)
	if err != nil || !some {
		return nil, err
	}
	token, _ := NewToken()
	claim := s.node + "/" + start + "/" + token
	var list []Notice
	err = s.db.Tx(ctx, func(tx *migrations.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE alarm_notice SET state = 'sending', claim = ?, claimed_at = ?, attempts = attempts + 1
			WHERE id IN (SELECT id FROM alarm_notice WHERE `+due+` ORDER BY id LIMIT ?) AND `+due, slices.Concat([]any{claim, now}, args, []any{limit}, args)...)
		if err != nil {
			return err
		}
		return tx.Select(ctx, &list, `SELECT n.id AS notice_id, n.edge, n.attempts, a.id, a.key, a.kind, a.about, a.node, a.detail, a.since, a.raised_at,
			COALESCE(a.well_since, 0) AS well_since, COALESCE(a.cleared_at, 0) AS cleared_at, '' AS seen_by, 0 AS seen_at, 0 AS until
			FROM alarm_notice n JOIN alarm a ON a.id = n.alarm_id WHERE n.claim = ? AND n.state = 'sending' ORDER BY n.id`, claim)
	})
	if err != nil {
		return nil, fmt.Errorf("claim notices of alarms: %w", err)
	}
	return list, nil
}

// NoticesSent notes that a route was told.
func (s *Store) NoticesSent(ctx context.Context, route string, list []Notice) error {
	return s.settleNotices(ctx, route, list, `state = 'sent', sent_at = ?`, s.stamp(), "")
}

// NoticesFailed notes that a route could not be told, in words, and when to try again.
func (s *Store) NoticesFailed(ctx context.Context, route string, list []Notice, why string, again time.Time) error {
	return s.settleNotices(ctx, route, list, `state = 'due', claim = '', due_at = ?`, migrations.At(again), why)
}

func (s *Store) settleNotices(ctx context.Context, route string, list []Notice, change string, at migrations.Stamp, why string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		for _, n := range list {
			if _, err := tx.Exec(ctx, `UPDATE alarm_notice SET `+change+` WHERE id = ? AND state = 'sending'`, at, n.NoticeID); err != nil {
				return err
			}
		}
		return s.routeTriedTx(ctx, tx, route, why)
	})
	if err != nil {
		return fmt.Errorf("note how route %s fared: %w", route, err)
	}
	return nil
}

// RouteTried notes how a try of a route went: "" when it arrived, else why
// not, in words.
func (s *Store) RouteTried(ctx context.Context, actor Actor, route, why string) error {
	err := s.db.Tx(ctx, func(tx *migrations.Tx) error {
		if err := s.routeTriedTx(ctx, tx, route, why); err != nil {
			return err
		}
		became := "ok"
		if why != "" {
			became = "failed"
		}
		return s.RecordTx(ctx, tx, Event{Actor: actor, Subject: "alarm", Kind: "tested", Was: route, Became: became})
	})
	if err != nil {
		return fmt.Errorf("note how route %s fared: %w", route, err)
	}
	return nil
}

func (s *Store) routeTriedTx(ctx context.Context, tx *migrations.Tx, route, why string) error {
	failed := 0
	if why != "" {
		failed = 1
	}
	_, err := tx.Exec(ctx, `INSERT INTO alarm_route (name, tried_at, error, failures) VALUES (?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET tried_at = excluded.tried_at, error = excluded.error,
		failures = CASE WHEN excluded.error = '' THEN 0 ELSE alarm_route.failures + 1 END`, route, s.stamp(), clip(manyLines(why), 500), failed)
	return err
}

// RouteState is how the last try of a route went.
type RouteState struct {
	Name     string           `db:"name"`
	TriedAt  migrations.Stamp `db:"tried_at"`
	Error    string           `db:"error"` // "": it arrived
	Failures int              `db:"failures"`
	Waiting  int              `db:"waiting"` // notices that it has not been told
}

// AlarmRoutes returns how every route that was ever tried fares, by name.
func (s *Store) AlarmRoutes(ctx context.Context) (map[string]RouteState, error) {
	var list []RouteState
	err := s.db.Select(ctx, &list, `SELECT r.name, r.tried_at, r.error, r.failures,
		(SELECT count(*) FROM alarm_notice n WHERE n.route = r.name AND n.state <> 'sent') AS waiting FROM alarm_route r`)
	if err != nil {
		return nil, fmt.Errorf("read the routes of alarms: %w", err)
	}
	all := map[string]RouteState{}
	for _, r := range list {
		all[r.Name] = r
	}
	return all, nil
}
