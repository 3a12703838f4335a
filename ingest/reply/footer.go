package reply

import "strings"

// hideFooters folds what companies, virus scanners and lists append, where it
// is the last thing in the mail and something else stands above it.
func hideFooters(lines []line) {
	end := len(lines)
	for range 5 {
		end = hideFooter(lines[:end])
		if end == 0 {
			return
		}
	}
}

// hideFooter folds the last paragraph when it is such a notice. It returns
// where the paragraph began, 0 when there is nothing more to fold.
func hideFooter(lines []line) int {
	end := len(lines)
	for end > 0 && (lines[end-1].text == "" || lines[end-1].hidden) {
		end--
	}
	start := end
	for start > 0 && lines[start-1].text != "" && !lines[start-1].hidden && !lines[start-1].fence {
		start--
	}
	if start == end || end-start > 25 {
		return 0
	}
	text := ""
	for i := start; i < end; i++ {
		text += " " + clean(lines[i].text)
		if len(text) > 6000 {
			return 0
		}
	}
	if legal.Count(text, 2) < 2 && !footers.In(text) {
		return 0
	}
	from := start
	for from > 0 && (lines[from-1].text == "" || !lines[from-1].hidden && ruler(lines[from-1].text)) {
		from--
	}
	for i := 0; i < from; i++ {
		if lines[i].text != "" && !lines[i].hidden {
			hideRange(lines, start, end)
			for k := from; k < start; k++ {
				lines[k].hidden = lines[k].hidden || lines[k].text != ""
			}
			return start
		}
	}
	return 0
}

// hideBanner folds the warning that gateways put above mail from outside. The
// author's words may follow without a blank line: the fold ends with the
// sentence in which the last of the warning's phrases stands.
func hideBanner(lines []line) {
	start := nextText(lines, 0)
	for range 3 {
		for start < len(lines) && ruler(lines[start].text) {
			start = nextText(lines, start+1)
		}
		last, text := -1, ""
		end := start
		for ; end < len(lines) && lines[end].text != "" && !lines[end].quoted && end < start+10 && len(text) < 1200; end++ {
			low := clean(lines[end].text)
			text += " " + low
			if banners.In(text) && (banners.In(low) || cautions.In(low) || last < 0) {
				last = end
			}
		}
		if last < 0 {
			return
		}
		for last+1 < end && !sentenceEnd(lines[last].text) && len(lines[last].text) > 50 {
			last++
		}
		for last+1 < len(lines) && ruler(lines[last+1].text) {
			last++
		}
		next := nextText(lines, last+1)
		if next >= len(lines) {
			return
		}
		hideRange(lines, nextText(lines, 0), last+1)
		start = next
	}
}

func sentenceEnd(s string) bool {
	for _, e := range []string{".", "!", "]", "*", "。", "！", ")", ":"} {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}
