package web

import (
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strings"

	"helpdeskd/tracker"
)

// mailFrameView is what stands in the frame: HTML that the cleaner made inert,
// or the text of a mail that has none, and above it what was kept out.
type mailFrameView struct {
	Title    string
	Body     template.HTML
	Text     string
	Notes    []string
	To, Do   string // the other view: with pictures, or without
	Consider string // what the other view tells the sender
}

// safe marks the cleaned HTML as such: this is the only place that does.
func (c cleanMail) safe() template.HTML { return template.HTML(c.HTML) }

// mailFrame is the document of the frame. Mail sits on paper, in dark mode
// too. What the mail writes can not reach beyond its own box.
var mailFrame = template.Must(template.New("mail").Parse(`<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="only light"><style>
html{background:#fff;color:#1d2126;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-text-size-adjust:100%}body{margin:0;overflow-wrap:break-word}
.hd-mail{padding:12px 14px 26px;overflow-x:auto;contain:paint;position:relative}
.hd-mail img{max-width:100%;height:auto}.hd-mail td img{max-width:none}.hd-mail pre{white-space:pre-wrap}.hd-mail blockquote{margin:0 0 0 8px;padding-left:10px;border-left:2px solid #c9c9c2}.hd-mail a{color:#2c4db0}
.hd-text{white-space:pre-wrap;overflow-wrap:anywhere}
.hd-bar{padding:8px 14px;background:#f5f5f3;border-bottom:1px solid #e3e3de;color:#50555c;font-size:13px;line-height:1.45}.hd-bar p{margin:0}.hd-bar a{color:#2c4db0;font-weight:600;display:inline-block;padding:3px 0}
a:focus-visible{outline:2px solid #2c4db0;outline-offset:2px;border-radius:2px}
.hd-pic{display:inline-block;box-sizing:border-box;max-width:100%;margin:1px;padding:5px 10px;border:1px dashed #a9aca6;border-radius:6px;background:#f5f5f3;color:#50555c;font:12px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-align:left;text-decoration:none;overflow-wrap:anywhere}
.hd-to{font:12px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;text-decoration:none}.hd-to:not(.hd-lie){display:none}
a:hover+.hd-to:not(.hd-lie),a:focus-visible+.hd-to:not(.hd-lie){display:inline-block;position:absolute;z-index:9;margin:1.6em 0 0 -2em;max-width:16rem;padding:2px 7px;border-radius:4px;background:#1d2126;color:#fff;overflow-wrap:anywhere;pointer-events:none}
@media (hover:none){.hd-to:not(.hd-lie){display:inline;margin-left:4px;padding:0 5px;border-radius:4px;background:#ececea;color:#50555c}}
.hd-lie{display:inline-block;margin:0 4px;padding:0 7px;border-radius:4px;background:#b42318;color:#fff;font-weight:600}
@media (max-width:600px){.hd-mail{padding:10px 10px 24px}.hd-mail img{max-width:100%!important;height:auto!important}.hd-mail table{max-width:100%!important}.hd-mail table[width]:not([width$="%"]){width:100%!important}.hd-pic{display:block}}
.hd-mail a[style*="background-color"]{display:inline-block}
@media print{.hd-bar{display:none}.hd-mail{overflow:visible;contain:none}.hd-to:not(.hd-lie){display:inline;color:#50555c}.hd-to:not(.hd-lie)::before{content:"("}.hd-to:not(.hd-lie)::after{content:")"}}
</style></head><body>{{if .Notes}}<div class="hd-bar" role="note"><p>{{range .Notes}}{{.}} {{end}}</p>{{with .To}}<p><a href="{{.}}">{{$.Do}}</a>{{with $.Consider}} {{.}}{{end}}</p>{{end}}</div>{{end}}<div class="hd-mail">{{.Body}}{{with .Text}}<div class="hd-text">{{.}}</div>{{end}}</div></body></html>`))

