package tracker

import (
	"context"
	"fmt"
	"slices"
	"time"

	"helpdeskd/migrations"
)

// refreshIdle is for how long a refresh token may be unused: at Microsoft it
// ends after 90 days.
const refreshIdle = 60 * 24 * time.Hour

// lookGrants finds sign-ins that have ended, or will.
func (s *Store) lookGrants(ctx context.Context, o *Observer, _ map[string]string, f *findings) error {
	var list []struct {
		Mailbox   string           `db:"mailbox"`
		UsedAt    migrations.Stamp `db:"used_at"`
		RefusedAt migrations.Stamp `db:"refused_at"`
		Refused   string           `db:"refused"`
	}
	err := s.db.Select(ctx, &list, `SELECT mailbox, used_at, COALESCE(refused_at, 0) AS refused_at, refused FROM mailbox_grant g
		WHERE n = (SELECT MAX(n) FROM mailbox_grant WHERE mailbox = g.mailbox) ORDER BY mailbox`)
	if err != nil {
		return fmt.Errorf("look at the mailboxes' sign-ins: %w", err)
	}
	for _, g := range list {
		if !slices.ContainsFunc(o.Mailboxes, func(w Watched) bool { return w.Name == g.Mailbox }) {
			continue // switched off, or gone
		}
		p := Problem{Kind: AlarmRefresh, About: g.Mailbox}
		switch {
		case g.RefusedAt != 0:
			p.Since, p.Detail = g.RefusedAt.Time(), g.Refused
			f.add(p)
		case s.Now().Sub(g.UsedAt.Time()) >= refreshIdle:
			p.Since, p.Detail = g.UsedAt.Time().Add(refreshIdle), "It was last used on "+g.UsedAt.Time().UTC().Format(time.DateOnly)+"."
			f.add(p)
		}
	}
	return nil
}

// lookBackups finds the last backup too old. Where none was ever made that is
// wrong at once: somebody has asked to be told.
func (s *Store) lookBackups(ctx context.Context, _ *Observer, set map[string]string, f *findings) error {
	days := AlarmNumber(set, SetAlarmBackup)
	if days == 0 {
		return nil
	}
	var last migrations.Stamp
	if err := s.db.Get(ctx, &last, `SELECT COALESCE(MAX(taken_at), 0) FROM backup`); err != nil {
		return fmt.Errorf("look at the backups: %w", err)
	}
	limit := time.Duration(days) * 24 * time.Hour
	switch {
	case last == 0:
		f.add(Problem{Kind: AlarmBackup, Detail: "There is none."})
	case s.Now().Sub(last.Time()) > limit:
		f.add(Problem{Kind: AlarmBackup, Detail: "It is of " + last.Time().UTC().Format(time.DateOnly) + ".", Since: last.Time().Add(limit)})
	}
	return nil
}
