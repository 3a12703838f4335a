package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// errNoRows asks for a choice.
var errNoRows = migrations.InvalidAt("row", "Please tick the mails that this is about.")

func isMeanwhile(err error) bool {
	k := migrations.KindOf(err)
	return k == migrations.Conflict || k == migrations.NotFound
}

func safeWords(err error) string { return migrations.SafeMessage(err) }

// quarantineView is one mail of the ledger, with what a person may do about it.
type quarantineView struct {
	Tabs   []mailTab
	Mail   tracker.InboxRow
	Raw    string
	Cut    bool
	Read   *tracker.Inbound // how it is read; nil where it can not be
	Text   string
	Files  []string
	Unread string // why it can not be read
	Advice string // the one thing to do
	Held   int64  // its message, where it is held
	ByHand bool   // it may open a ticket, or join one
	Mends  bool   // the reader may decide
	Hand   handForm
}

// handForm is what a person typed about a mail.
type handForm struct {
	Name, Address, Subject string
	Ticket, TicketText     string
	Pattern, Reason, Why   string
	Problems               problems
}

// rawShown is how much of a raw mail the page shows, and readShown how much of
// its text, in bytes; readMost is up to what size it is read for the page.
const (
	rawShown  = 64 << 10
	readShown = 16 << 10
	readMost  = 32 << 20
)

func (s *site) quarantined(w http.ResponseWriter, r *http.Request) error {
	return s.quarantinedPage(w, r, http.StatusOK, nil)
}

func (s *site) quarantinedPage(w http.ResponseWriter, r *http.Request, status int, typed *handForm) error {
	ctx := r.Context()
	m, err := s.inboxMail(r)
	if err != nil {
		return err
	}
	v := quarantineView{Mail: m, Mends: tracker.May(*accountOf(ctx), tracker.MendMail)}
	if v.Tabs, err = s.mailTabs(ctx, ""); err != nil {
		return err
	}
	if v.Held, err = s.store.HeldOf(ctx, m.ID); err != nil {
		return err
	}
	v.ByHand = m.ErasedAt == 0 && m.TicketNumber == 0 && v.Held == 0 && m.Decision != tracker.DecidedRejected && (m.Fate == tracker.FateQuarantine || m.Fate == tracker.FateNone)
	if m.ErasedAt == 0 {
		if err := s.store.LookedAtMail(ctx, actorOf(r), m); err != nil {
			return err
		}
		if v.Raw, v.Cut, err = s.rawText(r, m.Digest, rawShown); err != nil {
			return err
		}
		in, err := s.readApart(ctx, m)
		if err != nil {
			v.Unread = err.Error()
		} else if in.Text != "" || len(in.From) > 0 || in.Subject != "" {
			v.Read, v.Text = &in, clipRunes(in.Text, readShown)
			for _, p := range in.Parts {
				if p.Role == tracker.RoleFile && p.Name != "" {
					v.Files = append(v.Files, p.Name)
				}
			}
		}
	}
	if m.Fate == tracker.FateQuarantine {
		v.Advice = s.words.say("quarantine.advice")
		if v.Unread != "" || m.Attempts >= tracker.MaxAttempts {
			v.Advice = s.words.say("quarantine.advice_broken")
		} else if m.Class == tracker.ClassPlaceholder {
			v.Advice = s.words.say("quarantine.advice_placeholder")
		}
	}
	if typed != nil {
		v.Hand = *typed
	} else {
		v.Hand.Subject, v.Hand.Address = m.Subject, m.Sender
		if v.Read != nil {
			if v.Hand.Subject == "" {
				v.Hand.Subject = v.Read.Subject
			}
			if len(v.Read.From) == 1 {
				v.Hand.Name, v.Hand.Address = v.Read.From[0].Name, v.Read.From[0].Address
			}
		}
		v.Hand.Pattern = v.Hand.Address
	}
	return s.render(w, r, status, "quarantined", view{Title: s.words.say("quarantine.title"), Section: "mail", Data: v})
}

