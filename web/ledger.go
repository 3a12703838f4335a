package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"helpdeskd/tracker"
)

// ledgerView is the ledger: every mail that was ever taken.
type ledgerView struct {
	Tabs    []mailTab
	Sums    []boxSum
	Frame   listFrame
	Mails   []tracker.InboxRow
	Whats   []choice
	Classes []choice
	Boxes   []choice
	Looked  tracker.MailPage // of a page that is short: how far back was looked
	Bulk    bool             // quarantined mails can be ticked
	Recount []string
	Counted bool
	Problem string
}

// mailTab leads to one of the pages about mail.
type mailTab struct {
	To, Word, Icon string
	N              string
	On             bool
}

// mailTabs are the pages about mail.
func (s *site) mailTabs(ctx context.Context, on string) ([]mailTab, error) {
	sums, err := s.store.LedgerSums(ctx)
	if err != nil {
		return nil, err
	}
	set := 0
	for _, b := range sums {
		set += b.N(tracker.FateQuarantine)
	}
	held, err := s.store.HeldCount(ctx)
	if err != nil {
		return nil, err
	}
	count := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	return []mailTab{
		{To: "/mail", Word: s.words.say("ledger.overview"), On: on == "overview"},
		{To: "/mail/ledger", Word: s.words.say("ledger.title"), On: on == "ledger"},
		{To: "/mail/ledger?what=quarantine", Word: s.words.say("mail.quarantine"), N: count(set), On: on == "quarantine"},
		{To: "/held", Word: s.words.say("nav.held"), N: count(held), On: on == "held"},
		{To: "/mail/outbox", Word: s.words.say("outbox.title"), On: on == "outbox"},
		{To: "/mail/senders", Word: s.words.say("senders.title"), On: on == "senders"},
	}, nil
}

// thousands writes a number as people read it.
func thousands(n int) string {
	t := strconv.Itoa(n)
	for i := len(t) - 3; i > 0; i -= 3 {
		t = t[:i] + "," + t[i:]
	}
	return t
}

// ledgerKeys are what the ledger's address may ask for.
var ledgerKeys = []string{"what", "class", "box", "from", "q", "since", "until"}

func (s *site) ledgerFilter(r *http.Request) tracker.MailFilter {
	q := r.URL.Query()
	box, _ := strconv.ParseInt(q.Get("box"), 10, 64)
	f := tracker.MailFilter{MailboxID: max(box, 0), What: clip200(q.Get("what")), Class: tracker.Class(clip200(q.Get("class"))), Sender: clip200(q.Get("from")), Words: clip200(q.Get("q"))}
	zone := s.face(zoneOf(r)).zone
	if day, err := time.ParseInLocation(time.DateOnly, q.Get("since"), zone); err == nil {
		f.From = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, q.Get("until"), zone); err == nil {
		f.Until = day.AddDate(0, 0, 1)
	}
	return f
}

func (s *site) ledger(w http.ResponseWriter, r *http.Request) error {
	return s.ledgerPage(w, r, http.StatusOK, "")
}

