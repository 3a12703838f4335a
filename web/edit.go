package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

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
	if c.Stage == "" {
		return errForm
	}
	c.Summary = r.PostFormValue("summary")
	if err := s.needSentence(r.Context(), e.number, c.Stage, c.Summary); err != nil {
		if r.Header.Get("X-From") == "board" {
			return err
		}
		return s.backToComposer(w, r, e.number, composed{Do: "fix", Then: string(c.Stage)}, err)
	}
	done, err := s.edit(w, r, editing{number: e.number, version: e.version, kind: "stage", yours: string(c.Stage),
		now: func(t *tracker.Ticket) string { return string(t.Stage) },
		apply: func(version int64) error {
			_, err := s.store.SetStage(r.Context(), actorOf(r), e.number, c, version)
			return err
		},
		field: func(now, yours string) []staleField {
			f := []staleField{staleChoice("stage", s.words.say("col.stage"), now, yours, func(v string) string { return s.words.say("stage." + v) })}
			if c.Reason != "" {
				f = append(f, staleField{Name: "reason", Label: s.words.say("col.reason"), Yours: c.Reason})
			}
			return f
		}})
	if !done || err != nil {
		return err
	}
	if r.Header.Get("X-From") == "board" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	s.flash(r, "flash.stage", tracker.TicketName(e.number), s.words.say("stage."+string(c.Stage)))
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
	yours := r.PostFormValue("priority")
	switch yours {
	case "1", "2", "3":
		level = int64(yours[0] - '0')
	case "3*":
		level, star = 3, true
	default:
		return migrations.Invalidf("The priority must be 1, 2, 3 or 3 with a star.")
	}
	return s.change(w, r, editing{number: e.number, version: e.version, kind: "priority", yours: yours, now: s.priorityOf,
		apply: func(version int64) error {
			_, err := s.store.SetPriority(r.Context(), actorOf(r), e.number, level, star, version)
			return err
		},
		field: func(now, yours string) []staleField {
			words := func(v string) string {
				if v == "" {
					return s.words.say("mark.untriaged")
				}
				return s.priority(int64(v[0]-'0'), v == "3*").Words
			}
			return []staleField{staleChoice("priority", s.words.say("col.priority"), now, yours, words)}
		}})
}

// priorityOf is a ticket's priority as forms hold it, "" before anybody has
// triaged it.
func (s *site) priorityOf(t *tracker.Ticket) string {
	if t.TriagedAt == 0 {
		return ""
	}
	return s.priority(t.Level, t.Star).Value
}

// change makes a change and goes back to the ticket.
func (s *site) change(w http.ResponseWriter, r *http.Request, x editing) error {
	done, err := s.edit(w, r, x)
	if !done || err != nil {
		return err
	}
	return seeOther(w, r, ticketPath(x.number))
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
	return s.change(w, r, editing{number: e.number, version: e.version, kind: "assigned", yours: strconv.FormatInt(to, 10),
		now: func(t *tracker.Ticket) string { return strconv.FormatInt(t.AssigneeID, 10) },
		apply: func(version int64) (err error) {
			if to == accountOf(r.Context()).ID {
				_, err = s.store.Take(r.Context(), actorOf(r), e.number, version)
			} else {
				_, err = s.store.Assign(r.Context(), actorOf(r), e.number, to, version)
			}
			return err
		},
		field: func(now, yours string) []staleField {
			people, _ := s.store.Technicians(r.Context())
			words := func(v string) string {
				for _, p := range people {
					if strconv.FormatInt(p.ID, 10) == v {
						return p.Name
					}
				}
				return s.words.say("filter.nobody")
			}
			return []staleField{staleChoice("assignee", s.words.say("col.assignee"), now, yours, words)}
		}})
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
	return s.change(w, r, editing{number: e.number, version: e.version, kind: "category", yours: strconv.FormatInt(id, 10),
		now: func(t *tracker.Ticket) string { return strconv.FormatInt(t.CategoryID, 10) },
		apply: func(version int64) error {
			_, err := s.store.SetCategory(r.Context(), actorOf(r), e.number, id, version)
			return err
		},
		field: func(now, yours string) []staleField {
			all, _ := s.store.Categories(r.Context(), true)
			words := func(v string) string {
				for _, c := range all {
					if strconv.FormatInt(c.ID, 10) == v {
						return c.Name
					}
				}
				return s.words.say("ticket.no_category")
			}
			return []staleField{staleChoice("category", s.words.say("col.category"), now, yours, words)}
		}})
}

