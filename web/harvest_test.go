package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// pair is one field of a form that is sent.
type pair struct {
	name, value string
	must        bool   // a browser, or the page itself, never leaves it out
	words       bool   // free text
	other       string // another of the values that it may have
}

// sheet is a form of the site as a browser would send it, filled in where a
// person must.
type sheet struct {
	route   string // its pattern in the table
	action  string
	from    string // the page that it stands on
	pairs   []pair
	carries bool   // files
	chosen  string // the name of the button that was pressed
}

// harvest is what the pages of a filled desk lead to: by route, the addresses
// that they link and the forms that they send.
type harvest struct {
	links map[string][]string
	forms map[string][]sheet
}

// patternOf returns the route that serves an address.
func patternOf(w *world, method, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Path == "" {
		return ""
	}
	c := chi.NewRouteContext()
	if !w.site.(chi.Router).Match(c, method, u.Path) {
		return ""
	}
	return c.RoutePattern()
}

// gather reads the example pages, as an admin and as nobody, for what they lead to.
func gather(t *testing.T, w *world) *harvest {
	t.Helper()
	h := &harvest{links: map[string][]string{}, forms: map[string][]sheet{}}
	admin := w.session(w.admin)
	for _, p := range screensOf(t, w) {
		b := admin
		if p.need == "" {
			b = &browse{w: w}
		}
		page, err := html.Parse(b.get(p.address).Body)
		if err != nil {
			t.Fatal(err)
		}
		h.read(w, p.address, page)
	}
	return h
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func val(n *html.Node, name string) string {
	v, _ := attr(n, name)
	return v
}

// resolve makes a whole path of an address on a page.
func resolve(page, address string) string {
	base, err := url.Parse(page)
	if err != nil {
		return ""
	}
	to, err := base.Parse(address)
	if err != nil || to.Host != "" || to.Scheme != "" {
		return ""
	}
	to.Fragment = ""
	return to.String()
}

func (h *harvest) read(w *world, from string, page *html.Node) {
	byID := map[string]*html.Node{}
	inputs := map[*html.Node][]*html.Node{}
	for n := range page.Descendants() {
		if n.DataAtom == atom.Form {
			byID[val(n, "id")] = n
		}
		for _, at := range []string{"href", "src"} {
			if v, ok := attr(n, at); ok {
				to := resolve(from, v)
				if route := patternOf(w, http.MethodGet, to); route != "" && !slices.Contains(h.links[route], to) && len(h.links[route]) < 12 {
					h.links[route] = append(h.links[route], to)
				}
			}
		}
	}
	for n := range page.Descendants() {
		switch n.DataAtom {
		case atom.Input, atom.Select, atom.Textarea, atom.Button:
			form := byID[val(n, "form")]
			if _, of := attr(n, "form"); !of {
				for up := n.Parent; up != nil; up = up.Parent {
					if up.DataAtom == atom.Form {
						form = up
						break
					}
				}
			}
			if form != nil && !has(n, "disabled") {
				inputs[form] = append(inputs[form], n)
			}
		}
	}
	for form, fields := range inputs {
		if !strings.EqualFold(val(form, "method"), "post") {
			continue
		}
		actions := []string{val(form, "action")}
		var buttons []pair
		for _, n := range fields {
			if n.DataAtom != atom.Button || val(n, "type") == "button" || val(n, "type") == "reset" {
				continue
			}
			if to, ok := attr(n, "formaction"); ok && !slices.Contains(actions, to) {
				actions = append(actions, to)
			}
			if val(n, "name") != "" {
				buttons = append(buttons, pair{name: val(n, "name"), value: val(n, "value")})
			}
		}
		s := sheet{from: from, carries: val(form, "enctype") == "multipart/form-data"}
		for _, n := range fields {
			s.add(n)
		}
		if len(buttons) > 0 {
			s.pairs, s.chosen = append(s.pairs, buttons[0]), buttons[0].name
		}
		for _, to := range actions {
			one := s
			one.action = resolve(from, to)
			if one.route = patternOf(w, http.MethodPost, one.action); one.route == "" {
				if from == "/styleguide" { // a page of samples, whose forms go nowhere
					continue
				}
				w.t.Errorf("%s has a form that is sent to %q, which no route takes", from, one.action)
				continue
			}
			h.forms[one.route] = append(h.forms[one.route], one)
		}
	}
}

func has(n *html.Node, name string) bool { _, ok := attr(n, name); return ok }

// add fills in one field.
func (s *sheet) add(n *html.Node) {
	name := val(n, "name")
	if name == "" || n.DataAtom == atom.Button {
		return
	}
	kind := val(n, "type")
	if n.DataAtom == atom.Input && (kind == "submit" || kind == "button" || kind == "image") {
		return
	}
	// The words of a picker are for whoever has no script: its value is enough.
	p := pair{name: name, value: val(n, "value"), must: (has(n, "required") || name == "version") && !strings.HasSuffix(name, "_text")}
	switch {
	case n.DataAtom == atom.Select:
		var chosen *html.Node
		for o := range n.Descendants() {
			if o.DataAtom == atom.Option && (chosen == nil || has(o, "selected") || val(chosen, "value") == "" && !has(chosen, "selected")) {
				chosen = o
			}
		}
		if chosen != nil {
			p.value = val(chosen, "value")
		}
		for o := range n.Descendants() {
			if v := val(o, "value"); o.DataAtom == atom.Option && v != p.value {
				p.other = v
			}
		}
	case n.DataAtom == atom.Textarea:
		p.value = ""
		for c := range n.ChildNodes() {
			p.value += c.Data
		}
		if p.value == "" {
			p.value = "Something written"
		}
	case kind == "checkbox" || kind == "radio":
		at := slices.IndexFunc(s.pairs, func(q pair) bool { return q.name == name })
		if at >= 0 && kind == "radio" {
			if has(n, "checked") {
				s.pairs[at].value = p.value
			}
			return
		}
		if at >= 0 && !has(n, "checked") {
			return
		}
		if kind == "checkbox" {
			p.must = false
		}
		if p.value == "" {
			p.value = "on"
		}
	case kind == "file":
		s.carries = true
		return
	case kind == "password":
		p.value = testPassword
	case p.value == "" && has(n, "required"):
		p.value = map[string]string{"email": "somebody.new@aldermere.example", "number": "1", "date": "2026-11-20", "url": "https://aldermere.example/"}[kind]
		if p.value == "" {
			p.value = "Something"
		}
	}
	p.words = n.DataAtom == atom.Textarea || kind == "" || kind == "text"
	s.pairs = append(s.pairs, p)
}

// without returns a sheet's fields but those of a name.
func (s sheet) without(name string) []pair {
	return slices.DeleteFunc(slices.Clone(s.pairs), func(p pair) bool { return p.name == name })
}

func encode(pairs []pair) string {
	v := url.Values{}
	for _, p := range pairs {
		v.Add(p.name, p.value)
	}
	return v.Encode()
}

// request is a sheet as a browser sends it.
func (s sheet) request(pairs []pair) *http.Request {
	if !s.carries {
		return posted(s.action, "application/x-www-form-urlencoded", []byte(encode(pairs)))
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, p := range pairs {
		m.WriteField(p.name, p.value)
	}
	m.Close()
	return posted(s.action, m.FormDataContentType(), b.Bytes())
}

// posted is what our own page sends.
func posted(to, contentType string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, to, bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

// reworded returns a sheet's fields with everything written otherwise than it was.
func (s sheet) reworded() []pair {
	all := slices.Clone(s.pairs)
	for i, p := range all {
		if p.words {
			all[i].value += " x"
		}
		if p.other != "" {
			all[i].value = p.other
		}
	}
	return all
}
