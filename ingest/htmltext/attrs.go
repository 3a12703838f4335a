package htmltext

import (
	"strings"

	"golang.org/x/net/html"
)

// attrs is what matters of an element's attributes.
type attrs struct {
	id, href, src string
	tight         bool // a paragraph without margins, as Outlook writes them
	quote         bool // a container of quoted text
	cutHere       bool // the mark that the rest is quoted
	zimbra        bool
	hidden        bool // display:none
	gmail         bool // class gmail_quote, which means something else on a blockquote
}

func readAttrs(z *html.Tokenizer) attrs {
	var a attrs
	class, style := "", ""
	for i := 0; i < 64; i++ {
		k, v, more := z.TagAttr()
		switch string(k) {
		case "id":
			a.id = strings.ToLower(strings.TrimPrefix(string(v), "x_"))
		case "class":
			class = strings.ToLower(string(v[:min(len(v), 1024)]))
		case "style":
			if len(v) < 4096 {
				style = strings.ToLower(string(v))
			}
		case "href":
			a.href = string(v)
		case "src":
			a.src = string(v)
		case "type":
			if strings.EqualFold(string(v), "cite") {
				a.quote = true
			}
		case "name":
			if string(v) == "quote" { // GMX and web.de
				a.quote = true
			}
		case "data-marker":
			a.zimbra = true
			if string(v) == "__QUOTED_TEXT__" {
				a.quote = true
			}
		}
		if !more {
			break
		}
	}
	a.judge(class, style)
	return a
}

// judge recognises the containers that mail programs write.
func (a *attrs) judge(class, style string) {
	for _, c := range strings.Fields(class) {
		c = strings.TrimPrefix(c, "x_")
		switch c {
		case "msonormal", "msoplaintext", "editor-paragraph", "msolistparagraph":
			a.tight = true
		case "gmail_quote_container", "yahoo_quoted", "protonmail_quote", "tutanota_quote", "zmail_extra", "moz-cite-prefix", "gmail_attr":
			a.quote = true
		case "gmail_quote":
			a.quote, a.gmail = true, true
		}
	}
	if strings.Contains(class, "yahoo_quoted") || strings.HasPrefix(a.id, "yahoo_quoted") {
		a.quote = true
	}
	switch a.id {
	case "olk_src_body_section", "mail-editor-reference-message-container", "isforwardcontent", "qt":
		a.quote = true
	case "divrplyfwdmsg", "appendonsend":
		a.cutHere = true
	}
	if strings.Contains(style, "display") {
		a.hidden = strings.Contains(strings.Join(strings.Fields(style), ""), "display:none")
	}
	if strings.Contains(style, "border-top:solid") || strings.Contains(style, "border-top: solid") || strings.Contains(style, "border-style:solid none none") {
		if strings.Contains(style, "#e1e1e1") || strings.Contains(style, "#b5c4df") || strings.Contains(style, "rgb(225,225,225)") || strings.Contains(style, "rgb(225, 225, 225)") || strings.Contains(style, "rgb(181, 196, 223)") {
			a.cutHere = true
		}
	}
}
