package web

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// bulkTickets does one thing to the tickets that were selected in a list.
// A row is NUMBER:VERSION, what to do KIND:VALUE.
func (s *site) bulkTickets(w http.ResponseWriter, r *http.Request) error {
	var rows []tracker.BulkRow
	for _, v := range r.PostForm["row"] {
		number, version, _ := strings.Cut(v, ":")
		n, nerr := strconv.ParseInt(number, 10, 64)
		seen, verr := strconv.ParseInt(version, 10, 64)
		if nerr != nil || verr != nil || n <= 0 || seen < 0 {
			return errForm
		}
		rows = append(rows, tracker.BulkRow{Number: n, Version: seen})
	}
	if r.PostFormValue("do") == "" { // the Enter key in a box
		return s.bulkAgain(w, r, "/tickets", "", migrations.Invalidf("%s", s.words.say("bulk.nothing_chosen")), s.ticketListPage)
	}
	if r.PostFormValue("do") == "parent" {
		return s.bulkParent(w, r, rows)
	}
	b, err := s.store.BulkTickets(r.Context(), actorOf(r), rows, bulkAction(r))
	if err != nil {
		return s.bulkAgain(w, r, "/tickets", r.PostFormValue("do"), err, s.ticketListPage)
	}
	names, err := s.bulkNames(r.Context())
	if err != nil {
		return err
	}
	text := s.bulkDone(b, names)
	if len(b.Refused) > 0 {
		text += " " + s.words.say("bulk.refused", len(b.Refused), refusals(b.Refused))
	}
	if b.Undoable(s.store.Now()) {
		s.flashUndo(r, "/bulk/"+strconv.FormatInt(b.ID, 10)+"/undo", nil, "bulk.said", text)
	} else {
		s.flash(r, "bulk.said", text)
	}
	if len(b.Refused) > 2 {
		s.flashMore(r, "/bulk")
	}
	return seeOther(w, r, returnTo(r, backTo(r, "/tickets")))
}

// bulkAction reads what to do with the selected tickets.
func bulkAction(r *http.Request) tracker.BulkAction {
	do, value, _ := strings.Cut(r.PostFormValue("do"), ":")
	a := tracker.BulkAction{Do: do}
	switch do {
	case "stage":
		a.Stage, a.Fix, a.Reason = tracker.Stage(value), r.PostFormValue("fix"), r.PostFormValue("reason")
	case "priority":
		level, star := strings.CutSuffix(value, "*")
		a.Level, _ = strconv.ParseInt(level, 10, 64)
		a.Star = star
	case "assignee":
		a.AssigneeID = idOrBad(value)
	case "category":
		a.CategoryID = idOrBad(value)
	}
	return a
}

// idOrBad reads an id, 0 for none; what is no number is an id that nothing has.
func idOrBad(v string) int64 {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// bulkNames are the names of technicians and categories, by what a bulk action
// holds of them: assignee:3, category:5.
func (s *site) bulkNames(ctx context.Context) (map[string]string, error) {
	technicians, err := s.store.Technicians(ctx)
	if err != nil {
		return nil, err
	}
	categories, err := s.store.Categories(ctx, true)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, a := range technicians {
		names["assignee:"+strconv.FormatInt(a.ID, 10)] = a.Name
	}
	for _, c := range categories {
		names["category:"+strconv.FormatInt(c.ID, 10)] = c.Name
	}
	return names, nil
}

// bulkDone says what a bulk action did: 12 tickets are now: In progress.
func (s *site) bulkDone(b tracker.Bulk, names map[string]string) string {
	n := int(b.Counts.Done)
	if n == 0 && b.Same > 0 && b.Counts.Refused == 0 {
		return s.words.say("bulk.same", b.Same)
	}
	do, value, _ := strings.Cut(b.Action, ":")
	switch do {
	case "stage":
		return s.words.say("bulk.done.stage", n, s.words.say("stage."+value))
	case "priority":
		level, star := strings.CutSuffix(value, "*")
		l, _ := strconv.ParseInt(level, 10, 64)
		p := s.priority(l, star)
		return s.words.say("bulk.done.priority", n, p.Mark, p.Short)
	case "assignee":
		if value == "0" {
			return s.words.say("bulk.done.nobody", n)
		}
		return s.words.say("bulk.done.assignee", n, cmp.Or(names[b.Action], value))
	}
	if value == "0" {
		return s.words.say("bulk.done.uncategorised", n)
	}
	return s.words.say("bulk.done.category", n, cmp.Or(names[b.Action], value))
}

// refusals names the first few tickets that stayed, and why.
func refusals(all []tracker.Refusal) string {
	var b strings.Builder
	for i, x := range all {
		if i == 2 {
			b.WriteString("…")
			break
		}
		if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(tracker.TicketName(x.Number) + ": " + x.Why)
	}
	return b.String()
}

// bulkView is one of my bulk actions.
type bulkView struct {
	tracker.Bulk
	Words string
	Undo  bool
}

// bulks lists my last bulk actions.
func (s *site) bulks(w http.ResponseWriter, r *http.Request) error {
	all, err := s.store.Bulks(r.Context(), accountOf(r.Context()).ID, 30)
	if err != nil {
		return err
	}
	names, err := s.bulkNames(r.Context())
	if err != nil {
		return err
	}
	var list []bulkView
	for _, b := range all {
		list = append(list, bulkView{Bulk: b, Words: s.bulkDone(b, names), Undo: b.Undoable(s.store.Now())})
	}
	return s.render(w, r, http.StatusOK, "bulk", view{Title: s.words.say("bulk.title"), Section: "tickets", Data: list})
}

// undoBulk takes one of my bulk actions back.
func (s *site) undoBulk(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	b, err := s.store.UndoBulk(r.Context(), actorOf(r), id)
	if migrations.KindOf(err) == migrations.Conflict {
		s.flash(r, "bulk.said", migrations.SafeMessage(err))
		return seeOther(w, r, "/bulk")
	}
	if err != nil {
		return err
	}
	text := s.words.say("bulk.undone", len(b.Done)-len(b.Stayed))
	if len(b.Stayed) > 0 {
		text += " " + s.words.say("bulk.refused", len(b.Stayed), refusals(b.Stayed))
		s.flashMore(r, "/bulk")
	}
	s.flash(r, "bulk.said", text)
	return seeOther(w, r, backTo(r, "/tickets"))
}
