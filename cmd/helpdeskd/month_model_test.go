package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// ledger is the month as the issue and the documentation say it must go,
// reckoned by hand: it knows the script, and nothing of the program.
type ledger struct {
	now     time.Time
	tickets []*matter          // by number
	of      map[string]*matter // by the script's names
	things  map[string]*held
	orders  map[string]*repair
	mails   map[letterKey]int
	bounced map[string]time.Time
	acks    map[string][]time.Time
	digest  string // the last day on which Tina had one
}

// letterKey is who got which kind of mail about which ticket.
type letterKey struct {
	to, kind string
	ticket   int
}

func (k letterKey) String() string {
	return fmt.Sprintf("%s to %s about HD-%d", k.kind, k.to, k.ticket)
}

type held struct{ status, holder string }

type repair struct {
	thing, status string
	cost          int64
	was           held // where it goes back to
}

// matter is a ticket.
type matter struct {
	number                                                  int
	stage, priority, requester, assignee, waiting, fix, why string
	guests, watchers                                        []string // who takes part beside the requester; who watches
	in, notes                                               int
	outs, calls                                             []time.Time
	into, parent                                            *matter
	unconfirmed, archived, news, questioned                 bool
	opened, moved, closed, fixed, asked, said, waits        time.Time
	reminded                                                int
	remindedAt, surveyed, due                               time.Time
	rated                                                   map[string]string
	held                                                    int
	robot                                                   bool
	before                                                  *matter // what it was, and took along, when it was merged
}

func newLedger() *ledger {
	l := &ledger{now: monthBegins, of: map[string]*matter{}, things: map[string]*held{}, orders: map[string]*repair{}, mails: map[letterKey]int{}, bounced: map[string]time.Time{}, acks: map[string][]time.Time{}}
	for tag, who := range monthThings {
		l.things[tag] = &held{"deployed", who}
		if who == "" {
			l.things[tag].status = "stowed"
		}
	}
	return l
}

func (m *matter) open() bool { return m.stage != "completed" && m.stage != "dropped" }

func (l *ledger) mail(to, kind string, m *matter) {
	n := 0
	if m != nil {
		n = m.number
	}
	l.mails[letterKey{address(to), kind, n}]++
}

// address is a name of the script as mail has it.
func address(who string) string {
	if strings.Contains(who, "@") {
		return who
	}
	return monthMail(who)
}

func (l *ledger) begin(name, who string) *matter {
	m := &matter{number: len(l.tickets) + 1, stage: "requested", priority: "untriaged", requester: who, opened: l.now, moved: l.now, said: l.now, rated: map[string]string{}}
	l.tickets = append(l.tickets, m)
	l.of[name] = m
	return m
}

// tell tells technicians of what a client wrote: who has it, who watches, and
// where nobody has it who wants to hear of everything.
func (l *ledger) tell(m *matter) {
	for _, who := range []string{"tina", "tom"} {
		if m.assignee == who || m.assignee == "" && who == "tina" || slices.Contains(m.watchers, who) {
			l.mail(who, "notify", m)
		}
	}
}

// led is where a matter goes on.
func (l *ledger) led(name string) *matter {
	m := l.of[name]
	if m == nil {
		panic("the script has no " + name)
	}
	if m.into != nil {
		return m.into
	}
	return m
}

// request is a mail or form that opens a ticket.
func (l *ledger) request(name, who string) {
	m := l.begin(name, who)
	m.in, m.news = 1, true
	recent := 0
	for _, at := range l.acks[who] {
		if l.now.Sub(at) < time.Hour {
			recent++
		}
	}
	if at, ok := l.bounced[who]; recent < 3 && (!ok || l.now.Sub(at) > 7*24*time.Hour) {
		l.acks[who] = append(l.acks[who], l.now)
		l.mail(who, "ack", m)
	}
	delete(l.bounced, who) // somebody writes from it
	l.tell(m)
}

// hears is something that somebody outside says.
func (l *ledger) hears(m *matter, who, how string) {
	m.in++
	m.said = l.now
	delete(l.bounced, who)
	switch {
	case how == "auto":
		return
	case how == "yes" && m.stage == "confirming":
		l.completed(m, true)
		return
	case how == "": // something to look at
		if m.waiting == "client" {
			l.wait(m, "")
		}
		if m.parent != nil && m.parent.open() {
			m.parent.news = true
		}
		m.news = true
		if !m.open() || m.stage == "confirming" {
			l.reopen(m)
		}
		m.questioned = false
	case how == "understood":
		m.questioned = false
	}
	l.tell(m)
}

