package tracker

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// The kinds of alarms. Pages and notices have words for each: what it is
// called, what it means, and the one thing to do.
const (
	AlarmUnread      = "unread"      // a mailbox was not read for a while
	AlarmSignIn      = "signin"      // a mailbox's server refuses our sign-in
	AlarmSend        = "send"        // a mailbox's mail can not leave
	AlarmOutboxOld   = "outbox_old"  // mail waits in the outbox
	AlarmUncertain   = "uncertain"   // mails of which nobody knows whether they left
	AlarmDead        = "dead"        // mails that were given up
	AlarmQuarantine  = "quarantine"  // mails that could not be understood
	AlarmPlaceholder = "placeholder" // Exchange did not hand over mails
	AlarmUndecided   = "undecided"   // mail that was taken is not decided
	AlarmStuck       = "stuck"       // reading a mail does not come to an end
	AlarmLease       = "lease"       // nobody does a job, or who should is silent
	AlarmFlapping    = "flapping"    // a job goes from node to node
	AlarmStalled     = "stalled"     // a job's holder lives, but the job does not move
	AlarmNode        = "node"        // a node is silent
	AlarmDisk        = "disk"        // little room
	AlarmDatabase    = "database"    // the database can not be written
	AlarmCertificate = "certificate" // the site's certificate expires
	AlarmServerCert  = "server_cert" // a mail server's certificate expires
	AlarmSecret      = "secret"      // a client secret expires
	AlarmRefresh     = "refresh"     // a refresh token dies
	AlarmClock       = "clock"       // our clock is wrong
	AlarmBackup      = "backup"      // the last backup is old
	AlarmRoute       = "route"       // a route of alarms fails
)

// AlarmKinds returns every kind, in the order in which pages explain them.
func AlarmKinds() []string {
	return []string{AlarmUnread, AlarmSignIn, AlarmSend, AlarmOutboxOld, AlarmUncertain, AlarmDead, AlarmQuarantine, AlarmPlaceholder, AlarmUndecided, AlarmStuck,
		AlarmLease, AlarmFlapping, AlarmStalled, AlarmNode, AlarmDisk, AlarmDatabase, AlarmCertificate, AlarmServerCert, AlarmSecret, AlarmRefresh,
		AlarmClock, AlarmBackup, AlarmRoute}
}

// Settings of alarms.
const (
	SetAlarmUnread = "alarm.unread_minutes" // a mailbox may be unread
	SetAlarmOutbox = "alarm.outbox_minutes" // people's replies may wait
	SetAlarmDisk   = "alarm.disk_mb"        // must be free
	SetAlarmDays   = "alarm.expiry_days"    // before a certificate expires
	SetAlarmBackup = "alarm.backup_days"    // the last backup may be old
)

// Problem is something that is wrong now.
type Problem struct {
	Kind   string
	About  string    // a mailbox's or lease's name, a host; "" for the whole desk
	Node   string    // where it is a matter of one node; "" where any node can see it
	Detail string    // in words
	Since  time.Time // zero: not known
}

// Key tells problems apart: the same thing going wrong is the same alarm. A
// mailbox that can not be read is one, whatever the reason is just now.
func (p Problem) Key() string {
	kind := p.Kind
	if kind == AlarmSignIn {
		kind = AlarmUnread
	}
	return kind + "|" + p.About + "|" + p.Node
}

// How long who works may be silent. An alarm must leave within five minutes,
// so that these are shorter by the time between two looks and by a failed try.
const (
	beatSilent   = 3 * time.Minute  // a job's own sign of life
	leaseSilent  = time.Minute      // a lease's beat, which comes every five seconds
	nodeSilent   = 3 * time.Minute  // a node's
	nodeForgot   = 24 * time.Hour   // after which it is not expected back
	sendTrouble  = 2 * time.Minute  // mail can not leave
	seenSilent   = 90 * time.Second // the looker itself must have seen no beat for so long
	restOfOutbox = 30 * time.Minute // acknowledgements, which are held to a rate
	deciding     = 10 * time.Minute // mail that was taken
	flaps        = 3                // takeovers
	flapWithin   = 10 * time.Minute
)

// Watched is a mailbox of the configuration, as far as looking after it needs.
type Watched struct {
	ID   int64
	Name string
	Poll time.Duration // 0: nothing is polled
}

// Observer is what one looker remembers from look to look. It is for one
// goroutine. The zero value is ready.
type Observer struct {
	Mailboxes []Watched

	seen  map[string]changing
	flaps map[string][]time.Time
	fence map[string]int64
}

// findings are the problems of one look, and the keys of which it could not
// tell yet: about those nothing is changed.
type findings struct {
	Problems []Problem
	Unsure   map[string]bool
}

func (f *findings) add(p Problem)    { f.Problems = append(f.Problems, p) }
func (f *findings) unsure(p Problem) { f.Unsure[p.Key()] = true }

