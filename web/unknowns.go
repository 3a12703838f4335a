package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// knownView is what is known of a ticket, beside it: the checklist, and the
// diagnosis.
type knownView struct {
	Checklist   []factView
	Diagnosis   []factView
	Missing     int
	Asked       *tracker.Question // that waits for an answer
	AskedOf     string            // whom
	Loose       *looseAnswer      // a message after the question that filled in nothing
	Help        *helpFor          // whom the request seems to be for
	DiagnosedAt int               // how many lines of the diagnosis are filled in
	MayAsk      bool
}

// factView is one line.
type factView struct {
	tracker.Fact
	Label string
	From  string // where it is from, in words
	Fix   bool   // the line of the fix, which is written in the composer
	Long  bool   // more than a line
}

// looseAnswer is a client's message that could not be assigned.
type looseAnswer struct {
	ID    int64
	Who   string
	Words string
	Items []factView
}

// helpFor is a suggestion of whom we support.
type helpFor struct {
	ClientID int64
	Name     string
}

func (s *site) knownPanel(ctx context.Context, v *ticketView, talk *tracker.Conversation) error {
	known, err := s.store.Facts(ctx, v.T.ID)
	if err != nil {
		return err
	}
	k := &knownView{MayAsk: v.T.ClientAddress != "" && !v.T.Archived()}
	v.Known, v.Supported = k, talk.Supported
	for _, i := range tracker.Checklist() {
		k.Checklist = append(k.Checklist, s.factView(known[i], i))
	}
	k.Missing = len(tracker.Missing(known))
	for _, i := range tracker.Diagnosis() {
		if i == tracker.FactPrevent {
			k.Diagnosis = append(k.Diagnosis, factView{Fact: tracker.Fact{Item: "fix", Value: v.T.Fix}, Label: s.words.say("fact.fix"), Fix: true})
		}
		f := s.factView(known[i], i)
		if f.Value != "" {
			k.DiagnosedAt++
		}
		k.Diagnosis = append(k.Diagnosis, f)
	}
	if w := known[tracker.FactWho]; w.Guess && w.ThingID != 0 && w.ThingID != v.T.ClientID && v.T.ForClientID == 0 && !v.T.Archived() {
		k.Help = &helpFor{w.ThingID, w.Value}
	}
	q, err := s.store.LastQuestion(ctx, v.T.ID)
	if err != nil || q == nil || q.AnsweredAt != 0 {
		return err
	}
	k.AskedOf = firstName(v.T.ClientName, v.T.ClientAddress)
	if q.MessageID != 0 {
		k.Asked = q
	}
	if q.Kind == tracker.QuestionAsk {
		k.Loose = s.looseAnswer(talk, q, known)
	}
	return nil
}

// looseAnswer returns the client's last message after a question, where it
// filled in nothing, and what it may answer.
func (s *site) looseAnswer(talk *tracker.Conversation, q *tracker.Question, known map[tracker.FactItem]tracker.Fact) *looseAnswer {
	if talk.Ticket.Archived() || q.MessageID == 0 {
		return nil
	}
	filled := map[int64]bool{}
	for _, f := range known {
		filled[f.MessageID] = true
	}
	for i := len(talk.Entries) - 1; i >= 0; i-- {
		m := talk.Entries[i].Message
		if m == nil {
			continue
		}
		if m.ID <= q.MessageID {
			break
		}
		if m.Direction != "in" || m.State != "shown" || m.Class != tracker.ClassHuman || filled[m.ID] || strings.TrimSpace(m.Body) == "" {
			continue
		}
		a := &looseAnswer{ID: m.ID, Who: firstName(m.FromName, m.FromAddress), Words: clipRunes(strings.Join(strings.Fields(m.Body), " "), 140)}
		for _, item := range q.Items() {
			if known[item].Value == "" {
				a.Items = append(a.Items, s.factView(tracker.Fact{}, item))
			}
		}
		if len(a.Items) == 0 {
			return nil
		}
		return a
	}
	return nil
}

func (s *site) factView(f tracker.Fact, item tracker.FactItem) factView {
	f.Item = item
	v := factView{Fact: f, Label: s.words.say("fact." + string(item)), Long: len(f.Value) > 60 || strings.Contains(f.Value, "\n")}
	switch {
	case f.Value == "":
	case f.Source == tracker.FromTechnician:
		v.From = s.words.say("fact.from.technician", f.AccountName)
	default:
		v.From = s.words.say("fact.from." + f.Source)
	}
	return v
}