func (l *ledger) reopen(m *matter) {
	m.stage, m.moved, m.closed, m.archived, m.unconfirmed = "requested", l.now, time.Time{}, false, false
	if m.assignee != "" {
		m.stage = "in_progress"
	}
}

func (l *ledger) wait(m *matter, on string) {
	if m.waiting != on {
		m.waiting, m.waits, m.reminded, m.remindedAt = on, l.now, 0, time.Time{}
	}
}

// completed ends a matter; survey asks its requester by mail how it was.
func (l *ledger) completed(m *matter, survey bool) {
	m.stage, m.moved, m.closed, m.unconfirmed, m.news = "completed", l.now, l.now, false, false
	l.wait(m, "")
	at, bad := l.bounced[m.requester]
	if !survey || m.robot || m.rated[m.requester] != "" || !m.surveyed.IsZero() && l.now.Sub(m.surveyed) < 7*24*time.Hour || bad && l.now.Sub(at) < 7*24*time.Hour {
		return
	}
	m.surveyed = l.now
	l.mail(m.requester, "closed", m)
}

// answers is what a technician says to those who take part.
func (l *ledger) answers(m *matter) {
	m.outs = append(m.outs, l.now)
	m.said, m.news = l.now, false
	for _, who := range append([]string{m.requester}, m.guests...) {
		l.mail(who, "reply", m)
	}
}

func (l *ledger) move(m *matter, by, stage string) {
	if m.stage == stage {
		return
	}
	was := m.open()
	m.unconfirmed = false
	switch stage {
	case "completed":
		l.completed(m, true)
		return
	case "dropped":
		m.closed, m.news = l.now, false
		l.wait(m, "")
	default:
		m.closed, m.archived = time.Time{}, false
		if !was && m.assignee != "" && m.assignee != by {
			l.mail(m.assignee, "notice", m)
		}
	}
	m.stage, m.moved = stage, l.now
}

func (l *ledger) assign(m *matter, by, to string, tell bool) {
	if m.assignee != to && to != by && tell {
		l.mail(to, "notify", m)
	}
	m.assignee = to
}

func (l *ledger) take(m *matter, by string) {
	l.assign(m, by, by, false)
	if m.stage == "requested" {
		l.move(m, by, "in_progress")
	}
}

func (l *ledger) fix(m *matter, text string) {
	if text != "" && text != m.fix {
		m.fix, m.fixed = text, l.now
	}
}

// firstAnswer is when a person first said something to the client.
func (m *matter) firstAnswer() time.Time {
	all := slices.Concat(m.outs, m.calls)
	if len(all) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(all, time.Time.Compare)
}

// until lets the clock's work be done: at nine and at five.
func (l *ledger) until(at time.Time) {
	for day := l.now.Truncate(24 * time.Hour); !day.After(at); day = day.AddDate(0, 0, 1) {
		for _, h := range []int{9, 17} {
			if x := day.Add(time.Duration(h)*time.Hour + 30*time.Second); x.After(l.now) && !x.After(at) {
				l.now = x
				l.tick(h == 9 && workday(day))
			}
		}
	}
	l.now = at
}

func workday(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && !(day.Month() == time.March && day.Day() == 20)
}

func (l *ledger) tick(working bool) {
	week, wait := l.now.AddDate(0, 0, -7), l.now.AddDate(0, 0, -3)
	for _, m := range l.tickets {
		if m.stage == "confirming" && !m.asked.After(week) && !m.news && m.held == 0 {
			l.completed(m, true)
			m.unconfirmed = true
		}
	}
	for _, m := range l.tickets {
		if !m.due.IsZero() && !m.due.After(l.now) && m.open() { // who has it is told once
			l.mail(m.assignee, "due", m)
			m.due = time.Time{}
		}
	}
	for _, m := range l.tickets {
		if _, bad := l.bounced[m.requester]; working && m.waiting == "client" && !m.waits.After(wait) && !m.remindedAt.After(wait) && !m.said.After(wait) && m.reminded < 2 && !m.news && !bad &&
			(m.stage == "requested" || m.stage == "in_progress") {
			m.reminded++
			m.remindedAt = l.now
			l.mail(m.requester, "remind", m)
		}
	}
	if day := l.now.Format(time.DateOnly); working && day != l.digest {
		l.digest = day
		if slices.ContainsFunc(l.tickets, func(m *matter) bool { return m.open() && (m.assignee == "tina" || m.assignee == "") }) {
			l.mail("tina", "digest", nil)
		}
	}
	for _, m := range l.tickets {
		if !m.open() && !m.archived && !m.closed.AddDate(0, 2, 0).After(l.now) {
			m.archived = true
		}
	}
}
