package mailer

import (
	"fmt"
	"strings"

	"helpdeskd/tracker"
)

// account composes a mail to somebody who signs in: an invitation, a link for
// a new password, or word that the password was changed.
func (r *renderer) account(l *letter, it tracker.OutboxItem, d desk, token string) error {
	if it.Account == nil {
		return fmt.Errorf("the mail does not say what it is about")
	}
	w, about := r.words, it.Account.About
	if !isWebLink(d.publicURL) {
		return fmt.Errorf("the site has no public address to link to")
	}
	site := strings.TrimRight(d.publicURL, "/")
	key := "account." + about + "."
	name := oneLine(it.ToName, 80)
	l.Heading = w.say(key+"heading", d.brand)
	l.Lead = []string{w.say("account.hello", name)}
	switch about {
	case tracker.LinkInvite:
		by := oneLine(it.Account.ByName, 80)
		if by == "" {
			by = d.brand
		}
		l.Lead = append(l.Lead, lines(r.text(d, tracker.TextInvite, map[string]string{"by": by}))...)
		l.Lead = append(l.Lead, w.say(key+"valid"))
		l.Links = []link{{"", w.say(key + "button"), site + "/choose-password?t=" + token}}
	case tracker.LinkReset:
		lead := "lead"
		if it.Account.By != 0 {
			lead = "lead_admin"
		}
		l.Lead = append(l.Lead, strings.Split(w.say(key+lead, d.brand, oneLine(it.Account.ByName, 80)), "\n")...)
		l.Links = []link{{"", w.say(key + "button"), site + "/choose-password?t=" + token}}
	default:
		l.Lead = append(l.Lead, strings.Split(w.say(key+"lead", d.brand), "\n")...)
		l.Links = []link{{"", w.say(key + "button"), site + "/forgot"}}
	}
	l.Preheader = l.Lead[1]
	l.Foot = w.say("account.foot", d.brand)
	return nil
}
