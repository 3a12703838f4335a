package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"helpdeskd/inventory"
	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// peopleView is the list of the people who ask.
type peopleView struct {
	People      []tracker.ClientRow
	Query       string
	Department  string
	Departments []tracker.Department
	Set         []chip
	Count       string
	Pages       pageLinks
	Alike       string // that some look like one person, in words
	MayEdit     bool
	Export      string // the address of what is listed, as a file
}

func (s *site) people(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	f := tracker.ClientFilter{Text: searched(r), Department: q.Get("department")}
	list, more, err := s.store.ListClients(ctx, f, q.Get("after"), 50)
	if err != nil {
		return err
	}
	v := peopleView{People: list, Query: f.Text, Department: f.Department, Pages: pagesOf("/people", q, more)}
	n, err := s.store.CountClients(ctx, f, listCount+1)
	if err != nil {
		return err
	}
	v.Count = s.words.say("list.count.people", n)
	if n > listCount {
		v.Count = s.words.say("list.count.people", s.words.say("count.over", "1,000"))
	}
	if v.Departments, err = s.store.Departments(ctx, 200); err != nil {
		return err
	}
	rest := url.Values{"q": q["q"], "department": q["department"]}
	if f.Text != "" {
		v.Set = append(v.Set, chip{Word: "“" + f.Text + "”", To: address("/people", rest, "q", ""), On: true})
	}
	if f.Department != "" {
		v.Set = append(v.Set, chip{Word: f.Department, To: address("/people", rest, "department", ""), On: true})
	}
	v.MayEdit, v.Export = tracker.May(*accountOf(ctx), tracker.EditPeople), address("/people/export.csv", rest, "after", "")
	if len(v.Set) == 0 && q.Get("after") == "" && v.MayEdit {
		pairs, err := s.store.AlikePeople(ctx, maxAlike+1)
		if err != nil {
			return err
		}
		switch {
		case len(pairs) > maxAlike:
			v.Alike = s.words.say("same.found_over", maxAlike)
		case len(pairs) > 0:
			v.Alike = s.words.say("same.found", len(pairs))
		}
	}
	return s.render(w, r, http.StatusOK, "people", view{Title: s.words.say("nav.people"), Section: "people", Data: v})
}

// personView is one person's page.
type personView struct {
	tracker.Profile
	Things     personThings
	Stats      []stat
	ByMonth    chart
	ByCategory chart

	Often []string // what recurs, in sentences

	Tickets []tracker.Ticket
	History []historyRow // instead of Tickets
	Whole   bool         // History was asked for
	Chips   []chip
	Pages   pageLinks
	Narrow  bool // a filter is on

	Orders    ordersOf
	Links     linksView
	Recurring []recurringView
	Problem   string
	MayErase  bool
	Erasure   tracker.ErasureState // of somebody who is or was erased; BegunAt 0: of nobody
	Form      tracker.Client       // what the form holds: after a problem what was typed

	AddressForm personAddresses
}

func (s *site) person(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	return s.personPage(w, r, http.StatusOK, id, personTyped{})
}

// personTyped is what a form of a person's page sent and was refused.
type personTyped struct {
	problem   string
	client    *tracker.Client
	addresses *personAddresses
}

