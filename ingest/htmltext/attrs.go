package htmltext

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/html"
)

// attrs is what matters of an element's attributes.
type attrs struct {
	id, href, src string
	alt           string // what stands for an image
	start         int    // the first number of a list
	tight         bool   // a paragraph without margins, as Outlook writes them
	quote         bool   // a container of quoted text
	cutHere       bool   // the mark that the rest is quoted
	zimbra        bool
	hidden        bool // display:none
	bold          bool // by its style
	gmail         bool // class gmail_quote, which means something else on a blockquote
	sign          bool // the author's signature
}

func readAttrs(z *html.Tokenizer) attrs {
	var a attrs
	class, style := "", ""
	for i := 0; i < 64; i++ {
		k, v, more := z.TagAttr()
		switch string(k) {
		case "id":
			a.id = strings.ToLower(string(v[:min(len(v), 256)]))
			for strings.HasPrefix(a.id, "x_") { // once for every Exchange server it passed
				a.id = a.id[2:]
			}
			a.id = strings.TrimPrefix(a.id, "ecx")
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
		case "start":
			if n, err := strconv.Atoi(string(v)); err == nil && n > 0 && n < 1_000_000 {
				a.start = n
			}
		case "alt":
			a.alt = string(v[:min(len(v), 1024)])
		case "type":
			if strings.EqualFold(string(v), "cite") {
				a.quote = true
			}
		case "name":
			switch string(v) {
			case "quote", "messageReplySection": // GMX and web.de; Spark
				a.quote = true
			case "messageSignatureSection", "signature":
				a.sign = true
			}
		case "data-marker":
			a.zimbra = true
			switch string(v) {
			case "__QUOTED_TEXT__", "__HEADERS__":
				a.quote = true
			case "__SIG_PRE__", "__SIG_POST__":
				a.sign = true
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
		c = strings.TrimPrefix(strings.TrimPrefix(c, "x_"), "ecx")
		switch c {
		case "msonormal", "msoplaintext", "editor-paragraph", "msolistparagraph":
			a.tight = true
		case "gmail_quote_container", "gmail_attr", "gmail_quote":
			a.quote, a.gmail = true, true
		case "yahoo_quoted", "protonmail_quote", "tutanota_quote", "zmail_extra", "moz-cite-prefix", "missive_quote", "front-blockquote", "freshdesk_quote":
			a.quote = true
		case "gmail_signature", "moz-signature", "protonmail_signature_block", "missive_signature", "front-signature", "yahoo-signature", "ymail_android_signature", "zmail_signature":
			a.sign = true
		}
	}
	if strings.Contains(class, "yahoo_quoted") || strings.HasPrefix(a.id, "yahoo_quoted") || strings.HasPrefix(a.id, "ymail_android_quote") {
		a.quote = true
	}
	switch a.id {
	case "olk_src_body_section", "mail-editor-reference-message-container", "isforwardcontent", "qt", "reply-intro", "edo-original":
		a.quote = true
	case "divrplyfwdmsg", "appendonsend":
		a.cutHere = true
	case "signature", "applemailsignature", "ms-outlook-mobile-signature", "composer_signature", "edo-signature", "ymail_android_signature":
		a.sign = true
	}
	if _, weight, ok := strings.Cut(style, "font-weight:"); ok {
		weight = strings.TrimSpace(weight)
		a.bold = strings.HasPrefix(weight, "bold") || strings.HasPrefix(weight, "600") || strings.HasPrefix(weight, "700") || strings.HasPrefix(weight, "800")
	}
	if strings.Contains(style, "display") {
		a.hidden = strings.Contains(strings.Join(strings.Fields(style), ""), "display:none")
	}
	if (strings.Contains(style, "border-top") || strings.Contains(style, "border-style")) && strings.Contains(style, "solid") {
		bare := strings.ReplaceAll(style, " ", "")
		if strings.Contains(bare, "border-top:solid") || strings.Contains(bare, "border-style:solidnonenone") || strings.Contains(bare, "border-top-style:solid") {
			for _, c := range separators {
				if strings.Contains(bare, c) {
					a.cutHere = true
				}
			}
		}
	}
}

// separators are the colours of the line that Outlook and Windows Mail draw
// above the header of what they quote.
var separators = []string{"#e1e1e1", "#b5c4df", "#e5e5e5", "rgb(225,225,225)", "rgb(181,196,223)", "rgb(229,229,229)"}

// altText is what stands for an image: only signs such as emoji, which mail
// programs send as images. Words there are what programs say of a logo or a
// file, and mail programs do not show them beside the image.
func (a *attrs) altText() string {
	alt := strings.TrimSpace(strings.ToValidUTF8(a.alt, ""))
	if alt == "" || len(alt) > 64 || a.hidden {
		return ""
	}
	sign := false
	for _, r := range alt {
		if r < 0x80 && r != ' ' || unicode.IsLetter(r) {
			return ""
		}
		sign = sign || unicode.IsSymbol(r)
	}
	if !sign {
		return ""
	}
	return alt
}