func (s *site) ledgerPage(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	ctx, q := r.Context(), r.URL.Query()
	f := s.ledgerFilter(r)
	after, _ := strconv.ParseInt(q.Get("after"), 10, 64)
	page, err := s.store.Ledger(ctx, f, after, 50)
	if err != nil {
		return err
	}
	v := ledgerView{Mails: page.Mails, Looked: page, Bulk: f.What == tracker.FateQuarantine && len(page.Mails) > 0, Problem: problem}
	on := "ledger"
	if f.What == tracker.FateQuarantine {
		on = "quarantine"
	}
	if v.Tabs, err = s.mailTabs(ctx, on); err != nil {
		return err
	}
	if v.Sums, err = s.boxSums(ctx); err != nil {
		return err
	}
	if q.Get("count") == "1" {
		v.Counted = true
		if v.Recount, err = s.store.Recount(ctx); err != nil {
			return err
		}
	}
	next := ""
	if page.More != 0 {
		next = strconv.FormatInt(page.More, 10)
	}
	v.Frame = listFrame{Path: "/mail/ledger", Self: "/mail/ledger?" + liveQuery(q), First: q.Get("after") == "", Pages: pagesOf("/mail/ledger", q, next), Query: url.Values{}}
	for _, k := range ledgerKeys {
		if q.Get(k) != "" {
			v.Frame.Query.Set(k, q.Get(k))
			v.Frame.Filtered = true
			word := q.Get(k)
			switch k {
			case "what":
				word = s.words.say("fate." + word)
			case "class":
				word = s.classWord(word)
			case "box":
				word = s.words.say("mail.box")
			case "since", "until":
				word = s.words.say("ledger."+k) + " " + word
			}
			v.Frame.removable(word, k)
		}
	}
	n, known, err := s.store.LedgerCount(ctx, f)
	if err != nil {
		return err
	}
	if known {
		v.Frame.Count = s.words.say("n.mails", n)
	}
	for _, x := range tracker.InboxCounts() {
		v.Whats = append(v.Whats, choice{Value: x, Word: s.words.say("fate." + x)})
	}
	for _, c := range []tracker.Class{tracker.ClassHuman, tracker.ClassAutoReply, tracker.ClassBounce, tracker.ClassDeliveryNotice, tracker.ClassReceipt, tracker.ClassFeedback, tracker.ClassList, tracker.ClassOwn, tracker.ClassPlaceholder, tracker.ClassMalformed} {
		v.Classes = append(v.Classes, choice{Value: string(c), Word: s.classWord(string(c))})
	}
	boxes, err := s.store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	for _, b := range boxes {
		v.Boxes = append(v.Boxes, choice{Value: strconv.FormatInt(b.ID, 10), Word: b.Name})
	}
	title := s.words.say("ledger.title")
	if on == "quarantine" {
		title = s.words.say("mail.quarantine")
	}
	return s.render(w, r, status, "ledger", view{Title: title, Section: "mail", Live: true, Data: v})
}

func (s *site) classWord(class string) string {
	if class == string(tracker.ClassHuman) {
		return s.words.say("ledger.human")
	}
	if s.words.has("class." + class) {
		return s.words.say("class." + class)
	}
	return class
}

// discardMany discards several quarantined mails, each in a transaction of its
// own, and says how many somebody else had decided about.
func (s *site) discardMany(w http.ResponseWriter, r *http.Request) error {
	ids, err := rowIDs(r)
	if err != nil {
		return err
	}
	return s.decideMany(w, r, ids, "/mail/ledger?what=quarantine", func(id int64) error {
		return s.store.DiscardQuarantined(r.Context(), actorOf(r), id, r.PostFormValue("reason"))
	})
}

// decideMany decides about several mails and goes back to their list.
func (s *site) decideMany(w http.ResponseWriter, r *http.Request, ids []int64, back string, decide func(id int64) error) error {
	done, late, first := 0, 0, ""
	for _, id := range ids {
		switch err := decide(id); {
		case err == nil:
			done++
		case isMeanwhile(err):
			late++
			first = safeWords(err)
		default:
			return err
		}
	}
	if late > 0 {
		s.flash(r, "ledger.many_late", done, late, first)
	} else {
		s.flash(r, "ledger.many", done)
	}
	return seeOther(w, r, back)
}

// rowIDs returns the mails that were ticked, at least one.
func rowIDs(r *http.Request) ([]int64, error) {
	var ids []int64
	for _, v := range r.PostForm["row"] {
		id, err := strconv.ParseInt(v, 10, 64)
		if err != nil || id <= 0 {
			return nil, errForm
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 || len(ids) > 500 {
		return nil, errNoRows
	}
	return ids, nil
}

func mailPath(id int64) string { return fmt.Sprintf("/mail/quarantine/%d", id) }
