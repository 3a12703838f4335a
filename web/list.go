package web

import (
	"net/http"
	"net/url"
	"strconv"

	"helpdeskd/tracker"
)

// listView is the list of tickets as its template gets it.
type listView struct {
	Tickets  []tracker.Ticket
	Chips    []chip // filters to switch on
	Set      []chip // filters that are on, to remove
	More     string // address of the next page
	Self     string
	First    bool
	Filtered bool // something is filtered out
	Query    url.Values

	Technicians []tracker.Account
	Categories  []tracker.Category
}

// listFilter reads a list's filter out of an address.
func listFilter(q url.Values, me int64) tracker.TicketFilter {
	f := tracker.TicketFilter{Text: q.Get("q"), News: q.Get("news") == "1", Untriaged: q.Get("untriaged") == "1", Star: q.Get("star") == "1"}
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
	switch q.Get("archived") {
	case "only":
		f.Archived = tracker.ArchivedOnly
	case "also":
		f.Archived = tracker.ArchivedAlso
	}
	return f
}

func (s *site) ticketList(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	after := q.Get("after")
	list, more, err := s.store.Tickets(ctx, listFilter(q, accountOf(ctx).ID), after, 50)
	if err != nil {
		return err
	}
	v := listView{Tickets: list, Self: "/tickets?" + liveQuery(q), First: after == "", Query: q}
	if v.Technicians, err = s.store.Technicians(ctx); err != nil {
		return err
	}
	if v.Categories, err = s.store.Categories(ctx, false); err != nil {
		return err
	}
	q.Del("after")
	q.Del("live")
	v.Filtered = len(q) > 0
	v.Chips, v.Set = s.listChips(q, v.Technicians, v.Categories)
	if more != "" {
		v.More = address("/tickets", q, "after", more)
	}
	return s.render(w, r, http.StatusOK, "tickets", view{Title: s.words.say("nav.tickets"), Section: "tickets", Live: true, Data: v})
}

// listChips returns the quick filters, and those that are set, each with the
// address that removes it.
func (s *site) listChips(q url.Values, technicians []tracker.Account, categories []tracker.Category) (quick, set []chip) {
	one := func(word, icon, key, value string) {
		on := q.Get(key) == value
		to := address("/tickets", q, key, value)
		if on {
			to = address("/tickets", q, key, "")
		}
		quick = append(quick, chip{Word: word, Icon: icon, To: to, On: on})
	}
	one(s.words.say("filter.mine"), "", "who", "me")
	one(s.words.say("filter.nobody"), "", "who", "nobody")
	one(s.words.say("mark.news"), "message-dots", "news", "1")
	one(s.words.say("mark.untriaged"), "", "untriaged", "1")
	one(s.words.say("filter.star"), "star", "star", "1")
	remove := func(word, key string) {
		set = append(set, chip{Word: word, To: address("/tickets", q, key, ""), On: true})
	}
	if v := q.Get("stage"); v != "" && tracker.Stage(v).Valid() {
		remove(s.words.say("stage."+v), "stage")
	}
	if v := q.Get("level"); v == "1" || v == "2" || v == "3" {
		remove(s.words.say("priority.p"+v), "level")
	}
	for _, a := range technicians {
		if q.Get("who") == strconv.FormatInt(a.ID, 10) {
			remove(a.Name, "who")
		}
	}
	for _, c := range categories {
		if q.Get("category") == strconv.FormatInt(c.ID, 10) {
			remove(c.Name, "category")
		}
	}
	switch q.Get("archived") {
	case "only":
		remove(s.words.say("filter.archived_only"), "archived")
	case "also":
		remove(s.words.say("filter.archived_also"), "archived")
	}
	if v := q.Get("q"); v != "" {
		remove("“"+v+"”", "q")
	}
	if v := q.Get("client"); v != "" {
		remove(s.words.say("filter.one_person"), "client")
	}
	return quick, set
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
