package web

import (
	"bytes"
	"regexp"
	"strings"

	"golang.org/x/image/colornames"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// The reader of styles takes time that grows with the square of their length:
// one attribute of 160 KB holds a core for 14 s. Word's longest are some 300
// bytes, of which half is for Word alone.
const (
	maxStyle      = 1000      // bytes of one style attribute
	maxStyles     = 512 << 10 // bytes of all of them
	maxStyleSheet = 256 << 10 // bytes of all style sheets
	maxRules      = 4000
)

// prepareMail writes what style sheets say of elements and classes into the
// elements themselves, where the cleaner judges it, makes the body a div that
// keeps its colours, and leaves out styles beyond the bounds. All else stays
// byte for byte.
func prepareMail(raw []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(raw) + len(raw)/8)
	p := preparer{rules: map[string]string{}}
	z := html.NewTokenizer(bytes.NewReader(raw))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			b.Write(z.Raw())
			return b.Bytes()
		}
		text := bytes.Clone(z.Raw()) // Token unescapes in place
		switch kind {
		case html.TextToken:
			if p.inStyle {
				p.read(string(text))
			}
			b.Write(text)
		case html.EndTagToken:
			name, _ := z.TagName()
			p.inStyle = false
			if string(name) == "body" {
				b.WriteString("</div>")
				continue
			}
			b.Write(text)
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			p.inStyle = t.DataAtom == atom.Style
			if p.element(&t) {
				b.WriteString(t.String())
			} else {
				b.Write(text)
			}
		default:
			b.Write(text)
		}
	}
}

type preparer struct {
	rules   map[string]string // declarations by "tag", ".class" and "tag.class"
	sheets  int               // bytes of style sheets
	total   int               // bytes of style attributes
	inStyle bool
}

// element changes a start tag; false where it may stay as it was.
func (p *preparer) element(t *html.Token) bool {
	body := t.DataAtom == atom.Body
	style, class, had := "", "", false
	kept := t.Attr[:0:0]
	for _, a := range t.Attr {
		switch {
		case a.Key == "style":
			had = true
			if style == "" {
				style = a.Val
			}
			continue
		case a.Key == "class":
			class = a.Val
		case a.Key == "bgcolor" || a.Key == "color" || body && a.Key == "text":
			if hexColor.MatchString(a.Val) {
				a.Val = "#" + a.Val
			}
			if body && a.Key == "text" {
				a.Key = "color"
			}
		}
		kept = append(kept, a)
	}
	sheet := p.of(t.Data, class)
	if !had && sheet == "" && !body {
		return false
	}
	own := wanted(style)
	if whole := wanted(sheet) + own; len(whole) <= maxStyle {
		own = whole
	}
	if body {
		t.Data, t.DataAtom = "div", atom.Div
		if strings.Contains(own, "background-color:") && !strings.Contains(own, "padding") {
			own = "padding:12px;" + own
		}
		for i := range kept { // of a div these are no attributes
			if k := kept[i].Key; (k == "bgcolor" || k == "color") && styleColor.MatchString(kept[i].Val) {
				own = map[string]string{"bgcolor": "padding:12px;background-color", "color": "color"}[k] + ":" + kept[i].Val + ";" + own
			}
		}
	}
	t.Attr = kept
	if own == "" || len(own) > maxStyle || p.total+len(own) > maxStyles {
		return true
	}
	p.total += len(own)
	t.Attr = append(t.Attr, html.Attribute{Key: "style", Val: own})
	return true
}

// of returns what the style sheets say of an element.
func (p *preparer) of(tag, class string) string {
	if len(p.rules) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(p.rules[tag])
	if len(class) > 500 {
		class = ""
	}
	names := strings.Fields(strings.ToLower(class))
	for _, c := range names[:min(len(names), 12)] {
		b.WriteString(p.rules["."+c])
		b.WriteString(p.rules[tag+"."+c])
	}
	return b.String()
}

var (
	simpleSelector = regexp.MustCompile(`^(?:[a-z][a-z0-9]*)?(?:\.[a-z0-9_-]+)?$`)
	hexColor       = regexp.MustCompile(`(?i)^(?:[0-9a-f]{3}|[0-9a-f]{6})$`)
)

// read takes the simple rules of a style sheet: an element, a class, or both.
// Rules for some screens only (@media) are left out, as are imports.
func (p *preparer) read(css string) {
	p.sheets += len(css)
	if p.sheets > maxStyleSheet {
		return
	}
	css = strings.NewReplacer("<!--", " ", "-->", " ").Replace(uncommented(css))
	for css != "" && len(p.rules) < maxRules {
		i := strings.IndexAny(css, "{;}")
		if i < 0 {
			return
		}
		selector := strings.ToLower(strings.TrimSpace(css[:i]))
		opens := css[i] == '{'
		css = css[i+1:]
		if !opens {
			continue
		}
		if strings.HasPrefix(selector, "@") {
			css = afterBlock(css)
			continue
		}
		block, rest, _ := strings.Cut(css, "}")
		css = rest
		block = wanted(block)
		if block == "" || len(block) > maxStyle/2 || len(selector) > 2000 {
			continue
		}
		for one := range strings.SplitSeq(selector, ",") {
			one = strings.TrimSuffix(strings.TrimSpace(one), ":link")
			if one != "" && simpleSelector.MatchString(one) && len(p.rules[one])+len(block) <= maxStyle {
				p.rules[one] += block
			}
		}
	}
}

// uncommented leaves the comments of a style sheet out.
func uncommented(css string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(css, "/*")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		_, css, _ = strings.Cut(after, "*/")
	}
}

// afterBlock returns what follows the } that ends an open block.
func afterBlock(css string) string {
	depth := 1
	for i := range len(css) {
		switch css[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return css[i+1:]
			}
		}
	}
	return ""
}

// wantedStyle are the properties worth the cleaner's time.
var wantedStyle = func() map[string]bool {
	m := map[string]bool{"display": true}
	for _, s := range mailStyles {
		for _, n := range s.names {
			m[n] = true
		}
	}
	return m
}()

// wanted keeps the declarations whose properties may stay, each ended by a
// semicolon, and takes the colour out of a background. What holds an escape,
// an address or a bracket of its own is left out.
func wanted(style string) string {
	if len(style) > 16<<10 {
		return ""
	}
	var b strings.Builder
	for d := range strings.SplitSeq(style, ";") {
		name, value, ok := strings.Cut(d, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if at := strings.Index(value, "!"); at >= 0 {
			value = strings.TrimSpace(value[:at])
		}
		if name == "background" {
			name, value = "background-color", backgroundColor(value)
		}
		if !ok || value == "" || len(value) > 200 || !wantedStyle[name] || strings.ContainsAny(value, "\\{}<>@") {
			continue
		}
		b.WriteString(name + ":" + value + ";")
	}
	return b.String()
}

// backgroundColor finds the colour among the words of a background.
func backgroundColor(value string) string {
	low := strings.ToLower(value)
	if i := strings.Index(low, "rgb"); i >= 0 {
		if j := strings.IndexByte(low[i:], ')'); j >= 0 {
			return low[i : i+j+1]
		}
	}
	for _, w := range strings.Fields(low) {
		if _, named := colornames.Map[w]; named || strings.HasPrefix(w, "#") && styleColor.MatchString(w) {
			return w
		}
	}
	return ""
}
