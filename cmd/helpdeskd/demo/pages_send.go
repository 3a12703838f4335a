package demo

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"strings"
)

func (p *Pages) write(w http.ResponseWriter, r *http.Request) error {
	x, err := p.me(r)
	if err != nil {
		return err
	}
	return p.show(w, r, "write", view{Title: "Write to the helpdesk", Me: x, Data: map[string]any{"Subject": "", "Text": "", "Problem": ""}})
}

// send hands in a new mail to the helpdesk.
func (p *Pages) send(w http.ResponseWriter, r *http.Request) error {
	x, err := p.me(r)
	if err != nil {
		return err
	}
	subject, text, files, err := readForm(w, r)
	if err != nil {
		return err
	}
	if subject == "" && text == "" {
		w.WriteHeader(http.StatusUnprocessableEntity)
		return p.show(w, r, "write", view{Title: "Write to the helpdesk", Me: x, Data: map[string]any{"Subject": subject, "Text": text, "Problem": "Please write something first."}})
	}
	d := Draft{From: x.mailbox(), To: []mail.Address{helpdeskMailbox()}, Subject: subject, Text: text + "\n\n" + x.SignOff + "\n", Files: files, Date: p.hub.clock()}
	if err := p.hub.Submit(r.Context(), x.Address(), []string{Helpdesk}, d.Bytes()); err != nil {
		return err
	}
	http.Redirect(w, r, "/demo/as/"+x.Key+"?sent=mail", http.StatusSeeOther)
	return nil
}

// answer hands in the answer to a letter.
func (p *Pages) answer(w http.ResponseWriter, r *http.Request) error {
	x, l, err := p.find(r)
	if err != nil {
		return err
	}
	_, text, files, err := readForm(w, r)
	if err != nil {
		return err
	}
	back := fmt.Sprintf("/demo/as/%s/letters/%d", x.Key, l.ID)
	if text == "" && len(files) == 0 {
		http.Redirect(w, r, back, http.StatusSeeOther)
		return nil
	}
	d := Reply(x, l, text, files, p.hub.clock())
	var to []string
	for _, a := range d.To {
		to = append(to, a.Address)
	}
	if len(to) == 0 {
		return errors.New("this letter has no sender to answer to")
	}
	if err := p.hub.Submit(r.Context(), x.Address(), to, d.Bytes()); err != nil {
		return err
	}
	sent := "answer"
	if x.Role != "" {
		sent = "tech"
	}
	http.Redirect(w, r, "/demo/as/"+x.Key+"?sent="+sent, http.StatusSeeOther)
	return nil
}

func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	x, err := p.me(r)
	if err != nil {
		return err
	}
	return p.show(w, r, "form", view{Title: "IT request form", Me: x, Data: map[string]any{"Since": p.hub.clock().Format("1/2/2006")}})
}

// submitForm hands in what the form's flow would send.
func (p *Pages) submitForm(w http.ResponseWriter, r *http.Request) error {
	x, err := p.me(r)
	if err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("read the form: %w", err)
	}
	value := func(name string) string { return tidy(r.PostForm.Get(name)) }
	f := FormAnswers{Who: x, Happened: value("happened"), Repeat: value("repeat"), Since: value("since"), Effect: value("effect"), Computer: value("computer"), Place: value("place")}
	now := p.hub.clock()
	if err := p.hub.Submit(r.Context(), FormSender, []string{Helpdesk}, f.Mail(now, now).Bytes()); err != nil {
		return err
	}
	http.Redirect(w, r, "/demo/as/"+x.Key+"?sent=form", http.StatusSeeOther)
	return nil
}

// readForm reads subject, text and files of a posted form.
func readForm(w http.ResponseWriter, r *http.Request) (subject, text string, files []File, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, uploadLimit)
	if err := r.ParseMultipartForm(uploadLimit); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return "", "", nil, fmt.Errorf("read the form (files may have %d MB together): %w", uploadLimit>>20, err)
	}
	if r.MultipartForm != nil {
		for _, head := range r.MultipartForm.File["file"] {
			f, err := head.Open()
			if err != nil {
				return "", "", nil, fmt.Errorf("read %s: %w", head.Filename, err)
			}
			b, err := io.ReadAll(f)
			f.Close()
			if err != nil {
				return "", "", nil, fmt.Errorf("read %s: %w", head.Filename, err)
			}
			files = append(files, File{Name: head.Filename, Type: head.Header.Get("Content-Type"), Data: b})
		}
	}
	return oneLine(tidy(r.PostFormValue("subject"))), tidy(r.PostFormValue("text")), files, nil
}

func tidy(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

func dataURL(contentType string, b []byte) string {
	return "data:" + contentType + ";base64," + base64.StdEncoding.EncodeToString(b)
}

func disposition(name string) string {
	if v := mime.FormatMediaType("attachment", map[string]string{"filename": orElse(name, "file")}); v != "" {
		return v
	}
	return "attachment"
}
