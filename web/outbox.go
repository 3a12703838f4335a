package web

import (
	"bytes"
	"mime"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// outboxView is the list of the mails that we owe or owed.
type outboxView struct {
	Frame   listFrame
	Rows    []tracker.OutboxRow
	Kinds   []string
	States  []string
	Boxes   []tracker.Mailbox
	Problem string
}

// outboxFilter reads the list's filter out of an address.
func outboxFilter(q url.Values) tracker.OutboxFilter {
	box, _ := strconv.ParseInt(q.Get("box"), 10, 64)
	return tracker.OutboxFilter{State: q.Get("state"), Kind: q.Get("kind"), MailboxID: max(box, 0), Returned: q.Get("returned") == "1", To: q.Get("to")}
}

func (s *site) outboxList(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	v := outboxView{Kinds: tracker.MailKinds(), States: tracker.OutboxCounts()}
	f := outboxFilter(q)
	after, _ := strconv.ParseInt(q.Get("after"), 10, 64)
	rows, more, err := s.store.OutboxMails(ctx, f, after, 50)
	if err != nil {
		return err
	}
	v.Rows = rows
	next := ""
	if more != 0 {
		next = strconv.FormatInt(more, 10)
	}
	v.Frame = listFrame{Path: "/mail/outbox", Self: "/mail/outbox?" + liveQuery(q), First: q.Get("after") == "", Pages: pagesOf("/mail/outbox", q, next), Query: url.Values{}}
	for _, k := range []string{"state", "kind", "box", "returned", "to"} {
		if q.Get(k) != "" {
			v.Frame.Query.Set(k, q.Get(k))
			v.Frame.Filtered = true
		}
	}
	n, err := s.store.CountOutbox(ctx, f, listCount+1)
	if err != nil {
		return err
	}
	v.Frame.Count = s.words.say("n.mails", n)
	if n > listCount {
		v.Frame.Count = s.words.say("n.mails", s.words.say("count.over", "1,000"))
	}
	if v.Boxes, err = s.store.Mailboxes(ctx); err != nil {
		return err
	}
	s.outboxChips(&v)
	return s.render(w, r, http.StatusOK, "outbox", view{Title: s.words.say("outbox.title"), Section: "mail", Live: true, Data: v})
}

// outboxChips adds what people look for most, and the filters that are on.
func (s *site) outboxChips(v *outboxView) {
	f, q := &v.Frame, v.Frame.Query
	quick := []string{tracker.OutboxQueued, tracker.OutboxUncertain, tracker.OutboxDead, tracker.OutboxHeld}
	for _, state := range quick {
		f.quick(s.words.say("outbox."+state), "", "state", state)
	}
	f.quick(s.words.say("mail.came_back"), "alert-triangle", "returned", "1")
	if state := q.Get("state"); state != "" && !slices.Contains(quick, state) {
		f.removable(s.words.say("outbox."+state), "state")
	}
	if kind := q.Get("kind"); kind != "" {
		f.removable(s.words.say("mailkind."+kind), "kind")
	}
	for _, b := range v.Boxes {
		if q.Get("box") == strconv.FormatInt(b.ID, 10) {
			f.removable(b.Name, "box")
		}
	}
	if to := q.Get("to"); to != "" {
		f.removable("“"+to+"”", "to")
	}
}

// outboxMailView is one mail of ours and its way.
type outboxMailView struct {
	tracker.OutboxStory
	Subject string // as it was, or will be, sent; "" before it is written
	Text    string
	Cut     bool
	Steps   []step
	Secret  bool // it carries a link that opens an account: nobody reads it here
	MayEdit bool
}

// step is something that was done to a mail.
type step struct {
	Words string
	At    migrations.Stamp
}

// ownShown is how much of a mail of ours the page shows, in bytes.
const ownShown = 64 << 10

// token is what a reply token looks like (tracker.NewToken).
var token = regexp.MustCompile(`\b[a-z2-7]{26}\b`)

func (s *site) outboxMail(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	v := outboxMailView{MayEdit: tracker.May(*accountOf(r.Context()), tracker.MendMail)}
	if v.OutboxStory, err = s.store.OutboxStory(r.Context(), id); err != nil {
		return err
	}
	v.MailID, v.ServerMailID = hideToken(v.MailID), hideToken(v.ServerMailID)
	v.Secret = v.Kind == tracker.MailAccount || v.Kind == tracker.MailCode
	if v.Digest != "" && !v.Secret && s.opts.Mail != nil {
		if err := s.ownWords(r, &v); err != nil && migrations.KindOf(err) != migrations.NotFound {
			return err
		}
	}
	for _, e := range v.Events {
		if e.By == "" {
			e.By = s.words.say("product")
		}
		key := "outbox.did." + e.Kind
		if !s.words.has(key) {
			key = "event.other"
		}
		v.Steps = append(v.Steps, step{Words: s.words.say(key, e.By), At: e.At})
	}
	return s.render(w, r, http.StatusOK, "outboxmail", view{Title: s.words.say("outbox.one"), Section: "mail", Live: true, Data: v})
}

// ownWords reads the words of a mail of ours out of the bytes that are sent.
// Its headers are not shown: they carry the reply token of its recipient.
func (s *site) ownWords(r *http.Request, v *outboxMailView) error {
	blob, err := s.store.OpenBlob(r.Context(), v.Digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	raw := blob.Bytes()
	if m, err := mail.ReadMessage(bytes.NewReader(raw)); err == nil {
		v.Subject = m.Header.Get("Subject")
		if plain, err := new(mime.WordDecoder).DecodeHeader(v.Subject); err == nil {
			v.Subject = plain
		}
	}
	v.Text = hideToken(s.opts.Mail.WholeText(raw))
	if len(v.Text) > ownShown {
		v.Text, v.Cut = strings.ToValidUTF8(v.Text[:ownShown], ""), true
	}
	return nil
}

// hideToken hides what would let a reader answer in the recipient's name.
func hideToken(text string) string { return token.ReplaceAllString(text, "…") }

// revokeAnswers makes the reply tokens of one person on one ticket void.
func (s *site) revokeAnswers(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	client, err := formInt(r, "client")
	if err != nil {
		return err
	}
	account, err := formInt(r, "account")
	if err != nil {
		return err
	}
	if _, err := s.store.RevokeAnswers(r.Context(), actorOf(r), number, client, account); err != nil {
		return err
	}
	s.flash(r, "flash.answers_revoked")
	return seeOther(w, r, ticketPath(number))
}

// revokeOwnAnswers makes all of one's own reply tokens void: for who lost a
// telephone, or forwarded a mail to somebody who should not have it.
func (s *site) revokeOwnAnswers(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.store.RevokeAccountAnswers(r.Context(), actorOf(r), accountOf(r.Context()).ID); err != nil {
		return err
	}
	s.flash(r, "flash.own_answers_revoked")
	return seeOther(w, r, "/account")
}

// revokeTheirAnswers does so for another account.
func (s *site) revokeTheirAnswers(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.store.RevokeAccountAnswers(r.Context(), actorOf(r), id); err != nil {
		return err
	}
	s.flash(r, "flash.their_answers_revoked")
	return seeOther(w, r, "/accounts/"+strconv.FormatInt(id, 10))
}
