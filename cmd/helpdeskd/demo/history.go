package demo

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"helpdeskd/ingest"
	"helpdeskd/inventory"
	"helpdeskd/tracker"
)

// Password is everybody's of the IT department. The demo listens on loopback
// and holds nothing real.
const Password = "pendulum swings softly"

// History writes the past of the helpdesk: its people, their things, and every
// story step by step at its own time, through the doors that real mail and real
// technicians use. What the helpdesk sends meanwhile is sent by the mailer that
// runs beside it. The usual requests of two years, which nobody plays, are
// stored as wholes.
type History struct {
	Store     *tracker.Store   // on Clock
	Things    *inventory.Store // beside it
	Hub       *Hub             // on Clock
	Clock     *Clock
	MailboxID int64
	Parse     func(raw []byte) tracker.Inbound
	Until     time.Time // where the story ends; zero: now

	pipe       *ingest.Pipe
	staff      map[string]tracker.Account // technicians, by key
	accounts   map[string]tracker.Actor   // the same as actors
	categories map[string]int64
	keeper     *keeper
	usual      []request // not yet written, the oldest first
	last       int64     // number of the last ticket
	titles     []title
}

// scene is something that happens at its time.
type scene struct {
	at    time.Time
	what  string
	do    func(ctx context.Context) error
	mails bool // what is owed afterwards must have been sent
}

// told is a story being told.
type told struct {
	story
	number int64 // of its ticket, once it is open
	note   int64 // the last one on it
}

// title is what a ticket is called.
type title struct {
	number int64
	text   string
}

// Write writes it all. The clock runs again when it returns.
func (h *History) Write(ctx context.Context) error {
	defer h.Clock.Set(time.Time{})
	now := h.Until
	if now.IsZero() {
		now = time.Now()
	}
	h.keeper, h.usual = newKeeper(h, now), requests(now)
	all := h.script(now)
	go func() { // while the first year is written
		for _, draw := range h.keeper.pictures {
			draw()
		}
	}()
	h.Clock.Set(beginning(now).Add(-day))
	if err := h.hire(ctx); err != nil {
		return err
	}
	h.pipe = ingest.OpenPipe(ctx, h.Store, h.MailboxID, ingest.PollerOptions{Parse: h.Parse})
	defer h.pipe.Close()
	for _, sc := range all {
		if err := h.write(ctx, sc.at); err != nil {
			return err
		}
		h.Clock.Set(sc.at)
		if err := sc.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", sc.what, err)
		}
		if sc.mails {
			if err := h.mailed(ctx); err != nil {
				return err
			}
		}
	}
	if err := h.write(ctx, now); err != nil {
		return err
	}
	h.Clock.Set(h.Until)
	if err := h.sweep(ctx); err != nil {
		return err
	}
	if _, err := h.Store.Escalate(ctx, nil); err != nil { // what was missed is told before anybody looks
		return err
	}
	return h.mailed(ctx)
}

// script puts everything in the order of its time.
func (h *History) script(now time.Time) []scene {
	var all []scene
	opened := map[string]time.Time{} // stories, by title
	for _, s := range stories() {
		t := &told{story: s}
		at, usual := now.Add(-s.ago), func(t time.Time) time.Time { return t }
		if s.ago > 9*day {
			usual = atWork
		}
		at = usual(at)
		opened[t.title()] = at
		all = append(all, scene{at: at, what: "open the ticket of " + s.who, do: func(ctx context.Context) error { return h.open(ctx, t) }, mails: true})
		for i, st := range s.steps {
			at = usual(at.Add(st.after))
			all = append(all, scene{at: at, what: fmt.Sprintf("tell the story of %s, step %d", s.who, i), do: func(ctx context.Context) error { return h.play(ctx, t, st) }, mails: !st.do.quiet()})
		}
	}
	all = append(all, h.keeper.scenes(func(begins string, by time.Time) time.Time {
		var last time.Time
		for title, at := range opened {
			if strings.HasPrefix(title, begins) && at.After(last) && at.Before(by) {
				last = at
			}
		}
		for _, q := range h.usual {
			if strings.HasPrefix(q.subject, begins) && q.at.After(last) && q.at.Before(by) {
				last = q.at
			}
		}
		return last
	})...)
	all = append(all, h.desk(now)...)
	spoken := now.Add(-oldestStory())
	for at := beginning(now).AddDate(0, 0, 7); at.Before(now); { // what is due by time
		all = append(all, scene{at: at, what: "do what is due", do: h.sweep})
		at = at.AddDate(0, 0, 1)
		if at.Before(spoken) {
			at = at.AddDate(0, 0, 6)
		}
	}
	for i := range all { // what a weekend moved past now is done just before it
		if last := now.Add(-minute); all[i].at.After(last) {
			all[i].at = last
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at.Before(all[j].at) })
	return all
}

