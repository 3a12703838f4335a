package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// thingView is a ticket, person, asset or work order by its name, as links
// and whispers show it.
type thingView struct {
	tracker.Thing
	Ref   string // HD-7, A-0012, WO-3; "" for a person
	Title string
	Note  string // who has it, or whose it is
	State string // in words
	Tone  string // of the state: wait, work, ask, good, off, bad
	Icon  string
	To    string // its page
}

// Name is how a sentence names it.
func (v thingView) Name() string { return join(" ", v.Ref, v.Title) }

// Short is its number or tag, a person's name.
func (v thingView) Short() string {
	if v.Ref != "" {
		return v.Ref
	}
	return v.Title
}

// linksView is what a thing is linked with, and the field that links more.
//
// A page that shows them reads
//
//	v.Links, err = s.linksOf(ctx, asset.Thing(), assetPath(id))
//
// and puts {{template "links" .Links}} into its side column (or
// {{template "links" (.Links.Without "asset" "work_order")}} where it shows
// some kinds in sections of its own).
type linksView struct {
	Of     tracker.Thing
	Back   string // the page to come back to
	All    []thingView
	Sealed bool // nothing can be linked: an archived ticket
}

// Without returns the links without those of some kinds.
func (v linksView) Without(kinds ...string) linksView {
	v.All = slices.DeleteFunc(slices.Clone(v.All), func(t thingView) bool { return slices.Contains(kinds, t.Kind) })
	return v
}

// Only returns the links of one kind.
func (v linksView) Only(kind string) []thingView {
	return slices.DeleteFunc(slices.Clone(v.All), func(t thingView) bool { return t.Kind != kind })
}

// linksOf reads what a thing is linked with; back is the page that shows it.
func (s *site) linksOf(ctx context.Context, of tracker.Thing, back string) (linksView, error) {
	v := linksView{Of: of, Back: back}
	links, err := s.store.Links(ctx, of)
	if err != nil {
		return v, err
	}
	things := make([]tracker.Thing, len(links))
	for i, l := range links {
		things[i] = l.Thing
	}
	named, err := s.named(ctx, things)
	if err != nil {
		return v, err
	}
	for _, t := range things {
		if n, ok := named[t]; ok {
			v.All = append(v.All, n)
		}
	}
	// By kind, the newest link of each first.
	slices.SortStableFunc(v.All, func(a, b thingView) int { return kindOrder(a.Kind) - kindOrder(b.Kind) })
	return v, nil
}

func kindOrder(kind string) int {
	return slices.Index([]string{tracker.KindTicket, tracker.KindClient, tracker.KindAsset, tracker.KindWorkOrder}, kind)
}

// named reads the names of things, with one query for each kind. What is gone
// is left out.
func (s *site) named(ctx context.Context, things []tracker.Thing) (map[tracker.Thing]thingView, error) {
	ids := map[string][]int64{}
	for _, t := range things {
		if !slices.Contains(ids[t.Kind], t.ID) {
			ids[t.Kind] = append(ids[t.Kind], t.ID)
		}
	}
	named := map[tracker.Thing]thingView{}
	tickets, err := s.store.TicketsByID(ctx, ids[tracker.KindTicket])
	if err != nil {
		return nil, err
	}
	for i := range tickets {
		v := s.ticketThing(&tickets[i])
		named[v.Thing] = v
	}
	clients, err := s.store.ClientsByID(ctx, ids[tracker.KindClient])
	if err != nil {
		return nil, err
	}
	for i := range clients {
		v := clientThing(&clients[i])
		named[v.Thing] = v
	}
	assets, err := s.things.AssetsByID(ctx, ids[tracker.KindAsset])
	if err != nil {
		return nil, err
	}
	for i := range assets {
		v := s.assetThing(&assets[i])
		named[v.Thing] = v
	}
	orders, err := s.things.OrdersByID(ctx, ids[tracker.KindWorkOrder])
	if err != nil {
		return nil, err
	}
	for i := range orders {
		v := s.orderThing(&orders[i])
		named[v.Thing] = v
	}
	return named, nil
}

func (s *site) ticketThing(t *tracker.Ticket) thingView {
	v := thingView{Thing: tracker.Thing{Kind: tracker.KindTicket, ID: t.ID}, Ref: t.Name(), Title: t.Subject, Note: t.ClientName, Icon: "list-details", To: ticketPath(t.Number),
		State: s.words.say("stage." + string(t.Stage)), Tone: stageTone(t.Stage)}
	if v.Title == "" {
		v.Title = s.words.say("ticket.no_subject")
	}
	if t.Archived() {
		v.State = s.words.say("stage.archived")
	}
	return v
}

func clientThing(c *tracker.Client) thingView {
	return thingView{Thing: tracker.Thing{Kind: tracker.KindClient, ID: c.ID}, Title: c.Name, Note: c.Department, Icon: "user", To: personPath(c.ID)}
}

