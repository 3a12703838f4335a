package mailer

import "helpdeskd/tracker"

// pageOf adds the way to the recipient's own page: as two buttons where they
// are asked whether all is solved, as three where they are asked how it was,
// else as a link. What is behind them asks once more, since programs that look
// at links in mails open them too.
func (r *renderer) pageOf(l *letter, it tracker.OutboxItem, d desk) {
	w := r.words
	if d.page == "" {
		return
	}
	switch {
	case it.Kind == tracker.MailClosed:
		l.Choices = []link{{"", w.say("closed.good"), d.page + "?rate=3"}, {"", w.say("closed.soso"), d.page + "?rate=2"}, {"", w.say("closed.bad"), d.page + "?rate=1"}}
		l.Page = &link{w.say("page.wrong"), w.say("page.see"), d.page}
	case it.Stage == "confirming" && it.Kind == tracker.MailReply:
		l.Choices = []link{{"", w.say("page.yes"), d.page + "?solved=yes"}, {"", w.say("page.no"), d.page + "?solved=no"}}
	default:
		l.Page = &link{w.say("page.lead"), w.say("page.see"), d.page}
	}
}

// closed says that a request is completed, and asks how it was. Nothing that
// anybody wrote is in it.
func (r *renderer) closed(l *letter, d desk) {
	w := r.words
	l.Heading = w.say("closed.heading")
	l.Lead = []string{w.say("closed.lead", l.Tag)}
	l.Preheader = l.Lead[0]
	if d.page != "" {
		l.Ask = w.say("closed.ask")
	}
	l.Foot = w.say("closed.foot", l.Tag)
}

// code gives somebody the code by which they prove their address.
func (r *renderer) code(l *letter, d desk, code string) {
	w := r.words
	l.Heading = w.say("code.heading", code[:4], code[4:])
	l.Lead = lines(w.say("code.lead", d.brand))
	l.Preheader = l.Lead[0]
	l.Foot = w.say("account.foot", d.brand)
}
