package web

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// clientForm reads what a visitor wrote anywhere on the page, which is one
// form, and what to show again if it can not be taken. Its error is that they
// send too much, or of a file.
func (s *site) clientForm(r *http.Request, v visit) (in tracker.ClientSays, fills []tracker.ClientFill, back clientView, err error) {
	in = tracker.ClientSays{Text: r.PostFormValue("text"), Once: r.PostFormValue("once"), IP: s.clientIP(r)}
	back = clientView{visit: v, Text: in.Text, Why: r.PostFormValue("why"), Filled: map[tracker.FactItem]string{}}
	for _, i := range tracker.Checklist() {
		if text := r.PostFormValue(fillField(i)); strings.TrimSpace(text) != "" && i != tracker.FactWho {
			back.Filled[i] = text
			fills = append(fills, tracker.ClientFill{Item: i, Question: s.words.say("ask.q." + string(i)), Text: text})
		}
	}
	if r.MultipartForm == nil || len(r.MultipartForm.File["files"]) == 0 {
		return in, fills, back, nil
	}
	if err := s.store.GuestSends(r.Context(), v.Guest, in.IP); err != nil {
		return in, fills, back, err
	}
	for _, h := range r.MultipartForm.File["files"] {
		if h.Filename == "" && h.Size == 0 {
			continue
		}
		f, err := s.upload(r, h)
		if err != nil {
			return in, fills, back, err
		}
		in.Files = append(in.Files, f)
	}
	return in, fills, back, nil
}

// backToClient shows the page again with what was typed and why it was not
// saved. Errors that the visitor cannot mend are returned.
func (s *site) backToClient(w http.ResponseWriter, r *http.Request, c clientView, field string, err error) error {
	status := kindStatus[migrations.KindOf(err)]
	switch migrations.KindOf(err) {
	case migrations.Invalid, migrations.Conflict:
	case migrations.Temporary:
		if migrations.SafeMessage(err) == "" {
			return err
		}
		status = http.StatusTooManyRequests
	default:
		return err
	}
	c.Bad = problems{field: migrations.SafeMessage(err)}
	return s.showClient(w, r, status, c)
}

// sayClient takes answers to what the visitor was asked, words and files.
func (s *site) sayClient(w http.ResponseWriter, r *http.Request, v visit) error {
	in, fills, back, err := s.clientForm(r, v)
	if err != nil {
		return s.backToClient(w, r, back, "text", err)
	}
	in.Reopen = r.PostFormValue("open") == "again"
	switch {
	case len(fills) > 0:
		if _, err := s.store.GuestFills(r.Context(), v.Guest, fills, in); err != nil {
			return s.backToClient(w, r, back, cmp.Or(migrations.FieldOf(err), "fill"), err)
		}
		return seeOther(w, r, v.Base+"?done=filled")
	case r.PostFormValue("do") == "fill" && strings.TrimSpace(in.Text) == "" && len(in.Files) == 0:
		return s.backToClient(w, r, back, "fill", migrations.Invalidf("%s", s.words.say("client.asked_for_none")))
	case in.Reopen && strings.TrimSpace(in.Text) == "":
		return s.backToClient(w, r, back, "text", migrations.Invalidf("%s", s.words.say("client.again_why")))
	}
	was, err := s.store.TicketByID(r.Context(), v.TicketID)
	if err != nil {
		return err
	}
	t, err := s.store.GuestSays(r.Context(), v.Guest, in)
	if err != nil {
		return s.backToClient(w, r, back, "text", err)
	}
	done := "said"
	switch {
	case t.Stage == tracker.Completed && was.Stage == tracker.Confirming:
		done = "yes"
	case t.Stage.Closed():
		done = "kept"
	case was.Stage.Closed():
		done = "again"
	}
	return seeOther(w, r, v.Base+"?done="+done)
}

// askedLines are the questions of the page: what was asked and is unknown, and
// whatever was typed to one that somebody has answered meanwhile.
func (s *site) askedLines(c *clientView) (lines []askedLine) {
	for _, i := range tracker.Checklist() {
		if i == tracker.FactWho || !slices.Contains(c.ClientPage.Asked, i) && c.Filled[i] == "" {
			continue
		}
		lines = append(lines, askedLine{Field: fillField(i), Question: s.words.say("ask.q." + string(i)), Text: c.Filled[i], Problem: c.Bad[string(i)]})
	}
	return lines
}

func fillField(i tracker.FactItem) string { return "answer_" + string(i) }

// answerClient is yes or no to the question whether it is fixed.
func (s *site) answerClient(w http.ResponseWriter, r *http.Request, v visit) error {
	solved := r.PostFormValue("solved")
	if solved != "yes" && solved != "no" {
		return errForm
	}
	in, _, back, err := s.clientForm(r, v)
	if back.Solved = solved; err != nil {
		return s.backToClient(w, r, back, "why", err)
	}
	in.Text = strings.TrimSpace(back.Why + "\n\n" + in.Text)
	if _, err := s.store.GuestAnswers(r.Context(), v.Guest, solved == "yes", s.words.say("client.no_words"), in); err != nil {
		return s.backToClient(w, r, back, "why", err)
	}
	return seeOther(w, r, v.Base+"?done="+solved)
}

// rateClient records how it was.
func (s *site) rateClient(w http.ResponseWriter, r *http.Request, v visit) error {
	score, _ := strconv.ParseInt(r.PostFormValue("score"), 10, 64) // 0 is none of them
	note := r.PostFormValue("comment")
	if err := s.store.Rate(r.Context(), v.Guest, score, note, s.clientIP(r)); err != nil {
		return s.backToClient(w, r, clientView{visit: v, Score: r.PostFormValue("score"), Note: note}, "rate", err)
	}
	return seeOther(w, r, v.Base+"?done=rated")
}
