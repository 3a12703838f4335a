// Package htmltext reads the HTML of a mail into lines: enough structure to
// render it as text, to tell quoted blocks from new words, and to find the
// questions and answers of a form mail. It works on the token stream, never
// on a tree, so that time and memory are linear in the input whatever its
// nesting. It is pure and never fails.
package htmltext

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Span is a run of text in one style.
type Span struct {
	Text  string
	Bold  bool // b, strong, th, h1 to h6
	Under bool // u
	Href  string
}

// Line is one line as a reader would see it.
type Line struct {
	Spans   []Span
	Para    int    // lines of one paragraph share a number
	Block   string // the innermost block: p, li, td, th, h1 to h6, div, pre
	Table   int    // 0 outside of tables
	Row     int
	Col     int
	Depth   int  // plain blockquotes around it
	Quoted  bool // inside a container that mail programs put around what they quote
	CutHere bool // a mail program's mark: everything from here on is quoted
	Rule    bool // a horizontal rule stands before it
	Gap     bool // a paragraph break stands before it
	Forward bool // the container it stands in was made by forwarding
}

// Text is the line's text.
func (l Line) Text() string {
	if len(l.Spans) == 1 {
		return l.Spans[0].Text
	}
	var b strings.Builder
	for _, s := range l.Spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Doc is what was read.
type Doc struct {
	Lines []Line
	CIDs  []string // Content-IDs that images refer to
	Cut   bool     // the text was longer than allowed
}

const (
	maxLines = 100_000
	maxStack = 256
	maxSpans = 400_000
)

// Parse reads at most max bytes of text out of an HTML document.
func Parse(src string, max int) *Doc {
	r := reader{max: max, doc: &Doc{}}
	z := html.NewTokenizer(strings.NewReader(src))
	z.SetMaxBuf(0)
	for !r.doc.Cut {
		switch z.Next() {
		case html.ErrorToken:
			r.breakLine()
			return r.doc
		case html.TextToken:
			r.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			r.start(z)
		case html.EndTagToken:
			name, _ := z.TagName()
			r.end(atom.Lookup(name))
		}
	}
	r.breakLine()
	return r.doc
}

// frame is an open element that matters.
type frame struct {
	tag    atom.Atom
	block  string
	quoted bool
	depth  bool
	href   string
}

type reader struct {
	doc   *Doc
	max   int
	size  int
	spans int
	stack []frame

	line    Line
	buf     strings.Builder // the span being built
	style   Span
	bold    int
	under   int
	pre     int
	skip    atom.Atom // inside an element whose text is not shown
	quoted  int
	depth   int
	para    int
	cut     bool
	rule    bool
	gap     bool
	space   bool // a collapsed blank waits
	tables  []cell
	tableNo int
}

// cell is the position in one open table.
type cell struct{ table, row, col int }

func (r *reader) text(s string) {
	if r.skip != 0 {
		return
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' {
			if r.pre > 0 {
				switch c {
				case '\n':
					r.breakLine()
				case '\r':
				default:
					r.put(string(c))
				}
			} else {
				r.space = true
			}
			i++
			continue
		}
		j := i + 1
		for j < len(s) && s[j] != ' ' && s[j] != '\n' && s[j] != '\t' && s[j] != '\r' && s[j] != '\f' {
			j++
		}
		if r.space {
			if r.buf.Len() > 0 || len(r.line.Spans) > 0 {
				r.put(" ")
			}
			r.space = false
		}
		r.put(s[i:j])
		i = j
	}
}

func (r *reader) put(s string) {
	if strings.IndexByte(s, 0xc2) >= 0 {
		s = strings.ReplaceAll(s, "\u00a0", " ")
	}
	if r.size+len(s) > r.max {
		r.doc.Cut = true
		return
	}
	r.size += len(s)
	r.buf.WriteString(s)
}

// endSpan closes the run of text before a change of style.
func (r *reader) endSpan() {
	if r.buf.Len() == 0 {
		return
	}
	sp := r.style
	sp.Text = r.buf.String()
	sp.Bold, sp.Under = r.bold > 0, r.under > 0
	r.buf.Reset()
	if r.spans++; r.spans > maxSpans {
		r.doc.Cut = true
		return
	}
	r.line.Spans = append(r.line.Spans, sp)
}

// breakLine ends the current line; an empty one is not kept but remembered
// as a gap.
func (r *reader) breakLine() {
	r.endSpan()
	r.space = false
	if len(r.line.Spans) == 0 {
		return
	}
	l := r.line
	r.line = Line{}
	l.Para, l.Depth, l.Quoted = r.para, r.depth, r.quoted > 0
	l.Block = r.block()
	if n := len(r.tables); n > 0 {
		t := r.tables[n-1]
		l.Table, l.Row, l.Col = t.table, t.row, t.col
	}
	l.CutHere, l.Rule, l.Gap = r.cut, r.rule, r.gap
	r.cut, r.rule, r.gap = false, false, false
	if len(r.doc.Lines) >= maxLines {
		r.doc.Cut = true
		return
	}
	r.doc.Lines = append(r.doc.Lines, l)
}

