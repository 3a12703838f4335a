package web

import (
	"net/http"
	"net/url"
	"strconv"

	"helpdeskd/tracker"
)

// listView is the list of tickets as its template gets it.
type listView struct {
	Frame   listFrame
	Tickets []ticketRow

	Technicians []tracker.Account
	Categories  []tracker.Category
	Priorities  []priorityView
}

// ticketRow is a ticket of the list, selected or not.
type ticketRow struct {
	*tracker.Ticket
	On bool
}

// listFilter reads a list's filter out of an address.
func listFilter(q url.Values, me int64) tracker.TicketFilter {
	f := tracker.TicketFilter{Text: q.Get("q"), News: q.Get("news") == "1", Untriaged: q.Get("untriaged") == "1", Star: q.Get("star") == "1", Oldest: q.Get("sort") == "oldest", ByDue: q.Get("sort") == "due"}
	for _, v := range q["stage"] {
		if st := tracker.Stage(v); st.Valid() {
			f.Stages = append(f.Stages, st)
		}
	}
	number := func(key string) int64 {
		switch v := q.Get(key); v {
		case "me":
			return me
		case "nobody", "none":
			return tracker.Nobody
		default:
			n, _ := strconv.ParseInt(v, 10, 64)
			return max(n, 0)
		}
	}
	f.AssigneeID, f.CategoryID, f.ClientID, f.Level = number("who"), number("category"), number("client"), number("level")
	if q.Get("watched") == "1" {
		f.WatcherID = me
	}
	if v := q.Get("waiting"); v == tracker.WaitingClient || v == tracker.WaitingVendor {
		f.Waiting = v
	}
	switch q.Get("archived") {
	case "only":
		f.Archived = tracker.ArchivedOnly
	case "also":
		f.Archived = tracker.ArchivedAlso
	}
	return f
}

func (s *site) ticketList(w http.ResponseWriter, r *http.Request) error {
	return s.ticketListPage(w, r, http.StatusOK, bulkForm{})
}

func (s *site) ticketListPage(w http.ResponseWriter, r *http.Request, status int, bulk bulkForm) error {
	ctx := r.Context()
	q := r.URL.Query()
	f, err := s.ticketFilter(ctx, q, accountOf(ctx).ID)
	if err != nil {
		return err
	}
	list, more, err := s.store.Tickets(ctx, f, q.Get("after"), 50)
	if err != nil {
		return err
	}
	if bulk.err != nil && len(list) == 0 {
		return bulk.err // there is no bar to say it in
	}
	v := listView{Priorities: s.priorities()}
	if v.Frame, err = s.listFrame(r, "tickets", more); err != nil {
		return err
	}
	bulk.Back = address(v.Frame.Path, q, "live", "") // also in a list that the page read again by itself
	v.Frame.Bulk = bulk
	for i := range list {
		v.Tickets = append(v.Tickets, ticketRow{&list[i], bulk.On(list[i].Number)})
	}
	if v.Technicians, err = s.store.Technicians(ctx); err != nil {
		return err
	}
	if v.Categories, err = s.store.Categories(ctx, false); err != nil {
		return err
	}
	s.ticketChips(&v.Frame, v.Technicians, v.Categories)
	if err := s.periodChips(ctx, &v.Frame); err != nil {
		return err
	}
	return s.render(w, r, status, "tickets", view{Title: s.words.say("nav.tickets"), Section: "tickets", Live: true, Data: v})
}

// ticketChips adds the quick filters, and those that are set, each with the
// address that removes it.
func (s *site) ticketChips(f *listFrame, technicians []tracker.Account, categories []tracker.Category) {
	q := f.Query
	f.quick(s.words.say("filter.mine"), "", "who", "me")
	f.quick(s.words.say("filter.nobody"), "", "who", "nobody")
	f.quick(s.words.say("filter.watched"), "eye", "watched", "1")
	f.quick(s.words.say("mark.news"), "message-dots", "news", "1")
	f.quick(s.words.say("mark.untriaged"), "", "untriaged", "1")
	f.quick(s.words.say("filter.star"), "star", "star", "1")
	f.quick(s.words.say("due.overdue"), "clock", "due", "overdue")
	if q.Get("due") == "today" {
		f.removable(s.words.say("due.due_today"), "due")
	}
	if v := q.Get("waiting"); v == tracker.WaitingClient || v == tracker.WaitingVendor {
		f.removable(s.words.say("waiting."+v), "waiting")
	}
	if v := q.Get("stage"); v != "" && tracker.Stage(v).Valid() {
		f.removable(s.words.say("stage."+v), "stage")
	}
	if v := q.Get("level"); v == "1" || v == "2" || v == "3" {
		f.removable(s.words.say("priority.p"+v), "level")
	}
	for _, a := range technicians {
		if q.Get("who") == strconv.FormatInt(a.ID, 10) {
			f.removable(a.Name, "who")
		}
	}
	if q.Get("category") == "none" {
		f.removable(s.words.say("filter.no_category"), "category")
	}
	for _, c := range categories {
		if q.Get("category") == strconv.FormatInt(c.ID, 10) {
			f.removable(c.Name, "category")
		}
	}
	switch q.Get("archived") {
	case "only":
		f.removable(s.words.say("filter.archived_only"), "archived")
	case "also":
		f.removable(s.words.say("filter.archived_also"), "archived")
	}
	if v := q.Get("q"); v != "" {
		f.removable("“"+v+"”", "q")
	} else { // what words find has an order of its own
		f.sort(s.words.say("sort.newest"), "")
		f.sort(s.words.say("sort.oldest"), "oldest")
		f.sort(s.words.say("sort.due"), "due")
	}
	if v := q.Get("client"); v != "" {
		f.removable(s.words.say("filter.one_person"), "client")
	}
}

// address returns a path with a query in which one value is set, or removed
// when it is "".
func address(path string, q url.Values, key, value string) string {
	v := url.Values{}
	for k, vals := range q {
		if k != key {
			v[k] = vals
		}
	}
	if value != "" {
		v.Set(key, value)
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}
