package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// familyView is how a ticket hangs together with others.
type familyView struct {
	Parent     *tracker.Ticket
	Children   []tracker.Ticket
	Open       int              // of the children
	Told       int              // people whom an answer to all of those reaches
	Settle     bool             // this one is fixed: its open children can be too
	Duplicates []tracker.Ticket // merged into this one
	May        bool             // it can be changed
}

// Any reports whether there is anything to show.
func (v familyView) Any() bool {
	return v.Parent != nil || len(v.Children) > 0 || len(v.Duplicates) > 0
}

func (s *site) familyPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) (err error) {
	if v.Family, err = s.familyOf(ctx, &v.T); err != nil || v.Family.Open == 0 {
		return err
	}
	if v.Family.Told, err = s.store.Reachable(ctx, v.Family.Children); err == nil && v.Family.Told > 0 && len(v.Recipients) == 0 {
		v.FirstName = s.words.say("family.all")
	}
	return err
}

func (s *site) familyOf(ctx context.Context, t *tracker.Ticket) (f familyView, err error) {
	f.May = !t.Archived()
	if t.ParentID != 0 {
		p, err := s.store.TicketByID(ctx, t.ParentID)
		if err != nil {
			return f, err
		}
		f.Parent = &p
	}
	if f.Children, err = s.store.Children(ctx, t.ID); err != nil {
		return f, err
	}
	for _, c := range f.Children {
		if !c.Stage.Closed() {
			f.Open++
		}
	}
	f.Settle = f.May && f.Open > 0 && t.Fix != ""
	f.Duplicates, err = s.store.DuplicatesOf(ctx, t.ID)
	return f, err
}

// adoptChildren makes tickets the children of this one: by their numbers in
// "ticket", or one from the picker "child".
func (s *site) adoptChildren(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	var children []int64
	for _, text := range r.PostForm["ticket"] {
		n, err := tracker.ParseTicketName(text)
		if err != nil {
			return errForm
		}
		children = append(children, n)
	}
	if len(children) == 0 {
		t, text, err := s.pickedTicket(r, "child")
		if err == nil && t.Number == 0 {
			err = migrations.Invalidf("%s", s.words.say("family.nothing"))
		}
		if err != nil {
			return s.familyAgain(w, r, number, "child", text, err)
		}
		children = append(children, t.Number)
	}
	return s.adopted(w, r, number, number, children)
}

// adopted has a parent adopt children, says what came of it, and goes back to a ticket.
func (s *site) adopted(w http.ResponseWriter, r *http.Request, back, parent int64, children []int64) error {
	a, err := s.store.Adopt(r.Context(), actorOf(r), parent, children)
	field := "child"
	if back != parent {
		field = "of"
	}
	if k := migrations.KindOf(err); err != nil && (k == migrations.Invalid || k == migrations.Conflict) {
		return s.familyAgain(w, r, back, field, "", err)
	}
	if err != nil {
		return err
	}
	if len(a.Adopted) == 0 && len(a.Refused) == 1 {
		return s.familyAgain(w, r, back, field, tracker.TicketName(a.Refused[0].Number), migrations.Invalidf("%s: %s", tracker.TicketName(a.Refused[0].Number), a.Refused[0].Why))
	}
	text := s.words.say("flash.adopted", len(a.Adopted)+a.Same, tracker.TicketName(parent))
	if len(a.Refused) > 0 {
		text += " " + s.words.say("bulk.refused", len(a.Refused), refusals(a.Refused))
	}
	if len(a.Adopted) == 1 {
		s.flashUndo(r, ticketPath(a.Adopted[0])+"/parent", url.Values{"parent": {"0"}, "back": {strconv.FormatInt(back, 10)}}, "bulk.said", text)
	} else {
		s.flash(r, "bulk.said", text)
	}
	return seeOther(w, r, ticketPath(back)+"#family")
}

// familyForm is the page of a parent or child that could not be: the field again.
type familyForm struct {
	T                  tracker.Ticket
	Field, Text, Error string
}

