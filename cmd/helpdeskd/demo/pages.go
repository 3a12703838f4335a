package demo

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdeskd/tracker"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static/demo.css static/demo.js
var staticFiles embed.FS

// uploadLimit bounds what one may attach on /demo, in bytes.
const uploadLimit = 25 << 20

// pagePolicy is the site's own; letters are shown in frames of these pages.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const letterPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

// SignIn is how somebody signs in on the site.
type SignIn struct {
	Person   Person
	Password string
}

// Pages are the pages under /demo: one plays the company's people there. They
// need no sign-in, since the demo has no secrets and listens on loopback.
type Pages struct {
	hub     *Hub
	signIns []SignIn
	log     *slog.Logger
	pages   map[string]*template.Template
}

// NewPages returns the pages as a handler for /demo and everything below it.
func NewPages(hub *Hub, signIns []SignIn, log *slog.Logger) (http.Handler, error) {
	p := &Pages{hub: hub, signIns: signIns, log: log, pages: map[string]*template.Template{}}
	for _, name := range []string{"home", "mailbox", "letter", "write", "form"} {
		t, err := template.New("").Funcs(template.FuncMap{"clock": clock, "initials": initials}).ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("read the demo's pages: %w", err)
		}
		p.pages[name] = t
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /demo", p.page(p.home))
	mux.HandleFunc("GET /demo/{$}", p.page(p.home))
	mux.HandleFunc("GET /demo/as/{key}", p.page(p.mailbox))
	mux.HandleFunc("GET /demo/as/{key}/write", p.page(p.write))
	mux.HandleFunc("POST /demo/as/{key}/write", p.page(p.send))
	mux.HandleFunc("GET /demo/as/{key}/form", p.page(p.form))
	mux.HandleFunc("POST /demo/as/{key}/form", p.page(p.submitForm))
	mux.HandleFunc("GET /demo/as/{key}/letters/{id}", p.page(p.letter))
	mux.HandleFunc("POST /demo/as/{key}/letters/{id}/answer", p.page(p.answer))
	mux.HandleFunc("GET /demo/as/{key}/letters/{id}/html", p.page(p.letterHTML))
	mux.HandleFunc("GET /demo/as/{key}/letters/{id}/raw", p.page(p.letterRaw))
	mux.HandleFunc("GET /demo/as/{key}/letters/{id}/parts/{n}", p.page(p.part))
	mux.Handle("GET /demo/static/", http.StripPrefix("/demo/", http.FileServerFS(staticFiles)))
	return http.NewCrossOriginProtection().Handler(mux), nil
}

// errGone is the answer to an address of nothing.
var errGone = errors.New("there is no such person or letter here: go back to /demo")

// page runs a handler that returns its error.
func (p *Pages) page(f func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		err := f(w, r)
		switch {
		case err == nil:
		case errors.Is(err, errGone):
			http.Error(w, "There is nothing at this address. Go back to /demo.", http.StatusNotFound)
		default:
			p.log.Error("a demo page failed", slog.String("path", r.URL.Path), slog.Any("error", err))
			http.Error(w, "This did not work: "+err.Error(), http.StatusInternalServerError)
		}
	}
}

// view is what every page shows.
type view struct {
	Title   string
	Me      Person
	People  []neighbour
	Techs   []neighbour
	Others  []neighbour
	SignIns []SignIn
	Flash   string
	Data    any
}

// neighbour is a person in the list at the left.
type neighbour struct {
	Person
	Unread int
	On     bool
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, name string, v view) error {
	for _, e := range Employees() {
		v.People = append(v.People, p.neighbour(e, v.Me))
	}
	for _, e := range Technicians() {
		v.Techs = append(v.Techs, p.neighbour(e, v.Me))
	}
	v.Others = p.others(v.Me)
	v.SignIns = p.signIns
	v.Flash = map[string]string{
		"answer": "Sent. It joins its ticket in a moment.",
		"tech":   "Sent. It goes on to the client in a moment.",
		"mail":   "Sent. It is on the board in a moment, and the acknowledgement comes here.",
		"form":   "Submitted. The form's mail is on the board in a moment, and the acknowledgement comes here.",
	}[r.URL.Query().Get("sent")]
	var b bytes.Buffer
	if err := p.pages[name].ExecuteTemplate(&b, "layout", v); err != nil {
		return fmt.Errorf("render the page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := b.WriteTo(w)
	return err
}

func (p *Pages) neighbour(e, me Person) neighbour {
	n := neighbour{Person: e, On: e.Key == me.Key}
	for _, l := range p.hub.Letters(e.Address()) {
		if !l.Sent && !l.Seen {
			n.Unread++
		}
	}
	return n
}

func (p *Pages) home(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, "home", view{Title: "Demo"})
}

// others are those who are not played, but to whom the helpdesk has written:
// colleagues with news, and whoever was invited or added on the site.
func (p *Pages) others(me Person) []neighbour {
	var all []neighbour
	for _, address := range p.hub.Addresses() {
		key, _, _ := strings.Cut(address, "@")
		known := person(key)
		x, err := p.named(key)
		if err != nil || slices.ContainsFunc(Everybody(), func(e Person) bool { return e.Key == key }) {
			continue
		}
		if n := p.neighbour(x, me); known.Key == "" || n.On || n.Unread > 0 {
			all = append(all, n)
		}
	}
	return all
}

// named returns somebody with a mailbox.
func (p *Pages) named(key string) (Person, error) {
	if x := person(key); x.Key != "" {
		return x, nil
	}
	x := Person{Key: key, Name: key, Department: "New on the site"}
	if a := x.Address(); a == Helpdesk || a == FormSender {
		return Person{}, errGone
	}
	letters := p.hub.Letters(x.Address())
	if len(letters) == 0 {
		return Person{}, errGone
	}
	for _, a := range understood(letters[len(letters)-1]).To {
		if strings.EqualFold(a.Address, x.Address()) && a.Name != "" {
			x.Name = a.Name
		}
	}
	x.SignOff = x.Name
	return x, nil
}

// me returns whom the address names.
func (p *Pages) me(r *http.Request) (Person, error) {
	return p.named(strings.ToLower(r.PathValue("key")))
}

// line is a letter in a list.
type line struct {
	Letter
	Who, Subject, Snippet string
	On                    bool
}

// lines lists a mailbox, newest first.
func (p *Pages) lines(x Person, on int) []line {
	var out []line
	for _, l := range slices.Backward(p.hub.Letters(x.Address())) {
		in := understood(l)
		one := line{Letter: l, Subject: in.Subject, Snippet: snippet(in.Reply), On: l.ID == on}
		list := in.From
		if l.Sent {
			list = in.To
		}
		if len(list) > 0 {
			one.Who = orElse(list[0].Name, list[0].Address)
		}
		out = append(out, one)
	}
	return out
}

func snippet(s string) string {
	words := slices.DeleteFunc(strings.Fields(s), func(w string) bool { return strings.Trim(w, "=-_*") == "" }) // rules drawn in text
	s = strings.Join(words, " ")
	if r := []rune(s); len(r) > 90 {
		return string(r[:90]) + "…"
	}
	return s
}

func (p *Pages) mailbox(w http.ResponseWriter, r *http.Request) error {
	x, err := p.me(r)
	if err != nil {
		return err
	}
	return p.show(w, r, "mailbox", view{Title: x.Name, Me: x, Data: map[string]any{"Lines": p.lines(x, 0)}})
}

// find returns the letter that an address names, marked as read.
func (p *Pages) find(r *http.Request) (Person, Letter, error) {
	x, err := p.me(r)
	if err != nil {
		return x, Letter{}, err
	}
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		return x, Letter{}, errGone
	}
	l, ok := p.hub.Open(x.Address(), id)
	if !ok {
		return x, l, errGone
	}
	return x, l, nil
}