// write stores the usual requests that came before a time.
func (h *History) write(ctx context.Context, until time.Time) error {
	n := 0
	for n < len(h.usual) && h.usual[n].at.Before(until) {
		n++
	}
	if n == 0 {
		return nil
	}
	var past []tracker.Past
	for _, q := range h.usual[:n] {
		p, err := q.past(h.accounts, h.categories)
		if err != nil {
			return err
		}
		past = append(past, p)
	}
	if err := h.Store.Seed(ctx, h.MailboxID, past); err != nil {
		return err
	}
	now := h.usual[:n]
	h.usual = h.usual[n:]
	for _, q := range now {
		h.last++
		h.titles = append(h.titles, title{h.last, q.subject})
		if !q.linked || len(q.deeds) == 0 || h.keeper.assets[q.asset] == 0 || q.deeds[0].at.IsZero() {
			continue
		}
		h.Clock.Set(q.deeds[0].at)
		t, err := h.Store.TicketByNumber(ctx, h.last)
		if err != nil || t.Subject != q.subject {
			return fmt.Errorf("HD-%d is %q, not %q: %w", h.last, t.Subject, q.subject, err)
		}
		err = h.Store.Link(ctx, h.accounts[q.deeds[0].by], tracker.Thing{Kind: tracker.KindTicket, ID: t.ID}, tracker.Thing{Kind: tracker.KindAsset, ID: h.keeper.assets[q.asset]})
		if err != nil {
			return fmt.Errorf("link HD-%d with %s: %w", h.last, q.asset, err)
		}
	}
	return nil
}

// ticketAbout returns the newest ticket whose title begins so.
func (h *History) ticketAbout(ctx context.Context, begins string) (int64, error) {
	for _, t := range slices.Backward(h.titles) {
		if strings.HasPrefix(t.text, begins) {
			ticket, err := h.Store.TicketByNumber(ctx, t.number)
			return ticket.ID, err
		}
	}
	return 0, fmt.Errorf("there is no ticket %q yet", begins)
}

// title is what the history calls a story: its subject, or how its form begins.
func (t *told) title() string {
	if t.form != nil {
		return t.form.Happened
	}
	return t.subject
}

// employ makes an account.
func (h *History) employ(ctx context.Context, by tracker.Actor, p Person) error {
	a, err := h.Store.CreateAccount(ctx, by, tracker.NewAccount{Email: p.Address(), Name: p.Name, Role: p.Role, Password: Password, Notify: tracker.NotifyMine})
	h.staff[p.Key], h.accounts[p.Key] = a, a.Actor()
	return err
}

// hire makes the accounts of the IT department and of the manager, as they
// were at the beginning. They hear of nothing by mail until the history is
// told, but for what is theirs.
func (h *History) hire(ctx context.Context) error {
	h.staff, h.accounts, h.categories = map[string]tracker.Account{}, map[string]tracker.Actor{}, map[string]int64{}
	for _, p := range []Person{person(mara), person(tobias), Former()} {
		if err := h.employ(ctx, h.accounts[mara], p); err != nil {
			return err
		}
	}
	m := Manager()
	if _, err := h.Store.CreateAccount(ctx, tracker.Actor{}, tracker.NewAccount{Email: m.Address(), Name: m.Name, Role: m.Role, Password: Password, Notify: tracker.NotifyNone}); err != nil {
		return err
	}
	list, err := h.Store.Categories(ctx, false)
	if err != nil {
		return err
	}
	for _, c := range list {
		h.categories[c.Name] = c.ID
	}
	return nil
}

// Awake has the IT department told of every new request from now on.
func (h *History) Awake(ctx context.Context) error {
	all := tracker.NotifyAll
	for _, p := range Technicians() {
		a := h.accounts[p.Key]
		if _, err := h.Store.UpdateAccount(ctx, tracker.Actor{}, a.AccountID, tracker.AccountChange{Notify: &all}, tracker.AnyVersion); err != nil {
			return err
		}
	}
	return nil
}

func (h *History) sweep(ctx context.Context) error {
	if _, err := h.Store.AutoComplete(ctx, nil); err != nil {
		return err
	}
	if at := h.Clock.Now(); h.Until.IsZero() && time.Since(at) > day && at.Weekday() != time.Monday {
		return nil // the archive is nobody's haste
	}
	_, err := h.Store.Archive(ctx, nil)
	return err
}

// mailed waits until everything that is owed has been sent.
func (h *History) mailed(ctx context.Context) error {
	for {
		news := h.Hub.Changed()
		open := 0
		for _, state := range []string{"queued", "sending"} {
			list, _, err := h.Store.Outbox(ctx, state, 0, 1)
			if err != nil {
				return err
			}
			open += len(list)
		}
		if open == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-news:
		case <-time.After(5 * time.Millisecond): // delivered, and not yet noted as sent
		}
	}
}

