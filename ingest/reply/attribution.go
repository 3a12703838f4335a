package reply

import "strings"

// attribution says how many lines from i on are "On …, somebody wrote:".
func attribution(lines []line, i int) int {
	if lines[i].attr == 0 {
		lines[i].attr = int8(findAttribution(lines, i)) + 1
	}
	return int(lines[i].attr) - 1
}

// maxAttribution is the most bytes of an attribution, maxWrap the most lines.
const (
	maxAttribution = 600
	maxWrap        = 5
)

func findAttribution(lines []line, i int) int {
	if lines[i].fence || !mayAttribute(lines, i) {
		return 0
	}
	joined := ""
	for n := 0; n < maxWrap && i+n < len(lines); n++ {
		t := clean(strings.TrimSpace(lines[i+n].text))
		if n > 0 && lines[i+n].quoted {
			// an address that was wrapped before its ">"
			if !endsOpen(t) || len(t) > 30 || strings.LastIndexByte(joined, '<') <= strings.LastIndexByte(joined, '>') {
				return 0
			}
		}
		if n > 0 && t == "" {
			return 0
		}
		joined += " " + t
		if len(joined) > maxAttribution {
			return 0
		}
		end := trimEnd(t)
		open := endsOpen(t)
		if !open && !(endsWithVerb(end) && strings.Contains(joined, "@") && hasDate(joined)) {
			continue
		}
		next := nextText(lines, i+n+1)
		below := next < len(lines) && (lines[next].quoted || strings.HasPrefix(lines[next].text, "|"))
		if !isAttribution(joined, below) {
			return 0
		}
		// "Hi," above an attribution is no part of it.
		if first := clean(lines[i].text); n > 0 && !strings.HasPrefix(lines[i+1].text, "<") && !strings.ContainsAny(first, "0123456789@<") {
			for k := 1; k <= n; k++ {
				if attribution(lines, i+k) > 0 {
					return 0
				}
			}
		}
		return n + 1
	}
	return 0
}

// trimEnd takes off what programs put around an attribution: stars, dashes.
func trimEnd(s string) string { return strings.TrimRight(s, " *_-—<>") }

func endsOpen(s string) bool {
	s = strings.TrimRight(s, " *_-—")
	return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：")
}

// mayAttribute is the cheap test: one of the lines ends as an attribution does.
func mayAttribute(lines []line, i int) bool {
	for n := 0; n < maxWrap && i+n < len(lines); n++ {
		t := strings.TrimRight(lines[i+n].text, " *_-—\u200e\u200f\u202c\u2069")
		if t == "" || len(t) > maxAttribution {
			return false
		}
		if strings.HasSuffix(t, ":") || strings.HasSuffix(t, "：") {
			return true
		}
		if n < 2 && endsWithVerb(strings.ToLower(t[max(0, len(t)-24):])) {
			return true
		}
	}
	return false
}

// endsWithVerb is for programs that leave the colon out.
func endsWithVerb(s string) bool {
	s = s[strings.LastIndexByte(s, ' ')+1:]
	if len(s) < 5 {
		return false
	}
	for _, v := range wrote {
		if len(v) >= len(s) && strings.HasSuffix(v, s) && (len(v) == len(s) || v[len(v)-len(s)-1] == ' ') {
			return true
		}
	}
	return false
}

// starts says whether the first word is one that begins an attribution.
func starts(s string) bool {
	s = strings.TrimLeft(s, " \t-*_>\"'")
	first, _, _ := strings.Cut(s, " ")
	if starters[strings.Trim(first, ".,()")] {
		return true
	}
	for _, p := range glued {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// isAttribution judges a whole attribution in the form that clean gives.
// below says that a quote follows, which makes much less enough.
func isAttribution(s string, below bool) bool {
	s = strings.TrimRight(s, " *_-—")
	s = strings.TrimRight(s, ":： ")
	addr, date := strings.Contains(s, "@"), hasDate(s)
	if !below && !addr && !date || words(s) > 26 || speaksOfOneself(s) {
		return false
	}
	verb := hasVerb(s)
	if below {
		return verb && words(s) < 20 || addr && date
	}
	switch {
	case addr && verb:
		return date || dateless(s)
	case addr && date:
		// without a verb the address must look like one of a program
		return strings.HasSuffix(s, ">") || strings.HasSuffix(s, ")") || strings.HasSuffix(s, "]") || known(s) && strings.Contains(s, "<") && words(s) < 16
	case date && verb:
		return known(s) && words(s) < 16 || hasClock(s) && words(s) < 14
	}
	return false
}

// dateless wants "Anna Berg <anna@client.example> wrote": little besides the
// name.
func dateless(s string) bool { return words(s) < 10 }

// known says whether an attribution begins as one: with a word that does, or
// a digit.
func known(s string) bool {
	s = strings.TrimLeft(s, " \t-*_>\"'(")
	return s != "" && isDigit(s[0]) || starts(s)
}

func hasVerb(s string) bool {
	if !verbs.In(s) {
		return false
	}
	for _, v := range wrote {
		if word(s, v) {
			return true
		}
	}
	return false
}

// speaksOfOneself says whether the author tells what he or she wrote: prose.
func speaksOfOneself(s string) bool {
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\'' || r == '.' }) {
		if oneself[w] || w == "je" && strings.Contains(s, "écri") {
			return true
		}
	}
	return false
}

// hasDate says whether the text has what a date has: a year or a clock time,
// or a day and month in numbers. Years may be those of the Thai calendar.
func hasDate(s string) bool {
	for i := 0; i+3 < len(s); i++ {
		if !isDigit(s[i]) || i > 0 && isDigit(s[i-1]) {
			continue
		}
		j := i
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		n := j - i
		if n == 4 && (s[i:i+2] == "20" || s[i:i+2] == "19" || s[i:i+2] == "25" || s[i:i+2] == "14") {
			return true
		}
		if n <= 2 && j+1 < len(s) && strings.IndexByte(":./-", s[j]) >= 0 && isDigit(s[j+1]) {
			return true
		}
	}
	return false
}

// hasClock says whether there is a time of day.
func hasClock(s string) bool {
	for i := 1; i+2 < len(s); i++ {
		if (s[i] == ':' || s[i] == '.') && isDigit(s[i-1]) && isDigit(s[i+1]) && isDigit(s[i+2]) && (i+3 >= len(s) || !isDigit(s[i+3])) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// inline parts "It works. On …, somebody wrote:" where a program ran the
// answer and the attribution into one line.
func inline(s string) (head, tail string, ok bool) {
	if len(s) < 40 || len(s) > 2*maxAttribution || !strings.Contains(s, "@") || !endsOpen(s) || isQuoted(s) {
		return "", "", false
	}
	tries := 0
	for i := len(s) - 30; i > 1 && tries < 12; i-- {
		if s[i] != ' ' || strings.IndexByte(".!?)", s[i-1]) < 0 && s[i-1] != ' ' {
			continue
		}
		tries++
		t := clean(s[i+1:])
		if starts(t) && strings.Contains(t, "@") && hasDate(t) && hasVerb(t) && isAttribution(t, false) {
			return strings.TrimRight(s[:i], " "), s[i+1:], true
		}
	}
	return "", "", false
}
