package web

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// visit is somebody without an account at the page of one of their tickets.
type visit struct {
	tracker.Guest
	Base string // the address of the page, under which its forms go
	List bool   // they came from the list of their requests
}

// clientView is the employee's page.
type clientView struct {
	tracker.ClientPage
	visit
	Done   string      // what was just done, in words
	Steps  []milestone // the way of a request, the words of where it stands first
	Next   string      // what happens next
	Ask    bool        // whether it is fixed is to be answered
	Solved string      // the answer that was chosen in the mail: yes, no
	Rate   bool        // how it was is to be answered
	Score  string      // what is chosen of that
	Note   string      // the words beside it
	Scores []choice    // what can be
	Text   string      // what was typed
	Why    string      // what was typed beside "no"
	Bad    problems
	Asked  []askedLine                 // what is still unknown of it, to be answered
	Filled map[tracker.FactItem]string // what was typed there
	Once   string
}

// askedLine is a question to an employee: one field.
type askedLine struct {
	Field    string // its name in the form: answer_when
	Question string
	Text     string // what was typed
	Problem  string
}

// milestone is one of the four steps.
type milestone struct {
	Word      string
	Past, Now bool
}

// private has nobody keep, list or learn the address of a page that a link
// alone opens.
func private(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Referrer-Policy", "strict-origin") // not no-referrer, with which browsers call our own forms foreign
}

// byLink finds out who came by the link in a mail.
func (s *site) byLink(h func(w http.ResponseWriter, r *http.Request, v visit) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		private(w)
		token := chi.URLParam(r, "token")
		g, err := s.store.GuestByLink(r.Context(), token)
		if migrations.KindOf(err) == migrations.NotFound {
			return s.deadLink(w, r)
		}
		if err != nil {
			return err
		}
		return s.visited(h, w, r, visit{Guest: g, Base: "/r/" + token})
	}
}

// bySession finds out who has proved their address, and which of their
// requests they look at.
func (s *site) bySession(h func(w http.ResponseWriter, r *http.Request, v visit) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		private(w)
		id, err := s.clientID(r)
		if err != nil {
			return err
		}
		if id == 0 { // their hour is over: what they wrote is shown to them, not lost
			return s.deadLink(w, r)
		}
		number, err := idParam(r, "number")
		if err != nil {
			return s.deadLink(w, r)
		}
		g, err := s.store.GuestByNumber(r.Context(), id, number)
		if migrations.KindOf(err) == migrations.NotFound {
			return s.deadLink(w, r)
		}
		if err != nil {
			return err
		}
		return s.visited(h, w, r, visit{Guest: g, Base: fmt.Sprintf("/my/%d", number), List: true})
	}
}

// visited runs a handler; who ceases to take part meanwhile reads what others
// read whose link opens nothing.
func (s *site) visited(h func(w http.ResponseWriter, r *http.Request, v visit) error, w http.ResponseWriter, r *http.Request, v visit) error {
	err := h(w, r, v)
	if migrations.KindOf(err) == migrations.NotFound {
		return s.deadLink(w, r)
	}
	return err
}

// deadLink is answered to every address that opens nothing, whatever the reason.
func (s *site) deadLink(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusNotFound, "client-dead", view{Title: s.words.say("client.dead"), Bare: true, Data: typedTexts(r)})
}

// client shows the page, and changes nothing: programs that look at links in
// mails open them too. What a button in a mail chose is only chosen.
func (s *site) client(w http.ResponseWriter, r *http.Request, v visit) error {
	q := r.URL.Query()
	c := clientView{visit: v}
	if key := "client.done." + q.Get("done"); q.Get("done") != "" && s.words.has(key) {
		c.Done = s.words.say(key)
	}
	if a := q.Get("solved"); a == "yes" || a == "no" {
		c.Solved = a
	}
	if n := q.Get("rate"); n == "1" || n == "2" || n == "3" {
		c.Score = n
	}
	return s.showClient(w, r, http.StatusOK, c)
}

