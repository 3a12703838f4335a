package reply

import "strings"

// signature says whether a signature begins at this line.
func signature(lines []line, i int) bool {
	if lines[i].sig == 0 {
		lines[i].sig = answer(findSignature(lines, i))
	}
	return lines[i].sig == 2
}

func findSignature(lines []line, i int) bool {
	t := strings.TrimSpace(lines[i].text)
	switch {
	case lines[i].exact:
		return true
	case t == "--" || t == "__" || t == "---" && onlyName(lines, i+1):
		return shortTail(lines, i+1)
	case len(t) > 4 && strings.Trim(t, "_") == "" || len(t) > 6 && strings.Trim(t, "—") == "":
		return shortTail(lines, i+1)
	case len(t) > 200:
		return false
	}
	return device(lines, i) || dashName(lines, i)
}

// onlyName says whether few and short lines are left, as below the three
// dashes that some put above their name.
func onlyName(lines []line, i int) bool {
	n := 0
	for ; i < len(lines); i++ {
		l := &lines[i]
		if l.text == "" {
			continue
		}
		if l.quoted || attribution(lines, i) > 0 || cutsHere(lines, i) {
			break
		}
		if n++; n > 5 || len([]rune(l.text)) > 60 || strings.HasSuffix(l.text, ".") || strings.HasSuffix(l.text, "?") {
			return false
		}
	}
	return n > 0
}

// shortTail says whether what follows can be a signature or a footer: no
// question, and no second sign of the same kind after which it begins.
func shortTail(lines []line, i int) bool {
	n := 0
	for ; i < len(lines); i++ {
		l := &lines[i]
		t := strings.TrimSpace(l.text)
		if t == "" {
			continue
		}
		if l.fence {
			return false
		}
		if l.quoted || attribution(lines, i) > 0 || cutsHere(lines, i) {
			return true
		}
		if n++; n > 40 {
			return false
		}
		if l.exact || t == "--" || strings.HasSuffix(t, "?") && n < 8 {
			return false
		}
	}
	return true
}

// device says whether the line is one that telephones and programs add: it
// begins with the words of one, and is short; or it is short, holds a word
// for sending, and begins with the device.
func device(lines []line, i int) bool {
	low := strings.TrimLeft(clean(strings.TrimSpace(lines[i].text)), "*_-[( ")
	if u := strings.IndexAny(low, "<["); u > 8 {
		low = strings.TrimSpace(low[:u])
	}
	if low == "" {
		return false
	}
	found := false
	for _, d := range devices {
		if strings.HasPrefix(low, d) {
			found = true
			break
		}
	}
	if !found {
		for _, d := range machines {
			if strings.HasPrefix(low, d) {
				found = gone.In(low)
				break
			}
		}
	}
	if !found {
		return false
	}
	n := len(strings.Fields(low))
	if n > 16 {
		return false
	}
	if n <= 9 && !strings.HasSuffix(low, ".") && !strings.Contains(low, ", ") {
		return true
	}
	// "Sent from my phone, please excuse typos." ends a mail
	named := false
	if c := strings.IndexAny(low, ",.;"); c > 0 {
		low = low[:c]
	}
	for _, d := range machines {
		named = named || strings.Contains(low, d)
	}
	return named && lastParagraph(lines, i, 3)
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
	for j < len(lines) && lines[j].text != "" && !lines[j].quoted && j-i <= max && !cutsHere(lines, j) {
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
	if len(lines[i].text) > 120 {
		return false
	}
	t := strings.Trim(clean(strings.TrimSpace(lines[i].text)), "*_ ,.!-、，。،;")
	if !closings[t] {
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
