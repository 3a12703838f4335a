package web

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// repliesView is the page of the replies that are written once and used often.
type repliesView struct {
	Wrong    problems
	Marks    []string
	MayShare bool
	New      replyRow
	Groups   []replyGroup
}

type replyGroup struct {
	Title, Empty string
	Rows         []replyRow
}

type replyRow struct {
	tracker.Canned
	May, Open bool
	Wrong     problems
}

func (s *site) replies(w http.ResponseWriter, r *http.Request) error {
	return s.repliesPage(w, r, http.StatusOK, tracker.Canned{AccountID: accountOf(r.Context()).ID}, nil)
}

// repliesPage shows the list; wrong is about what was typed for one reply, of
// which the id is 0 for a new one.
func (s *site) repliesPage(w http.ResponseWriter, r *http.Request, status int, typed tracker.Canned, wrong error) error {
	me := *accountOf(r.Context())
	all, err := s.store.CannedReplies(r.Context(), me.ID)
	if err != nil {
		return err
	}
	v := repliesView{Marks: tracker.CannedMarks(), MayShare: tracker.May(me, tracker.EditSharedReplies), New: replyRow{Canned: typed},
		Groups: []replyGroup{{Title: s.words.say("replies.own"), Empty: s.words.say("replies.own_none")}, {Title: s.words.say("replies.shared"), Empty: s.words.say("replies.shared_none")}}}
	var said problems
	if wrong != nil {
		said = problems{migrations.FieldOf(wrong): migrations.SafeMessage(wrong)}
	}
	if typed.ID != 0 {
		v.New = replyRow{Canned: tracker.Canned{AccountID: me.ID}}
	} else if said != nil {
		v.New.Wrong, v.Wrong = said, said
	}
	for _, c := range all {
		row := replyRow{Canned: c, May: tracker.MayEditCanned(me, c)}
		if c.ID == typed.ID && said != nil {
			row.Title, row.Body, row.Language, row.Wrong, row.Open = typed.Title, typed.Body, typed.Language, said, true
		}
		g := &v.Groups[0]
		if c.Shared() {
			g = &v.Groups[1]
		}
		g.Rows = append(g.Rows, row)
	}
	return s.render(w, r, status, "replies", view{Title: s.words.say("replies.title"), Section: "account", Data: v})
}

func typedReply(r *http.Request) tracker.Canned {
	return tracker.Canned{Title: strings.TrimSpace(r.PostFormValue("title")), Body: oneBreak(r.PostFormValue("body")), Language: strings.TrimSpace(r.PostFormValue("language"))}
}

