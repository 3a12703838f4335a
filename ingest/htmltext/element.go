package htmltext

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

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
		if a.id == "linebreakatbeginningofsignature" {
			r.below = true
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
		r.text(a.altText())
		return
	case atom.Meta, atom.Link, atom.Input, atom.Base, atom.Wbr, atom.Col, 0:
		return
	}
	r.open(tag, a)
}

// open enters an element that is not void.
func (r *reader) open(tag atom.Atom, a attrs) {
	f := frame{tag: tag}
	if a.hidden && (tag == atom.Div || tag == atom.Span) {
		// Only elements that nothing but their end tag closes: a hidden p
		// without one would take the rest of the mail along.
		r.endSpan()
		f.hidden = true
		r.hidden++
	}
	if a.bold && (tag == atom.Span || tag == atom.Font) {
		r.endSpan()
		f.bold = true
		r.bold++
	}
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
	case atom.Ul, atom.Ol:
		r.newBlock(true)
		last := -1
		if tag == atom.Ol {
			last = max(a.start-1, 0)
		}
		r.lists = append(r.lists, last)
		f.list = true
	case atom.Dl:
		r.newBlock(true)
	case atom.Li:
		r.newBlock(false)
		f.block = "li"
		r.item()
	case atom.Dt, atom.Dd:
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
		if a.gmail && r.loose == 0 {
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
	r.below = r.below && !a.quote
	switch {
	case a.quote && a.gmail && tag != atom.Blockquote:
		r.breakLine()
		f.loose = true
		r.loose++
	case a.quote:
		r.breakLine()
		f.quoted = true
		r.quoted++
	case a.sign:
		r.breakLine()
		f.sign = true
		r.sign++
	}
	if len(r.stack) >= maxStack {
		r.undo(f)
		return
	}
	r.stack = append(r.stack, f)
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
			if f.block != "" || f.quoted || f.loose || f.sign || f.depth || f.tag == atom.Ul || f.tag == atom.Ol {
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
	if n := len(r.lists); f.list && n > 0 {
		r.lists = r.lists[:n-1]
		r.mark = ""
	}
	if f.bold {
		r.endSpan()
		r.bold--
	}
	if f.hidden {
		r.endSpan()
		r.hidden--
	}
	if f.quoted {
		r.quoted--
	}
	if f.loose {
		r.loose--
	}
	if f.sign {
		r.sign--
	}
	if f.depth {
		r.depth--
	}
}

func (r *reader) newBlock(gap bool) {
	r.breakLine()
	r.para++
	if gap {
		r.gap = true
	}
}

// item begins a list item. Its number is something to refer to, a bullet is
// not.
func (r *reader) item() {
	r.mark = ""
	if n := len(r.lists); n > 0 && r.lists[n-1] >= 0 {
		r.lists[n-1]++
		r.mark = strconv.Itoa(r.lists[n-1]) + ". "
	}
}
