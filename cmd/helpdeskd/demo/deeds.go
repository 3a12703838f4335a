package demo

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// Verbs of what one does beside answering and fixing.
const (
	patches   verb = "patches"   // as fixes, with a work-around
	completes verb = "completes" // fixes and completes without asking: they stood beside it
	knows     verb = "knows"     // fills a line of the checklist or the diagnosis, "cause: …"
	asks      verb = "asks"      // for what is missing, "when,repeat|" and the mail
	waits     verb = "waits"     // on "client", or on "vendor|its name|in how many days"
	dues      verb = "dues"      // in how many days it is due, from now
	watches   verb = "watches"   // wants to be told
	pins      verb = "pins"      // the last note
	merges    verb = "merges"    // into the ticket whose title begins so
	splits    verb = "splits"    // the client's last message off, with a subject of its own
	adopts    verb = "adopts"    // the tickets whose titles begin so, a line each
	tells     verb = "tells"     // as replies, and everybody below
	passes    verb = "passes"    // the fix on to everybody below, who are asked
	mails     verb = "mails"     // answers the helpdesk's last mail about it, with commands
	says      verb = "says"      // the client, on their page: yes, or "no: …"
	rates     verb = "rates"     // the client, on their page: "3 …"
)

// byClient reports whether the client does it.
func (v verb) byClient() bool { return v == answers || v == says || v == rates }

// wordless reports whether it is done without words.
func (v verb) wordless() bool {
	return slices.Contains([]verb{takes, triages, confirms, watches, pins, passes}, v)
}

// quiet reports whether nobody is told of it by mail, so that none is waited for.
func (v verb) quiet() bool {
	return slices.Contains([]verb{takes, triages, notes, phones, visits, finds, knows, waits, dues, watches, pins, adopts}, v)
}

// do does what is neither an answer nor a fix.
func (h *History) do(ctx context.Context, t *told, st step) (err error) {
	who := h.accounts[st.who]
	switch st.do {
	case completes:
		_, err = h.Store.SetStage(ctx, who, t.number, tracker.StageChange{Stage: tracker.Completed, Fix: st.text, Summary: t.sum}, tracker.AnyVersion)
	case knows:
		item, value, _ := strings.Cut(st.text, ": ")
		_, err = h.Store.SetFact(ctx, who, t.number, tracker.FactItem(item), value, tracker.AnyVersion)
	case asks:
		items, text, _ := strings.Cut(st.text, "|")
		in := tracker.AskInput{Kind: tracker.QuestionAsk, Text: text}
		for i := range strings.SplitSeq(items, ",") {
			in.Items = append(in.Items, tracker.FactItem(i))
		}
		_, err = h.Store.Ask(ctx, who, t.number, in)
	case waits:
		on, rest, _ := strings.Cut(st.text, "|")
		w := tracker.Waiting{On: on}
		if vendor, days, ok := strings.Cut(rest, "|"); ok {
			n, err := strconv.Atoi(days)
			if err != nil {
				return err
			}
			w.Vendor, w.VendorID, w.Expected = vendor, h.keeper.places[vendor], h.keeper.now.AddDate(0, 0, n).Format(time.DateOnly)
		}
		_, err = h.Store.SetWaiting(ctx, who, t.number, w, tracker.AnyVersion)
	case dues:
		_, err = h.Store.SetDue(ctx, who, t.number, h.dueIn(st.text), tracker.AnyVersion)
	case watches:
		_, err = h.Store.WatchTicket(ctx, who, t.number)
	case pins:
		_, err = h.Store.SetPin(ctx, who, "note", t.note, true)
	case tells:
		_, err = h.Store.Reply(ctx, who, t.number, tracker.ReplyInput{Text: st.text, Children: true})
	case merges, splits, adopts, passes:
		return h.join(ctx, t, st)
	default:
		err = fmt.Errorf("nobody knows how one %s", st.do)
	}
	return err
}

