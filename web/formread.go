package web

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// FormReader understands a mail as one that comes to the desk would be, with
// what is taught of forms. It keeps nothing and never fails.
type FormReader interface {
	ReadForm(raw []byte, taught tracker.FormReading) tracker.Inbound
}

// How large a mail may be that is read on the page, in bytes.
const (
	maxTyped = 2 << 20  // pasted or uploaded: it travels with the page
	maxTaken = 32 << 20 // taken from the mailbox
)

// formReadView is the page on which a mail is read as a form.
type formReadView struct {
	settingsFrame
	Query string
	Mails []tracker.InboxRow
	Mail  int64  // the inbox row that is read, 0 for a mail that was typed
	Raw   string // of a mail that was typed, base64
	Typed string // what could not be read
	Look  *formLook
	Saved bool
	Undo  url.Values // takes back what was saved; nil for nothing
	Limit int64
	Admin bool
}

// formLook is how a mail is read.
type formLook struct {
	From    tracker.Address
	Subject string
	Form    *tracker.Form
	Source  string // which kind of form mail it is, in words
	NoForm  string // why it is none, in words
	Speaker tracker.Speaker
	Sender  string // the address that could be taught, "" for none
	On      bool   // it is one, saved or about to be
	Who     string // what becomes of the requester: named, unknown, sender
	Rows    []formRow
	Means   []choice
	Changed bool // something differs from what is saved
	Ticket  int64
}

// formRow is one question of a form.
type formRow struct {
	tracker.Answer
	ID     string
	Chosen string // what it asks for
	Taught bool   // because somebody said so
}

func (s *site) formReading(w http.ResponseWriter, r *http.Request) error {
	v := formReadView{Query: strings.TrimSpace(r.URL.Query().Get("q"))}
	if text := r.URL.Query().Get("mail"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return migrations.NotFoundf("There is no such mail.")
		}
		v.Mail = id
		if err := s.lookAt(r, &v, tracker.Teaching{}); err != nil {
			return err
		}
	}
	return s.formReadPage(w, r, http.StatusOK, v)
}

func (s *site) formReadPage(w http.ResponseWriter, r *http.Request, status int, v formReadView) error {
	v.Limit, v.Admin = maxTyped, tracker.May(*accountOf(r.Context()), tracker.EditSettings)
	if v.Admin {
		v.Nav = s.settingsNav("forms")
	}
	if v.Look == nil {
		var err error
		if v.Mails, err = s.store.RecentMails(r.Context(), v.Query, 20); err != nil {
			return err
		}
	}
	return s.render(w, r, status, "formread", view{Title: s.words.say("fread.title"), Section: "settings", Data: v})
}

// refused is what is wrong with a mail that somebody gave, for the field.
type refused struct{ field, words string }

func (e *refused) Error() string { return e.words }