// attached is a file of a letter.
type attached struct {
	N    int
	Name string
	Size int64
}

func (p *Pages) letter(w http.ResponseWriter, r *http.Request) error {
	x, l, err := p.find(r)
	if err != nil {
		return err
	}
	in := understood(l)
	var files []attached
	hasHTML := false
	for i, part := range in.Parts {
		switch part.Role {
		case tracker.RoleFile:
			files = append(files, attached{N: i, Name: orElse(part.Name, "unnamed"), Size: part.Size})
		case tracker.RoleHTML:
			hasHTML = true
		}
	}
	return p.show(w, r, "letter", view{Title: in.Subject, Me: x, Data: map[string]any{
		"Lines": p.lines(x, l.ID), "Letter": l, "In": in, "Files": files,
		"Text": orElse(plainText(l.Raw), in.Text), "Designed": hasHTML,
		"HTML":   hasHTML && r.URL.Query().Get("as") != "text",
		"Robot":  in.Class != tracker.ClassHuman,
		"Button": "Send the answer",
	}})
}

// letterHTML is the HTML of a letter for its frame: no scripts, nothing from
// outside, pictures of the mail itself put in as data.
func (p *Pages) letterHTML(w http.ResponseWriter, r *http.Request) error {
	_, l, err := p.find(r)
	if err != nil {
		return err
	}
	in := understood(l)
	i := slices.IndexFunc(in.Parts, func(part tracker.Part) bool { return part.Role == tracker.RoleHTML })
	if i < 0 {
		return errGone
	}
	b, err := decode(l, in.Parts[i])
	if err != nil {
		return err
	}
	text := string(b)
	for _, part := range in.Parts {
		if part.ContentID == "" || !strings.HasPrefix(part.ContentType, "image/") {
			continue
		}
		img, err := decode(l, part)
		if err != nil {
			return err
		}
		text = strings.ReplaceAll(text, "cid:"+part.ContentID, dataURL(part.ContentType, img))
	}
	const away = `<base target="_blank">` // what is pressed opens beside the frame
	if before, after, ok := strings.Cut(text, "<head>"); ok {
		text = before + "<head>" + away + after
	} else {
		text = away + text
	}
	w.Header().Set("Content-Security-Policy", letterPolicy)
	w.Header().Set("Content-Type", "text/html; charset="+orElse(in.Parts[i].Charset, "utf-8"))
	_, err = io.WriteString(w, text)
	return err
}

func (p *Pages) letterRaw(w http.ResponseWriter, r *http.Request) error {
	_, l, err := p.find(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = w.Write(l.Raw)
	return err
}

func (p *Pages) part(w http.ResponseWriter, r *http.Request) error {
	_, l, err := p.find(r)
	if err != nil {
		return err
	}
	in := understood(l)
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(in.Parts) {
		return errGone
	}
	b, err := decode(l, in.Parts[n])
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", disposition(in.Parts[n].Name))
	_, err = w.Write(b)
	return err
}

func decode(l Letter, part tracker.Part) ([]byte, error) {
	return io.ReadAll(tracker.OpenPart(bytes.NewReader(l.Raw), part))
}

func clock(t time.Time) string {
	if time.Since(t) < 20*time.Hour {
		return t.Local().Format("15:04:05")
	}
	return t.Local().Format("2 Jan 15:04")
}

func initials(name string) string {
	var out []rune
	for _, w := range strings.Fields(name) {
		out = append(out, []rune(w)[0])
	}
	return string(out)
}