// dueIn is the end of a day, counted from the end of the story.
func (h *History) dueIn(days string) tracker.DueDate {
	n, _ := strconv.Atoi(days)
	zone, err := time.LoadLocation(deskZone)
	if err != nil {
		zone = time.Local
	}
	d := h.keeper.now.In(zone)
	return tracker.DueDate{At: migrations.At(time.Date(d.Year(), d.Month(), d.Day()+n+1, 0, 0, 0, 0, zone)), Day: true}
}

// join joins tickets, or parts them.
func (h *History) join(ctx context.Context, t *told, st step) error {
	who := h.accounts[st.who]
	switch st.do {
	case merges:
		into, err := h.numberOf(st.text)
		if err == nil {
			_, err = h.Store.Merge(ctx, who, t.number, into, tracker.AnyVersion)
		}
		t.number = into
		return err
	case splits:
		talk, err := h.Store.Conversation(ctx, t.number, 0)
		if err != nil {
			return err
		}
		last := int64(0)
		for _, e := range talk.Entries {
			if e.Message != nil && e.Message.Direction == "in" {
				last = max(last, e.Message.ID)
			}
		}
		own, err := h.Store.Split(ctx, who, tracker.Splitting{MessageID: last, Subject: st.text, Acknowledge: true})
		if err == nil {
			h.opened(own.Number, st.text)
		}
		return err
	case adopts:
		var below []int64
		for title := range strings.Lines(st.text) {
			n, err := h.numberOf(strings.TrimSpace(title))
			if err != nil {
				return err
			}
			if _, err := h.Store.Take(ctx, who, n, tracker.AnyVersion); err != nil {
				return err
			}
			one := told{story: t.story, number: n}
			one.star = false
			if err := h.triage(ctx, who, &one); err != nil {
				return err
			}
			below = append(below, n)
		}
		a, err := h.Store.Adopt(ctx, who, t.number, below)
		if err == nil && len(a.Refused) > 0 {
			err = fmt.Errorf("refused: %+v", a.Refused)
		}
		return err
	}
	_, refused, err := h.Store.StageChildren(ctx, who, t.number, tracker.Confirming)
	if err == nil && len(refused) > 0 {
		err = fmt.Errorf("refused: %+v", refused)
	}
	return err
}

// mail has a technician answer the helpdesk's last mail about a ticket.
func (h *History) mail(ctx context.Context, t *told, who Person, text string) error {
	l := lastAbout(h.Hub, who.Address(), tracker.TicketName(t.number))
	if l == nil {
		return fmt.Errorf("%s has no letter about HD-%d to answer", who.Name, t.number)
	}
	o, err := h.arrive(ctx, who.Address(), Reply(who, *l, text, nil, h.Clock.Now()))
	if err == nil && o.Ticket != tracker.TicketName(t.number) {
		err = fmt.Errorf("the mail became %s of %q: %s", o.Fate, o.Ticket, o.Reason)
	}
	return err
}

// onPage has the client use their page.
func (h *History) onPage(ctx context.Context, t *told, st step) error {
	c, err := h.Store.ClientByAddress(ctx, person(t.who).Address())
	if err != nil {
		return err
	}
	g, err := h.Store.GuestByNumber(ctx, c.ID, t.number)
	if err != nil {
		return err
	}
	if st.do == rates {
		score, words, _ := strings.Cut(st.text, " ")
		n, err := strconv.ParseInt(score, 10, 64)
		if err != nil {
			return err
		}
		return h.Store.Rate(ctx, g, n, words, "127.0.0.1")
	}
	in, yes := tracker.ClientSays{IP: "127.0.0.1"}, true
	if words, no := strings.CutPrefix(st.text, "no: "); no {
		in.Text, yes = words, false
	}
	_, err = h.Store.GuestAnswers(ctx, g, yes, "No, it is still broken.", in)
	return err
}

// numberOf returns the newest ticket whose title begins so.
func (h *History) numberOf(begins string) (int64, error) {
	for _, t := range slices.Backward(h.titles) {
		if strings.HasPrefix(t.text, begins) {
			return t.number, nil
		}
	}
	return 0, fmt.Errorf("there is no ticket %q yet", begins)
}

// opened notes a ticket that was opened.
func (h *History) opened(number int64, text string) {
	h.last = number
	h.titles = append(h.titles, title{number, text})
}
