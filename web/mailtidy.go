package web

import (
	"bytes"
	"image/color"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxDepth is how deep elements may lie in each other; browsers end at some
// 500. The words of those beyond are kept.
const maxDepth = 200

// openElement is one that has begun, with the colours that its text has.
type openElement struct {
	tag    atom.Atom
	fg, bg color.RGBA
	ours   bool    // fg is not the mail's choice
	gone   bool    // nothing in it is shown
	size   float64 // of its letters, in pixels
}

// unseen reports whether nobody reads the text of the innermost element.
func (t *tidier) unseen() bool {
	n := len(t.stack)
	return n > 0 && (t.stack[n-1].gone || t.stack[n-1].size < 4)
}

// maxWords bounds the words of a link that are looked at, in bytes.
const maxWords = 2000

// tidier walks HTML that is already clean. Pictures get addresses of ours, or
// placeholders; links say where they lead; every element that begins ends, so
// that nothing reaches out of its frame; and text that has the colour of what
// is behind it gets another.
type tidier struct {
	cleanMail
	v       mailView
	b       strings.Builder
	stack   []openElement
	open    map[atom.Atom]int // how many of each are open
	skipped map[atom.Atom]int // and how many were left out, being too deep
	link    struct {
		target string
		words  strings.Builder
	}
}

func tidyMail(clean []byte, v mailView) (cleanMail, error) {
	t := &tidier{v: v, open: map[atom.Atom]int{}, skipped: map[atom.Atom]int{}}
	z := html.NewTokenizer(bytes.NewReader(clean))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				return t.cleanMail, z.Err()
			}
			t.closeTo(0)
			t.HTML = t.b.String()
			return t.cleanMail, nil
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			t.start(&token)
		case html.EndTagToken:
			t.end(z.Token().DataAtom)
		case html.TextToken:
			raw := z.Raw()
			t.b.Write(raw)
			if t.open[atom.A] > 0 && t.link.words.Len() < maxWords && !t.unseen() {
				t.link.words.WriteString(html.UnescapeString(string(raw[:min(len(raw), maxWords)])))
			}
		}
	}
}

// endedBy are the elements that the beginning of another ends, and those
// beyond which it does not look.
var endedBy = func() map[atom.Atom][2]map[atom.Atom]bool {
	set := func(list ...atom.Atom) map[atom.Atom]bool {
		m := map[atom.Atom]bool{}
		for _, a := range list {
			m[a] = true
		}
		return m
	}
	inTable := set(atom.Table)
	cells := set(atom.Table, atom.Tr, atom.Thead, atom.Tbody, atom.Tfoot)
	m := map[atom.Atom][2]map[atom.Atom]bool{
		atom.Td: {set(atom.Td, atom.Th), cells}, atom.Th: {set(atom.Td, atom.Th), cells},
		atom.Tr:    {set(atom.Tr), inTable},
		atom.Tbody: {set(atom.Tbody, atom.Thead, atom.Tfoot), inTable}, atom.Thead: {set(atom.Tbody, atom.Thead, atom.Tfoot), inTable}, atom.Tfoot: {set(atom.Tbody, atom.Thead, atom.Tfoot), inTable},
		atom.Li: {set(atom.Li), set(atom.Ul, atom.Ol, atom.Table, atom.Td, atom.Th)},
		atom.Dd: {set(atom.Dd, atom.Dt), set(atom.Dl, atom.Table, atom.Td, atom.Th)}, atom.Dt: {set(atom.Dd, atom.Dt), set(atom.Dl, atom.Table, atom.Td, atom.Th)},
		atom.A: {set(atom.A), set(atom.Table, atom.Td, atom.Th)},
	}
	blocks := []atom.Atom{atom.P, atom.Div, atom.Ul, atom.Ol, atom.Dl, atom.Pre, atom.Blockquote, atom.Center, atom.Table, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Hr, atom.Address, atom.Section, atom.Article, atom.Header, atom.Footer}
	for _, b := range blocks {
		m[b] = [2]map[atom.Atom]bool{set(atom.P), set(atom.Div, atom.Table, atom.Td, atom.Th, atom.Li, atom.Blockquote, atom.Center, atom.Dd)}
	}
	return m
}()

var voidElement = map[atom.Atom]bool{atom.Br: true, atom.Col: true, atom.Hr: true, atom.Img: true, atom.Wbr: true}

