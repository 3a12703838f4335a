package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/tracker"
)

// listing is one kind of list. The same frame stands around all of them:
// saved views as tabs, filters as chips, a count, pages by key.
//
// To make another list: add it to listings, read the rows by the after of the
// address, build the frame with s.listFrame(r, name, more), add chips with its
// methods quick and removable, and put {{template "list-tabs" .Frame}},
// {{template "list-chips" .Frame}} and {{template "list-foot" .Frame}} around a
// <table class="list">. A column of checkboxes (template "pick" in the head,
// "pick-row" in the rows) and a template "bulk-bar" make rows selectable.
type listing struct {
	name, path string
	// count returns how many rows the query of an address finds for somebody,
	// counting no further than limit.
	count func(ctx context.Context, q url.Values, me int64, limit int) (int, error)
}

// listings are the lists that views can be saved of.
func (s *site) listings() []listing {
	return []listing{
		{"tickets", "/tickets", func(ctx context.Context, q url.Values, me int64, limit int) (int, error) {
			f, err := s.ticketFilter(ctx, q, me)
			if err != nil {
				return 0, err
			}
			return s.store.CountTickets(ctx, f, limit)
		}},
		s.assetListing(),
		{"orders", "/orders", s.countOrders},
	}
}

func (s *site) listing(name string) (listing, bool) {
	all := s.listings()
	i := slices.IndexFunc(all, func(l listing) bool { return l.name == name })
	if i < 0 {
		return listing{}, false
	}
	return all[i], true
}

// Up to where lists count: a tab's count, and the list's own.
const (
	tabCount  = 99
	listCount = 1000
)

// listFrame is what stands around the rows of a list.
type listFrame struct {
	Name, Path string
	Query      url.Values // of the address, without the place in the list
	Self       string     // this page's address, to read it again when something changes
	First      bool       // the first page
	Filtered   bool       // something is filtered out
	Count      string     // 12 tickets, over 1,000 tickets
	Quick, Set []chip     // filters to switch on, and those that are on, to remove
	Sorts      []chip
	Pages      pageLinks
	Bulk       bulkForm
	Switch     []tab // other ways to show the list, at the right of the views
	SwitchWord string
	Beside     []tab // pages that belong to it

	Tabs    []viewTab
	Current *viewTab // the saved view that is shown, nil for none
	Save    string   // the filter as a view would hold it; "" where there is nothing to save
	All     viewTab
}

// viewTab is a saved view above its list.
type viewTab struct {
	tracker.SavedView
	To, Count   string
	On          bool // it is shown
	Changed     bool // it is shown, but with another filter
	Mine        bool // the reader may change it
	First, Last bool // among its like
}

// pageLinks lead through a list by its keys. The address carries the keys of
// the pages before, so that back is a link like any other.
type pageLinks struct {
	First, Back, Next string // "" where there is none
	N                 int    // of this page, from 1; 0 where it is not known
}

// maxPast is how many earlier pages an address remembers.
const maxPast = 60

// pagesOf returns the links of the page that q shows, when more is the key of
// the next one ("" at the end).
func pagesOf(path string, q url.Values, more string) pageLinks {
	after, past := q.Get("after"), []string{}
	if p := q.Get("past"); p != "" {
		past = strings.Split(p, ",")
	}
	rest := url.Values{}
	for k, v := range q {
		if k != "after" && k != "past" && k != "live" {
			rest[k] = v
		}
	}
	at := func(after string, past []string) string {
		v := url.Values{}
		for k, vals := range rest {
			v[k] = vals
		}
		if after != "" {
			v.Set("after", after)
		}
		if len(past) > 0 {
			v.Set("past", strings.Join(past, ","))
		}
		if len(v) == 0 {
			return path
		}
		return path + "?" + v.Encode()
	}
	p := pageLinks{N: 1}
	if more != "" {
		before := past
		if after != "" {
			before = append(slices.Clone(past), after)
		}
		p.Next = at(more, before[max(0, len(before)-maxPast):])
	}
	if after == "" {
		return p
	}
	p.First, p.Back, p.N = at("", nil), at("", nil), len(past)+2
	if n := len(past); n > 0 {
		p.Back = at(past[n-1], past[:n-1])
	}
	if len(past) >= maxPast {
		p.N = 0
	}
	return p
}

