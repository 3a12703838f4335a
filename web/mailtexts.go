package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// MailTexts knows the mails' own wordings, and shows a wording on a sample.
type MailTexts interface {
	// DefaultText returns a text as it is where staff have not worded it anew.
	DefaultText(key string) string
	// PreviewText returns the subject and the text of a sample mail.
	PreviewText(ctx context.Context, key, wording string) (subject, text string, err error)
}

// mailTextRow is one text in the list.
type mailTextRow struct {
	Word, About, To, Text string
	Own                   bool // staff worded it anew
}

// mailTextsView is the list of the mails' texts.
type mailTextsView struct {
	settingsFrame
	Rows []mailTextRow
}

func (s *site) mailTexts(w http.ResponseWriter, r *http.Request) error {
	v := mailTextsView{settingsFrame: settingsFrame{Nav: s.settingsNav("mail")}}
	for _, t := range tracker.MailTexts() {
		own, err := s.store.Setting(r.Context(), t.Setting)
		if err != nil {
			return err
		}
		row := mailTextRow{Word: s.words.say("mailtext." + t.Key), About: s.words.say("mailtext.about." + t.Key), To: "/settings/mail/" + t.Key, Text: own, Own: own != ""}
		if !row.Own {
			row.Text = s.defaultText(t.Key)
		}
		v.Rows = append(v.Rows, row)
	}
	return s.renderSettings(w, r, http.StatusOK, "mail", v)
}

func (s *site) defaultText(key string) string {
	if s.opts.Texts == nil {
		return ""
	}
	return s.opts.Texts.DefaultText(key)
}

// mailPreview is a sample mail.
type mailPreview struct{ Subject, Text, Problem string }

// mailTextView is the page of one text.
type mailTextView struct {
	settingsFrame
	Key, Setting string
	Marks        []string
	Default      string
	Typed        string
	Own          bool
	Preview      mailPreview
}

func (s *site) mailTextOf(r *http.Request) (tracker.MailText, error) {
	t, ok := tracker.MailTextByKey(chi.URLParam(r, "key"))
	if !ok {
		return t, migrations.NotFoundf("There is no such text.")
	}
	return t, nil
}

func (s *site) mailText(w http.ResponseWriter, r *http.Request) error {
	t, err := s.mailTextOf(r)
	if err != nil {
		return err
	}
	f, err := s.settingsFrame(r, "mail", t.Setting)
	if err != nil {
		return err
	}
	return s.mailTextPage(w, r, http.StatusOK, t, f)
}

func (s *site) mailTextPage(w http.ResponseWriter, r *http.Request, status int, t tracker.MailText, f settingsFrame) error {
	v := mailTextView{settingsFrame: f, Key: t.Key, Setting: t.Setting, Marks: t.Marks, Default: s.defaultText(t.Key), Typed: f.Values[t.Setting], Own: f.Values[t.Setting] != ""}
	if !v.Own {
		v.Typed = v.Default
	}
	v.Preview = s.preview(r, t.Key, v.Typed)
	return s.render(w, r, status, "settings-mailtext", view{Title: s.words.say("mailtext." + t.Key), Section: "settings", Data: v})
}

func (s *site) preview(r *http.Request, key, wording string) mailPreview {
	if s.opts.Texts == nil {
		return mailPreview{}
	}
	subject, text, err := s.opts.Texts.PreviewText(r.Context(), key, wording)
	if err != nil {
		return mailPreview{Problem: migrations.SafeMessage(err)}
	}
	return mailPreview{Subject: subject, Text: text}
}

// saveMailText keeps a wording. One that is the default's is not kept, so that
// it goes along when the default is bettered.
func (s *site) saveMailText(w http.ResponseWriter, r *http.Request) error {
	t, err := s.mailTextOf(r)
	if err != nil {
		return err
	}
	values := typedSettings(r, t.Setting)
	if r.PostFormValue("back") != "" || values[t.Setting] == strings.TrimSpace(s.defaultText(t.Key)) {
		values[t.Setting] = ""
	}
	return s.saveSettings(w, r, "mail", "/settings/mail/"+t.Key, values, func(status int, f settingsFrame) error {
		return s.mailTextPage(w, r, status, t, f)
	})
}

// previewMailText shows a wording that is being typed: by itself where the
// page's script asks, else within the page. It keeps nothing.
func (s *site) previewMailText(w http.ResponseWriter, r *http.Request) error {
	t, err := s.mailTextOf(r)
	if err != nil {
		return err
	}
	values := typedSettings(r, t.Setting)
	if r.Header.Get("HX-Request") != "" {
		return s.fragment(w, r, "settings-mailtext", "mail-preview", s.preview(r, t.Key, values[t.Setting]))
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	return s.mailTextPage(w, r, http.StatusOK, t, settingsFrame{Nav: s.settingsNav("mail"), Values: values, Version: version})
}
