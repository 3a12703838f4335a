package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// doomedView is the page on which a ticket is deleted or kept.
type doomedView struct {
	T       tracker.Ticket
	Doomed  tracker.Doomed
	Goes    []string
	Reason  string
	Problem string
}

func (s *site) deleteTicketPage(w http.ResponseWriter, r *http.Request) error {
	return s.doomedPage(w, r, http.StatusOK, "")
}

func (s *site) doomedPage(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	v := doomedView{Problem: problem, Reason: r.PostFormValue("reason")}
	if v.T, err = s.store.TicketByNumber(r.Context(), number); err != nil {
		return err
	}
	if v.Doomed, err = s.store.Doomed(r.Context(), v.T.ID); err != nil {
		return err
	}
	v.Goes = s.counted(tracker.Count{What: "talk", N: v.Doomed.Messages}, tracker.Count{What: "notes", N: v.Doomed.Notes}, tracker.Count{What: "attached", N: v.Doomed.Files},
		tracker.Count{What: "unsent_about", N: v.Doomed.Unsent}, tracker.Count{What: "held_about", N: v.Doomed.Held})
	return s.render(w, r, status, "delete-ticket", view{Title: s.words.say("erase.delete_title", v.T.Name()), Section: "tickets", Data: v})
}

func (s *site) deleteTicket(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	if typed, err := tracker.ParseTicketName(r.PostFormValue("number")); err != nil || typed != number {
		return s.doomedPage(w, r, http.StatusUnprocessableEntity, s.words.say("erase.type_number", tracker.TicketName(number)))
	}
	err = s.store.DeleteTicket(r.Context(), actorOf(r), number, r.PostFormValue("reason"))
	if k := migrations.KindOf(err); k == migrations.Invalid || k == migrations.Conflict {
		return s.doomedPage(w, r, http.StatusUnprocessableEntity, migrations.SafeMessage(err))
	}
	if err != nil {
		return err
	}
	s.flash(r, "erase.deleted", tracker.TicketName(number))
	return seeOther(w, r, "/tickets")
}

func (s *site) keepTicket(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	if err := s.store.KeepTicket(r.Context(), actorOf(r), number, r.PostFormValue("keep") == "1"); err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, ticketPath(number)+"/delete")
}

// tombstone answers for a ticket that was deleted; err is what it was missed with.
func (s *site) tombstone(w http.ResponseWriter, r *http.Request, number int64, err error) error {
	if migrations.KindOf(err) != migrations.NotFound {
		return err
	}
	stone, gone := s.store.TombstoneOf(r.Context(), number)
	if migrations.KindOf(gone) == migrations.NotFound {
		return err
	}
	if gone != nil {
		return gone
	}
	v := struct {
		tracker.Tombstone
		Had string
	}{stone, s.and(s.counted(tracker.Count{What: "had_messages", N: stone.Messages}, tracker.Count{What: "had_notes", N: stone.Notes}, tracker.Count{What: "had_files", N: stone.Files}))}
	return s.render(w, r, http.StatusGone, "tombstone", view{Title: stone.Name(), Section: "tickets", Data: v})
}

// eraseView is the page on which a person is exported or erased.
type eraseView struct {
	tracker.Goes
	Gone, Stays []string // the counts in words
	Ways        []choice // what becomes of their tickets
	Way         string
	Problem     string
}

// counted words those of some counts that are not none, by their keys.
func (s *site) counted(counts ...tracker.Count) (list []string) {
	for _, c := range counts {
		if c.N > 0 {
			list = append(list, s.words.say("erase.n."+c.What, c.N))
		}
	}
	return list
}

// erasingView is that page once it is done, or as long as it lasts.
type erasingView struct {
	tracker.ErasureState
	Self, Person string
}

func (s *site) erasePersonPage(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	e, err := s.store.ErasureOf(r.Context(), id)
	switch {
	case migrations.KindOf(err) == migrations.NotFound:
		return s.goesPage(w, r, http.StatusOK, "")
	case err != nil:
		return err
	case e.DoneAt != 0 && r.Header.Get("HX-Request") == "":
		return seeOther(w, r, personPath(id))
	}
	return s.render(w, r, http.StatusOK, "erasing", view{Title: s.words.say("erase.erasing"), Section: "people", Data: erasingView{e, r.URL.Path, personPath(id)}})
}

// erasing reports whether somebody is being erased.
func (s *site) erasing(r *http.Request, id int64) (bool, error) {
	e, err := s.store.ErasureOf(r.Context(), id)
	if migrations.KindOf(err) == migrations.NotFound {
		return false, nil
	}
	return err == nil && e.DoneAt == 0, err
}

