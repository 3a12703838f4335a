package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// edited is what every edit of a ticket's head needs: its number, and the
// version of it that the person was looking at.
type edited struct{ number, version int64 }

func editOf(r *http.Request) (e edited, err error) {
	if e.number, err = idParam(r, "number"); err != nil {
		return e, err
	}
	if r.PostFormValue("version") == "" {
		return e, errForm
	}
	e.version, err = formInt(r, "version")
	return e, err
}

func ticketPath(number int64) string { return "/tickets/" + strconv.FormatInt(number, 10) }

// changeStage moves a ticket. From the board, where a card was dragged, there
// is no page to go to: the board reads itself again.
func (s *site) changeStage(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	c := tracker.StageChange{Stage: tracker.Stage(r.PostFormValue("stage")), Reason: r.PostFormValue("reason")}
	t, err := s.store.SetStage(r.Context(), actorOf(r), e.number, c, e.version)
	if err != nil {
		return err
	}
	if r.Header.Get("X-From") == "board" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	s.flash(r, "flash.stage", t.Name(), s.words.say("stage."+string(t.Stage)))
	return seeOther(w, r, ticketPath(e.number))
}

// changePriority takes 1, 2, 3 or 3*.
func (s *site) changePriority(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	var level int64
	star := false
	switch v := r.PostFormValue("priority"); v {
	case "1", "2", "3":
		level = int64(v[0] - '0')
	case "3*":
		level, star = 3, true
	default:
		return migrations.Invalidf("The priority must be 1, 2, 3 or 3 with a star.")
	}
	if _, err := s.store.SetPriority(r.Context(), actorOf(r), e.number, level, star, e.version); err != nil {
		return err
	}
	return seeOther(w, r, ticketPath(e.number))
}

// changeAssignee gives a ticket to somebody; to oneself, it is taken, which
// also begins it.
func (s *site) changeAssignee(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	to, err := formInt(r, "assignee")
	if err != nil {
		return err
	}
	if to == accountOf(r.Context()).ID {
		_, err = s.store.Take(r.Context(), actorOf(r), e.number, e.version)
	} else {
		_, err = s.store.Assign(r.Context(), actorOf(r), e.number, to, e.version)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, ticketPath(e.number))
}

func (s *site) changeCategory(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	id, err := formInt(r, "category")
	if err != nil {
		return err
	}
	if _, err := s.store.SetCategory(r.Context(), actorOf(r), e.number, id, e.version); err != nil {
		return err
	}
	return seeOther(w, r, ticketPath(e.number))
}

// changeSubject shows both subjects when somebody else worded it meanwhile.
func (s *site) changeSubject(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	subject := r.PostFormValue("subject")
	_, err = s.store.SetSubject(r.Context(), actorOf(r), e.number, subject, e.version)
	if migrations.KindOf(err) == migrations.Conflict {
		t, terr := s.store.TicketByNumber(r.Context(), e.number)
		if terr != nil || t.Archived() {
			return err
		}
		return s.stale(w, r, staleView{Action: r.URL.Path, Version: t.Version, Back: ticketPath(e.number), What: t.Name(),
			Fields: []staleField{{Name: "subject", Label: s.words.say("col.subject"), Now: t.Subject, Yours: subject}}})
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, ticketPath(e.number))
}

func (s *site) changeRequester(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	who := tracker.Address{Name: r.PostFormValue("name"), Address: r.PostFormValue("address")}
	if _, err := s.store.SetRequester(r.Context(), actorOf(r), e.number, who, e.version); err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, ticketPath(e.number))
}

// addParticipant has somebody take part in a ticket.
func (s *site) addParticipant(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	if _, err := s.store.AddParticipant(r.Context(), actorOf(r), number, tracker.Address{Address: r.PostFormValue("address")}); err != nil {
		return err
	}
	s.flash(r, "flash.part_added")
	return seeOther(w, r, ticketPath(number))
}

func (s *site) removeParticipant(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.store.RemoveParticipant(r.Context(), actorOf(r), number, id); err != nil {
		return err
	}
	s.flash(r, "flash.part_removed")
	return seeOther(w, r, ticketPath(number))
}

// staleView is the page after an edit of something that somebody else changed
// meanwhile: both texts, and a button for each.
type staleView struct {
	What, Action, Back string
	Version            int64 // of what is there now
	Fields             []staleField
}

// staleField is one field of it. The same on both sides is sent along unseen.
type staleField struct{ Name, Label, Now, Yours string }

// Differs reports whether there is anything to choose.
func (f staleField) Differs() bool { return f.Now != f.Yours }

func (s *site) stale(w http.ResponseWriter, r *http.Request, v staleView) error {
	return s.render(w, r, http.StatusConflict, "stale", view{Title: s.words.say("stale.title"), Data: v})
}

// ticketURL is a ticket's page with something opened on it.
func ticketURL(number int64, q url.Values, fragment string) string {
	return fmt.Sprintf("%s?%s%s", ticketPath(number), q.Encode(), fragment)
}