// readApart reads a mail of the ledger as it would be read now, in a process of
// its own: it may be what broke another.
func (s *site) readApart(ctx context.Context, m tracker.InboxRow) (tracker.Inbound, error) {
	plain := tracker.Inbound{Digest: m.Digest, Size: m.Size, Subject: m.Subject}
	if s.opts.ReadMail == nil || m.ErasedAt != 0 {
		return plain, nil
	}
	if m.Size > readMost {
		return plain, errors.New(s.words.say("quarantine.too_large"))
	}
	blob, err := s.store.OpenBlob(ctx, m.Digest)
	if err != nil {
		return plain, err
	}
	defer blob.Close()
	raw := make([]byte, blob.Size())
	if _, err := io.ReadFull(io.NewSectionReader(blob, 0, blob.Size()), raw); err != nil {
		return plain, err
	}
	in, err := s.opts.ReadMail(raw)
	if err != nil {
		return plain, err
	}
	return in, nil
}

func (s *site) inboxMail(r *http.Request) (tracker.InboxRow, error) {
	id, err := idParam(r, "id")
	if err != nil {
		return tracker.InboxRow{}, err
	}
	return s.store.InboxMail(r.Context(), id)
}

func (s *site) quarantinedRaw(w http.ResponseWriter, r *http.Request) error {
	m, err := s.inboxMail(r)
	if err != nil {
		return err
	}
	if err := s.store.LookedAtMail(r.Context(), actorOf(r), m); err != nil {
		return err
	}
	return s.rawMail(w, r, m.Digest, "mail-"+strconv.FormatInt(m.ID, 10))
}

// decide does one thing to a mail, shows its page again where something is
// missing, and goes on to where it says otherwise.
func (s *site) decide(w http.ResponseWriter, r *http.Request, typed handForm, do func(id int64) (to string, err error)) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	to, err := do(id)
	if err != nil {
		if err := typed.Problems.add(err); err != nil {
			return err
		}
		return s.quarantinedPage(w, r, http.StatusUnprocessableEntity, &typed)
	}
	return seeOther(w, r, to)
}

func typedHand(r *http.Request) handForm {
	v := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	return handForm{Name: v("name"), Address: v("address"), Subject: v("subject"), Ticket: v("ticket"), TicketText: v("ticket_text"), Pattern: v("pattern"), Reason: v("reason"), Why: v("why")}
}

func (s *site) retryQuarantined(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, typedHand(r), func(id int64) (string, error) {
		err := s.store.RetryQuarantined(r.Context(), actorOf(r), id)
		if err == nil {
			s.flash(r, "mail.retried")
		}
		return mailPath(id), err
	})
}

func (s *site) discardQuarantined(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, typedHand(r), func(id int64) (string, error) {
		err := s.store.DiscardQuarantined(r.Context(), actorOf(r), id, r.PostFormValue("reason"))
		if err == nil {
			s.flash(r, "mail.discarded")
		}
		return mailPath(id), err
	})
}

func (s *site) takeBackMail(w http.ResponseWriter, r *http.Request) error {
	return s.decide(w, r, typedHand(r), func(id int64) (string, error) {
		err := s.store.TakeBack(r.Context(), actorOf(r), id)
		if err == nil {
			s.flash(r, "quarantine.taken_back")
		}
		return mailPath(id), err
	})
}

// known returns a mail for a decision, and how it is read; what can not be read
// is decided about by its bytes alone.
func (s *site) known(r *http.Request, id int64) (tracker.Inbound, error) {
	m, err := s.store.InboxMail(r.Context(), id)
	if err != nil {
		return tracker.Inbound{}, err
	}
	in, err := s.readApart(r.Context(), m)
	if err != nil {
		in = tracker.Inbound{Digest: m.Digest, Size: m.Size, Subject: m.Subject, Defects: []string{err.Error()}}
	}
	return in, nil
}

