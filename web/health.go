package web

import (
	"net/http"
	"strconv"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// healthView is the page on how mail is doing.
type healthView struct {
	tracker.Health
	Tabs       []mailTab
	Sums       []boxSum
	Mends      bool // the reader may decide about mail
	Endless    int  // readings of mail in this process that do not come to an end
	Boxes      []boxView
	InboxSum   []countView
	OutboxSum  []countView
	Show       string // which list is open: an inbox count, or out: and an outbox state
	Inbox      []tracker.InboxRow
	Outbox     []tracker.OutboxRow
	ListTitle  string
	More       string
	Quarantine []tracker.InboxRow
	Stuck      []tracker.OutboxRow // dead, uncertain, held: a person must decide
	Returned   []tracker.OutboxRow // came back, or late on its way
	Restored   *tracker.Restored   // what a restore left to decide; nil for nothing
}

// boxView is a mailbox with its light.
type boxView struct {
	tracker.Mailbox
	Light string // "", bad, idle
	Words string
}

// countView is one count of a sum, with a link to what it counts.
type countView struct {
	Word, To string
	N        int
	Bad, On  bool
}

// pollStale is how old the last good look into a mailbox may be before the
// page worries.
const pollStale = 5 * time.Minute

func (s *site) mailHealth(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	h, err := s.store.Health(ctx)
	if err != nil {
		return err
	}
	v := healthView{Health: h, Show: r.URL.Query().Get("show"), Mends: tracker.May(*accountOf(ctx), tracker.MendMail)}
	if v.Tabs, err = s.mailTabs(ctx, "overview"); err != nil {
		return err
	}
	if v.Sums, err = s.boxSums(ctx); err != nil {
		return err
	}
	if s.opts.StuckReading != nil {
		v.Endless = s.opts.StuckReading()
	}
	for _, m := range h.Mailboxes {
		v.Boxes = append(v.Boxes, s.boxView(m))
	}
	for _, c := range h.Inbox {
		v.InboxSum = append(v.InboxSum, countView{Word: s.words.say("fate." + c.What), To: "/mail/ledger?what=" + c.What, N: c.N,
			Bad: c.N > 0 && c.What == tracker.FateQuarantine, On: v.Show == c.What})
	}
	for _, c := range h.Outbox {
		bad := c.What == tracker.OutboxDead || c.What == tracker.OutboxUncertain
		v.OutboxSum = append(v.OutboxSum, countView{Word: s.words.say("outbox." + c.What), To: "/mail?show=out-" + c.What + "#list", N: c.N, Bad: bad && c.N > 0, On: v.Show == "out-"+c.What})
	}
	set, err := s.store.Ledger(ctx, tracker.MailFilter{What: tracker.FateQuarantine}, 0, 20)
	if err != nil {
		return err
	}
	v.Quarantine = set.Mails
	for _, state := range []string{tracker.OutboxUncertain, tracker.OutboxDead, tracker.OutboxHeld} {
		rows, _, err := s.store.Outbox(ctx, state, 0, 20)
		if err != nil {
			return err
		}
		v.Stuck = append(v.Stuck, rows...)
	}
	if v.Returned, err = s.store.Returned(ctx, 20); err != nil {
		return err
	}
	if v.Restored, err = s.store.LastRestore(ctx); err != nil {
		return err
	}
	if err := s.healthList(r, &v); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, "mail", view{Title: s.words.say("mail.title"), Section: "mail", Live: true, Data: v})
}

// healthList reads the list that is open, if any.
func (s *site) healthList(r *http.Request, v *healthView) (err error) {
	if v.Show == "" {
		return nil
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	var more int64
	if state, ok := cutFold(v.Show, "out-"); ok {
		v.ListTitle = s.words.say("mail.out_list", s.words.say("outbox."+state))
		v.Outbox, more, err = s.store.Outbox(r.Context(), state, before, 50)
	} else {
		v.ListTitle = s.words.say("mail.in_list", s.words.say("fate."+v.Show))
		var p tracker.MailPage
		p, err = s.store.Ledger(r.Context(), tracker.MailFilter{What: v.Show}, before, 50)
		v.Inbox, more = p.Mails, p.More
	}
	if more != 0 {
		v.More = address("/mail", map[string][]string{"show": {v.Show}}, "before", strconv.FormatInt(more, 10)) + "#list"
	}
	return err
}

func (s *site) boxView(m tracker.Mailbox) boxView {
	v := boxView{Mailbox: m}
	ok := migrations.Or(m.LastOKAt)
	switch {
	case m.LastError != "":
		v.Light, v.Words = "bad", m.LastError
	case m.SendError != "":
		v.Light, v.Words = "bad", m.SendError
	case ok == 0:
		v.Light, v.Words = "idle", s.words.say("mail.box_never")
	case s.store.Now().Sub(ok.Time()) > pollStale:
		v.Light, v.Words = "bad", s.words.say("mail.box_silent")
	default:
		v.Words = s.words.say("mail.box_ok")
	}
	return v
}

// mend does one thing to a mail and goes back to the page.
func (s *site) mend(w http.ResponseWriter, r *http.Request, said string, do func(id int64) error) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if err := do(id); err != nil {
		return err
	}
	s.flash(r, said)
	return seeOther(w, r, "/mail")
}

func (s *site) resendOutbox(w http.ResponseWriter, r *http.Request) error {
	return s.mend(w, r, "mail.resent", func(id int64) error { return s.store.ResendOutbox(r.Context(), actorOf(r), id) })
}

func (s *site) cancelOutbox(w http.ResponseWriter, r *http.Request) error {
	return s.mend(w, r, "mail.cancelled", func(id int64) error { return s.store.CancelOutbox(r.Context(), actorOf(r), id) })
}
