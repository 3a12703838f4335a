package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"helpdeskd/migrations"
)

// What the shared templates in templates/parts/forms.html and
// templates/parts/shared.html take. /styleguide shows each of them.

// choice is one entry of a select or of radio buttons.
type choice struct {
	Value, Word string
	Group       string // entries of one group stand under its name
}

// problems are what was wrong with a form, by the name of the field; "" is
// what concerns the form as a whole. A nil map has none.
type problems map[string]string

// add puts what is for a person to mend at the field that it names, or at the
// whole form. Other errors are returned.
func (p *problems) add(err error) error {
	if migrations.KindOf(err) != migrations.Invalid || migrations.SafeMessage(err) == "" {
		return err
	}
	p.put(err)
	return nil
}

// put puts an error's message at its field, whatever its kind.
func (p *problems) put(err error) {
	if *p == nil {
		*p = problems{}
	}
	(*p)[migrations.FieldOf(err)] = migrations.SafeMessage(err)
}

// Any reports whether anything is wrong.
func (p problems) Any() bool { return len(p) > 0 }

// tab is one of a page's views, a link each.
type tab struct {
	Word, To, Icon string
	On             bool
	N              string // a count behind the word, "" for none
}

// fact is a line of a list of facts: what it is called, and what it is.
type fact struct {
	Word, Value string
	To          string // makes a link of it
	When        any    // a time, instead of a value
	Note        string // in small letters behind it
}

// stat is a number that stands by itself, with the words under it.
type stat struct {
	Word, N string
	To      string // makes a link of it
	Tone    string // good, bad, or ""
	On      bool
}

// moment is an entry of a life line.
type moment struct {
	At    any    // the time
	Icon  string // of the kind of thing that happened
	Words string // a sentence: who did what
	To    string // where it leads, "" for nowhere
	Link  string // the words of that link; the whole sentence is one where ""
	Note  string // what somebody wrote, shown below as text
	Tone  string // good, bad, move, or ""
}

// undo is what the flash of a change offers to take it back: a form.
type undo struct {
	Word   string
	Action string
	Fields url.Values
}

// flashUndo has the next page say something once, with a button that posts
// fields to action to take it back.
func (s *site) flashUndo(r *http.Request, action string, fields url.Values, key string, args ...any) {
	s.flash(r, key, args...)
	b, err := json.Marshal(undo{Word: s.words.say("flash.undo"), Action: action, Fields: fields})
	if err == nil { // strings always encode
		s.sessions.Put(r.Context(), "flash.undo", string(b))
	}
}

// undoOf reads what flashUndo left, nil for nothing.
func undoOf(kept string) *undo {
	if kept == "" {
		return nil
	}
	u := &undo{}
	if json.Unmarshal([]byte(kept), u) != nil {
		return nil
	}
	return u
}

// bar is one column of a small chart.
type bar struct {
	Word string // below it, short
	Full string // in its place in the table that stands for the chart
	N    int64
	Show string // the number in words, with its unit; N where ""
	To   string // where a click on its row in the table leads
}

// chart is a small picture of a few numbers. It has one colour, and a table
// with the same numbers for whoever cannot see it.
type chart struct {
	Title string
	What  string // what a number counts, the head of its column in the table
	Bars  []bar
	Lying bool // bars lie one under the other, for long words
}

// Most is the largest number.
func (c chart) Most() int64 {
	var most int64
	for _, b := range c.Bars {
		most = max(most, b.N)
	}
	return most
}

// shown is a bar's number in words.
func (b bar) shown() string {
	if b.Show != "" {
		return b.Show
	}
	return fmt.Sprint(b.N)
}

// Shown is a bar's number in words, for templates.
func (b bar) Shown() string { return b.shown() }

// picture draws the upright bars, 100 units high, as an SVG without styles of
// its own: the Content-Security-Policy allows none.
func (c chart) Picture() template.HTML {
	const high, wide, gap = 96, 22, 10
	most := max(c.Most(), 1)
	var b strings.Builder
	total := len(c.Bars)*(wide+gap) - gap
	fmt.Fprintf(&b, `<svg class="bars" viewBox="0 0 %d %d" preserveAspectRatio="xMinYMax meet" aria-hidden="true" focusable="false">`, max(total, 1), high+34)
	for i, x := range c.Bars {
		h := int(x.N * high / most)
		if x.N > 0 {
			h = max(h, 2)
		}
		left := i * (wide + gap)
		fmt.Fprintf(&b, `<rect class="bar" x="%d" y="%d" width="%d" height="%d" rx="2"><title>%s: %s</title></rect>`, left, 16+high-h, wide, h, template.HTMLEscapeString(x.Full), template.HTMLEscapeString(x.shown()))
		if x.N > 0 {
			fmt.Fprintf(&b, `<text class="n" x="%d" y="%d">%s</text>`, left+wide/2, 12+high-h, template.HTMLEscapeString(x.shown()))
		}
		fmt.Fprintf(&b, `<text class="w" x="%d" y="%d">%s</text>`, left+wide/2, high+31, template.HTMLEscapeString(x.Word))
	}
	fmt.Fprintf(&b, `<rect class="ground" x="0" y="%d" width="%d" height="1"/></svg>`, 16+high, max(total, 1))
	return template.HTML(b.String())
}
