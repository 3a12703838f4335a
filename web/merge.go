package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// mergeView is the page that shows what merging a ticket would do.
type mergeView struct {
	T, Into tracker.Ticket // Into without a number: not chosen yet
	Text    string         // of the picker
	Problem string
	Goes    []string // what goes there, in words
	Joins   []string // who takes part there then
	Reopens bool
	Tell    bool
	MayTell bool   // somebody can be written to
	Words   string // what they are told
}

// mergePage asks which ticket another is a duplicate of, and shows what
// merging does before it happens.
func (s *site) mergePage(w http.ResponseWriter, r *http.Request) error {
	into, err := tracker.ParseTicketName(r.URL.Query().Get("into"))
	if err != nil {
		into = 0
	}
	return s.mergeForm(w, r, http.StatusOK, mergeView{Tell: true}, into)
}

func (s *site) mergeForm(w http.ResponseWriter, r *http.Request, status int, v mergeView, into int64) error {
	ctx := r.Context()
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	talk, err := s.store.Conversation(ctx, number, 0)
	if err != nil {
		return s.tombstone(w, r, number, err)
	}
	v.T = talk.Ticket
	if v.T.MergedIntoID != 0 {
		return seeOther(w, r, ticketPath(number))
	}
	if into != 0 && into != number {
		v.Into, err = s.store.LeadOn(ctx, into)
		if err != nil && migrations.KindOf(err) != migrations.Invalid {
			return err
		}
		if err != nil {
			v.Problem, v.Text = migrations.SafeMessage(err), tracker.TicketName(into)
		}
	}
	if v.Into.Number != 0 {
		if err := s.mergeEffect(ctx, &v, &talk); err != nil {
			return err
		}
	}
	return s.render(w, r, status, "merge", view{Title: s.words.say("merge.title", v.T.Name()), Section: "tickets", Data: &v})
}

// mergeEffect words what merging would do.
func (s *site) mergeEffect(ctx context.Context, v *mergeView, talk *tracker.Conversation) error {
	d, err := s.store.Doomed(ctx, v.T.ID)
	if err != nil {
		return err
	}
	v.Goes = s.counted(tracker.Count{What: "talk", N: d.Messages}, tracker.Count{What: "notes", N: d.Notes}, tracker.Count{What: "attached", N: d.Files}, tracker.Count{What: "unsent_about", N: d.Unsent}, tracker.Count{What: "held_about", N: d.Held})
	v.Reopens = v.Into.Stage.Closed() && !v.T.Stage.Closed()
	other, err := s.store.Conversation(ctx, v.Into.Number, 0)
	if err != nil {
		return err
	}
	known := map[int64]bool{v.Into.ClientID: true}
	for _, p := range other.Participants {
		known[p.ClientID] = true
	}
	if v.T.ClientID != 0 && !known[v.T.ClientID] {
		v.Joins = append(v.Joins, v.T.ClientName)
	}
	for _, p := range talk.Participants {
		if !known[p.ClientID] {
			v.Joins = append(v.Joins, p.Name)
		}
	}
	if v.MayTell = v.T.ClientAddress != "" || len(talk.Participants) > 0; v.MayTell && v.Words == "" {
		v.Words = s.words.say("merge.hello", greeted(v.T.ClientName, v.T.ClientAddress)) + "\n\n" + s.words.say("merge.words", v.T.Name(), v.Into.Name())
	}
	return nil
}

// greeted is how a letter greets somebody: by the name, where there is one.
func greeted(name, address string) string {
	if n := nameUnless(name, address); n != "" {
		return " " + n
	}
	return ""
}

// mergeTicket merges a ticket into the one with the number "into". With a
// picker's "target" it goes to the page that shows what this does.
func (s *site) mergeTicket(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	v := mergeView{Tell: r.PostFormValue("tell") == "1", Words: r.PostFormValue("letter")}
	if r.PostForm.Has("target") || r.PostForm.Has("target_text") {
		return s.mergeTarget(w, r, number, v)
	}
	into, err := tracker.ParseTicketName(r.PostFormValue("into"))
	if err != nil {
		v.Problem = s.words.say("merge.nothing")
		return s.mergeForm(w, r, http.StatusUnprocessableEntity, v, 0)
	}
	m := tracker.Merging{From: number, Into: into, Version: tracker.AnyVersion}
	if seen := r.PostFormValue("seen"); seen != "" {
		if m.Version, err = formInt(r, "seen"); err != nil {
			return err
		}
	}
	if v.Tell {
		if m.Tell = v.Words; strings.TrimSpace(m.Tell) == "" {
			v.Problem = s.words.say("merge.no_words")
			return s.mergeForm(w, r, http.StatusUnprocessableEntity, v, into)
		}
	}
	t, err := s.store.MergeTelling(r.Context(), actorOf(r), m)
	if k := migrations.KindOf(err); err != nil && (k == migrations.Invalid || k == migrations.Conflict) {
		v.Problem = migrations.SafeMessage(err)
		return s.mergeForm(w, r, kindStatus[k], v, into)
	}
	if err != nil {
		return err
	}
	s.flashUndo(r, ticketPath(number)+"/unmerge", nil, "flash.merged", tracker.TicketName(number), t.Name())
	return seeOther(w, r, ticketPath(t.Number))
}

func (s *site) mergeTarget(w http.ResponseWriter, r *http.Request, number int64, v mergeView) error {
	t, text, err := s.pickedTicket(r, "target")
	if err == nil && t.Number == 0 {
		err = migrations.Invalidf("%s", s.words.say("merge.nothing"))
	}
	if err == nil && t.Number == number {
		err = migrations.Invalidf("%s", s.words.say("merge.itself"))
	}
	if migrations.KindOf(err) == migrations.Invalid && err != nil {
		v.Problem, v.Text, v.Tell = migrations.SafeMessage(err), text, true
		return s.mergeForm(w, r, http.StatusUnprocessableEntity, v, 0)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, ticketPath(number)+"/merge?"+url.Values{"into": {strconv.FormatInt(t.Number, 10)}}.Encode())
}

// pickedTicket reads what a picker of tickets sent; a ticket without a number
// for nothing.
func (s *site) pickedTicket(r *http.Request, name string) (t tracker.Ticket, text string, err error) {
	id, text, err := s.pickedID(r, name, pickTicket)
	if err != nil || id == 0 {
		return t, text, err
	}
	t, err = s.store.TicketByID(r.Context(), id)
	if migrations.KindOf(err) == migrations.NotFound && err != nil {
		err = migrations.Invalidf("%s", s.words.say("links.gone"))
	}
	return t, text, err
}

// unmergeTicket takes a merge back.
func (s *site) unmergeTicket(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	t, err := s.store.Unmerge(r.Context(), actorOf(r), number)
	if migrations.KindOf(err) == migrations.Conflict && err != nil {
		s.flash(r, "bulk.said", migrations.SafeMessage(err))
		return seeOther(w, r, ticketPath(number))
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.unmerged", t.Name())
	return seeOther(w, r, ticketPath(number))
}

// signpost is the page of a ticket that was merged: it leads on.
func (s *site) signpost(w http.ResponseWriter, r *http.Request, t *tracker.Ticket) error {
	m, err := s.store.MergedInto(r.Context(), t.ID)
	if err != nil {
		return err
	}
	v := struct {
		T tracker.Ticket
		tracker.Merged
	}{*t, m}
	return s.render(w, r, http.StatusOK, "signpost", view{Title: t.Name() + " " + t.Subject, Section: "tickets", Data: v})
}