// listFrame builds the frame of a list whose rows were read; more is what the
// store gave as the key of the next page.
func (s *site) listFrame(r *http.Request, name, more string) (listFrame, error) {
	l, ok := s.listing(name)
	if !ok {
		return listFrame{}, fmt.Errorf("there is no list %q", name)
	}
	ctx, q, me := r.Context(), r.URL.Query(), accountOf(r.Context())
	f := listFrame{Name: name, Path: l.path, Self: l.path + "?" + liveQuery(q), First: q.Get("after") == "", Pages: pagesOf(l.path, q, more), Query: url.Values{}}
	for k, v := range q {
		if k != "after" && k != "past" && k != "live" {
			f.Query[k] = v
		}
	}
	n, err := l.count(ctx, q, me.ID, listCount+1)
	if err != nil {
		return f, err
	}
	f.Count = s.words.say("list.count."+name, n)
	if n > listCount {
		f.Count = s.words.say("list.count."+name, s.words.say("count.over", "1,000"))
	}
	now := tracker.ViewQuery(q)
	f.Filtered = now != "" && now != "sort="+f.Query.Get("sort")
	if err := s.viewTabs(ctx, &f, l, now, me); err != nil {
		return f, err
	}
	return f, nil
}

// viewTabs fills in the saved views, each with its count.
func (s *site) viewTabs(ctx context.Context, f *listFrame, l listing, now string, me *tracker.Account) error {
	views, err := s.store.SavedViews(ctx, f.Name, me.ID)
	if err != nil {
		return err
	}
	shown, _ := strconv.ParseInt(f.Query.Get("view"), 10, 64)
	for i, v := range views {
		q, err := url.ParseQuery(v.Query)
		if err != nil {
			continue
		}
		n, err := l.count(ctx, q, me.ID, tabCount+1)
		if err != nil {
			return err
		}
		t := viewTab{SavedView: v, Count: strconv.Itoa(n), On: v.ID == shown, Mine: tracker.MayEditView(*me, v)}
		if n > tabCount {
			t.Count = s.words.say("list.many", tabCount)
		}
		t.Changed = t.On && now != v.Query
		t.First, t.Last = i == 0 || views[i-1].Shared != v.Shared, i == len(views)-1 || views[i+1].Shared != v.Shared
		q.Set("view", strconv.FormatInt(v.ID, 10))
		t.To = l.path + "?" + q.Encode()
		f.Tabs = append(f.Tabs, t)
	}
	for i := range f.Tabs {
		if f.Tabs[i].On {
			f.Current = &f.Tabs[i]
		}
	}
	f.All = viewTab{To: l.path, On: f.Current == nil && now == ""}
	if tracker.May(*me, tracker.SaveViews) && now != "" && (f.Current == nil || f.Current.Changed) {
		f.Save = now
	}
	return nil
}

// quick adds a filter that one click switches on or off.
func (f *listFrame) quick(word, icon, key, value string) {
	on := f.Query.Get(key) == value
	to := address(f.Path, f.Query, key, value)
	if on {
		to = address(f.Path, f.Query, key, "")
	}
	f.Quick = append(f.Quick, chip{Word: word, Icon: icon, To: to, On: on})
}

// removable adds a filter that is on, with the link that removes it.
func (f *listFrame) removable(word, key string) {
	f.Set = append(f.Set, chip{Word: word, To: address(f.Path, f.Query, key, ""), On: true})
}

// sort adds an order of the list; value is "" for the usual one.
func (f *listFrame) sort(word, value string) {
	f.Sorts = append(f.Sorts, chip{Word: word, To: address(f.Path, f.Query, "sort", value), On: f.Query.Get("sort") == value})
}

// field is a name and a value of a form.
type field struct{ Name, Value string }

// Rest returns what the address holds besides some keys: a form that asks for
// those sends the rest along.
func (f listFrame) Rest(keys ...string) (rest []field) {
	for k, all := range f.Query {
		if slices.Contains(keys, k) {
			continue
		}
		for _, v := range all {
			rest = append(rest, field{k, v})
		}
	}
	slices.SortFunc(rest, func(a, b field) int { return strings.Compare(a.Name, b.Name) })
	return rest
}