func (s *site) openByHand(w http.ResponseWriter, r *http.Request) error {
	typed := typedHand(r)
	return s.decide(w, r, typed, func(id int64) (string, error) {
		in, err := s.known(r, id)
		if err != nil {
			return "", err
		}
		t, err := s.store.OpenMail(r.Context(), actorOf(r), id, in, tracker.ByHand{Subject: typed.Subject, Requester: tracker.Address{Name: typed.Name, Address: typed.Address}})
		if err != nil {
			return "", err
		}
		s.flash(r, "flash.opened", t.Name())
		return ticketPath(t.Number), nil
	})
}

func (s *site) attachByHand(w http.ResponseWriter, r *http.Request) error {
	typed := typedHand(r)
	return s.decide(w, r, typed, func(id int64) (string, error) {
		number, err := s.pickedNumber(r)
		if err != nil {
			return "", err
		}
		in, err := s.known(r, id)
		if err != nil {
			return "", err
		}
		t, err := s.store.AttachMail(r.Context(), actorOf(r), id, in, number, r.PostFormValue("participant") == "1")
		if err != nil {
			return "", err
		}
		s.flash(r, "quarantine.attached", t.Name())
		return ticketPath(t.Number), nil
	})
}

// pickedNumber returns the number of the ticket that was picked.
func (s *site) pickedNumber(r *http.Request) (int64, error) {
	id, text, err := s.pickedID(r, "ticket", pickTicket)
	if err != nil {
		return 0, migrations.InvalidAt("ticket", "%s", migrations.SafeMessage(err))
	}
	if id == 0 {
		return 0, migrations.InvalidAt("ticket", "%s", s.words.say("quarantine.which_ticket"))
	}
	t, err := s.store.TicketByID(r.Context(), id)
	if migrations.KindOf(err) == migrations.NotFound {
		return 0, migrations.InvalidAt("ticket", "%s", s.words.say("pick.unknown", text))
	}
	return t.Number, err
}

func (s *site) ignoreSender(w http.ResponseWriter, r *http.Request) error {
	typed := typedHand(r)
	return s.decide(w, r, typed, func(id int64) (string, error) {
		err := s.store.IgnoreSender(r.Context(), actorOf(r), typed.Pattern, typed.Why, id)
		if migrations.FieldOf(err) == "reason" {
			err = migrations.InvalidAt("why", "%s", migrations.SafeMessage(err))
		}
		if err == nil {
			s.flash(r, "senders.added", typed.Pattern)
		}
		return mailPath(id), err
	})
}

// sendersView is the page of the senders that are ignored.
type sendersView struct {
	Tabs     []mailTab
	Rules    []tracker.SenderRule
	Pattern  string
	Reason   string
	Mends    bool
	Problems problems
}

func (s *site) senders(w http.ResponseWriter, r *http.Request) error {
	return s.sendersPage(w, r, http.StatusOK, sendersView{})
}

func (s *site) sendersPage(w http.ResponseWriter, r *http.Request, status int, v sendersView) (err error) {
	ctx := r.Context()
	v.Mends = tracker.May(*accountOf(ctx), tracker.MendMail)
	if v.Tabs, err = s.mailTabs(ctx, "senders"); err != nil {
		return err
	}
	if v.Rules, err = s.store.SenderRules(ctx); err != nil {
		return err
	}
	return s.render(w, r, status, "senders", view{Title: s.words.say("senders.title"), Section: "mail", Data: v})
}

func (s *site) addSender(w http.ResponseWriter, r *http.Request) error {
	v := sendersView{Pattern: r.PostFormValue("pattern"), Reason: r.PostFormValue("reason")}
	if err := s.store.IgnoreSender(r.Context(), actorOf(r), v.Pattern, v.Reason, 0); err != nil {
		if err := v.Problems.add(err); err != nil {
			return err
		}
		return s.sendersPage(w, r, http.StatusUnprocessableEntity, v)
	}
	s.flash(r, "senders.added", strings.TrimSpace(v.Pattern))
	return seeOther(w, r, "/mail/senders")
}

func (s *site) removeSender(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if err := s.store.RemoveSenderRule(r.Context(), actorOf(r), id); err != nil {
		return err
	}
	s.flash(r, "senders.removed")
	return seeOther(w, r, "/mail/senders")
}
