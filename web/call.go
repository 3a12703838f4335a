package web

import (
	"net/http"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// callView is the form for a telephone call or a visit: who, and what.
type callView struct {
	Who, WhoText string
	What         string
	Via          tracker.NoteKind
	Ack, Take    bool
	Problems     problems
	Vias         []choice
}

func (s *site) callPage(w http.ResponseWriter, r *http.Request) error {
	v := callView{Via: tracker.NotePhone, Take: true}
	if id, err := strconv.ParseInt(r.URL.Query().Get("person"), 10, 64); err == nil && id > 0 {
		c, err := s.store.ClientByID(r.Context(), id)
		if err != nil {
			return err
		}
		v.Who, v.WhoText = idText(c.ID), c.Name
	}
	return s.callForm(w, r, http.StatusOK, v)
}

func (s *site) callForm(w http.ResponseWriter, r *http.Request, status int, v callView) error {
	for _, k := range []tracker.NoteKind{tracker.NotePhone, tracker.NoteInPerson} {
		v.Vias = append(v.Vias, choice{Value: string(k), Word: s.words.say("note." + string(k))})
	}
	return s.render(w, r, status, "call", view{Title: s.words.say("call.title"), Section: "tickets", Data: v})
}

// logCall opens a ticket for what somebody said.
func (s *site) logCall(w http.ResponseWriter, r *http.Request) error {
	v := callView{What: r.PostFormValue("what"), Via: tracker.NoteKind(r.PostFormValue("via")), Ack: r.PostFormValue("ack") == "1", Take: r.PostFormValue("take") == "1"}
	who, text, err := s.caller(r)
	v.Who, v.WhoText = r.PostFormValue("who"), text
	if err := v.Problems.add(err); err != nil {
		return err
	}
	subject := subjectLine(v.What)
	if subject == "" {
		if err := v.Problems.add(migrations.InvalidAt("what", "%s", s.words.say("call.nothing"))); err != nil {
			return err
		}
	}
	var t tracker.Ticket
	if len(v.Problems) == 0 {
		in := tracker.NewTicket{Subject: subject, Text: v.What, Via: v.Via, Requester: who, Acknowledge: v.Ack}
		if v.Take {
			in.AssigneeID = accountOf(r.Context()).ID
		}
		t, err = s.store.OpenTicket(r.Context(), actorOf(r), in)
		if err := v.Problems.add(err); err != nil {
			return err
		}
	}
	if len(v.Problems) > 0 {
		return s.callForm(w, r, http.StatusUnprocessableEntity, v)
	}
	s.flash(r, "flash.opened", t.Name())
	return seeOther(w, r, ticketPath(t.Number))
}

// caller reads who called: a person who was picked, or an address that is new.
func (s *site) caller(r *http.Request) (who tracker.Address, text string, err error) {
	id, text, err := s.pickedID(r, "who", pickPerson)
	if migrations.KindOf(err) == migrations.Invalid && err != nil {
		if found, ferr := s.pickFrom(r.Context(), pickPerson, text); ferr == nil && len(found) == 0 && strings.Count(text, "@") == 1 && !strings.ContainsAny(text, " ,;<>") {
			return tracker.Address{Address: text}, text, nil
		}
		return who, text, migrations.InvalidAt("who", "%s", migrations.SafeMessage(err))
	}
	if err != nil {
		return who, text, err
	}
	if id == 0 {
		return who, text, migrations.InvalidAt("who", "%s", s.words.say("call.nobody"))
	}
	list, err := s.store.ClientAddresses(r.Context(), id)
	if err != nil {
		return who, text, err
	}
	if len(list) == 0 {
		return who, text, migrations.InvalidAt("who", "%s", s.words.say("call.no_address"))
	}
	return tracker.Address{Address: list[0].Address}, text, nil
}

// subjectLine makes a subject of the first line that says something.
func subjectLine(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			return clipRunes(line, 120)
		}
	}
	return ""
}