func (s *site) personPage(w http.ResponseWriter, r *http.Request, status int, id int64, typed personTyped) error {
	ctx := r.Context()
	p, err := s.store.ClientProfile(ctx, id, s.face(zoneOf(r)).zone)
	if err != nil {
		return err
	}
	if p.MergedIntoID != 0 { // found to be the same as somebody
		return seeOther(w, r, personPath(p.MergedIntoID))
	}
	v := personView{Profile: p, Problem: typed.problem, Form: p.Client, MayErase: tracker.May(*accountOf(ctx), tracker.EraseData)}
	if err := s.store.LookedAt(ctx, actorOf(r), id); err != nil {
		return err
	}
	if v.Erasure, err = s.store.ErasureOf(ctx, id); err != nil && migrations.KindOf(err) != migrations.NotFound {
		return err
	}
	if typed.client != nil {
		v.Form = *typed.client
	}
	if typed.addresses != nil {
		v.AddressForm = *typed.addresses
	}
	v.AddressForm.ID, v.AddressForm.Version, v.AddressForm.List = id, p.Version, p.Addresses
	s.personFigures(zoneOf(r), &v)
	if v.Things, err = s.personThings(ctx, id); err != nil {
		return err
	}
	if v.Often, err = s.oftenSays(ctx, id); err != nil {
		return err
	}
	if err := s.personTickets(r, &v); err != nil {
		return err
	}
	if v.Orders, err = s.ordersOf(ctx, inventory.OrderFilter{ClientID: id}, "client", id); err != nil {
		return err
	}
	if v.Links, err = s.linksOf(ctx, tracker.Thing{Kind: tracker.KindClient, ID: id}, personPath(id)); err != nil {
		return err
	}
	again, err := s.store.RecurringOfClient(ctx, id)
	if err != nil {
		return err
	}
	if v.Recurring, err = s.recurringViews(ctx, again, personPath(id)); err != nil {
		return err
	}
	if v.ErasedAt != 0 { // nothing begins for them
		v.Things.Give, v.Orders.New, v.Links.Sealed = "", "", true
	}
	return s.render(w, r, status, "person", view{Title: p.Name, Section: "people", Data: v})
}

// addressReached takes the mark off an address that mail came back from.
func (s *site) addressReached(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.store.ClientByID(r.Context(), id); err != nil {
		return err
	}
	address := r.PostFormValue("address")
	if address == "" {
		return errForm
	}
	if err := s.store.ClearBounce(r.Context(), actorOf(r), id, address); err != nil {
		return err
	}
	s.flash(r, "person.reached_done")
	return seeOther(w, r, localPath(r.PostFormValue("back"), personPath(id)))
}

func personPath(id int64) string { return "/people/" + strconv.FormatInt(id, 10) }

// personTickets reads the person's requests by the filter of the address.
func (s *site) personTickets(r *http.Request, v *personView) error {
	q, path := r.URL.Query(), personPath(v.ID)
	show := q.Get("show")
	v.Whole = show == historyAll || show == historyThings || show == historyRepairs
	f := tracker.TicketFilter{ClientID: v.ID, Archived: tracker.ArchivedAlso}
	switch q.Get("show") {
	case "open":
		f.Stages = []tracker.Stage{tracker.Requested, tracker.InProgress, tracker.Confirming}
	case "closed":
		f.Stages = []tracker.Stage{tracker.Completed, tracker.Dropped}
	}
	if c := q.Get("category"); c == "none" {
		f.CategoryID = tracker.Nobody
	} else if n, err := strconv.ParseInt(c, 10, 64); err == nil && n > 0 {
		f.CategoryID = n
	}
	var more string
	var err error
	if v.Whole {
		v.History, more, err = s.personHistory(r.Context(), v.ID, show, q.Get("after"))
	} else {
		v.Tickets, more, err = s.store.Tickets(r.Context(), f, q.Get("after"), 25)
	}
	if err != nil {
		return err
	}
	v.Pages = pagesOf(path, q, more)
	v.Narrow = f.Stages != nil || f.CategoryID != 0
	rest := url.Values{"show": q["show"], "category": q["category"]}
	for _, show := range []string{"", "open", "closed"} {
		v.Chips = append(v.Chips, chip{Word: s.words.say("person.show." + show), To: address(path, rest, "show", show) + "#requests", On: q.Get("show") == show})
	}
	v.Chips = append(v.Chips, s.historyChips(path, q)...)
	for _, c := range v.Categories {
		key, word := strconv.FormatInt(c.ID, 10), c.Name
		if c.ID == 0 {
			key, word = "none", s.words.say("filter.no_category")
		}
		if q.Get("category") == key {
			v.Chips = append(v.Chips, chip{Word: word, Icon: "x", To: address(path, rest, "category", "") + "#requests", On: true})
		}
	}
	return nil
}

