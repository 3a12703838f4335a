package web

import (
	"bytes"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
)

// maxMailHTML is how much of a mail's HTML is shown, in bytes.
const maxMailHTML = 4 << 20

// mailCleaner makes a mail's HTML inert, in three passes that each take linear
// time: prepareMail turns style sheets and the body's colours into attributes,
// bluemonday keeps only listed elements, attributes and style properties, and
// tidyMail decides about every picture and link, balances the elements and
// keeps the text legible.
type mailCleaner struct {
	policy *bluemonday.Policy
}

var (
	styleColor  = regexp.MustCompile(`(?i)^(#[0-9a-f]{3,8}|[a-z]{3,30}|rgba?\([0-9.,%\s]+\))$`)
	styleLength = regexp.MustCompile(`(?i)^(auto|0|normal|[0-9.]{1,8}(px|pt|em|rem|%|cm|mm|in)?)(\s+(auto|0|[0-9.]{1,8}(px|pt|em|rem|%|cm|mm|in)?)){0,3}$`)
	styleIndent = regexp.MustCompile(`(?i)^-?[0-9.]{1,5}(px|pt|em|rem|cm|mm|in)?$`) // Word's lists hang
	styleWord   = regexp.MustCompile(`(?i)^[a-z0-9-]{1,30}$`)
	styleFont   = regexp.MustCompile(`(?i)^[a-z0-9 ,'"_-]{1,200}$`)
	styleBorder = regexp.MustCompile(`(?i)^[a-z0-9#.% ]{1,60}$`)
	mailNumber  = regexp.MustCompile(`^[0-9]{1,4}%?$`)
)

// mailElements are all that is left of a mail's elements.
var mailElements = []string{"a", "abbr", "address", "article", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col",
	"colgroup", "dd", "del", "div", "dl", "dt", "em", "figure", "figcaption", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
	"header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "ol", "p", "pre", "q", "s", "samp", "section", "small",
	"span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr"}

// mailStyles are the properties that a style may have, by what they may hold.
var mailStyles = []struct {
	value *regexp.Regexp
	names []string
}{
	{styleColor, []string{"color", "background-color", "border-color"}},
	{styleLength, []string{"font-size", "line-height", "margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "padding", "padding-top",
		"padding-right", "padding-bottom", "padding-left", "width", "max-width", "height", "border-spacing"}},
	{styleIndent, []string{"text-indent"}},
	{styleWord, []string{"font-weight", "font-style", "text-align", "text-decoration", "text-transform", "vertical-align", "white-space", "border-collapse",
		"border-style", "list-style-type", "direction"}},
	{styleFont, []string{"font-family"}},
	{styleBorder, []string{"border", "border-top", "border-right", "border-bottom", "border-left"}},
}

func newMailCleaner() *mailCleaner {
	p := bluemonday.NewPolicy()
	p.AllowElements(mailElements...)
	p.AllowAttrs("align", "valign").Matching(styleWord).Globally()
	p.AllowAttrs("dir", "lang").Matching(styleWord).Globally()
	p.AllowAttrs("bgcolor", "color").Matching(styleColor).Globally()
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "start", "size").Matching(mailNumber).Globally()
	p.AllowAttrs("face").Matching(styleFont).OnElements("font")
	p.AllowAttrs("alt", "title").Globally()
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto", "tel", "cid", "data")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(true) // for tidyMail to see, count and drop
	for _, s := range mailStyles {
		p.AllowStyles(s.names...).Matching(s.value).Globally()
	}
	p.AllowStyles("display").MatchingEnum("block", "inline", "inline-block", "table", "table-cell", "table-row", "none").Globally()
	p.SkipElementsContent("script", "style", "title", "head", "template", "iframe", "object", "embed", "svg", "math", "noscript", "textarea", "select", "xmp")
	return &mailCleaner{policy: p}
}

// mailView is how a mail's HTML is asked for.
type mailView struct {
	// Own gives the address of the mail's own picture that a reference names,
	// by Content-ID (without cid:) or Content-Location, "" when there is none.
	Own func(ref string) string
	// Pictures has pictures from outside loaded by the browser.
	Pictures bool
	// Missing words the placeholder of a picture that is not shown.
	Missing func(host string) string
	// Leads words where a link goes that pretends to go elsewhere.
	Leads func(host string) string
}

// cleanMail is a mail's HTML made inert.
type cleanMail struct {
	HTML     string
	Blocked  int // pictures from outside that could be shown
	Shown    int // pictures from outside that are
	Trackers int // pictures too small to be seen, which only tell that the mail is read
	Lies     int // links whose words name another place than they lead to
}

// clean makes raw inert.
func (c *mailCleaner) clean(raw []byte, v mailView) (cleanMail, error) {
	raw = bytes.ToValidUTF8(bytes.ReplaceAll(raw, []byte{0}, nil), []byte("\uFFFD"))
	return tidyMail(c.policy.SanitizeBytes(prepareMail(raw)), v)
}
