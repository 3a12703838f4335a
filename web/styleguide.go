package web

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"helpdeskd/migrations"
)

// specimen is one component on the style guide: its template call, which is
// what the page renders, so that text and sample can not differ.
type specimen struct {
	Name, When string
	Calls      []sample
}

// sample is one state of a component.
type sample struct {
	Call  string
	Shown template.HTML
}

// styleguideView is the page of the components. It speaks to whoever builds
// pages, so that its words stand here and not in the catalogue.
type styleguideView struct {
	Colours []colourSet
	Type    []typeSize
	Parts   []specimen
}

type colourSet struct {
	Name, Use string
	Tokens    []string // names of the custom properties, without the dashes
}

type typeSize struct{ Class, Name, Use string }

// styleguide shows every shared component in all its states. Only the demo
// and development have it.
func (s *site) styleguide(w http.ResponseWriter, r *http.Request) error {
	if !s.opts.Styleguide {
		return errNowhere
	}
	v := styleguideView{
		Colours: []colourSet{
			{"Ground", "Pages, panels, menus, and what is set back.", []string{"bg", "surface", "raised", "sunk"}},
			{"Lines", "Between rows; around buttons; around fields, which need 3:1.", []string{"line", "line-strong", "field"}},
			{"Words", "Text, what matters less, and icons only.", []string{"text", "muted", "faint"}},
			{"Accent", "The one colour: links, the main button, where one is.", []string{"accent", "accent-text", "accent-soft"}},
			{"Meaning", "Red only for what stops somebody's work, green only for done.", []string{"red", "red-soft", "orange", "amber", "green", "green-soft"}},
			{"Conversation", "Notes on paper yellow, our own replies tinted, mails on paper.", []string{"note", "own", "paper"}},
		},
		Type: []typeSize{
			{"sg-t1", "22 px, 600", "What the page is about: a ticket's subject."},
			{"sg-t2", "18 px, 600", "The title in the bar above."},
			{"sg-t3", "16 px, 600", "The head of a panel."},
			{"sg-t4", "14.5 px", "Text on a desk; 16 px on a phone. At most 80 characters a line."},
			{"sg-t5", "14 px", "Rows of lists, buttons, facts."},
			{"sg-t6", "13 px", "Hints, marks, times, counts."},
		},
	}
	data := s.sampleData()
	base, err := s.baseTemplates(s.pages.funcs())
	if err != nil {
		return err
	}
	for _, part := range specimens() {
		shown := specimen{Name: part.name, When: part.when}
		for _, call := range part.calls {
			html, err := renderSample(base, call, data)
			if err != nil {
				return fmt.Errorf("the sample %q: %w", part.name, err)
			}
			shown.Calls = append(shown.Calls, sample{Call: call, Shown: html})
		}
		v.Parts = append(v.Parts, shown)
	}
	return s.render(w, r, http.StatusOK, "styleguide", view{Title: s.words.say("styleguide.title"), Section: "styleguide", Data: v})
}

// renderSample runs a component's call as a template of its own.
func renderSample(base *template.Template, call string, data any) (template.HTML, error) {
	all, err := base.Clone()
	if err != nil {
		return "", err
	}
	t, err := all.New("sample").Parse(call)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = t.Execute(&b, data)
	return template.HTML(b.String()), err
}

// sampleData is what the calls take.
func (s *site) sampleData() map[string]any {
	now := s.store.Now()
	at := func(ago time.Duration) migrations.Stamp { return migrations.At(now.Add(-ago)) }
	const day = 24 * time.Hour
	months := chart{Title: "Requests by month", What: "Requests"}
	for i, n := range []int64{4, 7, 3, 0, 9, 12, 5, 6, 2, 8, 11, 7} {
		m := s.words.say(fmt.Sprintf("month.short.%d", i+1))
		months.Bars = append(months.Bars, bar{Word: m[:1], Full: s.words.say(fmt.Sprintf("month.%d", i+1)), N: n})
	}
	return map[string]any{
		"Options":  []choice{{Value: "1", Word: "Head office"}, {Value: "2", Word: "Warehouse"}},
		"Problems": problems{"sg-serial": "Another ThinkPad T14 has this serial.", "sg-count": "Please give a number of 0 or more."},
		"Tabs":     []tab{{Word: "Details", To: "#tabs", On: true}, {Word: "Repairs", To: "#tabs", N: "3"}, {Word: "Files", To: "#tabs"}},
		"Facts": []fact{{Word: "Serial", Value: "PF3K001"}, {Word: "Held by", Value: "Anna Berg", To: "#facts"}, {Word: "Since", When: at(3 * day)},
			{Word: "Value", Value: "€ 1,299.00", Note: "estimated"}, {Word: "Left out"}},
		"Stats": []stat{{Word: "on hand", N: "12", To: "#stats", On: true}, {Word: "deployed", N: "148", To: "#stats"}, {Word: "overdue", N: "2", Tone: "bad"}},
		"Life": []moment{
			{At: at(2 * time.Hour), Icon: "tool", Words: "Tomas Rehak sent it to repair.", To: "#timeline", Link: "WO-12", Note: "The touchpad lifts.", Tone: "bad"},
			{At: at(90 * day), Icon: "arrow-up-circle", Words: "Ines Holm deployed it to Anna Berg.", Tone: "move"},
			{At: at(400 * day), Icon: "plus", Words: "Ines Holm registered it.", Tone: "good"}},
		"Months": months,
		"Kinds": chart{Title: "Requests by category", What: "Requests", Lying: true, Bars: []bar{{Full: "Accounts and access", N: 18}, {Full: "Computer", N: 11, To: "#chart"},
			{Full: "Printing", N: 2}}},
		"Priority": map[string]any{"Level": int64(2), "Star": false, "TriagedAt": at(0)},
		"Stars":    map[string]any{"Level": int64(3), "Star": true, "TriagedAt": at(0)},
		"Flashed":  map[string]any{"Flash": "3 tickets are completed.", "Undo": &undo{Word: s.words.say("flash.undo"), Action: "/styleguide", Fields: nil}},
		"Plain":    map[string]any{"Flash": "Saved.", "Undo": (*undo)(nil)},
		"Now":      at(5 * time.Minute),
	}
}

