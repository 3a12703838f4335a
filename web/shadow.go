package web

import (
	"net/http"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// shadowView is the page of a mailbox in shadow mode: what would have been
// done to each of its mails, and how to switch it on.
type shadowView struct {
	Box   tracker.Mailbox
	Sum   []countView
	All   int
	Acks  int
	Mails []shadowMail
	More  string
	May   bool // switch it on
}

// shadowMail is one of its mails.
type shadowMail struct {
	tracker.ShadowMail
	Would    string // in words
	Priority string // the suggested one, for a new ticket
}

func (s *site) shadow(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	v := shadowView{May: tracker.May(*accountOf(r.Context()), tracker.EditSettings)}
	if v.Box, err = s.store.KnownMailbox(r.Context(), id); err != nil {
		return err
	}
	fates, acks, all, err := s.store.ShadowCounts(r.Context(), id)
	if err != nil {
		return err
	}
	v.Acks, v.All = acks, all
	for _, c := range fates {
		v.Sum = append(v.Sum, countView{Word: s.words.say("would." + c.What), N: c.N, Bad: c.N > 0 && c.What == tracker.FateQuarantine})
	}
	list, more, err := s.store.ShadowMails(r.Context(), id, before, 50)
	if err != nil {
		return err
	}
	for _, m := range list {
		v.Mails = append(v.Mails, s.shadowMail(m))
	}
	if more != 0 {
		v.More = "/mail/shadow/" + strconv.FormatInt(id, 10) + "?before=" + strconv.FormatInt(more, 10)
	}
	return s.render(w, r, http.StatusOK, "shadow", view{Title: s.words.say("shadow.title", v.Box.Name), Section: "mail", Live: true, Data: v})
}

func (s *site) shadowMail(m tracker.ShadowMail) shadowMail {
	v := shadowMail{ShadowMail: m, Would: s.words.say("would." + m.Would.Fate)}
	switch {
	case m.Would.Fate == tracker.FateNew:
		v.Priority = s.priority(int64(m.Would.Level), m.Would.Star).Long
	case m.Would.Ticket == 0 && m.Would.Behind != 0:
		v.Would = s.words.say("shadow.behind_"+m.Would.Fate, m.Would.Subject)
	}
	return v
}

// endShadow switches a mailbox on, for good.
func (s *site) endShadow(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.store.KnownMailbox(r.Context(), id); err != nil {
		return err
	}
	if r.PostFormValue("sure") != "1" {
		return migrations.Invalidf("%s", s.words.say("shadow.not_sure"))
	}
	n, err := s.store.EndShadow(r.Context(), actorOf(r), id, tracker.ShadowEnd(r.PostFormValue("how")))
	if err != nil {
		return err
	}
	s.flash(r, "shadow.switched", n)
	return seeOther(w, r, "/mail")
}
