package mailer

import (
	"fmt"
	"strings"
	"time"

	"helpdeskd/tracker"
)

// remind tells a client that we wait for them, with what we asked last. Nothing
// that anybody else wrote is in it.
func (r *renderer) remind(l *letter, it tracker.OutboxItem, d desk) {
	w := r.words
	l.Personal = true
	l.Preheader = w.say("remind.preheader", l.Tag)
	l.Said = paragraphs(r.text(d, tracker.TextRemind, map[string]string{"ticket": l.Tag, "name": who(it.ToName, it.RequesterName)}))
	name := oneLine(it.AssigneeName, 80)
	l.Sign = lines(r.text(d, tracker.TextSignature, map[string]string{"technician": name}))
	if m := it.Message; m != nil && m.Direction == "out" && strings.TrimSpace(m.Body) != "" {
		body, short := cut(cleanText(m.Body), maxQuote)
		if short {
			body += "\n" + w.say("reply.quote_cut")
		}
		l.Quote = &quote{w.say("reply.quote", m.At.Time().In(r.zone).Format(w.say("date")), who(m.FromName, m.FromAddress)), paragraphs(body)}
	}
	l.Foot = w.say("remind.foot", d.brand, l.Tag)
}

// due tells somebody who works what was missed, or waits for long. A mail of
// several tickets names them by their numbers alone, so that deleting one needs
// not look for its words in it.
func (r *renderer) due(l *letter, it tracker.OutboxItem, d desk) error {
	w := r.words
	n := len(it.Due) + it.DueMore
	if n == 0 {
		return fmt.Errorf("the mail names no ticket")
	}
	if n == 1 {
		x := it.Due[0]
		l.Heading = w.say("due.heading."+x.What, l.Tag)
		l.Lead = []string{r.dueLine("due.one.", x)}
		l.Facts = []fact{{Label: w.say("notify.ticket"), Value: l.Tag + " · " + oneLine(it.TicketSubject, 200)},
			{Label: w.say("notify.client"), Value: named(it.RequesterName, it.RequesterAddress)},
			{Label: w.say("notify.priority"), Value: w.priority(it), Hot: it.Star}}
		if u := ticketURL(d, it); u != "" {
			l.Links = []link{{"", w.say("notify.open", l.Tag), u}}
		}
	} else {
		l.Heading = w.say("due.heading.many", n)
		l.Lead = []string{w.say("due.many")}
		for _, x := range it.Due {
			l.Facts = append(l.Facts, fact{Label: tracker.TicketName(x.Number), Value: w.say("due.priority", strings.ReplaceAll(x.Priority, "*", "★")) + " · " + r.dueLine("due.line.", x), Hot: x.Priority == "3*"})
		}
		if it.DueMore > 0 {
			l.More = []string{w.say("due.more", it.DueMore)}
		}
		if isWebLink(d.publicURL) {
			l.Links = []link{{"", w.say("due.open"), strings.TrimRight(d.publicURL, "/") + dueList(it.Due)}}
		}
	}
	l.Preheader = l.Lead[0]
	l.Foot = w.say("notice.foot", d.brand)
	return nil
}

// dueList is the list that shows what a mail tells of.
func dueList(due []tracker.DueItem) string {
	for _, x := range due {
		if x.What != tracker.LateVendor && x.What != tracker.QuietWait {
			return "/tickets?due=overdue&sort=due"
		}
	}
	return "/tickets?sort=due"
}

func (r *renderer) dueLine(key string, x tracker.DueItem) string {
	at := x.At.Time().In(r.zone)
	format := "date"
	if x.What == tracker.LateVendor {
		format = "due.day"
	}
	return r.words.say(key+x.What, at.Format(r.words.say(format)), max(int(r.now().Sub(at)/(24*time.Hour)), 1))
}
