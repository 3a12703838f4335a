package web

import "html/template"

// mailFrameView is what stands in the frame: HTML that the cleaner made inert,
// or the text of a mail that has none.
type mailFrameView struct {
	Body    template.HTML
	Text    string
	Blocked string
}

// safe marks the cleaned HTML as such: this is the only place that does.
func (c cleanMail) safe() template.HTML { return template.HTML(c.HTML) }

// mailFrame is the document of the frame. Mail sits on paper, in dark mode too.
var mailFrame = template.Must(template.New("mail").Parse(`<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="only light"><style>
html{background:#fff;color:#1d2126;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}body{margin:12px 14px;overflow-wrap:anywhere}
img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}blockquote{margin:0 0 0 8px;padding-left:10px;border-left:2px solid #c9c9c2}a{color:#2c4db0}
.hd-text{white-space:pre-wrap}.hd-blocked{margin:0 0 12px;padding:6px 10px;background:#f5f5f3;border-radius:6px;color:#62676e;font-size:13px}</style></head><body>{{with .Blocked}}<p class="hd-blocked">{{.}}</p>{{end}}{{.Body}}{{with .Text}}<div class="hd-text">{{.}}</div>{{end}}</body></html>`))
