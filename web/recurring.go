package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// recurringView is a problem that came again and again, in a sentence.
type recurringView struct {
	tracker.Recurring
	Says string
	Back string // the page to come back to
}

// recurringShown is how many occurrences are listed.
const recurringShown = 8

// Latest are the newest occurrences.
func (v recurringView) Latest() []tracker.Occurrence {
	return v.Tickets[:min(len(v.Tickets), recurringShown)]
}

// RootName is the root-cause ticket's number as people write it.
func (v recurringView) RootName() string { return tracker.TicketName(v.Root) }

// recurringViews puts problems into sentences.
func (s *site) recurringViews(ctx context.Context, all []tracker.Recurring, back string) ([]recurringView, error) {
	names, err := s.recurringNames(ctx, all)
	if err != nil {
		return nil, err
	}
	views := make([]recurringView, len(all))
	for i, r := range all {
		views[i] = recurringView{Recurring: r, Says: s.recurringSays(r, names), Back: back}
	}
	return views, nil
}

// recurringNames are the names of what recurs.
type recurringNames struct {
	assets     map[int64]inventory.Asset
	clients    map[int64]string
	categories map[int64]string
}

func (s *site) recurringNames(ctx context.Context, all []tracker.Recurring) (recurringNames, error) {
	n := recurringNames{map[int64]inventory.Asset{}, map[int64]string{}, map[int64]string{}}
	if len(all) == 0 {
		return n, nil
	}
	var assets, clients []int64
	for _, r := range all {
		if r.AssetID != 0 {
			assets = append(assets, r.AssetID)
		}
		if r.ClientID != 0 {
			clients = append(clients, r.ClientID)
		}
	}
	list, err := s.things.AssetsByID(ctx, assets)
	if err != nil {
		return n, err
	}
	for _, a := range list {
		n.assets[a.ID] = a
	}
	people, err := s.store.ClientsByID(ctx, clients)
	if err != nil {
		return n, err
	}
	for _, c := range people {
		n.clients[c.ID] = c.Name
	}
	categories, err := s.store.Categories(ctx, true)
	if err != nil {
		return n, err
	}
	for _, c := range categories {
		n.categories[c.ID] = c.Name
	}
	return n, nil
}

// recurringWhat names what recurs, without anybody's name.
func (s *site) recurringWhat(r tracker.Recurring, n recurringNames) string {
	switch r.Kind {
	case tracker.RecursAsset:
		if a, ok := n.assets[r.AssetID]; ok {
			return join(" ", a.Tag, a.Title())
		}
		return s.words.say("filter.one_asset")
	case tracker.RecursPerson:
		return n.categories[r.CategoryID]
	}
	return "“" + strings.Join(r.Words[:min(len(r.Words), 4)], " ") + "”"
}

func (s *site) recurringSays(r tracker.Recurring, n recurringNames) string {
	what := s.recurringWhat(r, n)
	switch r.Kind {
	case tracker.RecursAsset:
		return s.words.say("recurring.asset", r.N(), what)
	case tracker.RecursPerson:
		return s.words.say("recurring.person", r.N(), n.clients[r.ClientID], what)
	}
	if subject := r.Example(); subject != "" { // a sentence, rather than a heap of words
		what = "“" + subject + "”"
	}
	return s.words.say("recurring.words", r.People, what, r.N(), n.categories[r.CategoryID])
}

func (s *site) recurringPanel(ctx context.Context, v *ticketView, _ *tracker.Conversation) error {
	if v.T.Archived() {
		return nil
	}
	all, err := s.store.RecurringOfTicket(ctx, &v.T)
	if err != nil {
		return err
	}
	v.Recurring, err = s.recurringViews(ctx, all, ticketPath(v.T.Number))
	return err
}

// openRootCause opens a ticket for the cause of what recurs, with a subject
// and a note that say what it is about.
func (s *site) openRootCause(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	back := localPath(r.PostFormValue("back"), "/trends")
	if r.PostFormValue("key") == "" {
		return errForm
	}
	p, err := s.store.RecurringByKey(ctx, r.PostFormValue("key"))
	if migrations.KindOf(err) == migrations.NotFound {
		s.flash(r, "recurring.gone")
		return seeOther(w, r, back)
	}
	if err != nil {
		return err
	}
	names, err := s.recurringNames(ctx, []tracker.Recurring{p})
	if err != nil {
		return err
	}
	now, err := s.deskNow(ctx)
	if err != nil {
		return err
	}
	// Neither names anybody: the ticket outlives what its occurrences say.
	what := s.recurringWhat(p, names)
	face := face{s.words, s.store.Now, now.Location()}
	var note strings.Builder
	note.WriteString(s.words.say("recurring.note", p.N(), what, tracker.RecurringDays, p.People))
	note.WriteString("\n\n")
	for i, o := range p.Tickets {
		if i == 30 {
			note.WriteString(s.words.say("recurring.note_more", p.N()-i) + "\n")
			break
		}
		fmt.Fprintf(&note, "%s, %s\n", tracker.TicketName(o.Number), face.date(o.OpenedAt.Time(), now))
	}
	note.WriteString("\n" + s.words.say("recurring.note_end"))
	t, made, err := s.store.OpenRootCause(ctx, actorOf(r), p, s.words.say("recurring.subject", what), note.String())
	if err != nil {
		return err
	}
	if made {
		s.flash(r, "recurring.opened", p.N())
	}
	return seeOther(w, r, ticketPath(t.Number))
}

// dismissRecurring sets what recurs aside.
func (s *site) dismissRecurring(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	back := localPath(r.PostFormValue("back"), "/trends")
	if r.PostFormValue("key") == "" {
		return errForm
	}
	p, err := s.store.RecurringByKey(ctx, r.PostFormValue("key"))
	if migrations.KindOf(err) == migrations.NotFound {
		s.flash(r, "recurring.gone")
		return seeOther(w, r, back)
	}
	if err != nil {
		return err
	}
	if err := s.store.DismissRecurring(ctx, actorOf(r), p); err != nil {
		return err
	}
	s.flashUndo(r, "/recurring/undismiss", url.Values{"key": {p.Key}, "back": {back}}, "recurring.dismissed")
	return seeOther(w, r, back)
}

// undismissRecurring shows again what was set aside.
func (s *site) undismissRecurring(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("key") == "" {
		return errForm
	}
	if err := s.store.UndismissRecurring(r.Context(), actorOf(r), r.PostFormValue("key")); err != nil {
		return err
	}
	return seeOther(w, r, localPath(r.PostFormValue("back"), "/trends"))
}
