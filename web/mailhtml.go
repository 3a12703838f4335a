package web

import (
	"bytes"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxMailHTML is how much of a mail's HTML is shown, in bytes.
const maxMailHTML = 4 << 20

// mailCleaner makes a mail's HTML inert: bluemonday keeps only listed
// elements, attributes and style properties; then every picture is either one
// of the mail's own parts or blocked.
type mailCleaner struct {
	policy *bluemonday.Policy
}

var (
	styleColor  = regexp.MustCompile(`(?i)^(#[0-9a-f]{3,8}|[a-z]{3,30}|rgba?\([0-9.,%\s]+\))$`)
	styleLength = regexp.MustCompile(`(?i)^(auto|0|normal|-?[0-9.]{1,8}(px|pt|em|rem|%|cm|mm|in)?)(\s+(auto|0|-?[0-9.]{1,8}(px|pt|em|rem|%|cm|mm|in)?)){0,3}$`)
	styleWord   = regexp.MustCompile(`(?i)^[a-z0-9-]{1,30}$`)
	styleFont   = regexp.MustCompile(`(?i)^[a-z0-9 ,'"_-]{1,200}$`)
	styleBorder = regexp.MustCompile(`(?i)^[a-z0-9#.% ]{1,60}$`)
)

func newMailCleaner() *mailCleaner {
	p := bluemonday.NewPolicy()
	p.AllowElements("a", "abbr", "address", "article", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col",
		"colgroup", "dd", "del", "div", "dl", "dt", "em", "figure", "figcaption", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
		"header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small",
		"span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr")
	p.AllowAttrs("align", "valign").Matching(styleWord).Globally()
	p.AllowAttrs("dir", "lang").Matching(styleWord).Globally()
	p.AllowAttrs("bgcolor", "color").Matching(styleColor).Globally()
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "start", "size").
		Matching(regexp.MustCompile(`^[0-9]{1,4}%?$`)).Globally()
	p.AllowAttrs("face").Matching(styleFont).OnElements("font")
	p.AllowAttrs("alt", "title").Globally()
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid", "data")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(true) // for rewrite to see, count and drop
	p.AllowStyles("color", "background-color", "border-color").Matching(styleColor).Globally()
	p.AllowStyles("font-size", "line-height", "margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "padding", "padding-top",
		"padding-right", "padding-bottom", "padding-left", "width", "max-width", "height", "text-indent", "border-spacing").Matching(styleLength).Globally()
	p.AllowStyles("font-weight", "font-style", "text-align", "text-decoration", "vertical-align", "white-space", "border-collapse",
		"border-style", "list-style-type", "direction").Matching(styleWord).Globally()
	p.AllowStyles("display").MatchingEnum("block", "inline", "inline-block", "table", "table-cell", "table-row", "none").Globally()
	p.AllowStyles("font-family").Matching(styleFont).Globally()
	p.AllowStyles("border", "border-top", "border-right", "border-bottom", "border-left").Matching(styleBorder).Globally()
	p.SkipElementsContent("script", "style", "title", "head", "template", "iframe", "object", "embed", "svg", "math", "noscript", "textarea", "select", "xmp")
	return &mailCleaner{policy: p}
}

// cleanMail is a mail's HTML made inert.
type cleanMail struct {
	HTML    string
	Blocked int // pictures from outside that were left out
}

// clean makes raw inert. cid gives the address of the mail's own part with
// that Content-ID, "" when there is none.
func (c *mailCleaner) clean(raw []byte, cid func(string) string) (cleanMail, error) {
	raw = bytes.ToValidUTF8(bytes.ReplaceAll(raw, []byte{0}, nil), []byte("\uFFFD"))
	safe := c.policy.SanitizeBytes(boundStyles(raw))
	return rewrite(bytes.NewReader(safe), cid)
}

// The reader of styles takes time that grows with the square of their length:
// one attribute of 160 KB holds a core for 14 s. Word's longest are some 300
// bytes.
const (
	maxStyle  = 1000      // bytes of one style attribute
	maxStyles = 512 << 10 // bytes of all of them
)

// boundStyles leaves out style attributes beyond those bounds. All else stays
// byte for byte, for the cleaner to judge.
func boundStyles(raw []byte) []byte {
	if !bytes.Contains(bytes.ToLower(raw), []byte("style")) {
		return raw
	}
	var b bytes.Buffer
	b.Grow(len(raw))
	total := 0
	z := html.NewTokenizer(bytes.NewReader(raw))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			b.Write(z.Raw())
			return b.Bytes()
		}
		text := bytes.Clone(z.Raw()) // Token unescapes in place
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			b.Write(text)
			continue
		}
		t := z.Token()
		kept := t.Attr[:0]
		for _, a := range t.Attr {
			if a.Key == "style" {
				if len(a.Val) > maxStyle || total+len(a.Val) > maxStyles {
					continue
				}
				total += len(a.Val)
			}
			kept = append(kept, a)
		}
		if len(kept) == len(t.Attr) {
			b.Write(text)
			continue
		}
		t.Attr = kept
		b.WriteString(t.String())
	}
}

// rewrite walks the tokens of HTML that is already clean: pictures get
// addresses of ours or go, links open elsewhere and show where they lead.
func rewrite(r io.Reader, cid func(string) string) (cleanMail, error) {
	var out cleanMail
	var b strings.Builder
	z := html.NewTokenizer(r)
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() == io.EOF {
				out.HTML = b.String()
				return out, nil
			}
			return out, z.Err()
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch t.DataAtom {
			case atom.Img:
				if !rewriteImage(&t, cid) {
					out.Blocked++
					continue
				}
			case atom.A:
				rewriteLink(&t)
			}
			b.WriteString(t.String())
		case html.CommentToken, html.DoctypeToken:
		default:
			b.Write(z.Raw())
		}
	}
}

// safeData are the picture types that a data: address may hold.
var safeData = regexp.MustCompile(`(?i)^data:image/(png|jpeg|jpg|gif|webp|bmp);base64,[a-z0-9+/=\s]+$`)

// rewriteImage points a picture at the mail's own part; false when it must go.
func rewriteImage(t *html.Token, cid func(string) string) bool {
	for i := range t.Attr {
		if t.Attr[i].Key != "src" {
			continue
		}
		src := strings.TrimSpace(t.Attr[i].Val)
		if id, ok := cutFold(src, "cid:"); ok {
			if plain, err := url.PathUnescape(id); err == nil {
				id = plain
			}
			t.Attr[i].Val = cid(strings.Trim(id, "<>"))
			return t.Attr[i].Val != ""
		}
		return safeData.MatchString(src)
	}
	return false
}

// rewriteLink has a link open in its own tab, and its whole address shown on
// hover, whatever its words pretend.
func rewriteLink(t *html.Token) {
	kept := t.Attr[:0]
	href := ""
	for _, a := range t.Attr {
		switch a.Key {
		case "href":
			if u, err := url.Parse(a.Val); err != nil || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" && u.Scheme != "tel") {
				continue
			}
			href = a.Val
		case "title", "target", "rel":
			continue
		}
		kept = append(kept, a)
	}
	t.Attr = kept
	if href != "" {
		t.Attr = append(t.Attr, html.Attribute{Key: "title", Val: href}, html.Attribute{Key: "target", Val: "_blank"},
			html.Attribute{Key: "rel", Val: "noopener noreferrer nofollow"})
	}
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}
