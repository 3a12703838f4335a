package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
	"helpdeskd/tracker/remedy"
)

// mailboxView is the page of one mailbox that was made on the site: what to do
// at the mail service, the trial, the test mail, the headers.
type mailboxView struct {
	Nav      []tab
	Problems problems
	tracker.Connection
	Row     mailboxRow
	InFile  bool // the configuration file has it too, and decides
	Guide   []guideStep
	Steps   []TryStep
	Tried   bool
	Trying  bool
	Good    bool
	CanTry  bool
	Failed  *TryStep // the first that failed, with the one thing to do
	Box     tracker.Mailbox
	HasBox  bool
	SignIn  *signInView // by code; nil where it was not begun
	ByCode  bool
	Round   *roundView
	Headers *headersView
	Reload  bool // something is under way
	Self    string
}

// guideStep is one thing to do at the mail service.
type guideStep struct {
	Title, Text string
	Lines       []remedy.Lines
}

// roundView is how far a round trip is.
type roundView struct {
	Hops    []hop
	Running bool
	Ended   bool
	Ticket  int64
	Failed  *TryStep
	Shadow  string // what would become of the mail
}

// hop is one station of the test mail.
type hop struct {
	Word, Said string
	Done, Bad  bool
	Now        bool // it is waited for
	At         *migrations.Stamp
	To         string
}

// probeWaits is for how long the page looks for a test mail by itself.
const probeWaits = 10 * time.Minute

func (s *site) mailbox(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	return s.mailboxPage(w, r, http.StatusOK, c, nil)
}

func (s *site) mailboxPage(w http.ResponseWriter, r *http.Request, status int, c tracker.Connection, wrong problems) error {
	ctx := r.Context()
	known, err := s.store.Mailboxes(ctx)
	if err != nil {
		return err
	}
	v := mailboxView{Nav: s.settingsNav("mailboxes"), Problems: wrong, Connection: c,
		Row: s.mailboxRow(c.Name, c.Address, c.Enabled, known), CanTry: s.opts.Connect != nil && c.Problem == "", Self: mailboxPath(c.ID)}
	v.InFile = slices.ContainsFunc(s.store.DeclaredMailboxes(), func(d tracker.Declared) bool { return d.Name == c.Name || d.Address == c.Address })
	place := placeOf(c)
	if t := s.trials.get(c); t != nil {
		var over bool
		v.Steps, over = t.look()
		v.Tried, v.Trying, v.Good = true, !over, t.good()
		for i, step := range v.Steps {
			if step.ObjectID != "" && place.ObjectID == "" {
				place.ObjectID = step.ObjectID
			}
			if !step.OK && v.Failed == nil {
				v.Failed = &v.Steps[i]
			}
		}
	}
	v.Guide = s.guide(c, place)
	if v.ByCode = c.Grant == tracker.GrantDevice; v.ByCode {
		v.SignIn = s.signIns.get(c.ID)
	}
	if i := slices.IndexFunc(known, func(m tracker.Mailbox) bool { return m.Name == c.Name }); i >= 0 {
		v.Box, v.HasBox = known[i], true
		if v.Round, err = s.roundView(ctx, c, known[i]); err != nil {
			return err
		}
		if v.Headers, err = s.headersView(r, c, known[i]); err != nil {
			return err
		}
	}
	v.Reload = v.Trying || v.SignIn != nil && v.SignIn.Waiting || v.Round != nil && v.Round.Running || v.Headers != nil && v.Headers.Waiting || c.Enabled && v.Row.Tone == "wait"
	return s.render(w, r, status, "mailbox", view{Title: c.Name, Section: "settings", Data: v})
}

// placeOf is what the lines to copy are filled in with.
func placeOf(c tracker.Connection) remedy.Place {
	return remedy.Place{Kind: c.Kind, Mailbox: c.Address, Tenant: c.Tenant, ClientID: c.ClientID, ObjectID: c.ObjectID, Graph: c.Send == tracker.SendGraph, Device: c.Grant == tracker.GrantDevice}
}

