package reply

import (
	"strings"
)

// attribution says how many lines from i on are "On …, somebody wrote:".
func attribution(lines []line, i int) int {
	if lines[i].attr == 0 {
		lines[i].attr = int8(findAttribution(lines, i)) + 1
	}
	return int(lines[i].attr) - 1
}

func findAttribution(lines []line, i int) int {
	if !mayAttribute(lines, i) {
		return 0
	}
	first := strings.ToLower(strings.TrimLeft(lines[i].text, " \t-*_"))
	if !starts(first) {
		return 0
	}
	joined := ""
	for n := 0; n < 5 && i+n < len(lines); n++ {
		t := strings.ToLower(strings.TrimSpace(lines[i+n].text))
		if n > 0 && lines[i+n].quoted {
			// an address that was wrapped before its ">"
			if !strings.HasSuffix(t, ":") || len(t) > 30 || strings.LastIndexByte(joined, '<') <= strings.LastIndexByte(joined, '>') {
				return 0
			}
		}
		if n > 0 && t == "" {
			return 0
		}
		joined += " " + t
		if len(joined) > 600 {
			return 0
		}
		end := strings.TrimRight(t, " *_-")
		if strings.HasSuffix(end, ":") || strings.HasSuffix(end, "：") {
			if isAttribution(joined) {
				return n + 1
			}
			return 0
		}
		if endsWithVerb(end) && strings.Contains(joined, "@") && hasDate(joined) && isAttribution(joined) {
			return n + 1
		}
	}
	return 0
}

// mayAttribute is the cheap test: one of the lines ends as an attribution does.
func mayAttribute(lines []line, i int) bool {
	for n := 0; n < 5 && i+n < len(lines); n++ {
		t := strings.TrimRight(lines[i+n].text, " *_-")
		if t == "" || len(t) > 600 {
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

func starts(s string) bool {
	for _, p := range starters {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// isAttribution wants a date or an address, and a verb or an address at the
// end.
func isAttribution(s string) bool {
	s = strings.TrimRight(s, " *_:：")
	date := hasDate(s)
	addr := strings.Contains(s, "@")
	if !date && !addr {
		return false
	}
	if addr && date && (strings.HasSuffix(s, ">") || strings.HasSuffix(s, ")") || strings.HasSuffix(s, "]")) {
		return true
	}
	tail := s
	if len(tail) > 60 && !strings.Contains(s, "schrieb") {
		tail = tail[len(tail)-60:]
	}
	for _, v := range wrote {
		if strings.Contains(tail, v) || strings.Contains(s, " "+v+" ") && len(v) > 4 {
			return true
		}
	}
	return false
}

// hasDate says whether the text has what a date has: a year or a clock time,
// or a day and month in numbers.
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
		if n == 4 && (s[i:i+2] == "20" || s[i:i+2] == "19") {
			return true
		}
		if n <= 2 && j+1 < len(s) && strings.IndexByte(":./-", s[j]) >= 0 && isDigit(s[j+1]) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
