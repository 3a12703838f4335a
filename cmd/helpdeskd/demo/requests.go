package demo

import (
	"fmt"
	"math/rand/v2"
	"net/mail"
	"slices"
	"sort"
	"strings"
	"time"

	"helpdeskd/tracker"
)

// request is a ticket of the history that is written as a whole, not played.
type request struct {
	who      Person
	by       string // the key of who writes it down, where via is not ""
	via      tracker.NoteKind
	at       time.Time
	subject  string
	text     string
	category string
	level    int
	star     bool
	deeds    []deed
	asset    string // hostname of what it is about, "" for nothing that has one
	linked   bool   // with the asset
}

// deed is what happened to it.
type deed struct {
	at   time.Time
	do   tracker.PastDeed
	by   string // key of a technician; "" for the client and for the system
	kind tracker.NoteKind
	text string
}

// teller makes up requests. It tells the same company the same things each
// time, only their days move with now.
type teller struct {
	now     time.Time
	members []member
	r       *rand.Rand
	spoken  time.Time // from then on those who are played on /demo speak for themselves
	played  map[string]bool
	third   time.Time // when Jun came
	used    map[string]int
}

// requests returns two years of what people asked, the oldest first.
func requests(now time.Time) []request {
	t := &teller{now: now, members: company(now), r: rand.New(rand.NewPCG(1787, 10)), spoken: now.Add(-(oldestStory() + 2*day)), used: map[string]int{}, played: map[string]bool{}, third: junsFirstDay(now)}
	for _, e := range Employees() {
		t.played[e.Key] = true
	}
	all := t.usual()
	for _, e := range episodes() {
		all = append(all, t.episode(e)...)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].at.Before(all[j].at) })
	return all
}

// oldestStory is how long ago the first played story began.
func oldestStory() time.Duration {
	return slices.MaxFunc(stories(), func(a, b story) int { return int(a.ago - b.ago) }).ago
}

// What the seasons and the weekdays do.
var (
	months   = [12]float64{1.3, 1.05, 1, 0.9, 0.95, 0.95, 0.7, 0.65, 1.25, 1.15, 1.05, 0.75}
	weekdays = [7]float64{0.03, 1.35, 1.05, 1, 0.95, 0.7, 0.04}
)

// usual returns the matters that come day by day.
func (t *teller) usual() []request {
	var all []request
	for d := beginning(t.now); d.Before(t.now); d = d.AddDate(0, 0, 1) {
		mean := 1.3 * months[d.Month()-1] * weekdays[d.Weekday()]
		for n := t.poisson(mean); n > 0; n-- {
			at := time.Date(d.Year(), d.Month(), d.Day(), 0, 0, t.r.IntN(60), 0, d.Location()).Add(t.timeOfDay())
			if at.Before(t.now.Add(-20 * minute)) {
				all = append(all, t.matter(at))
			}
		}
	}
	return all
}

func (t *teller) poisson(mean float64) int {
	n := 0
	for left := t.r.ExpFloat64(); left < mean; left += t.r.ExpFloat64() {
		n++
	}
	return n
}

// timeOfDay is mostly the first hours of the morning and those after lunch.
func (t *teller) timeOfDay() time.Duration {
	hours := []int{7, 8, 8, 8, 8, 9, 9, 9, 9, 9, 10, 10, 10, 11, 11, 12, 13, 13, 13, 14, 14, 14, 15, 15, 16, 17, 20}
	return time.Duration(hours[t.r.IntN(len(hours))])*hour + time.Duration(t.r.IntN(60))*minute
}

// somebody returns who asks at a time.
func (t *teller) somebody(at time.Time, only string) Person {
	var some []Person
	for _, m := range t.members {
		first, _, _ := strings.Cut(m.Department, " ")
		switch {
		case m.Role != "", !m.here(at), t.played[m.Key] && at.After(t.spoken), only != "" && !slices.Contains(strings.Fields(only), first):
			continue
		}
		some = append(some, m.Person)
	}
	if len(some) == 0 {
		return t.somebody(at, "")
	}
	return some[t.r.IntN(len(some))]
}