// addressOf returns an address of the person that a path names.
func (s *site) addressOf(r *http.Request) (string, error) {
	id, err := idParam(r, "id")
	if err != nil {
		return "", err
	}
	p, err := s.store.ClientProfile(r.Context(), id, time.UTC)
	if err != nil {
		return "", err
	}
	if len(p.Addresses) == 0 {
		return "", migrations.NotFoundf("There is no such person.")
	}
	return p.Addresses[0].Address, nil
}

func (s *site) goesPage(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	address, err := s.addressOf(r)
	if err != nil {
		return err
	}
	v := eraseView{Problem: problem, Way: "delete", Ways: []choice{{Value: "delete", Word: s.words.say("erase.tickets_delete")}, {Value: "keep", Word: s.words.say("erase.tickets_keep")}}}
	if r.PostFormValue("tickets") == "keep" {
		v.Way = "keep"
	}
	if v.Goes, err = s.store.ErasePreview(r.Context(), address); err != nil {
		return err
	}
	v.Gone = s.counted(tracker.Count{What: "tickets", N: v.Tickets}, tracker.Count{What: "messages", N: v.Messages}, tracker.Count{What: "mails", N: v.Mails}, tracker.Count{What: "files", N: v.Files},
		tracker.Count{What: "sent", N: v.Sent}, tracker.Count{What: "unsent", N: v.Unsent}, tracker.Count{What: "held", N: v.Held})
	v.Stays = s.counted(append([]tracker.Count{{What: "others", N: v.Others}}, v.Also...)...)
	return s.render(w, r, status, "erase-person", view{Title: s.words.say("erase.title", v.Name), Section: "people", Data: v})
}

// eraseWait is how long a page waits for an erasure before it shows how far
// that is; it goes on by itself.
const eraseWait = 1500 * time.Millisecond

func (s *site) erasePerson(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if on, err := s.erasing(r, id); err != nil || on { // pressed twice
		if err != nil {
			return err
		}
		return seeOther(w, r, r.URL.Path)
	}
	address, err := s.addressOf(r)
	if err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(r.PostFormValue("address")), address) {
		return s.goesPage(w, r, http.StatusUnprocessableEntity, s.words.say("erase.type_address", address))
	}
	keep, actor := r.PostFormValue("tickets") == "keep", actorOf(r)
	done := make(chan error, 1)
	ctx := context.WithoutCancel(r.Context())
	go func() {
		err := s.store.Erase(ctx, actor, tracker.Erasure{Address: address, Keep: keep}, nil)
		if migrations.KindOf(err) == migrations.Internal && err != nil {
			s.log.ErrorContext(ctx, "an erasure failed, the clock goes on with it", slog.Any("error", err))
		}
		done <- err
	}()
	select {
	case err = <-done:
	case <-time.After(eraseWait):
		return seeOther(w, r, r.URL.Path)
	}
	if err != nil {
		if on, err := s.erasing(r, id); err == nil && on { // begun, and finished by the clock
			return seeOther(w, r, r.URL.Path)
		}
	}
	if migrations.KindOf(err) == migrations.Conflict {
		return s.goesPage(w, r, http.StatusUnprocessableEntity, migrations.SafeMessage(err))
	}
	if err != nil {
		return err
	}
	s.flash(r, "erase.done")
	return seeOther(w, r, personPath(id))
}

// exportPerson streams all about a person. One that breaks off is cut, never
// ended as if it were whole.
func (s *site) exportPerson(w http.ResponseWriter, r *http.Request) error {
	address, err := s.addressOf(r)
	if err != nil {
		return err
	}
	id, _ := idParam(r, "id")
	out := &zipWriter{w: w, name: fmt.Sprintf("person-%d-%s.zip", id, s.store.Now().Format(time.DateOnly))}
	err = s.store.ExportPerson(r.Context(), actorOf(r), address, r.PostFormValue("notes") == "1", out, nil)
	if err == nil || !out.sent {
		return err
	}
	if !errors.Is(err, context.Canceled) {
		s.log.ErrorContext(r.Context(), "an export of a person broke off", slog.Any("error", err))
	}
	panic(http.ErrAbortHandler)
}

// zipWriter sets the headers of a file with its first bytes.
type zipWriter struct {
	w    http.ResponseWriter
	name string
	sent bool
}

var _ io.Writer = (*zipWriter)(nil)

func (z *zipWriter) Write(b []byte) (int, error) {
	if !z.sent {
		z.sent = true
		h := z.w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Content-Disposition", disposition("attachment", z.name))
		h.Set("Content-Security-Policy", filePolicy)
		h.Set("Cache-Control", "no-store")
	}
	return z.w.Write(b)
}

// purgeDue words what the purge would delete with the months that are typed.
func (s *site) purgeDue(r *http.Request, months string) (tracker.Due, error) {
	n, err := strconv.Atoi(months)
	if err != nil {
		return tracker.Due{}, nil // the form says so
	}
	return s.store.PurgePreview(r.Context(), n)
}