func (h *History) play(ctx context.Context, t *told, st step) error {
	switch st.do {
	case answers:
		return h.answer(ctx, t, st.text)
	case says, rates:
		return h.onPage(ctx, t, st)
	case mails:
		return h.mail(ctx, t, person(st.who), st.text)
	}
	who := h.accounts[st.who]
	var err error
	switch st.do {
	case takes:
		if _, err = h.Store.Take(ctx, who, t.number, tracker.AnyVersion); err == nil {
			err = h.triage(ctx, who, t)
		}
	case triages:
		err = h.triage(ctx, who, t)
	case notes, phones, visits, finds:
		kind := map[verb]tracker.NoteKind{notes: tracker.NoteNote, phones: tracker.NotePhone, visits: tracker.NoteInPerson, finds: tracker.NoteFinding}[st.do]
		var n tracker.Note
		n, err = h.Store.AddNote(ctx, who, t.number, kind, st.text)
		t.note = n.ID
	case replies:
		_, err = h.Store.Reply(ctx, who, t.number, tracker.ReplyInput{Text: st.text})
	case fixes, patches:
		_, err = h.Store.SetStage(ctx, who, t.number, tracker.StageChange{Stage: tracker.Confirming, Fix: st.text, Summary: t.sum, Workaround: st.do == patches}, tracker.AnyVersion)
	case confirms:
		_, err = h.Store.SetStage(ctx, who, t.number, tracker.StageChange{Stage: tracker.Completed}, tracker.AnyVersion)
	case drops:
		_, err = h.Store.SetStage(ctx, who, t.number, tracker.StageChange{Stage: tracker.Dropped, Reason: st.text}, tracker.AnyVersion)
	default:
		err = h.do(ctx, t, st)
	}
	if err != nil {
		return err
	}
	return h.Store.MarkSeen(ctx, who, t.number)
}

func (h *History) triage(ctx context.Context, who tracker.Actor, t *told) error {
	if _, err := h.Store.SetPriority(ctx, who, t.number, int64(t.level), t.star, tracker.AnyVersion); err != nil {
		return err
	}
	id := h.categories[t.category]
	if id == 0 {
		return fmt.Errorf("there is no category %q", t.category)
	}
	_, err := h.Store.SetCategory(ctx, who, t.number, id, tracker.AnyVersion)
	return err
}

// open has the client's first mail, or form, arrive.
func (h *History) open(ctx context.Context, t *told) error {
	p := person(t.who)
	if t.by != "" {
		made, err := h.Store.OpenTicket(ctx, h.accounts[t.by], tracker.NewTicket{Subject: t.subject, Text: t.text, Via: t.via, Requester: tracker.Address{Name: p.Name, Address: p.Address()}})
		t.number = made.Number
		h.opened(made.Number, t.title())
		return err
	}
	as, d := p.Address(), Draft{From: p.mailbox(), Subject: t.subject, Text: t.text + "\n\n" + p.SignOff + "\n", Date: h.Clock.Now()}
	d.To = append(d.To, helpdeskMailbox())
	if t.form != nil {
		f := *t.form
		f.Who = p
		as, d = FormSender, f.Mail(h.Clock.Now(), h.Clock.Now())
	}
	o, err := h.arrive(ctx, as, d)
	if err != nil {
		return err
	}
	if t.number, err = tracker.ParseTicketName(o.Ticket); err != nil {
		return fmt.Errorf("the first mail became %s: %s", o.Fate, o.Reason)
	}
	h.opened(t.number, t.title())
	return nil
}

// answer has the client answer the last mail about the ticket.
func (h *History) answer(ctx context.Context, t *told, text string) error {
	p := person(t.who)
	l := lastAbout(h.Hub, p.Address(), "["+tracker.TicketName(t.number)+"]")
	if l == nil {
		return fmt.Errorf("%s has no letter about HD-%d to answer", p.Name, t.number)
	}
	o, err := h.arrive(ctx, p.Address(), Reply(p, *l, text, nil, h.Clock.Now()))
	if err == nil && o.Ticket != tracker.TicketName(t.number) {
		err = fmt.Errorf("the answer became %s of %q: %s", o.Fate, o.Ticket, o.Reason)
	}
	return err
}

// arrive has a mail handed in, and waits until it is decided.
func (h *History) arrive(ctx context.Context, as string, d Draft) (tracker.Outcome, error) {
	id, err := h.pipe.Keep(ctx, bytes.NewReader(h.Hub.Past(as, d.Bytes())))
	if err != nil {
		return tracker.Outcome{}, err
	}
	return h.pipe.Outcome(ctx, id)
}

// lastAbout returns the newest letter of the helpdesk in a mailbox whose
// subject has these words, or nil.
func lastAbout(h *Hub, address, words string) *Letter {
	all := h.Letters(address)
	for i := len(all) - 1; i >= 0; i-- {
		if !all[i].Sent && headerAddress(all[i].Raw, "From") == Helpdesk && strings.Contains(subjectOf(all[i].Raw), words) {
			return &all[i]
		}
	}
	return nil
}
