package demo

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"helpdeskd/ingest"
	"helpdeskd/tracker"
)

// Password is everybody's of the IT department. The demo listens on loopback
// and holds nothing real.
const Password = "pendulum swings softly"

// History writes the past of the helpdesk: its people, and every story step
// by step at its own time, through the doors that real mail and real
// technicians use. What the helpdesk sends meanwhile is sent by the mailer
// that runs beside it.
type History struct {
	Store     *tracker.Store // on Clock
	Hub       *Hub           // on Clock
	Clock     *Clock
	MailboxID int64
	Parse     func(raw []byte) tracker.Inbound

	pipe       *ingest.Pipe
	accounts   map[string]tracker.Actor // technicians, by key
	categories map[string]int64
	known      map[string]bool // clients whose particulars are filled in, by key
}

// scene is one step of a story at its time; step -1 is its opening.
type scene struct {
	at    time.Time
	story *told
	step  int
}

// told is a story being told.
type told struct {
	story
	number int64 // of its ticket, once it is open
}

// Write writes it all. The clock runs again when it returns.
func (h *History) Write(ctx context.Context) error {
	defer h.Clock.Set(time.Time{})
	now := time.Now()
	scenes := script(now)
	h.Clock.Set(scenes[0].at.Add(-day))
	h.known = map[string]bool{}
	if err := h.staff(ctx); err != nil {
		return err
	}
	h.pipe = ingest.OpenPipe(ctx, h.Store, h.MailboxID, ingest.PollerOptions{Parse: h.Parse})
	defer h.pipe.Close()
	last := scenes[0].at
	for _, sc := range scenes {
		for ; last.Before(sc.at); last = last.Add(day) { // what is due by time
			h.Clock.Set(last)
			if err := h.sweep(ctx); err != nil {
				return err
			}
		}
		h.Clock.Set(sc.at)
		if err := h.play(ctx, sc); err != nil {
			return fmt.Errorf("tell the story of %s, step %d: %w", sc.story.who, sc.step, err)
		}
		if err := h.mailed(ctx); err != nil {
			return err
		}
	}
	h.Clock.Set(time.Time{})
	return h.sweep(ctx)
}

// script puts the steps of all stories in the order of their times.
func script(now time.Time) []scene {
	var all []scene
	for _, s := range stories() {
		t := &told{story: s}
		at := now.Add(-s.ago)
		all = append(all, scene{at: at, story: t, step: -1})
		for i, st := range s.steps {
			at = at.Add(st.after)
			all = append(all, scene{at: at, story: t, step: i})
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at.Before(all[j].at) })
	return all
}

// staff makes the accounts of the IT department and of the manager. They hear of nothing by mail
// until the history is told, but for what is theirs.
func (h *History) staff(ctx context.Context) error {
	h.accounts, h.categories = map[string]tracker.Actor{}, map[string]int64{}
	for _, p := range Technicians() {
		a, err := h.Store.CreateAccount(ctx, tracker.Actor{}, tracker.NewAccount{Email: p.Address(), Name: p.Name, Role: p.Role, Password: Password, Notify: tracker.NotifyMine})
		if err != nil {
			return err
		}
		h.accounts[p.Key] = a.Actor()
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
	for _, a := range h.accounts {
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

func (h *History) play(ctx context.Context, sc scene) error {
	t := sc.story
	if sc.step < 0 {
		return h.open(ctx, t)
	}
	st := t.steps[sc.step]
	if st.do == answers {
		return h.answer(ctx, t, st.text)
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
		_, err = h.Store.AddNote(ctx, who, t.number, kind, st.text)
	case replies:
		_, err = h.Store.Reply(ctx, who, t.number, tracker.ReplyInput{Text: st.text})
	case fixes:
		_, err = h.Store.SetStage(ctx, who, t.number, tracker.StageChange{Stage: tracker.Confirming, Fix: st.text}, tracker.AnyVersion)
	case confirms:
		_, err = h.Store.SetStage(ctx, who, t.number, tracker.StageChange{Stage: tracker.Completed}, tracker.AnyVersion)
	case drops:
		_, err = h.Store.SetStage(ctx, who, t.number, tracker.StageChange{Stage: tracker.Dropped, Reason: st.text}, tracker.AnyVersion)
	default:
		err = fmt.Errorf("nobody knows how one %s", st.do)
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
	if h.known[p.Key] {
		return nil
	}
	h.known[p.Key] = true
	ticket, err := h.Store.TicketByNumber(ctx, t.number)
	if err != nil {
		return err
	}
	_, err = h.Store.UpdateClient(ctx, tracker.Actor{}, ticket.ClientID, tracker.ClientChange{Department: &p.Department, Phone: &p.Phone, HighManagement: &p.High}, tracker.AnyVersion)
	return err
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
