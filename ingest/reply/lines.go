package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// line is one line with what is known of it.
type line struct {
	text   string // without trailing blanks
	exact  bool   // "-- " with its blank, the mark of RFC 3676 section 4.3
	fence  bool   // code: inside a ``` block, a pre element, or a shell's output
	quoted bool   // begins with ">"
	hidden bool

	// what was already found out about the line, so that looking ahead stays
	// cheap: 0 unknown, else the answer plus one
	attr, cut, sig, lab int8
}

// codeMark begins a line of rendered HTML that stood in a pre element.
const codeMark = "\x00"

// blanks are the spaces that programs put into dates and before colons.
var blanks = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "\u2007", " ")

func read(text string) []line {
	parts := strings.Split(text, "\n")
	lines := make([]line, 0, len(parts)+1)
	inside := false
	fences := strings.Count(text, "```")
	for _, p := range parts {
		if !ascii(p) {
			p = blanks.Replace(p)
		}
		l := line{text: strings.TrimRight(p, " \t\r"), exact: strings.TrimRight(p, "\r") == "-- "}
		if c, ok := strings.CutPrefix(l.text, codeMark); ok {
			l.text, l.fence = c, true
			lines = append(lines, l)
			continue
		}
		if fences > 1 && strings.HasPrefix(strings.TrimLeft(l.text, " \t"), "```") {
			inside = !inside
			l.fence = true
			lines = append(lines, l)
			continue
		}
		if l.fence = inside; !inside {
			if head, tail, ok := inline(l.text); ok {
				lines = append(lines, line{text: head})
				l.text = tail
			}
			l.quoted = isQuoted(l.text)
		}
		lines = append(lines, l)
	}
	if inside { // never closed: no fence at all
		for i := range lines {
			lines[i].fence = false
			lines[i].quoted = isQuoted(lines[i].text)
		}
	}
	unquote(lines)
	return lines
}

// isQuoted says whether a line carries a quote mark. ">>> look here <<<" is a
// shout.
func isQuoted(s string) bool {
	t := strings.TrimLeft(s, " \t")
	return strings.HasPrefix(t, ">") && !strings.HasSuffix(t, "<<") && !groupWise(t)
}

// groupWise knows the line above what GroupWise quotes, which has no marks of
// its own: ">>> Anna Berg <anna@client.example> 02.03.2026 9:00 >>>".
func groupWise(t string) bool {
	if !strings.HasPrefix(t, ">>> ") || !strings.HasSuffix(t, " >>>") || len(t) < 20 || len(t) > 300 {
		return false
	}
	return hasDate(t)
}

// unquote takes the mark back where it is something else: the end of a link
// that was broken over two lines, output of a shell, of diff, of Python; and
// gives it to a line that lost it when a program wrapped the quote.
func unquote(lines []line) {
	prompts := 0 // lines left of which the last prompt speaks
	link := false
	for i := range lines {
		l := &lines[i]
		if l.fence {
			continue
		}
		t := strings.TrimLeft(l.text, " \t")
		if !l.quoted {
			switch {
			case isPrompt(t):
				prompts = 3
			case t == "":
				prompts = 0
			case prompts > 0:
				prompts--
			}
			link = strings.LastIndex(l.text, "<http") > strings.LastIndexByte(l.text, '>') || strings.LastIndex(l.text, "<mailto") > strings.LastIndexByte(l.text, '>')
			continue
		}
		switch {
		case link:
			l.quoted = false
		case prompts > 0:
			l.quoted, l.fence = false, true
			prompts = 3
		case i > 0 && lines[i-1].text == "---" && i > 1 && strings.HasPrefix(lines[i-2].text, "< "), strings.HasPrefix(t, "> ") && i > 0 && lines[i-1].fence && !strings.HasPrefix(strings.TrimLeft(lines[i-1].text, " \t"), "```") && strings.HasPrefix(lines[i-1].text, "> "):
			l.quoted, l.fence = false, true // diff
		}
		link = false
	}
	for i := 1; i+1 < len(lines); i++ {
		l := &lines[i]
		if !l.quoted && !l.fence && l.text != "" && lines[i-1].quoted && lines[i+1].quoted && len(lines[i-1].text) >= 60 && len(l.text) < 30 && !strings.ContainsAny(l.text[len(l.text)-1:], ".!?:") {
			l.quoted = true
		}
	}
}

// isPrompt says whether a line shows a command being typed.
func isPrompt(t string) bool {
	switch {
	case strings.HasPrefix(t, "$ "), strings.HasPrefix(t, "# ") && len(t) > 2 && t[2] >= 'a', strings.HasPrefix(t, "PS ") && strings.Contains(t, ">"), strings.HasPrefix(t, "mysql>"), strings.HasPrefix(t, "sqlite>"):
		return true
	case len(t) > 3 && t[1] == ':' && t[2] == '\\' && strings.Contains(t, ">"):
		return true
	}
	at := strings.IndexByte(t, '@')
	end := strings.Index(t, "$ ")
	return at > 0 && end > at && end < 60 && !strings.Contains(t[:at], " ")
}

// clean returns a line as words are compared: in lower case, without marks
// that are not seen, digits of every script as ASCII.
func clean(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r == 0x00ad:
			return -1
		case r >= 0x660 && r <= 0x669:
			return r - 0x660 + '0'
		case r >= 0x6f0 && r <= 0x6f9:
			return r - 0x6f0 + '0'
		case r >= 0x966 && r <= 0x96f:
			return r - 0x966 + '0'
		case r >= 0xe50 && r <= 0xe59:
			return r - 0xe50 + '0'
		case r >= 0xff10 && r <= 0xff19:
			return r - 0xff10 + '0'
		case r == 0x2019:
			return '\''
		case r == 0x130: // Turkish İ
			return 'i'
		}
		return unicode.ToLower(r)
	}, s)
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// word says whether s holds w with no letter before or after it. Scripts
// written without blanks have no such border.
func word(s, w string) bool {
	for from := 0; ; {
		i := strings.Index(s[from:], w)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+len(w):])
		first, _ := utf8.DecodeRuneInString(w)
		if first >= 0x0e00 || !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		from = i + len(w)
	}
}

// words counts what is no address in angle brackets.
func words(s string) int {
	n := 0
	for _, w := range strings.Fields(s) {
		if !strings.Contains(w, "@") {
			n++
		}
	}
	return n
}

func ruler(s string) bool {
	s = strings.TrimSpace(s)
	return len(s) >= 3 && strings.Trim(s, "-_=*–—‐~#+ ") == ""
}

func nextText(lines []line, i int) int {
	for i < len(lines) && lines[i].text == "" {
		i++
	}
	return i
}

func hideRange(lines []line, from, to int) {
	for ; from < to; from++ {
		lines[from].hidden = true
	}
}