func (r *reader) block() string {
	for i := len(r.stack) - 1; i >= 0; i-- {
		if r.stack[i].block != "" {
			return r.stack[i].block
		}
	}
	return ""
}

func (r *reader) start(z *html.Tokenizer) {
	name, more := z.TagName()
	tag := atom.Lookup(name)
	var a attrs
	if more {
		a = readAttrs(z)
	}
	if r.skip != 0 {
		return
	}
	switch tag {
	case atom.Script, atom.Style, atom.Title, atom.Noscript, atom.Template, atom.Textarea, atom.Select:
		r.skip = tag
		return
	case atom.Br:
		empty := r.buf.Len() == 0 && len(r.line.Spans) == 0
		r.breakLine()
		if empty {
			r.gap = true
		}
		return
	case atom.Hr:
		r.breakLine()
		r.rule, r.gap = true, true
		if a.id == "stopspelling" || a.id == "zwchr" || a.zimbra {
			r.cut = true
		}
		return
	case atom.Img:
		if cid, ok := strings.CutPrefix(a.src, "cid:"); ok && len(r.doc.CIDs) < 500 {
			r.doc.CIDs = append(r.doc.CIDs, cid)
		}
		return
	case atom.Meta, atom.Link, atom.Input, atom.Base, atom.Wbr, atom.Col, 0:
		return
	}
	r.open(tag, a)
}

// open enters an element that is not void.
func (r *reader) open(tag atom.Atom, a attrs) {
	f := frame{tag: tag}
	switch tag {
	case atom.B, atom.Strong:
		r.endSpan()
		r.bold++
	case atom.U:
		r.endSpan()
		r.under++
	case atom.A:
		r.endSpan()
		f.href = r.style.Href
		r.style.Href = a.href
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.newBlock(true)
		r.bold++
		f.block = tag.String()
	case atom.P:
		r.newBlock(!a.tight)
		f.block = "p"
	case atom.Ul, atom.Ol, atom.Dl:
		r.newBlock(true)
	case atom.Li, atom.Dt, atom.Dd:
		r.newBlock(false)
		f.block = "li"
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center, atom.Address, atom.Form, atom.Fieldset, atom.Body, atom.Main, atom.Aside, atom.Nav, atom.Figure:
		r.newBlock(false)
		f.block = "div"
	case atom.Pre:
		r.newBlock(true)
		r.pre++
		f.block = "pre"
	case atom.Blockquote:
		r.newBlock(true)
		if a.gmail {
			a.quote = false // Gmail's indented passage: written by the author
		} else if !a.quote {
			r.depth++
			f.depth = true
		}
	case atom.Table:
		r.newBlock(true)
		r.tableNo++
		if len(r.tables) < maxStack {
			r.tables = append(r.tables, cell{table: r.tableNo})
		}
	case atom.Tr:
		r.newBlock(false)
		if n := len(r.tables); n > 0 {
			r.tables[n-1].row++
			r.tables[n-1].col = 0
		}
	case atom.Td, atom.Th:
		r.newBlock(false)
		if n := len(r.tables); n > 0 {
			r.tables[n-1].col++
		}
		f.block = tag.String()
		if tag == atom.Th {
			r.bold++
		}
	}
	if a.cutHere {
		r.breakLine()
		r.cut = true
	}
	if a.quote {
		r.breakLine()
		f.quoted = true
		r.quoted++
	}
	if len(r.stack) >= maxStack {
		r.undo(f)
		return
	}
	r.stack = append(r.stack, f)
}

func (r *reader) newBlock(gap bool) {
	r.breakLine()
	r.para++
	if gap {
		r.gap = true
	}
}

// end closes an element, and what was left open inside it.
func (r *reader) end(tag atom.Atom) {
	if r.skip != 0 {
		if tag == r.skip {
			r.skip = 0
		}
		return
	}
	if tag == 0 {
		return
	}
	for i := len(r.stack) - 1; i >= 0 && i >= len(r.stack)-64; i-- {
		if r.stack[i].tag != tag {
			continue
		}
		for j := len(r.stack) - 1; j >= i; j-- {
			f := r.stack[j]
			if f.block != "" || f.quoted || f.depth || f.tag == atom.Ul || f.tag == atom.Ol {
				r.breakLine()
			}
			r.stack = r.stack[:j]
			r.undo(f)
		}
		switch tag {
		case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table, atom.Blockquote, atom.Pre:
			r.gap = r.gap || tag != atom.P
			r.para++
		case atom.Div, atom.Td, atom.Th, atom.Li, atom.Tr:
			r.para++
		}
		return
	}
}

// undo takes back what opening the element changed.
func (r *reader) undo(f frame) {
	switch f.tag {
	case atom.B, atom.Strong, atom.Th, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		r.endSpan()
		r.bold--
	case atom.U:
		r.endSpan()
		r.under--
	case atom.A:
		r.endSpan()
		r.style.Href = f.href
	case atom.Pre:
		r.pre--
	case atom.Table:
		r.breakLine()
		if n := len(r.tables); n > 0 {
			r.tables = r.tables[:n-1]
		}
	}
	if f.quoted {
		r.quoted--
	}
	if f.depth {
		r.depth--
	}
}
