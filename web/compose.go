package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// composed is what somebody wrote that could not be saved, to be shown again.
type composed struct {
	Do, Then, Text, Problem string
	NoteKind                string
	Sentence                string            // for managers, beside the fix
	Around                  bool              // the fix is a work-around
	Same                    bool              // the open children get the fix, too
	Meanwhile               []tracker.Message // what others wrote before it could be sent
	Kept                    []tracker.Upload  // files that were sent along and need not be chosen again
	Without                 []int64           // participants who do not get it
	Used                    []int64           // replies that it was made of
	Back                    bool              // it was taken back, or a reply was put into it: nothing is wrong with it
	Once                    string            // random key of the form, for what is written at most once
}

// fromScript reports whether the composer's script sent the form: it stays on
// the page, and holds text and files itself.
func fromScript(r *http.Request) bool { return r.Header.Get("X-From") == "composer" }

// backToComposer shows the ticket's page again with what was typed and why it
// was not saved. Errors that the person cannot mend go to the error page,
// which keeps the text too.
func (s *site) backToComposer(w http.ResponseWriter, r *http.Request, number int64, c composed, err error) error {
	kind := migrations.KindOf(err)
	if kind != migrations.Invalid && kind != migrations.Conflict {
		return err
	}
	c.Problem = migrations.SafeMessage(err)
	c.Once, _ = tracker.NewToken()
	if fromScript(r) {
		c.Kept = nil
	}
	s.keep(r, c.Once, c.Kept)
	return s.ticketPage(w, r, kindStatus[kind], number, c)
}

