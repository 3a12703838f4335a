package mailer

import (
	"strings"

	"helpdeskd/tracker"
)

// commands tells a technician line by line what became of the commands in
// their mail, and what of it went to the client.
func (r *renderer) commands(l *letter, it tracker.OutboxItem, d desk) {
	w, c := r.words, it.Commands
	if c == nil {
		c = &tracker.CommandAnswer{}
	}
	done, left := 0, 0
	for _, line := range c.Lines {
		says := w.did(line)
		if says == "" {
			continue
		}
		if line.Done == "" {
			left++
		} else {
			done++
		}
		l.Answers = append(l.Answers, fact{Label: oneLine(line.Line, 200), Value: says, Hot: line.Done == ""})
	}
	switch {
	case c.Unsent:
		l.Heading = w.say("did.heading_unsent", l.Tag)
	case left > 0 && done == 0:
		l.Heading = w.say("did.heading_none", l.Tag)
	case left > 0:
		l.Heading = w.say("did.heading_some", l.Tag)
	default:
		l.Heading = w.say("did.heading", l.Tag)
	}
	l.Lead = []string{w.whatWent(c)}
	l.Preheader = l.Lead[0]
	if it.Message != nil && c.Unsent {
		r.said(l, it.Message)
	}
	assignee := oneLine(it.AssigneeName, 80)
	if assignee == "" {
		assignee = w.say("notify.nobody")
	}
	l.Facts = []fact{
		{Label: w.say("notify.ticket"), Value: l.Tag + " · " + oneLine(it.TicketSubject, 200)},
		{Label: w.say("notify.client"), Value: named(it.RequesterName, it.RequesterAddress)},
		{Label: w.say("notify.priority"), Value: w.priority(it), Hot: it.Star},
		{Label: w.say("notify.stage"), Value: w.say("stage." + it.Stage)},
		{Label: w.say("notify.assignee"), Value: assignee},
	}
	if c.Help {
		l.More = append(l.More, w.help()...)
	} else if left > 0 || c.Unsent {
		l.More = append(l.More, w.say("did.more_help"))
	}
	if u := ticketURL(d, it); u != "" {
		l.Links = []link{{"", w.say("notify.open", l.Tag), u}}
	}
	l.Foot = w.say("did.foot", d.brand)
}

// did says what became of one command, "" for what needs no word.
func (w words) did(line tracker.CommandLine) string {
	args := make([]any, len(line.Args))
	for i, a := range line.Args {
		args[i] = oneLine(a, 300)
	}
	switch {
	case line.Done == "stage":
		return w.say("did.stage", w.say("stage."+line.Args[0]))
	case line.Done != "":
		return w.say("did."+line.Done, args...)
	case line.Problem != "":
		return w.say("did.problem", cleanText(line.Problem))
	case line.Nearest != "":
		return w.say("did.nearest", line.Nearest)
	}
	return w.say("did.unknown")
}

// whatWent says what of a mail with commands went to the client.
func (w words) whatWent(c *tracker.CommandAnswer) string {
	switch {
	case len(c.Sent) > 0:
		return w.say("did.sent", strings.Join(clean(c.Sent, 80), ", "))
	case c.Unsent && c.Unclear != "":
		return w.say("did.unsent."+c.Unclear, oneLine(c.At, 200))
	case c.Unsent:
		return w.say("did.unsent", cleanText(c.Why))
	case c.Asked:
		return w.say("did.asked")
	}
	return w.say("did.nothing_sent")
}

// help is the list of commands, a line each.
func (w words) help() []string { return lines(w.say("did.help")) }

// clean returns names for a line, each at most max bytes.
func clean(list []string, max int) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = oneLine(s, max)
	}
	return out
}
