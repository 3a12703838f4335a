package web

import (
	"io"
	"log/slog"
	"net/http"

	"github.com/go-chi/chi/v5"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// lookView is the page of the company's name and logo.
type lookView struct {
	settingsFrame
	Uploaded string // uid of the logo, "" for none
	MaxKB    int
}

func (s *site) lookSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := s.settingsFrame(r, "look", tracker.SetCompany)
	if err != nil {
		return err
	}
	return s.lookPage(w, r, http.StatusOK, f)
}

func (s *site) lookPage(w http.ResponseWriter, r *http.Request, status int, f settingsFrame) error {
	logo, err := s.store.Setting(r.Context(), tracker.SetLogo)
	if err != nil {
		return err
	}
	return s.renderSettings(w, r, status, "look", lookView{f, logo, tracker.MaxLogo >> 10})
}

func (s *site) saveLook(w http.ResponseWriter, r *http.Request) error {
	return s.saveSettings(w, r, "look", "/settings/look", typedSettings(r, tracker.SetCompany), func(status int, f settingsFrame) error {
		return s.lookPage(w, r, status, f)
	})
}

func (s *site) uploadLogo(w http.ResponseWriter, r *http.Request) error {
	file, header, err := r.FormFile("logo")
	if err == nil {
		defer file.Close()
		_, err = s.store.SetLogoFile(r.Context(), actorOf(r), header.Filename, file)
	} else {
		err = migrations.InvalidAt("logo", "%s", s.words.say("look.choose"))
	}
	if migrations.KindOf(err) == migrations.Invalid {
		f, ferr := s.settingsFrame(r, "look", tracker.SetCompany)
		if ferr != nil {
			return ferr
		}
		f.Problems = problems{migrations.FieldOf(err): migrations.SafeMessage(err)}
		return s.lookPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/settings/look")
}

func (s *site) removeLogo(w http.ResponseWriter, r *http.Request) error {
	if err := s.store.RemoveLogo(r.Context(), actorOf(r)); err != nil {
		return err
	}
	s.flash(r, "look.removed")
	return seeOther(w, r, "/settings/look")
}

// logo serves the company's logo, to everybody: it stands on the sign-in
// page. Nothing else that was uploaded has an address here.
func (s *site) logo(w http.ResponseWriter, r *http.Request) error {
	f, err := s.store.FileByUID(r.Context(), chi.URLParam(r, "uid"))
	if err != nil {
		return err
	}
	if f.OwnerKind != tracker.LookThing.Kind || !pictures[f.ContentType] {
		return errNowhere
	}
	blob, err := s.store.OpenBlob(r.Context(), f.Digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", "public, max-age=31536000, immutable") // another logo has another address
	h.Set("Content-Type", f.ContentType)
	h.Set("Content-Disposition", disposition("inline", f.Name))
	if _, err := io.Copy(w, io.NewSectionReader(blob, 0, blob.Size())); err != nil {
		s.log.WarnContext(r.Context(), "sending the logo ended early", slog.Any("error", err))
	}
	return nil
}