// changeFact corrects, fills in or empties a line of the checklist or of the diagnosis.
func (s *site) changeFact(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	item := tracker.FactItem(r.PostFormValue("item"))
	if !item.Valid() || !r.PostForm.Has("value") || r.PostFormValue("version") == "" {
		return errForm
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	yours := oneBreak(r.PostFormValue("value"))
	back := ticketPath(number)
	_, err = s.store.SetFact(r.Context(), actorOf(r), number, item, yours, version)
	if migrations.KindOf(err) == migrations.Conflict {
		t, terr := s.store.TicketByNumber(r.Context(), number)
		if terr != nil || t.Archived() {
			return firstOf(terr, err)
		}
		known, kerr := s.store.Facts(r.Context(), t.ID)
		if kerr != nil {
			return kerr
		}
		return s.stale(w, r, staleView{Action: r.URL.Path, Version: known[item].Version, Back: back, What: t.Name(), By: known[item].AccountName,
			Hidden: []hiddenField{{"item", string(item)}},
			Fields: []staleField{{Name: "value", Label: s.words.say("fact." + string(item)), Now: known[item].Value, Yours: yours}}})
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, back)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// fillFact takes a client's message as the answer to one line.
func (s *site) fillFact(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	message, err := formInt(r, "message")
	if err != nil {
		return err
	}
	if _, err := s.store.FillFact(r.Context(), actorOf(r), number, tracker.FactItem(r.PostFormValue("item")), message); err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, ticketPath(number))
}

// changeFor says whom we support: a known person, or an address; neither is
// the requester.
func (s *site) changeFor(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	address := strings.TrimSpace(r.PostFormValue("address"))
	var id int64
	switch {
	case r.PostForm.Has("client"):
		if id, err = formInt(r, "client"); err != nil {
			return err
		}
	case !r.PostForm.Has("address"):
		return errForm
	}
	return s.change(w, r, editing{number: e.number, version: e.version, kind: "for", yours: strconv.FormatInt(id, 10),
		now: func(t *tracker.Ticket) string { return strconv.FormatInt(t.ForClientID, 10) },
		apply: func(version int64) (err error) {
			if address != "" {
				_, err = s.store.SetForAddress(r.Context(), actorOf(r), e.number, tracker.Address{Address: address}, version)
			} else {
				_, err = s.store.SetFor(r.Context(), actorOf(r), e.number, id, version)
			}
			return err
		},
		field: func(now, yours string) []staleField {
			who := func(v string) string {
				id, _ := parseInt(v)
				if c, err := s.store.ClientByID(r.Context(), id); err == nil && id != 0 {
					return c.Name
				}
				return s.words.say("for.requester")
			}
			if address != "" {
				return []staleField{{Name: "address", Label: s.words.say("for.title"), Now: who(now), Yours: address}}
			}
			return []staleField{staleChoice("client", s.words.say("for.title"), now, yours, who)}
		}})
}

// askView is the mail that asks a client, before it is sent.
type askView struct {
	T       tracker.Ticket
	Kind    string
	Items   string // what its numbers ask for
	Text    string
	To      string
	Once    string
	Seen    int64
	Problem string
}

// askPage shows the mail that asks for what is missing, or whether we
// understood it so: it can be worded anew before it is sent.
func (s *site) askPage(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	talk, err := s.store.Conversation(r.Context(), number, 0)
	if err != nil {
		return s.tombstone(w, r, number, err)
	}
	known, err := s.store.Facts(r.Context(), talk.Ticket.ID)
	if err != nil {
		return err
	}
	v := askView{T: talk.Ticket, Kind: tracker.QuestionAsk, Seen: talk.Last}
	if r.URL.Query().Get("kind") == tracker.QuestionUnderstood {
		v.Kind = tracker.QuestionUnderstood
	}
	v.Once, _ = tracker.NewToken()
	v.Text, v.Items = s.askText(&v.T, v.Kind, known)
	return s.showAsk(w, r, http.StatusOK, v)
}

func (s *site) showAsk(w http.ResponseWriter, r *http.Request, status int, v askView) error {
	v.To = v.T.ClientAddress
	if n := nameUnless(v.T.ClientName, v.T.ClientAddress); n != "" {
		v.To = n + " <" + v.T.ClientAddress + ">"
	}
	switch {
	case v.T.Archived():
		v.Problem = s.words.say("ticket.archived")
	case v.T.ClientAddress == "":
		v.Problem = s.words.say("ask.nobody")
	}
	return s.render(w, r, status, "ask", view{Title: s.words.say("ask.title." + v.Kind), Section: "tickets", Data: &v})
}

// askText words the mail, and returns what its numbers ask for.
func (s *site) askText(t *tracker.Ticket, kind string, known map[tracker.FactItem]tracker.Fact) (text, items string) {
	say := s.words.say
	var b strings.Builder
	hello := say("ask.hello")
	if n := nameUnless(t.ClientName, t.ClientAddress); n != "" {
		hello = say("ask.hello_name", n)
	}
	b.WriteString(hello + "\n\n")
	if kind == tracker.QuestionUnderstood {
		b.WriteString(say("ask.understood_lead") + "\n\n")
		for _, i := range tracker.Checklist() {
			value := strings.Join(strings.Fields(known[i].Value), " ")
			if value == "" {
				continue
			}
			if i == tracker.FactWho && t.ForClientName != "" {
				value = t.ForClientName
			}
			b.WriteString(say("ask.sentence."+string(i), strings.TrimRight(value, " .")) + "\n")
		}
		b.WriteString("\n" + say("ask.understood_end"))
		return b.String(), ""
	}
	b.WriteString(say("ask.lead") + "\n\n")
	var list []string
	for n, i := range tracker.Missing(known) {
		b.WriteString(strconv.Itoa(n+1) + ". " + say("ask.q."+string(i)) + "\n")
		list = append(list, string(i))
	}
	b.WriteString("\n" + say("ask.end"))
	return b.String(), strings.Join(list, ",")
}

// askClient sends it.
func (s *site) askClient(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	seen, err := formInt(r, "seen")
	if err != nil {
		return err
	}
	in := tracker.AskInput{Kind: r.PostFormValue("kind"), Text: oneBreak(r.PostFormValue("text")), Seen: seen, Once: r.PostFormValue("once")}
	for _, i := range strings.Split(r.PostFormValue("items"), ",") {
		if i != "" {
			in.Items = append(in.Items, tracker.FactItem(i))
		}
	}
	id, err := s.store.Ask(r.Context(), actorOf(r), number, in)
	if kind := migrations.KindOf(err); kind == migrations.Invalid || kind == migrations.Conflict {
		t, terr := s.store.TicketByNumber(r.Context(), number)
		if terr != nil {
			return terr
		}
		v := askView{T: t, Kind: in.Kind, Items: r.PostFormValue("items"), Text: in.Text, Seen: seen, Problem: migrations.SafeMessage(err)}
		if v.Kind != tracker.QuestionUnderstood {
			v.Kind = tracker.QuestionAsk
		}
		if kind == migrations.Conflict { // of what came since they are told once
			newer, nerr := s.store.MessagesAfter(r.Context(), t.ID, seen)
			if nerr != nil {
				return nerr
			}
			for _, m := range newer {
				v.Seen = max(v.Seen, m.ID)
			}
		}
		v.Once, _ = tracker.NewToken()
		return s.showAsk(w, r, kindStatus[kind], v)
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.asked")
	return seeOther(w, r, ticketURL(number, url.Values{}, "#m"+strconv.FormatInt(id, 10)))
}

// needSentence says that a manager's sentence is missing, where a ticket goes
// to confirming or completed without one. Machines need none: what they
// complete stands on the page of loose ends.
func (s *site) needSentence(ctx context.Context, number int64, to tracker.Stage, sentence string) error {
	if to != tracker.Confirming && to != tracker.Completed || strings.TrimSpace(sentence) != "" {
		return nil
	}
	t, err := s.store.TicketByNumber(ctx, number)
	if err != nil || t.Summary != "" || t.Stage == to {
		return err
	}
	return migrations.InvalidAt("summary", "%s", s.words.say("compose.summary_empty"))
}