// personFigures says what the requests tell, in facts and two small charts.
func (s *site) personFigures(zone string, v *personView) {
	path := personPath(v.ID)
	v.Stats = []stat{
		{Word: s.words.say("person.stat.open"), N: strconv.Itoa(v.Open), To: path + "?show=open#requests"},
		{Word: s.words.say("person.stat.total"), N: strconv.Itoa(v.Total), To: path + "#requests"},
	}
	if v.FixedIn > 0 {
		v.Stats = append(v.Stats, stat{Word: s.words.say("person.stat.fixed_in"), N: s.lasting(v.FixedIn)})
	}
	if v.AnsweredIn > 0 {
		v.Stats = append(v.Stats, stat{Word: s.words.say("person.stat.answered_in"), N: s.lasting(v.AnsweredIn)})
	}
	if n := v.Content[1] + v.Content[2] + v.Content[3]; n > 0 {
		v.Stats = append(v.Stats, stat{Word: s.words.say("person.stat.content"), N: s.words.say("person.stat.content_of", v.Content[3], n)})
	}
	if v.FirstSeen != 0 {
		v.Stats = append(v.Stats, stat{Word: s.words.say("person.stat.first_seen"), N: s.face(zone).relative(v.FirstSeen.Time())})
	}
	if v.LastSeen != 0 {
		v.Stats = append(v.Stats, stat{Word: s.words.say("person.stat.last_seen"), N: s.face(zone).relative(v.LastSeen.Time())})
	}
	v.ByMonth = chart{Title: s.words.say("person.by_month"), What: s.words.say("person.requests")}
	for _, m := range v.Months {
		v.ByMonth.Bars = append(v.ByMonth.Bars, bar{Word: string([]rune(s.words.say(fmt.Sprintf("month.short.%d", m.Month)))[:1]),
			Full: fmt.Sprintf("%s %d", s.words.say(fmt.Sprintf("month.%d", m.Month)), m.Year), N: int64(m.N)})
	}
	v.ByCategory = chart{Title: s.words.say("person.by_category"), What: s.words.say("person.requests"), Lying: true}
	rest := 0
	for i, c := range v.Categories {
		if i >= 6 {
			rest += c.N
			continue
		}
		b := bar{Full: c.Name, N: int64(c.N), To: path + "?category=" + strconv.FormatInt(c.ID, 10) + "#requests"}
		if c.ID == 0 {
			b.Full, b.To = s.words.say("filter.no_category"), path+"?category=none#requests"
		}
		v.ByCategory.Bars = append(v.ByCategory.Bars, b)
	}
	if rest > 0 {
		v.ByCategory.Bars = append(v.ByCategory.Bars, bar{Full: s.words.say("person.other_categories"), N: int64(rest)})
	}
}

// lasting says how long something took: 25 min, 3 h, 2 days.
func (s *site) lasting(d time.Duration) string {
	switch {
	case d < time.Hour:
		return s.words.say("age.minutes", max(int(d.Minutes()), 1))
	case d < 48*time.Hour:
		return s.words.say("age.hours", int(d.Round(time.Hour).Hours()))
	}
	return s.words.say("person.days", int(d.Round(24*time.Hour).Hours()/24))
}

// changePerson shows both texts when somebody else changed them meanwhile.
func (s *site) changePerson(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	name, department, phone := r.PostFormValue("name"), r.PostFormValue("department"), r.PostFormValue("phone")
	high := r.PostFormValue("high") == "1"
	c := tracker.ClientChange{Name: &name, Department: &department, Phone: &phone, HighManagement: &high}
	_, err = s.store.UpdateClient(r.Context(), actorOf(r), id, c, version)
	switch migrations.KindOf(err) {
	case migrations.Conflict:
		now, cerr := s.store.ClientByID(r.Context(), id)
		if cerr != nil {
			return cerr
		}
		mark := func(on bool) string {
			if on {
				return "1"
			}
			return ""
		}
		return s.stale(w, r, staleView{Action: r.URL.Path, Version: now.Version, Back: r.URL.Path, What: now.Name, Fields: []staleField{
			{Name: "name", Label: s.words.say("field.name"), Now: now.Name, Yours: name},
			{Name: "department", Label: s.words.say("person.department"), Now: now.Department, Yours: department},
			{Name: "phone", Label: s.words.say("person.phone"), Now: now.Phone, Yours: phone},
			staleChoice("high", s.words.say("mark.high"), mark(now.HighManagement), mark(high), s.yesNo)}})
	case migrations.Invalid:
		return s.personPage(w, r, http.StatusUnprocessableEntity, id, personTyped{problem: migrations.SafeMessage(err),
			client: &tracker.Client{Name: name, Department: department, Phone: phone, HighManagement: high}})
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, r.URL.Path)
}
