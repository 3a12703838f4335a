package main

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// reckon does one step in the ledger.
func (l *ledger) reckon(s step) {
	l.until(s.when())
	if l.reckonThings(s) || l.reckonOutside(s) || l.reckonDesk(s) {
		return
	}
	panic("the ledger does not know how one " + s.does)
}

// reckonOutside is what people do who ask.
func (l *ledger) reckonOutside(s step) bool {
	switch s.does {
	case "mails", "mails html", "fills the form":
		l.request(s.on, s.who)
	case "reports": // nobody writes to a program
		m := l.begin(s.on, s.who)
		m.in, m.news, m.robot = 1, true, true
		l.tell(m)
	case "sends again":
	case "answers":
		if s.more == "stranger" {
			l.request(s.more, "stan@elsewhere.example")
			return true
		}
		l.hears(l.led(s.on), s.who, s.more)
	case "answers by the tag":
		l.hears(l.led(s.on), s.who, s.more)
	case "thanks":
		how := "thanks"
		if s.more != "" {
			how = s.more
		}
		l.hears(l.led(s.on), s.who, how)
	case "is away":
		l.hears(l.led(s.on), s.who, "auto")
	case "bounces":
		l.bounced[s.who] = l.now
	case "forges":
		m := l.led(s.on)
		m.held++
		l.mail(s.more, "notice", m)
	case "presses yes":
		m := l.led(s.on)
		delete(l.bounced, s.who)
		if m.stage == "confirming" {
			l.completed(m, false) // the page asks by itself
		}
		m.unconfirmed = false
	case "presses no", "opens again on the page":
		l.hears(l.led(s.on), s.who, "")
	case "says on the page":
		if s.more == "yes page" { // which asks by itself how it was
			m := l.led(s.on)
			m.in++
			m.said = l.now
			l.completed(m, false)
			return true
		}
		l.hears(l.led(s.on), s.who, s.more)
	case "rates":
		l.led(s.on).rated[s.who] = s.more
	default:
		return false
	}
	return true
}

// reckonDesk is what technicians do.
func (l *ledger) reckonDesk(s step) bool {
	if s.does == "logs a call" {
		m := l.begin(s.on, s.more)
		m.notes, m.calls, m.assignee = 1, []time.Time{l.now}, s.who
		l.move(m, s.who, "in_progress") // who takes it begins it
		return true
	}
	if s.does == "restarts" {
		return true
	}
	m := l.led(s.on)
	switch s.does {
	case "takes":
		l.take(m, s.who)
	case "assigns":
		l.assign(m, s.who, s.more, true)
	case "judges":
		m.priority = s.text
	case "notes":
		m.notes++
	case "pins":
	case "sums up":
		m.why = s.text
	case "sets the due date":
		day, err := time.Parse(time.DateOnly, s.text)
		if err != nil {
			panic(err)
		}
		m.due = day.AddDate(0, 0, 1)
	case "watches":
		m.watchers = append(m.watchers, s.who)
	case "invites":
		m.guests = append(m.guests, s.more)
	case "replies":
		l.answers(m)
		if s.more == "waiting" {
			if m.stage == "requested" {
				l.move(m, s.who, "in_progress")
			}
			l.wait(m, "client")
		}
	case "takes back": // the answer before it, within its ten seconds
		if s.more == "fix" {
			m.stage = "in_progress"
		}
		l.wait(m, "")
		m.outs = m.outs[:len(m.outs)-1]
		for _, who := range append([]string{m.requester}, m.guests...) {
			l.mails[letterKey{address(who), "reply", m.number}]--
		}
	case "replies to the family":
		l.answers(m)
		for _, c := range l.tickets {
			if c.parent == m && c.open() {
				l.answers(c)
			}
		}
	case "asks what is missing":
		l.answers(m)
	case "says how understood":
		l.answers(m)
		m.questioned = true
	case "fixes":
		l.fix(m, s.text)
		m.why = s.subject() + "; that was why."
		was := m.stage
		if s.more != "" {
			l.move(m, s.who, s.more)
		}
		if s.more == "confirming" && was != "confirming" {
			l.answers(m)
			m.asked = l.now.Add(10 * time.Second)
		}
	case "drops":
		l.move(m, s.who, "dropped")
	case "moves":
		if s.more == "completed" {
			m.why = s.subject() + "; that was why."
		}
		l.move(m, s.who, s.more)
	case "waits for":
		l.wait(m, s.more)
	case "merges":
		l.merge(m, l.led(s.more), s.who)
	case "unmerges":
		l.unmerge(l.of[s.on])
	case "splits":
		m.in--
		c := l.begin(s.more, m.requester)
		c.in, c.opened, c.assignee = 1, m.said, m.assignee
	case "adopts":
		for _, c := range strings.Split(s.more, ",") {
			l.led(c).parent = m
		}
	case "settles the family":
		for _, c := range l.tickets {
			if c.parent != m || !c.open() || c.stage == s.more {
				continue
			}
			if c.fix == "" {
				l.fix(c, m.fix)
			}
			if c.why == "" {
				c.why = m.why
			}
			l.move(c, s.who, s.more)
			if s.more == "confirming" {
				l.answers(c)
				c.asked = l.now
			}
		}
	case "rejects":
		m.held--
	case "commands":
		l.commands(m, s.who, s.text)
	default:
		return false
	}
	return true
}