func stageTone(st tracker.Stage) string {
	switch st {
	case tracker.InProgress:
		return "work"
	case tracker.Confirming:
		return "ask"
	case tracker.Completed:
		return "good"
	case tracker.Dropped:
		return "off"
	}
	return "wait"
}

func (s *site) assetThing(a *inventory.Asset) thingView {
	return thingView{Thing: a.Thing(), Ref: a.Tag, Title: a.Title(), Note: join(", ", a.HolderName, a.LocationName), Icon: categoryIcon(a.Category), To: assetPath(a.ID),
		State: s.words.say("asset." + string(a.Status)), Tone: tone(a.Status)}
}

// thingOf reads a thing as links name it, asset:7, and makes sure that it exists.
func (s *site) thingOf(ctx context.Context, text string) (thingView, error) {
	kind, number, _ := strings.Cut(text, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id <= 0 {
		return thingView{}, errForm
	}
	return s.thing(ctx, tracker.Thing{Kind: kind, ID: id})
}

// thing reads the name of one thing.
func (s *site) thing(ctx context.Context, t tracker.Thing) (thingView, error) {
	named, err := s.named(ctx, []tracker.Thing{t})
	if err != nil {
		return thingView{}, err
	}
	v, ok := named[t]
	if !ok {
		return v, migrations.NotFoundf("%s", s.words.say("links.gone"))
	}
	return v, nil
}

// linkForm is the page of a link that could not be made: the same field again.
type linkForm struct {
	Of    thingView
	Back  string
	Kind  string
	Text  string
	Error string
}

// linkKinds are what the field of a section picks, by the section's kind.
var linkKinds = map[string]string{pickAny: "", pickTicket: tracker.KindTicket, pickPerson: tracker.KindClient, pickAsset: tracker.KindAsset, pickOrder: tracker.KindWorkOrder}

// addLink links two things: "of" by its kind and id, the other picked from search.
func (s *site) addLink(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	of, err := s.thingOf(ctx, r.PostFormValue("of"))
	if err != nil {
		return err
	}
	f := linkForm{Of: of, Back: localPath(r.PostFormValue("back"), of.To), Kind: r.PostFormValue("kind")}
	if _, ok := linkKinds[f.Kind]; !ok {
		f.Kind = pickAny
	}
	other, err := s.linkedThing(r, &f)
	if err == nil && other.Kind == "" {
		err = migrations.Invalidf("%s", s.words.say("links.nothing"))
	}
	var v thingView
	if err == nil {
		if v, err = s.thing(ctx, other); migrations.KindOf(err) == migrations.NotFound {
			err = migrations.Invalidf("%s", s.words.say("links.gone"))
		}
	}
	if err == nil {
		err = s.store.Link(ctx, actorOf(r), of.Thing, other)
	}
	if migrations.KindOf(err) == migrations.Invalid {
		f.Error = migrations.SafeMessage(err)
		return s.render(w, r, http.StatusUnprocessableEntity, "link", view{Title: s.words.say("links.title"), Section: sectionOf(of.Kind), Data: f})
	}
	if err != nil {
		return err
	}
	s.flashUndo(r, "/links/remove", url.Values{"of": {of.String()}, "other": {other.String()}, "back": {f.Back}}, "flash.linked", v.Name())
	return seeOther(w, r, f.Back)
}

// linkedThing reads what was picked, or named outright by an undo.
func (s *site) linkedThing(r *http.Request, f *linkForm) (t tracker.Thing, err error) {
	if other := r.PostFormValue("other"); other != "" && !r.PostForm.Has("other_text") {
		v, err := s.thingOf(r.Context(), other)
		return v.Thing, err
	}
	if f.Kind == pickAny {
		t, f.Text, err = s.pickedThing(r, "other")
		return t, err
	}
	id, text, err := s.pickedID(r, "other", f.Kind)
	f.Text = text
	if err != nil || id == 0 {
		return t, err
	}
	return tracker.Thing{Kind: linkKinds[f.Kind], ID: id}, nil
}

// removeLink takes a link away.
func (s *site) removeLink(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	of, err := s.thingOf(ctx, r.PostFormValue("of"))
	if err != nil {
		return err
	}
	other, err := s.thingOf(ctx, r.PostFormValue("other"))
	if err != nil {
		return err
	}
	if err := s.store.Unlink(ctx, actorOf(r), of.Thing, other.Thing); err != nil {
		return err
	}
	back := localPath(r.PostFormValue("back"), of.To)
	s.flashUndo(r, "/links", url.Values{"of": {of.String()}, "other": {other.String()}, "back": {back}}, "flash.unlinked", other.Name())
	return seeOther(w, r, back)
}

// sectionOf is the entry of the rail that a kind of thing belongs to.
func sectionOf(kind string) string {
	return map[string]string{tracker.KindTicket: "tickets", tracker.KindClient: "people", tracker.KindAsset: "assets", tracker.KindWorkOrder: "orders"}[kind]
}
