package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"helpdeskd/tracker"
)

// searchView is the search page.
type searchView struct {
	Query, Kind string
	Exact, Rows []foundRow
	Kinds       []chip
	Pages       pageLinks
}

func (s *site) search(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := searchView{Query: searched(r), Kind: q.Get("kind")}
	if !slices.Contains([]string{tracker.KindTicket, tracker.KindClient, tracker.KindAsset, tracker.KindWorkOrder}, v.Kind) {
		v.Kind = ""
	}
	before, _ := strconv.ParseInt(q.Get("after"), 10, 64)
	if v.Query != "" {
		if before <= 0 {
			exact, err := s.exactly(ctx, v.Query)
			if err != nil {
				return err
			}
			for _, x := range exact {
				if v.Kind == "" || v.Kind == x.Kind {
					v.Exact = append(v.Exact, x)
				}
			}
		}
		page, err := s.store.Search(ctx, v.Query, v.Kind, max(before, 0), 30)
		if err != nil {
			return err
		}
		if v.Rows, err = s.foundRows(ctx, page.Hits); err != nil {
			return err
		}
		v.Rows = slices.DeleteFunc(v.Rows, func(x foundRow) bool {
			return slices.ContainsFunc(v.Exact, func(e foundRow) bool { return e.To == x.To })
		})
		more := ""
		if page.More != 0 {
			more = strconv.FormatInt(page.More, 10)
		}
		v.Pages = pagesOf("/search", q, more)
	}
	to := func(kind string) string { return address("/search", url.Values{"q": {v.Query}}, "kind", kind) }
	v.Kinds = append(v.Kinds, chip{Word: s.words.say("search.kind."), To: to(""), On: v.Kind == ""})
	for _, k := range foundKinds {
		v.Kinds = append(v.Kinds, chip{Word: s.words.say("search.kind." + k.kind), To: to(k.kind), On: k.kind == v.Kind, Icon: k.icon})
	}
	return s.render(w, r, http.StatusOK, "search", view{Title: s.words.say("nav.search"), Section: "search", Query: v.Query, Data: v})
}
