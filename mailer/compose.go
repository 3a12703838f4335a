package mailer

import (
	"fmt"
	"strings"

	"helpdeskd/tracker"
)

// How much of a message goes into a mail, in bytes: a notification shows
// what one reads at a glance, a quote reminds.
const (
	maxSaid  = 40 << 10
	maxQuote = 8 << 10
)

// letter composes the content of a mail by its kind. The token is for the link
// of a mail to an account.
func (r *renderer) letter(it tracker.OutboxItem, d desk, token string) (letter, error) {
	l := letter{Lang: r.words.say("language"), Brand: d.brand, Tag: number(it)}
	switch it.Kind {
	case tracker.MailAck:
		r.ack(&l, it, d)
	case tracker.MailReply:
		if it.Message == nil {
			return l, fmt.Errorf("the reply has no message")
		}
		r.reply(&l, it, d)
	case tracker.MailNotify:
		if it.Message == nil {
			return l, fmt.Errorf("the notification has no message")
		}
		r.notify(&l, it, d)
	case tracker.MailNotice:
		r.notice(&l, it, d)
	case tracker.MailRemind:
		r.remind(&l, it, d)
	case tracker.MailDue:
		return l, r.due(&l, it, d)
	case tracker.MailDigest:
		return l, r.digest(&l, it, d)
	case tracker.MailCommands:
		r.commands(&l, it, d)
	case tracker.MailAccount:
		return l, r.account(&l, it, d, token)
	case tracker.MailCode:
		r.code(&l, d, token)
	case tracker.MailClosed:
		r.closed(&l, d)
	default:
		return l, fmt.Errorf("there is no mail of kind %q", it.Kind)
	}
	r.pageOf(&l, it, d)
	return l, nil
}

// ack composes an acknowledgement. Nothing that the sender wrote is in it.
func (r *renderer) ack(l *letter, it tracker.OutboxItem, d desk) {
	w := r.words
	l.Heading = w.say("ack.heading")
	l.Preheader = w.say("ack.preheader", l.Tag)
	key := tracker.TextAckOutside
	if it.Ack != nil && it.Ack.EchoSubject {
		key = tracker.TextAckInside
	}
	l.Lead = lines(r.text(d, key, map[string]string{"ticket": l.Tag}))
	if opening := r.opening(d); opening != "" {
		l.Lead = append(l.Lead, lines(r.text(d, tracker.TextAckClosed, map[string]string{"opening": opening}))...)
	}
	if it.Ack != nil && it.Ack.AskQuestions {
		l.Ask = w.say("ack.questions")
		missing := it.Ack.Missing
		if len(missing) == 0 {
			missing = tracker.Missing(nil)
		}
		for _, i := range missing {
			if key := askFor(i); key != "" {
				l.Questions = append(l.Questions, w.say(key))
			}
		}
		if isWebLink(d.formLink) {
			l.Links = []link{{w.say("ack.form"), w.say("ack.form_button"), d.formLink}}
		}
	} else {
		l.More = []string{w.say("ack.more")}
	}
	l.Foot = w.say("ack.foot", l.Tag)
}

// askFor is the words' key of the question for something that is missing.
func askFor(i tracker.FactItem) string {
	switch i {
	case tracker.FactWhat:
		return "ack.q1"
	case tracker.FactDoing:
		return "ack.q2"
	case tracker.FactRepeat:
		return "ack.q3"
	case tracker.FactWhen:
		return "ack.q4"
	case tracker.FactEffect:
		return "ack.q5"
	case tracker.FactAsset:
		return "ack.q6"
	}
	return ""
}