func (t *tidier) start(token *html.Token) {
	tag := token.DataAtom
	if rule, ok := endedBy[tag]; ok {
		for i := len(t.stack) - 1; i >= 0 && !rule[1][t.stack[i].tag]; i-- {
			if rule[0][t.stack[i].tag] {
				t.closeTo(i)
				break
			}
		}
	}
	switch {
	case tag == atom.Img:
		t.picture(token)
		return
	case voidElement[tag]:
		t.b.WriteString(token.String())
		return
	case len(t.stack) >= maxDepth:
		t.skipped[tag]++
		return
	}
	if tag == atom.A {
		t.link.target = rewriteLink(token)
		t.link.words.Reset()
	}
	e := t.colour(token)
	token.Type = html.StartTagToken
	t.b.WriteString(token.String())
	t.stack = append(t.stack, e)
	t.open[tag]++
}

func (t *tidier) end(tag atom.Atom) {
	if t.skipped[tag] > 0 {
		t.skipped[tag]--
		return
	}
	if t.open[tag] == 0 {
		return
	}
	for i := len(t.stack) - 1; i >= 0; i-- {
		switch here := t.stack[i].tag; {
		case here == tag:
			t.closeTo(i)
			return
		case here == atom.Table, (here == atom.Td || here == atom.Th) && tag != atom.Tr && tag != atom.Table && tag != atom.Tbody && tag != atom.Thead && tag != atom.Tfoot:
			return // what stands in a cell ends nothing outside of it
		}
	}
}

// closeTo ends the elements from the nth on.
func (t *tidier) closeTo(n int) {
	for i := len(t.stack) - 1; i >= n; i-- {
		tag := t.stack[i].tag
		t.b.WriteString("</" + tag.String() + ">")
		t.open[tag]--
		if tag == atom.A {
			t.says()
		}
	}
	t.stack = t.stack[:n]
}

// says writes after a link where it leads, where its words do not show that.
func (t *tidier) says() {
	target := t.link.target
	t.link.target = ""
	if target == "" {
		return
	}
	words := t.link.words.String()
	switch {
	case lies(words, target):
		t.Lies++
		t.b.WriteString(`<span class="hd-to hd-lie">` + html.EscapeString(t.v.Leads(target)) + `</span>`)
	case !tells(words, target):
		t.b.WriteString(`<span class="hd-to" aria-hidden="true">` + html.EscapeString(target) + `</span>`)
	}
}

// colour works out the colours of an element's text, and gives it others
// where it could not be read: white on our paper, black on a mail's own black.
func (t *tidier) colour(token *html.Token) openElement {
	e := openElement{fg: ink, bg: paper, ours: true, size: 15}
	if n := len(t.stack); n > 0 {
		e = t.stack[n-1]
	}
	around := e
	switch e.tag = token.DataAtom; e.tag {
	case atom.A:
		e.fg, e.ours = linkBlue, true
	case atom.Mark: // browsers: black on yellow
		e.fg, e.bg, e.ours = ink, color.RGBA{255, 255, 0, 255}, true
	}
	told := e.tag == atom.A
	// set takes note of a colour and reports whether it may stay: what is not
	// understood (system colours, those that let all through, the guesses at
	// words that are none) could be that of what is behind the text.
	set := func(name, value string) bool {
		c, ok := mailColor(value)
		value = strings.ToLower(strings.TrimSpace(value))
		switch {
		case name == "color" && ok:
			e.fg, e.ours, told = c, false, true
		case name == "color" && value == "inherit":
			e.fg, e.ours, told = around.fg, around.ours, true
		case name == "color":
			return false
		case (name == "background-color" || name == "bgcolor") && ok:
			e.bg, told = c, true
		case name == "background-color" || name == "bgcolor":
			return value == "transparent" || value == "inherit"
		}
		return true
	}
	token.Attr = slices.DeleteFunc(token.Attr, func(a html.Attribute) bool {
		if hexColor.MatchString(a.Val) {
			a.Val = "#" + a.Val
		}
		return a.Key != "style" && !set(a.Key, a.Val)
	})
	style := slices.IndexFunc(token.Attr, func(a html.Attribute) bool { return a.Key == "style" })
	if style >= 0 {
		var kept []string
		for d := range strings.SplitSeq(token.Attr[style].Val, ";") {
			name, value, _ := strings.Cut(d, ":")
			name = strings.TrimSpace(name)
			if name == "" || !set(name, value) {
				continue
			}
			kept = append(kept, strings.TrimSpace(d))
			switch name {
			case "display":
				e.gone = e.gone || strings.TrimSpace(value) == "none"
			case "font-size":
				e.size = letterSize(value, e.size)
			}
		}
		token.Attr[style].Val = strings.Join(kept, "; ")
	}
	least := minContrast
	if e.ours { // then it has to be good
		least = goodContrast
	}
	if !told || contrast(e.fg, e.bg) >= least {
		return e
	}
	c, name := legible(e.bg)
	e.fg, e.ours = c, true
	if style < 0 {
		token.Attr = append(token.Attr, html.Attribute{Key: "style"})
		style = len(token.Attr) - 1
	}
	was := strings.TrimRight(strings.TrimSpace(token.Attr[style].Val), ";")
	if was != "" {
		was += "; "
	}
	token.Attr[style].Val = was + "color: " + name
	return e
}