// Look finds what is wrong by the database: any node sees the same. It reads
// only rows and partial indexes that are small.
func (s *Store) Look(ctx context.Context, o *Observer) (problems []Problem, unsure map[string]bool, err error) {
	if o.seen == nil {
		o.seen, o.flaps, o.fence = map[string]changing{}, map[string][]time.Time{}, map[string]int64{}
	}
	f := &findings{Unsure: map[string]bool{}}
	set, err := s.KnownSettings(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, look := range []func(context.Context, *Observer, map[string]string, *findings) error{s.lookMailboxes, s.lookOutbox, s.lookInbox, s.lookLeases, s.lookBeats, s.lookGrants, s.lookBackups} {
		if err := look(ctx, o, set, f); err != nil {
			return nil, nil, err
		}
	}
	return f.Problems, f.Unsure, nil
}

// AlarmNumber returns a setting of alarms as a number; 0 switches off what it is for.
func AlarmNumber(set map[string]string, name string) int {
	n, err := strconv.Atoi(set[name])
	if err != nil || n < 0 {
		n, _ = strconv.Atoi(settingDefaults[name])
	}
	return n
}

func (s *Store) lookMailboxes(ctx context.Context, o *Observer, set map[string]string, f *findings) error {
	rows, err := s.Mailboxes(ctx)
	if err != nil {
		return err
	}
	byID := map[int64]Mailbox{}
	for _, m := range rows {
		byID[m.ID] = m
	}
	now := s.Now()
	minutes := AlarmNumber(set, SetAlarmUnread)
	for _, w := range o.Mailboxes {
		m, ok := byID[w.ID]
		if !ok {
			continue
		}
		if m.SendError != "" && now.Sub(migrations.Or(m.SendErrorAt).Time()) >= sendTrouble {
			f.add(Problem{Kind: AlarmSend, About: w.Name, Detail: m.SendError, Since: migrations.Or(m.SendErrorAt).Time()})
		}
		if w.Poll == 0 || minutes == 0 {
			continue
		}
		// Counted from the last good look, or from when we first looked after it.
		good := migrations.Or(m.LastOKAt)
		last := max(good, m.CreatedAt).Time()
		allowed := max(time.Duration(minutes)*time.Minute, 2*w.Poll+30*time.Second)
		p := Problem{Kind: AlarmUnread, About: w.Name, Detail: m.LastError, Since: last}
		if m.LastError != "" && m.LastErrorKind == PollSignIn {
			p.Kind = AlarmSignIn
		}
		switch {
		case o.silent(last, o.unchanged("poll:"+w.Name, int64(good), now), allowed, now):
			f.add(p)
		case now.Sub(last) >= allowed:
			f.unsure(p) // we have just begun to look
		}
	}
	return nil
}

// silent reports whether somebody who last showed life at an instant, by their
// clock, is overdue. The looker must have seen nothing itself, too, for as
// long as that can be asked soon after a start.
func (o *Observer) silent(at time.Time, still, allowed time.Duration, now time.Time) bool {
	return still >= allowed || now.Sub(at) >= allowed && still >= min(allowed, seenSilent)
}

func (s *Store) lookOutbox(ctx context.Context, _ *Observer, set map[string]string, f *findings) error {
	now := s.Now()
	var old []struct {
		Urgent bool             `db:"urgent"`
		Due    migrations.Stamp `db:"due"`
		N      int              `db:"n"`
	}
	err := s.db.Select(ctx, &old, `SELECT priority <= 2 AS urgent, MIN(due_at) AS due, count(*) AS n FROM outbox WHERE state = 'queued' AND `+isDue+` GROUP BY priority <= 2`, s.stamp(), s.stamp())
	if err != nil {
		return fmt.Errorf("look at the outbox: %w", err)
	}
	if minutes := AlarmNumber(set, SetAlarmOutbox); minutes > 0 {
		allowed := time.Duration(minutes) * time.Minute
		worst := Problem{Kind: AlarmOutboxOld}
		for _, r := range old {
			limit := allowed
			if !r.Urgent {
				limit = max(allowed, restOfOutbox)
			}
			if now.Sub(r.Due.Time()) >= limit && (worst.Since.IsZero() || r.Due.Time().Before(worst.Since)) {
				worst.Since = r.Due.Time()
			}
		}
		if !worst.Since.IsZero() {
			n := 0
			for _, r := range old {
				n += r.N
			}
			worst.Detail = plural(n, "mail is due", "mails are due")
			f.add(worst)
		}
	}
	var bad []struct {
		State string           `db:"state"`
		N     int              `db:"n"`
		First migrations.Stamp `db:"first"`
	}
	err = s.db.Select(ctx, &bad, `SELECT state, count(*) AS n, MIN(COALESCE(sending_at, created_at)) AS first FROM outbox
		WHERE state <> 'sent' AND state IN ('uncertain', 'dead') GROUP BY state`)
	if err != nil {
		return fmt.Errorf("look at the outbox: %w", err)
	}
	for _, r := range bad {
		kind := map[string]string{OutboxUncertain: AlarmUncertain, OutboxDead: AlarmDead}[r.State]
		f.add(Problem{Kind: kind, Detail: plural(r.N, "mail", "mails"), Since: r.First.Time()})
	}
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func (s *Store) lookInbox(ctx context.Context, _ *Observer, _ map[string]string, f *findings) error {
	var bad []struct {
		Placeholder bool             `db:"placeholder"`
		N           int              `db:"n"`
		First       migrations.Stamp `db:"first"`
	}
	err := s.db.Select(ctx, &bad, `SELECT class = 'placeholder' AS placeholder, count(*) AS n, MIN(COALESCE(done_at, kept_at)) AS first FROM inbox
		WHERE fate = 'quarantine' GROUP BY class = 'placeholder'`)
	if err != nil {
		return fmt.Errorf("look at quarantine: %w", err)
	}
	for _, r := range bad {
		kind := AlarmQuarantine
		if r.Placeholder {
			kind = AlarmPlaceholder
		}
		f.add(Problem{Kind: kind, Detail: plural(r.N, "mail", "mails"), Since: r.First.Time()})
	}
	var first migrations.Stamp
	// What was put off waits for its time, and is no sign of trouble by itself.
	if err := s.db.Get(ctx, &first, `SELECT COALESCE(MIN(kept_at), 0) FROM inbox WHERE state <> 'done' AND retry_at IS NULL`); err != nil {
		return fmt.Errorf("look at the inbox: %w", err)
	}
	if first != 0 && s.Now().Sub(first.Time()) >= deciding {
		f.add(Problem{Kind: AlarmUndecided, Since: first.Time()})
	}
	return nil
}

// jobs are the leases that somebody must hold, with what people call them.
func (o *Observer) jobs() map[string]string {
	all := map[string]string{BeatOutbox: "sending", BeatIndex: "search", BeatClock: "regular jobs"}
	for _, w := range o.Mailboxes {
		all["mailbox:"+strconv.FormatInt(w.ID, 10)] = w.Name
	}
	return all
}

func (s *Store) lookLeases(ctx context.Context, o *Observer, _ map[string]string, f *findings) error {
	list, err := s.Leases(ctx)
	if err != nil {
		return err
	}
	held := map[string]LeaseState{}
	for _, l := range list {
		held[l.Name] = l
	}
	now := s.Now()
	for name, about := range o.jobs() {
		l := held[name]
		p := Problem{Kind: AlarmLease, About: about}
		beat := l.Beat
		if l.Holder == "" {
			beat = -1 // whoever tries for it is no holder
		}
		still := o.unchanged("lease:"+name, beat, now)
		switch {
		case still >= leaseSilent:
			p.Since, p.Detail = now.Add(-still), "Nobody has it."
			if l.Holder != "" {
				p.Detail = "Who has it, node " + l.HolderNode() + ", does not move."
			}
			f.add(p)
		case still > 0 || l.Holder == "" || o.seen["lease:"+name].first == o.seen["lease:"+name].since:
			f.unsure(p) // not looked at for long enough
		}
		flap := Problem{Kind: AlarmFlapping, About: about}
		was, known := o.fence[name]
		if known && l.Fence > was {
			for range min(l.Fence-was, 10) {
				o.flaps[name] = append(o.flaps[name], now)
			}
		}
		o.fence[name] = l.Fence
		recent := o.flaps[name][:0]
		for _, at := range o.flaps[name] {
			if now.Sub(at) < flapWithin {
				recent = append(recent, at)
			}
		}
		o.flaps[name] = recent
		if len(recent) >= flaps {
			flap.Since, flap.Detail = recent[0], fmt.Sprintf("%d times within %d minutes.", len(recent), int(flapWithin.Minutes()))
			f.add(flap)
		} else if !known {
			f.unsure(flap)
		}
	}
	return nil
}

func (s *Store) lookBeats(ctx context.Context, o *Observer, _ map[string]string, f *findings) error {
	list, err := s.Beats(ctx)
	if err != nil {
		return err
	}
	now := s.Now()
	jobs := map[string]string{BeatOutbox: "sending", BeatIndex: "search", BeatClock: "regular jobs"}
	for _, w := range o.Mailboxes {
		jobs[BeatDecide+strconv.FormatInt(w.ID, 10)] = w.Name
	}
	for _, b := range list {
		still := o.unchanged("beat:"+b.Name, b.N, now)
		node, isNode := strings.CutPrefix(b.Name, BeatNode)
		about, isJob := jobs[b.Name]
		p := Problem{Kind: AlarmStalled, About: about, Since: b.At.Time(), Detail: "Node " + b.Node + " had it last."}
		allowed := beatSilent
		switch {
		case isNode && node == s.node:
			continue
		case isNode:
			p, allowed = Problem{Kind: AlarmNode, About: node, Since: b.At.Time()}, nodeSilent
			if still >= nodeForgot/24 && now.Sub(b.At.Time()) >= nodeForgot {
				if err := s.ForgetNode(ctx, Actor{}, node); err != nil {
					return err
				}
				continue
			}
		case !isJob:
			continue
		}
		switch {
		case o.silent(b.At.Time(), still, allowed, now):
			f.add(p)
		case now.Sub(b.At.Time()) >= allowed && o.seen["beat:"+b.Name].first == o.seen["beat:"+b.Name].since:
			f.unsure(p)
		}
	}
	return nil
}
