package web

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// composed is what somebody wrote that could not be saved, to be shown again.
type composed struct {
	Do, Then, Text, Problem string
}

// backToComposer shows the ticket's page again with what was typed and why it
// was not saved. Errors that the person cannot mend go to the error page,
// which keeps the text too.
func (s *site) backToComposer(w http.ResponseWriter, r *http.Request, number int64, c composed, err error) error {
	kind := migrations.KindOf(err)
	if kind != migrations.Invalid && kind != migrations.Conflict {
		return err
	}
	c.Problem = migrations.SafeMessage(err)
	return s.ticketPage(w, r, kindStatus[kind], number, c)
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
	in := tracker.ReplyInput{Text: r.PostFormValue("text"), ThenStage: tracker.Stage(r.PostFormValue("then")), Seen: seen}
	var id int64
	if in.Files, err = s.uploads(r); err == nil {
		id, err = s.store.Reply(r.Context(), actorOf(r), number, in)
	}
	if err != nil {
		return s.backToComposer(w, r, number, composed{Do: "reply", Text: in.Text}, err)
	}
	s.flash(r, "flash.replied")
	return seeOther(w, r, fmt.Sprintf("%s#m%d", ticketPath(number), id))
}

// uploads stores the files of a form.
func (s *site) uploads(r *http.Request) ([]tracker.Upload, error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	var files []tracker.Upload
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
	text := r.PostFormValue("text")
	n, err := s.store.AddNote(r.Context(), actorOf(r), number, tracker.NoteKind(r.PostFormValue("kind")), text)
	if err != nil {
		return s.backToComposer(w, r, number, composed{Do: "note", Text: text}, err)
	}
	s.flash(r, "flash.noted")
	return seeOther(w, r, fmt.Sprintf("%s#n%d", ticketPath(number), n.ID))
}

// recordFix writes down what solved it, and moves the ticket where the button
// says: nowhere, to confirming (the client is asked), to completed.
func (s *site) recordFix(w http.ResponseWriter, r *http.Request) error {
	e, err := editOf(r)
	if err != nil {
		return err
	}
	fix, then := r.PostFormValue("fix"), tracker.Stage(r.PostFormValue("then"))
	switch then {
	case "":
		_, err = s.store.RecordFix(r.Context(), actorOf(r), e.number, fix, e.version)
	case tracker.Confirming, tracker.Completed:
		if fix == "" {
			err = migrations.Invalidf("%s", s.words.say("compose.fix_empty"))
			break
		}
		_, err = s.store.SetStage(r.Context(), actorOf(r), e.number, tracker.StageChange{Stage: then, Fix: fix}, e.version)
	default:
		err = errForm
	}
	if err != nil {
		return s.backToComposer(w, r, e.number, composed{Do: "fix", Then: string(then), Text: fix}, err)
	}
	s.flash(r, "flash.fixed."+string(then))
	return seeOther(w, r, ticketPath(e.number))
}