// technician returns who works on a category at a time.
func (t *teller) technician(category string, at time.Time) string {
	third := jun
	if at.Before(t.third) {
		third = bram
	}
	favourites := map[string][]string{"Printing": {tobias, tobias, third}, "Network": {tobias, tobias, mara}, "Telephone": {tobias, third}, "Audio-visual": {tobias, third},
		"Computer": {third, third, tobias, mara}, "Software": {third, mara, third}, "Accounts and access": {mara, third, third}, "Other": {mara, mara, third}}[category]
	return favourites[t.r.IntN(len(favourites))]
}

// matter makes up one request of the usual kind.
func (t *teller) matter(at time.Time) request {
	total := 0
	for _, m := range matters {
		total += m.weight(at)
	}
	pick := t.r.IntN(total)
	var m matter
	for _, m = range matters {
		if pick -= m.weight(at); pick < 0 {
			break
		}
	}
	who := t.somebody(at, m.only)
	fill := t.filler(who, at)
	said := m.says[t.next(m.says[0][0], len(m.says))]
	q := request{who: who, at: at, subject: fill(t.variant(said[0])), text: fill(said[1]), category: m.category, level: m.level}
	if m.asset || strings.Contains(said[0]+said[1], "{nb}") {
		q.asset = hostOf(who, t.now.Sub(at))
	}
	if strings.Contains(said[0]+said[1], "{printer}") {
		q.asset = printerOf(who)
	}
	q.linked = t.r.IntN(3) == 0
	switch x := t.r.IntN(20); {
	case who.High:
		q.level, q.star = 3, true
	case x == 0:
		q.level = min(3, q.level+1)
	case x < 4:
		q.level = max(1, q.level-1)
	}
	by := t.technician(m.category, at)
	if who.High {
		by = mara
	}
	fix := m.fixes[t.next(m.fixes[0], len(m.fixes))]
	if len(m.fixes) == len(m.says) { // each has its own
		fix = m.fixes[slices.Index(m.says, said)]
	}
	fix = fill(t.variant(fix))
	if phoned := t.r.IntN(100) < 13 && m.level < 3; phoned {
		q.via, q.by = tracker.NotePhone, by
		if t.r.IntN(3) == 0 {
			q.via = tracker.NoteInPerson
		}
		q.at = atWork(at)
		q.then(t, time.Duration(4+t.r.IntN(40))*minute, deed{do: tracker.PastCompleted, by: by, text: fix})
		return q
	}
	wait := time.Duration(4+t.r.ExpFloat64()*50) * minute
	if q.level == 3 {
		wait = time.Duration(3+t.r.IntN(12)) * minute
	}
	q.then(t, wait, deed{do: tracker.PastTaken, by: by})
	if t.r.IntN(100) < 7 {
		q.then(t, time.Duration(1+t.r.IntN(30))*hour, deed{do: tracker.PastDropped, by: by, text: dropReasons[t.next("drops", len(dropReasons))]})
		return q
	}
	if m.asks[0] != "" && t.r.IntN(2) == 0 {
		q.then(t, time.Duration(5+t.r.IntN(30))*minute, deed{do: tracker.PastReply, by: by, text: fill(m.asks[0]) + "\n\n" + firstOf(person(by).Name)})
		q.then(t, time.Duration(20+t.r.IntN(300))*minute, deed{do: tracker.PastAnswer, text: fill(m.asks[1])})
	}
	if len(m.notes) > 0 && t.r.IntN(100) < 45 {
		q.then(t, time.Duration(8+t.r.IntN(60))*minute, deed{do: tracker.PastNote, by: by, kind: m.note, text: fill(m.notes[min(slices.Index(m.says, said), len(m.notes)-1)])})
	}
	work := time.Duration(8+t.r.ExpFloat64()*70)*minute + time.Duration(m.slow)*day
	if t.r.IntN(12) == 0 {
		work += time.Duration(1+t.r.IntN(4)) * day
	}
	q.then(t, work, deed{do: tracker.PastFix, by: by, text: fix})
	t.end(&q, by)
	return q
}

// weight is how often a matter comes in the month of a time.
func (m matter) weight(at time.Time) int {
	if slices.Contains(m.months, at.Month()) {
		return 3 * m.often
	}
	return m.often
}

// next goes round a list, so that the same words come as seldom as they can.
func (t *teller) next(of string, n int) int {
	t.used[of]++
	return (t.used[of] - 1) % n
}