func (s *site) showClient(w http.ResponseWriter, r *http.Request, status int, c clientView) (err error) {
	if c.ClientPage, err = s.store.ClientPage(r.Context(), c.visit.Guest); err != nil {
		return err
	}
	t := &c.Ticket
	c.Once, _ = tracker.NewToken()
	c.Asked = s.askedLines(&c)
	c.Steps, c.Next = s.clientSteps(t), s.clientNext(&c.ClientPage)
	c.Ask = t.Stage == tracker.Confirming || t.Stage == tracker.Completed && t.Unconfirmed
	if !c.Ask && c.Text == "" {
		c.Text = c.Why // what was typed beside a question that is asked no more
	}
	if c.Rate = c.Rates && t.Stage.Closed(); c.Rate {
		for _, n := range []string{"3", "2", "1"} {
			c.Scores = append(c.Scores, choice{Value: n, Word: s.words.say("client.score." + n)})
		}
		if c.Rating != nil {
			if c.Score == "" {
				c.Score = fmt.Sprint(c.Rating.Score)
			}
			if c.Bad == nil {
				c.Note = c.Rating.Comment
			}
		}
	}
	return s.render(w, r, status, "client", view{Title: s.words.say("client.title", t.Name()), Bare: true, Data: &c})
}

// clientSteps are the four steps of a request, none for one that was dropped.
func (s *site) clientSteps(t *tracker.Ticket) []milestone {
	order := []tracker.Stage{tracker.Requested, tracker.InProgress, tracker.Confirming, tracker.Completed}
	at := -1
	for i, stage := range order {
		if stage == t.Stage {
			at = i
		}
	}
	if at < 0 {
		return nil
	}
	var all []milestone
	for i, stage := range order {
		all = append(all, milestone{Word: s.words.say("client.step." + string(stage)), Past: i < at || t.Stage == tracker.Completed, Now: i == at})
	}
	return all
}

// clientNext says in plain words what happens next.
func (s *site) clientNext(p *tracker.ClientPage) string {
	t := &p.Ticket
	say := s.words.say
	switch {
	case t.Stage == tracker.Confirming && p.Days > 0:
		return say("client.next.confirming_days", p.Days)
	case t.Stage == tracker.Completed && t.Unconfirmed:
		return say("client.next.unconfirmed")
	case t.Stage.Closed() || t.Stage == tracker.Confirming:
		return say("client.next." + string(t.Stage))
	case t.Waiting == tracker.WaitingClient:
		return say("client.next.waiting_you")
	case t.Waiting != "":
		return say("client.next.waiting_others")
	case t.AssigneeName != "":
		return say("client.next.assigned", t.AssigneeName)
	case len(p.Asked) > 0 && t.Stage == tracker.Requested:
		return say("client.next.asked")
	}
	return say("client.next." + string(t.Stage))
}

// clientFile serves a file of a message that the visitor may see: pictures may
// be shown, everything else is only ever downloaded.
func (s *site) clientFile(w http.ResponseWriter, r *http.Request, v visit) error {
	a, err := s.store.ClientFile(r.Context(), v.Guest, chi.URLParam(r, "uid"))
	if err != nil {
		return err
	}
	body, done, err := s.openAttachment(r, a)
	if err != nil {
		return err
	}
	defer done()
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	kind, shown := "application/octet-stream", "attachment"
	if pictures[a.ContentType] {
		kind, shown = a.ContentType, "inline"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", disposition(shown, a.Name))
	if _, err := io.Copy(w, body); err != nil {
		s.log.WarnContext(r.Context(), "sending an attachment ended early", slog.String("attachment", a.UID), slog.Any("error", err))
	}
	return nil
}

// mayUpload reports whether somebody without an account may send files with a
// form, before its body is read: others may send no more than any form has.
func (s *site) mayUpload(r *http.Request) bool {
	if token := chi.URLParam(r, "token"); token != "" {
		_, err := s.store.GuestByLink(r.Context(), token)
		return err == nil
	}
	id, err := s.clientID(r)
	return err == nil && id != 0
}

// guestBack is where the error page leads a visitor back to, "" for others.
func guestBack(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	if len(parts) > 2 && (parts[1] == "r" || parts[1] == "my") && parts[2] != "code" && parts[2] != "enter" {
		return "/" + parts[1] + "/" + url.PathEscape(parts[2])
	}
	if len(parts) > 1 && parts[1] == "my" {
		return "/my"
	}
	return ""
}