type specimenText struct {
	name, when string
	calls      []string
}

// specimens are the components, in the order of the page.
func specimens() []specimenText {
	return []specimenText{
		{"Button", "A verb. One main button a page, at its top right or at the end of its form. Danger for what cannot be taken back, quiet for what is seldom needed.",
			[]string{`<button class="btn btn-primary">{{icon "send"}}Send to Anna</button> <button class="btn">Save</button> <button class="btn btn-quiet">Only write it down</button> <button class="btn btn-danger">{{icon "trash"}}Discard</button> <button class="btn btn-sm">Small</button> <button class="btn" disabled>Not now</button>`}},
		{"Chip", "A filter that is a link; pressed, it is on, and a cross takes it away.",
			[]string{`<div class="chips"><a class="chip" href="#chip">Mine</a><a class="chip" href="#chip" aria-current="true">Unread</a><a class="chip on" href="#chip" title="Remove this filter">In progress{{icon "x"}}</a></div>`}},
		{"Tag", "A word beside a name, only when it says something.",
			[]string{`{{template "tag" (pack "word" "12 pieces")}} {{template "tag" (pack "word" "Unread" "tone" "news" "icon" "message-dots")}} {{template "tag" (pack "word" "Under warranty" "tone" "good")}} {{template "tag" (pack "word" "Ends in 9 days" "tone" "warn")}} {{template "tag" (pack "word" "Overdue" "tone" "bad" "icon" "alert-triangle")}}`}},
		{"Stage, priority, state", "Where something stands. The mark differs by shape, and the word always stands beside it.",
			[]string{`{{template "stage" "requested"}} {{template "stage" "in_progress"}} {{template "stage" "confirming"}} {{template "stage" "completed"}} {{template "stage" "dropped"}}`,
				`{{template "prio" .Priority}} {{template "prio" .Stars}}`,
				`{{template "state" (pack "word" "Stowed" "tone" "wait")}} {{template "state" (pack "word" "In progress" "tone" "work")}} {{template "state" (pack "word" "Deployed" "tone" "ask")}} {{template "state" (pack "word" "Done" "tone" "good")}} {{template "state" (pack "word" "Retired" "tone" "off")}} {{template "state" (pack "word" "Broken" "tone" "bad")}}`}},
		{"People", "A disc with initials, steady in its colour; alone only where the name stands near.",
			[]string{`{{template "disc" "Anna Berg"}} {{template "disc" "Tomas Rehak"}}`}},
		{"Field", "Every input of every form: label, hint and error are tied together. What was typed comes back with the error at its field.",
			[]string{`{{template "field" (pack "name" "sg-tag" "label" "Tag" "value" "LT-0417" "hint" "Left empty, the next free one is drawn." "mono" true)}}`,
				`{{template "field" (pack "name" "sg-serial" "label" "Serial number" "value" "PF3K001" "required" true "error" (index .Problems "sg-serial"))}}`,
				`<div class="trio">{{template "field" (pack "name" "sg-cost" "label" "Cost" "mode" "decimal" "value" "1299.00" "unit" "EUR")}}{{template "field" (pack "name" "sg-on" "label" "Bought on" "type" "date" "optional" true)}}{{template "field" (pack "name" "sg-count" "label" "Pieces" "type" "number" "min" 0 "value" "-4" "error" (index .Problems "sg-count"))}}</div>`,
				`{{template "field" (pack "name" "sg-place" "label" "Place" "options" .Options "value" 2 "none" "Nowhere yet")}}`,
				`{{template "field" (pack "name" "sg-why" "label" "Why" "rows" 3 "value" "The touchpad lifts.")}}`,
				`{{template "field" (pack "name" "sg-fixed" "label" "Mailbox" "value" "helpdesk@company.example" "readonly" true "hint" "The configuration file names it.")}}`}},
		{"Boxes to tick", "A yes or no; one of a few.",
			[]string{`{{template "check" (pack "name" "sg-take" "label" "Take it myself" "on" true "hint" "It begins at once.")}}`,
				`{{template "radios" (pack "name" "sg-notify" "label" "Mails to you" "options" .Options "value" "1")}}`}},
		{"Picker", "To name a person, place, ticket, asset or repair: finds as one types, and takes an address, number or tag without JavaScript.",
			[]string{`{{template "picker" (pack "name" "sg-holder" "label" "Who has it" "kind" "person" "placeholder" "A name or an address")}}`,
				`{{template "picker" (pack "name" "sg-chosen" "label" "Chosen" "kind" "person" "value" 1 "text" "Anna Berg")}}`,
				`{{template "picker" (pack "name" "sg-wrong" "label" "Not found" "kind" "person" "text" "Ana" "error" "Nothing is found for “Ana”.")}}`}},
		{"What went wrong", "Above a form: what was wrong, with a way to each field. It takes the focus. A single sentence where no field is to blame.",
			[]string{`{{template "problems" .Problems}}`, `{{template "problem" "Somebody else changed this meanwhile."}}`}},
		{"Flash", "What the last change came to, once, at the top of the next page; with a way back where there is one.",
			[]string{`{{template "flash" .Plain}}`, `{{template "flash" .Flashed}}`}},
		{"Confirmation", "Before what cannot be taken back: the button opens a question in its place, never a window over the page.",
			[]string{`{{template "confirm" (pack "do" "Dispose of it" "ask" "LT-0417 leaves the inventory for good; its history stays." "sure" "Yes, dispose of it" "action" "/styleguide" "icon" "trash" "fields" (pack "version" 3))}}`}},
		{"Menu", "A few actions that belong together. Escape and a click elsewhere close it.",
			[]string{`<details class="menu prop"><summary title="Stage"><span class="visually-hidden">Stage: </span>{{template "stage" "requested"}}{{icon "chevron-down"}}</summary><div class="sheet"><button>{{template "stage" "in_progress"}}</button><button>{{template "stage" "dropped"}}</button></div></details>`}},
		{"Panel and facts", "What belongs together on one ground; what is known, in two columns. A line without a value is left out.",
			[]string{`<section class="panel"><h2>Facts</h2><div class="in">{{template "facts" .Facts}}</div></section>`}},
		{"Numbers", "Counts that one may want to press.", []string{`{{template "stats" .Stats}}`}},
		{"Tabs", "Views of one page, each an address of its own.", []string{`{{template "tabs" (pack "label" "Views" "tabs" .Tabs)}}`}},
		{"Switch", "Two or three ways to show the same, beside what is shown.", []string{`{{template "switch" (pack "label" "How it is shown" "tabs" .Tabs)}}`}},
		{"List", "Dense rows; the name is the link and takes what room is left. Below 1200 px a row becomes two lines.",
			[]string{`<div class="list-wrap"><table class="list"><thead><tr><th>Subject</th><th>Person</th><th>Stage</th><th class="num">Age</th></tr></thead><tbody><tr><td class="main-cell"><div><a href="#list">Cannot reach the accounting database</a></div></td><td class="clip">Hana Sato</td><td>{{template "stage" "in_progress"}}</td><td class="num muted old">{{age .Now}}</td></tr><tr><td class="main-cell"><div><a href="#list">New headset for the front desk</a></div></td><td class="clip">Oskar Nilsen</td><td>{{template "stage" "completed"}}</td><td class="num muted old">{{age .Now}}</td></tr></tbody></table></div>{{template "pages" (pack "Back" "#list" "Next" "#list" "First" "#list" "N" 2)}}`}},
		{"Life line", "What happened to a thing or a ticket, the newest first.", []string{`{{template "timeline" .Life}}`}},
		{"Charts", "One colour, few numbers, and the same numbers as words.", []string{`{{template "chart" .Months}}`, `{{template "chart" .Kinds}}`}},
		{"Nothing here", "What would be here, and how to get it here.", []string{`<div class="panel">{{template "empty" (pack "icon" "package" "title" "No assets yet" "text" "Register the first one, or read a CSV file of what you have." "to" "#nothing" "do" "Register an asset")}}</div>`}},
		{"Times", "Relative near, absolute far; the exact time with its zone on hover.", []string{`{{when .Now}} · {{age .Now}}`}},
	}
}
