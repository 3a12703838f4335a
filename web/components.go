package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"

	"helpdeskd/migrations"
	draw "helpdeskd/web/chart"
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

// Picture draws the upright bars.
func (c chart) Picture() template.HTML {
	columns := make([]draw.Column, len(c.Bars))
	for i, b := range c.Bars {
		columns[i] = draw.Column{Word: b.Word, Full: b.Full, N: b.N, Show: b.Show, To: b.To}
	}
	return template.HTML(draw.Columns(c.Title, "", columns)) // which escapes all words
}

// Row draws one lying bar of the chart.
func (c chart) Row(b bar) template.HTML { return template.HTML(draw.Row(b.N, c.Most())) }