// variant goes round the ways in which something is said.
func (t *teller) variant(s string) string {
	ways := strings.Split(s, "|")
	return ways[t.next("ways: "+s, len(ways))]
}

// filler fills the places of texts for somebody.
func (t *teller) filler(who Person, at time.Time) func(string) string {
	first := firstOf(who.Name)
	nb := hostOf(who, t.now.Sub(at))
	if nb == "" {
		nb = "my computer"
	}
	return strings.NewReplacer("{first}", first, "{nb}", nb, "{printer}", printerOf(who), "{room}", rooms[t.next("rooms", len(rooms))], "{app}", apps[t.next("apps", len(apps))],
		"{file}", folders[t.next("folders", len(folders))], "{n}", fmt.Sprint(1+t.r.IntN(8))).Replace
}

func printerOf(who Person) string {
	if p := printers[who.Department]; p != "" {
		return p
	}
	return "PR-HALL-1"
}

// then adds a deed some time after what was before, when people are at work.
// What would be in the future has not happened.
func (q *request) then(t *teller, after time.Duration, d deed) {
	last := q.at
	if n := len(q.deeds); n > 0 {
		last = q.deeds[n-1].at
		if last.IsZero() { // its past ends before
			return
		}
	}
	d.at = last.Add(after)
	if d.do != tracker.PastSilent {
		d.at = atWork(d.at)
	}
	if d.at.After(t.now.Add(-5 * minute)) {
		d.at = time.Time{}
	}
	q.deeds = append(q.deeds, d)
}

// end completes a request that was fixed: the client says yes or thanks, or nothing.
func (t *teller) end(q *request, by string) {
	switch x := t.r.IntN(10); {
	case x < 5:
		q.then(t, time.Duration(15+t.r.ExpFloat64()*200)*minute, deed{do: tracker.PastConfirmed, text: yesses[t.next("yes", len(yesses))]})
	case x < 7:
		q.then(t, time.Duration(20+t.r.IntN(90))*minute, deed{do: tracker.PastAnswer, text: thankYous[t.next("thanks", len(thankYous))]})
		q.then(t, time.Duration(18+t.r.IntN(10))*hour, deed{do: tracker.PastCompleted, by: by})
	default:
		q.then(t, 7*day+time.Duration(1+t.r.IntN(50))*minute, deed{do: tracker.PastSilent})
	}
}

// past returns the request as the tracker stores it.
func (q request) past(accounts map[string]tracker.Actor, categories map[string]int64) (tracker.Past, error) {
	p := tracker.Past{Client: tracker.Address{Name: q.who.Name, Address: q.who.Address()}, Subject: q.subject, Body: q.text, Level: q.level, Star: q.star, OpenedAt: q.at}
	if p.CategoryID = categories[q.category]; p.CategoryID == 0 {
		return p, fmt.Errorf("there is no category %q", q.category)
	}
	mailed := func(subject, text string, at time.Time) (raw []byte, body, id string) {
		id, body = newMessageID(q.who.Address()), text+"\n\n"+q.who.SignOff
		return Draft{From: q.who.mailbox(), To: []mail.Address{helpdeskMailbox()}, Subject: subject, Text: body + "\n", Date: at, ID: id}.Bytes(), body, id
	}
	if q.via != "" {
		p.Via, p.AccountID = q.via, accounts[q.by].AccountID
	} else {
		p.Raw, p.Body, p.MessageID = mailed(q.subject, q.text, q.at)
	}
	for _, d := range q.deeds {
		if d.at.IsZero() {
			break
		}
		st := tracker.PastStep{At: d.at, Do: d.do, AccountID: accounts[d.by].AccountID, Kind: d.kind, Text: d.text}
		if d.by != "" && st.AccountID == 0 {
			return p, fmt.Errorf("%s has no account", d.by)
		}
		if d.do == tracker.PastAnswer || d.do == tracker.PastConfirmed {
			st.Raw, st.Text, st.MessageID = mailed("Re: "+q.subject, d.text, d.at)
		}
		if d.do == tracker.PastFix || d.do == tracker.PastCompleted {
			p.Summary = q.plainly(d.text)
		}
		p.Steps = append(p.Steps, st)
	}
	return p, nil
}