// reply composes a technician's words as the plain mail of a person.
func (r *renderer) reply(l *letter, it tracker.OutboxItem, d desk) {
	w := r.words
	l.Personal = true
	body := it.Message.Body
	if hello := r.text(d, tracker.TextGreeting, map[string]string{"name": addressee(it)}); hello != "" {
		body = hello + "\n\n" + body
	}
	l.Said = paragraphs(body)
	if it.Stage == "confirming" {
		l.More = lines(r.text(d, tracker.TextConfirm, map[string]string{"ticket": l.Tag}))
		switch {
		case d.silentDays == 1:
			l.More = append(l.More, w.say("reply.confirm_day"))
		case d.silentDays > 1:
			l.More = append(l.More, w.say("reply.confirm_days", d.silentDays))
		}
	}
	name := oneLine(it.Message.FromName, 80)
	switch own := lines(r.own(d, it.Message.Signature, name)); {
	case len(own) > 0:
		l.Sign = own
	case name != "":
		l.Sign = []string{name}
	}
	l.Sign = append(l.Sign, lines(r.text(d, tracker.TextSignature, map[string]string{"technician": name}))...)
	l.Foot = w.say("reply.foot", d.brand, l.Tag)
	if q := it.Quoted; q != nil && strings.TrimSpace(q.Body) != "" {
		body, short := cut(cleanText(q.Body), maxQuote)
		if short {
			body += "\n" + w.say("reply.quote_cut")
		}
		author := who(q.FromName, q.FromAddress)
		if client := who(it.ToName, it.ToAddress); q.Form != nil && client != "" {
			author = client // the person, whose words alone are quoted, rather than the form
		}
		l.Quote = &quote{w.say("reply.quote", q.At.Time().In(r.zone).Format(w.say("date")), author), paragraphs(body)}
	}
}

// addressee is whom a mail greets: the requester too where only their ticket
// knows the name, but nobody else by that.
func addressee(it tracker.OutboxItem) string {
	name := it.ToName
	if it.ClientID == it.RequesterID || it.ClientID == 0 {
		name = who(name, it.RequesterName)
	}
	return oneLine(name, 80)
}

// notify tells a technician what somebody wrote.
func (r *renderer) notify(l *letter, it tracker.OutboxItem, d desk) {
	w, m := r.words, it.Message
	author := who(m.FromName, m.FromAddress)
	client := who(it.RequesterName, it.RequesterAddress)
	switch {
	case m.Direction == "out":
		l.Heading = w.say("notify.colleague", author)
	case len(it.References) == 0:
		if client != "" {
			author = client // of a form, the person rather than the robot
		}
		l.Heading = w.say("notify.new", author)
	default:
		l.Heading = w.say("notify.wrote", author)
	}
	assignee := oneLine(it.AssigneeName, 80)
	if assignee == "" {
		assignee = w.say("notify.nobody")
	}
	l.Facts = []fact{
		{Label: w.say("notify.ticket"), Value: l.Tag + " · " + oneLine(it.TicketSubject, 200)},
		{Label: w.say("notify.client"), Value: named(it.RequesterName, it.RequesterAddress)},
	}
	if it.ForName != "" {
		l.Facts = append(l.Facts, fact{Label: w.say("notify.for"), Value: oneLine(it.ForName, 80)})
	}
	l.Facts = append(l.Facts, []fact{
		{Label: w.say("notify.priority"), Value: w.priority(it), Hot: it.Star},
		{Label: w.say("notify.stage"), Value: w.say("stage." + it.Stage)},
		{Label: w.say("notify.assignee"), Value: assignee},
	}...)
	r.said(l, m)
	_, left := toSee(it)
	for i, a := range m.Attachments {
		file := fmt.Sprintf("%s (%s)", oneLine(a.Name, 80), w.size(a.Size))
		if left[i] { // others are in the mail
			file = w.say("notify.file_there", file)
		}
		l.Files = append(l.Files, file)
	}
	l.FilesName = w.say("notify.files")
	if it.RequesterAddress == "" {
		l.More = []string{w.say("notify.answer_unknown")}
	} else {
		l.More = []string{w.say("notify.answer", client, it.RequesterAddress)}
	}
	if u := ticketURL(d, it); u != "" {
		l.Links = []link{{"", w.say("notify.open", l.Tag), u}}
	}
	l.Preheader = firstLine(l.Said)
	r.brief(l, it, d)
	l.More = append(l.More, w.say("notify.commands"))
	l.Foot = w.say("notify.foot", d.brand)
}

