package web

import (
	"context"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"helpdeskd/migrations"
	"helpdeskd/tracker"
)

// ReplyPreview shows a mail as its recipient will see it, by the code that
// sends it.
type ReplyPreview interface {
	PreviewMail(ctx context.Context, it tracker.OutboxItem) (tracker.MailPreview, error)
}

// unticked returns the participants whom a form shows and who are not ticked.
func unticked(r *http.Request) (without []int64) {
	for _, id := range strings.Fields(r.PostFormValue("parts")) {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && !slices.Contains(r.PostForm["to"], id) {
			without = append(without, n)
		}
	}
	return without
}

// usedReplies returns the replies that a form's text was made of.
func usedReplies(r *http.Request) (ids []int64) {
	for _, id := range r.PostForm["canned"] {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			ids = append(ids, n)
		}
	}
	return ids
}

// previewHead stands above the mail in the frame.
var previewHead = template.Must(template.New("head").Parse(`<div style="font:13px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:#50555c;background:#f5f5f3;border-bottom:1px solid #e3e3de;padding:8px 14px;margin:0 0 8px;overflow-wrap:anywhere">
{{range .Rows}}<div><b style="font-weight:600;color:#1d2126">{{.Name}}</b> {{.Text}}</div>{{end}}{{range .Notes}}<div>{{.}}</div>{{end}}</div>`))

type previewRow struct{ Name, Text string }

// previewReply shows the answer that is being written as its recipient will
// see it. It keeps nothing.
func (s *site) previewReply(w http.ResponseWriter, r *http.Request) error {
	number, err := idParam(r, "number")
	if err != nil {
		return err
	}
	if s.opts.Replies == nil {
		return migrations.NotFoundf("There is no preview here.")
	}
	if !r.PostForm.Has("text") {
		return errForm
	}
	in := tracker.ReplyInput{Text: r.PostFormValue("text"), ThenStage: tracker.Stage(r.PostFormValue("then")), Without: unticked(r)}
	for _, name := range r.PostForm["file"] { // the page's script names them, and sends none
		in.Files = append(in.Files, tracker.Upload{Name: name})
	}
	if r.MultipartForm != nil {
		for _, h := range r.MultipartForm.File["files"] {
			if h.Filename != "" {
				in.Files = append(in.Files, tracker.Upload{Name: h.Filename, Size: h.Size})
			}
		}
	}
	for _, f := range s.kept(r) {
		if r.PostFormValue("kept") != "leave" {
			in.Files = append(in.Files, f)
		}
	}
	items, err := s.store.DraftReply(r.Context(), actorOf(r), number, in)
	if err != nil {
		return err
	}
	p, err := s.opts.Replies.PreviewMail(r.Context(), items[0])
	if err != nil {
		return err
	}
	var to, files []string
	for _, it := range items {
		to = append(to, strings.TrimSpace(it.ToName+" <"+it.ToAddress+">"))
	}
	for _, f := range items[0].Message.Attachments {
		files = append(files, f.Name)
	}
	say := s.words.say
	head := struct {
		Rows  []previewRow
		Notes []string
	}{Rows: []previewRow{{say("preview.from"), p.From}, {say("preview.to"), strings.Join(to, ", ")}, {say("preview.subject"), p.Subject}}}
	if len(files) > 0 {
		head.Rows = append(head.Rows, previewRow{say("preview.files"), strings.Join(files, ", ")})
	}
	if len(items) > 1 {
		head.Notes = append(head.Notes, say("preview.each", len(items)))
	}
	frameHeaders(w.Header())
	begin, rest := p.HTML, ""
	if at := strings.Index(p.HTML, "<body"); at >= 0 {
		if end := strings.IndexByte(p.HTML[at:], '>'); end >= 0 {
			begin, rest = p.HTML[:at+end+1], p.HTML[at+end+1:]
		}
	}
	if _, err := io.WriteString(w, begin); err != nil {
		return err
	}
	if err := previewHead.Execute(w, head); err != nil {
		return err
	}
	_, err = io.WriteString(w, rest)
	return err
}

// signatureForm is the form of one's own signature.
type signatureForm struct {
	Given      bool // it was typed, and is not what is kept
	Typed, Was string
	Version    int64
	Problem    string
	Sample     string // the end of a mail with it
}

// signatureSample writes a mail with a signature; "" where that can not be shown.
func (s *site) signatureSample(r *http.Request, typed string) string {
	if s.opts.Replies == nil {
		return ""
	}
	me := accountOf(r.Context())
	p, err := s.opts.Replies.PreviewMail(r.Context(), tracker.OutboxItem{Kind: tracker.MailReply, MailboxAddress: "helpdesk@company.example", ToAddress: "anna.kovac@company.example", ToName: "Anna Kovac",
		TicketID: 1, TicketNumber: 1024, TicketSubject: s.words.say("sign.sample_subject"), Stage: string(tracker.InProgress),
		Message: &tracker.OutMessage{Direction: "out", FromName: me.Name, Body: s.words.say("sign.sample_text"), AccountID: me.ID, Signature: typed}})
	if err != nil {
		return ""
	}
	return p.Text
}

// changeSignature keeps one's own signature. It is stale where another page
// has changed it meanwhile, and not where something else of the account has.
func (s *site) changeSignature(w http.ResponseWriter, r *http.Request) error {
	if !r.PostForm.Has("signature") || r.PostFormValue("version") == "" {
		return errForm
	}
	version, err := formInt(r, "version")
	if err != nil {
		return err
	}
	me, typed := accountOf(r.Context()), oneBreak(r.PostFormValue("signature"))
	for try := 0; ; try++ {
		_, err = s.store.UpdateAccount(r.Context(), actorOf(r), me.ID, tracker.AccountChange{Signature: &typed}, version)
		if migrations.KindOf(err) != migrations.Conflict {
			break
		}
		now, nerr := s.store.Account(r.Context(), me.ID)
		if nerr != nil {
			return nerr
		}
		if now.Signature == oneBreak(r.PostFormValue("was")) && try < 5 {
			version = now.Version
			continue
		}
		return s.stale(w, r, staleView{What: s.words.say("sign.title"), Action: r.URL.Path, Back: "/account", Version: now.Version,
			Hidden: []hiddenField{{"was", now.Signature}}, Fields: []staleField{{Name: "signature", Label: s.words.say("sign.label"), Now: now.Signature, Yours: typed}}})
	}
	if migrations.KindOf(err) == migrations.Invalid {
		return s.renderOwn(w, r, http.StatusUnprocessableEntity, ownView{Zone: zoneOf(r), Signature: signatureForm{Given: true, Typed: typed, Problem: migrations.SafeMessage(err)}})
	}
	if err != nil {
		return err
	}
	s.flash(r, "flash.saved")
	return seeOther(w, r, "/account#signing")
}

// previewSignature shows a signature that is being typed; it keeps nothing.
func (s *site) previewSignature(w http.ResponseWriter, r *http.Request) error {
	if !r.PostForm.Has("signature") || r.PostFormValue("version") == "" {
		return errForm
	}
	return s.renderOwn(w, r, http.StatusOK, ownView{Zone: zoneOf(r), Signature: signatureForm{Given: true, Typed: oneBreak(r.PostFormValue("signature"))}})
}