// messageHTML serves a mail's HTML, made inert, for the sandboxed frame.
func (s *site) messageHTML(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, "id")
	if err != nil {
		return err
	}
	m, err := s.store.MessageByID(r.Context(), id)
	if err != nil {
		return err
	}
	a := m.HTML()
	if a == nil {
		return s.messageText(w, r, m)
	}
	body, done, err := s.openAttachment(r, *a)
	if err != nil {
		return err
	}
	defer done()
	raw, err := io.ReadAll(io.LimitReader(body, maxMailHTML))
	if err != nil {
		return fmt.Errorf("read HTML of message %d: %w", id, err)
	}
	view := mailView{Own: ownPicture(&m), Pictures: asksPictures(r), Missing: s.missingPicture, Leads: func(host string) string { return s.words.say("msg.leads", host) }}
	raw = []byte(tracker.WithoutLinks(string(raw))) // nobody here acts in the name of who quoted our mail
	clean, err := s.cleaner.clean(raw, view)
	if err != nil {
		return fmt.Errorf("clean HTML of message %d: %w", id, err)
	}
	h := w.Header()
	frameHeaders(h)
	if view.Pictures {
		// The browser fetches them, without cookies and without saying from
		// which page; see docs/design.md for why it is not us.
		h.Set("Content-Security-Policy", picturesPolicy)
		h.Set("Cross-Origin-Embedder-Policy", "credentialless")
	}
	return mailFrame.Execute(w, s.mailFrameView(&m, clean, view.Pictures))
}

// asksPictures reports whether pictures from outside are asked for, from the
// frame itself: a link in a mail, which opens a page of its own, can not ask.
func asksPictures(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return r.URL.Query().Get("pictures") == "1" && (dest == "" || dest == "iframe")
}

// ownPicture finds the pictures that came with a mail: by Content-ID or
// Content-Location, or by name, where a mail program names the file only.
func ownPicture(m *tracker.Message) func(string) string {
	find := func(is func(tracker.Attachment) bool) string {
		for _, p := range m.Attachments {
			if pictures[p.ContentType] && is(p) {
				return "/attachments/" + p.UID
			}
		}
		return ""
	}
	return func(ref string) string {
		if ref == "" {
			return ""
		}
		if to := find(func(p tracker.Attachment) bool { return p.ContentID == ref }); to != "" {
			return to
		}
		name, _, _ := strings.Cut(ref, "@")
		if strings.ContainsAny(name, "/:") {
			return ""
		}
		return find(func(p tracker.Attachment) bool { return p.Name != "" && p.Name == name })
	}
}

// missingPicture words the placeholder of a picture.
func (s *site) missingPicture(host string) string {
	if host == "" {
		return s.words.say("msg.no_picture")
	}
	return s.words.say("msg.picture_of", host)
}

// frameTitle says whose mail a frame shows.
func (s *site) frameTitle(m *tracker.Message) string {
	who := strings.TrimSpace(m.FromName)
	if who == "" {
		who = m.FromAddress
	}
	return s.words.say("msg.frame", who)
}

func (s *site) mailFrameView(m *tracker.Message, c cleanMail, shown bool) mailFrameView {
	v := mailFrameView{Title: s.frameTitle(m), Body: c.safe()}
	if c.Blocked > 0 {
		v.Notes = append(v.Notes, s.words.say("msg.blocked", c.Blocked))
		v.To, v.Do, v.Consider = "?pictures=1", s.words.say("msg.show_pictures"), s.words.say("msg.show_warning")
	}
	if c.Shown > 0 {
		v.Notes = append(v.Notes, s.words.say("msg.pictures_shown", c.Shown))
	}
	if shown {
		v.To, v.Do = "?", s.words.say("msg.hide_pictures")
	}
	if c.Trackers > 0 {
		v.Notes = append(v.Notes, s.words.say("msg.trackers", c.Trackers))
	}
	if c.Lies > 0 {
		v.Notes = append(v.Notes, s.words.say("msg.lies", c.Lies))
	}
	return v
}
