package reply

import (
	"strings"
)

// signature says whether a signature begins at this line.
func signature(lines []line, i int) bool {
	if lines[i].sig == 0 {
		lines[i].sig = answer(findSignature(lines, i))
	}
	return lines[i].sig == 2
}

func findSignature(lines []line, i int) bool {
	s := lines[i].text
	t := strings.TrimSpace(s)
	switch {
	case t == "--" || t == "__":
		return true
	case len(t) > 4 && strings.Trim(t, "_") == "" || len(t) > 6 && strings.Trim(t, "—") == "":
		return true
	}
	low := strings.ToLower(strings.TrimLeft(t, "*_-[( "))
	if u := strings.IndexAny(low, "<["); u > 8 {
		low = strings.TrimSpace(low[:u])
	}
	for _, d := range devices {
		if strings.HasPrefix(low, d) && len(strings.Fields(low)) <= 9 && !strings.HasSuffix(low, ".") && !strings.Contains(low, ", ") {
			return true
		}
	}
	return dashName(lines, i)
}

// dashName is "-Anna" or "/Anna" alone in the last paragraph.
func dashName(lines []line, i int) bool {
	t := lines[i].text
	if len(t) < 3 || len(t) > 40 || t[0] != '-' && t[0] != '/' && t[0] != '~' || t[1] == ' ' || t[1] == '-' || t[1] >= '0' && t[1] <= '9' {
		return false
	}
	if i > 0 && lines[i-1].text != "" || len(strings.Fields(t)) > 4 || strings.ContainsAny(t[1:], "/.:=-_@\\") {
		return false
	}
	return lastParagraph(lines, i, 1)
}

// lastParagraph says whether at most max lines from i on are followed by
// nothing but a quote, an attribution or another signature.
func lastParagraph(lines []line, i, max int) bool {
	j := i
	for j < len(lines) && lines[j].text != "" && !lines[j].quoted && j-i <= max {
		j++
	}
	if j-i > max {
		return false
	}
	k := nextText(lines, j)
	if k >= len(lines) || lines[k].quoted {
		return true
	}
	t := strings.TrimSpace(lines[k].text)
	return t == "--" || t == "__" || len(t) > 4 && strings.Trim(t, "_") == "" || attribution(lines, k) > 0 || cutsHere(lines, k)
}

// closing says whether the mail ends here with "Kind regards" and a block of
// short lines: name, position, telephone.
func closing(lines []line, i int) bool {
	t := strings.ToLower(strings.Trim(strings.TrimSpace(lines[i].text), "*_ ,.!-"))
	if len(t) > 60 || t == "" {
		return false
	}
	found := false
	for _, c := range closings {
		if t == c {
			found = true
			break
		}
	}
	if !found {
		return false
	}
	count := 0
	for j := i + 1; j < len(lines); j++ {
		l := &lines[j]
		if l.text == "" {
			continue
		}
		if l.quoted || attribution(lines, j) > 0 || cutsHere(lines, j) || signature(lines, j) {
			return true
		}
		if len([]rune(l.text)) > 90 && count < 1 || strings.HasSuffix(l.text, "?") {
			return false
		}
		if count++; count > 30 {
			return false
		}
	}
	return true
}

// hideFooter folds the legal notice that companies append, where it is the
// last thing in the mail and something else stands above it.
func hideFooter(lines []line) {
	end := len(lines)
	for end > 0 && (lines[end-1].text == "" || lines[end-1].hidden) {
		end--
	}
	start := end
	for start > 0 && lines[start-1].text != "" && !lines[start-1].hidden {
		start--
	}
	if start == 0 || end-start > 25 {
		return
	}
	text := ""
	for i := start; i < end; i++ {
		text += " " + strings.ToLower(lines[i].text)
		if len(text) > 4000 {
			return
		}
	}
	if legal.Count(text, 2) < 2 {
		return
	}
	for i := 0; i < start; i++ {
		if lines[i].text != "" && !lines[i].hidden {
			hideRange(lines, start, end)
			return
		}
	}
}

// hideBanner folds the warning that gateways put above mail from outside. It
// always returns false: nothing new has been seen yet.
func hideBanner(lines []line) bool {
	start := nextText(lines, 0)
	end := start
	text := ""
	for end < len(lines) && lines[end].text != "" && end < start+8 {
		text += " " + strings.ToLower(lines[end].text)
		end++
	}
	if len(text) > 700 || nextText(lines, end) >= len(lines) {
		return false
	}
	if banners.In(text) {
		hideRange(lines, start, end)
	}
	return false
}
