package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// boardView is the board as its template gets it.
type boardView struct {
	Columns []columnView
	Chips   []chip
	Late    *chip  // how many are overdue, nil for none
	NoBox   bool   // there is no mailbox yet, and the reader may connect one
	Self    string // this page's address, to read it again when something changes
}

// columnView is one column: a stage, or the archived tickets.
type columnView struct {
	Key, Word, Empty string
	Count            string
	Tickets          []tracker.Ticket
	More             string // address of the rest
}

// chip is a filter that can be switched on and off.
type chip struct {
	Word, To, Icon string
	On             bool
}

func (s *site) board(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if !tracker.May(*accountOf(ctx), tracker.ReadTickets) {
		return s.home(w, r)
	}
	q := r.URL.Query()
	all := q.Get("closed") == "1"
	me := accountOf(ctx)
	f := tracker.BoardFilter{Dropped: all, Limit: 50}
	switch q.Get("who") {
	case "me":
		f.AssigneeID = me.ID
	case "nobody":
		f.AssigneeID = tracker.Nobody
	}
	columns, err := s.store.Board(ctx, f)
	if err != nil {
		return err
	}
	b := boardView{Chips: s.boardChips(q), Self: "/board?" + liveQuery(q)}
	if b.Late, err = s.lateChip(ctx, q.Get("who"), f.AssigneeID); err != nil {
		return err
	}
	for _, c := range columns {
		b.Columns = append(b.Columns, s.columnView(c, q.Get("who")))
	}
	if all {
		c, err := s.archivedColumn(r, f.AssigneeID)
		if err != nil {
			return err
		}
		b.Columns = append(b.Columns, c)
	}
	if b.NoBox, err = s.wantsMailbox(ctx, *me); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "board", view{Title: s.words.say("nav.board"), Section: "board", Live: true, Data: b})
}

// wantsMailbox reports whether the desk has no mailbox, and this reader may
// connect one.
func (s *site) wantsMailbox(ctx context.Context, me tracker.Account) (bool, error) {
	if !tracker.May(me, tracker.EditSettings) {
		return false, nil
	}
	known, err := s.store.Mailboxes(ctx)
	if err != nil || len(known) > 0 {
		return false, err
	}
	made, err := s.store.Connections(ctx)
	return len(made) == 0, err
}

func (s *site) columnView(c tracker.Column, who string) columnView {
	key := string(c.Stage)
	v := columnView{Key: key, Word: s.words.say("stage." + key), Empty: s.words.say("board.empty." + key), Tickets: c.Tickets, Count: strconv.Itoa(c.Count)}
	if c.Count > tracker.CountCap {
		v.Count = s.words.say("count.over", fmt.Sprintf("%d,000", tracker.CountCap/1000))
	}
	if c.More != "" {
		q := url.Values{"stage": {key}}
		if who != "" {
			q.Set("who", who)
		}
		v.More = "/tickets?" + q.Encode()
	}
	return v
}

// archivedColumn is the board's last column, behind the switch.
func (s *site) archivedColumn(r *http.Request, assignee int64) (columnView, error) {
	list, more, err := s.store.Tickets(r.Context(), tracker.TicketFilter{Archived: tracker.ArchivedOnly, AssigneeID: assignee}, "", 30)
	if err != nil {
		return columnView{}, err
	}
	v := columnView{Key: "archived", Word: s.words.say("stage.archived"), Empty: s.words.say("board.empty.archived"), Tickets: list}
	if more != "" {
		v.More = "/tickets?archived=only"
	}
	return v, nil
}

func (s *site) boardChips(q url.Values) []chip {
	who, closed := q.Get("who"), q.Get("closed")
	to := func(who, closed string) string {
		v := url.Values{}
		if who != "" {
			v.Set("who", who)
		}
		if closed != "" {
			v.Set("closed", closed)
		}
		if len(v) == 0 {
			return "/board"
		}
		return "/board?" + v.Encode()
	}
	other := "1"
	if closed == "1" {
		other = ""
	}
	return []chip{
		{Word: s.words.say("filter.everybody"), To: to("", closed), On: who == ""},
		{Word: s.words.say("filter.mine"), To: to("me", closed), On: who == "me"},
		{Word: s.words.say("filter.nobody"), To: to("nobody", closed), On: who == "nobody"},
		{Word: s.words.say("board.closed"), Icon: "archive", To: to(who, other), On: closed == "1"},
	}
}

// liveQuery is a page's query marked as one that the page asks by itself, so
// that it does not use up what is meant for the reader's eyes.
func liveQuery(q url.Values) string {
	v := url.Values{}
	for k, vals := range q {
		v[k] = vals
	}
	v.Set("live", "1")
	return v.Encode()
}

// lateChip counts what is overdue on the board, and leads there.
func (s *site) lateChip(ctx context.Context, who string, assignee int64) (*chip, error) {
	n, err := s.store.CountTickets(ctx, tracker.TicketFilter{DueBefore: migrations.At(s.store.Now()), AssigneeID: assignee}, tabCount+1)
	if err != nil || n == 0 {
		return nil, err
	}
	count := strconv.Itoa(n)
	if n > tabCount {
		count = s.words.say("list.many", tabCount)
	}
	q := url.Values{"due": {"overdue"}, "sort": {"due"}}
	if who != "" {
		q.Set("who", who)
	}
	return &chip{Word: s.words.say("board.late", count), To: "/tickets?" + q.Encode(), Icon: "clock"}, nil
}
