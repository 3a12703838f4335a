package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/go-chi/chi/v5"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// ticketView is a ticket's page as its template gets it.
type ticketView struct {
	T            tracker.Ticket
	Said         []entryView
	Earlier      string // address of the older part, "" when all is shown
	Client       *tracker.Client
	Bounced      []tracker.ClientAddress // of the requester's addresses
	Unreachable  []tracker.ClientAddress // of those whom an answer goes to
	Recurring    []recurringView         // what it is one of
	Participants []tracker.Participant
	Answers      []tracker.AnswerHolder // who can answer by mail
	Last         int64

	Known     *knownView        // the checklist and the diagnosis
	Supported *tracker.Client   // whom we support, where somebody else wrote
	Asks      []tracker.Address // whom a form names, where the ticket is not theirs yet
	Wait      waitPanel         // on whom it waits, and until when it is due
	Things    ticketThings      // assets, repairs and links beside the conversation
	Family    familyView        // parent, children, duplicates
	Pins      []pinView
	Messages  int // that are shown
	Rated     []tracker.Satisfaction

	Burst   *burstView // several alike reports, of which this is one; nil for none
	History historyView
	Before  []moment // what happened to the person's assets, the oldest first
	Similar []similarView

	Technicians  []tracker.Account
	Categories   []tracker.Category
	Stages       []stageChoice
	Priorities   []priorityChoice
	Suggest      *priorityView
	MayTake      bool
	MayErase     bool
	PriorityNow  string     // as forms hold it
	Files        []fileView // of the fix
	TechKeys     []string   // the letters that choose from the menus
	CategoryKeys []string
	Me           int64
	DrawerSays   string // what the drawer on small screens holds
	AskDrop      bool
	Self         string

	composed
	Forced     bool // the composer stands open
	Recipients []tracker.Address
	To         []recipientView // the same, as they are ticked
	FirstName  string

	Canned   []tracker.Canned // replies to insert, the most used first
	Here     hereView         // who else has the page before them
	Watching bool
	Watchers []tracker.Account
	Previews bool // answers can be shown as they will be seen
}

// recipientView is somebody whom an answer goes to. A participant can be left
// out of one.
type recipientView struct {
	tracker.Address
	ClientID int64 // 0 for the requester, who always gets it
	Off      bool
}

// stageChoice is a stage that the ticket can go to: by a button, by a reason,
// or by way of the composer.
type stageChoice struct {
	Stage  tracker.Stage
	To     string
	Reason bool
	Key    string // chooses it in the menu
}

type priorityChoice struct {
	P  priorityView
	On bool
}

func (s *site) ticket(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		// People copy the number as they read it: /tickets/HD-5.
		if number, err = tracker.ParseTicketName(chi.URLParam(r, "number")); err != nil {
			return errNowhere
		}
		to := url.URL{Path: ticketPath(number), RawQuery: r.URL.RawQuery}
		return seeOther(w, r, to.String())
	}
	q := r.URL.Query()
	c := composed{Do: q.Get("do"), Then: q.Get("then")}
	if back, ok := s.takenBack(r, number); ok {
		c = back
	}
	if r.Method == http.MethodGet && c.Do == "" && q.Get("live") == "" && r.Header.Get("Sec-Purpose") == "" {
		// Whoever opens the page has seen what the client wrote; a page that
		// only reads itself again, or a browser that fetches ahead, has not.
		if err := s.store.MarkSeen(r.Context(), actorOf(r), number); err != nil {
			return s.tombstone(w, r, number, err)
		}
	}
	return s.ticketPage(w, r, http.StatusOK, number, c)
}

// ticketPage renders a ticket, with what was typed where that could not be saved.
func (s *site) ticketPage(w http.ResponseWriter, r *http.Request, status int, number int64, c composed) error {
	ctx := r.Context()
	q := r.URL.Query()
	before, err := migrationsStamp(q.Get("before"))
	if err != nil {
		return err
	}
	talk, err := s.store.Conversation(ctx, number, before)
	if err != nil {
		return s.tombstone(w, r, number, err)
	}
	if talk.Ticket.MergedIntoID != 0 {
		return s.signpost(w, r, &talk.Ticket)
	}
	v := ticketView{T: talk.Ticket, Client: talk.Client, Participants: talk.Participants, Last: talk.Last,
		composed: c, AskDrop: c.Do == "drop", Forced: c.Problem != "" || c.Do == "fix" || c.Do == "note" || c.Do == "reply" || c.Back}
	if v.Technicians, err = s.store.Technicians(ctx); err != nil {
		return err
	}
	if v.Categories, err = s.store.Categories(ctx, false); err != nil {
		return err
	}
	for _, f := range talk.FixFiles {
		v.Files = append(v.Files, fileOf(f))
	}
	if v.Answers, err = s.store.AnswerHolders(ctx, talk.Ticket.ID); err != nil {
		return err
	}
	v.Me = accountOf(ctx).ID
	if v.Once == "" {
		v.Once, _ = tracker.NewToken()
	}
	named, err := s.namedIn(ctx, talk.Entries)
	if err != nil {
		return err
	}
	for _, e := range talk.Entries {
		if e.Message != nil && e.Message.State == "shown" {
			v.Messages++
		}
		if said, ok := s.entryView(e, &talk.Ticket, accountOf(ctx), named); ok {
			v.Said = append(v.Said, said)
		}
	}
	v.Said = s.nameWhispers(v.Said, talk.Entries, named)
	if talk.Earlier && len(talk.Entries) > 0 {
		v.Earlier = ticketURL(number, url.Values{"before": {stampText(talk.Entries[0].At)}}, "")
	}
	for _, a := range talk.Addresses {
		if a.BouncedAt != 0 {
			v.Bounced = append(v.Bounced, a)
		}
	}
	s.choices(&v, accountOf(ctx))
	for _, fill := range s.panels() {
		if err := fill(ctx, &v, &talk); err != nil {
			return err
		}
	}
	if n := len(v.History.Recent); n > 0 {
		v.DrawerSays = s.words.say("side.count", n)
	}
	if v.Do != "note" && v.Do != "fix" {
		v.Do = "reply"
	}
	if v.Do == "reply" && v.Text == "" && q.Get("cite") != "" {
		if v.Text, err = s.cited(r); err != nil {
			return err
		}
	}
	v.Self = ticketPath(number) + "?live=1"
	return s.render(w, r, status, "ticket", view{Title: talk.Ticket.Name() + " " + talk.Ticket.Subject, Section: "tickets", Live: before == 0, Here: true, Data: &v})
}