func (s *site) addReply(w http.ResponseWriter, r *http.Request) error {
	me := *accountOf(r.Context())
	c := typedReply(r)
	if r.PostFormValue("shared") != "1" {
		c.AccountID = me.ID
	}
	_, err := s.store.AddCanned(r.Context(), me, c)
	if migrations.KindOf(err) == migrations.Invalid {
		return s.repliesPage(w, r, http.StatusUnprocessableEntity, c, err)
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/replies")
}

// changeReply words a reply anew; where somebody else did meanwhile, both are shown.
func (s *site) changeReply(w http.ResponseWriter, r *http.Request) error {
	id, version, err := edits(r)
	if err != nil {
		return err
	}
	me := *accountOf(r.Context())
	c := typedReply(r)
	_, err = s.store.EditCanned(r.Context(), me, id, c, version)
	switch migrations.KindOf(err) {
	case migrations.Invalid:
		c.ID = id
		return s.repliesPage(w, r, http.StatusUnprocessableEntity, c, err)
	case migrations.Conflict:
		now, nerr := s.store.CannedReply(r.Context(), id, me.ID)
		if nerr != nil {
			return nerr
		}
		return s.stale(w, r, staleView{What: s.words.say("replies.title"), Action: r.URL.Path, Back: "/replies", Version: now.Version, Fields: []staleField{
			{Name: "title", Label: s.words.say("replies.name"), Now: now.Title, Yours: c.Title},
			{Name: "body", Label: s.words.say("replies.body"), Now: now.Body, Yours: c.Body},
			{Name: "language", Label: s.words.say("replies.language"), Now: now.Language, Yours: c.Language}}})
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/replies")
}

// removedReply is where the session keeps the reply that was removed last.
const removedReply = "removed_reply"

func (s *site) removeReply(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	was, err := s.store.RemoveCanned(r.Context(), *accountOf(r.Context()), id)
	if err != nil {
		return err
	}
	b, err := json.Marshal(was)
	if err != nil {
		return err
	}
	s.sessions.Put(r.Context(), removedReply, string(b))
	s.flashUndo(r, "/replies/restore", nil, "replies.removed", was.Title)
	return seeOther(w, r, "/replies")
}

// restoreReply brings back the reply that this session removed last.
func (s *site) restoreReply(w http.ResponseWriter, r *http.Request) error {
	var was tracker.Canned
	text := s.sessions.PopString(r.Context(), removedReply)
	if text == "" || json.Unmarshal([]byte(text), &was) != nil {
		s.flash(r, "views.nothing")
		return seeOther(w, r, "/replies")
	}
	_, err := s.store.AddCanned(r.Context(), *accountOf(r.Context()), was)
	if migrations.KindOf(err) == migrations.Invalid {
		was.ID = 0
		return s.repliesPage(w, r, http.StatusUnprocessableEntity, was, err)
	}
	if err != nil {
		return err
	}
	s.flash(r, "replies.restored", was.Title)
	return seeOther(w, r, "/replies")
}

// cannedChoice is a reply that can be inserted, filled in.
type cannedChoice struct {
	ID                           int64
	Title, Language, Text, Begin string
	Own                          bool
}

// cannedValues returns what placeholders stand for on a ticket.
func (s *site) cannedValues(ctx context.Context, t *tracker.Ticket) (map[string]string, error) {
	things, err := s.ticketThings(ctx, t)
	if err != nil {
		return nil, err
	}
	var linked, held []string
	for _, a := range things.Assets {
		if a.Linked {
			linked = append(linked, a.Name())
		} else {
			held = append(held, a.Name())
		}
	}
	asset := ""
	switch {
	case len(linked) == 1:
		asset = linked[0]
	case len(linked) == 0 && len(held) == 1 && things.MoreHeld == "":
		asset = held[0]
	}
	return s.store.CannedValues(ctx, t, *accountOf(ctx), asset)
}

// maxChoices is how many replies a search shows.
const maxChoices = 30

// replyChoices finds replies for the composer, filled in for a ticket.
func (s *site) replyChoices(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	ctx := r.Context()
	t, err := s.store.TicketByNumber(ctx, number)
	if err != nil {
		return err
	}
	all, err := s.store.CannedReplies(ctx, accountOf(ctx).ID)
	if err != nil {
		return err
	}
	found := tracker.FindCanned(all, r.URL.Query().Get("q"))
	values, err := s.cannedValues(ctx, &t)
	if err != nil {
		return err
	}
	var list []cannedChoice
	for _, c := range found[:min(len(found), maxChoices)] {
		text := c.Fill(values)
		list = append(list, cannedChoice{ID: c.ID, Title: c.Title, Language: c.Language, Text: text, Begin: clipRunes(strings.Join(strings.Fields(text), " "), 90), Own: !c.Shared()})
	}
	return s.fragment(w, r, "ticket", "canned-found", list)
}

// insertReply puts a reply behind what was typed, and shows the composer with
// both: for browsers without scripts.
func (s *site) insertReply(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(r.PostFormValue("pick"), 10, 64)
	if err != nil || !r.PostForm.Has("text") {
		return errForm
	}
	ctx := r.Context()
	t, err := s.store.TicketByNumber(ctx, number)
	if err != nil {
		return err
	}
	c, err := s.store.CannedReply(ctx, id, accountOf(ctx).ID)
	if err != nil {
		return err
	}
	values, err := s.cannedValues(ctx, &t)
	if err != nil {
		return err
	}
	back := composed{Do: "reply", Text: oneBreak(r.PostFormValue("text")), Without: unticked(r), Used: append(usedReplies(r), id), Back: true}
	back.Text = strings.TrimSpace(back.Text + "\n\n" + c.Fill(values))
	if back.Kept, err = s.uploads(r); err != nil {
		return err
	}
	back.Once, _ = tracker.NewToken()
	s.keep(r, back.Once, back.Kept)
	return s.ticketPage(w, r, http.StatusOK, number, back)
}