// readForm shows how a mail is read, with what is about to be taught; nothing
// is kept.
func (s *site) readForm(w http.ResponseWriter, r *http.Request) error {
	var v formReadView
	err := s.readTyped(r, &v)
	if err == nil {
		err = s.lookAt(r, &v, s.teachingOf(r, &v))
	}
	var no *refused
	if errors.As(err, &no) {
		v.Look, v.Problems = nil, problems{no.field: no.words}
		return s.formReadPage(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	return s.formReadPage(w, r, http.StatusOK, v)
}

// readTyped takes the mail out of a form: the number of one that was taken, a
// file, or its source.
func (s *site) readTyped(r *http.Request, v *formReadView) error {
	if text := r.PostFormValue("mail"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errForm
		}
		v.Mail = id
		return nil
	}
	if v.Raw = r.PostFormValue("raw"); v.Raw != "" {
		if len(v.Raw) > base64.StdEncoding.EncodedLen(maxTyped) {
			return errForm
		}
		return nil
	}
	raw := []byte(strings.TrimLeft(r.PostFormValue("source"), "\r\n \t\ufeff"))
	field := "source"
	if r.MultipartForm != nil && len(r.MultipartForm.File["file"]) > 0 && r.MultipartForm.File["file"][0].Filename != "" {
		field = "file"
		head := r.MultipartForm.File["file"][0]
		f, err := head.Open()
		if err != nil {
			return fmt.Errorf("open the upload: %w", err)
		}
		defer f.Close()
		if raw, err = io.ReadAll(io.LimitReader(f, maxTyped+1)); err != nil {
			return fmt.Errorf("read the upload: %w", err)
		}
	} else if len(raw) <= 64<<10 {
		v.Typed = string(raw)
	}
	switch {
	case len(raw) > maxTyped:
		return &refused{field, s.words.say("fread.too_large", maxTyped>>20)}
	case len(bytes.TrimSpace(raw)) == 0:
		return &refused{field, s.words.say("fread.nothing")}
	case bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")):
		return &refused{field, s.words.say("fread.msg")}
	}
	v.Raw = base64.StdEncoding.EncodeToString(raw)
	if in := s.opts.Forms; in != nil {
		if m := in.ReadForm(raw, tracker.FormReading{}); len(m.From) == 0 && m.Subject == "" {
			return &refused{field, s.words.say("fread.no_mail")}
		}
	}
	return nil
}

// bytesOf returns the mail that is looked at.
func (s *site) bytesOf(r *http.Request, v *formReadView) (raw []byte, done func(), err error) {
	if v.Mail == 0 {
		raw, err = base64.StdEncoding.DecodeString(v.Raw)
		if err != nil {
			return nil, nil, errForm
		}
		return raw, func() {}, nil
	}
	m, err := s.store.InboxMail(r.Context(), v.Mail)
	if err != nil {
		return nil, nil, err
	}
	if m.Size > maxTaken {
		return nil, nil, &refused{"source", s.words.say("fread.too_large", maxTaken>>20)}
	}
	blob, err := s.store.OpenBlob(r.Context(), m.Digest)
	if err != nil {
		return nil, nil, err
	}
	v.Look.Ticket = m.TicketNumber
	return blob.Bytes(), func() { blob.Close() }, nil
}

// lookAt reads the mail as it would be with something more taught.
func (s *site) lookAt(r *http.Request, v *formReadView, t tracker.Teaching) error {
	if s.opts.Forms == nil {
		return migrations.NotFoundf("This desk reads no mail.")
	}
	saved, err := s.store.FormReading(r.Context())
	if err != nil {
		return err
	}
	v.Look = &formLook{}
	raw, done, err := s.bytesOf(r, v)
	if err != nil {
		return err
	}
	defer done()
	taught := saved.With(t)
	in := s.opts.Forms.ReadForm(raw, taught)
	v.fill(s, &in, saved, taught)
	if in.Form == nil {
		return nil
	}
	// What the questions ask for where nobody taught anything.
	plain := s.opts.Forms.ReadForm(raw, tracker.FormReading{Senders: taught.Senders})
	for i, a := range in.Form.Answers {
		row := formRow{Answer: a, ID: "means-" + strconv.Itoa(i), Chosen: string(a.Meaning)}
		if row.Chosen == "" {
			row.Chosen = string(tracker.MeansNothing)
		}
		row.Taught = row.Meaning != meaningIn(plain.Form, a.Question)
		v.Look.Rows = append(v.Look.Rows, row)
	}
	return nil
}

// fill says of a mail what the page shows besides its questions.
func (v *formReadView) fill(s *site, in *tracker.Inbound, saved, taught tracker.FormReading) {
	l := v.Look
	l.Subject, l.Form = in.Subject, in.Form
	if len(in.From) > 0 {
		l.From = in.From[0]
	}
	l.Speaker = s.store.SpeakerOf(l.From.Address, taught)
	l.On = l.Speaker == tracker.SpeaksTaught
	if l.Speaker == tracker.SpeaksNot || l.On {
		l.Sender = l.From.Address
	}
	l.Changed = l.On != (s.store.SpeakerOf(l.From.Address, saved) == tracker.SpeaksTaught) || !sameLabels(saved.Labels, taught.Labels)
	if in.Form == nil {
		l.NoForm = s.words.say("fread.no." + string(in.NoForm))
		return
	}
	l.Source = s.words.say("fread.source." + in.Form.Source)
	switch {
	case in.Form.Source == "ms_forms_native":
		l.Sender, l.Who = "", "unknown"
	case l.Speaker == tracker.SpeaksNot:
		l.Who = "sender"
	case in.Form.Requester.Address == "" || s.store.SpeakerOf(in.Form.Requester.Address, tracker.FormReading{}) == tracker.SpeaksOwn:
		l.Who = "unknown"
	default:
		l.Who = "named"
	}
	for _, m := range tracker.Meanings() {
		l.Means = append(l.Means, choice{Value: string(m), Word: s.words.say("means." + string(m))})
	}
}

func sameLabels(a, b map[string]tracker.Meaning) bool {
	if len(a) != len(b) {
		return false
	}
	means := map[string]tracker.Meaning{}
	for k, m := range a {
		means[tracker.NormalLabel(k)] = m
	}
	for k, m := range b {
		if means[tracker.NormalLabel(k)] != m {
			return false
		}
	}
	return true
}

// meaningIn returns what a form's question was found to ask for.
func meaningIn(f *tracker.Form, question string) tracker.Meaning {
	if f != nil {
		for _, a := range f.Answers {
			if a.Question == question {
				return a.Meaning
			}
		}
	}
	return ""
}

// teachingOf returns what the page's fields would teach: only what differs
// from what is known without being taught.
func (s *site) teachingOf(r *http.Request, v *formReadView) tracker.Teaching {
	var t tracker.Teaching
	if sender := r.PostFormValue("of"); sender != "" {
		if r.PostFormValue("sender") == "1" {
			t.Sender = sender
		} else {
			t.Forget = sender
		}
	}
	questions, means := r.PostForm["question"], r.PostForm["means"]
	if len(questions) == 0 || len(questions) != len(means) || s.opts.Forms == nil {
		return t
	}
	known := tracker.FormReading{Senders: []string{strings.ToLower(r.PostFormValue("of"))}}
	v.Look = &formLook{}
	raw, done, err := s.bytesOf(r, v)
	if err != nil {
		return t // lookAt says so
	}
	defer done()
	plain := s.opts.Forms.ReadForm(raw, known)
	for i, q := range questions {
		l := tracker.FormLabel{Label: q, Means: tracker.Meaning(means[i])}
		if !slices.Contains(tracker.Meanings(), l.Means) || strings.TrimSpace(q) == "" || len(t.Labels) >= 300 {
			continue
		}
		if was := meaningIn(plain.Form, q); l.Means == was || was == "" && l.Means == tracker.MeansNothing {
			l.Means = "" // nothing to teach: it is known so
		}
		t.Labels = append(t.Labels, l)
	}
	return t
}

// teachForm saves what was taught, or takes it back.
func (s *site) teachForm(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("undo") == "1" {
		return s.undoTeaching(w, r)
	}
	var v formReadView
	if err := s.readTyped(r, &v); err != nil {
		return errForm
	}
	back, err := s.store.TeachForms(r.Context(), actorOf(r), s.teachingOf(r, &v))
	if migrations.KindOf(err) == migrations.Invalid {
		if lerr := s.lookAt(r, &v, s.teachingOf(r, &v)); lerr != nil {
			return lerr
		}
		v.Problems = problems{"": migrations.SafeMessage(err)}
		return s.formReadPage(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	if v.Mail != 0 {
		s.flashUndo(r, "/settings/forms/teach", teachingFields(back), "fread.saved")
		return seeOther(w, r, "/settings/forms/read?mail="+strconv.FormatInt(v.Mail, 10))
	}
	// A mail that was typed is nowhere but on this page.
	v.Saved, v.Undo = true, teachingFields(back)
	if err := s.lookAt(r, &v, tracker.Teaching{}); err != nil {
		return err
	}
	return s.formReadPage(w, r, http.StatusOK, v)
}

// teachingFields are the fields that teach something as it was before.
func teachingFields(t tracker.Teaching) url.Values {
	f := url.Values{"undo": {"1"}, "sender": {t.Sender}, "forget": {t.Forget}}
	for _, l := range t.Labels {
		f["label"], f["as"] = append(f["label"], l.Label), append(f["as"], string(l.Means))
	}
	return f
}

func (s *site) undoTeaching(w http.ResponseWriter, r *http.Request) error {
	t := tracker.Teaching{Sender: r.PostFormValue("sender"), Forget: r.PostFormValue("forget")}
	labels, as := r.PostForm["label"], r.PostForm["as"]
	if len(labels) != len(as) {
		return errForm
	}
	for i := range labels {
		t.Labels = append(t.Labels, tracker.FormLabel{Label: labels[i], Means: tracker.Meaning(as[i])})
	}
	if _, err := s.store.TeachForms(r.Context(), actorOf(r), t); err != nil {
		return err
	}
	s.flash(r, "fread.undone")
	if tracker.May(*accountOf(r.Context()), tracker.EditSettings) {
		return seeOther(w, r, "/settings/forms")
	}
	return seeOther(w, r, "/settings/forms/read")
}