// letterSize reads a font-size in pixels, within letters of a size.
func letterSize(value string, within float64) float64 {
	value = strings.ToLower(strings.TrimSpace(value))
	number := strings.TrimRight(value, "abcdefghijklmnopqrstuvwxyz%")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return within
	}
	switch value[len(number):] {
	case "em":
		return n * within
	case "rem":
		return n * 15
	case "%":
		return n * within / 100
	case "pt":
		return n * 4 / 3
	case "mm":
		return n * 96 / 25.4
	case "cm":
		return n * 96 / 2.54
	case "in":
		return n * 96
	}
	return n
}

// safeData are the picture types that a data: address may hold.
var safeData = regexp.MustCompile(`(?i)^data:image/(png|jpeg|jpg|gif|webp|bmp);base64,[a-z0-9+/=\s]+$`)

// picture shows one of the mail's own, or what stands for one that is not shown.
func (t *tidier) picture(token *html.Token) {
	src, alt, width, height := "", "", "", ""
	kept := token.Attr[:0:0]
	for _, a := range token.Attr {
		switch a.Key {
		case "src":
			src = strings.TrimSpace(a.Val)
			continue
		case "alt":
			alt = strings.TrimSpace(a.Val)
		case "width":
			width = a.Val
		case "height":
			height = a.Val
		case "style":
			for d := range strings.SplitSeq(a.Val, ";") {
				name, value, _ := strings.Cut(d, ":")
				switch name, value = strings.TrimSpace(name), strings.TrimSpace(value); name {
				case "width":
					width = value
				case "height":
					height = value
				case "display":
					if value == "none" {
						width = "0"
					}
				}
			}
		}
		kept = append(kept, a)
	}
	show := func(address string, more ...html.Attribute) {
		token.Attr = append(append([]html.Attribute{{Key: "src", Val: address}}, kept...), more...)
		t.b.WriteString(token.String())
	}
	if own := t.v.Own(reference(src)); src != "" && own != "" {
		show(own)
		return
	}
	if safeData.MatchString(src) {
		show(src)
		return
	}
	address, host := remotePicture(src)
	switch {
	case address != "" && (tiny(width) || tiny(height)):
		t.Trackers++
		return
	case address != "" && t.v.Pictures:
		t.Shown++
		show(address, html.Attribute{Key: "referrerpolicy", Val: "no-referrer"})
		return
	case address != "":
		t.Blocked++
	case tiny(width) || tiny(height):
		return
	}
	says := t.v.Missing(host)
	if alt != "" {
		says = alt + " · " + says
	}
	if len(says) > 200 {
		says = clipRunes(says, 160)
	}
	t.b.WriteString(`<span class="hd-pic">` + html.EscapeString(says) + `</span>`)
	if t.open[atom.A] > 0 && t.link.words.Len() < maxWords {
		t.link.words.WriteString(alt)
	}
}

// reference is what a picture's address says of the mail's own parts.
func reference(src string) string {
	if id, ok := cutFold(src, "cid:"); ok {
		if plain, err := url.PathUnescape(id); err == nil {
			id = plain
		}
		return strings.Trim(id, "<> ")
	}
	return src
}

// tiny reports whether a side of a picture is too short to be seen.
func tiny(side string) bool {
	side = strings.TrimSpace(strings.TrimSuffix(strings.ToLower(side), "px"))
	return side != "" && len(side) < 4 && (side == "0" || side == "1" || side == "2" || side == "3" || strings.HasPrefix(side, "0."))
}
