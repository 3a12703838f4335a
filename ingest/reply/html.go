package reply

import (
	"strings"

	"helpdeskd/ingest/htmltext"
)

// SplitDoc parts an HTML mail, where the containers that mail programs put
// around quotes say more than any wording.
func SplitDoc(d *htmltext.Doc, forward bool) (reply, quoted string) {
	ls := d.Lines
	drop := make([]bool, len(ls))
	if !forward {
		markContainers(ls, drop)
	}
	var vis, hid []htmltext.Line
	any := false
	for i := range ls {
		if drop[i] {
			hid = append(hid, ls[i])
			continue
		}
		vis = append(vis, ls[i])
		any = any || strings.TrimSpace(ls[i].Text()) != ""
	}
	if !any {
		return strings.TrimSpace(htmltext.Render(ls, false)), ""
	}
	text := htmltext.Render(vis, false)
	lines := read(text)
	hide(lines, forward)
	r, q := gather(lines, text)
	if strings.TrimSpace(r) == "" {
		return strings.TrimSpace(htmltext.Render(ls, false)), ""
	}
	rest := htmltext.Render(hid, false)
	if q != "" && rest != "" {
		q += "\n\n"
	}
	return r, q + rest
}

// markContainers marks the lines in quote containers.
func markContainers(ls []htmltext.Line, drop []bool) {
	for i := range ls {
		t := ls[i].Text()
		k := noLabel
		if ls[i].Rule {
			k = labelOf(t)
		}
		if ls[i].CutHere && !ls[i].Quoted || (k == lFrom || k == lDate) && (strings.Contains(t, "@") || hasDate(t)) {
			for j := i; j < len(ls); j++ {
				drop[j] = true
			}
			break
		}
		if ls[i].Quoted {
			drop[i] = true
		}
	}
	for i := range ls {
		if drop[i] {
			if forwardLine(strings.ToLower(strings.TrimSpace(ls[i].Text()))) && !textBefore(ls, drop, i) {
				for j := range drop {
					drop[j] = false
				}
			}
			break
		}
	}
	// a plain blockquote is a quote when it is the last one, or stands under
	// an attribution line
	last := -1
	for i := range ls {
		if ls[i].Depth > 0 && !drop[i] && (i == 0 || ls[i-1].Depth == 0) {
			last = i
		}
	}
	for i := 0; i < len(ls); i++ {
		if ls[i].Depth == 0 || drop[i] || i > 0 && ls[i-1].Depth > 0 {
			continue
		}
		if i != last && !(i > 0 && attribution([]line{{text: ls[i-1].Text()}}, 0) > 0) {
			continue
		}
		for j := i; j < len(ls) && ls[j].Depth > 0; j++ {
			drop[j] = true
		}
	}
}

func textBefore(ls []htmltext.Line, drop []bool, i int) bool {
	for j := 0; j < i; j++ {
		if !drop[j] && strings.TrimSpace(ls[j].Text()) != "" {
			return true
		}
	}
	return false
}