// sent ends a form of the composer: the browser is sent to what was written.
func (s *site) sent(w http.ResponseWriter, r *http.Request, to string) error {
	s.keep(r, r.PostFormValue("once"), nil)
	if fromScript(r) {
		w.Header().Set("X-Written", to)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return seeOther(w, r, to)
}

// keep holds a form's files in the session, so that they go with it when it
// is sent again; nil lets go of them. Their content is swept after a day.
func (s *site) keep(r *http.Request, once string, files []tracker.Upload) {
	if once == "" || len(once) > 64 {
		return
	}
	if len(files) == 0 {
		s.sessions.Remove(r.Context(), "kept:"+once)
		return
	}
	if b, err := json.Marshal(files); err == nil {
		s.sessions.Put(r.Context(), "kept:"+once, b)
	}
}

func (s *site) kept(r *http.Request) (files []tracker.Upload) {
	if b := s.sessions.GetBytes(r.Context(), "kept:"+r.PostFormValue("once")); b != nil {
		_ = json.Unmarshal(b, &files) // we wrote it
	}
	return files
}

func (s *site) reply(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	seen, err := formInt(r, "seen")
	if err != nil {
		return err
	}
	in := tracker.ReplyInput{Text: r.PostFormValue("text"), ThenStage: tracker.Stage(r.PostFormValue("then")), Seen: seen, Once: r.PostFormValue("once"),
		Without: unticked(r), Canned: usedReplies(r)}
	in.Children = r.PostFormValue("children") == "1"
	in.TakeBack = !in.Children     // what went to many tickets can not be taken back from one
	if in.ThenStage == "waiting" { // not a stage: the answer asks something
		in.ThenStage, in.Wait = "", true
	}
	var id int64
	if in.Files, err = s.uploads(r); err == nil {
		err = s.needSentence(r.Context(), number, in.ThenStage, "")
	}
	if err == nil {
		id, err = s.store.Reply(r.Context(), actorOf(r), number, in)
	}
	if err != nil {
		c := composed{Do: "reply", Then: r.PostFormValue("then"), Text: in.Text, Kept: in.Files, Without: in.Without, Used: in.Canned}
		if seen != 0 && migrations.KindOf(err) == migrations.Conflict {
			t, terr := s.store.TicketByNumber(r.Context(), number)
			if terr != nil {
				return terr
			}
			if c.Meanwhile, terr = s.store.MessagesAfter(r.Context(), t.ID, seen); terr != nil {
				return terr
			}
		}
		return s.backToComposer(w, r, number, c, err)
	}
	s.flash(r, "flash.replied")
	return s.sent(w, r, fmt.Sprintf("%s#m%d", ticketPath(number), id))
}

// uploads stores the files of a form, and returns them with those that were
// kept of it before.
func (s *site) uploads(r *http.Request) ([]tracker.Upload, error) {
	files := s.kept(r)
	if r.PostFormValue("kept") == "leave" {
		files = nil
	}
	if r.MultipartForm == nil {
		return files, nil
	}
	for _, h := range r.MultipartForm.File["files"] {
		if h.Filename == "" && h.Size == 0 {
			continue
		}
		f, err := s.upload(r, h)
		if err != nil {
			return nil, fmt.Errorf("store upload: %w", err)
		}
		files = append(files, f)
	}
	return files, nil
}

func (s *site) upload(r *http.Request, h *multipart.FileHeader) (tracker.Upload, error) {
	f, err := h.Open()
	if err != nil {
		return tracker.Upload{}, err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return tracker.Upload{}, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return tracker.Upload{}, err
	}
	u := tracker.Upload{Name: h.Filename, ContentType: http.DetectContentType(head[:n])}
	u.Digest, u.Size, err = s.store.PutBlob(r.Context(), f)
	return u, err
}

func (s *site) addNote(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	in := tracker.NoteInput{Kind: tracker.NoteKind(r.PostFormValue("kind")), Body: r.PostFormValue("text"), Once: r.PostFormValue("once")}
	var n tracker.Note
	if in.Files, err = s.uploads(r); err == nil {
		n, err = s.store.WriteNote(r.Context(), actorOf(r), number, in)
	}
	if err != nil {
		return s.backToComposer(w, r, number, composed{Do: "note", Text: in.Body, NoteKind: string(in.Kind), Kept: in.Files}, err)
	}
	s.flash(r, "flash.noted")
	return s.sent(w, r, fmt.Sprintf("%s#n%d", ticketPath(number), n.ID))
}

// recordFix writes down what solved it, and moves the ticket where the button
// says: nowhere, to confirming (the client is asked), to completed. It is
// stale where the fix or the stage is not what the person saw. With "children"
// its open children go the same way.
func (s *site) recordFix(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	fix, then := oneBreak(r.PostFormValue("fix")), tracker.Stage(r.PostFormValue("then"))
	was, saw := oneBreak(r.PostFormValue("was")), r.PostForm["was"] != nil
	c := tracker.StageChange{Stage: then, Fix: fix, Summary: r.PostFormValue("summary"), Workaround: r.PostFormValue("workaround") != ""}
	children := r.PostFormValue("children") == "1"
	c.TakeBack = !children // what went to many tickets can not be taken back from one
	back := composed{Do: "fix", Then: string(then), Text: fix, Sentence: c.Summary, Around: c.Workaround, Same: children}
	switch {
	case then != "" && then != tracker.Confirming && then != tracker.Completed:
		err = errForm
	case fix == "":
		err = migrations.Invalidf("%s", s.words.say("compose.fix_empty"))
	case children && then == "":
		err = migrations.Invalidf("%s", s.words.say("family.fix_only"))
	default:
		if err = s.needSentence(r.Context(), e.number, then, c.Summary); err != nil {
			break
		}
		c.Files, err = s.uploads(r)
		back.Kept = c.Files
	}
	for try := 0; err == nil; try++ {
		_, err = s.store.SetStage(r.Context(), actorOf(r), e.number, c, e.version)
		if err == nil {
			break
		}
		if migrations.KindOf(err) != migrations.Conflict {
			break
		}
		t, terr := s.store.TicketByNumber(r.Context(), e.number)
		if terr != nil {
			return terr
		}
		if t.Archived() || t.Version == e.version {
			break
		}
		if t.Fix == fix && (then == "" || t.Stage == then) { // sent again, since the answer was lost
			err = nil
			break
		}
		if saw && was == t.Fix && r.PostFormValue("was_stage") == string(t.Stage) && try < 5 {
			e.version, err = t.Version, nil // something else was changed
			continue
		}
		return s.staleFix(w, r, &t, c, children)
	}
	if err != nil {
		return s.backToComposer(w, r, e.number, back, err)
	}
	if children {
		return s.fixChildren(w, r, e.number, then)
	}
	s.flash(r, "flash.fixed."+string(then))
	return s.sent(w, r, ticketPath(e.number))
}

// staleFix shows both fixes, and both stages.
func (s *site) staleFix(w http.ResponseWriter, r *http.Request, t *tracker.Ticket, c tracker.StageChange, children bool) error {
	once, _ := tracker.NewToken()
	s.keep(r, once, c.Files)
	kind := "fix"
	if c.Fix == t.Fix || t.Fix == "" {
		kind = "stage"
	}
	v := staleView{Action: r.URL.Path, Version: t.Version, Back: ticketPath(t.Number), What: t.Name(), By: s.lastBy(r.Context(), t.ID, kind),
		Hidden: []hiddenField{{"once", once}, {"summary", c.Summary}}, Fields: []staleField{{Name: "fix", Label: s.words.say("compose.fix"), Now: t.Fix, Yours: c.Fix}}}
	if c.Workaround {
		v.Hidden = append(v.Hidden, hiddenField{"workaround", "1"})
	}
	if children {
		v.Hidden = append(v.Hidden, hiddenField{"children", "1"})
	}
	for _, f := range c.Files {
		v.Files = append(v.Files, f.Name)
	}
	if c.Stage != "" {
		v.Fields = append(v.Fields, staleChoice("then", s.words.say("col.stage"), string(t.Stage), string(c.Stage), func(v string) string { return s.words.say("stage." + v) }))
	}
	return s.stale(w, r, v)
}

// oneBreak has a form's line breaks as the store has them.
func oneBreak(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}
