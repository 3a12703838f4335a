package web

import (
	"net/http"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// formsView is the page about the company's request form.
type formsView struct {
	settingsFrame
	Senders, Configured []string
	Labels              []tracker.FormLabel
	Means               []choice
	Sender              string            // what was typed
	Label               tracker.FormLabel // what was typed
}

func (s *site) formSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := s.settingsFrame(r, "forms", tracker.SetFormLink)
	if err != nil {
		return err
	}
	return s.formsPage(w, r, http.StatusOK, formsView{settingsFrame: f})
}

func (s *site) formsPage(w http.ResponseWriter, r *http.Request, status int, v formsView) error {
	var err error
	if v.Senders, v.Configured, err = s.store.FormSenders(r.Context()); err != nil {
		return err
	}
	if v.Labels, err = s.store.FormLabels(r.Context()); err != nil {
		return err
	}
	for _, m := range tracker.Meanings() {
		v.Means = append(v.Means, choice{Value: string(m), Word: s.words.say("means." + string(m))})
	}
	return s.renderSettings(w, r, status, "forms", v)
}

func (s *site) saveFormLink(w http.ResponseWriter, r *http.Request) error {
	return s.saveSettings(w, r, "forms", "/settings/forms", typedSettings(r, tracker.SetFormLink), func(status int, f settingsFrame) error {
		return s.formsPage(w, r, status, formsView{settingsFrame: f})
	})
}

// formsEdit answers what was done to one of the page's lists.
func (s *site) formsEdit(w http.ResponseWriter, r *http.Request, err error, typed formsView) error {
	if migrations.KindOf(err) == migrations.Invalid {
		f, ferr := s.settingsFrame(r, "forms", tracker.SetFormLink)
		if ferr != nil {
			return ferr
		}
		f.Problems = problems{migrations.FieldOf(err): migrations.SafeMessage(err)}
		typed.settingsFrame = f
		return s.formsPage(w, r, http.StatusUnprocessableEntity, typed)
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/settings/forms")
}

// unteach takes one thing off the lists, and offers to put it back.
func (s *site) unteach(w http.ResponseWriter, r *http.Request, t tracker.Teaching, said, name, gone string) error {
	back, err := s.store.TeachForms(r.Context(), actorOf(r), t)
	if err != nil {
		return err
	}
	if back.Sender == "" && len(back.Labels) == 0 {
		return migrations.NotFoundf("%s", gone)
	}
	s.flashUndo(r, "/settings/forms/teach", teachingFields(back), said, name)
	return seeOther(w, r, "/settings/forms")
}

func (s *site) addFormSender(w http.ResponseWriter, r *http.Request) error {
	sender := strings.TrimSpace(r.PostFormValue("sender"))
	return s.formsEdit(w, r, s.store.AddFormSender(r.Context(), actorOf(r), sender), formsView{Sender: sender})
}

func (s *site) removeFormSender(w http.ResponseWriter, r *http.Request) error {
	return s.unteach(w, r, tracker.Teaching{Forget: strings.ToLower(r.PostFormValue("sender"))}, "fset.sender_gone", r.PostFormValue("sender"), "This sender is not in the list any more.")
}

func (s *site) addFormLabel(w http.ResponseWriter, r *http.Request) error {
	l := tracker.FormLabel{Label: strings.TrimSpace(r.PostFormValue("label")), Means: tracker.Meaning(r.PostFormValue("means"))}
	return s.formsEdit(w, r, s.store.AddFormLabel(r.Context(), actorOf(r), l), formsView{Label: l})
}

func (s *site) removeFormLabel(w http.ResponseWriter, r *http.Request) error {
	label := r.PostFormValue("label")
	return s.unteach(w, r, tracker.Teaching{Labels: []tracker.FormLabel{{Label: label}}}, "fset.label_gone", label, "This question is not in the list any more.")
}
