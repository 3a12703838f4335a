package mailer

import (
	"bytes"
	"embed"
	"fmt"
	html "html/template"
	"net/url"
	"regexp"
	"strings"
	text "text/template"
	"unicode"

	"helpdeskd/tracker"
)

//go:embed templates/*
var templateFiles embed.FS

// letter is the content of a mail before it has a form; the text and the
// HTML template show the same one.
type letter struct {
	Lang      string
	Personal  bool // a person's words: no banner, no card
	Preheader string
	Brand     string // "Acme Helpdesk"
	Tag       string // HD-12, or ""
	Heading   string
	Lead      []string
	Facts     []fact
	Said      []para
	SaidNote  string // where what was said was cut
	Answers   []fact // of a form
	FilesName string
	// Before is how the like was solved before, under BeforeName.
	BeforeName string
	Before     []fact
	Groups     []group
	Files      []string
	Ask        string
	Questions  []string
	Links      []link
	Choices    []link // buttons beside each other, of which one is pressed
	Page       *link  // to the recipient's own page
	More       []string
	Sign       []string
	Quote      *quote
	Foot       string
}

type fact struct {
	Label, Value string
	Hot          bool // it can not wait
}

// group is lines under a name.
type group struct {
	Name  string
	Lines []para
}

type link struct{ Lead, Label, URL string }

type quote struct {
	Lead string
	Text []para
}

// para is a paragraph: lines, each of spans, of which some are links.
type para struct{ Lines [][]span }

type span struct{ Text, URL string }

// forms are the two templates.
type forms struct {
	text *text.Template
	html *html.Template
}

func loadForms() (*forms, error) {
	funcs := map[string]any{"plain": plain, "quoted": quoted, "rule": func(s string) string { return strings.Repeat("=", len([]rune(s))) }, "inc": func(i int) int { return i + 1 }, "whole": whole}
	t, err := text.New("mail.txt.tmpl").Funcs(funcs).ParseFS(templateFiles, "templates/mail.txt.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read the text template: %w", err)
	}
	h, err := html.New("mail.html.tmpl").Funcs(funcs).ParseFS(templateFiles, "templates/*.html.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read the HTML template: %w", err)
	}
	return &forms{t, h}, nil
}

// write returns both forms of a letter.
func (f *forms) write(l letter) (txt, htm string, err error) {
	var a, b bytes.Buffer
	if err := f.text.Execute(&a, l); err != nil {
		return "", "", fmt.Errorf("write text: %w", err)
	}
	name := "mail.html.tmpl"
	if l.Personal {
		name = "personal.html.tmpl"
	}
	if err := f.html.ExecuteTemplate(&b, name, l); err != nil {
		return "", "", fmt.Errorf("write HTML: %w", err)
	}
	return tidy(a.String()), b.String(), nil
}

// whole escapes text for HTML so that the ticket's number in it is not broken at its hyphen.
func whole(tag, text string) html.HTML {
	escaped := html.HTMLEscapeString(text)
	if tag == "" {
		return html.HTML(escaped)
	}
	return html.HTML(strings.ReplaceAll(escaped, tag, `<span style="white-space:nowrap">`+tag+`</span>`))
}

var blankLines = regexp.MustCompile(`\n{3,}`)

// tidy takes away the blanks that template conditions leave behind.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if l != "-- " { // the mark of a signature
			lines[i] = strings.TrimRight(l, " \t")
		}
	}
	return strings.TrimSpace(blankLines.ReplaceAllString(strings.Join(lines, "\n"), "\n\n")) + "\n"
}

// tokenIn finds the reply tokens in addresses and Message-IDs of ours.
var tokenIn = regexp.MustCompile(`(?i)(\bhd\.|\+)[a-z2-7]{26}@`)

// cleanText returns text of several lines without what a mail must not
// carry: invalid UTF-8, control and bidirectional characters, and the reply
// tokens and links of others, which people quote with our mails.
func cleanText(s string) string {
	s = tracker.WithoutLinks(tokenIn.ReplaceAllString(s, "@"))
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\u200d': // the joiner belongs to emoji and scripts
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u200b', r == '\ufeff':
			return -1
		}
		return r
	}, s)
}

var linkAt = regexp.MustCompile(`https?://[^\s<>"']+`)

// paragraphs divides text at its empty lines, and finds the links in it.
func paragraphs(s string) []para {
	var all []para
	var lines [][]span
	flush := func() {
		if len(lines) > 0 {
			all = append(all, para{lines})
			lines = nil
		}
	}
	for _, l := range strings.Split(strings.Trim(cleanText(s), "\n"), "\n") {
		l = strings.TrimRight(l, " \t")
		if l == "" {
			flush()
			continue
		}
		lines = append(lines, spans(l))
	}
	flush()
	return all
}

func spans(l string) []span {
	var out []span
	for {
		at := linkAt.FindStringIndex(l)
		if at == nil {
			break
		}
		end := at[0] + len(strings.TrimRight(l[at[0]:at[1]], ".,;:!?)]}"))
		if u, err := url.Parse(l[at[0]:end]); err != nil || u.Host == "" {
			out = append(out, span{Text: l[:at[1]]})
			l = l[at[1]:]
			continue
		}
		if at[0] > 0 {
			out = append(out, span{Text: l[:at[0]]})
		}
		out = append(out, span{Text: l[at[0]:end], URL: l[at[0]:end]})
		l = l[end:]
	}
	if l != "" {
		out = append(out, span{Text: l})
	}
	return out
}

// plain returns paragraphs as text.
func plain(ps []para) string { return join(ps, "") }

// quoted returns paragraphs as a text quote.
func quoted(ps []para) string { return join(ps, "> ") }

func join(ps []para, prefix string) string {
	var b strings.Builder
	for i, p := range ps {
		if i > 0 {
			b.WriteString("\n" + prefix + "\n")
		}
		for j, line := range p.Lines {
			if j > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(prefix)
			for _, s := range line {
				b.WriteString(s.Text)
			}
		}
	}
	return b.String()
}

// cut shortens text to about max bytes, at a line, and says whether it did.
func cut(s string, max int) (string, bool) {
	if len(s) <= max {
		return s, false
	}
	s = s[:max]
	if i := strings.LastIndexByte(s, '\n'); i > max/2 {
		s = s[:i]
	}
	return strings.ToValidUTF8(s, ""), true
}