// choices fills in what can be done with the ticket.
func (s *site) choices(v *ticketView, me *tracker.Account) {
	t := &v.T
	v.PriorityNow = s.priorityOf(t)
	v.MayErase = tracker.May(*me, tracker.EraseData)
	v.MayTake = t.AssigneeID != me.ID && !t.Stage.Closed()
	for _, stage := range tracker.Stages() {
		if stage == t.Stage {
			continue
		}
		c := stageChoice{Stage: stage, Key: stageKeys[stage]}
		switch {
		case stage == tracker.Dropped:
			c.Reason = true
		case stage == tracker.Confirming, stage == tracker.Completed && (t.Fix == "" || t.Summary == ""):
			c.To = ticketURL(t.Number, url.Values{"do": {"fix"}, "then": {string(stage)}}, "#composer")
		}
		v.Stages = append(v.Stages, c)
	}
	var names []string
	for _, a := range v.Technicians {
		names = append(names, a.Name)
	}
	v.TechKeys, names = pickKeys(names), nil
	for _, c := range v.Categories {
		names = append(names, c.Name)
	}
	v.CategoryKeys = pickKeys(names)
	for _, p := range s.priorities() {
		v.Priorities = append(v.Priorities, priorityChoice{p, t.TriagedAt != 0 && p.Level == t.Level && p.Star == t.Star})
	}
	if t.TriagedAt == 0 && t.SuggestedReason != "" { // without a reason it is only the usual level
		p := s.priority(t.SuggestedLevel, t.SuggestedStar)
		v.Suggest = &p
	}
	if t.ClientAddress != "" {
		v.Recipients = append(v.Recipients, tracker.Address{Name: nameUnless(t.ClientName, t.ClientAddress), Address: t.ClientAddress})
		v.To = append(v.To, recipientView{Address: v.Recipients[0]})
		v.FirstName = firstName(t.ClientName, t.ClientAddress)
	}
	for _, p := range v.Participants {
		if p.Address != "" && p.Address != t.ClientAddress {
			a := tracker.Address{Name: nameUnless(p.Name, p.Address), Address: p.Address}
			v.Recipients = append(v.Recipients, a)
			v.To = append(v.To, recipientView{Address: a, ClientID: p.ClientID, Off: slices.Contains(v.Without, p.ClientID)})
		}
	}
	if v.FirstName == "" && len(v.Recipients) > 0 {
		v.FirstName = firstName(v.Recipients[0].Name, v.Recipients[0].Address)
	}
}

// stageKeys choose a stage in the ticket's menu.
var stageKeys = map[tracker.Stage]string{tracker.Requested: "r", tracker.InProgress: "i", tracker.Confirming: "f", tracker.Completed: "c", tracker.Dropped: "d"}

// pickKeys gives each name a letter that is no other's: of its own where it
// has one left. Those beyond 26 have none.
func pickKeys(names []string) []string {
	taken, keys := map[rune]bool{}, make([]string, len(names))
	take := func(i int, r rune) bool {
		if r < 'a' || r > 'z' || taken[r] {
			return false
		}
		taken[r], keys[i] = true, string(r)
		return true
	}
	for i, name := range names {
		for _, r := range strings.ToLower(name) + "abcdefghijklmnopqrstuvwxyz" {
			if take(i, r) {
				break
			}
		}
	}
	return keys
}

// nameUnless returns a name, "" where it is only the address again.
func nameUnless(name, address string) string {
	if strings.EqualFold(name, address) {
		return ""
	}
	return name
}

// firstName is how a button names a person: the first word of the name, or
// the address.
func firstName(name, address string) string {
	if nameUnless(name, address) == "" {
		return clipRunes(address, 40)
	}
	name, _, _ = strings.Cut(name, ",")
	if f := strings.FieldsFunc(name, unicode.IsSpace); len(f) > 0 {
		return clipRunes(f[0], 24)
	}
	return clipRunes(address, 40)
}

func clipRunes(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func migrationsStamp(text string) (migrations.Stamp, error) {
	if text == "" {
		return 0, nil
	}
	n, err := parseInt(text)
	if err != nil {
		return 0, migrations.Invalidf("This page of the conversation is not known.")
	}
	return migrations.Stamp(n), nil
}