// changeSubject shows both subjects when somebody else worded it meanwhile.
func (s *site) changeSubject(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	return s.change(w, r, editing{number: e.number, version: e.version, kind: "subject", yours: strings.TrimSpace(r.PostFormValue("subject")),
		now: func(t *tracker.Ticket) string { return t.Subject },
		apply: func(version int64) error {
			_, err := s.store.SetSubject(r.Context(), actorOf(r), e.number, r.PostFormValue("subject"), version)
			return err
		},
		field: func(now, yours string) []staleField {
			return []staleField{{Name: "subject", Label: s.words.say("col.subject"), Now: now, Yours: yours}}
		}})
}

func (s *site) changeRequester(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	if !r.PostForm.Has("address") {
		return errForm
	}
	who := tracker.Address{Name: r.PostFormValue("name"), Address: strings.TrimSpace(r.PostFormValue("address"))}
	done, err := s.edit(w, r, editing{number: e.number, version: e.version, kind: "requester", yours: strings.ToLower(who.Address),
		now: func(t *tracker.Ticket) string { return t.ClientAddress },
		apply: func(version int64) error {
			_, err := s.store.SetRequester(r.Context(), actorOf(r), e.number, who, version)
			return err
		},
		field: func(now, yours string) []staleField {
			return []staleField{{Name: "address", Label: s.words.say("field.email"), Now: now, Yours: yours}, {Name: "name", Now: who.Name, Yours: who.Name}}
		}})
	if !done || err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, ticketPath(e.number))
}

// changeNote words a note anew; only its author may.
func (s *site) changeNote(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if r.PostFormValue("version") == "" {
		return errForm
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	was, err := s.store.NoteByID(r.Context(), id)
	if err != nil {
		return err
	}
	t, err := s.store.TicketByID(r.Context(), was.TicketID)
	if err != nil {
		return err
	}
	text := r.PostFormValue("text")
	_, err = s.store.EditNote(r.Context(), actorOf(r), id, text, version)
	if migrations.KindOf(err) == migrations.Conflict && !t.Archived() {
		now, nerr := s.store.NoteByID(r.Context(), id)
		if nerr != nil {
			return nerr
		}
		return s.stale(w, r, staleView{Action: r.URL.Path, Version: now.Version, Back: fmt.Sprintf("%s#n%d", ticketPath(t.Number), id), What: s.words.say("stale.your_note", t.Name()),
			Fields: []staleField{{Name: "text", Label: s.words.say("compose.note"), Now: now.Body, Yours: text}}})
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.note_changed")
	return seeOther(w, r, fmt.Sprintf("%s#n%d", ticketPath(t.Number), id))
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
	By                 string // who changed it, "" when that is not known
	Version            int64  // of what is there now
	Fields             []staleField
	Hidden             []hiddenField
	Files              []string // names of what goes with it
}

// staleField is one field of it. The same on both sides is sent along unseen.
type staleField struct {
	Name, Label, Now, Yours string
	Chosen                  bool   // out of several: the texts are only words for it
	Value                   string // what the form sends of yours when it is
}

// staleChoice is a field that is chosen, by the values of a form and a word for each.
func staleChoice(name, label, now, yours string, word func(value string) string) staleField {
	return staleField{Name: name, Label: label, Now: word(now), Yours: word(yours), Chosen: true, Value: yours}
}

// hiddenField is sent along unseen.
type hiddenField struct{ Name, Value string }

// Differs reports whether there is anything to choose.
func (f staleField) Differs() bool { return f.Now != f.Yours }

// Sends is what the form holds of yours.
func (f staleField) Sends() string {
	if f.Chosen {
		return f.Value
	}
	return f.Yours
}

func (s *site) stale(w http.ResponseWriter, r *http.Request, v staleView) error {
	return s.render(w, r, http.StatusConflict, "stale", view{Title: s.words.say("stale.title"), Data: v})
}

// ticketURL is a ticket's page with something opened on it.
func ticketURL(number int64, q url.Values, fragment string) string {
	return fmt.Sprintf("%s?%s%s", ticketPath(number), q.Encode(), fragment)
}
