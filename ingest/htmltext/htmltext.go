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
	Bold  bool // b, strong, th, h1 to h6, or so by its style
	Under bool // u
	Href  string
}

// Line is one line as a reader would see it.
type Line struct {
	Spans   []Span
	Para    int    // lines of one paragraph share a number
	Mark    string // the number of the list item that begins here
	Block   string // the innermost block: p, li, td, th, h1 to h6, div, pre
	Table   int    // 0 outside of tables
	Row     int
	Col     int
	Depth   int  // plain blockquotes around it
	Quoted  bool // inside a container that mail programs put around what they quote
	CutHere bool // a mail program's mark: everything from here on is quoted
	Rule    bool // a horizontal rule stands before it
	Gap     bool // a paragraph break stands before it
	Loose   bool // Quoted only by Gmail's container, which also holds answers between the passages
	InGmail bool // in a blockquote inside of Gmail's container
	Code    bool // inside a pre element
	// Signature says that a mail program marked it as the author's signature.
	Signature bool
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

// Parse reads at most max bytes of text out of an HTML document. What its
// author made invisible (the preview line of newsletters and of our own mails)
// is left out, unless there is nothing else.
func Parse(src string, max int) *Doc {
	doc, hidden := parse(src, max, false)
	if hidden && len(doc.Lines) == 0 {
		doc, _ = parse(src, max, true)
	}
	return doc
}

// parse also says whether it left hidden text out.
func parse(src string, max int, all bool) (*Doc, bool) {
	r := reader{max: max, doc: &Doc{}, all: all}
	z := html.NewTokenizer(strings.NewReader(src))
	z.SetMaxBuf(0)
	for !r.doc.Cut {
		switch z.Next() {
		case html.ErrorToken:
			r.breakLine()
			return r.doc, r.left
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
	return r.doc, r.left
}

// frame is an open element that matters.
type frame struct {
	tag    atom.Atom
	block  string
	quoted bool
	loose  bool // Gmail's container
	sign   bool
	depth  bool
	hidden bool
	bold   bool // by its style
	href   string
	list   bool
}

type reader struct {
	doc   *Doc
	all   bool // hidden text too
	left  bool // hidden text was left out
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
	loose   int
	sign    int
	below   bool // Apple Mail's mark above its signature has been passed
	hidden  int
	depth   int
	para    int
	cut     bool
	rule    bool
	gap     bool
	space   bool // a collapsed blank waits
	tables  []cell
	lists   []int // the last number of each open list, -1 for bullets
	mark    string
	tableNo int
}

// cell is the position in one open table.
type cell struct{ table, row, col int }

func (r *reader) text(s string) {
	if r.skip != 0 {
		return
	}
	if r.hidden > 0 && !r.all {
		r.left = true
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
	l.Para, l.Depth, l.Quoted = r.para, r.depth, r.quoted > 0 || r.loose > 0
	l.Loose, l.InGmail = r.quoted == 0 && r.loose > 0, r.quoted > 0 && r.loose > 0
	l.Signature, l.Code = r.sign > 0 || r.below, r.pre > 0
	l.Block = r.block()
	if n := len(r.tables); n > 0 {
		t := r.tables[n-1]
		l.Table, l.Row, l.Col = t.table, t.row, t.col
	}
	l.Mark, r.mark = r.mark, ""
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