// said shows the new message: a form's answers, or its text.
func (r *renderer) said(l *letter, m *tracker.OutMessage) {
	if m.Form != nil && len(m.Form.Answers) > 0 {
		for _, a := range m.Form.Answers {
			value, _ := cut(strings.TrimSpace(cleanText(a.Answer)), maxSaid/10)
			for _, f := range a.Files {
				value = strings.TrimSpace(value + "\n" + oneLine(f.Name, 80))
			}
			if value == "" {
				value = "–"
			}
			l.Answers = append(l.Answers, fact{Label: oneLine(a.Question, 200), Value: value})
		}
		return
	}
	body, short := cut(cleanText(m.Body), maxSaid)
	if strings.TrimSpace(body) == "" {
		body = r.words.say("notify.empty")
	}
	if short {
		l.SaidNote = r.words.say("notify.cut")
	}
	l.Said = paragraphs(body)
}

// notice tells a technician something that the desk itself has to say.
func (r *renderer) notice(l *letter, it tracker.OutboxItem, d desk) {
	w := r.words
	l.Heading = w.say("notice.heading", l.Tag)
	if l.Tag == "" {
		l.Heading = w.say("notice.heading_desk")
	}
	text := strings.TrimSpace(cleanText(it.Notice))
	l.Lead = strings.Split(text, "\n")
	l.Preheader = l.Lead[0]
	if it.TicketNumber != 0 {
		l.Facts = []fact{{Label: w.say("notify.ticket"), Value: l.Tag + " · " + oneLine(it.TicketSubject, 200)}}
		if it.RequesterAddress != "" {
			l.Facts = append(l.Facts, fact{Label: w.say("notify.client"), Value: named(it.RequesterName, it.RequesterAddress)})
		}
	}
	if it.Message != nil {
		r.said(l, it.Message)
	}
	if u := ticketURL(d, it); u != "" {
		l.Links = []link{{"", w.say("notify.open", l.Tag), u}}
	}
	l.Foot = w.say("notice.foot", d.brand)
}

// priority returns a priority's number and words.
func (w words) priority(it tracker.OutboxItem) string {
	switch {
	case it.Star:
		return w.say("priority.star")
	case it.TriagedAt == 0:
		return w.say("priority.none")
	}
	return w.say(fmt.Sprintf("priority.%d", it.Level))
}

// size returns a length in bytes as people read it.
func (w words) size(n int64) string {
	switch {
	case n >= 1<<20:
		return w.say("units.mb", fmt.Sprintf("%.1f", float64(n)/(1<<20)))
	case n >= 1<<10:
		return w.say("units.kb", n>>10)
	}
	return w.say("units.b", n)
}

// who returns a person's name, or the address where there is none.
func who(name, address string) string {
	if n := oneLine(name, 80); n != "" {
		return n
	}
	return oneLine(address, 254)
}

// named returns name and address.
func named(name, address string) string {
	n, a := oneLine(name, 80), oneLine(address, 254)
	switch {
	case n == "" || n == a:
		return a
	case a == "":
		return n
	}
	return n + " · " + a
}

func firstLine(ps []para) string {
	if len(ps) == 0 || len(ps[0].Lines) == 0 {
		return ""
	}
	return oneLine(plain([]para{{ps[0].Lines[:1]}}), 120)
}

func isWebLink(s string) bool {
	return (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) && !strings.ContainsAny(s, " \r\n\t<>\"")
}

// ticketURL returns where the site shows the ticket, "" where it has no public address.
func ticketURL(d desk, it tracker.OutboxItem) string {
	if !isWebLink(d.publicURL) || it.TicketNumber == 0 {
		return ""
	}
	return fmt.Sprintf("%s/tickets/%d", strings.TrimRight(d.publicURL, "/"), it.TicketNumber)
}
