package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"helpdeskd/migrations"
	"helpdeskd/migrations/dbtest"
)

// part renders a template text with the components.
func part(t *testing.T, s *site, text string, data any) string {
	t.Helper()
	base, err := s.baseTemplates((&pages{}).funcs())
	if err != nil {
		t.Fatal(err)
	}
	page, err := template.Must(base.Clone()).New("part").Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// bareSite is a site for its templates only.
func bareSite(t *testing.T, w *world) *site {
	t.Helper()
	s := &site{store: w.Store, things: w.things}
	var err error
	if s.words, err = loadWords("en"); err != nil {
		t.Fatal(err)
	}
	if s.assets, err = loadAssets(); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFieldsAreTied: a field's label, hint and error belong to it for whoever
// cannot see where they stand.
func TestFieldsAreTied(t *testing.T) {
	s := bareSite(t, newWorld(t, dbtest.Open(t, migrations.SQLite)))
	for name, c := range map[string]struct {
		text  string
		wants []string
		lacks []string
	}{
		"plain":    {`{{template "field" (pack "name" "serial" "label" "Serial" "value" "<A&B>")}}`, []string{`for="serial"`, `id="serial"`, `name="serial"`, `value="&lt;A&amp;B&gt;"`, `type="text"`}, []string{"aria-describedby", "aria-invalid", "required"}},
		"hint":     {`{{template "field" (pack "name" "serial" "label" "Serial" "hint" "Below.")}}`, []string{`aria-describedby="serial-hint"`, `id="serial-hint"`}, []string{"aria-invalid"}},
		"error":    {`{{template "field" (pack "name" "serial" "label" "Serial" "hint" "Below." "error" "Twice." "required" true)}}`, []string{`aria-describedby="serial-error serial-hint"`, `aria-invalid="true"`, `id="serial-error"`, "Twice.", " required"}, nil},
		"id":       {`{{template "field" (pack "name" "serial" "id" "s2" "label" "Serial" "error" "Twice.")}}`, []string{`for="s2"`, `id="s2"`, `name="serial"`, `aria-describedby="s2-error"`}, nil},
		"number":   {`{{template "field" (pack "name" "n" "label" "Count" "type" "number" "max" 10 "min" 1 "value" 3 "unit" "pieces")}}`, []string{` max="10"`, ` min="1"`, `value="3"`, `type="number"`, "pieces"}, []string{"maxlength"}},
		"password": {`{{template "field" (pack "name" "p" "label" "Password" "type" "password" "value" "secret" "complete" "new-password")}}`, []string{`autocomplete="new-password"`}, []string{"secret"}},
		"textarea": {`{{template "field" (pack "name" "t" "label" "Text" "rows" 3 "value" "a\n</textarea>" "max" 100 "draft" "x")}}`, []string{`rows="3"`, `maxlength="100"`, "a\n&lt;/textarea&gt;</textarea>", `data-draft="x"`}, nil},
		"select":   {`{{template "field" (pack "name" "o" "label" "One" "options" . "value" 2 "none" "Any")}}`, []string{`<option value="">Any</option>`, `<option value="2" selected>Two</option>`, `<option value="1">One</option>`}, nil},
		"check":    {`{{template "check" (pack "name" "c" "label" "Yes" "on" true "error" "No.")}}`, []string{`type="checkbox"`, " checked", `aria-describedby="c-error"`}, nil},
		"problems": {`{{template "problems" (pack "serial" "Twice.")}}`, []string{`role="alert"`, `href="#serial"`, "One thing needs"}, nil},
		"confirm":  {`{{template "confirm" (pack "do" "Retire" "ask" "Sure?" "sure" "Retire it" "action" "/x" "fields" (pack "version" 3))}}`, []string{`<summary`, `action="/x"`, `name="version" value="3"`, "Retire it"}, nil},
		"picker":   {`{{template "picker" (pack "name" "holder" "label" "Holder" "kind" "person" "value" 7 "text" "Anna" "error" "Who?")}}`, []string{`data-picker="person"`, `name="holder_text"`, `name="holder" value="7"`, `value="Anna"`, `aria-invalid="true"`}, nil},
	} {
		got := part(t, s, c.text, []choice{{Value: "1", Word: "One"}, {Value: "2", Word: "Two"}})
		for _, want := range c.wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %s:\n%s", name, want, got)
			}
		}
		for _, lack := range append(c.lacks, "nil", "no value", "ZgotmplZ") {
			if strings.Contains(got, lack) {
				t.Errorf("%s has %s:\n%s", name, lack, got)
			}
		}
	}
}

