package web

import (
	"fmt"
	"mime/multipart"
	"net/http"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// filesView are the photos and files of a thing, with the form that adds some.
type filesView struct {
	Action   string // where files are sent
	Pictures []thingFile
	Others   []thingFile
	Problem  string
	May      bool // add and remove
	MaxMB    int64
}

type thingFile struct {
	tracker.File
	Icon string
}

// filesOf reads the files of a thing, for its page, whose address is path.
func (s *site) filesOf(r *http.Request, owner tracker.Thing, path string, problem error) (filesView, error) {
	v := filesView{Action: path + "/files", Problem: migrations.SafeMessage(problem), May: tracker.May(*accountOf(r.Context()), tracker.WorkThings), MaxMB: tracker.MaxFile >> 20}
	files, err := s.store.Files(r.Context(), owner)
	if err != nil {
		return v, err
	}
	for _, f := range files {
		x := thingFile{File: f, Icon: "file"}
		switch {
		case f.Image():
			v.Pictures = append(v.Pictures, x)
			continue
		case f.ContentType == "application/pdf":
			x.Icon = "file-type-pdf"
		}
		v.Others = append(v.Others, x)
	}
	return v, nil
}

// addAssetFiles stores what somebody chose, dropped or photographed. What
// cannot be kept is named; the others are kept.
func (s *site) addAssetFiles(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	a, err := s.things.Asset(r.Context(), id)
	if err != nil {
		return err
	}
	n, err := s.addFiles(r, a.Thing())
	if migrations.KindOf(err) == migrations.Invalid {
		return s.assetPage(w, r, http.StatusUnprocessableEntity, id, "", err)
	}
	if err != nil {
		return err
	}
	s.flash(r, "files.added", n)
	return seeOther(w, r, assetPath(id)+"#files")
}

// addOrderFiles is addAssetFiles for a work order.
func (s *site) addOrderFiles(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	o, err := s.things.Order(r.Context(), number)
	if err != nil {
		return err
	}
	n, err := s.addFiles(r, o.Thing())
	if migrations.KindOf(err) == migrations.Invalid {
		return s.orderPage(w, r, http.StatusUnprocessableEntity, number, orderTyped{FileProblem: err})
	}
	if err != nil {
		return err
	}
	s.flash(r, "files.added", n)
	return seeOther(w, r, orderPath(number)+"#files")
}

// addFiles adds every file of a form to a thing, and returns how many.
func (s *site) addFiles(r *http.Request, owner tracker.Thing) (int, error) {
	n := 0
	var wrong error // of the first that can not be kept
	if r.MultipartForm != nil {
		for _, h := range r.MultipartForm.File["files"] {
			if h.Filename == "" && h.Size == 0 {
				continue
			}
			err := s.addFile(r, owner, h)
			switch {
			case err == nil:
				n++
			case migrations.KindOf(err) != migrations.Invalid:
				return n, err
			case wrong == nil:
				wrong = err
			}
		}
	}
	if n == 0 && wrong == nil {
		return 0, migrations.InvalidAt("files", "%s", s.words.say("files.none_chosen"))
	}
	return n, wrong
}

func (s *site) addFile(r *http.Request, owner tracker.Thing, h *multipart.FileHeader) error {
	f, err := h.Open()
	if err != nil {
		return fmt.Errorf("open an upload: %w", err)
	}
	defer f.Close()
	_, err = s.store.AddFile(r.Context(), actorOf(r), owner, h.Filename, f)
	return err
}

// thingKinds are the owners whose files whoever works the inventory may remove.
var thingKinds = map[string]bool{tracker.KindAsset: true, tracker.KindWorkOrder: true, "model": true}

// removeFile takes a file away from its thing; the page asks before.
func (s *site) removeFile(w http.ResponseWriter, r *http.Request) error {
	f, err := s.fileFor(r)
	if err != nil {
		return err
	}
	if !thingKinds[f.OwnerKind] {
		return errNowhere
	}
	if err := s.store.RemoveFile(r.Context(), actorOf(r), f.UID); err != nil {
		return err
	}
	s.flash(r, "files.removed", f.Name)
	return seeOther(w, r, s.ownerPath(r, f))
}

// ownerPath is the page of the thing that a file is of.
func (s *site) ownerPath(r *http.Request, f tracker.File) string {
	switch f.OwnerKind {
	case tracker.KindAsset:
		return assetPath(f.OwnerID) + "#files"
	case tracker.KindWorkOrder:
		if list, err := s.things.OrdersByID(r.Context(), []int64{f.OwnerID}); err == nil && len(list) == 1 {
			return orderPath(list[0].Number) + "#files"
		}
	}
	return returnTo(r, "/assets")
}