func (s *site) familyAgain(w http.ResponseWriter, r *http.Request, number int64, field, text string, err error) error {
	k := migrations.KindOf(err)
	if k != migrations.Invalid && k != migrations.Conflict {
		return err
	}
	t, terr := s.store.TicketByNumber(r.Context(), number)
	if terr != nil {
		return terr
	}
	v := familyForm{T: t, Field: field, Text: text, Error: migrations.SafeMessage(err)}
	return s.render(w, r, kindStatus[k], "family", view{Title: s.words.say("family." + field), Section: "tickets", Data: v})
}

// setParent gives a ticket a parent: by its number in "parent", 0 for none, or
// from the picker "of".
func (s *site) setParent(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	switch text := r.PostFormValue("parent"); {
	case text == "0":
		back := number
		if b, err := formInt(r, "back"); err == nil && b > 0 {
			back = b
		}
		if err := s.store.Orphan(r.Context(), actorOf(r), number); err != nil {
			return err
		}
		s.flash(r, "flash.parted", tracker.TicketName(number))
		return seeOther(w, r, ticketPath(back)+"#family")
	case text != "":
		parent, err := tracker.ParseTicketName(text)
		if err != nil {
			return errForm
		}
		return s.adopted(w, r, number, parent, []int64{number})
	}
	p, text, err := s.pickedTicket(r, "of")
	if err == nil && p.Number == 0 {
		err = migrations.Invalidf("%s", s.words.say("family.nothing"))
	}
	if err != nil {
		return s.familyAgain(w, r, number, "of", text, err)
	}
	return s.adopted(w, r, number, p.Number, []int64{number})
}

// stageChildren completes a ticket's open children, or asks their people, with
// the ticket's own fix and sentence.
func (s *site) stageChildren(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	text, err := s.childrenMoved(r, number, tracker.Stage(r.PostFormValue("stage")))
	if err != nil {
		return err
	}
	s.flash(r, "bulk.said", text)
	return seeOther(w, r, ticketPath(number)+"#family")
}

// fixChildren has the open children of a ticket go where it went with its fix.
func (s *site) fixChildren(w http.ResponseWriter, r *http.Request, number int64, stage tracker.Stage) error {
	text, err := s.childrenMoved(r, number, stage)
	if err != nil {
		return err
	}
	s.flash(r, "bulk.said", s.words.say("flash.fixed."+string(stage))+" "+text)
	return s.sent(w, r, ticketPath(number))
}

// childrenMoved moves a ticket's open children, and says what came of it.
func (s *site) childrenMoved(r *http.Request, number int64, stage tracker.Stage) (string, error) {
	done, refused, err := s.store.StageChildren(r.Context(), actorOf(r), number, stage)
	if err != nil {
		return "", err
	}
	text := s.words.say("flash.family_done", len(done))
	if len(refused) > 0 {
		text += " " + s.words.say("bulk.refused", len(refused), refusals(refused))
	}
	return text, nil
}

// bulkParent puts the tickets that were selected in a list below another one.
func (s *site) bulkParent(w http.ResponseWriter, r *http.Request, rows []tracker.BulkRow) error {
	p, _, err := s.pickedTicket(r, "parent")
	if err == nil && p.Number == 0 {
		err = migrations.Invalidf("%s", s.words.say("family.nothing"))
	}
	var children []int64
	for _, row := range rows {
		children = append(children, row.Number)
	}
	var a tracker.Adoption
	if err == nil {
		a, err = s.store.Adopt(r.Context(), actorOf(r), p.Number, children)
	}
	if err != nil {
		return s.bulkAgain(w, r, "/tickets", "parent", err, s.ticketListPage)
	}
	text := s.words.say("flash.adopted", len(a.Adopted)+a.Same, p.Name())
	if len(a.Refused) > 0 {
		text += " " + s.words.say("bulk.refused", len(a.Refused), refusals(a.Refused))
	}
	s.flash(r, "bulk.said", text)
	return seeOther(w, r, returnTo(r, backTo(r, "/tickets")))
}
