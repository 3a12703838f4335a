package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"helpdeskd/tracker"
)

// searchView is the search page.
type searchView struct {
	Query, Kind string
	Page        tracker.SearchPage
	More        string
	Kinds       []chip
	Waiting     int // things that the index does not know yet
}

func (s *site) search(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v := searchView{Query: strings.TrimSpace(q.Get("q")), Kind: q.Get("kind")}
	if v.Kind != tracker.KindTicket && v.Kind != tracker.KindClient {
		v.Kind = ""
	}
	before, _ := strconv.ParseInt(q.Get("before"), 10, 64)
	if v.Query != "" {
		var err error
		if v.Page, err = s.store.Search(r.Context(), v.Query, v.Kind, max(before, 0), 30); err != nil {
			return err
		}
		if v.Page.More != 0 {
			v.More = address("/search", url.Values{"q": {v.Query}, "kind": {v.Kind}}, "before", strconv.FormatInt(v.Page.More, 10))
		}
	}
	for _, k := range []string{"", tracker.KindTicket, tracker.KindClient} {
		v.Kinds = append(v.Kinds, chip{Word: s.words.say("search.kind." + k), To: address("/search", url.Values{"q": {v.Query}}, "kind", k), On: k == v.Kind})
	}
	return s.render(w, r, http.StatusOK, "search", view{Title: s.words.say("nav.search"), Section: "search", Query: v.Query, Data: v})
}
