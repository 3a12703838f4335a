package web

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strconv"
	"strings"
	text "text/template"
	"text/template/parse"
	"time"

	"helpdeskd/migrations"
)

// pages are all templates of the site in one set: the components once, and of
// every page its own blocks and the frame around them. A set for each page
// would hold every component as often as there are pages, some 50 MB.
type pages struct {
	all *template.Template
	of  map[string]bool // the pages
	// mark stands before a time that was written while the reader's zone was
	// not known: templates are bound to what they call when they first run, so
	// that one set for all zones writes marks. Nobody can guess it, so that no
	// text of a person's is taken for one.
	mark string
}

// blocks are what the frame asks of a page, and whether a page may leave it
// out: then the frame's own stands there.
var blocks = map[string]bool{"content": false, "title": true, "action": true, "head": true}

// loadPages parses the frame, the components and the pages.
func (s *site) loadPages() (*pages, error) {
	p := &pages{of: map[string]bool{}, mark: "time" + rand.Text() + ":"}
	var err error
	if p.all, err = s.baseTemplates(p.funcs()); err != nil {
		return nil, err
	}
	frame := p.all.Lookup("layout").Tree
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name == "layout" {
			continue
		}
		if err := p.add(s, name, file, frame); err != nil {
			return nil, fmt.Errorf("parse the page %s: %w", name, err)
		}
	}
	return p, nil
}

// add takes a page into the set: its blocks as PAGE/content and so on, the
// frame that shows them as PAGE/layout.
func (p *pages) add(s *site, name, file string, frame *parse.Tree) error {
	source, err := templateFiles.ReadFile(file)
	if err != nil {
		return err
	}
	// text/template only reads; what is written is escaped by the set.
	parsed, err := text.New(file).Funcs(text.FuncMap(s.allFuncs(p.funcs()))).Parse(string(source))
	if err != nil {
		return err
	}
	own := map[string]bool{}
	for _, t := range parsed.Templates() {
		as := t.Name()
		if as == file {
			continue // what stands outside of the blocks: nothing
		}
		if _, isBlock := blocks[as]; isBlock {
			own[as] = true
			as = name + "/" + as
		} else if p.all.Lookup(as) != nil {
			return fmt.Errorf("the template %s is there already", as)
		}
		if _, err := p.all.AddParseTree(as, t.Tree); err != nil {
			return err
		}
	}
	for block, mayLack := range blocks {
		if !own[block] && !mayLack {
			return fmt.Errorf("it has no %s", block)
		}
	}
	around := frame.Copy()
	around.Name = name + "/layout"
	rename(around.Root, func(block string) string {
		if own[block] {
			return name + "/" + block
		}
		return block
	})
	if _, err := p.all.AddParseTree(around.Name, around); err != nil {
		return err
	}
	p.of[name] = true
	return nil
}

// rename has the calls of templates in a tree go elsewhere.
func rename(n parse.Node, to func(string) string) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			rename(child, to)
		}
	case *parse.IfNode:
		rename(n.List, to)
		rename(n.ElseList, to)
	case *parse.RangeNode:
		rename(n.List, to)
		rename(n.ElseList, to)
	case *parse.WithNode:
		rename(n.List, to)
		rename(n.ElseList, to)
	case *parse.TemplateNode:
		n.Name = to(n.Name)
	}
}

// write renders one template of a page for a reader in a zone: "layout" for
// the whole page. It is rendered to memory, so that a failure never leaves
// half a page behind.
func (p *pages) write(f face, page, name string, data any) ([]byte, error) {
	if !p.of[page] {
		return nil, fmt.Errorf("there is no page %q", page)
	}
	if _, isBlock := blocks[name]; isBlock || name == "layout" {
		name = page + "/" + name
	}
	var b bytes.Buffer
	if err := p.all.ExecuteTemplate(&b, name, data); err != nil {
		return nil, err
	}
	return p.tell(f, b.Bytes()), nil
}

// The times that a template may write, by the letter of their mark.
const (
	markWhen = 'w'
	markAge  = 'a'
	markAt   = 't'
	markDue  = 'd'
	markDay  = 'D'
)

// funcs are what templates call to write times.
func (p *pages) funcs() template.FuncMap {
	stand := func(kind byte) func(v any) template.HTML {
		return func(v any) template.HTML {
			t := instant(v)
			if t.IsZero() {
				return ""
			}
			return template.HTML(p.mark + string(kind) + strconv.FormatInt(t.UnixMicro(), 10) + ";")
		}
	}
	return template.FuncMap{"when": stand(markWhen), "age": stand(markAge), "at": stand(markAt), "due": stand(markDue), "dueDay": stand(markDay)}
}

// tell writes the times for their marks.
func (p *pages) tell(f face, page []byte) []byte {
	mark := []byte(p.mark)
	if !bytes.Contains(page, mark) {
		return page
	}
	out := make([]byte, 0, len(page)+len(page)/8)
	for {
		i := bytes.Index(page, mark)
		if i < 0 {
			return append(out, page...)
		}
		out = append(out, page[:i]...)
		page = page[i+len(mark):]
		end := bytes.IndexByte(page, ';')
		if end < 2 {
			continue
		}
		if micros, err := strconv.ParseInt(string(page[1:end]), 10, 64); err == nil {
			out = append(out, f.by(page[0], migrations.At(time.UnixMicro(micros)))...)
		}
		page = page[end+1:]
	}
}

// by writes a time as its mark's letter says.
func (f face) by(kind byte, at migrations.Stamp) template.HTML {
	switch kind {
	case markAge:
		return f.age(at)
	case markAt:
		return f.at(at)
	case markDue, markDay:
		return f.due(at.Time(), kind == markDay)
	}
	return f.when(at)
}