// guide is what to do at the mail service, in its order, with the
// administrator's own address and ids.
func (s *site) guide(c tracker.Connection, p remedy.Place) []guideStep {
	step := func(key string, lines ...remedy.Lines) guideStep {
		return guideStep{Title: s.words.say("box.guide."+key, c.Address), Text: s.words.say("box.guide."+key+".text", c.Address), Lines: lines}
	}
	switch {
	case c.Kind == tracker.KindMicrosoft365 && c.Grant == tracker.GrantDevice:
		switches := p.Switches()
		return []guideStep{step("ms_app"), step("ms_device"), step("ms_switches", switches)}
	case c.Kind == tracker.KindMicrosoft365:
		all := []guideStep{step("ms_app"), step("ms_permissions"), step("ms_secret"), step("ms_principal", p.Principal(), p.Grant(), p.Switches())}
		if c.Send == tracker.SendGraph {
			all[1] = step("ms_permissions_graph")
			return append(all, step("ms_graph", p.GraphScope()))
		}
		return append(all, step("ms_send_as", p.SendAsLines()))
	case c.Kind == tracker.KindGoogle && c.Grant == tracker.GrantService:
		return []guideStep{step("google_account"), step("google_delegation", remedy.Lines{Where: s.words.say("box.google_scope"), Text: "https://mail.google.com/"}), step("google_imap")}
	case c.Kind == tracker.KindGoogle:
		return []guideStep{step("google_two"), step("google_app"), step("google_imap")}
	}
	return nil
}

func (s *site) tryMailbox(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	s.startTrial(c)
	return seeOther(w, r, mailboxPath(c.ID)+"#try")
}

// switchMailbox switches a mailbox on, on in shadow mode, or off.
func (s *site) switchMailbox(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	var now tracker.Connection
	said := "box.switched_on"
	switch r.PostFormValue("to") {
	case "on":
		now, err = s.store.EnableConnection(r.Context(), actorOf(r), c.ID, true, version)
	case "shadow":
		now, err = s.store.ShadowConnection(r.Context(), actorOf(r), c.ID, version)
		said = "box.switched_shadow"
	case "off":
		now, err = s.store.EnableConnection(r.Context(), actorOf(r), c.ID, false, version)
		said = "box.switched_off"
	default:
		return errForm
	}
	if err != nil {
		return err
	}
	s.trials.carry(c, now)
	s.flash(r, said)
	return seeOther(w, r, mailboxPath(c.ID))
}

func (s *site) removeMailbox(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	if err := s.store.RemoveConnection(r.Context(), actorOf(r), c.ID, version); err != nil {
		return err
	}
	s.flash(r, "box.removed", c.Name)
	return seeOther(w, r, "/settings/mailboxes")
}

// boxOfConnection returns the mailbox that a connection fills; NotFound before
// it was switched on.
func (s *site) boxOfConnection(ctx context.Context, c tracker.Connection) (tracker.Mailbox, error) {
	known, err := s.store.Mailboxes(ctx)
	if err != nil {
		return tracker.Mailbox{}, err
	}
	i := slices.IndexFunc(known, func(m tracker.Mailbox) bool { return m.Name == c.Name })
	if i < 0 {
		return tracker.Mailbox{}, migrations.Conflictf("%s", s.words.say("box.switch_on_first"))
	}
	return known[i], nil
}

// sendTest sends the mail of a round trip, behind the page.
func (s *site) sendTest(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	if s.opts.Connect == nil {
		return errNowhere
	}
	box, err := s.boxOfConnection(r.Context(), c)
	if err != nil {
		return err
	}
	if box.LastOKAt == nil {
		return migrations.Conflictf("%s", s.words.say("box.not_open_yet"))
	}
	p, err := s.store.StartRound(r.Context(), actorOf(r), box.ID)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, stop := context.WithTimeout(context.Background(), trialWithin)
		defer stop()
		told := func(answer string, failed *TryStep) {
			trouble := ""
			if failed != nil {
				trouble = failed.Said + "\n" + failed.Do
			}
			if err := s.store.ProbeSent(context.WithoutCancel(ctx), p.ID, answer, trouble); err != nil {
				s.log.Error("how a test mail was sent is not noted", "error", err)
			}
		}
		defer s.caught("a test mail", func(t TryStep) { told("", &t) })
		told(s.opts.Connect.Send(ctx, c, p))
	}()
	select {
	case <-done:
	case <-time.After(1500 * time.Millisecond):
	}
	return seeOther(w, r, mailboxPath(c.ID)+"#test")
}

