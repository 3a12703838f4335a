package mailer

import (
	"fmt"
	"strings"

	"helpdeskd/tracker"
)

// brief adds what a technician wants to know beside the words: who asks, what
// they have, what is still unknown, and how the like was solved before.
func (r *renderer) brief(l *letter, it tracker.OutboxItem, d desk) {
	b, w := it.Brief, r.words
	if b == nil {
		return
	}
	add := func(key, value string, hot bool) {
		if value != "" {
			l.Facts = append(l.Facts, fact{Label: w.say(key), Value: value, Hot: hot})
		}
	}
	if b.High {
		for i := range l.Facts {
			if l.Facts[i].Label == w.say("notify.client") {
				l.Facts[i].Value += " · " + w.say("notify.high")
			}
		}
	}
	add("notify.department", oneLine(b.Department, 100), false)
	add("notify.phone", oneLine(b.Phone, 60), false)
	if b.Suggested != "" {
		value := strings.ReplaceAll(b.Suggested, "*", "★")
		if reason := oneLine(b.Reason, 200); reason != "" {
			value = w.say("notify.suggested_as", value, reason)
		}
		add("notify.suggested", value, strings.HasSuffix(b.Suggested, "*"))
	}
	if b.Waiting != "" {
		add("notify.waiting", w.say("notify.waiting."+b.Waiting), false)
	}
	if b.Deadline != 0 {
		at := b.Deadline.Time().In(r.zone)
		value, late := at.Format(w.say("date")), at.Before(r.now())
		if late {
			value = w.say("notify.overdue", value)
		}
		add("notify.deadline", value, late)
	}
	add("notify.held", strings.Join(clean(b.Held, 100), ", "), false)
	var unknown []string
	for _, i := range b.Unknown {
		key := "fact." + string(i)
		if word := w.say(key); word != key {
			unknown = append(unknown, word)
		}
	}
	add("notify.unknown", strings.Join(unknown, ", "), false)
	for _, x := range b.Similar {
		l.Before = append(l.Before, fact{Label: w.say("notify.similar", tracker.TicketName(x.Number), oneLine(x.Subject, 120)), Value: oneLine(x.Fix, 320)})
	}
	if len(l.Before) > 0 {
		l.BeforeName = w.say("notify.before")
	}
}

// digestSubject says how much there is.
func (r *renderer) digestSubject(it tracker.OutboxItem) string {
	if it.Daily == nil {
		return r.words.say("digest.heading")
	}
	return r.words.say("digest.subject", it.Daily.MineN, it.Daily.FreeN)
}

// digest shows a technician's tickets, and those that nobody has.
func (r *renderer) digest(l *letter, it tracker.OutboxItem, d desk) error {
	w := r.words
	if it.Daily == nil {
		return fmt.Errorf("the digest tells of nothing")
	}
	l.Heading = w.say("digest.heading")
	l.Lead = []string{w.say("digest.lead", it.Daily.MineN, it.Daily.FreeN)}
	if it.Daily.Answered+it.Daily.Done > 0 {
		l.Lead = append(l.Lead, w.say("digest.since", it.Daily.Answered, it.Daily.Done))
	}
	for _, g := range []struct {
		key  string
		list []tracker.DigestTicket
		n    int
	}{{"digest.mine", it.Mine, it.Daily.MineN}, {"digest.free", it.Free, it.Daily.FreeN}} {
		if len(g.list) == 0 {
			continue
		}
		var rows []string
		for _, t := range g.list {
			rows = append(rows, r.digestLine(t, d))
		}
		if more := g.n - len(g.list); more > 0 {
			rows = append(rows, w.say("digest.more", more))
		}
		l.Groups = append(l.Groups, group{Name: w.say(g.key), Lines: paragraphs(strings.Join(rows, "\n\n"))})
	}
	if isWebLink(d.publicURL) {
		l.Links = []link{{"", w.say("digest.open"), strings.TrimRight(d.publicURL, "/") + "/"}}
	}
	l.Preheader = l.Lead[0]
	l.Foot = w.say("digest.foot", d.brand)
	return nil
}

// digestLine is one ticket: its number, priority, subject, client and what is
// to be seen of it, and where the site shows it.
func (r *renderer) digestLine(t tracker.DigestTicket, d desk) string {
	w := r.words
	level := fmt.Sprint(t.Level)
	if t.Star {
		level += "★"
	}
	who := oneLine(t.ClientName, 60)
	if who == "" {
		who = w.say("digest.unknown")
	}
	subject := oneLine(t.Subject, 120)
	if subject == "" {
		subject = w.say("no_subject")
	}
	line := w.say("digest.line", tracker.TicketName(t.Number), level, subject, who)
	notes := []string{w.say("stage." + string(t.Stage))}
	if t.News {
		notes = append(notes, w.say("digest.news"))
	}
	if t.Waiting != "" {
		notes = append(notes, w.say("digest.waits."+t.Waiting))
	}
	if t.Deadline != 0 {
		at, key := t.Deadline.Time().In(r.zone), "digest.due"
		if at.Before(r.now()) {
			key = "digest.late"
		}
		notes = append(notes, w.say(key, at.Format(w.say("digest.day"))))
	}
	line += "\n" + strings.Join(notes, " · ")
	if isWebLink(d.publicURL) {
		line += fmt.Sprintf("\n%s/tickets/%d", strings.TrimRight(d.publicURL, "/"), t.Number)
	}
	return line
}