func (l *ledger) merge(from, into *matter, by string) {
	was := *from
	from.before = &was
	into.in, into.notes, into.outs, into.calls = into.in+from.in, into.notes+from.notes, append(into.outs, from.outs...), append(into.calls, from.calls...)
	from.in, from.notes, from.outs, from.calls = 0, 0, nil, nil
	for _, who := range append([]string{was.requester}, was.guests...) {
		if who != into.requester && !slices.Contains(into.guests, who) {
			into.guests = append(into.guests, who)
		}
	}
	for _, who := range was.watchers {
		if !slices.Contains(into.watchers, who) {
			into.watchers = append(into.watchers, who)
		}
	}
	if !into.open() && was.open() {
		stage := "requested"
		if into.assignee != "" {
			stage = "in_progress"
		}
		l.move(into, by, stage)
	}
	into.news = into.news || was.news && into.open()
	if into.said.Before(was.said) {
		into.said = was.said
	}
	from.stage, from.moved, from.news, from.archived, from.parent, from.into = "dropped", l.now, false, true, nil, into
	l.wait(from, "")
	if from.closed.IsZero() {
		from.closed = l.now
	}
}

// unmerge has what was taken along go back.
func (l *ledger) unmerge(from *matter) {
	into, was := from.into, from.before
	into.in, into.notes = into.in-was.in, into.notes-was.notes
	into.outs = slices.DeleteFunc(into.outs, func(at time.Time) bool { return slices.ContainsFunc(was.outs, at.Equal) })
	into.calls = slices.DeleteFunc(into.calls, func(at time.Time) bool { return slices.ContainsFunc(was.calls, at.Equal) })
	into.watchers = slices.DeleteFunc(into.watchers, func(who string) bool { return slices.Contains(was.watchers, who) })
	into.guests = slices.DeleteFunc(into.guests, func(who string) bool { return who == was.requester || slices.Contains(was.guests, who) })
	*from = *was
}

// commands are the lines above a technician's words, as technician.md has them.
func (l *ledger) commands(m *matter, by, text string) {
	l.mail(by, "commands", m)
	var words []string
	note, ask, unclear := false, false, strings.Contains(text, "#noet") && !strings.HasSuffix(text, "#noet")
	for line := range strings.SplitSeq(text, "\n") {
		word, arg, _ := strings.Cut(line, " ")
		if note || !strings.HasPrefix(line, "#") {
			if line != "" {
				words = append(words, line)
			}
			continue
		}
		switch word {
		case "#take":
			l.take(m, by)
		case "#assign":
			l.assign(m, by, arg, true)
		case "#priority":
			m.priority = arg
		case "#note":
			note = true
		case "#fix":
			l.fix(m, arg)
		case "#done":
			if unclear { // left undone, since the words were not sent
				break
			}
			if arg != "" {
				m.why = arg
			}
			defer l.move(m, by, "completed") // once the answer has been told
		case "#confirm":
			ask = true
			l.move(m, by, "confirming")
		case "#drop":
			l.move(m, by, "dropped")
		case "#reopen":
			stage := "requested"
			if m.assignee != "" {
				stage = "in_progress"
			}
			l.move(m, by, stage)
		case "#waiting":
			on, _, _ := strings.Cut(arg, " ")
			defer l.wait(m, on)
		case "#summary":
			m.why = arg
		case "#watch":
			m.watchers = append(m.watchers, by)
		case "#cc":
			who, _, _ := strings.Cut(arg, "@")
			m.guests = append(m.guests, who)
		case "#asset":
		case "#repair":
			tag, _, _ := strings.Cut(arg, " ")
			l.orders[tag] = &repair{thing: tag, status: "planned"}
		}
	}
	switch {
	case note:
		m.notes++
	case ask, len(words) > 0 && !unclear:
		l.answers(m)
		if ask {
			m.asked = l.now
		}
	}
}

func (l *ledger) reckonThings(s step) bool {
	switch s.does {
	case "hands over":
		*l.things[s.on] = held{"deployed", s.more}
	case "stows":
		*l.things[s.on] = held{"stowed", ""}
	case "repairs":
		a := l.things[s.more]
		l.orders[s.on] = &repair{thing: s.more, status: "assessed", was: *a}
		a.status = "repair" // its holder keeps it on paper
	case "adds a cost":
		n, _ := strconv.ParseInt(s.more, 10, 64)
		l.orders[s.on].cost += n
	case "ends the repair":
		r := l.orders[s.on]
		was := r.status
		r.status = s.more
		switch {
		case s.more == "written_off":
			*l.things[r.thing] = held{"retired", ""}
		case was == "planned":
		default:
			*l.things[r.thing] = r.was
		}
	default:
		return false
	}
	return true
}