// roundView reads how far the latest round trip is; nil where there was none.
func (s *site) roundView(ctx context.Context, c tracker.Connection, box tracker.Mailbox) (*roundView, error) {
	p, err := s.store.LastProbe(ctx, box.ID, tracker.ProbeRound)
	if migrations.KindOf(err) == migrations.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := &roundView{Ended: p.EndedAt != nil}
	add := func(key string, done bool, at *migrations.Stamp, said string) {
		v.Hops = append(v.Hops, hop{Word: s.words.say("box.hop." + key), Said: said, Done: done, At: at})
	}
	add("sent", p.SentAt != nil && p.Trouble == "", &p.CreatedAt, c.Address)
	add("accepted", p.Sent != "", p.SentAt, p.Sent)
	if p.Trouble != "" {
		v.Hops[0].Bad, v.Hops[0].Said = true, p.Trouble
	}
	row, err := s.store.ProbeMail(ctx, p)
	if err != nil && migrations.KindOf(err) != migrations.NotFound {
		return nil, err
	}
	here := err == nil
	var received, kept, decided *migrations.Stamp
	if here {
		received, kept = &row.ReceivedAt, &row.KeptAt
		if row.DoneAt != 0 {
			decided = &row.DoneAt
		}
	}
	add("seen", here, received, "")
	add("kept", here, kept, "")
	if err := s.lastHop(ctx, v, row, decided); err != nil {
		return nil, err
	}
	over := v.Ended || p.Trouble != "" || decided != nil || s.store.Now().Sub(p.CreatedAt.Time()) > probeWaits
	v.Running = !over
	for i := range v.Hops {
		if !v.Hops[i].Done && !v.Hops[i].Bad && !over {
			v.Hops[i].Now = true
			break
		}
	}
	if !here && p.Sent != "" && s.store.Now().Sub(p.CreatedAt.Time()) > 20*time.Second {
		v.Hops[2].Said = s.lookFor(ctx, c, box, p)
	}
	return v, nil
}

// lastHop says what became of the test mail.
func (s *site) lastHop(ctx context.Context, v *roundView, row tracker.InboxRow, decided *migrations.Stamp) error {
	h := hop{Word: s.words.say("box.hop.ticket"), Done: decided != nil, At: decided}
	if decided != nil {
		did, err := s.store.ProbeRehearsal(ctx, row)
		if err != nil {
			return err
		}
		switch {
		case did != nil && row.TicketNumber == 0:
			h.Word, h.Said = s.words.say("box.hop.shadow"), s.words.say("box.hop.shadow_text", s.words.say("fate."+did.Fate))
		case row.TicketNumber != 0:
			v.Ticket = row.TicketNumber
			h.Said, h.To = tracker.TicketName(row.TicketNumber), "/tickets/"+strconv.FormatInt(row.TicketNumber, 10)
		default:
			h.Done, h.Bad, h.Said = false, true, s.words.say("fate."+row.Fate)+": "+row.Reason
		}
	}
	v.Hops = append(v.Hops, h)
	return nil
}

// lookFor says where a test mail is that does not arrive.
func (s *site) lookFor(ctx context.Context, c tracker.Connection, box tracker.Mailbox, p tracker.Probe) string {
	if box.LastError != "" {
		return box.LastError
	}
	if s.opts.Connect == nil {
		return ""
	}
	return s.trials.look(p.ID, func() string {
		ctx, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		folder, err := s.opts.Connect.Look(ctx, c, p)
		switch {
		case err != nil:
			return s.words.say("box.look_failed")
		case folder == "":
			return s.words.say("box.look_nowhere")
		}
		return s.words.say("box.look_there", folder, c.Folder)
	})
}

// endTest ends a test and drops what it made.
func (s *site) endTest(w http.ResponseWriter, r *http.Request) error {
	c, err := s.connectionParam(r)
	if err != nil {
		return err
	}
	box, err := s.boxOfConnection(r.Context(), c)
	if err != nil {
		return err
	}
	kind := tracker.ProbeRound
	if r.PostFormValue("kind") == tracker.ProbeHeaders {
		kind = tracker.ProbeHeaders
	}
	p, err := s.store.LastProbe(r.Context(), box.ID, kind)
	if err != nil {
		return err
	}
	if err := s.store.EndProbe(r.Context(), actorOf(r), p); err != nil {
		return err
	}
	s.flash(r, "box.test_ended")
	return seeOther(w, r, mailboxPath(c.ID)+"#test")
}