func TestPick(t *testing.T) {
	everyWorld(t, func(t *testing.T, w *world) {
		b := w.session(w.tech)
		ask := func(kind, q string) (found []picked) {
			t.Helper()
			res := b.get("/pick?" + form("kind", kind, "q", q))
			if res.Code != http.StatusOK {
				t.Fatalf("%s %q: %d", kind, q, res.Code)
			}
			w.ok(json.Unmarshal(res.Body.Bytes(), &found))
			return found
		}
		hana := fmt.Sprint(w.count(`SELECT id FROM client WHERE name = 'Hana Sato'`))
		if found := ask(pickPerson, "hana"); len(found) != 1 || found[0].Value != hana || !strings.Contains(found[0].Note, "hana.sato@aldermere.example") {
			t.Errorf("hana finds %+v", found)
		}
		if found := ask(pickTicket, "HD-7"); len(found) == 0 || !strings.HasPrefix(found[0].Text, "HD-7 Cannot reach") {
			t.Errorf("HD-7 finds %+v", found)
		}
		if found := ask(pickTicket, "accounting data"); len(found) == 0 || !strings.HasPrefix(found[0].Text, "HD-7 ") {
			t.Errorf("a subject finds %+v", found)
		}
		for _, q := range []string{"", "  ", "zzzzqqq", strings.Repeat("x", 500)} {
			if found := ask(pickPerson, q); len(found) != 0 {
				t.Errorf("%q finds %+v", q, found)
			}
		}
		if found := ask("nonsense", "hana"); found == nil || len(found) != 0 {
			t.Errorf("an unknown kind finds %+v", found)
		}
		// Without JavaScript the text decides.
		s := bareSite(t, w)
		typed := func(id, text string) *http.Request {
			r := httptest.NewRequest(http.MethodPost, "/x", nil)
			r.PostForm = url.Values{"who": {id}, "who_text": {text}}
			return r
		}
		for text, want := range map[string]string{"": "0", "Hana Sato": hana, "hana.sato@aldermere.example": hana} {
			if id, _, err := s.pickedID(typed("", text), "who", pickPerson); err != nil || fmt.Sprint(id) != want {
				t.Errorf("%q is %d, %v; want %s", text, id, err, want)
			}
		}
		for _, text := range []string{"Nobody Known", "aldermere"} {
			if _, back, err := s.pickedID(typed("", text), "who", pickPerson); migrations.KindOf(err) != migrations.Invalid || back != text {
				t.Errorf("%q: %v", text, err)
			}
		}
		if _, _, err := s.pickedID(typed("x", "Hana"), "who", pickPerson); migrations.KindOf(err) != migrations.Invalid {
			t.Errorf("a damaged id: %v", err)
		}
	})
}

// TestCharts: the highest column is the full height, none is lost.
func TestCharts(t *testing.T) {
	c := chart{Title: "x", Bars: []bar{{Word: "J", Full: "January", N: 10}, {Word: "F", Full: "<February>", N: 5}, {Word: "M", Full: "March"}, {Word: "A", Full: "April", N: 1}}}
	heights := regexp.MustCompile(`class="bar" x="\d+" y="\d+" width="22" height="(\d+)"`).FindAllStringSubmatch(string(c.Picture()), -1)
	if len(heights) != 4 || heights[0][1] != "96" || heights[1][1] != "48" || heights[2][1] != "0" || heights[3][1] != "9" {
		t.Errorf("the heights are %v", heights)
	}
	if strings.Contains(string(c.Picture()), "<February>") {
		t.Error("a name is not escaped")
	}
	if chart := (chart{}); chart.Most() != 0 || chart.Picture() == "" {
		t.Error("an empty chart")
	}
}

// TestStyleguideIsOff: the page of the components is only where it is asked for.
func TestStyleguideIsOff(t *testing.T) {
	w := newWorld(t, dbtest.Open(t, migrations.SQLite))
	b := w.session(w.tech)
	if res := b.get("/styleguide"); res.Code != http.StatusOK || strings.Count(res.Body.String(), `class="panel specimen"`) != len(specimens()) {
		t.Errorf("with it: %d", res.Code)
	}
	var err error
	w.site, err = New(w.Store, w.things, Options{Mail: plainReader{}})
	w.ok(err)
	if res := b.get("/styleguide"); res.Code != http.StatusNotFound {
		t.Errorf("without it: %d", res.Code)
	}
}
